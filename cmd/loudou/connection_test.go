package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// line is one check of the connection page of the first instance.
func (d *desk) line(key string) map[string]any {
	d.t.Helper()
	for _, one := range d.call("GET", "/connection", "", 200)["items"].([]any) {
		if c := one.(map[string]any); c["key"] == key {
			return c
		}
	}
	d.t.Fatalf("no line %q", key)
	return nil
}

// stands waits until a line says what it should: what another instance counted comes a few seconds later.
func (d *desk) stands(key, state, text string) {
	d.t.Helper()
	var c map[string]any
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if c = d.line(key); c["state"] == state && strings.Contains(c["text"].(string), text) {
			if fix, _ := c["fix"].(string); state == "bad" && fix == "" {
				d.t.Errorf("%s says not what to do: %v", key, c)
			}
			return
		}
	}
	d.t.Errorf("%s: %v, want %s %q", key, c, state, text)
}

// What happens at one instance's door is on the other's page: pushes, repeats, wrong secrets and the way back.
func TestConnectionPageOfTwoInstances(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		oa := d.fake.Official()
		d.rule(courses)
		d.publish()
		d.until("the other instance knows the version", func() bool { return d.houses[1].replies.Live() == 1 })
		d.stands("push", "warn", "还没有收到过")
		d.stands("secret_official", "off", "还没有收到过")
		d.fake.SetHooks(d.urls[1]+"/hook/official", "")
		if err := d.fake.VerifyURL(oa.AppID); err != nil {
			t.Fatal(err)
		}
		d.stands("secret_official", "ok", "Token 没错")
		for i := range 3 { // the same message to both
			if status, a, _ := d.send(i%2, textOf("oFanAlpha", "课程", "4711")); status != 200 || !strings.Contains(a, "课程在这里") {
				t.Fatalf("%d %s", status, a)
			}
		}
		d.stands("push", "ok", "收到 3 次")
		d.stands("repeat", "ok", "又来了 2 次，都没有重复处理；公众号的推送里有 2 次直接给了存好的回应")
		figures := d.call("GET", "/connection", "", 200)["figures"].(map[string]any)
		if figures["last_push"] == nil || figures["answers"].(float64) < 3 || figures["p95_ms"].(float64) <= 0 || figures["repeats"].(float64) != 2 || figures["served"].(float64) != 2 {
			t.Errorf("%v", figures)
		}
		wrong := func(token, key string, mode wechattest.Mode) {
			t.Helper()
			d.fake.SetSecrets(oa.AppID, token, key)
			d.fake.SetMode(oa.AppID, mode, false)
			time.Sleep(10 * time.Millisecond) // a push's time is kept to the millisecond
			if got := d.fake.PushMessage("oFanAlpha", fields("MsgType", "text", "Content", "课程", "MsgId", strconv.FormatInt(time.Now().UnixNano(), 10))); got.Heard {
				t.Errorf("answered: %s", got.Plain)
			}
		}
		right := func() {
			t.Helper()
			d.fake.SetSecrets(oa.AppID, oa.Token, oa.AESKey)
			d.fake.SetMode(oa.AppID, wechattest.Safe, false)
			time.Sleep(10 * time.Millisecond)
			d.send(1, textOf("oFanAlpha", "课程", strconv.FormatInt(time.Now().UnixNano(), 10)))
			d.stands("secret_official", "ok", "都对")
		}
		right()
		wrong("AnotherToken1", "", wechattest.Safe)
		d.stands("secret_official", "warn", "Token 多半不一致")
		right()
		wrong("", strings.Repeat("b", 43), wechattest.Safe)
		d.stands("secret_official", "bad", "EncodingAESKey 不一致")
		right()
		wrong("", "", wechattest.Plain)
		d.stands("secret_official", "bad", "明文")
		right()
	})
}

// The address WeChat refuses is named with what to do, and the token's line agrees; what was called is counted and
// its quota asked for once.
func TestConnectionPageCalls(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.fake.Fail("/cgi-bin/stable_token", wechattest.Fault{Status: 200, Body: `{"errcode":40164,"errmsg":"invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 6abc1234"}`})
		d.fake.ExpireTokens(false) // one that was asked for at the start
		if _, err := d.houses[0].official.MenuGet(t.Context()); model.CallCode(err) != "40164" {
			t.Errorf("why there is no other token: %v", err)
		}
		d.stands("whitelist", "bad", "203.0.113.9")
		d.stands("token_official", "bad", "203.0.113.9")
		if fix := d.line("whitelist")["fix"].(string); !strings.Contains(fix, "IP 白名单”加上 203.0.113.9") {
			t.Error(fix)
		}
		d.fake.Heal()
		d.until("it is tried again after a pause", func() bool {
			_, err := d.houses[0].official.MenuGet(t.Context())
			return model.CallCode(err) == "46003"
		})
		d.until("so is the Mini Program's, which may have asked within the fault", func() bool {
			_, err := d.houses[0].mini.TradeManaged(t.Context())
			return err == nil
		})
		d.stands("whitelist", "ok", "没有因为 IP 地址拒绝过")
		d.stands("token_official", "ok", "由这个实例向微信取得")
		for range 3 {
			_, _ = d.houses[0].official.MenuGet(t.Context()) // 46003: counted as not successful
		}
		calls := func(items any) map[string]any {
			for _, one := range items.([]any) {
				if u := one.(map[string]any); u["path"] == "/cgi-bin/menu/get" {
					return u
				}
			}
			return nil
		}
		u := calls(d.call("GET", "/connection/calls", "", 200)["items"])
		if u == nil || u["calls"].(float64) < 3 || u["errors"].(float64) < 3 || u["app"] != "公众号" { // the timetable may have asked for its quota already
			t.Fatalf("%v", u)
		}
		u = calls(d.call("POST", "/connection/quotas", "", 200)["items"])
		q, _ := u["quota"].(map[string]any)
		if q == nil || q["limit"].(float64) != 10000 || q["remain"].(float64) >= 10000 || u["asked_at"] == nil {
			t.Errorf("%v", u)
		}
		before := d.fake.Count("/cgi-bin/openapi/quota/get")
		d.call("POST", "/connection/quotas", "", 200)
		if got := d.fake.Count("/cgi-bin/openapi/quota/get"); got != before {
			t.Errorf("asked again within a minute: %d, before %d", got, before)
		}
	})
}

// A database that holds still makes a degraded period, with what went to the disk and what was stored later.
func TestConnectionPageDegraded(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.stands("degraded", "ok", "没有降级")
		release := hold(t, dsn)
		for i := range 4 {
			if status, _, _ := d.send(0, textOf("oFanAlpha", "课程", strconv.Itoa(70000+i))); status != 200 {
				t.Errorf("push %d: %d", i, status)
			}
		}
		n := d.houses[0].inbox.Spooled.Load()
		if n == 0 {
			t.Fatal("nothing went to the disk")
		}
		release()
		d.stands("degraded", "warn", "降级了 1 段，期间 "+strconv.FormatInt(n, 10)+" 个推送先存在本机，已有 "+strconv.FormatInt(n, 10)+" 个补存入库")
		list := d.call("GET", "/connection", "", 200)["outages"].([]any)
		if o := list[0].(map[string]any); len(list) != 1 || o["part"] != "database" || o["ended_at"] == nil || o["spooled"].(float64) != float64(n) {
			t.Errorf("%v", list)
		}
	})
}
