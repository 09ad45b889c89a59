CREATE INDEX payments_paid ON payments (via, paid_at);
