package wechattest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/skip2/go-qrcode"
)

const codeLife = 5 * time.Minute

type code struct {
	openid string // to the Mini Program
	phone  bool
	ends   time.Time
	used   bool
}

// LoginCode is what wx.login gives on somebody's phone: good once, for five minutes.
func (f *Fake) LoginCode(id string) string { return f.newCode(id, false) }

// PhoneCode is what the phone-number button gives: good once, for five minutes, and no login code.
func (f *Fake) PhoneCode(id string) string { return f.newCode(id, true) }

func (f *Fake) newCode(id string, phone bool) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.find(id)
	if p == nil {
		p = f.add(Person{MiniOpenID: id})
	}
	now := time.Now()
	for c, o := range f.once {
		if now.After(o.ends.Add(codeLife)) {
			delete(f.once, c)
		}
	}
	c := "0" + random(31)
	f.once[c] = code{openid: p.MiniOpenID, phone: phone, ends: now.Add(codeLife)}
	return c
}

// NewSessionKey makes somebody's session_key another one, as a new wx.login may: what was signed with the old one
// is refused from now on.
func (f *Fake) NewSessionKey(id string) {
	f.mu.Lock()
	if p := f.find(id); p != nil {
		p.SessionKey = sessionKey()
	}
	f.mu.Unlock()
	f.changed()
}

// SessionKey gives the session_key of somebody to the Mini Program, "" before the first login.
func (f *Fake) SessionKey(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.find(id); p != nil {
		return p.SessionKey
	}
	return ""
}

func sessionKey() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// takeCode uses a code up: 40029 for one that never was or has run out, 40163 for a used one.
func (f *Fake) takeCode(c string, phone bool) (string, int) {
	o, known := f.once[c]
	switch {
	case c == "":
		return "", 41008
	case !known || o.phone != phone || time.Now().After(o.ends):
		return "", 40029
	case o.used:
		return "", 40163
	}
	o.used = true
	f.once[c] = o
	return o.openid, 0
}

func (f *Fake) code2Session(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	mini := f.Mini()
	switch {
	case q.Get("grant_type") != "authorization_code":
		refuse(w, 40002)
		return
	case q.Get("appid") == "":
		refuse(w, 41002)
		return
	case q.Get("appid") != mini.AppID:
		refuse(w, 40013)
		return
	case q.Get("secret") != mini.Secret:
		refuse(w, 40125)
		return
	}
	f.mu.Lock()
	openid, bad := f.takeCode(q.Get("js_code"), false)
	if bad != 0 {
		f.mu.Unlock()
		refuse(w, bad)
		return
	}
	p := f.s.byMini[openid]
	if p.SessionKey == "" {
		p.SessionKey = sessionKey()
	}
	f.visited(p.ID)
	out := map[string]any{"session_key": p.SessionKey, "openid": p.MiniOpenID, "unionid": p.UnionID}
	f.mu.Unlock()
	f.changed()
	answer(w, out)
}

func (f *Fake) phoneNumber(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code string }
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	openid, bad := f.takeCode(in.Code, true)
	if bad != 0 {
		f.mu.Unlock()
		refuse(w, bad)
		return
	}
	phone, appid := f.s.byMini[openid].Phone, f.opt.Mini.AppID
	f.mu.Unlock()
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "phone_info": map[string]any{"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86",
		"watermark": map[string]any{"timestamp": time.Now().Unix(), "appid": appid}}})
}

// checkSession verifies signature = hmac_sha256(session_key, "").
func (f *Fake) checkSession(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	key := f.SessionKey(q.Get("openid"))
	if key == "" || q.Get("sig_method") != "hmac_sha256" || q.Get("signature") != HMAC(key, "") {
		refuse(w, 87009)
		return
	}
	ok(w)
}

// risky words make the fake's text check speak; the real one cannot be told what to find.
var risky = map[string]int{"加微信": 10001, "兼职刷单": 20008, "傻子": 20003}

func (f *Fake) textCheck(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Version, Scene                              int
		OpenID, Content, Title, Nickname, Signature string
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	known := f.s.byMini[in.OpenID] != nil
	f.mu.Unlock()
	switch {
	case in.Version != 2 || in.Scene < 1 || in.Scene > 4:
		refuse(w, 40097)
		return
	case !known:
		refuse(w, 40003)
		return
	case in.Content == "":
		refuse(w, 44004)
		return
	case utf8.RuneCountInString(in.Content) > 2500:
		refuse(w, 45002)
		return
	}
	suggest, label, word := "pass", 100, ""
	for k, l := range risky {
		if strings.Contains(in.Content, k) {
			suggest, label, word = "risky", l, k
		}
	}
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "trace_id": rid(), "result": map[string]any{"suggest": suggest, "label": label},
		"detail": []any{map[string]any{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90, "keyword": word}}})
}

// shipping takes upload_shipping_info: virtual goods need exactly one line with a name and no parcel number; one
// correction is allowed.
func (f *Fake) shipping(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Key struct {
			Type          int    `json:"order_number_type"`
			TransactionID string `json:"transaction_id"`
			MchID         string `json:"mchid"`
			OutTradeNo    string `json:"out_trade_no"`
		} `json:"order_key"`
		Logistics int `json:"logistics_type"`
		Mode      int `json:"delivery_mode"`
		List      []struct {
			Desc     string `json:"item_desc"`
			Tracking string `json:"tracking_no"`
		} `json:"shipping_list"`
		Time  string `json:"upload_time"`
		Payer struct {
			OpenID string `json:"openid"`
		} `json:"payer"`
	}
	if !decode(w, r, &in) {
		return
	}
	_, badTime := time.Parse(time.RFC3339, in.Time)
	key := in.Key.TransactionID
	if in.Key.Type == 1 {
		key = in.Key.MchID + "/" + in.Key.OutTradeNo
	}
	switch {
	case in.Key.Type != 1 && in.Key.Type != 2, key == "", in.Logistics < 1, in.Logistics > 4, in.Mode != 1 && in.Mode != 2, badTime != nil, in.Payer.OpenID == "":
		refuse(w, 40097)
		return
	case in.Mode == 1 && len(in.List) != 1:
		answer(w, map[string]any{"errcode": 10060012, "errmsg": "统一发货模式下，物流信息列表长度必须为1 rid: " + rid()})
		return
	case in.List[0].Desc == "", utf8.RuneCountInString(in.List[0].Desc) > 120, in.Logistics == 3 && in.List[0].Tracking != "":
		refuse(w, 40097)
		return
	}
	f.mu.Lock()
	known := f.s.byMini[in.Payer.OpenID] != nil
	n := f.s.Shipped[key]
	if known && n < 2 {
		f.s.Shipped[key]++
	}
	f.mu.Unlock()
	switch {
	case !known:
		refuse(w, 10060001)
	case n >= 2:
		answer(w, map[string]any{"errcode": 10060003, "errmsg": "支付单已使用重新发货机会 rid: " + rid()})
	default:
		f.changed()
		ok(w)
	}
}

// Shipped says how often shipping information came for a transaction_id, or for mchid/out_trade_no.
func (f *Fake) Shipped(key string) int { f.mu.Lock(); defer f.mu.Unlock(); return f.s.Shipped[key] }

func (f *Fake) tradeManaged(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "is_trade_managed": true})
}

const sceneSigns = "!#$&'()*+,/:;=?@-._~"

func (f *Fake) miniCode(w http.ResponseWriter, r *http.Request) {
	var in struct{ Scene, Page string }
	if !decode(w, r, &in) {
		return
	}
	good := len(in.Scene) >= 1 && len(in.Scene) <= 32
	for _, c := range in.Scene {
		good = good && (strings.ContainsRune(letters, c) || strings.ContainsRune(sceneSigns, c))
	}
	if !good {
		refuse(w, 40129)
		return
	}
	if strings.HasPrefix(in.Page, "/") || strings.Contains(in.Page, "?") {
		refuse(w, 41030)
		return
	}
	png, err := qrcode.Encode("miniprogram:"+in.Page+"?scene="+in.Scene, qrcode.Medium, 430)
	if err != nil {
		refuse(w, -1)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(png)
}
