package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/model/modeltest"
	"loudou/service/store"
	"loudou/service/wechat/wechattest"
)

// The same push again and again, on two instances, at the same time and later.
func TestToldThreeTimes(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.rule(`{"name":"抽签","kind":"keyword","keywords":[{"text":"签","match":"exact"}],"pick":"random","messages":[{"type":"text","content":"上"},{"type":"text","content":"中"},{"type":"text","content":"下"},{"type":"text","content":"空"}]}`)
		d.publish()
		d.until("the other instance knows the version", func() bool { return d.houses[1].replies.Live() == 1 })
		for i := range 20 {
			message := textOf("oFanAlpha", "签", strconv.Itoa(90000+i))
			answers := make([]string, 6)
			var wg sync.WaitGroup
			for j := range answers {
				wg.Go(func() { _, answers[j], _ = d.send(j%2, message) })
			}
			wg.Wait()
			for _, a := range answers {
				if a != answers[0] || !strings.Contains(a, "<Content>") {
					t.Fatalf("push %d: answers differ: %q", i, answers)
				}
			}
		}
		d.wants("pushes", 20, "SELECT COUNT(*) FROM pushes")
		d.wants("hits", 20, "SELECT SUM(hits) FROM reply_hits")
		d.wants("events", 20, "SELECT COUNT(*) FROM events")
	})
}

// hold blocks every writer of the pushes table until it is let go.
func hold(t *testing.T, dsn string) (release func()) {
	t.Helper()
	db, err := store.OpenDB(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "BEGIN IMMEDIATE", "ROLLBACK"
	if store.IsMySQL(db) {
		begin, end = "LOCK TABLES pushes WRITE", "UNLOCK TABLES"
	}
	if _, err := conn.ExecContext(context.Background(), begin); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, _ = conn.ExecContext(context.Background(), end)
		_ = conn.Close()
		_ = pool.Close()
	}
}

// The database holds still: answers come from memory within two seconds, and everything is stored later, once.
func TestDatabaseHoldsStill(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.rule(courses)
		d.publish()
		d.until("the other instance knows the version", func() bool { return d.houses[1].replies.Live() == 1 })
		release := hold(t, dsn)
		const n = 30
		answers := make([]string, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				status, a, took := d.send(i%2, textOf("oFanAlpha", "课程", strconv.Itoa(70000+i)))
				if status != 200 || !strings.Contains(a, "课程在这里") || took > 2*time.Second {
					t.Errorf("push %d: %d in %v: %s", i, status, took, a)
				}
				answers[i] = a
			})
			time.Sleep(20 * time.Millisecond)
		}
		wg.Wait()
		// WeChat tells again, here and there, while it is still held.
		first := textOf("oFanAlpha", "课程", "70000")
		if _, a, took := d.send(1, first); took > 2*time.Second || !strings.Contains(a, "课程在这里") {
			t.Errorf("again: %v %s", took, a)
		}
		if d.houses[0].inbox.Waiting() == 0 {
			t.Error("nothing is in the spool")
		}
		release()
		d.until("all stored", func() bool {
			return d.houses[0].inbox.Waiting() == 0 && d.houses[1].inbox.Waiting() == 0 && d.count("SELECT COUNT(*) FROM pushes") == n
		})
		d.wants("hits", n, "SELECT SUM(hits) FROM reply_hits")
		d.wants("events", n, "SELECT COUNT(*) FROM events")
		d.until("the road is open again", func() bool {
			before := d.houses[0].inbox.Stored.Load()
			_, _, _ = d.send(0, textOf("oFanAlpha", "课程", strconv.FormatInt(time.Now().UnixNano(), 10)))
			return d.houses[0].inbox.Stored.Load() > before
		})
	})
}

// The attacks on the callback, at the door.
func TestCallbackRefuses(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	oa := d.fake.Official()
	good := textOf("oFanAlpha", "课程", "1")
	wrap := func(message []byte) wechattest.Wrapped {
		w, err := d.fake.Wrap(oa.AppID, "o", message)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	signedOnly := func() url.Values {
		q := wrap(good).Query
		q.Del("encrypt_type")
		q.Del("msg_signature")
		return q
	}
	for _, c := range []struct {
		name string
		q    url.Values
		body []byte
		want int
		text string
	}{
		{"nothing", url.Values{}, good, 403, "bad_signature"},
		{"plain with a key set", signedOnly(), good, 403, "plain_refused"},
		{"doctype", signedOnly(), []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml>&a;</xml>`), 400, "doctype"},
		{"one MiB", wrap(good).Query, bytes.Repeat([]byte("a"), 1<<20), 413, "too_large"},
		{"gbk", wrap([]byte("<xml><Content>\xbf\xce\xb3\xcc</Content></xml>")).Query, wrap([]byte("<xml><Content>\xbf\xce\xb3\xcc</Content></xml>")).Body, 403, "bad_msg_signature"},
	} {
		res, err := http.Post(d.urls[0]+"/hook/official?"+c.q.Encode(), "text/xml", bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.want || string(raw) != c.text {
			t.Errorf("%s: %d %s, want %d %s", c.name, res.StatusCode, raw, c.want, c.text)
		}
	}
	inside := wrap([]byte("<xml><MsgType>text</MsgType><Content>\xbf\xce\xb3\xcc</Content></xml>"))
	if got := d.fake.Send(oa.AppID, inside); got.Status != 400 {
		t.Errorf("gbk under a true signature: %d %s", got.Status, got.Answer)
	}
	chunked, _ := http.NewRequest("POST", d.urls[0]+"/hook/official?"+wrap(good).Query.Encode(), io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("a"), 1<<20))))
	res, err := http.DefaultClient.Do(chunked)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("chunked: %d", res.StatusCode)
	}
	d.wants("pushes", 0, "SELECT COUNT(*) FROM pushes")
	w := wrap(good)
	if got := d.fake.Send(oa.AppID, w); got.Status != 200 {
		t.Errorf("the next good one: %d", got.Status)
	}
	if got := d.fake.Send(oa.AppID, w); got.Status != 200 {
		t.Errorf("the same again: %d", got.Status)
	}
	d.wants("pushes", 1, "SELECT COUNT(*) FROM pushes")
}

// Virtual payment's pushes are answered in their own way, and never 0 for what is not settled.
func TestXPayPushWithoutSettings(t *testing.T) {
	d := openDesk(t, modeltest.SQLiteDSN(t), 1)
	d.houses[0].pushes.XPay, d.houses[0].pushes.Orders = nil, nil
	got := d.fake.PushMini("oU", fields("MsgType", "event", "Event", "xpay_goods_deliver_notify", "OpenId", "oU", "OutTradeNo", "C1"))
	if len(got.Tries) == 0 || got.Tries[0].Status != 200 || wechattest.GoodXPay(got.Plain) {
		t.Errorf("answered %+v %s", got.Tries, got.Plain)
	}
}
