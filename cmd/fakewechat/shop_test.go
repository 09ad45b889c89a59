package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
)

// shop is the smallest service a phone can talk to: one course, two lessons, one article, both roads of payment. It
// stands in for the real one, so that this program is tested by itself.
type shop struct {
	k    *keys
	fake string // base URL of fakewechat

	mu sync.Mutex
	n  int

	orders   map[string]*shopOrder
	sessions map[string]string // openid → session_key
	events   []map[string]any
	notices  []string
	pushes   []string
	sleep    time.Duration
}

type shopOrder struct {
	No, Via, Status, OpenID, Prepay string
}

const shopPrice = 19900

func newShop(k *keys, fake string) *shop {
	return &shop{k: k, fake: fake, orders: map[string]*shopOrder{}, sessions: map[string]string{}}
}

func (s *shop) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/hook/official", s.official)
	m.HandleFunc("/hook/mini", s.mini)
	m.HandleFunc("POST /hook/pay", s.notice)
	m.HandleFunc("POST /hook/refund", s.notice)
	m.HandleFunc("POST /mini/v1/session", s.session)
	m.HandleFunc("GET /mini/v1/articles", s.json(func(*http.Request) any { return items(s.article()) }))
	m.HandleFunc("GET /mini/v1/articles/{id}", s.json(func(*http.Request) any { return s.article() }))
	m.HandleFunc("GET /mini/v1/courses", s.json(func(r *http.Request) any {
		if q := r.URL.Query().Get("q"); q != "" && !strings.Contains("写作课", q) {
			return items()
		}
		return items(s.course(r))
	}))
	m.HandleFunc("GET /mini/v1/courses/{id}", s.json(func(r *http.Request) any { return s.course(r) }))
	m.HandleFunc("GET /mini/v1/me/courses", s.json(func(r *http.Request) any {
		if !s.owns(r) {
			return items()
		}
		c := s.course(r)
		c["progress"], c["finished_lessons"] = 0.5, 1
		return items(c)
	}))
	m.HandleFunc("GET /mini/v1/lessons/{id}", s.lesson)
	m.HandleFunc("PUT /mini/v1/lessons/{id}/progress", s.json(func(*http.Request) any { return map[string]any{"position_seconds": 1, "finished": true} }))
	m.HandleFunc("POST /mini/v1/orders", s.place)
	m.HandleFunc("GET /mini/v1/orders", s.json(func(r *http.Request) any {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := []any{}
		for _, o := range s.orders {
			if o.OpenID == bearer(r) {
				out = append(out, s.view(o, false))
			}
		}
		return items(out...)
	}))
	m.HandleFunc("GET /mini/v1/orders/{no}", s.json(func(r *http.Request) any {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.view(s.orders[r.PathValue("no")], true)
	}))
	m.HandleFunc("POST /mini/v1/orders/{no}/cancel", s.json(func(r *http.Request) any {
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.orders[r.PathValue("no")]
		o.Status = "closed"
		return s.view(o, false)
	}))
	m.HandleFunc("POST /mini/v1/orders/{no}/refund-requests", s.json(func(*http.Request) any { return map[string]any{"status": "asked"} }))
	m.HandleFunc("POST /mini/v1/events", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Events []map[string]any }
		_ = json.NewDecoder(r.Body).Decode(&in)
		s.mu.Lock()
		s.events = append(s.events, in.Events...)
		s.mu.Unlock()
		answer(w, map[string]any{"accepted": len(in.Events), "duplicate": 0, "rejected": []any{}})
	})
	m.HandleFunc("GET /r/{code}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://mp.weixin.qq.com/s/story-1", http.StatusFound)
	})
	return m
}

func items(v ...any) map[string]any {
	if v == nil {
		v = []any{}
	}
	return map[string]any{"items": v, "next_page_token": ""}
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (s *shop) json(fn func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { answer(w, fn(r)) }
}

func (s *shop) article() map[string]any {
	return map[string]any{"id": 7, "title": "三步写出好开头", "digest": "一篇就够", "cover": "", "url": "https://mp.weixin.qq.com/s/story-1", "course_id": 1, "published_at": time.Now().Format(time.RFC3339), "content": "<p>第一步：<strong>写下来</strong>。</p><script>alert(1)</script><p onclick=\"x\">第二步：删一半。</p>"}
}

func (s *shop) owns(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.orders {
		if o.OpenID == bearer(r) && o.Status == "paid" {
			return true
		}
	}
	return false
}

func (s *shop) course(r *http.Request) map[string]any {
	own := s.owns(r)
	actions := []string{"buy", "trial"}
	if own {
		actions = []string{"learn"}
	}
	return map[string]any{"id": 1, "title": "写作课：从一句话到一本书", "price": shopPrice, "original_price": 29900, "lesson_count": 2, "category": "写作", "teacher": "林老师", "owned": own, "actions": actions, "vias": []string{"jsapi", "xpay"}, "intro": "<p>从一句话开始。</p>",
		"lessons": []any{map[string]any{"id": 11, "title": "试听：第一句话", "kind": "video", "seconds": 60, "trial": true, "playable": true}, map[string]any{"id": 12, "title": "第二课：删掉一半", "kind": "text", "seconds": 0, "trial": false, "playable": own}}}
}

func (s *shop) lesson(w http.ResponseWriter, r *http.Request) {
	own := s.owns(r)
	id, _ := strconv.Atoi(r.PathValue("id"))
	if id == 12 && !own {
		w.WriteHeader(403)
		_, _ = io.WriteString(w, `{"error":{"code":"forbidden","message":"这节课要购买后才能学"}}`)
		return
	}
	answer(w, map[string]any{"id": id, "course_id": 1, "title": map[int]string{11: "试听：第一句话", 12: "第二课：删掉一半"}[id], "kind": map[int]string{11: "video", 12: "text"}[id], "seconds": map[int]int{11: 60}[id], "trial": id == 11, "owned": own, "content": "<p>正文</p>", "media": ""})
}

func (s *shop) session(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	res, err := http.Get(s.fake + "/sns/jscode2session?grant_type=authorization_code&appid=" + s.k.env["LOUDOU_MINI_APPID"] + "&secret=" + s.k.env["LOUDOU_MINI_SECRET"] + "&js_code=" + in.Code)
	if err != nil {
		w.WriteHeader(503)
		return
	}
	defer res.Body.Close()
	var out struct {
		OpenID  string `json:"openid"`
		Session string `json:"session_key"`
	}
	if _ = json.NewDecoder(res.Body).Decode(&out); out.OpenID == "" {
		w.WriteHeader(401)
		_, _ = io.WriteString(w, `{"error":{"code":"unauthorized","message":"登录失败"}}`)
		return
	}
	s.mu.Lock()
	s.sessions[out.OpenID] = out.Session
	s.mu.Unlock()
	answer(w, map[string]any{"token": out.OpenID, "expires_in": 3600, "learner": map[string]any{"id": 1}})
}

func (s *shop) place(w http.ResponseWriter, r *http.Request) {
	var in struct{ Via string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	if in.Via == "" {
		in.Via = "jsapi"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	o := &shopOrder{No: fmt.Sprintf("S%s%04d", time.Now().Format("20060102150405"), s.n), Via: in.Via, Status: "pending", OpenID: bearer(r)}
	s.orders[o.No] = o
	if in.Via == "jsapi" {
		var out struct {
			ID string `json:"prepay_id"`
		}
		body := fmt.Sprintf(`{"appid":%q,"mchid":%q,"description":"写作课","out_trade_no":%q,"notify_url":"https://shop.example.com/hook/pay","amount":{"total":%d,"currency":"CNY"},"payer":{"openid":%q}}`, s.k.env["LOUDOU_MINI_APPID"], s.k.pay.MchID, o.No, shopPrice, o.OpenID)
		_ = json.Unmarshal(s.v3("POST", "/v3/pay/transactions/jsapi", body), &out)
		o.Prepay = out.ID
	}
	w.WriteHeader(201)
	answer(w, s.view(o, true))
}

// v3 calls WeChat Pay as a merchant.
func (s *shop) v3(method, path, body string) []byte {
	ts := strconv.FormatInt(time.Now().Unix(), 10)
	r, _ := http.NewRequest(method, s.fake+path, strings.NewReader(body))
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Authorization", fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="n",timestamp="%s",serial_no="%s",signature="%s"`, s.k.pay.MchID, ts, s.k.pay.Serial, wxpaytest.Signature(s.k.pay.Merchant, method+"\n"+path+"\n"+ts+"\nn\n"+body+"\n")))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return b
}

func (s *shop) view(o *shopOrder, pay bool) map[string]any {
	v := map[string]any{"out_trade_no": o.No, "course_id": 1, "title": "写作课：从一句话到一本书", "amount": shopPrice, "status": o.Status, "via": o.Via, "actions": []string{"pay", "cancel"}, "created_at": time.Now().Format(time.RFC3339)}
	if o.Status == "paid" {
		v["actions"] = []string{"learn", "refund"}
	}
	if !pay || o.Status != "pending" {
		return v
	}
	if o.Via == "jsapi" {
		ts, pack := strconv.FormatInt(time.Now().Unix(), 10), "prepay_id="+o.Prepay
		v["pay"] = map[string]string{"timeStamp": ts, "nonceStr": "abc", "package": pack, "signType": "RSA", "paySign": wxpaytest.Signature(s.k.pay.Merchant, s.k.env["LOUDOU_MINI_APPID"]+"\n"+ts+"\nabc\n"+pack+"\n")}
		return v
	}
	d := fmt.Sprintf(`{"offerId":%q,"buyQuantity":1,"env":0,"currencyType":"CNY","productId":"course_1","goodsPrice":%d,"outTradeNo":%q,"attach":""}`, s.k.env["LOUDOU_XPAY_OFFER_ID"], shopPrice, o.No)
	v["pay"] = map[string]string{"mode": "short_series_goods", "signData": d, "paySig": wechattest.HMAC(s.k.env["LOUDOU_XPAY_APP_KEY"], "requestVirtualPayment&"+d), "signature": wechattest.HMAC(s.sessions[o.OpenID], d)}
	return v
}

func (s *shop) paid(no string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[no]; o != nil {
		o.Status = "paid"
	}
}

// notice takes pay and refund notices: signature, then resource.
func (s *shop) notice(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	h := r.Header
	if !wxpaytest.Verify(&s.k.pay.Platform.PublicKey, h.Get("Wechatpay-Timestamp")+"\n"+h.Get("Wechatpay-Nonce")+"\n"+string(b)+"\n", h.Get("Wechatpay-Signature")) {
		w.WriteHeader(401)
		return
	}
	var n struct {
		Event    string `json:"event_type"`
		Resource struct {
			Ciphertext, Nonce string
			Associated        string `json:"associated_data"`
		}
	}
	_ = json.Unmarshal(b, &n)
	plain, err := wxpaytest.Open(s.k.pay.APIv3Key, n.Resource.Nonce, n.Resource.Associated, n.Resource.Ciphertext)
	if err != nil {
		w.WriteHeader(400)
		return
	}
	var t struct {
		No string `json:"out_trade_no"`
	}
	_ = json.Unmarshal(plain, &t)
	s.mu.Lock()
	s.notices = append(s.notices, n.Event)
	s.mu.Unlock()
	if n.Event == "TRANSACTION.SUCCESS" {
		s.paid(t.No)
	}
	w.WriteHeader(204)
}

type shopPush struct {
	ToUserName, FromUserName, MsgType, Content, Event, EventKey, OutTradeNo, Encrypt string
}

func (s *shop) official(w http.ResponseWriter, r *http.Request) {
	token, key, appid := s.k.env["LOUDOU_OFFICIAL_TOKEN"], s.k.env["LOUDOU_OFFICIAL_AES_KEY"], s.k.env["LOUDOU_OFFICIAL_APPID"]
	b, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	var in shopPush
	_ = xml.Unmarshal(b, &in)
	if q.Get("msg_signature") != wechattest.Sign(token, q.Get("timestamp"), q.Get("nonce"), in.Encrypt) {
		w.WriteHeader(403)
		return
	}
	plain, _, _ := wechattest.Decrypt(key, in.Encrypt)
	in = shopPush{}
	_ = xml.Unmarshal(plain, &in)
	s.mu.Lock()
	s.pushes = append(s.pushes, in.MsgType+in.Event+in.EventKey+in.Content)
	wait := s.sleep
	s.mu.Unlock()
	time.Sleep(wait)
	said := "你说：" + in.Content
	switch {
	case in.Event == "subscribe":
		said = "欢迎关注 " + in.EventKey
	case in.Event == "CLICK":
		said = "点了 " + in.EventKey
	case in.Event != "":
		_, _ = io.WriteString(w, "success")
		return
	}
	ts := time.Now().Unix()
	reply := wechattest.Fields{{Name: "ToUserName", Value: in.FromUserName}, {Name: "FromUserName", Value: in.ToUserName}, {Name: "CreateTime", Value: ts}, {Name: "MsgType", Value: "text"}, {Name: "Content", Value: said}}.XML()
	enc, _ := wechattest.Encrypt(key, appid, reply)
	_, _ = w.Write(wechattest.Fields{{Name: "Encrypt", Value: enc}, {Name: "MsgSignature", Value: wechattest.Sign(token, fmt.Sprint(ts), q.Get("nonce"), enc)}, {Name: "TimeStamp", Value: ts}, {Name: "Nonce", Value: q.Get("nonce")}}.XML())
}

func (s *shop) mini(w http.ResponseWriter, r *http.Request) {
	token, key, appid := s.k.env["LOUDOU_MINI_TOKEN"], s.k.env["LOUDOU_MINI_AES_KEY"], s.k.env["LOUDOU_MINI_APPID"]
	b, _ := io.ReadAll(r.Body)
	q := r.URL.Query()
	var in shopPush
	_ = json.Unmarshal(b, &in)
	if q.Get("msg_signature") != wechattest.Sign(token, q.Get("timestamp"), q.Get("nonce"), in.Encrypt) {
		w.WriteHeader(403)
		return
	}
	plain, _, _ := wechattest.Decrypt(key, in.Encrypt)
	_ = json.NewDecoder(bytes.NewReader(plain)).Decode(&in)
	s.mu.Lock()
	s.pushes = append(s.pushes, in.Event)
	s.mu.Unlock()
	if in.Event == "xpay_goods_deliver_notify" {
		s.paid(in.OutTradeNo)
	}
	ts := time.Now().Unix()
	enc, _ := wechattest.Encrypt(key, appid, []byte(`{"ErrCode":0,"ErrMsg":"success"}`))
	answer(w, map[string]any{"Encrypt": enc, "TimeStamp": ts, "Nonce": "n", "MsgSignature": wechattest.Sign(token, fmt.Sprint(ts), "n", enc)})
}
