// Package wxpaytest is a fake of WeChat Pay v3 (api.mch.weixin.qq.com) for a direct merchant, written from the
// protocol's description alone. It verifies the Authorization of every call over the bytes that were sent, signs its
// answers (the 204 too) with the key the caller asked for, leaves errors unsigned, and sends notifications with real
// AES-GCM and signatures, repeated on WeChat's timetable until they are answered 200 or 204.
//
// What it imitates: JSAPI orders (numbers unique for ever, the same parameters again give the same order, two hours
// of prepay_id, time_expire, closing with 204, 202 while the payer types, 400 when closed or paid), queries by both
// numbers, refunds with their states and sums, platform certificates and the WeChat Pay public key, the trade bill in
// yuan behind backticks with its unsigned download, and probes with a wrong signature.
//
// What it does not: other products than JSAPI, coupons beyond a smaller payer_total, profit sharing, the fund-flow
// bill, risk control, and by default the minute between two refunds of one order (Options.RefundGap). Business times
// (success_time, the day of a bill, expiry) follow Options.Now; signatures and download tokens follow the real clock.
package wxpaytest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"loudou/service/wechat/wechattest/gate"
)

// Fault and Call are gate's: how a call is spoilt, and what was called.
type (
	Fault = gate.Fault
	Call  = gate.Call
)

// Keys are what merchant and WeChat Pay share. Empty fields are filled in by New.
type Keys struct {
	MchID       string
	Serial      string // of the merchant's certificate
	Merchant    *rsa.PrivateKey
	APIv3Key    string          // 32 bytes
	PublicKeyID string          // PUB_KEY_ID_…
	Platform    *rsa.PrivateKey // behind the public key
	Certificate *rsa.PrivateKey // behind the platform certificate
}

// Options make a fake. All zero is a good fake with fresh keys.
type Options struct {
	Keys      Keys
	AppIDs    []string         // appids bound to the merchant; empty: any
	Payee     string           // the merchant's short name on the payment sheet
	Service   string           // base URL that stands in for the host of every notify_url; empty: the URL as given
	Now       func() time.Time // the business clock; default time.Now
	RefundIn  time.Duration    // from PROCESSING to the result, default 1 s
	RefundGap time.Duration    // two refunds of one order need this long between them
	Plan      []time.Duration  // pauses between deliveries of a notice; default WeChat's fifteen
	Client    *http.Client
	NoCerts   bool   // a merchant of today: GET /v3/certificates answers 404
	SignWith  string // of notices: "public_key" (default) or "certificate"
	OnChange  func() // called, outside locks, when there is something new to keep
}

// Plan is WeChat's timetable of repeats: 24 h 4 min in all.
var Plan = []time.Duration{15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour}

// BadDays are habits of the notices that stay until changed.
type BadDays struct {
	Times       int           `json:"times"`        // every notice is sent this often, at the same moment
	Delay       time.Duration `json:"delay"`        // before the first delivery
	Never       bool          `json:"never"`        // no notice at all
	WrongAmount bool          `json:"wrong_amount"` // genuine signature, one fen too little inside
	Forged      bool          `json:"forged"`       // signed with a key that is not WeChat Pay's
	Probe       bool          `json:"probe"`        // a WECHATPAY/SIGNTEST/ signature first, then the genuine notice
}

// Fake is a whole WeChat Pay. It is an http.Handler.
type Fake struct {
	opt    Options
	gate   *gate.Gate
	mux    *http.ServeMux
	server *httptest.Server
	certs  *certificate

	mu     sync.Mutex
	s      state
	bad    BadDays
	typing map[string]bool
	next   string // how the next refunds end
	bills  map[string]bill

	billFaults BillFaults
	bg         sync.WaitGroup // first deliveries and refunds on their way
	later      sync.WaitGroup // repeats
	done       chan struct{}
	closed     bool
}

var (
	keyOnce sync.Once
	keyRing [3]*rsa.PrivateKey
)

// testKeys are made once per program: 2048 bits take their time.
func testKeys() [3]*rsa.PrivateKey {
	keyOnce.Do(func() {
		for i := range keyRing {
			keyRing[i] = NewKey()
		}
	})
	return keyRing
}

// NewKey makes an RSA key of 2048 bits.
func NewKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness: nothing here can work
	}
	return k
}

// New makes a fake; Close ends it.
func New(o Options) *Fake {
	k := &o.Keys
	if k.Merchant == nil {
		k.Merchant = testKeys()[0]
	}
	if k.Platform == nil {
		k.Platform = testKeys()[1]
	}
	if k.Certificate == nil {
		k.Certificate = testKeys()[2]
	}
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&k.MchID, "1900000109")
	set(&k.Serial, "7132D72A03E93CDDF8C03BBD1F37EEDF64A6B1C2")
	set(&k.APIv3Key, "apiv3-key-of-the-fake-0123456789")
	set(&k.PublicKeyID, "PUB_KEY_ID_01"+k.MchID+"2024111100000000000001")
	set(&o.Payee, "漏斗学堂")
	set(&o.SignWith, "public_key")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RefundIn == 0 {
		o.RefundIn = time.Second
	}
	if o.Plan == nil {
		o.Plan = Plan
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	}
	f := &Fake{opt: o, mux: http.NewServeMux(), typing: map[string]bool{}, bills: map[string]bill{}, done: make(chan struct{}), certs: newCertificate(k.Certificate)}
	f.s.init()
	f.gate = gate.New(f.mux)
	f.routes()
	return f
}

// T is the part of *testing.T that Start needs.
type T interface {
	Helper()
	Cleanup(func())
}

// Start serves the fake on a free port of this machine until the test ends.
func (f *Fake) Start(t T) *Fake {
	t.Helper()
	f.server = httptest.NewServer(f)
	t.Cleanup(func() { f.Close(); f.server.CloseClientConnections(); f.server.Close() })
	return f
}

// URL is the base address after Start: the value of LOUDOU_PAY_API.
func (f *Fake) URL() string { return f.server.URL }

// Close ends repeats and hanging calls.
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

// Keys gives the keys with everything that was filled in.
func (f *Fake) Keys() Keys { return f.opt.Keys }

// Payee is the merchant's name on the payment sheet.
func (f *Fake) Payee() string { return f.opt.Payee }

// MerchantPEM is the merchant's private key as the product reads it (PKCS#8).
func (k Keys) MerchantPEM() []byte { return PrivatePEM(k.Merchant) }

// PublicKeyPEM is the WeChat Pay public key as the product reads it.
func (k Keys) PublicKeyPEM() []byte {
	b, err := x509.MarshalPKIXPublicKey(&k.Platform.PublicKey)
	if err != nil {
		panic(err) // an RSA key always has a form
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b})
}

// PrivatePEM writes a key as PKCS#8.
func PrivatePEM(k *rsa.PrivateKey) []byte {
	b, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err) // an RSA key always has a form
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})
}

// SetService tells which base URL stands in for the host of every notify_url.
func (f *Fake) SetService(base string) {
	f.mu.Lock()
	f.opt.Service = strings.TrimRight(base, "/")
	f.mu.Unlock()
}

// SetBadDays changes how notices go wrong from now on.
func (f *Fake) SetBadDays(b BadDays) { f.mu.Lock(); f.bad = b; f.mu.Unlock() }

// SignWith chooses the key of notices: "public_key" or "certificate".
func (f *Fake) SignWith(which string) { f.mu.Lock(); f.opt.SignWith = which; f.mu.Unlock() }

// ServeHTTP answers as api.mch.weixin.qq.com does.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.gate.ServeHTTP(w, r) }

// Fail arms a fault on the paths of pattern, see gate.
func (f *Fake) Fail(pattern string, x Fault) (clear func()) { return f.gate.Fail(pattern, x) }

// Heal takes every fault away.
func (f *Fake) Heal() { f.gate.Heal() }

// Count says how often the paths of pattern were called.
func (f *Fake) Count(pattern string) int { return f.gate.Count(pattern) }

// Counts gives the calls of every path.
func (f *Fake) Counts() map[string]int { return f.gate.Counts() }

// Calls gives the last calls of the paths of pattern.
func (f *Fake) Calls(pattern string) []Call { return f.gate.Calls(pattern) }

// ErrCode is a Fault that answers an error of WeChat Pay.
func ErrCode(status int, code, message string) Fault {
	b, _ := json.Marshal(map[string]string{"code": code, "message": message})
	return Fault{Status: status, Body: string(b)}
}

func (f *Fake) changed() {
	if f.opt.OnChange != nil {
		f.opt.OnChange()
	}
}

// Wait returns when every notice had its first delivery and every refund its result. Repeats are not waited for.
func (f *Fake) Wait() { f.bg.Wait() }

func (f *Fake) background(wg *sync.WaitGroup, fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
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

var shanghai = time.FixedZone("+08:00", 8*3600)

func stamp(t time.Time) string { return t.In(shanghai).Format("2006-01-02T15:04:05-07:00") }

func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
