package wechat

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testAppID = "wx1111111111111111"
	testToken = "oatoken123"
	testKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	oldKey    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
)

var testNow = time.Unix(1764000000, 0)

// sender makes pushes as WeChat does, with any of its parts bent.
type sender struct {
	token, key, appID string
	at                time.Time
	nonce             string
}

func newSender() sender {
	return sender{token: testToken, key: testKey, appID: testAppID, at: testNow, nonce: "1372623149"}
}

func (s sender) stamp() string { return strconv.FormatInt(s.at.Unix(), 10) }

func (s sender) query(extra url.Values) string {
	sig := signature([]string{s.token, s.stamp(), s.nonce})
	q := url.Values{"signature": {string(sig[:])}, "timestamp": {s.stamp()}, "nonce": {s.nonce}}
	for k, v := range extra {
		q[k] = v
	}
	return q.Encode()
}

func (s sender) encrypt(t testing.TB, message string) string {
	t.Helper()
	c, err := newMsgCipher(s.key, s.appID)
	if err != nil {
		t.Fatal(err)
	}
	return c.seal([16]byte([]byte("0123456789abcdef")), []byte(message))
}

func (s sender) sealedQuery(encrypt string) string {
	sig := signature([]string{s.token, s.stamp(), s.nonce, encrypt})
	return s.query(url.Values{"encrypt_type": {"aes"}, "msg_signature": {string(sig[:])}, "openid": {"o1"}})
}

func (s sender) safe(t testing.TB, message string) (query string, body []byte) {
	enc := s.encrypt(t, message)
	return s.sealedQuery(enc), []byte("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>")
}

func receiver(t testing.TB, change func(*ReceiverOptions)) *Receiver {
	t.Helper()
	o := ReceiverOptions{AppID: testAppID, Token: testToken, AESKey: testKey, Now: func() time.Time { return testNow }}
	if change != nil {
		change(&o)
	}
	r, err := NewReceiver(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func textPush(content string) string {
	return "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>1764000000</CreateTime>" +
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + content + "]]></Content><MsgId>25400000000000001</MsgId></xml>"
}

func reason(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return fmt.Sprint(r.Status, " ", r.Reason)
	}
	return fmt.Sprint(err)
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID, Kind, Source, Query, Body string
			ResponseBody                  string `json:"response_body"`
			Inputs                        struct {
				Parts                            []string
				Token, Timestamp, Nonce, Encrypt string
				AESKey                           string `json:"encoding_aes_key"`
				MsgSignature                     string `json:"msg_signature"`
				ReceiveID                        string `json:"receive_id"`
				MyReceiveID                      string `json:"my_receive_id"`
				Msg, Random16, Signature         string
			}
			Expect struct {
				Signature, Msg, Encrypt string
				ReceiveID               string `json:"receive_id"`
				MsgSignature            string `json:"msg_signature"`
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	counted := map[string]int{}
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			counted[v.Kind]++
			in := v.Inputs
			switch v.Kind {
			case "sha1_sorted":
				if got := signature(in.Parts); string(got[:]) != v.Expect.Signature {
					t.Errorf("signature = %s, want %s", got, v.Expect.Signature)
				}
			case "msg_decrypt":
				if !signed(in.MsgSignature, []string{in.Token, in.Timestamp, in.Nonce, in.Encrypt}) {
					t.Error("msg_signature refused")
				}
				c, err := newMsgCipher(in.AESKey, v.Expect.ReceiveID)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := c.open(in.Encrypt); err != nil || string(got) != v.Expect.Msg {
					t.Errorf("open = %q, %v", got, err)
				}
				if v.Body == "" {
					return
				}
				at, _ := strconv.ParseInt(in.Timestamp, 10, 64)
				r, err := NewReceiver(ReceiverOptions{AppID: v.Expect.ReceiveID, Token: in.Token, AESKey: in.AESKey, Now: func() time.Time { return time.Unix(at, 0) }})
				if err != nil {
					t.Fatal(err)
				}
				query := v.Query
				if query == "" {
					sig := signature([]string{in.Token, in.Timestamp, in.Nonce})
					query = url.Values{"signature": {string(sig[:])}, "timestamp": {in.Timestamp}, "nonce": {in.Nonce}, "encrypt_type": {"aes"}, "msg_signature": {in.MsgSignature}}.Encode()
				}
				env, err := r.Open(context.Background(), query, []byte(v.Body))
				if err != nil || string(env.Push.Raw) != v.Expect.Msg {
					t.Errorf("Open = %q, %v", env.Push.Raw, err)
				}
			case "msg_encrypt":
				c, err := newMsgCipher(in.AESKey, in.ReceiveID)
				if err != nil {
					t.Fatal(err)
				}
				random := [16]byte([]byte(in.Random16))
				if got := c.seal(random, []byte(in.Msg)); got != v.Expect.Encrypt {
					t.Errorf("seal = %s, want %s", got, v.Expect.Encrypt)
				}
				if v.ResponseBody == "" {
					return
				}
				r := &Receiver{token: in.Token, keys: []*msgCipher{c}}
				env := Envelope{nonce: in.Nonce, sealed: true}
				env.Push.JSON = true
				at, _ := strconv.ParseInt(in.Timestamp, 10, 64)
				if got := r.sealWith(random, at, env, []byte(in.Msg)); string(got) != v.ResponseBody {
					t.Errorf("answer = %s, want %s", got, v.ResponseBody)
				}
			case "msg_reject":
				at, _ := strconv.ParseInt(in.Timestamp, 10, 64)
				r, err := NewReceiver(ReceiverOptions{AppID: in.MyReceiveID, Token: in.Token, AESKey: in.AESKey, Now: func() time.Time { return time.Unix(at, 0) }})
				if err != nil {
					t.Fatal(err)
				}
				sig := signature([]string{in.Token, in.Timestamp, in.Nonce})
				query := url.Values{"signature": {string(sig[:])}, "timestamp": {in.Timestamp}, "nonce": {in.Nonce}, "encrypt_type": {"aes"}, "msg_signature": {in.MsgSignature}}.Encode()
				if _, err := r.Open(context.Background(), query, []byte("<xml><Encrypt><![CDATA["+in.Encrypt+"]]></Encrypt></xml>")); !strings.HasPrefix(reason(err), "403 bad_") {
					t.Errorf("Open = %v, want a refusal", err)
				}
			default:
				t.Errorf("unknown kind %s", v.Kind)
			}
		})
	}
	if counted["sha1_sorted"] < 3 || counted["msg_decrypt"] < 5 || counted["msg_encrypt"] < 5 || counted["msg_reject"] < 4 {
		t.Errorf("vectors run: %v", counted)
	}
}

func TestEcho(t *testing.T) {
	r, s := receiver(t, nil), newSender()
	script := "<script>alert(1)</script>"
	if got, err := r.Echo(s.query(url.Values{"echostr": {script}})); err != nil || got != script {
		t.Errorf("Echo = %q, %v", got, err)
	}
	good := signature([]string{testToken, s.stamp(), s.nonce})
	off := good
	off[7] ^= 1
	for name, q := range map[string]string{
		"one digit off": s.query(url.Values{"echostr": {"1"}, "signature": {string(off[:])}}),
		"upper case":    s.query(url.Values{"echostr": {"1"}, "signature": {strings.ToUpper(string(good[:]))}}),
		"empty":         s.query(url.Values{"echostr": {"1"}, "signature": {""}}),
		"twice":         s.query(url.Values{"echostr": {"1"}, "signature": {string(good[:]), string(off[:])}}),
		"no echostr":    s.query(nil),
		"nothing":       "",
		"bad escape":    s.query(nil) + "&echostr=%zz",
	} {
		if got, err := r.Echo(q); got != "" || reason(err) != "403 bad_signature" {
			t.Errorf("%s: Echo = %q, %v", name, got, err)
		}
	}
}

func TestOpenAndSeal(t *testing.T) {
	const content = "我想买课程😀 ]] <b>&amp;"
	s := newSender()
	plainBody := []byte(textPush(content))
	safeQuery, safeBody := s.safe(t, textPush(content))
	both := bytes.Replace(safeBody, []byte("<Encrypt>"), []byte("<FromUserName>oForged</FromUserName><MsgType>text</MsgType><Content>假的</Content><Encrypt>"), 1)
	for _, c := range []struct {
		name   string
		change func(*ReceiverOptions)
		query  string
		body   []byte
		sealed bool
	}{
		{"plain", func(o *ReceiverOptions) { o.AESKey = "" }, s.query(nil), plainBody, false},
		{"plain though a key is set", func(o *ReceiverOptions) { o.Mode = Plain }, s.query(url.Values{"encrypt_type": {"raw"}}), plainBody, false},
		{"safe", nil, safeQuery, safeBody, true},
		{"compatible", func(o *ReceiverOptions) { o.Mode = Compatible }, safeQuery, both, false},
		{"clear fields beside Encrypt", nil, safeQuery, both, true},
		{"previous key", func(o *ReceiverOptions) { o.AESKey, o.PreviousAESKey = oldKey, testKey }, safeQuery, safeBody, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := receiver(t, c.change)
			env, err := r.Open(context.Background(), c.query, c.body)
			if err != nil {
				t.Fatal(reason(err))
			}
			if p := env.Push; p.Content != content || p.FromUserName != "oA" || p.MsgID != "25400000000000001" || p.CreateTime != 1764000000 || p.AppID != testAppID {
				t.Errorf("push = %+v", p)
			}
			out := r.Seal(env, []byte("<xml>答</xml>"))
			if !c.sealed {
				if string(out) != "<xml>答</xml>" {
					t.Errorf("answer = %s", out)
				}
				return
			}
			fields, _, err := scanPush(string(out))
			if err != nil {
				t.Fatal(err)
			}
			encrypt, _ := one(fields, "Encrypt")
			sign, _ := one(fields, "MsgSignature")
			stamp, _ := one(fields, "TimeStamp")
			nonce, _ := one(fields, "Nonce")
			if nonce != s.nonce || !signed(sign, []string{testToken, stamp, nonce, encrypt}) {
				t.Errorf("answer is not signed: %s", out)
			}
			if got, err := r.keys[0].open(encrypt); err != nil || string(got) != "<xml>答</xml>" {
				t.Errorf("inside: %q, %v", got, err)
			}
			if got := r.Seal(env, []byte("success")); string(got) != "success" {
				t.Errorf("success = %s", got)
			}
			if got := r.SealAlways(env, []byte("success")); string(got) == "success" {
				t.Error("SealAlways left it in the clear")
			}
		})
	}
}

func TestRefused(t *testing.T) {
	s := newSender()
	query, body := s.safe(t, textPush("hi"))
	other := s.encrypt(t, textPush("other"))
	good := signature([]string{s.token, s.stamp(), s.nonce})
	at := func(d time.Duration) sender { n := s; n.at = n.at.Add(d); return n }
	stamped := func(stamp string) string {
		sig := signature([]string{testToken, stamp, s.nonce})
		return url.Values{"signature": {string(sig[:])}, "timestamp": {stamp}, "nonce": {s.nonce}}.Encode()
	}
	oldQuery, oldBody := at(-301*time.Second).safe(t, textPush("hi"))
	newQuery, newBody := at(301*time.Second).safe(t, textPush("hi"))
	foreign := s
	foreign.appID = "wx9999999999999999"
	foreignQuery, foreignBody := foreign.safe(t, textPush("hi"))
	wrap := func(enc string) []byte { return []byte("<xml><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>") }
	for _, c := range []struct {
		name, query string
		body        []byte
		want        string
	}{
		{"own plain body", s.query(nil), []byte(textPush("hi")), "403 plain_refused"},
		{"raw", s.query(url.Values{"encrypt_type": {"raw"}}), []byte(textPush("hi")), "403 plain_refused"},
		{"no msg_signature", s.query(url.Values{"encrypt_type": {"aes"}}), body, "403 bad_msg_signature"},
		{"msg_signature is signature", s.query(url.Values{"encrypt_type": {"aes"}, "msg_signature": {string(good[:])}}), body, "403 bad_msg_signature"},
		{"of another Encrypt", query, wrap(other), "403 bad_msg_signature"},
		{"Encrypt twice", query, bytes.Replace(body, []byte("</xml>"), []byte("<Encrypt>x</Encrypt></xml>"), 1), "403 bad_msg_signature"},
		{"no signature", strings.Replace(query, "&signature=", "&x=", 1), body, "403 bad_signature"},
		{"301 s old", oldQuery, oldBody, "403 stale"},
		{"301 s ahead", newQuery, newBody, "403 stale"},
		{"timestamp 0", stamped("0"), body, "403 stale"},
		{"30 digits", stamped(strings.Repeat("1", 30)), body, "403 stale"},
		{"1e9", stamped("1e9"), body, "403 stale"},
		{"empty timestamp", stamped(""), body, "403 stale"},
		{"another app's", foreignQuery, foreignBody, "403 bad_cipher"},
		{"base64 with blanks", s.sealedQuery("AAAA AAAA"), wrap("AAAA AAAA"), "403 bad_cipher"},
		{"cut by a byte", s.sealedQuery(other[:len(other)-5]), wrap(other[:len(other)-5]), "403 bad_cipher"},
	} {
		if _, err := receiver(t, nil).Open(context.Background(), c.query, c.body); reason(err) != c.want {
			t.Errorf("%s: %s, want %s", c.name, reason(err), c.want)
		}
	}
}

// The page tells a wrong Token from a stranger, and a wrong key from another account; the sender hears the same.
func TestRefusedForOurselves(t *testing.T) {
	s := newSender()
	why := func(o func(*ReceiverOptions), query string, body []byte) string {
		_, err := receiver(t, o).Open(context.Background(), query, body)
		var r *Refusal
		if !errors.As(err, &r) {
			return fmt.Sprint(err)
		}
		return r.Reason + " " + r.Why
	}
	query, body := s.safe(t, textPush("hi"))
	foreign := s
	foreign.appID = "wx9999999999999999"
	foreignQuery, foreignBody := foreign.safe(t, textPush("hi"))
	for _, c := range []struct{ name, got, want string }{
		{"another Token", why(func(o *ReceiverOptions) { o.Token = "another" }, query, body), "bad_signature "},
		{"another key", why(func(o *ReceiverOptions) { o.AESKey = strings.Repeat("b", 43) }, query, body), "bad_cipher "},
		{"another account", why(nil, foreignQuery, foreignBody), "bad_cipher other_app"},
		{"another account, by the key before", why(func(o *ReceiverOptions) { o.PreviousAESKey, o.AESKey = o.AESKey, strings.Repeat("b", 43) }, foreignQuery, foreignBody), "bad_cipher other_app"},
		{"no key", why(func(o *ReceiverOptions) { o.AESKey = "" }, query, body), "bad_cipher no_key"},
		{"a stranger", why(nil, "signature=abc&timestamp=1&nonce=x", body), "bad_signature stranger"},
		{"a stranger with nothing", why(nil, "", body), "bad_signature stranger"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestReplay(t *testing.T) {
	shared := &sharedNonces{m: map[string]string{}}
	with := func(o *ReceiverOptions) { o.Nonces = shared }
	here, there := receiver(t, with), receiver(t, with)
	s := newSender()
	query, body := s.safe(t, textPush("一"))
	open := func(r *Receiver, q string, b []byte) string {
		_, err := r.Open(context.Background(), q, b)
		return reason(err)
	}
	otherQuery, otherBody := s.safe(t, textPush("二"))
	// The cipher begins with random bytes: a retry encrypted anew is still the same message.
	c, _ := newMsgCipher(testKey, testAppID)
	anew := c.seal([16]byte([]byte("ffffffffffffffff")), []byte(textPush("一")))
	for _, step := range []struct {
		name string
		r    *Receiver
		q    string
		b    []byte
		want string
	}{
		{"first", here, query, body, "<nil>"},
		{"again", here, query, body, "<nil>"},
		{"on another instance", there, query, body, "<nil>"},
		{"encrypted anew", there, s.sealedQuery(anew), []byte("<xml><Encrypt>" + anew + "</Encrypt></xml>"), "<nil>"},
		{"other body", here, otherQuery, otherBody, "403 replayed"},
		{"other body elsewhere", there, otherQuery, otherBody, "403 replayed"},
	} {
		if got := open(step.r, step.q, step.b); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	shared.fail(errors.New("gone"))
	lone := receiver(t, with)
	if got := open(lone, query, body); got != "<nil>" {
		t.Errorf("shared store gone: %s", got)
	}
	if got := open(lone, otherQuery, otherBody); got != "403 replayed" {
		t.Errorf("shared store gone, other body: %s", got)
	}
}

type sharedNonces struct {
	mu  sync.Mutex
	m   map[string]string
	err error
}

func (s *sharedNonces) fail(err error) { s.mu.Lock(); s.err = err; s.mu.Unlock() }

func (s *sharedNonces) First(_ context.Context, key, hash string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	if held, ok := s.m[key]; ok {
		return held, nil
	}
	s.m[key] = hash
	return hash, nil
}

func TestCipherFaults(t *testing.T) {
	c, err := newMsgCipher(testKey, testAppID)
	if err != nil {
		t.Fatal(err)
	}
	bend := func(change func(plain []byte) []byte) string {
		plain := make([]byte, 0, 64)
		plain = append(plain, "0123456789abcdef"...)
		plain = append(plain, 0, 0, 0, 5)
		plain = append(plain, "hello"+testAppID...)
		pad := 32 - len(plain)%32
		plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
		return encryptRaw(c, change(plain))
	}
	last := func(v byte) func([]byte) []byte {
		return func(p []byte) []byte { p[len(p)-1] = v; return p }
	}
	length := func(v string) func([]byte) []byte {
		return func(p []byte) []byte { b, _ := hex.DecodeString(v); copy(p[16:], b); return p }
	}
	for name, enc := range map[string]string{
		"15 bytes": "AAAAAAAAAAAAAAAAAAAA", "17 bytes": "AAAAAAAAAAAAAAAAAAAAAAA=", "empty": "",
		"padding 0": bend(last(0)), "padding 33": bend(last(33)),
		"length 0": bend(length("00000000")), "length 2^31": bend(length("80000000")), "length rest + 1": bend(length("00000018")), "length 2^32-1": bend(length("ffffffff")),
	} {
		if got, err := c.open(enc); !errors.Is(err, errCipher) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := c.open(bend(func(p []byte) []byte { return p })); err != nil || string(got) != "hello" {
		t.Errorf("unbent: %q, %v", got, err)
	}
}
