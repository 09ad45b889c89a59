package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/connection"
	"loudou/service/wechat/wechattest"
	"loudou/service/wxpay"
	"loudou/service/wxpay/wxpaytest"
	"loudou/service/xpay"
)

// The dry run finds nothing wrong with a good house and leaves one closed number at WeChat and nothing in our books; each
// thing that may be wrong is found at its own step, with what to do; and whatever happens between, the number is closed.
func TestDryRun(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		m := openMarket(t, dsn)
		h := m.houses[0]
		m.until("the goods are published", func() bool {
			return strings.Contains(m.boss.want(200, "GET", "/courses", nil).raw, `"goods_status":"published"`)
		})
		good := func() rehearsal {
			r := rehearsal{cfg: h.cfg, pay: h.pay, xpay: h.xpay, mini: h.mini, courses: h.courses.List, openid: "oOperator"}
			r.cfg.PublicURL, r.cfg.PayAPI = m.urls[0], m.pay.URL()
			return r
		}
		walk := func(r rehearsal) map[string]connection.Check {
			t.Helper()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			out := map[string]connection.Check{}
			for _, c := range r.walk(ctx) {
				if old, ok := out[c.Key]; !ok || old.State != connection.Bad {
					out[c.Key] = c
				}
			}
			for _, o := range m.pay.Orders() {
				if o.State != "CLOSED" {
					t.Errorf("%s was left %s at WeChat", o.OutTradeNo, o.State)
				}
			}
			return out
		}
		for key, c := range walk(good()) {
			if c.State == connection.Bad {
				t.Errorf("a good house: %s: %+v", key, c)
			}
		}
		if len(m.pay.Orders()) != 1 || m.pay.Orders()[0].Total != 1 {
			t.Errorf("at WeChat: %+v", m.pay.Orders())
		}
		for _, table := range []string{"orders", "payments", "pay_notices", "money_inbox"} {
			var n int64
			if err := h.db.Table(table).Count(&n).Error; err != nil || n != 0 {
				t.Errorf("%d rows left in %s: %v", n, table, err)
			}
		}

		k := m.pay.Keys()
		client := func(change func(*wxpay.Options)) *wxpay.Client {
			o := wxpay.Options{API: m.pay.URL(), AppID: h.cfg.MiniAppID, MchID: k.MchID, Serial: k.Serial, PrivateKey: string(k.MerchantPEM()), APIv3Key: k.APIv3Key,
				PublicKeyID: k.PublicKeyID, PublicKey: string(k.PublicKeyPEM()), Timeout: time.Second}
			change(&o)
			c, err := wxpay.New(o)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		other := wxpaytest.New(wxpaytest.Options{Keys: wxpaytest.Keys{Merchant: wxpaytest.NewKey(), Platform: wxpaytest.NewKey()}}).Keys()
		foreign := httptest.NewServer(nil)
		t.Cleanup(foreign.Close)
		prepay := "/v3/pay/transactions/jsapi"
		for _, bad := range []struct {
			name, key, fix string
			change         func(*rehearsal)
			pattern        string
			fault          wxpaytest.Fault
		}{
			{name: "another's private key", key: "dry_prepay", fix: "LOUDOU_PAY_PRIVATE_KEY", change: func(r *rehearsal) {
				r.pay = client(func(o *wxpay.Options) { o.PrivateKey = string(other.MerchantPEM()) })
			}},
			{name: "an expired certificate's serial", key: "dry_prepay", fix: "LOUDOU_PAY_SERIAL", change: func(r *rehearsal) {
				r.pay = client(func(o *wxpay.Options) { o.Serial = "0000000000000000000000000000000000000000" })
			}},
			{name: "another merchant", key: "dry_prepay", fix: "LOUDOU_PAY_MCHID", change: func(r *rehearsal) { r.pay = client(func(o *wxpay.Options) { o.MchID = "1900000999" }) }},
			{name: "another public key of WeChat's", key: "dry_prepay", fix: "LOUDOU_PAY_PUBLIC_KEY", change: func(r *rehearsal) {
				r.pay = client(func(o *wxpay.Options) { o.PublicKey = string(other.PublicKeyPEM()) })
			}},
			{name: "a certificate's serial for the public key's id", key: "dry_keys", fix: "公钥 ID", change: func(r *rehearsal) { r.cfg.PayPublicKeyID = k.Serial }},
			{name: "nobody there", key: "dry_prepay", fix: "LOUDOU_PAY_API", change: func(r *rehearsal) { r.pay = client(func(o *wxpay.Options) { o.API = "http://127.0.0.1:1" }) }},
			{name: "no time there", key: "dry_clock", fix: "能否访问", change: func(r *rehearsal) { r.cfg.PayAPI = "http://127.0.0.1:1" }},
			{name: "not bound", key: "dry_prepay", fix: "AppID 账号管理", pattern: prepay, fault: wxpaytest.ErrCode(400, "APPID_MCHID_NOT_MATCH", "不匹配")},
			{name: "taken and not answered", key: "dry_prepay", fix: "连不上", pattern: prepay, fault: wxpaytest.Fault{After: true, Drop: true}},
			{name: "not to be asked", key: "dry_query", fix: "过几分钟", pattern: "/v3/pay/transactions/out-trade-no/*", fault: wxpaytest.ErrCode(500, "SYSTEM_ERROR", "系统错误")},
			{name: "no payer", key: "dry_openid", fix: "--learner", change: func(r *rehearsal) { r.openid = "" }},
			{name: "closed port", key: "dry_notify", fix: "反向代理", change: func(r *rehearsal) { r.cfg.PublicURL = "http://127.0.0.1:1" }},
			{name: "somebody else's address", key: "dry_notify", fix: "本服务", change: func(r *rehearsal) { r.cfg.PublicURL = foreign.URL }},
			{name: "an address within", key: "dry_notify", fix: "公网", change: func(r *rehearsal) {
				r.cfg.PublicURL, r.cfg.WeChatAPI = "https://10.1.2.3", "https://api.weixin.qq.com"
			}},
			{name: "no https", key: "dry_notify", fix: "https", change: func(r *rehearsal) {
				r.cfg.PublicURL, r.cfg.WeChatAPI = "http://example.com", "https://api.weixin.qq.com"
			}},
			{name: "another token", key: "dry_push", fix: "LOUDOU_MINI_TOKEN", change: func(r *rehearsal) { r.cfg.MiniToken = "another" }},
			{name: "another app key", key: "dry_xpay", fix: "LOUDOU_XPAY_APP_KEY", change: func(r *rehearsal) {
				x, err := xpay.New(xpay.Options{AppID: h.cfg.MiniAppID, OfferID: h.cfg.XPayOfferID, AppKey: "another", Caller: h.mini})
				if err != nil {
					t.Fatal(err)
				}
				r.xpay = x
			}},
			{name: "no way to take money", key: "dry_road", fix: "LOUDOU_PAY_", change: func(r *rehearsal) { r.pay, r.xpay = nil, nil }},
		} {
			r, clear := good(), func() {}
			if bad.change != nil {
				bad.change(&r)
			}
			if bad.pattern != "" {
				clear = m.pay.Fail(bad.pattern, bad.fault)
			}
			c := walk(r)[bad.key]
			clear()
			if c.State != connection.Bad || !strings.Contains(c.Fix, bad.fix) {
				t.Errorf("%s: %+v", bad.name, c)
			}
			if said := c.Text + c.Fix; strings.Contains(said, k.APIv3Key) || strings.Contains(said, "PRIVATE KEY--") || strings.Contains(said, h.cfg.XPayAppKey) {
				t.Errorf("%s says a secret: %s", bad.name, said)
			}
		}

		// A price that is not published; an invented number that is refused for another reason.
		if err := h.db.Model(&model.Course{}).Where("id = ?", m.course).UpdateColumns(map[string]any{"goods_id": "course_1_1"}).Error; err != nil {
			t.Fatal(err)
		}
		if c := walk(good())["dry_goods"]; c.State != connection.Bad || !strings.Contains(c.Text, "199.00 的道具没有发布") || !strings.Contains(c.Title, "写作课") {
			t.Errorf("a price not published: %+v", c)
		}
		clear := m.xpay.Fail("/xpay/query_order", wxpaytest.Fault{Status: 200, Body: `{"errcode":268490001,"errmsg":"openid"}`})
		if c := walk(good())["dry_invented"]; c.State != connection.Bad || !strings.Contains(c.Fix, "LOUDOU_MINI_APPID") {
			t.Errorf("not our openid: %+v", c)
		}
		clear()
	})
}

// The command says each step in words and ends with an error as soon as one does not work; without the flag no order is
// placed.
func TestDoctorCommand(t *testing.T) {
	wechat := wechattest.New(wechattest.Options{Mini: wechattest.App{AppID: "wx0123456789abcdef"}}).Start(t)
	pay := wxpaytest.New(wxpaytest.Options{}).Start(t)
	h := openHouse(t, wechat, modeltest.SQLiteDSN(t), wechat.URL())
	s := httptest.NewServer(h.handler)
	t.Cleanup(s.Close)
	k, a := pay.Keys(), wechat.Mini()
	for name, value := range map[string]string{
		"DATABASE": h.cfg.Database, "DATA": t.TempDir(), "SECRET": h.cfg.Secret, "WECHAT_API": wechat.URL(), "PUBLIC_URL": s.URL, "MINI_APPID": a.AppID, "MINI_SECRET": a.Secret, "MINI_TOKEN": a.Token, "MINI_AES_KEY": a.AESKey,
		"PAY_MCHID": k.MchID, "PAY_SERIAL": k.Serial, "PAY_PRIVATE_KEY": string(k.MerchantPEM()), "PAY_APIV3_KEY": k.APIv3Key, "PAY_PUBLIC_KEY_ID": k.PublicKeyID, "PAY_PUBLIC_KEY": string(k.PublicKeyPEM()), "PAY_API": pay.URL(),
	} {
		t.Setenv("LOUDOU_"+name, value)
	}
	me := model.Learner{AppID: a.AppID, OpenID: "oOperator", PersonID: 1, LoginAt: time.Now(), CreatedAt: time.Now(), UpdatedAt: time.Now()}
	if err := h.db.Create(&me).Error; err != nil {
		t.Fatal(err)
	}
	run := func(dry bool, payer int64) (string, error) {
		var out bytes.Buffer
		err := doctor(context.Background(), &out, dry, payer)
		return out.String(), err
	}
	if said, _ := run(false, 0); strings.Contains(said, "下单") || len(pay.Orders()) != 0 {
		t.Errorf("without the flag: %s", said)
	}
	if said, _ := run(true, me.ID); !strings.Contains(said, "好　  下单（1 分）") || !strings.Contains(said, "好　  关单") || len(pay.Orders()) != 1 {
		t.Errorf("a good one: %s", said)
	}
	if said, err := run(true, me.ID+100); !errors.Is(err, errDoctor) || !strings.Contains(said, "没有编号为") || len(pay.Orders()) != 1 {
		t.Errorf("nobody: %v %s", err, said)
	}
	t.Setenv("LOUDOU_PAY_SERIAL", "0000000000000000000000000000000000000000")
	if said, err := run(true, me.ID); !errors.Is(err, errDoctor) || !strings.Contains(said, "不行  下单（1 分）") || strings.Contains(said, "关单") {
		t.Errorf("an expired serial: %v %s", err, said)
	}
}
