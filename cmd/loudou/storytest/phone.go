package storytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"loudou/service/wechat/wechattest"
)

// Phone is a learner with the Mini Program open.
type Phone struct {
	house  *House
	Person wechattest.Person
	token  string
	client *http.Client
}

// Phone makes a person and logs in.
func (h *House) Phone() *Phone {
	h.T.Helper()
	p := &Phone{house: h, Person: h.WeChat.AddPerson(wechattest.Person{}), client: &http.Client{Timeout: 20 * time.Second}}
	a := h.call(p.client, "POST", h.All[0].URL()+"/mini/v1/session", `{"code":"`+h.WeChat.LoginCode(p.Person.ID)+`","platform":"android"}`)
	if p.token, _ = a.Get("token").(string); a.Status != http.StatusOK || p.token == "" {
		h.T.Fatalf("login: %d %s", a.Status, a.Body)
	}
	h.plant("session_key", h.WeChat.SessionKey(p.Person.ID))
	return p
}

// Call calls the Mini Program's door. Status 0: no answer.
func (p *Phone) Call(method, path, body string, headers ...string) Answer {
	return p.house.call(p.client, method, p.house.All[0].URL()+"/mini/v1"+path, body, append(headers, "Authorization", "Bearer "+p.token)...)
}

// Order orders a course under a key.
func (p *Phone) Order(key string, course int64) Answer {
	return p.Call("POST", "/orders", fmt.Sprintf(`{"course_id":%d,"via":"jsapi"}`, course), "Idempotency-Key", key)
}

// ordered places an order and gives its number.
func (p *Phone) ordered(course int64) string {
	p.house.T.Helper()
	a := p.Order(uuid.NewString(), course)
	no, _ := a.Get("out_trade_no").(string)
	if a.Status != http.StatusCreated || no == "" {
		p.house.T.Fatalf("order: %d %s", a.Status, a.Body)
	}
	return no
}

// Events sends n events of a course, some ids again, and notes what was acknowledged.
func (p *Phone) Events(course int64, n int, again []string) (ids []string, a Answer) {
	ids = again
	for len(ids) < n {
		ids = append(ids, uuid.Must(uuid.NewV7()).String())
	}
	at := time.Now().UTC().Format(time.RFC3339Nano)
	list := make([]string, 0, n)
	for _, id := range ids {
		list = append(list, fmt.Sprintf(`{"id":"%s","type":"course_view","occurred_at":"%s","course_id":%d}`, id, at, course))
	}
	a = p.Call("POST", "/events", `{"sent_at":"`+at+`","events":[`+strings.Join(list, ",")+`]}`)
	if a.Status == http.StatusOK {
		if rejected, _ := a.Get("rejected").([]any); len(rejected) > 0 {
			p.house.unjust.Do(func() { p.house.T.Errorf("honest events rejected: %s", a.Body) }) // once says it: a load sends thousands
			return ids, a
		}
		p.house.Acknowledged(ids...)
	}
	return ids, a
}

// Course puts a course of 99 yuan with a lesson on sale.
func (h *House) Course() int64 {
	h.T.Helper()
	id := h.must(201, h.Console("POST", "/courses", `{"title":"写作课","price":9900,"intro":"每天一练"}`)).Number("id")
	path := "/courses/" + strconv.FormatInt(id, 10)
	h.must(201, h.Console("POST", path+"/lessons", `{"title":"第一课","kind":"text","content":"<p>先写十个标题</p>","trial":true}`))
	h.must(200, h.Console("POST", path+"/publish", `{}`))
	h.Until("the goods are on sale", 30*time.Second, func() bool { return h.Count("SELECT COUNT(*) FROM jobs") == 0 })
	return id
}

// Keyword publishes a rule that answers word with one of many texts, so that a second answer would differ.
func (h *House) Keyword(word string) {
	h.T.Helper()
	h.must(201, h.Console("POST", "/replies", `{"name":"`+word+`","kind":"keyword","keywords":[{"text":"`+word+`","match":"exact"}],"pick":"random","enabled":true,"messages":[{"type":"text","content":"一"},{"type":"text","content":"二"},{"type":"text","content":"三"},{"type":"text","content":"四"},{"type":"text","content":"五"}]}`))
	h.must(200, h.Console("POST", "/replies/publish", `{"note":"开张"}`))
}

func (h *House) must(status int, a Answer) Answer {
	h.T.Helper()
	if a.Status != status {
		h.T.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Text is a message of a fan as WeChat would push it; sent again it is the same push.
func Text(openid, content, msgid string) []byte {
	return wechattest.Fields{
		{Name: "ToUserName", Value: "gh"}, {Name: "FromUserName", Value: openid}, {Name: "CreateTime", Value: strconv.FormatInt(time.Now().Unix(), 10)},
		{Name: "MsgType", Value: "text"}, {Name: "Content", Value: content}, {Name: "MsgId", Value: msgid},
	}.XML()
}

// Push delivers a message to an instance, wrapped and signed anew, and opens the answer. Status 0: none came.
func (h *House) Push(instance int, message []byte) Answer {
	oa := h.WeChat.Official()
	w, err := h.WeChat.Wrap(oa.AppID, "o", message)
	if err != nil {
		h.T.Error(err)
		return Answer{}
	}
	start := time.Now()
	client := &http.Client{Timeout: 6 * time.Second}
	res, err := client.Post(h.All[instance].URL()+"/hook/official?"+w.Query.Encode(), w.ContentType, bytes.NewReader(w.Body)) //nolint:noctx // the client's limit counts
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	a := Answer{Status: res.StatusCode, Body: raw, Took: time.Since(start)}
	if _, rest, ok := strings.Cut(string(raw), "<Encrypt><![CDATA["); ok {
		sealed, _, _ := strings.Cut(rest, "]]>")
		if a.Body, _, err = wechattest.Decrypt(oa.AESKey, sealed); err != nil {
			h.T.Error(err)
		}
	}
	_, text, _ := strings.Cut(string(a.Body), "<Content><![CDATA[")
	text, _, _ = strings.Cut(text, "]]>")
	a.Body, _ = json.Marshal(map[string]string{"text": text, "raw": string(a.Body)})
	return a
}

// Said is the text a push was answered with.
func (a Answer) Said() string { s, _ := a.Get("text").(string); return s }
