package wechat

import (
	"context"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func encryptRaw(c *msgCipher, plain []byte) string {
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

func TestScanRefuses(t *testing.T) {
	laughs := `<!DOCTYPE xml [<!ENTITY a "ha">` + strings.Repeat(`<!ENTITY b "&a;&a;&a;&a;">`, 10) + `]><xml><Content>&b;</Content></xml>`
	for _, c := range []struct{ name, body, want string }{
		{"entity of a file", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><Content>&a;</Content></xml>`, "400 doctype"},
		{"parameter entity", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><xml/>`, "400 doctype"},
		{"billion laughs", laughs, "400 doctype"},
		{"doctype inside", `<xml><!DOCTYPE x><MsgType>a</MsgType></xml>`, "400 doctype"},
		{"unknown entity", `<xml><Content>&a;</Content></xml>`, "400 bad_body"},
		{"100 000 nested", strings.Repeat("<a>", 80000), "400 bad_body"},
		{"nested in xml", "<xml>" + strings.Repeat("<a>", 80000), "400 too_deep"},
		{"100 000 attributes", "<xml><a " + strings.Repeat(`b="" `, 50000) + "/></xml>", "400 bad_body"},
		{"many elements", "<xml>" + strings.Repeat("<a/>", 60000) + "</xml>", "400 too_many"},
		{"many pieces", "<xml><a>" + strings.Repeat("<![CDATA[x]]>", 15000) + "</a></xml>", "400 bad_body"},
		{"10 000-deep JSON", strings.Repeat(`{"a":`, 10000), "400 too_deep"},
		{"gbk declared", `<?xml version="1.0" encoding="gbk"?><xml><MsgType>text</MsgType></xml>`, "400 bad_body"},
		{"gbk bytes", "<xml><Content>\xbf\xce\xb3\xcc</Content></xml>", "400 bad_encoding"},
		{"ff fe", "\xff\xfe<xml></xml>", "400 bad_encoding"},
		{"overlong", "<xml><Content>\xc0\xaf</Content></xml>", "400 bad_encoding"},
		{"NUL", "<xml><Content>a\x00b</Content></xml>", "400 bad_encoding"},
		{"cut", `<xml><Content><![CDATA[abc`, "400 bad_body"},
		{"crossed", `<xml><a><b></a></b></xml>`, "400 bad_body"},
		{"two roots", `<xml></xml><xml></xml>`, "400 bad_body"},
		{"other root", `<html></html>`, "400 bad_body"},
		{"form", `a=b&c=d`, "400 bad_body"},
		{"empty", ``, "400 bad_body"},
		{"JSON array", `[1]`, "400 bad_body"},
		{"JSON tail", `{"a":1}}`, "400 bad_body"},
		{"JSON cut", `{"a":`, "400 bad_body"},
	} {
		start := time.Now()
		allocated := testing.AllocsPerRun(1, func() { _, _, _ = scanPush(c.body) })
		_, _, err := scanPush(c.body)
		if reason(err) != c.want {
			t.Errorf("%s: %s, want %s", c.name, reason(err), c.want)
		}
		if d := time.Since(start); d > 100*time.Millisecond || allocated > 5000 {
			t.Errorf("%s: %v, %v allocations", c.name, d, allocated)
		}
	}
	s := newSender()
	query, body := s.safe(t, laughs)
	if _, err := receiver(t, nil).Open(context.Background(), query, body); reason(err) != "400 doctype" {
		t.Errorf("doctype inside Encrypt: %v", err)
	}
	if _, err := receiver(t, nil).Open(context.Background(), s.query(nil), make([]byte, MaxPush+1)); reason(err) != "413 too_large" {
		t.Errorf("too large: %v", err)
	}
}

func TestScanReads(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"nested", `<xml><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[abc]]></ScanResult></ScanCodeInfo><E/></xml>`, "[{ScanCodeInfo.ScanType qrcode} {ScanCodeInfo.ScanResult abc} {E }]"},
		{"lists", `<xml><P><D><item><idx>1</idx></item><item><idx>2</idx></item></D></P></xml>`, "[{P.D.item.idx 1} {P.D.item.idx 2}]"},
		{"entities, comments, pieces", "\ufeff<?xml version=\"1.0\" encoding='UTF-8'?>\n<xml><!-- x --><C a=\"1>2\">&lt;&#23;&#x1F600;<![CDATA[ a<b ]]>z</C >\n</xml>\n", "[{C <\x17😀 a<b z}]"},
		{"emoji", "<xml><C><![CDATA[😀U+202E \u202e]]></C></xml>", "[{C 😀U+202E \u202e}]"},
		{"JSON", `{"MsgId":25400000000000001,"List":{"T":"a"},"detail":[{"x":1},{"x":true}],"n":null,"e":"\ud800"}`, "[{MsgId 25400000000000001} {List.T a} {detail.x 1} {detail.x true} {n } {e \ufffd}]"},
	} {
		got, _, err := scanPush(c.body)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

// A number that is none must not lose the message (facts 2.2 of the libraries).
func TestLenientNumbers(t *testing.T) {
	r, s := receiver(t, func(o *ReceiverOptions) { o.AESKey = "" }), newSender()
	env, err := r.Open(context.Background(), s.query(nil), []byte(`<xml><FromUserName>oA</FromUserName><CreateTime>soon</CreateTime><MsgType>text</MsgType><Content>hi</Content><MsgId>x</MsgId></xml>`))
	if err != nil || env.Push.Content != "hi" || env.Push.CreateTime != 0 {
		t.Errorf("%+v, %v", env.Push, err)
	}
	if k := env.Push.Key(); !strings.HasPrefix(k, "e") || len(k) != 49 {
		t.Errorf("key = %s", k)
	}
}

func FuzzScanPush(f *testing.F) {
	f.Add(textPush("hi"))
	f.Add(`{"a":{"b":[1,"x",null]}}`)
	f.Add(`<xml><a b="c"><![CDATA[]]]]></a><!-- --></xml>`)
	f.Fuzz(func(t *testing.T, body string) {
		fields, _, err := scanPush(body)
		if err == nil && len(fields) > maxFields {
			t.Errorf("%d fields", len(fields))
		}
		p := takeApart(testAppID, fields)
		if k := p.Key(); len(k) > 80 {
			t.Errorf("key %q", k)
		}
	})
}

func FuzzOpenPlain(f *testing.F) {
	s := newSender()
	f.Add(s.query(nil), textPush("hi"))
	r := receiver(f, func(o *ReceiverOptions) { o.AESKey = "" })
	f.Fuzz(func(t *testing.T, query, body string) {
		_, _ = r.Echo(query)
		_, _ = r.Open(context.Background(), query, []byte(body))
		_, _ = r.Open(context.Background(), s.query(nil), []byte(body))
	})
}

func FuzzOpenEnvelope(f *testing.F) {
	s := newSender()
	f.Add([]byte(textPush("hi")))
	f.Add([]byte{})
	r := receiver(f, nil)
	c, _ := newMsgCipher(testKey, testAppID)
	f.Fuzz(func(t *testing.T, plain []byte) {
		// Truly signed, so that the fuzzer reaches the cipher and what lies inside.
		encs := []string{c.seal([16]byte{}, plain), base64.StdEncoding.EncodeToString(plain)}
		if whole := len(plain) / 16 * 16; whole > 0 {
			encs = append(encs, encryptRaw(c, append([]byte{}, plain[:whole]...)))
		}
		for _, enc := range encs {
			env, err := r.Open(context.Background(), s.sealedQuery(enc), []byte("<xml><Encrypt>"+enc+"</Encrypt></xml>"))
			if err == nil && !env.sealed {
				t.Error("opened, but would answer in the clear")
			}
		}
	})
}
