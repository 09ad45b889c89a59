package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// crm is a program of the company's own that is told: it keeps what it got and answers as it was bidden.
type crm struct {
	mu     sync.Mutex
	answer int
	got    []http.Header
	bodies []string
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got, c.bodies = append(c.got, r.Header.Clone()), append(c.bodies, string(b))
	w.WriteHeader(c.answer)
}

func (c *crm) set(answer int) { c.mu.Lock(); c.answer = answer; c.mu.Unlock() }

func (c *crm) of(kind string) (ids, bodies []string, heads []http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, b := range c.bodies {
		if strings.Contains(b, `"type":"`+kind+`"`) {
			ids, bodies, heads = append(ids, c.got[i].Get("webhook-id")), append(bodies, b), append(heads, c.got[i])
		}
	}
	return ids, bodies, heads
}

// Orders and refunds over two instances are told once each, signed; a receiver that fails gets it again with the same
// id; one that is gone is switched off; nothing personal is in a body.
func TestWebhooks(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		told := &crm{answer: 204}
		s := httptest.NewServer(told)
		t.Cleanup(s.Close)
		for name, bad := range map[string]map[string]any{
			"no address":  {"url": "crm", "types": []string{"paid"}, "enabled": true},
			"a script":    {"url": "javascript:alert(1)", "types": []string{"paid"}, "enabled": true},
			"a password":  {"url": "https://a:b@example.com/", "types": []string{"paid"}, "enabled": true},
			"no types":    {"url": s.URL, "types": []string{}, "enabled": true},
			"other types": {"url": s.URL, "types": []string{"message"}, "enabled": true},
		} {
			if r := m.boss.do("POST", "/webhooks", bad); r.status != 400 || !strings.Contains(r.raw, `"fields"`) {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		id, _ := m.boss.want(201, "POST", "/webhooks", map[string]any{"url": s.URL, "types": []string{"paid", "refunded"}, "note": "财务", "enabled": true}).json["id"].(float64)
		path := fmt.Sprintf("/webhooks/%.0f", id)
		secret := m.boss.want(200, "POST", path+"/reveal", nil).text("secret")
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) != 32 {
			t.Fatalf("secret %q: %v", secret, err)
		}

		buyer := m.learner("oHook1", "android", 0)
		o := m.order(buyer, "jsapi", "w1")
		m.sheet(o)
		no := o.text("out_trade_no")
		for range 3 {
			m.pay.TellAgain(no)
		}
		m.until("the receiver is told", func() bool { ids, _, _ := told.of("paid"); return len(ids) == 1 })
		ids, bodies, heads := told.of("paid")
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(ids[0] + "." + heads[0].Get("webhook-timestamp") + "." + bodies[0]))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); heads[0].Get("webhook-signature") != want {
			t.Errorf("signature %s, want %s", heads[0].Get("webhook-signature"), want)
		}
		if !strings.Contains(bodies[0], no) || !strings.Contains(bodies[0], `"amount":19900`) || strings.Contains(bodies[0], "oHook1") {
			t.Errorf("body %s", bodies[0])
		}
		if _, orders, _ := told.of("order_create"); len(orders) != 0 {
			t.Error("told what it did not want")
		}

		// It fails, and is told again with the same id.
		told.set(500)
		second := m.order(m.learner("oHook2", "android", 1), "jsapi", "w2")
		m.sheet(second)
		m.until("a failed try stands in the list", func() bool {
			return strings.Contains(m.boss.want(200, "GET", path+"/sends?state=waiting", nil).raw, "对方回答 500")
		})
		told.set(200)
		m.until("it arrived at last", func() bool {
			return strings.Count(m.boss.want(200, "GET", path+"/sends?state=done", nil).raw, `"type":"paid"`) == 2
		})
		ids, _, _ = told.of("paid")
		if len(ids) < 3 || ids[1] != ids[len(ids)-1] || ids[0] == ids[1] {
			t.Errorf("ids %v", ids)
		}

		// Off: nothing goes out, what waited is dropped, and is sent when asked for.
		change := map[string]any{"url": s.URL, "types": []string{"paid"}, "enabled": false}
		m.boss.want(200, "PUT", path, change)
		m.boss.want(204, "POST", path+"/ping", nil) // a trial goes out even so
		m.until("the trial arrived", func() bool { ids, _, _ := told.of("ping"); return len(ids) == 1 })
		change["enabled"] = true
		m.boss.want(200, "PUT", path, change)
		told.set(410)
		m.sheet(m.order(m.learner("oHook3", "android", 0), "jsapi", "w3"))
		m.until("gone is off", func() bool { return strings.Contains(m.boss.want(200, "GET", "/webhooks", nil).raw, "410") })
		told.set(200)
		m.boss.want(200, "PUT", path, change)
		m.until("the third arrived", func() bool {
			return strings.Count(m.boss.want(200, "GET", path+"/sends?state=done", nil).raw, `"type":"paid"`) == 3
		})
		if r := m.boss.want(200, "POST", path+"/renew", nil); r.text("secret") == secret || r.text("secret") == "" {
			t.Error("the secret is the old one")
		}
		m.boss.want(204, "DELETE", path, nil)
		m.boss.want(404, "POST", path+"/ping", nil)
	})
}
