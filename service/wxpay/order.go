package wxpay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"loudou/model"
)

// Order is what Prepay asks for. A repeat must carry the same values, or WeChat refuses it with OUT_TRADE_NO_USED.
type Order struct {
	OutTradeNo  string
	Description string // cut at 127 bytes
	Total       model.Fen
	Payer       model.OpenID
	ExpireAt    time.Time // last moment to pay
	NotifyURL   string    // https, without a query
}

// Prepay places o at WeChat Pay and returns its prepay_id, good for two hours. Repeating it with the same values is
// safe. Errors: ErrInvalid, ErrConflict (ORDER_CLOSED, OUT_TRADE_NO_USED, ORDERPAID), ErrForbidden (settings),
// ErrUnavailable. Source: JSAPI/小程序下单.
func (c *Client) Prepay(ctx context.Context, o Order) (string, error) {
	const path = "/v3/pay/transactions/jsapi"
	if !tradeNo.MatchString(o.OutTradeNo) || o.Total < 1 || o.Payer == "" {
		return "", refuse(path, "out_trade_no, total or payer")
	}
	if u, err := url.Parse(o.NotifyURL); err != nil || u.Host == "" || u.RawQuery != "" || len(o.NotifyURL) > 255 {
		return "", refuse(path, "notify_url must be a full URL without a query")
	}
	req := jsapi.PrepayRequest{
		Appid: &c.o.AppID, Mchid: &c.o.MchID, OutTradeNo: &o.OutTradeNo, NotifyUrl: &o.NotifyURL,
		Description: core.String(clip(o.Description, 127)),
		Amount:      &jsapi.Amount{Total: core.Int64(int64(o.Total)), Currency: core.String("CNY")},
		Payer:       &jsapi.Payer{Openid: core.String(string(o.Payer))},
	}
	if !o.ExpireAt.IsZero() {
		// +08:00 and whole seconds, as WeChat writes it; the same instant gives the same bytes on every repeat.
		req.TimeExpire = core.Time(o.ExpireAt.In(model.Shanghai).Truncate(time.Second))
	}
	res, _, err := (&jsapi.JsapiApiService{Client: c.api}).Prepay(ctx, req)
	if err != nil {
		return "", asCall(path, err)
	}
	if res.PrepayId == nil || *res.PrepayId == "" {
		return "", unreadable(path)
	}
	return *res.PrepayId, nil
}

// PayParams signs prepayID for wx.requestPayment. It calls nobody and may be repeated: each time has a fresh
// timestamp and nonce. Source: 小程序调起支付.
func (c *Client) PayParams(prepayID string) (model.JSAPIPay, error) {
	if prepayID == "" {
		return model.JSAPIPay{}, fmt.Errorf("sign prepay_id: %w", model.ErrInvalid)
	}
	p := model.JSAPIPay{
		TimeStamp: strconv.FormatInt(c.now().Unix(), 10),
		NonceStr:  rand.Text(),
		Package:   "prepay_id=" + prepayID,
		SignType:  "RSA",
	}
	text := strings.Join([]string{c.o.AppID, p.TimeStamp, p.NonceStr, p.Package, ""}, "\n")
	sig, err := c.api.Sign(context.Background(), text)
	if err != nil {
		return model.JSAPIPay{}, fmt.Errorf("sign prepay_id: %w", err)
	}
	p.PaySign = sig.Signature
	return p, nil
}

// Query asks what became of outTradeNo. Errors: ErrNotFound when WeChat does not know it, ErrUnavailable.
// Source: 商户订单号查询订单.
func (c *Client) Query(ctx context.Context, outTradeNo string) (model.Transaction, error) {
	path := "/v3/pay/transactions/out-trade-no/" + outTradeNo
	if !tradeNo.MatchString(outTradeNo) {
		return model.Transaction{}, refuse("/v3/pay/transactions/out-trade-no", "out_trade_no")
	}
	res, err := c.api.Get(ctx, consts.WechatPayAPIServer+path+"?mchid="+url.QueryEscape(c.o.MchID))
	if err != nil {
		return model.Transaction{}, asCall(path, err)
	}
	raw, err := read(path, res)
	if err != nil {
		return model.Transaction{}, err
	}
	t, err := parseTransaction(raw)
	if err != nil || t.OutTradeNo != outTradeNo {
		return model.Transaction{}, unreadable(path)
	}
	return t, nil
}

// Close closes outTradeNo at WeChat: true when it is closed now, by this call or an earlier one; false and no error
// when the buyer is typing the password, so ask again. On any error query before believing anything. A paid order is
// ErrConflict, an unknown one ErrNotFound. Source: 关闭订单.
func (c *Client) Close(ctx context.Context, outTradeNo string) (bool, error) {
	path := "/v3/pay/transactions/out-trade-no/" + outTradeNo + "/close"
	if !tradeNo.MatchString(outTradeNo) {
		return false, refuse("/v3/pay/transactions/out-trade-no", "out_trade_no")
	}
	res, err := (&jsapi.JsapiApiService{Client: c.api}).CloseOrder(ctx,
		jsapi.CloseOrderRequest{OutTradeNo: &outTradeNo, Mchid: &c.o.MchID})
	if err != nil {
		err = asCall(path, err)
		switch normal(model.CallCode(err)) {
		case "ORDERCLOSED":
			return true, nil
		case "USERPAYING":
			return false, nil
		}
		return false, err
	}
	switch res.Response.StatusCode { // the SDK calls every 2xx a success
	case http.StatusNoContent:
		return true, nil
	case http.StatusAccepted:
		return false, nil
	}
	return false, unreadable(path)
}

// Refund is what Client.Refund asks for: Amount of an order of Total, in fen.
type Refund struct {
	OutRefundNo string
	OutTradeNo  string
	Amount      model.Fen
	Total       model.Fen
	Reason      string // shown to the buyer, cut at 80 bytes
	NotifyURL   string
}

// Refund asks for money back. A repeat with the same number and values is one refund; the answer means accepted, and
// Status says whether it is done. Errors: ErrInvalid, ErrConflict, ErrNotFound (unpaid), ErrUnavailable: repeat with
// the same number. Source: 退款申请.
func (c *Client) Refund(ctx context.Context, r Refund) (model.RefundNews, error) {
	const path = "/v3/refund/domestic/refunds"
	if !tradeNo.MatchString(r.OutTradeNo) || !refundNo.MatchString(r.OutRefundNo) || r.Amount < 1 || r.Amount > r.Total {
		return model.RefundNews{}, refuse(path, "out_trade_no, out_refund_no or amount")
	}
	req := refunddomestic.CreateRequest{
		OutTradeNo: &r.OutTradeNo, OutRefundNo: &r.OutRefundNo,
		Amount: &refunddomestic.AmountReq{
			Refund: core.Int64(int64(r.Amount)), Total: core.Int64(int64(r.Total)), Currency: core.String("CNY"),
		},
	}
	if r.Reason != "" {
		req.Reason = core.String(clip(r.Reason, 80))
	}
	if r.NotifyURL != "" {
		req.NotifyUrl = &r.NotifyURL
	}
	_, res, err := (&refunddomestic.RefundsApiService{Client: c.api}).Create(ctx, req)
	if err != nil {
		return model.RefundNews{}, asCall(path, err)
	}
	return c.refundNews(path, res, r.OutRefundNo)
}

// QueryRefund asks what became of outRefundNo. Errors: ErrNotFound when WeChat does not know it, ErrUnavailable.
// Source: 查询单笔退款.
func (c *Client) QueryRefund(ctx context.Context, outRefundNo string) (model.RefundNews, error) {
	if !refundNo.MatchString(outRefundNo) {
		return model.RefundNews{}, refuse("/v3/refund/domestic/refunds", "out_refund_no")
	}
	path := "/v3/refund/domestic/refunds/" + url.PathEscape(outRefundNo)
	res, err := c.api.Get(ctx, consts.WechatPayAPIServer+path)
	if err != nil {
		return model.RefundNews{}, asCall(path, err)
	}
	return c.refundNews(path, res, outRefundNo)
}

func (c *Client) refundNews(path string, res *core.APIResult, outRefundNo string) (model.RefundNews, error) {
	raw, err := read(path, res)
	if err != nil {
		return model.RefundNews{}, err
	}
	n, err := parseRefund(raw)
	if err != nil || n.OutRefundNo != outRefundNo {
		return model.RefundNews{}, unreadable(path)
	}
	n.MchID = c.o.MchID // the answer does not repeat it
	return n, nil
}

// read gives the verified body, which the SDK has put back after reading it.
func read(path string, res *core.APIResult) ([]byte, error) {
	defer func() { _ = res.Response.Body.Close() }()
	raw, err := io.ReadAll(res.Response.Body)
	if err != nil {
		return nil, asCall(path, err)
	}
	if !json.Valid(raw) {
		return nil, unreadable(path)
	}
	return raw, nil
}

func unreadable(path string) error {
	return &model.CallError{Call: path, Said: "the answer could not be read", Kind: model.ErrUnavailable, Text: later, Unknown: true}
}

// refuse is for what would never be accepted, so it is not sent.
func refuse(path, what string) error {
	return &model.CallError{Call: path, Said: "not sent: " + what, Kind: model.ErrInvalid, Text: "订单信息有误，无法提交微信支付"}
}
