package wxpay

import (
	"context"

	"loudou/model"
)

// Channel is the client as a road to money that service/order can take: the same calls, in our nouns.
type Channel struct {
	*Client
	NotifyURL       string // of payments; https, without a query
	RefundNotifyURL string
	// Shipped tells WeChat that virtual goods were handed over (发货信息管理); nil where that is no duty.
	Shipped func(ctx context.Context, o model.Order, p model.Payment) error
}

// Prepay tells WeChat Pay of an attempt.
func (c Channel) Prepay(ctx context.Context, o model.Order, p model.Payment) (string, error) {
	return c.Client.Prepay(ctx, Order{OutTradeNo: p.OutTradeNo, Description: o.Title, Total: p.Total, Payer: p.OpenID, ExpireAt: p.ExpireAt, NotifyURL: c.NotifyURL})
}

// Pay signs the attempt's prepay_id for wx.requestPayment.
func (c Channel) Pay(_ context.Context, _ model.Order, p model.Payment, _ string) (any, error) {
	return c.PayParams(p.PrepayID)
}

// Query asks what became of an attempt.
func (c Channel) Query(ctx context.Context, p model.Payment) (model.Transaction, error) {
	return c.Client.Query(ctx, p.OutTradeNo)
}

// Close closes an attempt.
func (c Channel) Close(ctx context.Context, p model.Payment) (bool, error) {
	return c.Client.Close(ctx, p.OutTradeNo)
}

// Refund asks for money of an attempt back.
func (c Channel) Refund(ctx context.Context, _ model.Payment, r model.Refund) (model.RefundNews, error) {
	return c.Client.Refund(ctx, Refund{OutRefundNo: r.OutRefundNo, OutTradeNo: r.OutTradeNo, Amount: r.Amount, Total: r.Total, Reason: r.Reason, NotifyURL: c.RefundNotifyURL})
}

// QueryRefund asks what became of a refund.
func (c Channel) QueryRefund(ctx context.Context, _ model.Payment, r model.Refund) (model.RefundNews, error) {
	return c.Client.QueryRefund(ctx, r.OutRefundNo)
}

// Deliver reports the shipping of virtual goods.
func (c Channel) Deliver(ctx context.Context, o model.Order, p model.Payment) error {
	if c.Shipped == nil {
		return nil
	}
	return c.Shipped(ctx, o, p)
}
