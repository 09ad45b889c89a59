package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// house is the three fakes, their clock and their bad days.
type house struct {
	s    settings
	wc   *wechattest.Fake
	pay  *wxpaytest.Fake
	xpay *xpaytest.Fake

	mu     sync.Mutex
	ahead  time.Duration // business clock minus real clock
	days   badDays
	sheets map[string]*sheet
	asked  bool // whether the service said if its articles are open
	open   bool

	dirty chan struct{}
	done  chan struct{}
	saved sync.WaitGroup
	end   sync.Once
}

func newHouse(s settings, k *keys) (*house, error) {
	h := &house{s: s, sheets: map[string]*sheet{}, dirty: make(chan struct{}, 1), done: make(chan struct{})}
	if s.now != "" {
		t, err := time.Parse(time.RFC3339, s.now)
		if err != nil {
			return nil, fmt.Errorf("-now: %w", err)
		}
		h.ahead = time.Until(t)
	}
	switch wechattest.Mode(s.mode) {
	case wechattest.Plain, wechattest.Compatible, wechattest.Safe:
	default:
		return nil, fmt.Errorf("-mode %q: plain, compatible or safe", s.mode)
	}
	h.wc = wechattest.New(wechattest.Options{Official: k.official(s), Mini: k.mini(s), Now: h.now, RetryEvery: s.retry, OnChange: h.touch})
	h.pay = wxpaytest.New(wxpaytest.Options{Keys: k.pay, AppIDs: []string{k.env["LOUDOU_MINI_APPID"], k.env["LOUDOU_OFFICIAL_APPID"]}, Service: s.service, Now: h.now, RefundIn: s.refundIn, OnChange: h.touch})
	o := k.xpay()
	o.WeChat, o.Now, o.RefundIn, o.GoodsIn, o.AnyGoods, o.OnChange = h.wc, h.now, s.refundIn, s.goodsIn, s.anyGoods, h.touch
	h.xpay = xpaytest.New(o)
	if err := h.restore(); err != nil {
		return nil, err
	}
	h.setDays(h.days)
	h.saved.Add(1)
	go h.keep()
	return h, nil
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.ahead)
}

// setNow sets the business clock; the zero time brings the real one back.
func (h *house) setNow(t time.Time) {
	h.mu.Lock()
	if h.ahead = 0; !t.IsZero() {
		h.ahead = time.Until(t)
	}
	h.mu.Unlock()
	h.touch()
}

// handler puts WeChat's hosts side by side on one port; all else is the phone.
func (h *house) handler() http.Handler {
	m := http.NewServeMux()
	for _, p := range []string{"/cgi-bin/", "/sns/", "/wxa/", "/wxaapi/", "/xpay/", "/datacube/"} {
		m.Handle(p, h.wc)
	}
	m.Handle("/v3/", h.pay)
	h.controlRoutes(m)
	h.phoneRoutes(m)
	h.relayRoutes(m)
	h.pageRoutes(m)
	return m
}

type saved struct {
	Ahead  time.Duration   `json:"ahead"`
	Days   badDays         `json:"days"`
	WeChat json.RawMessage `json:"wechat"`
	Pay    json.RawMessage `json:"pay"`
	XPay   json.RawMessage `json:"xpay"`
}

// touch says that there is something to save. Saving waits a moment, so that a burst becomes one write.
func (h *house) touch() {
	select {
	case h.dirty <- struct{}{}:
	default:
	}
}

func (h *house) keep() {
	defer h.saved.Done()
	for {
		select {
		case <-h.done:
			return
		case <-h.dirty:
		}
		start := time.Now()
		if err := h.save(); err != nil {
			slog.Error("state not kept", "err", err)
		}
		// A big state is written less often: a tenth of the time at most.
		select {
		case <-h.done:
			return
		case <-time.After(max(100*time.Millisecond, 10*time.Since(start))):
		}
	}
}

func (h *house) save() error {
	if h.s.state == "-" {
		return nil
	}
	var v saved
	var err [3]error
	v.WeChat, err[0] = h.wc.Snapshot()
	v.Pay, err[1] = h.pay.Snapshot()
	v.XPay, err[2] = h.xpay.Snapshot()
	h.mu.Lock()
	v.Ahead, v.Days = h.ahead, h.days
	h.mu.Unlock()
	if e := errors.Join(err[:]...); e != nil {
		return e
	}
	b, e := json.Marshal(v)
	if e != nil {
		return e
	}
	return writeFile(h.s.state, b)
}

func (h *house) restore() error {
	if h.s.state == "-" {
		return nil
	}
	b, err := os.ReadFile(h.s.state)
	if os.IsNotExist(err) {
		return os.MkdirAll(filepath.Dir(h.s.state), 0o700)
	}
	if err != nil {
		return err
	}
	var v saved
	if err := json.Unmarshal(b, &v); err != nil {
		return fmt.Errorf("%s: %w", h.s.state, err)
	}
	if h.s.now == "" {
		h.ahead = v.Ahead
	}
	h.days = v.Days
	return errors.Join(h.wc.Restore(v.WeChat), h.pay.Restore(v.Pay), h.xpay.Restore(v.XPay))
}

// close ends what goes on and saves; again does nothing.
func (h *house) close() {
	h.end.Do(func() {
		h.wc.Close()
		h.pay.Close()
		h.xpay.Close()
		close(h.done)
		h.saved.Wait()
		if err := h.save(); err != nil {
			slog.Error("state not kept", "err", err)
		}
	})
}
