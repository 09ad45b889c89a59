package xpaytest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

type house struct {
	t      *testing.T
	wc     *wechattest.Fake
	f      *Fake
	person wechattest.Person
	token  string

	mu   sync.Mutex
	seen []string
	good bool
}

func open(t *testing.T, o Options) *house {
	t.Helper()
	wc := wechattest.New(wechattest.Options{Mini: wechattest.App{JSON: true}, Wait: time.Second}).Start(t)
	o.WeChat = wc
	if o.RetryEvery == 0 {
		o.RetryEvery, o.RefundIn, o.GoodsIn = time.Millisecond, time.Millisecond, time.Millisecond
	}
	h := &house{t: t, wc: wc, f: New(o).Start(t), good: true}
	a := wc.Mini()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Encrypt string }
		b, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(b, &in)
		q := r.URL.Query()
		if q.Get("msg_signature") != wechattest.Sign(a.Token, q.Get("timestamp"), q.Get("nonce"), in.Encrypt) {
			w.WriteHeader(403)
			return
		}
		msg, _, err := wechattest.Decrypt(a.AESKey, in.Encrypt)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen = append(h.seen, string(msg))
		if !h.good {
			_, _ = io.WriteString(w, "success") // heard by no virtual payment
			return
		}
		enc, _ := wechattest.Encrypt(a.AESKey, a.AppID, []byte(`{"ErrCode":0,"ErrMsg":"success"}`))
		ts := time.Now().Unix()
		_ = json.NewEncoder(w).Encode(map[string]any{"Encrypt": enc, "TimeStamp": ts, "Nonce": "n", "MsgSignature": wechattest.Sign(a.Token, fmt.Sprint(ts), "n", enc)})
	}))
	t.Cleanup(hook.Close)
	wc.SetHooks("", hook.URL)
	h.person = wc.AddPerson(wechattest.Person{})
	wc.NewSessionKey(h.person.ID)
	res, err := http.Post(wc.URL()+"/cgi-bin/stable_token", "application/json", strings.NewReader(fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q}`, a.AppID, a.Secret)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var tok struct {
		AccessToken string `json:"access_token"`
	}
	_ = json.NewDecoder(res.Body).Decode(&tok)
	h.token = tok.AccessToken
	return h
}

func (h *house) pushes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.seen...)
}

func (h *house) call(name, body string) map[string]any {
	h.t.Helper()
	res, err := http.Post(h.wc.URL()+"/xpay/"+name+"?access_token="+h.token+"&pay_sig="+wechattest.HMAC(h.f.Options().AppKey, "/xpay/"+name+"&"+body), "application/json", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	_ = json.NewDecoder(res.Body).Decode(&out)
	return out
}

func (h *house) sign(no string, price int64) Call {
	d := fmt.Sprintf(`{"offerId":%q,"buyQuantity":1,"env":0,"currencyType":"CNY","productId":"course_1","goodsPrice":%d,"outTradeNo":%q,"attach":"course=1"}`, h.f.Options().OfferID, price, no)
	return Call{"short_series_goods", d, wechattest.HMAC(h.f.Options().AppKey, "requestVirtualPayment&"+d), wechattest.HMAC(h.wc.SessionKey(h.person.ID), d)}
}

func TestGoodsOrderRefund(t *testing.T) {
	h := open(t, Options{})
	if _, err := h.f.Open(h.person.ID, h.sign("X2026010100000001", 9900)); err == nil {
		t.Fatal("unpublished goods were sold")
	}
	if o := h.call("start_upload_goods", `{"upload_item":[{"id":"course_1","name":"写作课","price":9900,"remark":"","item_url":""}],"env":0}`); o["errcode"] != 0. {
		t.Fatalf("upload: %v", o)
	}
	h.f.Wait()
	h.call("start_publish_goods", `{"publish_item":[{"id":"course_1"}],"env":0}`)
	h.f.Wait()
	if o := h.call("query_publish_goods", `{"env":0}`); o["status"] != 3. {
		t.Errorf("published: %v", o)
	}
	bad := h.sign("X2026010100000001", 9900)
	bad.PaySig = strings.ToUpper(bad.PaySig)
	if _, err := h.f.Open(h.person.ID, bad); err == nil || err.(ClientError).Code != -15006 {
		t.Errorf("upper-case hex: %v", err)
	}
	if _, err := h.f.Open(h.person.ID, h.sign("X2026010100000001", 9800)); err == nil || err.(ClientError).Code != -15013 {
		t.Errorf("other price: %v", err)
	}
	old := h.sign("X2026010100000001", 9900)
	h.wc.NewSessionKey(h.person.ID)
	if _, err := h.f.Open(h.person.ID, old); err == nil || err.(ClientError).Code != -15005 {
		t.Errorf("a stale session_key: %v", err)
	}
	q := fmt.Sprintf(`{"openid":%q,"env":0,"order_id":"X2026010100000001"}`, h.person.MiniOpenID)
	if o := h.call("query_order", q); o["errcode"] != 268490002. {
		t.Errorf("unknown order: %v", o)
	}
	if _, err := h.f.Open(h.person.ID, h.sign("X2026010100000001", 9900)); err != nil {
		t.Fatal(err)
	}
	status := func() any { return h.call("query_order", q)["order"].(map[string]any)["status"] }
	if s := status(); s != 1. {
		t.Errorf("opened: %v", s)
	}
	h.f.SetBadDays(BadDays{Times: 2})
	if _, err := h.f.Pay("X2026010100000001", time.Time{}); err != nil {
		t.Fatal(err)
	}
	h.f.Wait()
	if s := status(); s != 4. {
		t.Errorf("paid and heard: %v", s)
	}
	if p := h.pushes(); len(p) != 2 || !strings.Contains(p[0], `"ActualPrice":9900`) || !strings.Contains(p[0], h.person.MiniOpenID) {
		t.Errorf("pushes: %v", p)
	}
	h.f.SetBadDays(BadDays{})
	refund := func(id string, left, fee int) any {
		return h.call("refund_order", fmt.Sprintf(`{"openid":%q,"order_id":"X2026010100000001","refund_order_id":%q,"left_fee":%d,"refund_fee":%d,"biz_meta":"","refund_reason":"0","req_from":"2","env":0}`, h.person.MiniOpenID, id, left, fee))["errcode"]
	}
	if c := refund("RF00000001", 9000, 100); c != 268490016. {
		t.Errorf("wrong left_fee: %v", c)
	}
	if c := refund("RF00000001", 9900, 9900); c != 0. {
		t.Errorf("refund: %v", c)
	}
	h.f.Wait()
	if s := status(); s != 5. {
		t.Errorf("refunded: %v", s)
	}
	if c := refund("RF00000001", 9900, 9900); c != 268490004. {
		t.Errorf("again after success: %v", c)
	}
	if p := h.pushes(); len(p) != 3 || !strings.Contains(p[2], `"RefundFee":9900`) || !strings.Contains(p[2], `"RetCode":0`) {
		t.Errorf("refund push: %v", p)
	}
}

func TestRetriesAndSignatures(t *testing.T) {
	h := open(t, Options{Retries: 4})
	h.f.Sell("course_1", "写作课", 100)
	h.good = false
	if _, err := h.f.Open(h.person.ID, h.sign("X2026010100000002", 100)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.f.Pay("X2026010100000002", time.Time{}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Second); len(h.pushes()) < 5 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	time.Sleep(10 * time.Millisecond)
	if p := h.pushes(); len(p) != 5 || !strings.Contains(p[4], `"RetryTimes":4`) {
		t.Errorf("%d pushes, want the first and 4 retries: %v", len(p), p)
	}
	if o := h.call("notify_provide_goods", `{"order_id":"X2026010100000002","env":0}`); o["errcode"] != 0. {
		t.Errorf("notify_provide_goods: %v", o)
	}
	if o, _ := h.f.Order("X2026010100000002"); o.Status != 4 {
		t.Errorf("status %d, want 4", o.Status)
	}
	h.f.opt.AppKey = "another"
	body := `{"order_id":"X2026010100000002","env":0,"openid":"x"}`
	res, err := http.Post(h.wc.URL()+"/xpay/query_order?access_token="+h.token+"&pay_sig=0", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); !strings.Contains(string(b), "268490003") {
		t.Errorf("wrong pay_sig: %s", b)
	}
}

func TestPushInXML(t *testing.T) {
	h := open(t, Options{})
	h.f.Sell("course_1", "写作课", 100)
	if _, err := h.f.Open(h.person.ID, h.sign("X2026010100000003", 100)); err != nil {
		t.Fatal(err)
	}
	var in struct {
		Event     string
		GoodsInfo struct{ ProductId string }
	}
	if err := xml.Unmarshal(h.f.paidFields("X2026010100000003", 0, 0).XML(), &in); err != nil || in.Event != "xpay_goods_deliver_notify" || in.GoodsInfo.ProductId != "course_1" {
		t.Errorf("XML: %+v, %v", in, err)
	}
}
