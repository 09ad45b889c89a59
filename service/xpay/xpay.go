// Package xpay takes and returns money through Mini Program virtual payment (虚拟支付, /xpay/*): it signs what the
// phone sends and what we send, asks about orders, refunds, registers goods and reads the pushes. It owns no table.
// The calls go out through the Mini Program's client, which brings access_token, deadlines and retries.
//
// Virtual payment has no prepay call and no close: the order is born on the phone, and iOS orders are refunded by
// Apple alone. Errors are *model.CallError. Source: 小程序虚拟支付 technical guide (企业版).
package xpay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"loudou/model"
)

// Caller posts body byte for byte to WeChat as the Mini Program: service/wechat. An errcode other than 0 is a
// *model.CallError with it as Code.
type Caller interface {
	Post(ctx context.Context, path string, query url.Values, body []byte) ([]byte, error)
}

// Env is the side of virtual payment we live on.
type Env int

// The two sides; iOS has no sandbox.
const (
	Live    Env = 0
	Sandbox Env = 1
)

// Options are the settings of virtual payment. AppKey is the live key; only the key of Env need be set.
type Options struct {
	AppID         string // the Mini Program's
	OfferID       string
	AppKey        string
	SandboxAppKey string
	Env           Env
	Caller        Caller
}

// Client speaks virtual payment for one Mini Program. It is safe for many callers at once.
type Client struct {
	o   Options
	key string
}

// New checks the settings; a wrong one is ErrInvalid and names the field.
func New(o Options) (*Client, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "虚拟支付设置有误")
	key := o.AppKey
	switch o.Env {
	case Live:
	case Sandbox:
		key = o.SandboxAppKey
	default:
		bad.Field("env", "应为 0（现网）或 1（沙箱）")
	}
	for _, f := range []struct{ name, value string }{{"appid", o.AppID}, {"offer_id", o.OfferID}, {"app_key", key}} {
		if f.value == "" {
			bad.Field(f.name, "必须填写")
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return &Client{o: o, key: key}, nil
}

// Env is the side this client lives on.
func (c *Client) Env() Env { return c.o.Env }

// Sign is hex(hmac_sha256(key, data)), lower case, key as text: paySig and pay_sig with the AppKey, signature with
// the session_key.
func Sign(key, data string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(data))
	return hex.EncodeToString(m.Sum(nil))
}

// Order is what the phone is to buy: one piece of a published goods item.
type Order struct {
	OutTradeNo    string // 8–32 digits, letters, _ - | * @, not beginning with _
	ProductID     string
	Price         model.Fen // must equal the published price
	ActivityPrice model.Fen // what is really paid, if less; at least 40 % of Price; 0 means Price
	Attach        string    // comes back in the push
}

var tradeNo = regexp.MustCompile(`^[0-9A-Za-z\-|*@][0-9A-Za-z_\-|*@]{7,31}$`)

// PayParams makes what wx.requestVirtualPayment needs, signed with the learner's current session_key: wx.login may
// change that key, and then the phone gets 268490009 and must ask again. It calls nobody and repeats the same bytes
// for the same values. Errors: ErrInvalid; ErrConflict with code discount_not_payable below 40 %.
func (c *Client) PayParams(sessionKey string, o Order) (model.XPayPay, error) {
	if sessionKey == "" {
		return model.XPayPay{}, fmt.Errorf("sign %s: no session_key: %w", o.OutTradeNo, model.ErrConflict)
	}
	if !tradeNo.MatchString(o.OutTradeNo) || o.ProductID == "" || o.Price < 1 || o.ActivityPrice < 0 || o.ActivityPrice > o.Price {
		return model.XPayPay{}, fmt.Errorf("sign %s: number, goods or price: %w", o.OutTradeNo, model.ErrInvalid)
	}
	if o.ActivityPrice == o.Price {
		o.ActivityPrice = 0
	}
	if o.ActivityPrice > 0 && o.ActivityPrice*100 < o.Price*40 {
		return model.XPayPay{}, model.Refuse(model.ErrConflict, model.CodeDiscountNotPayable, "虚拟支付的优惠价不能低于原价的四成")
	}
	data, err := encode(struct {
		OfferID       string    `json:"offerId"`
		BuyQuantity   int       `json:"buyQuantity"`
		Env           Env       `json:"env"`
		CurrencyType  string    `json:"currencyType"`
		ProductID     string    `json:"productId"`
		GoodsPrice    model.Fen `json:"goodsPrice"`
		ActivityPrice model.Fen `json:"activitySellingPrice,omitempty"`
		OutTradeNo    string    `json:"outTradeNo"`
		Attach        string    `json:"attach"`
	}{c.o.OfferID, 1, c.o.Env, "CNY", o.ProductID, o.Price, o.ActivityPrice, o.OutTradeNo, o.Attach})
	if err != nil {
		return model.XPayPay{}, err
	}
	return model.XPayPay{
		Mode:      "short_series_goods",
		SignData:  string(data),
		PaySig:    Sign(c.key, "requestVirtualPayment&"+string(data)), // the bare word here, no path
		Signature: Sign(sessionKey, string(data)),
	}, nil
}

// encode is JSON without \u003c-escapes and without the final newline: exactly these bytes are signed and sent.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// call signs and posts in to /xpay/name and reads the answer into out.
func (c *Client) call(ctx context.Context, name string, in, out any) ([]byte, error) {
	path := "/xpay/" + name
	body, err := encode(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	raw, err := c.o.Caller.Post(ctx, path, url.Values{"pay_sig": {Sign(c.key, path+"&"+string(body))}}, body)
	if err != nil {
		return raw, judge(err)
	}
	if out != nil && json.Unmarshal(raw, out) != nil {
		return raw, unreadable(path)
	}
	return raw, nil
}

func unreadable(path string) error {
	return &model.CallError{Call: path, Said: "the answer could not be read", Kind: model.ErrUnavailable, Text: later, Unknown: true}
}

const later = "虚拟支付暂时不可用，请稍后再试"

// verdicts of virtual payment's own errcodes. Source: 虚拟支付错误码.
var verdicts = map[string]struct {
	kind    error
	unknown bool
	text    string
}{
	"268490001": {model.ErrInvalid, false, "付款人 openid 不对"},
	"268490002": {model.ErrInvalid, false, "虚拟支付不接受这些参数"},
	"268490003": {model.ErrForbidden, false, "虚拟支付不认可我们的签名，请检查 AppKey 和环境"},
	"268490004": {model.ErrConflict, false, "重复操作，之前已成功"},
	"268490005": {model.ErrConflict, false, "已经退过款"},
	"268490006": {model.ErrConflict, false, "金额不对或余额不足"},
	"268490007": {model.ErrInvalid, false, "内容里有敏感词"},
	"268490008": {model.ErrConflict, false, "道具还没有发布"},
	"268490009": {model.ErrConflict, false, "登录已过期，请重新进入小程序"},
	"268490011": {model.ErrUnavailable, false, "数据还在生成，请稍后再试"},
	"268490012": {model.ErrUnavailable, false, "上一批道具还在处理，请稍后再试"},
	"268490013": {model.ErrConflict, false, "订单正在结算检查，暂时不能退款"},
	"268490014": {model.ErrUnavailable, true, "退款正在处理，稍后用同一单号重试"},
	"268490015": {model.ErrUnavailable, false, "调用太频繁，请稍后再试"},
	"268490016": {model.ErrConflict, false, "剩余可退金额不对"},
}

// judge gives virtual payment's codes their meaning; what is not one of them stays as it is.
func judge(err error) error {
	var e *model.CallError
	if !errors.As(err, &e) {
		return err
	}
	v, ok := verdicts[e.Code]
	if !ok {
		return err
	}
	out := *e
	out.Kind, out.Unknown, out.Text = v.kind, v.unknown, v.text
	if e.Code == "268490002" && (strings.Contains(e.Said, "不存在") || strings.Contains(strings.ToLower(e.Said), "not exist")) {
		out.Kind, out.Text = model.ErrNotFound, "虚拟支付没有这笔记录"
	}
	return &out
}
