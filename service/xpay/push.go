package xpay

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"loudou/model"
)

// Pushes that carry money.
const (
	EventDeliver = "xpay_goods_deliver_notify"
	EventRefund  = "xpay_refund_notify"
	EventAsk     = "xpay_subscribe_ios_refund_query_notify" // Apple's question before a refund on iOS
)

// Push is one of virtual payment's pushes. Transaction is set for EventDeliver, Refund for EventRefund, Ask for
// EventAsk, none for those we do not know.
type Push struct {
	Event       string
	Transaction *model.Transaction
	Refund      *model.RefundNews
	Ask         *model.AppleAsk
	Payer       model.OpenID // OpenId of the body; FromUserName is not the buyer
}

// Is tells whether p belongs to virtual payment.
func Is(p model.Push) bool { return strings.HasPrefix(strings.ToLower(p.Event), "xpay_") }

// ParsePush reads a push that the receiver has verified and taken apart, XML or JSON alike. Names are compared
// without case: texts and reality spell OpenId, Env and WeChatPayInfo differently. ErrInvalid: money is meant and
// cannot be read; keep it for a person. The answer is ours to give in any case: 15 repeats heal nothing.
func (c *Client) ParsePush(p model.Push) (Push, error) {
	f := fields(p)
	out := Push{Event: strings.ToLower(p.Event), Payer: model.OpenID(f["openid"])}
	switch out.Event {
	case EventDeliver:
		t, err := c.delivered(f, p)
		if err != nil {
			return out, err
		}
		out.Transaction = &t
	case EventRefund:
		r, err := c.refunded(f, p)
		if err != nil {
			return out, err
		}
		out.Refund = &r
	case EventAsk:
		if f["pay_order_id"] == "" {
			return out, invalid("no pay_order_id")
		}
		out.Ask = &model.AppleAsk{PayOrderID: f["pay_order_id"], RefundTime: f["refund_time"], ChannelBill: f["channel_bill"], Reason: f["refund_request_reason"], Raw: p.Raw}
	}
	return out, nil
}

func (c *Client) delivered(f map[string]string, p model.Push) (model.Transaction, error) {
	no := f["outtradeno"]
	env, envErr := number(f["env"])
	price, priceErr := number(f["goodsinfo.actualprice"])
	quantity, quantityErr := number(f["goodsinfo.quantity"])
	if no == "" || len(no) > 32 || envErr != nil || priceErr != nil || quantityErr != nil || f["goodsinfo.actualprice"] == "" {
		return model.Transaction{}, invalid("no number, environment, quantity or price")
	}
	t := model.Transaction{
		Via: model.ViaXPay, AppID: c.appID(int(env)), OutTradeNo: no, TradeState: model.TradeSuccess,
		TransactionID: transactionID(f["wechatpayinfo.transactionid"], no),
		Total:         model.Fen(price), PayerTotal: model.Fen(price), Currency: "CNY",
		Payer: model.OpenID(f["openid"]), ProductID: f["goodsinfo.productid"], Raw: p.Raw,
	}
	if quantity > 1 { // we sell one; two of them fit no order
		t.ProductID = fmt.Sprintf("%s×%d", t.ProductID, quantity)
	}
	if len(t.TransactionID) > 64 {
		return t, invalid("transaction_id is too long")
	}
	if at, err := number(f["wechatpayinfo.paidtime"]); err == nil && at > 0 {
		t.PaidAt = unix(at)
	} else if p.CreateTime > 0 {
		t.PaidAt = unix(p.CreateTime)
	}
	return t, nil
}

func (c *Client) refunded(f map[string]string, p model.Push) (model.RefundNews, error) {
	fee, feeErr := number(f["refundfee"])
	code, codeErr := strconv.ParseInt(strings.TrimSpace(f["retcode"]), 10, 64)
	if f["mchorderid"] == "" && f["mchrefundid"] == "" || feeErr != nil || codeErr != nil || len(f["mchrefundid"]) > 64 {
		return model.RefundNews{}, invalid("no order, fee or result")
	}
	n := model.RefundNews{
		Via: model.ViaXPay, OutTradeNo: f["mchorderid"], OutRefundNo: f["mchrefundid"], RefundID: f["wxrefundid"],
		Status: model.RefundStatusSuccess, Amount: model.Fen(fee), Raw: p.Raw,
	}
	if code != 0 {
		n.Status = model.RefundStatusAbnormal
		return n, nil
	}
	at, err := number(f["refundsucctimestamp"])
	if err != nil || at == 0 {
		at = p.CreateTime
	}
	n.SucceededAt = unix(at)
	return n, nil
}

// fields are the push's leaves by lower-case path; the first of a name wins.
func fields(p model.Push) map[string]string {
	out := make(map[string]string, len(p.Fields))
	for _, f := range p.Fields {
		k := strings.ToLower(f.Path)
		if _, ok := out[k]; !ok {
			out[k] = f.Value
		}
	}
	return out
}

// number reads a whole number of 0 … 2^53, text or not; empty is 0.
func number(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<53 {
		return 0, invalid("not a number")
	}
	return n, nil
}

func invalid(why string) error { return fmt.Errorf("xpay push: %s: %w", why, model.ErrInvalid) }

// Answer is what tells WeChat that the push was heard, in the push's format; the receiver seals it in safe mode.
// Anything else, and nothing at all, is told again up to fifteen times.
func Answer(asJSON bool) []byte {
	if asJSON {
		return []byte(`{"ErrCode":0,"ErrMsg":"success"}`)
	}
	return []byte(`<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>`)
}

type answerToAsk struct {
	XMLName    xml.Name `xml:"xml" json:"-"`
	ErrCode    int      `xml:"ErrCode" json:"ErrCode"`
	ErrMsg     string   `xml:"ErrMsg" json:"ErrMsg"`
	ResultCode int      `xml:"result_code" json:"result_code"` // 0 refund, 1 do not
	ResultInfo string   `xml:"result_info" json:"result_info"`
	Evidence   string   `xml:"evidence" json:"evidence"`
}

// AnswerAsk answers EventAsk. The envelope is that of the other pushes with the answer's three names beside, as
// servers in use send it; for XML it is not confirmed at all. WeChat waits three seconds, and asks three times.
func AnswerAsk(asJSON, agree bool, info, evidence string) []byte {
	a := answerToAsk{ErrMsg: "success", ResultCode: 1, ResultInfo: info, Evidence: evidence}
	if agree {
		a.ResultCode = 0
	}
	encode := xml.Marshal
	if asJSON {
		encode = json.Marshal
	}
	out, _ := encode(a) // numbers and texts always encode
	return out
}
