package xpay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loudou/model"
)

type orderQuery struct {
	OpenID  model.OpenID `json:"openid"`
	Env     Env          `json:"env"`
	OrderID string       `json:"order_id"`
}

type orderAnswer struct {
	Order *struct {
		OrderID    string `json:"order_id"`
		OrderType  int    `json:"order_type"` // 0 payment, 1 refund
		UpdateTime int64  `json:"update_time"`
		Status     int    `json:"status"`
		OrderFee   int64  `json:"order_fee"`
		CouponFee  int64  `json:"coupon_fee"`
		PaidFee    int64  `json:"paid_fee"`
		RefundFee  int64  `json:"refund_fee"`
		LeftFee    int64  `json:"left_fee"`
		PaidTime   int64  `json:"paid_time"`
		EnvType    int    `json:"env_type"` // 1 live, 2 sandbox
		WxOrderID  string `json:"wx_order_id"`
		WxpayOrder string `json:"wxpay_order_id"`
	} `json:"order"`
}

// Standing is what query_order says beyond the transaction: what was given back, and what may still be.
type Standing struct {
	model.Transaction
	Refunded     model.Fen
	Left         model.Fen // left_fee, which Refund must repeat
	Delivered    bool      // WeChat knows that the goods were handed over
	RefundFailed bool      // the last refund
}

// Query asks what became of outTradeNo. Errors: ErrNotFound when virtual payment does not know it, ErrUnavailable.
// Source: query_order.
func (c *Client) Query(ctx context.Context, openid model.OpenID, outTradeNo string) (model.Transaction, error) {
	s, err := c.Standing(ctx, openid, outTradeNo)
	return s.Transaction, err
}

// Standing is Query with the sums of refunds.
func (c *Client) Standing(ctx context.Context, openid model.OpenID, outTradeNo string) (Standing, error) {
	const name = "query_order"
	if !tradeNo.MatchString(outTradeNo) || openid == "" {
		return Standing{}, decline(name, "order_id or openid")
	}
	var out orderAnswer
	raw, err := c.call(ctx, name, orderQuery{openid, c.o.Env, outTradeNo}, &out)
	if err != nil {
		return Standing{}, err
	}
	o := out.Order
	if o == nil || o.OrderID != outTradeNo || min(o.OrderFee, o.PaidFee, o.LeftFee, o.RefundFee) < 0 {
		return Standing{}, unreadable("/xpay/" + name)
	}
	state, ok := states[o.Status]
	if !ok {
		return Standing{}, unreadable("/xpay/" + name)
	}
	s := Standing{
		Transaction: model.Transaction{
			Via: model.ViaXPay, AppID: c.appID(o.EnvType - 1), OutTradeNo: outTradeNo, TradeState: state,
			Total: model.Fen(o.OrderFee), PayerTotal: model.Fen(o.PaidFee), Currency: "CNY", Payer: openid, WxOrderID: o.WxOrderID, Raw: raw,
		},
		Refunded: model.Fen(o.RefundFee), Left: model.Fen(o.LeftFee),
		Delivered: o.Status == 4, RefundFailed: o.Status == 7,
	}
	if s.Paid() {
		s.TransactionID = transactionID(o.WxpayOrder, outTradeNo)
		s.PaidAt = unix(o.PaidTime)
		if s.Total == 0 { // some answers fill only what was paid
			s.Total = model.Fen(o.PaidFee + o.CouponFee)
		}
	}
	return s, nil
}

// states are virtual payment's order states in WeChat Pay's words: 0 new, 1 created, 2 paid, 3 delivering,
// 4 delivered, 5 refunded, 6 closed, 7 refund failed (so still paid), 8 refund done.
var states = map[int]model.TradeState{
	0: model.TradeNotPay, 1: model.TradeNotPay, 2: model.TradeSuccess, 3: model.TradeSuccess, 4: model.TradeSuccess,
	5: model.TradeRefund, 6: model.TradeClosed, 7: model.TradeSuccess, 8: model.TradeRefund,
}

// transactionID is WeChat Pay's number. Apple's payments have none: there our own number stands in, so that push and
// query name the same payment.
func transactionID(wechat, outTradeNo string) string {
	if wechat != "" {
		return wechat
	}
	return outTradeNo
}

// appID is ours where env is ours. News of the other side carries a mark, so that it fits no order: sandbox money
// must not open a course, and live money in a sandbox house must reach a person.
func (c *Client) appID(env int) string {
	if env == int(c.o.Env) {
		return c.o.AppID
	}
	return fmt.Sprintf("%s/env%d", c.o.AppID, env)
}

func unix(sec int64) *time.Time {
	if sec <= 0 {
		return nil
	}
	t := time.Unix(sec, 0).UTC()
	return &t
}

// NotifyProvideGoods tells WeChat that outTradeNo was delivered, for when the push did not do it. Repeating it is
// harmless. Source: notify_provide_goods.
func (c *Client) NotifyProvideGoods(ctx context.Context, outTradeNo string) error {
	const name = "notify_provide_goods"
	if !tradeNo.MatchString(outTradeNo) {
		return decline(name, "order_id")
	}
	_, err := c.call(ctx, name, struct {
		OrderID string `json:"order_id"`
		Env     Env    `json:"env"`
	}{outTradeNo, c.o.Env}, nil)
	if model.CallCode(err) == "268490004" {
		return nil
	}
	return err
}

// Refund is what Client.Refund asks for. Left is what WeChat still holds for the order (left_fee of Standing).
type Refund struct {
	OpenID      model.OpenID
	OutTradeNo  string
	OutRefundNo string // 8–32, as out_trade_no
	Left        model.Fen
	Amount      model.Fen // 1..Left
	Reason      Reason
}

// Reason is WeChat's list of why.
type Reason string

// Reasons of refund_order.
const (
	ReasonNone    Reason = "0"
	ReasonProduct Reason = "1" // something is wrong with what was sold
	ReasonService Reason = "2" // after-sales
	ReasonWish    Reason = "3" // the buyer wants it
	ReasonPrice   Reason = "4"
	ReasonOther   Reason = "5"
)

// Refund asks for money back; a repeat with the same number is one refund. The answer means accepted: wait for
// xpay_refund_notify or ask Standing. Orders paid on iOS are refused: only Apple refunds them. Errors: ErrConflict
// (268490016: Left is not what WeChat has; ask Standing and repeat), ErrUnavailable: repeat with the same number.
// Source: refund_order.
func (c *Client) Refund(ctx context.Context, r Refund) (model.RefundNews, error) {
	const name = "refund_order"
	if !tradeNo.MatchString(r.OutTradeNo) || !tradeNo.MatchString(r.OutRefundNo) || r.OpenID == "" || r.Amount < 1 || r.Amount > r.Left {
		return model.RefundNews{}, decline(name, "order_id, refund_order_id or refund_fee")
	}
	if r.Reason == "" {
		r.Reason = ReasonNone
	}
	var out struct {
		WxRefund string `json:"refund_wx_order_id"`
	}
	raw, err := c.call(ctx, name, struct {
		OpenID  model.OpenID `json:"openid"`
		OrderID string       `json:"order_id"`
		Refund  string       `json:"refund_order_id"`
		Left    model.Fen    `json:"left_fee"`
		Fee     model.Fen    `json:"refund_fee"`
		Meta    string       `json:"biz_meta"`
		Reason  Reason       `json:"refund_reason"`
		From    string       `json:"req_from"` // 1 by hand, 2 the user himself, 3 other
		Env     Env          `json:"env"`
	}{r.OpenID, r.OutTradeNo, r.OutRefundNo, r.Left, r.Amount, "", r.Reason, "1", c.o.Env}, &out)
	if err != nil && model.CallCode(err) != "268490004" { // repeated: the first had been accepted
		return model.RefundNews{}, err
	}
	return model.RefundNews{
		Via: model.ViaXPay, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, RefundID: out.WxRefund,
		Status: model.RefundStatusProcessing, Amount: r.Amount, Raw: raw,
	}, nil
}

// QueryRefund asks what became of a refund: by its own number, and where virtual payment does not tell, by the sums of
// its order, with r.Left as what WeChat held before it. ErrNotFound when it has left no trace: then Refund may be
// repeated with the same number and values.
func (c *Client) QueryRefund(ctx context.Context, r Refund) (model.RefundNews, error) {
	const name = "query_order"
	if !tradeNo.MatchString(r.OutRefundNo) || r.OpenID == "" {
		return model.RefundNews{}, decline(name, "refund_order_id or openid")
	}
	n := model.RefundNews{Via: model.ViaXPay, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Amount: r.Amount}
	var out orderAnswer
	raw, err := c.call(ctx, name, orderQuery{r.OpenID, c.o.Env, r.OutRefundNo}, &out)
	if o := out.Order; err == nil && o != nil && o.OrderID == r.OutRefundNo && o.OrderType == 1 {
		n.Raw, n.RefundID, n.Status = raw, o.WxOrderID, model.RefundStatusProcessing
		switch o.Status {
		case 5, 8:
			n.Status, n.SucceededAt = model.RefundStatusSuccess, unix(o.UpdateTime)
		case 7:
			n.Status = model.RefundStatusAbnormal
		}
		if fee := max(o.RefundFee, 0); fee > 0 {
			n.Amount = model.Fen(fee)
		}
		return n, nil
	}
	if err != nil && !errors.Is(err, model.ErrNotFound) && !errors.Is(err, model.ErrInvalid) {
		return model.RefundNews{}, err
	}
	s, err := c.Standing(ctx, r.OpenID, r.OutTradeNo)
	if err != nil {
		return model.RefundNews{}, err
	}
	n.TransactionID, n.Total, n.Raw = s.TransactionID, s.Total, s.Raw
	switch {
	case s.RefundFailed:
		n.Status = model.RefundStatusAbnormal
	case s.Refunded >= s.Total-r.Left+r.Amount: // what had gone back before, and this one
		n.Status = model.RefundStatusSuccess
	case s.Left < r.Left:
		n.Status = model.RefundStatusProcessing
	default:
		return n, fmt.Errorf("refund %s of %s has left no trace: %w", r.OutRefundNo, r.OutTradeNo, model.ErrNotFound)
	}
	return n, nil
}

// decline is for what would never be accepted, so it is not sent.
func decline(name, what string) error {
	return &model.CallError{Call: "/xpay/" + name, Said: "not sent: " + what, Kind: model.ErrInvalid, Text: "订单信息有误，无法提交虚拟支付"}
}
