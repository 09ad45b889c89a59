CREATE INDEX refunds_wx ON refunds (refund_id);
