// Package hook is the door for WeChat itself: message pushes and pay notices. The signature is the login;
// every refusal is counted by door and reason and logged without body, query or secret.
package hook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/inbox"
	"loudou/service/order"
	"loudou/service/wechat"
	"loudou/service/xpay"
)

// Push is the part of the door at which the message push knocks, for the Official Account and the Mini
// Program. A receiver that is nil has no settings: its address answers 404.
type Push struct {
	Official *wechat.Receiver
	Mini     *wechat.Receiver
	Inbox    *inbox.Service
	XPay     *xpay.Client   // nil: virtual payment is not set up
	Orders   *order.Service // settles virtual payment
	// Count is told every refusal by door and reason; nil counts nothing.
	Count func(door, reason string)
	// Tell is told what each knock at a door (official, mini) was: "echo", "push", or why it was refused, finer
	// than the sender hears. It must not wait; nil hears nothing.
	Tell func(door, what string)

	log quiet
}

// OwnNonce begins the nonce of our own tries of the address, which are not WeChat's. Only who has the Token can sign
// one.
const OwnNonce = "loudou"

// pushTime bounds what one push may take; WeChat waits five seconds.
const pushTime = 4500 * time.Millisecond

// Mount adds the two addresses of the message push.
func (d *Push) Mount(r *gin.Engine, _ huma.API) {
	if d.Official != nil {
		r.GET("/hook/official", func(c *gin.Context) { d.echo(c, "official", d.Official) })
		r.POST("/hook/official", d.official)
	}
	if d.Mini != nil {
		r.GET("/hook/mini", func(c *gin.Context) { d.echo(c, "mini", d.Mini) })
		r.POST("/hook/mini", d.mini)
	}
}

// echo answers the GET with which WeChat tries the address.
func (d *Push) echo(c *gin.Context, door string, r *wechat.Receiver) {
	s, err := r.Echo(c.Request.URL.RawQuery)
	if err != nil {
		d.refuse(c, door, err)
		return
	}
	if !strings.HasPrefix(c.Query("nonce"), OwnNonce) {
		d.tell(door, "echo")
	}
	write(c, http.StatusOK, "text/plain; charset=utf-8", []byte(s))
}

func (d *Push) tell(door, what string) {
	if d.Tell != nil {
		d.Tell(door, what)
	}
}

// official takes a push of the Official Account: verified, kept once, answered. Kinds we do not know
// are kept and answered success. 503 when it could be kept nowhere: WeChat tells again.
func (d *Push) official(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), pushTime)
	defer cancel()
	env, ok := d.open(ctx, c, "official", d.Official)
	if !ok {
		return
	}
	answer, err := d.Inbox.Keep(ctx, env.Push)
	if err != nil {
		d.away(c, "official", err)
		return
	}
	d.answer(c, d.Official, env, answer)
}

// mini takes a push of the Mini Program. Those of virtual payment have an answer of their own, and hear
// ErrCode 0 only when what they tell is committed.
func (d *Push) mini(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), pushTime)
	defer cancel()
	env, ok := d.open(ctx, c, "mini", d.Mini)
	if !ok {
		return
	}
	if xpay.Is(env.Push) {
		out := d.money(ctx, env.Push)
		contentType := "application/xml; charset=utf-8"
		if env.Push.JSON {
			contentType = "application/json; charset=utf-8"
		}
		write(c, http.StatusOK, contentType, d.Mini.SealAlways(env, out))
		return
	}
	if _, err := d.Inbox.Keep(ctx, env.Push); err != nil {
		d.away(c, "mini", err)
		return
	}
	write(c, http.StatusOK, "text/plain; charset=utf-8", success)
}

// askTime bounds the answer to Apple's question; WeChat waits three seconds.
const askTime = 2500 * time.Millisecond

// money hands a push of virtual payment to the orders and gives the answer: ErrCode 0 only for what is settled
// for good.
func (d *Push) money(ctx context.Context, p model.Push) []byte {
	again := xpayAgain(p.JSON)
	if d.XPay == nil || d.Orders == nil {
		return again
	}
	x, err := d.XPay.ParsePush(p)
	done := false
	switch {
	case err != nil: // truly WeChat's and unusable: kept for a person, and not asked for again
		done = d.Orders.KeepMalformed(ctx, model.ViaXPay, model.ActorPush, "", p.Raw) == nil && x.Event != xpay.EventAsk
	case x.Transaction != nil:
		done = d.Orders.SettleXPay(ctx, *x.Transaction)
	case x.Refund != nil:
		done = d.Orders.BookXPay(ctx, *x.Refund)
	case x.Ask != nil:
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		q, known, err := d.Orders.AnswerApple(ctx, *x.Ask)
		if err != nil {
			slog.ErrorContext(ctx, "apple's question is not answered", "err", err)
		}
		if err != nil || !known { // no ErrCode 0, so nothing is taken for a yes, and Apple decides
			return again
		}
		return xpay.AnswerAsk(p.JSON, q.Agree, q.Info, q.Evidence)
	default:
		_, err = d.Inbox.Keep(ctx, p)
		done = err == nil
	}
	if !done {
		return again
	}
	return xpay.Answer(p.JSON)
}

func xpayAgain(json bool) []byte {
	if json {
		return []byte(`{"ErrCode":1,"ErrMsg":"try again"}`)
	}
	return []byte(`<xml><ErrCode>1</ErrCode><ErrMsg><![CDATA[try again]]></ErrMsg></xml>`)
}

// open reads and verifies a push. The query alone must hold before the body is read at all.
func (d *Push) open(ctx context.Context, c *gin.Context, door string, r *wechat.Receiver) (wechat.Envelope, bool) {
	query := c.Request.URL.RawQuery
	if err := r.Query(query); err != nil {
		d.refuse(c, door, err)
		return wechat.Envelope{}, false
	}
	body, err := read(c)
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			err = &wechat.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "too_large"}
		} else {
			err = &wechat.Refusal{Status: http.StatusBadRequest, Reason: "bad_body"}
		}
		d.refuse(c, door, err)
		return wechat.Envelope{}, false
	}
	env, err := r.Open(ctx, query, body)
	if err != nil {
		d.refuse(c, door, err)
		return wechat.Envelope{}, false
	}
	d.tell(door, "push")
	return env, true
}

func read(c *gin.Context) ([]byte, error) {
	length := c.Request.ContentLength
	if length > wechat.MaxPush {
		return nil, &http.MaxBytesError{Limit: wechat.MaxPush}
	}
	from := http.MaxBytesReader(c.Writer, c.Request.Body, wechat.MaxPush)
	if length < 0 {
		return io.ReadAll(from)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(from, body)
	return body, err
}

var success = []byte("success")

func (d *Push) answer(c *gin.Context, r *wechat.Receiver, env wechat.Envelope, answer []byte) {
	switch {
	case len(answer) == 0:
		write(c, http.StatusOK, "text/plain; charset=utf-8", success)
	case env.Push.JSON:
		write(c, http.StatusOK, "application/json; charset=utf-8", r.Seal(env, answer))
	default:
		write(c, http.StatusOK, "application/xml; charset=utf-8", r.Seal(env, answer))
	}
}

func write(c *gin.Context, status int, contentType string, body []byte) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
	c.Data(status, contentType, body)
}

// refuse answers with a status and a stable word; nothing that was sent is told back.
func (d *Push) refuse(c *gin.Context, door string, err error) {
	refusal := &wechat.Refusal{Status: http.StatusBadRequest, Reason: "bad_body"}
	errors.As(err, &refusal)
	if d.Count != nil {
		d.Count(door, refusal.Reason)
	}
	why := refusal.Why
	if why == "" {
		why = refusal.Reason
	}
	d.tell(door, why)
	if unsaid, tell := d.log.may(door + refusal.Reason); tell {
		slog.Warn("push refused", "door", door, "reason", refusal.Reason, "address", c.ClientIP(), "unsaid", unsaid, "request_id", respond.RequestID(c.Request.Context()))
	}
	write(c, refusal.Status, "text/plain; charset=utf-8", []byte(refusal.Reason))
	c.Abort()
}

func (d *Push) away(c *gin.Context, door string, err error) {
	if d.Count != nil {
		d.Count(door, "kept_nowhere")
	}
	d.tell(door, "kept_nowhere")
	if unsaid, tell := d.log.may(door + "away"); tell {
		slog.Error("push not kept", "door", door, "err", err, "unsaid", unsaid, "request_id", respond.RequestID(c.Request.Context()))
	}
	write(c, http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte("unavailable"))
	c.Abort()
}

// quiet lets one line a second through for each reason and counts the rest: a flood of forgeries must
// not become a flood of lines.
type quiet struct {
	mu   sync.Mutex
	last map[string]time.Time
	held map[string]int
}

func (q *quiet) may(reason string) (unsaid int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last == nil {
		q.last, q.held = map[string]time.Time{}, map[string]int{}
	}
	if now := time.Now(); now.Sub(q.last[reason]) >= time.Second {
		unsaid, q.held[reason], q.last[reason] = q.held[reason], 0, now
		return unsaid, true
	}
	q.held[reason]++
	return 0, false
}
