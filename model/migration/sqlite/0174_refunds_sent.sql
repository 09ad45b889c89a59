CREATE INDEX refunds_sent ON refunds (via, sent_at);
