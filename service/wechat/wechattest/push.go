package wechattest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Try is one delivery of a push and what came back.
type Try struct {
	At     time.Time
	Took   time.Duration
	Status int    // 0 when nothing came
	Answer []byte // raw, as sent
	Err    string // why nothing came
}

// Delivery is a push with its tries and WeChat's judgement.
type Delivery struct {
	AppID   string
	OpenID  string
	Message []byte // the push before it was wrapped
	Event   string
	MsgType string
	Tries   []Try
	Heard   bool   // an answer was accepted
	Fault   string // why an answer was not accepted, or that none came
	Plain   []byte // the accepted answer, decrypted; empty for "success" and an empty body
	Shown   []Line // what the fan saw because of it
}

// Text is the text of the first line shown, or "".
func (d Delivery) Text() string {
	if len(d.Shown) == 0 {
		return ""
	}
	return d.Shown[0].Text
}

// PushMessage pushes an ordinary message of a fan to the Official Account; fields begin with MsgType.
func (f *Fake) PushMessage(openid string, fields Fields) Delivery {
	return f.Push(f.Official().AppID, openid, append(append(Fields(nil), fields...), Field{"MsgId", f.nextMsgID()}))
}

// PushEvent pushes an event of a fan to the Official Account; fields begin with Event.
func (f *Fake) PushEvent(openid string, fields Fields) Delivery {
	return f.Push(f.Official().AppID, openid, append(Fields{{"MsgType", "event"}}, fields...))
}

// PushMini pushes to the Mini Program; fields begin with MsgType.
func (f *Fake) PushMini(openid string, fields Fields) Delivery {
	return f.Push(f.Mini().AppID, openid, fields)
}

func (f *Fake) nextMsgID() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.s.MsgID++
	return f.s.MsgID
}

// Push puts head fields before fields, wraps, signs and delivers them, as often as WeChat would, and judges.
func (f *Fake) Push(appid, openid string, fields Fields) Delivery {
	a, _ := f.app(appid)
	msg := append(Fields{{"ToUserName", a.ID}, {"FromUserName", openid}, {"CreateTime", f.opt.Now().Unix()}}, fields...)
	body := msg.XML()
	if a.JSON {
		body = msg.JSON()
	}
	d := Delivery{AppID: appid, OpenID: openid, Message: body, Event: msg.Get("Event"), MsgType: msg.Get("MsgType")}
	d = f.deliver(a, d)
	f.changed()
	return d
}

// TellAgain delivers the same message once more, as a retry that nobody needed: same body, fresh nonce.
func (f *Fake) TellAgain(d Delivery) Delivery {
	a, _ := f.app(d.AppID)
	d.Tries, d.Heard, d.Fault, d.Plain, d.Shown = nil, false, "", nil, nil
	return f.deliver(a, d)
}

// Wait returns when deliveries that go on in the background have ended.
func (f *Fake) Wait() { f.pushes.Wait() }

func (f *Fake) deliver(a App, d Delivery) Delivery {
	if a.Hook == "" {
		d.Fault = "no callback URL"
		return d
	}
	f.mu.Lock()
	bad := f.bad
	closed := f.closed
	f.mu.Unlock()
	if closed {
		d.Fault = "the fake is closed"
		return d
	}
	if bad.Together && bad.Times > 1 {
		return f.together(a, d, bad)
	}
	for n := 1; n <= f.opt.Deliveries; n++ {
		t := f.try(a, d.OpenID, d.Message, bad.Forged)
		d.Tries = append(d.Tries, t)
		if t.Status/100 == 2 && n > bad.Late {
			d.judge(f, a, t.Answer)
			if rest := bad.Times - n; rest > 0 {
				f.background(func() { f.again(a, d, rest) })
			}
			break
		}
		if n < f.opt.Deliveries && !f.sleep(f.opt.RetryEvery-time.Since(t.At)) {
			d.Fault = "the fake is closed"
			return d
		}
	}
	if !d.Heard && d.Fault == "" {
		d.Fault = "no answer in time"
	}
	f.show(a, &d)
	return d
}

// again repeats a push that was answered well: bad.Times asks for it.
func (f *Fake) again(a App, d Delivery, times int) {
	for range times {
		if !f.sleep(f.opt.RetryEvery) {
			return
		}
		f.try(a, d.OpenID, d.Message, false)
	}
}

func (f *Fake) together(a App, d Delivery, bad BadDays) Delivery {
	var wg sync.WaitGroup
	all := make([]Try, bad.Times)
	for i := range all {
		wg.Add(1)
		go func() { defer wg.Done(); all[i] = f.try(a, d.OpenID, d.Message, bad.Forged) }()
	}
	wg.Wait()
	for _, t := range all {
		d.Tries = append(d.Tries, t)
		if t.Status/100 == 2 && !d.Heard {
			d.Fault = ""
			d.judge(f, a, t.Answer)
		}
	}
	if !d.Heard && d.Fault == "" {
		d.Fault = "no answer in time"
	}
	f.show(a, &d)
	return d
}

func (f *Fake) background(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.pushes.Add(1)
	go func() { defer f.pushes.Done(); fn() }()
}

func (f *Fake) sleep(d time.Duration) bool {
	if d < 0 {
		d = 0
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-f.done:
		return false
	}
}

// Wrapped is a push ready to be sent; a test may spoil it first.
type Wrapped struct {
	Query       url.Values
	Body        []byte
	ContentType string
}

// Wrap signs and, by the account's mode, encrypts message for openid, with the real clock.
func (f *Fake) Wrap(appid, openid string, message []byte) (Wrapped, error) {
	a, known := f.app(appid)
	if !known {
		return Wrapped{}, fmt.Errorf("no account %s", appid)
	}
	return wrap(a, openid, message, false)
}

func wrap(a App, openid string, message []byte, forged bool) (Wrapped, error) {
	ts, nonce, secret := strconv.FormatInt(time.Now().Unix(), 10), strconv.Itoa(int(rand.Uint32())), a.Token
	if forged {
		secret = "somebody-else"
	}
	w := Wrapped{Query: url.Values{"timestamp": {ts}, "nonce": {nonce}, "openid": {openid}, "signature": {Sign(secret, ts, nonce)}}, Body: message, ContentType: "text/xml"}
	if a.JSON {
		w.ContentType = "application/json"
	}
	if a.Mode == Plain {
		return w, nil
	}
	enc, err := Encrypt(a.AESKey, a.AppID, message)
	if err != nil {
		return w, err
	}
	w.Query.Set("encrypt_type", "aes")
	w.Query.Set("msg_signature", Sign(secret, ts, nonce, enc))
	switch {
	case a.Mode == Compatible && a.JSON:
		w.Body = append(bytes.TrimSuffix(message, []byte("}")), fmt.Sprintf(`,"Encrypt":%q}`, enc)...)
	case a.Mode == Compatible:
		w.Body = append(bytes.TrimSuffix(message, []byte("</xml>")), "<Encrypt><![CDATA["+enc+"]]></Encrypt></xml>"...)
	case a.JSON:
		w.Body = Fields{{"ToUserName", a.ID}, {"Encrypt", enc}}.JSON()
	default:
		w.Body = Fields{{"ToUserName", a.ID}, {"Encrypt", enc}}.XML()
	}
	return w, nil
}

// Send posts a wrapped push once and gives status and body. It is how a test plays an attacker.
func (f *Fake) Send(appid string, w Wrapped) Try {
	a, _ := f.app(appid)
	return f.post(a, w)
}

func (f *Fake) try(a App, openid string, message []byte, forged bool) Try {
	w, err := wrap(a, openid, message, forged)
	if err != nil {
		return Try{At: time.Now(), Err: err.Error()}
	}
	return f.post(a, w)
}

func (f *Fake) post(a App, w Wrapped) (t Try) {
	t.At = time.Now()
	defer func() { t.Took = time.Since(t.At) }()
	ctx, cancel := context.WithTimeout(context.Background(), f.opt.Wait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", a.Hook+"?"+w.Query.Encode(), bytes.NewReader(w.Body))
	if err != nil {
		t.Err = err.Error()
		return t
	}
	r.Header.Set("Content-Type", w.ContentType)
	r.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := f.opt.Client.Do(r)
	if err != nil {
		t.Err = err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Err = "no answer in " + f.opt.Wait.String()
		}
		return t
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Err = err.Error()
		return t
	}
	t.Status, t.Answer = res.StatusCode, b
	return t
}

// VerifyURL does what saving the callback settings does: GET with echostr. It says whether the answer was right.
func (f *Fake) VerifyURL(appid string) error {
	a, _ := f.app(appid)
	ts, nonce, echo := strconv.FormatInt(time.Now().Unix(), 10), strconv.Itoa(int(rand.Uint32())), strconv.FormatUint(rand.Uint64(), 10)
	q := url.Values{"signature": {Sign(a.Token, ts, nonce)}, "timestamp": {ts}, "nonce": {nonce}, "echostr": {echo}}
	ctx, cancel := context.WithTimeout(context.Background(), f.opt.Wait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", a.Hook+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := f.opt.Client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err == nil && (res.StatusCode != 200 || string(b) != echo) {
		err = fmt.Errorf("status %d, %d bytes that are not the echostr", res.StatusCode, len(b))
	}
	return err
}

// PushUntil delivers fields(retry) to the Mini Program until good says yes to the decrypted answer, at most times
// times, every apart; it is how virtual payment tells. It says whether it was heard.
func (f *Fake) PushUntil(openid string, fields func(retry int) Fields, times int, every time.Duration, forged bool, good func(answer []byte) bool) bool {
	for n := range times {
		a := f.Mini()
		if a.Hook == "" {
			return false
		}
		msg := append(Fields{{"ToUserName", a.ID}, {"FromUserName", openid}, {"CreateTime", f.opt.Now().Unix()}}, fields(n)...)
		body := msg.XML()
		if a.JSON {
			body = msg.JSON()
		}
		t := f.try(a, openid, body, forged)
		if t.Status/100 == 2 {
			if plain, _, err := unwrapAnswer(a, t.Answer); err == nil && good(plain) {
				return true
			}
		}
		if n < times-1 && !f.sleep(every) {
			return false
		}
	}
	return false
}

// GoodXPay says whether an answer to an xpay push has ErrCode 0, in XML or JSON.
func GoodXPay(answer []byte) bool {
	if e, err := parseXML(answer); err == nil {
		return e.kid("ErrCode").text == "0"
	}
	var in struct{ ErrCode *int }
	return json.Unmarshal(answer, &in) == nil && in.ErrCode != nil && *in.ErrCode == 0
}
