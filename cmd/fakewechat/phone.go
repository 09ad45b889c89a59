package main

import (
	"context"
	"errors"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"

	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay/xpaytest"
)

// sheet is an open payment sheet on the phone.
type sheet struct {
	ID          string `json:"id"`
	Via         string `json:"via"` // jsapi or xpay
	OutTradeNo  string `json:"out_trade_no"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Payee       string `json:"payee"`
	at          time.Time
	person      string
}

func (h *house) phoneRoutes(m *http.ServeMux) {
	m.HandleFunc("GET /phone/v1/config", h.config)
	m.HandleFunc("GET /phone/v1/people", h.people)
	m.HandleFunc("POST /phone/v1/people", h.newPerson)
	m.HandleFunc("GET /phone/v1/people/{id}", h.person)
	m.HandleFunc("PUT /phone/v1/people/{id}", h.changePerson)
	m.HandleFunc("POST /phone/v1/people/{id}/login-code", func(w http.ResponseWriter, r *http.Request) {
		if _, known := h.wc.Person(r.PathValue("id")); !known {
			refuse(w, 404, "没有这个人")
			return
		}
		answer(w, map[string]string{"code": h.wc.LoginCode(r.PathValue("id"))})
	})
	m.HandleFunc("POST /phone/v1/people/{id}/{act}", h.does)
	m.HandleFunc("GET /phone/v1/people/{id}/chat", h.chat)
	m.HandleFunc("GET /phone/v1/people/{id}/menu", h.menu)
	m.HandleFunc("GET /phone/v1/scenes", func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]any{"items": h.wc.Scenes()}) })
	m.HandleFunc("GET /phone/v1/scenes/picture", h.scenePicture)
	m.HandleFunc("GET /phone/v1/media/{id}", h.media)
	m.HandleFunc("GET /phone/v1/resolve", h.resolve)
	m.HandleFunc("GET /phone/v1/people/{id}/comments", h.comments)
	m.HandleFunc("POST /phone/v1/people/{id}/comments", h.comment)
	m.HandleFunc("POST /phone/v1/jsapi-pay", h.openJSAPI)
	m.HandleFunc("POST /phone/v1/virtual-pay", h.openVirtual)
	m.HandleFunc("POST /phone/v1/sheets/{id}/pay", h.paySheet)
	m.HandleFunc("POST /phone/v1/sheets/{id}/cancel", h.cancelSheet)
}

func (h *house) config(w http.ResponseWriter, r *http.Request) {
	answer(w, map[string]any{"account": map[string]string{"name": "漏斗学堂", "id": h.wc.Official().ID, "appid": h.wc.Official().AppID},
		"mini": map[string]string{"name": "漏斗课堂", "appid": h.wc.Mini().AppID}, "service": h.s.service, "public": h.s.public, "now": h.now(), "articles_open": h.articlesOpen(r.Context())})
}

// articlesOpen says whether the service shows its articles without a login; a phone that knows does not try in vain.
func (h *house) articlesOpen(ctx context.Context) bool {
	h.mu.Lock()
	known, yes := h.asked, h.open
	h.mu.Unlock()
	if known {
		return yes
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", h.s.service+"/mini/v1/articles", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.open = res.StatusCode == 200 || res.StatusCode == 401, res.StatusCode == 200
	return h.open
}

// people lists who may hold the phone: those with the latest chat first, fifty at most, ?q= narrows.
func (h *house) people(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query().Get("q")
	var out []wechattest.Person
	for _, p := range h.wc.People() {
		if q == "" || strings.Contains(p.Name, q) || p.OpenID == q || p.MiniOpenID == q {
			out = append(out, p)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Active.After(out[j].Active) })
	answer(w, map[string]any{"items": list(out[:min(50, len(out))]), "total": len(out)})
}

func (h *house) person(w http.ResponseWriter, r *http.Request) {
	p, known := h.wc.Person(r.PathValue("id"))
	if !known {
		refuse(w, 404, "没有这个人")
		return
	}
	p.Chat, p.Windows, p.SessionKey = nil, nil, ""
	answer(w, p)
}

func (h *house) changePerson(w http.ResponseWriter, r *http.Request) {
	var in struct{ Platform string }
	if !decode(w, r, &in) {
		return
	}
	switch in.Platform {
	case "ios", "android", "windows", "mac", "ohos", "devtools":
		h.wc.SetPlatform(r.PathValue("id"), in.Platform)
		h.person(w, r)
	default:
		refuse(w, 400, "没有这种终端")
	}
}

// does is everything the fan's finger does in the chat.
func (h *house) does(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, known := h.wc.Person(id); !known {
		refuse(w, 404, "没有这个人")
		return
	}
	var a act
	if !decode(w, r, &a) {
		return
	}
	var d wechattest.Delivery
	switch r.PathValue("act") {
	case "follow":
		d = h.wc.Follow(id, "")
	case "unfollow":
		d = h.wc.Unfollow(id)
	case "scan":
		scene := strings.TrimSpace(a.Scene)
		if s, found := h.wc.SceneOf(scene); found {
			scene = s
		}
		if scene == "" || len(scene) > 64 {
			refuse(w, 400, "请填写场景值")
			return
		}
		d = h.wc.Scan(id, scene)
	case "say":
		if strings.TrimSpace(a.Text) == "" || len(a.Text) > 4096 {
			refuse(w, 400, "请输入文字")
			return
		}
		d = h.wc.Say(id, a.Text)
	case "choose":
		d = h.wc.Choose(id, a.Choice, a.Text)
	case "click":
		d = h.wc.Click(id, a.Key)
	case "view":
		d = h.wc.View(id, a.URL)
	case "view-mini":
		d = h.wc.ViewMini(id, a.PagePath)
	default:
		refuse(w, 404, "没有这个动作")
		return
	}
	answer(w, tellOf(d))
}

func (h *house) chat(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	answer(w, map[string]any{"items": list(h.wc.ChatOf(r.PathValue("id"), after)), "now": h.now()})
}

func (h *house) menu(w http.ResponseWriter, r *http.Request) {
	b := h.wc.MenuFor(r.PathValue("id"))
	if b == nil {
		b = []byte("[]")
	}
	answer(w, map[string]any{"button": b})
}

// scenePicture is the code of a scene as one would print it.
func (h *house) scenePicture(w http.ResponseWriter, r *http.Request) {
	t := r.URL.Query().Get("ticket")
	if _, good := h.wc.SceneOf(t); !good {
		http.NotFound(w, r)
		return
	}
	png, err := qrcode.Encode("http://weixin.qq.com/q/"+t[:min(22, len(t))], qrcode.Medium, 240)
	if err != nil {
		http.Error(w, "code", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(png)
}

func (h *house) media(w http.ResponseWriter, r *http.Request) {
	b, mime, found := h.wc.Media(r.PathValue("id"))
	if !found || !strings.HasPrefix(mime, "image/") && !strings.HasPrefix(mime, "audio/") && !strings.HasPrefix(mime, "video/") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(b)
}

// openJSAPI is wx.requestPayment: the sheet opens when paySign and the order are good.
func (h *house) openJSAPI(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string
		Pay    wxpaytest.Sheet
	}
	if !decode(w, r, &in) {
		return
	}
	p, known := h.wc.Person(in.Person)
	o, err := h.pay.OpenSheet(h.wc.Mini().AppID, in.Pay)
	if err == nil && (!known || o.Payer != p.MiniOpenID) {
		err = errors.New("requestPayment:fail 下单账号与支付账号不一致")
	}
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	h.pay.Typing(o.OutTradeNo, true)
	h.showSheet(w, &sheet{Via: "jsapi", OutTradeNo: o.OutTradeNo, Amount: o.Total, Description: o.Description, Payee: h.pay.Payee(), person: in.Person})
}

// openVirtual is wx.requestVirtualPayment.
func (h *house) openVirtual(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string
		Pay    xpaytest.Call
	}
	if !decode(w, r, &in) {
		return
	}
	o, err := h.xpay.Open(in.Person, in.Pay)
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	h.touch()
	h.showSheet(w, &sheet{Via: "xpay", OutTradeNo: o.OutTradeNo, Amount: o.Price, Description: h.xpay.Name(o.ProductID), Payee: h.pay.Payee(), person: in.Person})
}

const sheetLife = time.Minute

func (h *house) showSheet(w http.ResponseWriter, s *sheet) {
	s.ID, s.at = letters(24), time.Now()
	h.mu.Lock()
	var stale []string
	for id, old := range h.sheets {
		if time.Since(old.at) > sheetLife {
			stale = append(stale, old.OutTradeNo)
			delete(h.sheets, id)
		}
	}
	h.sheets[s.ID] = s
	h.mu.Unlock()
	for _, no := range stale {
		if no != s.OutTradeNo {
			h.pay.Typing(no, false) // a page that was closed with its sheet open types no more
		}
	}
	answer(w, map[string]any{"sheet": s})
}

func (h *house) takeSheet(w http.ResponseWriter, r *http.Request) *sheet {
	h.mu.Lock()
	s := h.sheets[r.PathValue("id")]
	delete(h.sheets, r.PathValue("id"))
	h.mu.Unlock()
	if s == nil {
		refuse(w, 404, "支付页已关闭，请重新发起支付")
	}
	return s
}

func (h *house) paySheet(w http.ResponseWriter, r *http.Request) {
	s := h.takeSheet(w, r)
	if s == nil {
		return
	}
	var err error
	if s.Via == "jsapi" {
		_, err = h.pay.Pay(s.OutTradeNo, wxpaytest.Payment{})
	} else {
		_, err = h.xpay.Pay(s.OutTradeNo, time.Time{})
	}
	if err != nil {
		refuse(w, 409, err.Error())
		return
	}
	answer(w, map[string]any{"ok": true, "errMsg": "ok"})
}

func (h *house) cancelSheet(w http.ResponseWriter, r *http.Request) {
	if s := h.takeSheet(w, r); s != nil {
		h.pay.Typing(s.OutTradeNo, false)
		answer(w, map[string]any{"ok": true, "errMsg": "cancel"})
	}
}
