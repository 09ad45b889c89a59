package xpay

import (
	"context"

	"loudou/model"
)

// Channel is the client as a road to money that service/order can take: the same calls, in our nouns.
type Channel struct{ *Client }

// MchID is empty: virtual payment brings a merchant of its own, which no news names.
func (Channel) MchID() string { return "" }

// Prepay does nothing: the order is born on the phone.
func (Channel) Prepay(context.Context, model.Order, model.Payment) (string, error) { return "", nil }

// Pay signs what wx.requestVirtualPayment needs with the learner's present session_key.
func (c Channel) Pay(_ context.Context, o model.Order, p model.Payment, sessionKey string) (any, error) {
	return c.PayParams(sessionKey, Order{OutTradeNo: p.OutTradeNo, ProductID: p.ProductID, Price: o.ListPrice, ActivityPrice: p.Total})
}

// Query asks what became of an attempt.
func (c Channel) Query(ctx context.Context, p model.Payment) (model.Transaction, error) {
	return c.Client.Query(ctx, p.OpenID, p.OutTradeNo)
}

// Close cannot be done here; service/order outwaits the attempt.
func (Channel) Close(context.Context, model.Payment) (bool, error) { return false, nil }

// wrongLeft is virtual payment's "left_fee is not what is left".
const wrongLeft = "268490016"

// Refund asks for money of an attempt back.
func (c Channel) Refund(ctx context.Context, p model.Payment, r model.Refund) (model.RefundNews, error) {
	n, err := c.Client.Refund(ctx, c.refund(p, r))
	if model.CallCode(err) != wrongLeft {
		return n, err
	}
	now, err := c.Standing(ctx, p.OpenID, p.OutTradeNo)
	if err != nil {
		return n, err
	}
	again := c.refund(p, r)
	again.Left = now.Left
	return c.Client.Refund(ctx, again)
}

// QueryRefund asks what became of a refund.
func (c Channel) QueryRefund(ctx context.Context, p model.Payment, r model.Refund) (model.RefundNews, error) {
	return c.Client.QueryRefund(ctx, c.refund(p, r))
}

func (Channel) refund(p model.Payment, r model.Refund) Refund {
	return Refund{OpenID: p.OpenID, OutTradeNo: p.OutTradeNo, OutRefundNo: r.OutRefundNo, Left: r.Left, Amount: r.Amount, Reason: ReasonWish}
}

// Deliver tells WeChat that the course was opened, for when no push brought the news.
func (c Channel) Deliver(ctx context.Context, _ model.Order, p model.Payment) error {
	return c.NotifyProvideGoods(ctx, p.OutTradeNo)
}
