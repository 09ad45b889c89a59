package storytest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wechat/wechattest"
)

// signed is the query of a push for the Official Account, true for any clear body, at an age.
func (h *House) signed(more url.Values, stamp string) url.Values {
	nonce := strconv.FormatInt(time.Now().UnixNano(), 36)
	q := url.Values{"timestamp": {stamp}, "nonce": {nonce}, "openid": {"o"}, "signature": {wechattest.Sign(h.WeChat.Official().Token, stamp, nonce)}}
	for k, v := range more {
		q[k] = v
	}
	return q
}

func now() string { return strconv.FormatInt(time.Now().Unix(), 10) }

// sealed is a push whose Encrypt element holds what is given, truly signed.
func (h *House) sealed(encrypt, stamp string) (url.Values, string) {
	q := h.signed(url.Values{"encrypt_type": {"aes"}}, stamp)
	q.Set("msg_signature", wechattest.Sign(h.WeChat.Official().Token, stamp, q.Get("nonce"), encrypt))
	return q, "<xml><Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>"
}

// knock sends bytes to an instance and gives status, body and header. Status 0: no answer.
func (h *House) knock(instance int, method, path, contentType string, body io.Reader, more ...string) (int, string, http.Header) {
	req, err := http.NewRequest(method, h.All[instance].URL()+path, body) //nolint:noctx // the client's limit counts
	if err != nil {
		h.T.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return 0, "", nil
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	h.mu.Lock()
	h.answers.Write(raw)
	h.mu.Unlock()
	return res.StatusCode, string(raw), res.Header
}

// Attacks 1–7 at the door of the message push, on two instances: every one is refused in its own way,
// nothing is stored, and the next good one works.
func TestForgedPushes(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 2
		h := Open(t, binary, o)
		h.Keyword("签")
		h.echoes(t)
		trap, traps := listener(t)
		oa := h.WeChat.Official()
		good := Text("oFanAlpha", "签", "9001")
		encrypt := func(plain []byte) string {
			s, err := wechattest.Encrypt(oa.AESKey, oa.AppID, plain)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		type attack struct {
			name string
			q    url.Values
			body string
			want string
		}
		w, err := h.WeChat.Wrap(oa.AppID, "o", good)
		if err != nil {
			t.Fatal(err)
		}
		without := func(q url.Values, name, value string) url.Values {
			out := url.Values{}
			for k, v := range q {
				out[k] = v
			}
			if out.Del(name); value != "" {
				out.Set(name, value)
			}
			return out
		}
		inside := func(name, plain, want string) attack {
			q, body := h.sealed(encrypt([]byte(plain)), now())
			return attack{name, q, body, want}
		}
		stale := func(name, stamp string) attack {
			q, body := h.sealed(encrypt(good), stamp)
			return attack{name, q, body, "403 stale"}
		}
		spoilt := func(name, sealed string) attack {
			q, body := h.sealed(sealed, now())
			return attack{name, q, body, "403 bad_cipher"}
		}
		foreign, err := wechattest.Encrypt(oa.AESKey, "wx9999999999999999", good)
		if err != nil {
			t.Fatal(err)
		}
		old, err := wechattest.Encrypt(h.WeChat.Mini().AESKey, oa.AppID, good) // a key that is not ours any more
		if err != nil {
			t.Fatal(err)
		}
		at := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
		laughs := `<!DOCTYPE x [<!ENTITY a0 "ha">` + func() (s string) {
			for i := range 10 {
				s += fmt.Sprintf(`<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
			}
			return s
		}() + `]><xml><Content>&a10;</Content></xml>`
		for _, x := range []attack{
			{"own plain body", h.signed(nil, now()), string(good), "403 plain_refused"},
			{"raw", h.signed(url.Values{"encrypt_type": {"raw"}}, now()), string(good), "403 plain_refused"},
			{"no msg_signature", without(w.Query, "msg_signature", ""), string(w.Body), "403 bad_msg_signature"},
			{"msg_signature is signature", without(w.Query, "msg_signature", w.Query.Get("signature")), string(w.Body), "403 bad_msg_signature"},
			{"of another Encrypt", w.Query, "<xml><Encrypt>" + encrypt(good) + "</Encrypt></xml>", "403 bad_msg_signature"},
			stale("301 s old", at(-302*time.Second)), stale("301 s ahead", at(302*time.Second)), stale("timestamp 0", "0"), stale("30 digits", strings.Repeat("1", 30)), stale("1e9", "1e9"), stale("empty timestamp", ""),
			spoilt("15 bytes", "AAAAAAAAAAAAAAAAAAAA"), spoilt("17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="), spoilt("base64 with blanks", "AAAA AAAA"), spoilt("another app's", foreign), spoilt("another key", old),
			{"entity of a file", h.signed(nil, now()), `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>`, "400 doctype"},
			inside("entity of a file inside", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>`, "400 doctype"),
			inside("entity of a server", `<!DOCTYPE x [<!ENTITY a SYSTEM "http://`+trap+`/x">]><xml><Content>&a;</Content></xml>`, "400 doctype"),
			inside("parameter entity", `<!DOCTYPE x [<!ENTITY % p SYSTEM "http://`+trap+`/x"> %p;]><xml/>`, "400 doctype"),
			inside("billion laughs", laughs, "400 doctype"),
			{"one MiB", w.Query, strings.Repeat("a", 1<<20), "413 too_large"},
			inside("deeply nested", "<xml>"+strings.Repeat("<a>", 40000), "400 too_deep"),
			inside("many attributes", "<xml><a "+strings.Repeat(`b="" `, 25000)+"/></xml>", "400 bad_body"),
			inside("deep JSON", strings.Repeat(`{"a":`, 10000), "400 too_deep"),
			inside("ff fe", "\xff\xfe<xml></xml>", "400 bad_encoding"),
			inside("overlong", "<xml><Content>\xc0\xaf</Content></xml>", "400 bad_encoding"),
			inside("NUL", "<xml><Content>a\x00b</Content></xml>", "400 bad_encoding"),
			inside("gbk declared", `<?xml version="1.0" encoding="gbk"?><xml><MsgType>text</MsgType></xml>`, "400 bad_body"),
		} {
			start := time.Now()
			status, said, _ := h.knock(0, "POST", "/hook/official?"+x.q.Encode(), "text/xml", strings.NewReader(x.body))
			if got := fmt.Sprint(status, " ", said); got != x.want {
				t.Errorf("%s: %s, want %s", x.name, got, x.want)
			}
			if d := time.Since(start); d > 500*time.Millisecond {
				t.Errorf("%s: took %v", x.name, d)
			}
		}
		h.floods(t, w)
		if traps.Load() != 0 {
			t.Errorf("the trap saw %d connections", traps.Load())
		}
		if n := h.Count("SELECT COUNT(*) FROM pushes"); n != 0 {
			t.Errorf("%d pushes are stored", n)
		}
		h.replays(t)
		Check(t, h)
	})
}

// echoes is attack 1: the GET with which WeChat tries an address.
func (h *House) echoes(t *testing.T) {
	script := "<script>alert(1)</script>"
	for door, token := range map[string]string{"/hook/official": h.WeChat.Official().Token, "/hook/mini": h.WeChat.Mini().Token} {
		stamp, nonce := now(), "n1"
		sign := wechattest.Sign(token, stamp, nonce)
		off := "0" + sign[1:]
		if off == sign {
			off = "1" + sign[1:]
		}
		query := func(signatures ...string) string {
			return url.Values{"timestamp": {stamp}, "nonce": {nonce}, "echostr": {script}, "signature": signatures}.Encode()
		}
		status, said, header := h.knock(1, "GET", door+"?"+query(sign), "", nil)
		if status != 200 || said != script || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q %v", door, status, said, header)
		}
		for name, q := range map[string]string{"one digit off": query(off), "upper case": query(strings.ToUpper(sign)), "empty": query(""), "twice": query(sign, off), "none": query(), "no echostr": strings.Replace(query(sign), "echostr", "x", 1)} {
			if status, said, _ := h.knock(0, "GET", door+"?"+q, "", nil); status != 403 || said != "bad_signature" {
				t.Errorf("%s, %s: %d %q", door, name, status, said)
			}
		}
	}
}

// endless gives bytes until the reader has had enough.
type endless struct{ sent atomic.Int64 }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	if e.sent.Add(int64(len(b))) > 64<<20 {
		return 0, io.EOF
	}
	return len(b), nil
}

// floods is the part of attack 6 that is about the connection, at every hook; the program must not grow.
func (h *House) floods(t *testing.T, w wechattest.Wrapped) {
	before := h.All[0].Gauge("process_resident_memory_bytes")
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 8<<20))
	_ = z.Close()
	for _, path := range []string{"/hook/official?" + w.Query.Encode(), "/hook/mini", "/hook/pay", "/hook/refund"} {
		e := &endless{}
		if status, _, _ := h.knock(0, "POST", path, "text/xml", io.MultiReader(e)); status/100 == 2 || status >= 500 {
			t.Errorf("%s endless: %d", path, status)
		}
		if n := e.sent.Load(); n > 16<<20 {
			t.Errorf("%s took %d bytes", path, n)
		}
		if status, _, _ := h.knock(0, "POST", path, "text/xml", bytes.NewReader(bomb.Bytes()), "Content-Encoding", "gzip"); status != 400 && status != 401 && status != 403 && status != 413 {
			t.Errorf("%s gzip: %d", path, status)
		}
		// Content-Length says more than comes.
		c, err := net.Dial("tcp", strings.TrimPrefix(h.All[0].URL(), "http://")) //nolint:noctx // closed below
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n<xml>", path)
		_ = c.(*net.TCPConn).CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		line := make([]byte, 64)
		n, _ := c.Read(line)
		if n > 0 && !bytes.HasPrefix(line, []byte("HTTP/1.1 4")) {
			t.Errorf("%s with a lying length: %q", path, line[:n])
		}
		_ = c.Close()
	}
	h.Until("the memory is given back", 10*time.Second, func() bool {
		return h.All[0].Gauge("process_resident_memory_bytes") < before+64<<20
	})
}

// replays is attack 3, and what attacks 2 and 7 say must be taken.
func (h *House) replays(t *testing.T) {
	oa := h.WeChat.Official()
	w, err := h.WeChat.Wrap(oa.AppID, "o", Text("oFanAlpha", "签", "9100"))
	if err != nil {
		t.Fatal(err)
	}
	path := "/hook/official?" + w.Query.Encode()
	open := func(instance int, body string) (int, string) {
		status, said, _ := h.knock(instance, "POST", path, w.ContentType, strings.NewReader(body))
		if _, rest, ok := strings.Cut(said, "<Encrypt><![CDATA["); ok {
			sealed, _, _ := strings.Cut(rest, "]]>")
			plain, _, err := wechattest.Decrypt(oa.AESKey, sealed)
			if err != nil {
				t.Error(err)
			}
			said = string(plain)
		}
		return status, said
	}
	time.Sleep(2500 * time.Millisecond) // the other instance hears of the version
	_, first := open(0, string(w.Body))
	if !strings.Contains(first, "<Content>") {
		t.Errorf("the good one: %s", first)
	}
	// Clear fields beside a true Encrypt are nothing.
	beside := strings.Replace(string(w.Body), "<Encrypt>", "<FromUserName>oForged</FromUserName><Content>假的</Content><Encrypt>", 1)
	for i, body := range []string{string(w.Body), beside, string(w.Body)} {
		if status, said := open(i%2, body); status != 200 || said != first {
			t.Errorf("again, %d: %d %s, first %s", i, status, said, first)
		}
	}
	other, err := wechattest.Encrypt(oa.AESKey, oa.AppID, Text("oFanAlpha", "签", "9101"))
	if err != nil {
		t.Fatal(err)
	}
	q := url.Values{}
	for k, v := range w.Query {
		q[k] = v
	}
	q.Set("msg_signature", wechattest.Sign(oa.Token, q.Get("timestamp"), q.Get("nonce"), other))
	for instance := range h.All {
		status, said, _ := h.knock(instance, "POST", "/hook/official?"+q.Encode(), "text/xml", strings.NewReader("<xml><Encrypt>"+other+"</Encrypt></xml>"))
		if instance > 0 && h.Redis == nil {
			continue // what one instance has seen is told to the other through Redis
		}
		if status != 403 || said != "replayed" {
			t.Errorf("another body under the same nonce on %d: %d %s", instance, status, said)
		}
	}
	want := int64(1)
	if h.Redis == nil {
		want = h.Count("SELECT COUNT(*) FROM pushes")
	}
	if n, forged := h.Count("SELECT COUNT(*) FROM pushes"), h.Count("SELECT COUNT(*) FROM pushes WHERE openid = 'oForged'"); n != want || forged != 0 {
		t.Errorf("%d pushes, %d forged", n, forged)
	}
	// A text of any letters is kept as it came and does not break a line of the log.
	odd := "签\u202e😀\nlevel=ERROR msg=forged"
	if a := h.Push(0, Text("oFanAlpha", odd, "9102")); a.Status != 200 {
		t.Errorf("odd letters: %d", a.Status)
	}
	if n := h.Count("SELECT COUNT(*) FROM pushes WHERE raw LIKE ?", "%\u202e😀%"); n != 1 {
		t.Errorf("odd letters kept %d times", n)
	}
	for _, p := range h.All {
		if strings.Contains(p.Log(), "\nlevel=ERROR msg=forged") {
			t.Error("a fan wrote a line of the log")
		}
	}
}

// listener counts who comes to an address nobody has a reason to call.
func listener(t *testing.T) (address string, n *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	n = &atomic.Int64{}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = c.Close()
		}
	}()
	return ln.Addr().String(), n
}

// Attack 8. Only what the Mini Program's door has verified gives goods; a true push of another price or
// product is kept for a person, and WeChat is not made to repeat it.
func TestForgedGoods(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		mini := h.WeChat.Mini()
		order := func() (p *Phone, no, product string) {
			p = h.Phone()
			a := h.must(201, p.Call("POST", "/orders", fmt.Sprintf(`{"course_id":%d,"via":"xpay"}`, course), "Idempotency-Key", uuid.NewString()))
			no, _ = a.Get("out_trade_no").(string)
			var out struct {
				Pay struct {
					SignData string `json:"signData"`
				} `json:"pay"`
			}
			var sign struct {
				ProductID string `json:"productId"`
			}
			_ = json.Unmarshal(a.Body, &out)
			_ = json.Unmarshal([]byte(out.Pay.SignData), &sign)
			if sign.ProductID == "" {
				t.Fatalf("no product in %s", a.Body)
			}
			return p, no, sign.ProductID
		}
		push := func(p *Phone, no, product string, price int) []byte {
			return wechattest.Fields{
				{Name: "ToUserName", Value: mini.ID}, {Name: "FromUserName", Value: "oXpay"}, {Name: "CreateTime", Value: now()}, {Name: "MsgType", Value: "event"}, {Name: "Event", Value: "xpay_goods_deliver_notify"},
				{Name: "OpenId", Value: p.Person.MiniOpenID}, {Name: "OutTradeNo", Value: no}, {Name: "Env", Value: 0},
				{Name: "WeChatPayInfo", Value: wechattest.Fields{{Name: "MchOrderNo", Value: "M" + no}, {Name: "TransactionId", Value: "4300" + no}, {Name: "PaidTime", Value: time.Now().Unix()}}},
				{Name: "GoodsInfo", Value: wechattest.Fields{{Name: "ProductId", Value: product}, {Name: "Quantity", Value: 1}, {Name: "OrigPrice", Value: price}, {Name: "ActualPrice", Value: price}}},
			}.XML()
		}
		deliver := func(w wechattest.Wrapped, contentType string) (int, bool) {
			status, said, _ := h.knock(0, "POST", "/hook/mini?"+w.Query.Encode(), contentType, bytes.NewReader(w.Body))
			if _, rest, ok := strings.Cut(said, "<Encrypt><![CDATA["); ok {
				sealed, _, _ := strings.Cut(rest, "]]>")
				plain, _, _ := wechattest.Decrypt(mini.AESKey, sealed)
				said = string(plain)
			}
			return status, wechattest.GoodXPay([]byte(said))
		}
		wrap := func(message []byte) wechattest.Wrapped {
			w, err := h.WeChat.Wrap(mini.AppID, "o", message)
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		grants := func(no string) int64 {
			return h.Count("SELECT COUNT(*) FROM grants g JOIN orders o ON o.id = g.order_id WHERE o.out_trade_no = ?", no)
		}
		phone, no, product := order()
		true1 := push(phone, no, product, 9900)
		unsigned := wrap(true1)
		unsigned.Query = url.Values{}
		plain := wrap(true1)
		plain.Query.Del("msg_signature")
		plain.Query.Del("encrypt_type")
		plain.Body = true1
		wrong := wrap(true1)
		wrong.Query.Set("msg_signature", strings.Repeat("0", 40))
		form := wrap(true1)
		form.Body, form.Query = []byte(form.Query.Encode()+"&xml="+url.QueryEscape(string(true1))), url.Values{}
		for name, w := range map[string]wechattest.Wrapped{"no signature": unsigned, "plain": plain, "wrong msg_signature": wrong, "signature in a form": form} {
			if status, heard := deliver(w, "text/xml"); status != 403 || heard {
				t.Errorf("%s: %d, heard %v", name, status, heard)
			}
		}
		if grants(no) != 0 || h.Count("SELECT COUNT(*) FROM pay_notices") != 0 {
			t.Error("a forgery left something")
		}
		for i, contentType := range []string{"", "application/xml", "text/json"} {
			if i > 0 {
				phone, no, product = order()
			}
			if status, heard := deliver(wrap(push(phone, no, product, 9900)), contentType); status != 200 || !heard || grants(no) != 1 {
				t.Errorf("a true push as %q: %d, heard %v, %d grants", contentType, status, heard, grants(no))
			}
		}
		for name, x := range map[string]struct {
			product string
			price   int
		}{"a fen less": {"", 9899}, "another product": {"course_424242", 9900}} {
			phone, no, product := order()
			if x.product != "" {
				product = x.product
			}
			if status, heard := deliver(wrap(push(phone, no, product, x.price)), "text/xml"); status != 200 || !heard || grants(no) != 0 {
				t.Errorf("%s: %d, heard %v, %d grants", name, status, heard, grants(no))
			}
			if n := h.Count("SELECT COUNT(*) FROM money_inbox WHERE out_trade_no = ?", no); n != 1 {
				t.Errorf("%s: %d entries in the inbox", name, n)
			}
		}
		Check(t, h)
	})
}
