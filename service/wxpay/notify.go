package wxpay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"loudou/model"
)

// Why a notification is not WeChat Pay's word. Both are answered 401. ErrProbe is WeChat testing whether we look
// (签名探测): count it apart, without alarm.
var (
	ErrSignature = errors.New("bad pay signature")
	ErrProbe     = errors.New("wechat pay signature probe")
)

const (
	signatureType = "WECHATPAY2-SHA256-RSA2048"
	probePrefix   = "WECHATPAY/SIGNTEST/"
	algorithm     = "AEAD_AES_256_GCM"
)

// Notice is one verified and opened notification. Transaction is set for TRANSACTION.*, Refund for REFUND.*, neither
// for events we do not know. The same notice may come many times: its reader makes it count once.
type Notice struct {
	ID          string
	EventType   string
	Transaction *model.Transaction
	Refund      *model.RefundNews
	Plain       []byte // the opened resource
}

type resource struct {
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

// open decrypts. The nonce's length is looked at first, since GCM panics on a wrong one.
func (r resource) open(apiV3Key string) ([]byte, error) {
	if r.Algorithm != algorithm {
		return nil, errors.New("unknown algorithm")
	}
	if len(r.Nonce) != 12 {
		return nil, errors.New("nonce is not 12 bytes")
	}
	if raw, err := base64.StdEncoding.DecodeString(r.Ciphertext); err != nil || len(raw) < 16 {
		return nil, errors.New("ciphertext is cut or not base64")
	}
	text, err := utils.DecryptAES256GCM(apiV3Key, r.AssociatedData, r.Nonce, r.Ciphertext)
	if err != nil {
		return nil, errors.New("cannot be opened with our APIv3 key")
	}
	return []byte(text), nil
}

// ParseNotify verifies the raw body of a notification by its Wechatpay-… headers and opens it. Errors: ErrSignature
// and ErrProbe (nothing in it may be believed), model.ErrInvalid (truly signed and yet unusable: keep it for a
// person; ID, EventType and Plain are set as far as they were read). The caller limits the body.
// Source: 支付成功通知, 退款结果通知.
func (c *Client) ParseNotify(ctx context.Context, h http.Header, body []byte) (Notice, error) {
	if err := c.verify(ctx, h, body); err != nil {
		return Notice{}, err
	}
	var env struct {
		ID        string    `json:"id"`
		EventType string    `json:"event_type"`
		Resource  *resource `json:"resource"`
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return Notice{}, invalid("not JSON")
	}
	n := Notice{ID: clip(env.ID, 64), EventType: clip(env.EventType, 64)}
	if env.Resource == nil {
		return n, invalid("no resource")
	}
	plain, err := env.Resource.open(c.o.APIv3Key)
	if err != nil {
		return n, invalid(err.Error())
	}
	n.Plain = plain
	switch {
	case strings.HasPrefix(env.EventType, "TRANSACTION."):
		t, err := parseTransaction(plain)
		if err != nil {
			return n, err
		}
		n.Transaction = &t
	case strings.HasPrefix(env.EventType, "REFUND."):
		r, err := parseRefund(plain)
		if err != nil {
			return n, err
		}
		n.Refund = &r
	}
	return n, nil
}

func (c *Client) verify(ctx context.Context, h http.Header, body []byte) error {
	one := func(name string) string {
		if v := h.Values(name); len(v) == 1 {
			return v[0]
		}
		return ""
	}
	timestamp, nonce := one(consts.WechatPayTimestamp), one(consts.WechatPayNonce)
	signature, serial := one(consts.WechatPaySignature), one(consts.WechatPaySerial)
	if strings.HasPrefix(signature, probePrefix) {
		return ErrProbe
	}
	if timestamp == "" || nonce == "" || signature == "" || serial == "" {
		return fmt.Errorf("%w: header missing or given twice", ErrSignature)
	}
	if t := h.Values("Wechatpay-Signature-Type"); len(t) > 1 || len(t) == 1 && t[0] != signatureType {
		return fmt.Errorf("%w: unknown signature type", ErrSignature)
	}
	if err := fresh(timestamp, c.now()); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if err := c.keys.Verify(ctx, serial, timestamp+"\n"+nonce+"\n"+string(body)+"\n", signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

func invalid(why string) error { return fmt.Errorf("pay notice: %s: %w", why, model.ErrInvalid) }

// parseTransaction reads a query's answer or a notification's plain text. Amounts must be integers of fen, zero or
// more; only an unpaid order may have none.
func parseTransaction(plain []byte) (model.Transaction, error) {
	var p struct {
		AppID         string `json:"appid"`
		MchID         string `json:"mchid"`
		OutTradeNo    string `json:"out_trade_no"`
		TransactionID string `json:"transaction_id"`
		TradeState    string `json:"trade_state"`
		SuccessTime   string `json:"success_time"`
		Payer         struct {
			OpenID string `json:"openid"`
		} `json:"payer"`
		Amount struct {
			Total      *int64 `json:"total"`
			PayerTotal *int64 `json:"payer_total"`
			Currency   string `json:"currency"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return model.Transaction{}, invalid("plain text is not a transaction")
	}
	if p.OutTradeNo == "" || p.TradeState == "" || len(p.OutTradeNo) > 32 || len(p.TransactionID) > 64 {
		return model.Transaction{}, invalid("no out_trade_no or trade_state")
	}
	t := model.Transaction{
		Via: model.ViaJSAPI, AppID: p.AppID, MchID: p.MchID, OutTradeNo: p.OutTradeNo, TransactionID: p.TransactionID,
		TradeState: model.TradeState(p.TradeState), Currency: p.Amount.Currency, Payer: model.OpenID(p.Payer.OpenID), Raw: plain,
	}
	var err error
	if t.Total, err = fen(p.Amount.Total); err != nil {
		return t, err
	}
	if t.PayerTotal, err = fen(p.Amount.PayerTotal); err != nil {
		return t, err
	}
	if t.Paid() && (t.Total == 0 || t.TransactionID == "") {
		return t, invalid("paid without an amount or a transaction_id")
	}
	t.PaidAt, err = when(p.SuccessTime)
	return t, err
}

// parseRefund reads a refund from the API (status) or from a notification (refund_status).
func parseRefund(plain []byte) (model.RefundNews, error) {
	var p struct {
		MchID         string `json:"mchid"`
		OutTradeNo    string `json:"out_trade_no"`
		TransactionID string `json:"transaction_id"`
		OutRefundNo   string `json:"out_refund_no"`
		RefundID      string `json:"refund_id"`
		Status        string `json:"status"`
		RefundStatus  string `json:"refund_status"`
		SuccessTime   string `json:"success_time"`
		Amount        struct {
			Total  *int64 `json:"total"`
			Refund *int64 `json:"refund"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(plain, &p); err != nil {
		return model.RefundNews{}, invalid("plain text is not a refund")
	}
	if p.Status == "" {
		p.Status = p.RefundStatus
	}
	if p.Status == "CLOSE" { // pages write it both ways
		p.Status = string(model.RefundStatusClosed)
	}
	if p.OutRefundNo == "" || p.Status == "" || p.Amount.Refund == nil || len(p.OutRefundNo) > 64 || len(p.RefundID) > 64 {
		return model.RefundNews{}, invalid("no out_refund_no, status or amount")
	}
	n := model.RefundNews{
		Via: model.ViaJSAPI, MchID: p.MchID, OutTradeNo: p.OutTradeNo, TransactionID: p.TransactionID,
		OutRefundNo: p.OutRefundNo, RefundID: p.RefundID, Status: model.RefundStatus(p.Status), Raw: plain,
	}
	var err error
	if n.Amount, err = fen(p.Amount.Refund); err != nil {
		return n, err
	}
	if n.Total, err = fen(p.Amount.Total); err != nil {
		return n, err
	}
	if n.Status == model.RefundStatusSuccess {
		n.SucceededAt, err = when(p.SuccessTime)
	}
	return n, err
}

// fen accepts 0 … 2^53; JSON has already refused texts, fractions, exponents and what does not fit int64.
func fen(v *int64) (model.Fen, error) {
	switch {
	case v == nil:
		return 0, nil
	case *v < 0 || *v > 1<<53:
		return 0, invalid("amount out of range")
	}
	return model.Fen(*v), nil
}

func when(s string) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return nil, invalid("success_time is not a time")
	}
	t = model.Milli(t)
	return &t, nil
}
