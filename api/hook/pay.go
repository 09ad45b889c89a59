package hook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/order"
	"loudou/service/wxpay"
)

// Pay is the part of the door at which WeChat Pay knocks: payments and refunds it tells of. The signature
// is the login.
type Pay struct {
	WxPay  *wxpay.Client // nil: WeChat Pay is not set up
	Orders *order.Service
	// Count is told every refused notice by its reason; nil counts nothing.
	Count func(reason string)

	log quiet
}

// Mount adds the two addresses WeChat Pay is given as notify_url.
func (d *Pay) Mount(r *gin.Engine, _ huma.API) {
	r.POST("/hook/pay", d.notice)
	r.POST("/hook/refund", d.notice)
}

const (
	maxNotice  = 256 << 10               // a notice is about 2 KB
	answerTime = 4500 * time.Millisecond // WeChat Pay waits five seconds
)

// notice answers 204 once the outcome is committed, whatever it is: hearing of a stray payment again will
// not cure it. 401 bad signature, 400 truly signed and unusable (kept raw for a person), 500 for a
// passing fault: WeChat Pay tells again for a day. Source: 支付成功通知, 退款结果通知.
func (d *Pay) notice(c *gin.Context) {
	if d.WxPay == nil { // no keys to verify with: nothing is believed
		d.refuse(c, http.StatusServiceUnavailable, "not_set_up")
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), answerTime)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxNotice))
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			d.refuse(c, http.StatusRequestEntityTooLarge, "too_large")
			return
		}
		d.refuse(c, http.StatusBadRequest, "bad_body")
		return
	}
	n, err := d.WxPay.ParseNotify(ctx, c.Request.Header, body)
	switch {
	case errors.Is(err, wxpay.ErrProbe):
		d.refuse(c, http.StatusUnauthorized, "pay_probe")
		return
	case errors.Is(err, wxpay.ErrSignature):
		d.refuse(c, http.StatusUnauthorized, "bad_pay_signature")
		return
	case errors.Is(err, model.ErrInvalid):
		raw := n.Plain
		if len(raw) == 0 {
			raw = body
		}
		if err := d.Orders.KeepMalformed(ctx, model.ViaJSAPI, model.ActorNotify, n.ID, raw); err != nil {
			d.fail(c, err)
			return
		}
		d.refuse(c, http.StatusBadRequest, "bad_notice")
		return
	case err != nil:
		d.fail(c, err)
		return
	}
	switch {
	case n.Transaction != nil:
		_, err = d.Orders.Settle(ctx, *n.Transaction, model.ActorNotify, n.ID)
	case n.Refund != nil:
		_, err = d.Orders.Book(ctx, *n.Refund, model.ActorNotify, n.ID)
	default: // an event we do not know: kept, and not asked for again
		err = d.Orders.KeepOther(ctx, model.ViaJSAPI, model.ActorNotify, n.ID, n.Plain)
	}
	if err != nil {
		d.fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

// refuse answers in WeChat Pay's words. The body says nothing a forger could learn from.
func (d *Pay) refuse(c *gin.Context, status int, reason string) {
	if d.Count != nil {
		d.Count(reason)
	}
	level := slog.LevelWarn
	if reason == "pay_probe" {
		level = slog.LevelInfo // WeChat looks whether we look
	}
	if unsaid, tell := d.log.may(reason); tell {
		slog.Log(c.Request.Context(), level, "pay notice refused", "reason", reason, "address", c.ClientIP(), "unsaid", unsaid, "request_id", respond.RequestID(c.Request.Context()))
	}
	c.AbortWithStatusJSON(status, gin.H{"code": "FAIL", "message": "refused"})
}

func (d *Pay) fail(c *gin.Context, err error) {
	slog.Error("pay notice not settled", "error", err, "request_id", respond.RequestID(c.Request.Context()))
	c.AbortWithStatusJSON(http.StatusInternalServerError, gin.H{"code": "FAIL", "message": "try again"})
}
