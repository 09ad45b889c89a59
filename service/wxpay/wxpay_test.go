package wxpay

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"loudou/model"
	"loudou/service/wxpay/wxpaytest"
)

const appid = "wx0123456789abcdef"

// client is ours towards the fake; change may take the public key away.
func client(t *testing.T, f *wxpaytest.Fake, change func(*Options)) *Client {
	t.Helper()
	k := f.Keys()
	o := Options{
		API: f.URL(), AppID: appid, MchID: k.MchID, Serial: k.Serial, PrivateKey: string(k.MerchantPEM()),
		APIv3Key: k.APIv3Key, PublicKeyID: k.PublicKeyID, PublicKey: string(k.PublicKeyPEM()),
	}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func certificates(o *Options) { o.PublicKey, o.PublicKeyID = "", "" }

func order(no string) Order {
	return Order{
		OutTradeNo: no, Description: "课程《漏斗》<&>", Total: 9900, Payer: "oPayer", NotifyURL: "https://shop.example/hook/pay",
		ExpireAt: time.Now().Add(30 * time.Minute),
	}
}

func TestSettings(t *testing.T) {
	_, err := New(Options{PublicKey: "x", API: "://"})
	var r *model.Refusal
	if !errors.As(err, &r) || len(r.Fields) != 8 {
		t.Errorf("err = %v, want eight faults at once", err)
	}
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID, Kind string
			Inputs   struct {
				Headers                map[string]string
				Body                   string
				Certificate            string `json:"platform_certificate_pem"`
				APIv3Key               string `json:"api_v3_key"`
				Key, Nonce, Ciphertext string
				AssociatedData         string `json:"associated_data"`
			}
			Expect struct{ Plaintext string }
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, v := range file.Vectors {
		seen[v.Kind]++
		switch v.Kind {
		case "aes_gcm_decrypt":
			got, err := resource{algorithm, v.Inputs.Ciphertext, v.Inputs.AssociatedData, v.Inputs.Nonce}.open(v.Inputs.Key)
			if err != nil || string(got) != v.Expect.Plaintext {
				t.Errorf("%s: %q, %v", v.ID, got, err)
			}
		case "pay_notify":
			cert, err := utils.LoadCertificate(v.Inputs.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			for k, val := range v.Inputs.Headers {
				h.Set(k, val)
			}
			sec, _ := strconv.ParseInt(h.Get("Wechatpay-Timestamp"), 10, 64)
			c := &Client{o: Options{APIv3Key: v.Inputs.APIv3Key}, now: func() time.Time { return time.Unix(sec, 0) }}
			c.keys = &keyring{now: c.now, retry: c.now().Add(time.Hour)}
			c.keys.certs = map[string]*x509.Certificate{h.Get("Wechatpay-Serial"): cert}
			n, err := c.ParseNotify(context.Background(), h, []byte(v.Inputs.Body))
			if err != nil || n.EventType != "PAYSCORE.USER_OPEN_SERVICE" || !json.Valid(n.Plain) || n.Transaction != nil {
				t.Errorf("%s: %+v, %v", v.ID, n, err)
			}
			if _, err := c.ParseNotify(context.Background(), h, []byte(v.Inputs.Body+" ")); !errors.Is(err, ErrSignature) {
				t.Errorf("%s with a blank more: %v", v.ID, err)
			}
		}
	}
	if seen["pay_notify"] < 1 || seen["aes_gcm_decrypt"] < 2 {
		t.Errorf("vectors = %v", seen)
	}
}

// Selling check 5.
func TestOrderFromPrepayToRefund(t *testing.T) {
	for name, change := range map[string]func(*Options){"public key": nil, "certificates": certificates} {
		t.Run(name, func(t *testing.T) {
			f := wxpaytest.New(wxpaytest.Options{RefundIn: time.Millisecond}).Start(t)
			ctx, c := context.Background(), client(t, f, change)
			o := order("T1000001")
			id, err := c.Prepay(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Prepay(ctx, o); err != nil {
				t.Errorf("the same again: %v", err)
			}
			other := o
			other.Total++
			if _, err := c.Prepay(ctx, other); !errors.Is(err, model.ErrConflict) || model.OutcomeUnknown(err) {
				t.Errorf("another amount: %v", err)
			}
			p, err := c.PayParams(id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.OpenSheet(appid, wxpaytest.Sheet{TimeStamp: p.TimeStamp, NonceStr: p.NonceStr, Package: p.Package, SignType: p.SignType, PaySign: p.PaySign}); err != nil {
				t.Fatal(err)
			}
			if tr, err := c.Query(ctx, o.OutTradeNo); err != nil || tr.TradeState != model.TradeNotPay || tr.PaidAt != nil {
				t.Errorf("unpaid: %+v, %v", tr, err)
			}
			if _, err := f.Pay(o.OutTradeNo, wxpaytest.Payment{Coupon: 100}); err != nil {
				t.Fatal(err)
			}
			tr, err := c.Query(ctx, o.OutTradeNo)
			if err != nil || !tr.Paid() || tr.Total != 9900 || tr.PayerTotal != 9800 || tr.Payer != "oPayer" || tr.MchID != c.MchID() || tr.AppID != appid || tr.PaidAt == nil || tr.TransactionID == "" {
				t.Errorf("paid: %+v, %v", tr, err)
			}
			if closed, err := c.Close(ctx, o.OutTradeNo); closed || err == nil {
				t.Errorf("closing a paid order: %v %v", closed, err)
			}
			r := Refund{OutRefundNo: "R1000001", OutTradeNo: o.OutTradeNo, Amount: 100, Total: 9900, Reason: "不合适"}
			n, err := c.Refund(ctx, r)
			if err != nil || n.RefundID == "" || n.Amount != 100 || n.MchID != c.MchID() {
				t.Fatalf("refund: %+v, %v", n, err)
			}
			if again, err := c.Refund(ctx, r); err != nil || again.RefundID != n.RefundID {
				t.Errorf("the same refund again: %+v, %v", again, err)
			}
			f.Wait()
			n, err = c.QueryRefund(ctx, r.OutRefundNo)
			if err != nil || n.Status != model.RefundStatusSuccess || n.SucceededAt == nil || n.Total != 9900 {
				t.Errorf("done: %+v, %v", n, err)
			}
			for what, err := range map[string]error{"order": second(c.Query(ctx, "T9999999")), "refund": second(c.QueryRefund(ctx, "R9999999"))} {
				if !errors.Is(err, model.ErrNotFound) || model.OutcomeUnknown(err) {
					t.Errorf("unknown %s: %v", what, err)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestClosing(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	ctx, c := context.Background(), client(t, f, nil)
	if _, err := c.Prepay(ctx, order("T1000001")); err != nil {
		t.Fatal(err)
	}
	f.Typing("T1000001", true)
	if closed, err := c.Close(ctx, "T1000001"); closed || err != nil {
		t.Errorf("while the payer types: %v %v, want false and no error", closed, err)
	}
	f.Typing("T1000001", false)
	for range 2 { // the second time WeChat answers ORDER_CLOSED
		if closed, err := c.Close(ctx, "T1000001"); !closed || err != nil {
			t.Errorf("close: %v %v", closed, err)
		}
	}
	if _, err := c.Prepay(ctx, order("T1000001")); !errors.Is(err, model.ErrConflict) || model.CallCode(err) != "ORDER_CLOSED" {
		t.Errorf("prepay of a closed number: %v", err)
	}
	if closed, err := c.Close(ctx, "T9999999"); closed || !errors.Is(err, model.ErrNotFound) {
		t.Errorf("unknown: %v %v", closed, err)
	}
	f.Fail("", wxpaytest.Fault{Status: 200, Body: "{}"})
	if closed, err := c.Close(ctx, "T1000001"); closed || !model.OutcomeUnknown(err) {
		t.Errorf("an unsigned 200: %v %v", closed, err)
	}
}

func TestUnknownOrRefused(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	c := client(t, f, func(o *Options) { o.Timeout = 300 * time.Millisecond })
	for name, x := range map[string]struct {
		fault   wxpaytest.Fault
		kind    error
		unknown bool
	}{
		"hangs":      {wxpaytest.Fault{Hang: true}, model.ErrUnavailable, true},
		"cut":        {wxpaytest.Fault{Drop: true}, model.ErrUnavailable, true},
		"done, lost": {wxpaytest.Fault{After: true, Drop: true}, model.ErrUnavailable, true},
		"502":        {wxpaytest.Fault{Status: 502, Body: "<html>"}, model.ErrUnavailable, true},
		"500 code":   {wxpaytest.ErrCode(500, "PARAM_ERROR", "x"), model.ErrUnavailable, true},
		"unsigned":   {wxpaytest.Fault{Status: 200, Body: `{"prepay_id":"forged"}`}, model.ErrUnavailable, true},
		"new code":   {wxpaytest.ErrCode(400, "SOMETHING_NEW", "x"), model.ErrUnavailable, true},
		"rate":       {wxpaytest.ErrCode(429, "FREQUENCY_LIMITED", "x"), model.ErrUnavailable, false},
		"paid":       {wxpaytest.ErrCode(400, "ORDERPAID", "x"), model.ErrConflict, false},
		"paid _":     {wxpaytest.ErrCode(400, "ORDER_PAID", "x"), model.ErrConflict, false},
		"signature":  {wxpaytest.ErrCode(401, "SIGN_ERROR", "x"), model.ErrForbidden, false},
		"system":     {wxpaytest.ErrCode(500, "SYSTEMERROR", "x"), model.ErrUnavailable, true},
	} {
		clear := f.Fail("/v3/pay/transactions/jsapi", x.fault)
		_, err := c.Prepay(context.Background(), order("T2000001"))
		clear()
		if !errors.Is(err, x.kind) || model.OutcomeUnknown(err) != x.unknown {
			t.Errorf("%s: %v (unknown %v)", name, err, model.OutcomeUnknown(err))
		}
		var r *model.Refusal
		if !errors.As(err, &r) || r.Text == "" {
			t.Errorf("%s: nothing to tell a person", name)
		}
	}
	for name, o := range map[string]Order{
		"number": {OutTradeNo: "a b", Total: 1, Payer: "o", NotifyURL: "https://x/y"}, "free": {OutTradeNo: "T2000002", Payer: "o", NotifyURL: "https://x/y"},
		"query": {OutTradeNo: "T2000002", Total: 1, Payer: "o", NotifyURL: "https://x/y?a=1"}, "nobody": {OutTradeNo: "T2000002", Total: 1, NotifyURL: "https://x/y"},
	} {
		before := f.Count("")
		if _, err := c.Prepay(context.Background(), o); !errors.Is(err, model.ErrInvalid) || f.Count("") != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c = client(t, f, func(o *Options) { o.API = gone.URL })
	if _, err := c.Prepay(context.Background(), order("T2000003")); !errors.Is(err, model.ErrUnavailable) || model.OutcomeUnknown(err) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAnswerSignedByAnother(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	other := wxpaytest.New(wxpaytest.Options{Keys: wxpaytest.Keys{Platform: wxpaytest.NewKey()}}).Start(t)
	c := client(t, f, func(o *Options) { o.API = other.URL() })
	if _, err := c.Prepay(context.Background(), order("T3000001")); !model.OutcomeUnknown(err) {
		t.Errorf("err = %v", err)
	}
}

func TestMerchantWithoutCertificates(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{NoCerts: true}).Start(t)
	c := client(t, f, certificates)
	for range 5 {
		if _, err := c.Prepay(context.Background(), order("T4000001")); !errors.Is(err, model.ErrUnavailable) {
			t.Errorf("err = %v", err)
		}
	}
	if n := f.Count("/v3/certificates"); n != 1 {
		t.Errorf("asked %d times for certificates that do not exist, want 1", n)
	}
}

// TestCanary: no secret and no signature in any error, whatever goes wrong.
func TestCanary(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	k := f.Keys()
	key := strings.TrimSpace(strings.Split(string(k.MerchantPEM()), "\n")[1])
	for i, fault := range []wxpaytest.Fault{{Hang: true}, {Drop: true}, {Status: 200, Body: "{}"}, {Status: 500}, wxpaytest.ErrCode(400, "PARAM_ERROR", "参数\n错误"), {Status: 302}} {
		c := client(t, f, func(o *Options) { o.Timeout = 200 * time.Millisecond })
		f.Fail("", fault)
		_, err1 := c.Prepay(context.Background(), order("T5000001"))
		_, err2 := c.Refund(context.Background(), Refund{OutRefundNo: "R5", OutTradeNo: "T5000001", Amount: 1, Total: 1})
		_, err3 := c.ParseNotify(context.Background(), http.Header{"Wechatpay-Signature": {"c2ln"}, "Wechatpay-Serial": {"ABCDEF0123"}, "Wechatpay-Nonce": {"n"}, "Wechatpay-Timestamp": {fmt.Sprint(time.Now().Unix())}}, []byte("{}"))
		for _, err := range []error{err1, err2, err3} {
			if err == nil {
				t.Fatalf("fault %d: no error", i)
			}
			for _, s := range []string{k.APIv3Key, key, "WECHATPAY2-", "signature=", "Authorization", "\n"} {
				if strings.Contains(err.Error(), s) {
					t.Errorf("fault %d: %q in %v", i, s, err)
				}
			}
		}
		f.Heal()
	}
}

func TestSecondSite(t *testing.T) {
	f := wxpaytest.New(wxpaytest.Options{}).Start(t)
	var hosts []string
	c := client(t, f, func(o *Options) {
		o.API = "https://" + mainHost
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			hosts = append(hosts, r.URL.Host)
			out := r.Clone(r.Context())
			out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(f.URL(), "http://")
			if r.URL.Host == mainHost {
				out.URL.Host = "127.0.0.1:1"
			}
			return http.DefaultTransport.RoundTrip(out)
		})
	})
	if _, err := c.Prepay(context.Background(), order("T6000001")); err != nil {
		t.Errorf("err = %v, hosts %v", err, hosts)
	}
	if len(hosts) != 2 || hosts[1] != backupHost {
		t.Errorf("hosts = %v", hosts)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
