// Package xpaytest is a fake of the virtual payment of Mini Programs (api.weixin.qq.com/xpay/…, wx.requestVirtualPayment
// on the phone), written from the protocol's description alone. It lives on a fake WeChat (wechattest), whose access
// tokens, session keys and push channel it uses.
//
// What it imitates: both HMACs of the client call (paySig with the AppKey of the environment, signature with the
// payer's session_key) over the very text of signData, the goods' published price and the floor of a selling price,
// numbers used once; pay_sig of server calls over the raw body; query_order, notify_provide_goods, refund_order,
// goods uploaded and published with a delay; xpay_goods_deliver_notify and xpay_refund_notify through the Mini
// Program's push channel, up to fifteen retries, heard only by ErrCode 0; refunds refused for iOS orders; a bill by download_bill, written after
// the first question and from ten o'clock of the next day, with a line per payment and refund.
//
// What it does not: coins, subscriptions, complaints, withdrawals, the
// sandbox's own behaviour, fees. There is no close: an order that nobody pays stays as it is.
package xpaytest

import (
	"net/http"
	"regexp"
	"sync"
	"time"

	"loudou/service/wechat/wechattest"
	"loudou/service/wechat/wechattest/gate"
)

// Options make a fake. WeChat must be given.
type Options struct {
	WeChat        *wechattest.Fake
	OfferID       string
	AppKey        string // live, env 0
	SandboxAppKey string // env 1
	Now           func() time.Time
	GoodsIn       time.Duration // from start_upload_goods or start_publish_goods to done, default 1 s
	RefundIn      time.Duration // from acceptance to result, default 1 s
	RetryEvery    time.Duration // between pushes that were not heard, default 15 s
	Retries       int           // default 15
	AnyGoods      bool          // sell goods that were never published at whatever price signData names
	OnChange      func()
}

// BadDays are habits of the pushes that stay until changed.
type BadDays struct {
	Times       int           `json:"times"`
	Delay       time.Duration `json:"delay"`
	Never       bool          `json:"never"`
	WrongAmount bool          `json:"wrong_amount"` // ActualPrice one fen too little
	Forged      bool          `json:"forged"`       // signed with another token
}

// Fake is a virtual payment. Its calls arrive through Options.WeChat.
type Fake struct {
	opt  Options
	gate *gate.Gate
	mux  *http.ServeMux

	mu     sync.Mutex
	s      state
	bad    BadDays
	asked  map[string]bool // bills that were asked for
	next   int             // RetCode of the next refunds; 0 success
	bg     sync.WaitGroup
	later  sync.WaitGroup
	done   chan struct{}
	closed bool

	billFaults BillFaults
}

// New makes a fake and mounts it on the fake WeChat; Close ends it.
func New(o Options) *Fake {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&o.OfferID, "1450012345")
	set(&o.AppKey, "xpay-live-app-key-of-the-fake-01")
	set(&o.SandboxAppKey, "xpay-sandbox-app-key-of-fake-002")
	if o.Now == nil {
		o.Now = time.Now
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.GoodsIn, time.Second)
	def(&o.RefundIn, time.Second)
	def(&o.RetryEvery, 15*time.Second)
	if o.Retries == 0 {
		o.Retries = 15
	}
	f := &Fake{opt: o, mux: http.NewServeMux(), done: make(chan struct{}), asked: map[string]bool{}}
	f.s.init()
	f.gate = gate.New(f.mux)
	f.routes()
	o.WeChat.Mount("/xpay/", f)
	return f
}

// T is the part of *testing.T that Start needs.
type T interface {
	Helper()
	Cleanup(func())
}

// Start ends the fake with the test; it listens where its WeChat listens.
func (f *Fake) Start(t T) *Fake {
	t.Helper()
	t.Cleanup(f.Close)
	return f
}

// Close ends retries and hanging calls.
func (f *Fake) Close() {
	f.gate.Close()
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.done)
	}
	f.mu.Unlock()
	f.bg.Wait()
	f.later.Wait()
}

// Options gives the settings with everything that was filled in.
func (f *Fake) Options() Options { return f.opt }

// SetBadDays changes how pushes go wrong from now on.
func (f *Fake) SetBadDays(b BadDays) { f.mu.Lock(); f.bad = b; f.mu.Unlock() }

// ServeHTTP answers as api.weixin.qq.com/xpay does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.gate.ServeHTTP(w, r) }

// Fail arms a fault on the paths of pattern, see gate.
func (f *Fake) Fail(pattern string, x gate.Fault) (clear func()) { return f.gate.Fail(pattern, x) }

// Heal takes every fault away.
func (f *Fake) Heal() { f.gate.Heal() }

// Count says how often the paths of pattern were called.
func (f *Fake) Count(pattern string) int { return f.gate.Count(pattern) }

// Counts gives the calls of every path.
func (f *Fake) Counts() map[string]int { return f.gate.Counts() }

// Calls gives the last calls of the paths of pattern.
func (f *Fake) Calls(pattern string) []gate.Call { return f.gate.Calls(pattern) }

// Wait returns when every push had its first delivery and refunds and goods their results. Retries are not waited for.
func (f *Fake) Wait() { f.bg.Wait() }

func (f *Fake) changed() {
	if f.opt.OnChange != nil {
		f.opt.OnChange()
	}
}

func (f *Fake) background(wg *sync.WaitGroup, fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.start(wg, fn)
}

// start is background for a caller that holds the lock.
func (f *Fake) start(wg *sync.WaitGroup, fn func()) {
	if f.closed {
		return
	}
	wg.Add(1)
	go func() { defer wg.Done(); fn() }()
}

func (f *Fake) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
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

func (f *Fake) key(env int) string {
	if env == 1 {
		return f.opt.SandboxAppKey
	}
	return f.opt.AppKey
}

var number = regexp.MustCompile(`^[0-9A-Za-z\-|*@][0-9A-Za-z_\-|*@]{7,31}$`)
