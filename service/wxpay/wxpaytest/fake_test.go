package wxpaytest

import (
	"bytes"
	"compress/gzip"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/vectors.json")
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
				Associated             string `json:"associated_data"`
			}
			Expect struct{ Plaintext string }
		}
	}
	if err := json.Unmarshal(b, &file); err != nil || len(file.Vectors) != 3 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		in := v.Inputs
		if v.Kind == "aes_gcm_decrypt" {
			got, err := Open(in.Key, in.Nonce, in.Associated, in.Ciphertext)
			if err != nil || string(got) != v.Expect.Plaintext {
				t.Errorf("%s: Open = %q, %v", v.ID, got, err)
			}
			if again, err := Seal(in.Key, in.Nonce, in.Associated, got); err != nil || again != in.Ciphertext {
				t.Errorf("%s: Seal = %s, %v", v.ID, again, err)
			}
			continue
		}
		p, _ := pem.Decode([]byte(in.Certificate))
		c, err := x509.ParseCertificate(p.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		h := in.Headers
		if !Verify(c.PublicKey.(*rsa.PublicKey), h["Wechatpay-Timestamp"]+"\n"+h["Wechatpay-Nonce"]+"\n"+in.Body+"\n", h["Wechatpay-Signature"]) {
			t.Errorf("%s: the signature does not verify", v.ID)
		}
		var body struct {
			Resource struct {
				Ciphertext, Nonce string
				Associated        string `json:"associated_data"`
			}
		}
		_ = json.Unmarshal([]byte(in.Body), &body)
		if _, err := Open(in.APIv3Key, body.Resource.Nonce, body.Resource.Associated, body.Resource.Ciphertext); err != nil {
			t.Errorf("%s: %v", v.ID, err)
		}
	}
}

// merchant calls the fake as a merchant would; it verifies every answer that succeeded.
type merchant struct {
	t *testing.T
	f *Fake
}

func (m merchant) call(method, path, body string) (int, map[string]any) {
	m.t.Helper()
	status, b := m.raw(method, path, body, true)
	out := map[string]any{}
	_ = json.Unmarshal(b, &out)
	return status, out
}

func (m merchant) raw(method, path, body string, signed bool) (int, []byte) {
	m.t.Helper()
	k := m.f.Keys()
	ts, nonce := strconv.FormatInt(time.Now().Unix(), 10), digits(32)
	r, _ := http.NewRequest(method, m.f.URL()+path, strings.NewReader(body))
	sig := Signature(k.Merchant, method+"\n"+path+"\n"+ts+"\n"+nonce+"\n"+body+"\n")
	r.Header.Set("Authorization", fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%s",timestamp="%s",serial_no="%s",signature="%s"`, k.MchID, nonce, ts, k.Serial, sig))
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Wechatpay-Serial", k.PublicKeyID)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	h := res.Header
	if good := Verify(&k.Platform.PublicKey, h.Get("Wechatpay-Timestamp")+"\n"+h.Get("Wechatpay-Nonce")+"\n"+string(b)+"\n", h.Get("Wechatpay-Signature")); good != (signed && res.StatusCode < 300) {
		m.t.Errorf("%s %s %d: signature good = %v", method, path, res.StatusCode, good)
	}
	return res.StatusCode, b
}

func (m merchant) prepay(no string, total int, notify string) (int, map[string]any) {
	m.t.Helper()
	return m.call("POST", "/v3/pay/transactions/jsapi", fmt.Sprintf(`{"appid":"wxA","mchid":%q,"description":"课 <1>","out_trade_no":%q,"notify_url":%q,"amount":{"total":%d},"payer":{"openid":"oA"}}`+"\n", m.f.Keys().MchID, no, notify, total))
}

// inbox takes notices and answers status.
func inbox(t *testing.T, f *Fake) (url string, got func() []string, answer func(int)) {
	var mu sync.Mutex
	var plains []string
	status := 204
	k := f.Keys()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h := r.Header
		mu.Lock()
		defer mu.Unlock()
		if !Verify(&k.Platform.PublicKey, h.Get("Wechatpay-Timestamp")+"\n"+h.Get("Wechatpay-Nonce")+"\n"+string(b)+"\n", h.Get("Wechatpay-Signature")) {
			plains = append(plains, "forged")
			w.WriteHeader(401)
			return
		}
		var n struct {
			Resource struct {
				Ciphertext, Nonce string
				Associated        string `json:"associated_data"`
			}
		}
		_ = json.Unmarshal(b, &n)
		p, err := Open(k.APIv3Key, n.Resource.Nonce, n.Resource.Associated, n.Resource.Ciphertext)
		if err != nil {
			t.Error(err)
		}
		plains = append(plains, string(p))
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { mu.Lock(); defer mu.Unlock(); return append([]string(nil), plains...) }, func(n int) { mu.Lock(); status = n; mu.Unlock() }
}

func open(t *testing.T, o Options) (*Fake, merchant) {
	t.Helper()
	if o.RefundIn == 0 {
		o.RefundIn = time.Millisecond
	}
	f := New(o).Start(t)
	return f, merchant{t, f}
}

func TestOrderFromPrepayToRefund(t *testing.T) {
	f, m := open(t, Options{})
	url, got, _ := inbox(t, f)
	f.SetService(url)
	const hook = "https://shop.example.com/hook/pay"
	status, o := m.prepay("A20260101000001", 9900, hook)
	if status != 200 || o["prepay_id"] == "" {
		t.Fatalf("prepay: %d %v", status, o)
	}
	if status, again := m.prepay("A20260101000001", 9900, hook); status != 200 || again["prepay_id"] == o["prepay_id"] {
		t.Errorf("same parameters: %d %v", status, again)
	}
	if status, e := m.prepay("A20260101000001", 9901, hook); status != 403 || e["code"] != "OUT_TRADE_NO_USED" {
		t.Errorf("other amount: %d %v", status, e)
	}
	if status, e := m.prepay("A20260101000002", 9900, hook+"?a=1"); status != 400 || e["code"] != "PARAM_ERROR" {
		t.Errorf("notify_url with a query: %d %v", status, e)
	}
	q := "/v3/pay/transactions/out-trade-no/A20260101000001?mchid=" + f.Keys().MchID
	if _, s := m.call("GET", q, ""); s["trade_state"] != "NOTPAY" || s["amount"] != nil {
		t.Errorf("unpaid: %v", s)
	}
	done, err := f.Pay("A20260101000001", Payment{Coupon: 100})
	if err != nil {
		t.Fatal(err)
	}
	f.Wait()
	if n := got(); len(n) != 1 || !strings.Contains(n[0], `"payer_total":9800`) || !strings.Contains(n[0], done.TransactionID) {
		t.Errorf("notices: %v", n)
	}
	if _, s := m.call("GET", q, ""); s["trade_state"] != "SUCCESS" || s["transaction_id"] != done.TransactionID {
		t.Errorf("paid: %v", s)
	}
	if status, e := m.call("POST", "/v3/pay/transactions/out-trade-no/A20260101000001/close", `{"mchid":"`+f.Keys().MchID+`"}`); status != 400 {
		t.Errorf("closing a paid order: %d %v", status, e)
	}
	refund := func(no string, amount int) (int, map[string]any) {
		return m.call("POST", "/v3/refund/domestic/refunds", fmt.Sprintf(`{"out_trade_no":"A20260101000001","out_refund_no":%q,"notify_url":"https://shop.example.com/hook/refund","amount":{"refund":%d,"total":9900,"currency":"CNY"}}`, no, amount))
	}
	if status, x := refund("R1", 6000); status != 200 || x["status"] != "PROCESSING" {
		t.Errorf("refund: %d %v", status, x)
	}
	if status, _ := refund("R1", 6000); status != 200 {
		t.Errorf("same refund again: %d", status)
	}
	if status, _ := refund("R2", 6000); status != 400 {
		t.Errorf("more than was paid: %d", status)
	}
	f.Wait()
	if _, x := m.call("GET", "/v3/refund/domestic/refunds/R1", ""); x["status"] != "SUCCESS" {
		t.Errorf("refund result: %v", x)
	}
	if n := got(); len(n) != 2 || !strings.Contains(n[1], `"refund_status":"SUCCESS"`) {
		t.Errorf("refund notice: %v", n)
	}
	if _, s := m.call("GET", q, ""); s["trade_state"] != "REFUND" {
		t.Errorf("after the refund: %v", s)
	}
	f.NextRefunds("ABNORMAL")
	refund("R3", 3900)
	f.Wait()
	if _, x := m.call("GET", "/v3/refund/domestic/refunds/R3", ""); x["status"] != "ABNORMAL" {
		t.Errorf("abnormal refund: %v", x)
	}
}

func TestClosing(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	f, m := open(t, Options{Now: func() time.Time { return now }})
	const hook = "https://shop.example.com/hook/pay"
	m.prepay("B00000001", 100, hook)
	closing := func() int {
		status, _ := m.call("POST", "/v3/pay/transactions/out-trade-no/B00000001/close", `{"mchid":"`+f.Keys().MchID+`"}`)
		return status
	}
	f.Typing("B00000001", true)
	if s := closing(); s != 202 {
		t.Errorf("while typing: %d", s)
	}
	f.Typing("B00000001", false)
	if s := closing(); s != 204 {
		t.Errorf("close: %d", s)
	}
	if s := closing(); s != 400 {
		t.Errorf("close again: %d", s)
	}
	if _, err := f.Pay("B00000001", Payment{}); err == nil {
		t.Error("a closed order was paid")
	}
	if _, err := f.Pay("B00000001", Payment{Force: true, Silent: true}); err != nil {
		t.Errorf("money that comes too late: %v", err)
	}
	m.prepay("B00000002", 100, hook)
	now = now.Add(8 * 24 * time.Hour)
	if _, err := f.Pay("B00000002", Payment{}); err == nil {
		t.Error("an expired order was paid")
	}
	if status, _ := m.call("POST", "/v3/pay/transactions/out-trade-no/NONE000/close", `{"mchid":"`+f.Keys().MchID+`"}`); status != 404 {
		t.Errorf("unknown order: %d", status)
	}
}

func TestBadDays(t *testing.T) {
	f, m := open(t, Options{Plan: []time.Duration{time.Millisecond, time.Millisecond}})
	url, got, answer := inbox(t, f)
	f.SetService(url)
	n := 0
	pay := func(b BadDays) []string {
		t.Helper()
		n++
		no := fmt.Sprintf("C%08d", n)
		m.prepay(no, 100, "https://shop.example.com/hook/pay")
		f.SetBadDays(b)
		before := len(got())
		if _, err := f.Pay(no, Payment{}); err != nil {
			t.Fatal(err)
		}
		f.Wait()
		return got()[before:]
	}
	if g := pay(BadDays{Times: 3}); len(g) != 3 || g[0] != g[2] {
		t.Errorf("three times: %v", g)
	}
	if g := pay(BadDays{Never: true}); len(g) != 0 {
		t.Errorf("never: %v", g)
	}
	if g := pay(BadDays{WrongAmount: true}); len(g) != 1 || !strings.Contains(g[0], `"total":99,`) && !strings.Contains(g[0], `"total":99}`) {
		t.Errorf("wrong amount: %v", g)
	}
	if g := pay(BadDays{Probe: true}); len(g) != 2 || g[0] != "forged" || g[1] == "forged" {
		t.Errorf("probe: %v", g)
	}
	if g := pay(BadDays{Forged: true}); len(g) < 1 || g[0] != "forged" {
		t.Errorf("forged: %v", g)
	}
	time.Sleep(20 * time.Millisecond)
	answer(500)
	before := len(got())
	pay(BadDays{})
	for end := time.Now().Add(2 * time.Second); len(got())-before < 3 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if g := len(got()) - before; g != 3 {
		t.Errorf("%d deliveries of a notice that is refused, want 1 and the plan's 2", g)
	}
	if s := f.TellAgain(fmt.Sprintf("C%08d", n)); s != 500 {
		t.Errorf("TellAgain: %d", s)
	}
}

func TestBadSignaturesAndSheet(t *testing.T) {
	f, m := open(t, Options{})
	res, err := http.Post(f.URL()+"/v3/pay/transactions/jsapi", "application/json", strings.NewReader(`{}`))
	if err != nil || res.StatusCode != 401 {
		t.Errorf("unsigned: %v", err)
	}
	_, o := m.prepay("D00000001", 100, "https://shop.example.com/hook/pay")
	s := Sheet{TimeStamp: "1764000000", NonceStr: "n", Package: "prepay_id=" + o["prepay_id"].(string), SignType: "RSA"}
	s.PaySign = Signature(f.Keys().Merchant, "wxA\n"+s.TimeStamp+"\n"+s.NonceStr+"\n"+s.Package+"\n")
	if got, err := f.OpenSheet("wxA", s); err != nil || got.Total != 100 {
		t.Errorf("sheet: %v, %v", got, err)
	}
	if _, err := f.OpenSheet("wxB", s); err == nil {
		t.Error("a sheet of another app opened")
	}
}

func TestBill(t *testing.T) {
	now := time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)
	f, m := open(t, Options{Now: func() time.Time { return now }})
	m.prepay("E00000001", 12345, "https://shop.example.com/hook/pay")
	if _, err := f.Pay("E00000001", Payment{Silent: true}); err != nil {
		t.Fatal(err)
	}
	if status, e := m.call("GET", "/v3/bill/tradebill?bill_date=2026-11-01", ""); status != 400 || e["code"] != "PARAM_ERROR" {
		t.Errorf("today's bill: %d %v", status, e)
	}
	now = now.Add(24 * time.Hour)
	for _, tar := range []string{"", "&tar_type=GZIP"} {
		status, o := m.call("GET", "/v3/bill/tradebill?bill_date=2026-11-01"+tar, "")
		if status != 200 {
			t.Fatalf("bill: %d %v", status, o)
		}
		_, b := m.raw("GET", strings.TrimPrefix(o["download_url"].(string), "https://api.mch.weixin.qq.com"), "", false)
		if tar != "" {
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			b, _ = io.ReadAll(z)
		}
		sum := sha1.Sum(b)
		if hex.EncodeToString(sum[:]) != o["hash_value"] || !strings.Contains(string(b), ",`123.45,`") || !strings.Contains(string(b), "`E00000001") {
			t.Errorf("bill:\n%s", b)
		}
	}
	if status, e := m.call("GET", "/v3/bill/tradebill?bill_date=2026-10-31", ""); status != 400 || e["code"] != "NO_STATEMENT_EXIST" {
		t.Errorf("empty day: %d %v", status, e)
	}
	if status, c := m.call("GET", "/v3/certificates", ""); status != 200 {
		t.Errorf("certificates: %d %v", status, c)
	}
}

func TestRestoreGoesOn(t *testing.T) {
	f, m := open(t, Options{Plan: []time.Duration{time.Hour}})
	url, _, answer := inbox(t, f)
	answer(500)
	f.SetService(url)
	m.prepay("F00000001", 100, "https://shop.example.com/hook/pay")
	if _, err := f.Pay("F00000001", Payment{}); err != nil {
		t.Fatal(err)
	}
	f.Wait()
	b, err := f.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	g, _ := open(t, Options{Plan: []time.Duration{time.Millisecond}})
	url, got, _ := inbox(t, g)
	g.SetService(url)
	if err := g.Restore(b); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Second); len(got()) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if o, found := g.Order("F00000001"); !found || o.State != "SUCCESS" || len(got()) != 1 {
		t.Errorf("after the restart: %+v, %d notices", o, len(got()))
	}
}
