package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"loudou/service/wechat/wechattest"

	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
}

// decode reads a JSON body. It wants the content type, so that no foreign page can send one without asking first.
func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(v); err != nil {
		refuse(w, 400, "body is no JSON: "+err.Error())
		return false
	}
	return true
}

// told is how a push went, in words a test can read.
type told struct {
	Heard bool              `json:"heard"`
	Fault string            `json:"fault,omitempty"`
	Tries int               `json:"tries"`
	Shown []wechattest.Line `json:"shown"`
	Plain string            `json:"answer,omitempty"`
}

func tellOf(d wechattest.Delivery) told {
	if d.Shown == nil {
		d.Shown = []wechattest.Line{}
	}
	return told{d.Heard, d.Fault, len(d.Tries), d.Shown, string(d.Plain)}
}

// act is the body of everything a person does. person is an id or either openid; an unknown openid to the Official
// Account becomes a new person.
type act struct {
	Person   string `json:"person"`
	Scene    string `json:"scene"`
	Text     string `json:"text"`
	Key      string `json:"key"`
	URL      string `json:"url"`
	PagePath string `json:"pagepath"`
	Choice   string `json:"choice"`
}

func (h *house) controlRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /fake/v1/clock", func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]any{"now": h.now()}) })
	m.HandleFunc("PUT /fake/v1/clock", h.putClock)
	m.HandleFunc("GET /fake/v1/bad-days", h.getDays)
	m.HandleFunc("PUT /fake/v1/bad-days", h.putDays)
	m.HandleFunc("GET /fake/v1/calls", h.calls)
	m.HandleFunc("GET /fake/v1/counts", h.counts)
	m.HandleFunc("GET /fake/v1/people", func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]any{"items": h.wc.People()}) })
	m.HandleFunc("POST /fake/v1/people", h.newPerson)
	m.HandleFunc("GET /fake/v1/chats/{person}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"items": list(h.wc.ChatOf(r.PathValue("person"), 0))})
	})
	m.HandleFunc("POST /fake/v1/verify-url", h.verifyURL)
	m.HandleFunc("PUT /fake/v1/console", h.console)
	for name, fn := range map[string]func(a act) wechattest.Delivery{
		"follow":    func(a act) wechattest.Delivery { return h.wc.Follow(a.Person, a.Scene) },
		"unfollow":  func(a act) wechattest.Delivery { return h.wc.Unfollow(a.Person) },
		"scan":      func(a act) wechattest.Delivery { return h.wc.Scan(a.Person, a.Scene) },
		"text":      func(a act) wechattest.Delivery { return h.wc.Say(a.Person, a.Text) },
		"click":     func(a act) wechattest.Delivery { return h.wc.Click(a.Person, a.Key) },
		"view":      func(a act) wechattest.Delivery { return h.wc.View(a.Person, a.URL) },
		"view-mini": func(a act) wechattest.Delivery { return h.wc.ViewMini(a.Person, a.PagePath) },
		"choose":    func(a act) wechattest.Delivery { return h.wc.Choose(a.Person, a.Choice, a.Text) },
	} {
		m.HandleFunc("POST /fake/v1/"+name, func(w http.ResponseWriter, r *http.Request) {
			var a act
			if !decode(w, r, &a) {
				return
			}
			if a.Person == "" {
				refuse(w, 400, "person is missing")
				return
			}
			answer(w, tellOf(fn(a)))
		})
	}
	m.HandleFunc("POST /fake/v1/login-code", h.loginCode)
	m.HandleFunc("POST /fake/v1/session-key", h.newSessionKey)
	m.HandleFunc("GET /fake/v1/orders", h.orders)
	m.HandleFunc("POST /fake/v1/orders/{no}/pay", h.payOrder)
	m.HandleFunc("POST /fake/v1/orders/{no}/typing", h.typing)
	m.HandleFunc("POST /fake/v1/orders/{no}/cancel", func(w http.ResponseWriter, r *http.Request) {
		h.pay.Typing(r.PathValue("no"), false)
		answer(w, map[string]bool{"ok": true})
	})
	m.HandleFunc("POST /fake/v1/orders/{no}/tell-again", h.tellAgain)
	m.HandleFunc("POST /fake/v1/xpay/pay", h.payVirtual)
	m.HandleFunc("POST /fake/v1/xpay/orders/{no}/ask-refund", h.askRefund)
	m.HandleFunc("POST /fake/v1/xpay/orders/{no}/apple-refund", h.appleRefund)
	m.HandleFunc("POST /fake/v1/goods", h.sell)
	m.HandleFunc("POST /fake/v1/articles", func(w http.ResponseWriter, r *http.Request) {
		var in wechattest.Article
		if decode(w, r, &in) {
			answer(w, h.wc.Publish(in))
		}
	})
	m.HandleFunc("GET /fake/v1/refunds", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"jsapi": list(h.pay.Refunds()), "xpay": list(h.xpay.Refunds())})
	})
	m.HandleFunc("POST /fake/v1/refunds/{no}/result", h.refundResult)
	m.HandleFunc("GET /fake/v1/notices", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"items": list(h.pay.Notices(r.URL.Query().Get("no")))})
	})
}

func list[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

func (h *house) putClock(w http.ResponseWriter, r *http.Request) {
	var in struct{ Now *time.Time }
	if !decode(w, r, &in) {
		return
	}
	if in.Now == nil {
		in.Now = &time.Time{}
	}
	h.setNow(*in.Now)
	answer(w, map[string]any{"now": h.now()})
}

// call is one recorded call without what is secret in it.
type call struct {
	At     time.Time  `json:"at"`
	Method string     `json:"method"`
	Path   string     `json:"path"`
	Query  url.Values `json:"query,omitempty"`
	Body   string     `json:"body,omitempty"`
	Status int        `json:"status"`
	Answer string     `json:"answer,omitempty"`
	Fault  bool       `json:"fault,omitempty"`
}

// calls lists the last calls, newest first: ?path= as gate's patterns, ?limit=. Token and login calls lose their
// bodies, and every query its tokens.
func (h *house) calls(w http.ResponseWriter, r *http.Request) {
	pattern := r.URL.Query().Get("path")
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 4000 {
		limit = 200
	}
	all := append(slices.Clone(h.wc.Calls(pattern)), h.pay.Calls(pattern)...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].At.After(all[j].At) })
	out := []call{}
	for _, c := range all[:min(limit, len(all))] {
		for _, k := range []string{"access_token", "secret", "js_code", "pay_sig", "signature"} {
			c.Query.Del(k)
		}
		o := call{At: c.At, Method: c.Method, Path: c.Path, Query: c.Query, Status: c.Status, Fault: c.Fault}
		if !strings.Contains(c.Path, "token") && !strings.HasPrefix(c.Path, "/sns/") && !strings.Contains(c.Path, "/media/") {
			o.Body, o.Answer = string(c.Body), string(c.Answer)
		}
		out = append(out, o)
	}
	answer(w, map[string]any{"items": out})
}

func (h *house) counts(w http.ResponseWriter, _ *http.Request) {
	out := h.wc.Counts()
	for p, n := range h.pay.Counts() {
		out[p] += n
	}
	answer(w, out)
}

func (h *house) newPerson(w http.ResponseWriter, r *http.Request) {
	var p wechattest.Person
	if !decode(w, r, &p) {
		return
	}
	for _, id := range []string{p.ID, p.OpenID, p.MiniOpenID} {
		if old, found := h.wc.Person(id); id != "" && found {
			answer(w, old)
			return
		}
	}
	answer(w, h.wc.AddPerson(wechattest.Person{ID: p.ID, Name: p.Name, OpenID: p.OpenID, MiniOpenID: p.MiniOpenID, UnionID: p.UnionID, Platform: p.Platform, Phone: p.Phone}))
}

func (h *house) verifyURL(w http.ResponseWriter, _ *http.Request) {
	out := map[string]string{}
	for name, appid := range map[string]string{"official": h.wc.Official().AppID, "mini": h.wc.Mini().AppID} {
		out[name] = "ok"
		if err := h.wc.VerifyURL(appid); err != nil {
			out[name] = err.Error()
		}
	}
	answer(w, out)
}

// console is the operator of the Official Account in WeChat's own console: what is made and typed in there. What is
// absent stays as it is; {picture} inside replies and menu becomes the media_id of a picture in the material.
func (h *house) console(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Replies, Menu json.RawMessage
		Token         string
		AESKey        string `json:"aes_key"`
	}
	if !decode(w, r, &a) {
		return
	}
	if strings.Contains(string(a.Replies)+string(a.Menu), "{picture}") {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
			refuse(w, 500, err.Error())
			return
		}
		id := []byte(h.wc.AddMedia("image", "image/png", b.Bytes()))
		a.Replies, a.Menu = bytes.ReplaceAll(a.Replies, []byte("{picture}"), id), bytes.ReplaceAll(a.Menu, []byte("{picture}"), id)
	}
	if a.Replies != nil {
		h.wc.SetConsoleReplies(string(a.Replies))
	}
	if a.Menu != nil {
		h.wc.SetConsoleMenu(string(a.Menu))
	}
	h.wc.SetSecrets(h.wc.Official().AppID, a.Token, a.AESKey)
	answer(w, map[string]string{"official": "ok"})
}

func (h *house) loginCode(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Person string
		Phone  bool
	}
	if !decode(w, r, &a) {
		return
	}
	if _, known := h.wc.Person(a.Person); !known {
		refuse(w, 404, "no such person")
		return
	}
	if a.Phone {
		answer(w, map[string]string{"code": h.wc.PhoneCode(a.Person)})
		return
	}
	answer(w, map[string]string{"code": h.wc.LoginCode(a.Person)})
}

// newSessionKey makes what was signed with somebody's session_key stale.
func (h *house) newSessionKey(w http.ResponseWriter, r *http.Request) {
	var a act
	if !decode(w, r, &a) {
		return
	}
	if _, known := h.wc.Person(a.Person); !known {
		refuse(w, 404, "no such person")
		return
	}
	h.wc.NewSessionKey(a.Person)
	answer(w, map[string]bool{"ok": true})
}

func (h *house) orders(w http.ResponseWriter, r *http.Request) {
	if no := r.URL.Query().Get("out_trade_no"); no != "" {
		if o, found := h.pay.Order(no); found {
			answer(w, map[string]any{"jsapi": []any{o}, "xpay": []any{}})
			return
		}
		if o, found := h.xpay.Order(no); found {
			answer(w, map[string]any{"jsapi": []any{}, "xpay": []any{o}})
			return
		}
		refuse(w, 404, "no such order")
		return
	}
	answer(w, map[string]any{"jsapi": list(h.pay.Orders()), "xpay": list(h.xpay.Orders())})
}

// payOrder pays an order that exists at WeChat: {payer?, at?, coupon?, force?, silent?}.
func (h *house) payOrder(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Payer  string
		At     time.Time
		Coupon int64
		Force  bool
		Silent bool
	}
	if !decode(w, r, &in) {
		return
	}
	no := r.PathValue("no")
	if _, virtual := h.xpay.Order(no); virtual {
		o, err := h.xpay.Pay(no, in.At)
		if err != nil {
			refuse(w, 409, err.Error())
			return
		}
		h.xpay.Wait()
		answer(w, o)
		return
	}
	if p, known := h.wc.Person(in.Payer); known && in.Payer != "" {
		in.Payer = p.MiniOpenID
	}
	o, err := h.pay.Pay(no, wxpaytest.Payment{Payer: in.Payer, At: in.At, Coupon: in.Coupon, Force: in.Force, Silent: in.Silent})
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	h.pay.Wait()
	answer(w, o)
}

// payVirtual opens and pays a virtual order: {person, pay:{mode, signData, paySig, signature}, at?}.
func (h *house) payVirtual(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string
		Pay    xpaytest.Call
		At     time.Time
	}
	if !decode(w, r, &in) {
		return
	}
	o, err := h.xpay.Open(in.Person, in.Pay)
	if err == nil {
		o, err = h.xpay.Pay(o.OutTradeNo, in.At)
	}
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	h.xpay.Wait()
	answer(w, o)
}

// askRefund is Apple asking whether a payment on iOS should go back, and the service's answer.
func (h *house) askRefund(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reason string
		At     time.Time
	}
	if !decode(w, r, &in) {
		return
	}
	if in.At.IsZero() {
		in.At = h.now()
	}
	a, err := h.xpay.AskRefund(r.PathValue("no"), in.Reason, in.At)
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	answer(w, a)
}

// appleRefund is Apple giving a payment back, whatever it was answered.
func (h *house) appleRefund(w http.ResponseWriter, r *http.Request) {
	if !decode(w, r, &struct{}{}) {
		return
	}
	if err := h.xpay.AppleRefund(r.PathValue("no")); err != nil {
		refuse(w, 409, err.Error())
		return
	}
	h.xpay.Wait()
	answer(w, map[string]bool{"ok": true})
}

func (h *house) typing(w http.ResponseWriter, r *http.Request) {
	var in struct{ Typing bool }
	if decode(w, r, &in) {
		h.pay.Typing(r.PathValue("no"), in.Typing)
		answer(w, map[string]bool{"ok": true})
	}
}

func (h *house) tellAgain(w http.ResponseWriter, r *http.Request) {
	no := r.PathValue("no")
	if _, virtual := h.xpay.Order(no); virtual {
		answer(w, map[string]any{"heard": h.xpay.TellAgain(no)})
		return
	}
	status := h.pay.TellAgain(no)
	answer(w, map[string]any{"heard": status == 200 || status == 204, "status": status})
}

// sell registers virtual goods as the console of WeChat would: {id, name, price}.
func (h *house) sell(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID, Name string
		Price    int64
	}
	if decode(w, r, &in) {
		h.xpay.Sell(in.ID, in.Name, in.Price)
		answer(w, map[string]bool{"ok": true})
	}
}

// refundResult ends a refund: {status: SUCCESS, ABNORMAL or CLOSED}.
func (h *house) refundResult(w http.ResponseWriter, r *http.Request) {
	var in struct{ Status string }
	if !decode(w, r, &in) {
		return
	}
	no := r.PathValue("no")
	var err error
	if _, jsapi := h.pay.Refund(no); jsapi {
		err = h.pay.EndRefund(no, in.Status)
	} else {
		code := 0
		if in.Status != "" && in.Status != "SUCCESS" {
			code = 1
		}
		err = h.xpay.EndRefund(no, code)
	}
	if err != nil {
		refuse(w, 404, err.Error())
		return
	}
	answer(w, map[string]bool{"ok": true})
}
