ALTER TABLE refunds ADD KEY refunds_wx (refund_id)
