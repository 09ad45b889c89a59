package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// brought writes down that somebody came by a code and paid.
func (d *desk) brought(who, code, no string, paid time.Time, fen model.Fen) {
	d.t.Helper()
	h := d.houses[0]
	appid := d.fake.Official().AppID
	if err := store.Tx(d.t.Context(), h.db, func(tx *gorm.DB) error {
		person, err := h.persons.EnsureUnion(tx, who)
		if err != nil {
			return err
		}
		at := paid.Add(-time.Hour)
		for _, e := range []model.Event{
			{Key: "follow:" + no, AppID: appid, Type: model.EventFollow, PersonID: person, OccurredAt: at, Code: code},
			{Key: "scan:" + no, AppID: appid, Type: model.EventScan, PersonID: person, OccurredAt: at, Code: code},
			{Key: "pay:" + no, AppID: appid, Type: model.EventPaid, PersonID: person, OccurredAt: paid, Amount: fen, OutTradeNo: no},
		} {
			if err := h.events.Add(tx, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) refunded(no string, at time.Time, fen model.Fen) {
	d.t.Helper()
	h := d.houses[0]
	if err := store.Tx(d.t.Context(), h.db, func(tx *gorm.DB) error {
		return h.events.Add(tx, model.Event{Key: "refund:" + no + at.String(), AppID: d.fake.Official().AppID, Type: model.EventRefunded, OccurredAt: at, Amount: fen, OutTradeNo: no})
	}); err != nil {
		d.t.Fatal(err)
	}
}

// open gives what somebody with an address gets.
func (d *desk) open(path string) (int, string, http.Header) {
	d.t.Helper()
	res, err := http.Get(d.urls[0] + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body), res.Header
}

// Two partners, each with a code; each sees its own numbers by its link, and nothing of the other's. A withdrawn link
// and the one before a new one are gone.
func TestPartnerLink(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		month := time.Now().In(model.Shanghai).Format("2006-01")
		body := func(name, more string) string {
			return fmt.Sprintf(`{"name":%q,"settle_from":%q%s}`, name, month, more)
		}
		d.call("POST", "/partners", body("", ""), 400)
		d.call("POST", "/partners", body("甲读书会", `,"share_bp":10001`), 400)
		d.call("POST", "/partners", `{"name":"甲读书会","settle_from":"明天"}`, 400)
		a := d.call("POST", "/partners", body("甲读书会", `,"share_bp":1500,"contact":"王老师"`), 201)
		d.call("POST", "/partners", body("甲读书会", ""), 409)
		// Numbers are as the database gives them: a refused name may have used one up.
		first, second := int(a["id"].(float64)), int(d.call("POST", "/partners", body("乙书店", ""), 201)["id"].(float64))
		for _, code := range []string{"a1", "b1"} {
			d.call("POST", "/scene-codes", fmt.Sprintf(`{"scene":%q,"permanent":true}`, code), 201)
		}
		link := d.call("POST", "/links", `{"target":"https://example.com/"}`, 201)["code"].(string)
		own := func(id int, kind, ref string, on bool, want int) {
			t.Helper()
			d.call("PUT", fmt.Sprintf("/partners/%d/things", id), fmt.Sprintf(`{"kind":%q,"ref":%q,"on":%v}`, kind, ref, on), want)
		}
		at := fmt.Sprint("/partners/", first)
		own(first, "code", "nothing", true, 400)
		own(first, "link", "nothing", true, 400)
		own(first, "campaign", "7", true, 400)
		own(first, "campaign", "x", true, 400)
		own(first, "person", "a", true, 400)
		own(first+99, "code", "a1", true, 404)
		for range 2 { // twice is once
			own(first, "code", "a1", true, 204)
			own(first, "link", link, true, 204)
		}
		own(second, "code", "a1", true, 409)
		own(second, "code", "b1", true, 204)
		own(second, "channel", "门店", true, 204)
		d.wants("things", 4, "SELECT COUNT(*) FROM partner_things WHERE live = 1")
		now := time.Now()
		d.brought("u-a", "a1", "NA", now.Add(-time.Minute), 12_300)
		d.brought("u-b", "b1", "NB", now.Add(-time.Minute), 45_600)
		url := d.call("POST", at+"/link", "", 200)["url"].(string)
		path := url[strings.Index(url, "/p/"):]
		if len(path) != len("/p/")+22 || d.count("SELECT COUNT(*) FROM partners WHERE link_hash LIKE ?", "%"+path[3:]+"%") != 0 {
			t.Errorf("link %s", path)
		}
		d.until("the order is counted", func() bool { _, body, _ := d.open(path); return strings.Contains(body, "¥123.00") })
		for _, query := range []string{"", "?range=month", "?range=last", "?range=x&id=2&partner=2"} {
			status, body, h := d.open(path + query)
			if status != 200 || strings.Contains(body, "乙书店") || strings.Contains(body, "456.00") || strings.Contains(body, "579.00") || strings.Contains(body, "b1") || !strings.Contains(body, "甲读书会") || strings.Contains(body, "王老师") {
				t.Errorf("%s: %d %s", query, status, body)
			}
			if h.Get("X-Robots-Tag") != "noindex, nofollow, noarchive" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || h.Get("Set-Cookie") != "" || strings.Contains(body, "<script") {
				t.Errorf("%v", h)
			}
		}
		for _, bad := range []string{"/p/1", "/p/" + strings.Repeat("A", 22), "/p/" + path[3:] + "A", "/p/" + strings.ToUpper(path[3:]), "/p/%2e%2e", path + "/2026-01.csv", path + "/../../console", path + "/x"} {
			if status, body, _ := d.open(bad); status != 404 || strings.Contains(body, "甲") {
				t.Errorf("%s: %d %s", bad, status, body)
			}
		}
		// Made anew, the old one is dead; withdrawn, the new one too.
		anew := d.call("POST", at+"/link", "", 200)["url"].(string)
		anew = anew[strings.Index(anew, "/p/"):]
		if status, _, _ := d.open(path); status != 404 {
			t.Errorf("the old link: %d", status)
		}
		if status, _, _ := d.open(anew); status != 200 {
			t.Errorf("the new link: %d", status)
		}
		d.call("DELETE", at+"/link", "", 204)
		d.call("DELETE", at+"/link", "", 204)
		if status, _, _ := d.open(anew); status != 404 {
			t.Errorf("the withdrawn link: %d", status)
		}
		if got := d.call("GET", at, "", 200)["partner"].(map[string]any); got["linked"] != false {
			t.Errorf("%v", got)
		}
		// What changes hands: before it is one's, after it the other's, and the money with it.
		own(first, "code", "a1", false, 204)
		own(second, "code", "a1", true, 204)
		today := model.Day(now)
		total := func(id int) map[string]any {
			return d.call("GET", fmt.Sprintf("/partners/%d/line?from=%s&to=%s", id, model.Day(now.AddDate(0, 0, -1)), today), "", 200)["total"].(map[string]any)
		}
		if a, b := total(first), total(second); a["net"] != 12300.0 || b["net"] != 45600.0 || a["new_follows"] != 1.0 || b["new_follows"] != 1.0 {
			t.Errorf("%v\n%v", a, b)
		}
		list := d.call("GET", fmt.Sprintf("/partners?from=%s&to=%s", model.Day(now.AddDate(0, 0, -1)), today), "", 200)["items"].([]any)
		if len(list) != 2 || list[0].(map[string]any)["total"].(map[string]any)["net"] != 45600.0 {
			t.Errorf("%v", list)
		}
		// The second of two who change it is told.
		d.call("PUT", at, body("甲书会", fmt.Sprintf(`,"version":%v`, a["version"])), 200)
		d.call("PUT", at, body("丙书会", fmt.Sprintf(`,"version":%v`, a["version"])), 409)
		d.call("GET", fmt.Sprint("/partners/", first+99), "", 404)
		d.wants("in the trail", 12, "SELECT COUNT(*) FROM audit_entries WHERE object = 'partner'")
	})
}

// Who tries links is slowed down, whatever they try, and a right one helps them no more.
func TestPartnerLinkTried(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("POST", "/partners", fmt.Sprintf(`{"name":"甲","settle_from":%q}`, time.Now().In(model.Shanghai).Format("2006-01")), 201)
		url := d.call("POST", "/partners/1/link", "", 200)["url"].(string)
		path := url[strings.Index(url, "/p/"):]
		strict := launch(t, map[string]string{"LOUDOU_DATABASE": dsn, "LOUDOU_DATA": t.TempDir(), "LOUDOU_SECRET": "a-secret-for-tests-0123456789-0123456789", "LOUDOU_OFFICIAL_APPID": d.fake.Official().AppID, "LOUDOU_WECHAT_API": d.fake.URL(), "LOUDOU_PUBLIC_URL": "http://127.0.0.1:8080"})
		s := httptest.NewServer(strict.handler)
		t.Cleanup(s.Close)
		d.urls[0] = s.URL // as everybody outside meets it
		// A busy machine lets more through, as time passes.
		refused, right := 0, 0
		for i := range 120 {
			status, _, h := d.open(fmt.Sprintf("/p/%022d", i))
			if status == 429 && h.Get("Retry-After") != "" {
				refused++
			}
			if i < 80 {
				continue
			}
			if status, _, _ := d.open(path); status == 429 {
				right++
			}
		}
		if refused < 20 {
			t.Errorf("only %d of 120 guesses were refused", refused)
		}
		if right == 0 {
			t.Error("the right link was opened 40 times after them")
		}
	})
}

// A month is settled once, on any instance, and never changes: what is refunded later is taken off the next, by the
// terms of its own month. An order belongs to one settlement.
func TestPartnerSettlement(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		start := model.MonthStart(model.MonthNumber(time.Now().Add(-12 * time.Hour))) // the month before it is due
		two, one := start.AddDate(0, -2, 0), start.AddDate(0, -1, 0)
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true}`, 201)
		d.brought("u-1", "a1", "N1", two.AddDate(0, 0, 3), 10_000)
		d.brought("u-2", "a1", "N2", two.AddDate(0, 0, 4), 20_000)
		d.refunded("N2", two.AddDate(0, 0, 5), 5_000)
		d.brought("u-3", "a1", "N3", one.AddDate(0, 0, 3), 7_000)
		d.refunded("N1", one.AddDate(0, 0, 6), 10_000) // the month after its own
		d.brought("u-4", "a1", "N4", start.Add(time.Hour), 100)
		d.call("POST", "/partners", fmt.Sprintf(`{"name":"甲","share_bp":1000,"settle_from":%q}`, two.Format("2006-01")), 201)
		d.call("PUT", "/partners/1/things", `{"kind":"code","ref":"a1","on":true}`, 204)
		d.until("the events are there", func() bool { return d.count("SELECT COUNT(*) FROM events WHERE day > 0") == 14 })
		if err := d.houses[0].partners.Settle(t.Context()); err != nil || d.count("SELECT COUNT(*) FROM partner_settlements") != 0 {
			t.Fatalf("a partner made just now waits for what it owns: %v", err)
		}
		all := make(chan error, 4)
		for i := range 4 { // at once, on both instances
			go func() { all <- d.houses[i%2].partners.SettleOne(t.Context(), model.Operator{Name: "boss"}, 1) }()
		}
		for range 4 {
			if err := <-all; err != nil {
				t.Fatal(err)
			}
		}
		words := func() (out []string) {
			for _, x := range d.call("GET", "/partners/1", "", 200)["settlements"].([]any) {
				m := x.(map[string]any)
				out = append(out, fmt.Sprintf("%v: %v orders %v-%v+%v=%v pay %v, %v follows", m["month"], m["orders"], m["gross"], m["refunded"], m["correction"], m["net"], m["payable"], m["figures"].(map[string]any)["new_follows"]))
			}
			return out
		}
		want := []string{
			one.Format("2006-01") + ": 1 orders 7000-0+-10000=-3000 pay -300, 1 follows",
			two.Format("2006-01") + ": 2 orders 30000-5000+0=25000 pay 2500, 2 follows",
		}
		if got := words(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %s", strings.Join(got, "\n"))
		}
		// Afterwards an order is heard of late, more is refunded, the terms and the owner change: the sheets stand.
		d.brought("u-5", "a1", "N5", one.AddDate(0, 0, 9), 900)
		d.refunded("N3", start.Add(2*time.Hour), 7_000)
		version := d.call("GET", "/partners/1", "", 200)["partner"].(map[string]any)["version"]
		d.call("PUT", "/partners/1", fmt.Sprintf(`{"name":"甲","share_bp":3000,"settle_from":%q,"version":%v}`, start.Format("2006-01"), version), 409)
		d.call("PUT", "/partners/1", fmt.Sprintf(`{"name":"甲","share_bp":3000,"settle_from":%q,"version":%v}`, two.Format("2006-01"), version), 200)
		d.call("POST", "/partners/1/settlements", "", 204)
		if got := words(); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("changed: %s", strings.Join(got, "\n"))
		}
		d.wants("lines", 4, "SELECT COUNT(*) FROM partner_lines")
		// The files: order by order at the desk, sums alone for the partner.
		file := string(d.raw("/partners/1/settlements/" + one.Format("2006-01") + "/orders.csv"))
		if !strings.Contains(file, "N3,") || !strings.Contains(file, "以前订单的退款") || !strings.Contains(file, ",-100.00,10%") || !strings.Contains(file, "应付 -3.00") {
			t.Error(file)
		}
		url := d.call("POST", "/partners/1/link", "", 200)["url"].(string)
		path := url[strings.Index(url, "/p/"):]
		status, sheet, _ := d.open(path + "/" + one.Format("2006-01") + ".csv")
		if status != 200 || strings.Contains(sheet, "N3") || !strings.Contains(sheet, "应付（元）,-3.00") || !strings.Contains(sheet, "对以前月份的更正（元）,-100.00") {
			t.Errorf("%d %s", status, sheet)
		}
		if _, page, _ := d.open(path); !strings.Contains(page, one.Format("2006-01")+".csv") || !strings.Contains(page, "¥-30.00") || strings.Contains(page, "N3") {
			t.Error(page)
		}
	})
}
