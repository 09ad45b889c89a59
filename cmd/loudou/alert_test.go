package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"loudou/model"
)

// What is not as usual is told once, whoever looks and however often; rules can be set, switched off and put to sleep.
func TestAlerts(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		h := d.houses[0]
		ctx := context.Background()
		exec := func(sql string, args ...any) {
			t.Helper()
			if err := h.db.Exec(sql, args...).Error; err != nil {
				t.Fatal(err)
			}
		}
		look := func() {
			t.Helper()
			var wg sync.WaitGroup
			for _, one := range d.houses {
				wg.Go(func() {
					if err := one.alerts.Watch(ctx); err != nil {
						t.Error(err)
					}
					if err := one.alerts.Figures(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		now := model.Milli(time.Now())
		rules := map[string]map[string]any{}
		for _, x := range d.call("GET", "/alert-rules", "", 200)["items"].([]any) {
			r := x.(map[string]any)
			rules[fmt.Sprint(r["kind"], r["figure"])] = r
		}
		if len(rules) != len(model.AlertRules) {
			t.Fatalf("%v", rules)
		}
		// The timetable's own first round is not waited for again; what the fake tells of followers is not what is tried here.
		d.until("the first round is over", func() bool {
			return d.count("SELECT COUNT(*) FROM timetable WHERE name IN ('statistic.fetch', 'alert.watch', 'alert.figures') AND last_at IS NOT NULL") == 3
		})
		exec("DELETE FROM follower_days")
		exec("DELETE FROM alerts")
		exec("UPDATE alert_rules SET checked_day = 0")
		// Followers as WeChat told of eight of the same weekday, and of yesterday.
		yesterday := now.In(model.Shanghai).AddDate(0, 0, -1)
		day := func(weeks int, came, left int64) {
			exec("INSERT INTO follower_days (appid, day, source, new_user, cancel_user, total, fetched_at) VALUES (?, ?, 0, ?, ?, 0, ?)", h.cfg.OfficialAppID, model.DayNumber(yesterday.AddDate(0, 0, -7*weeks)), came, left, now)
		}
		for w := 1; w <= 8; w++ {
			day(w, 40+int64(w%3), 5)
		}
		look()
		d.wants("yesterday is not known yet", 0, "SELECT COUNT(*) FROM alerts")
		day(0, 120, 6)
		look()
		look()
		d.wants("one figure", 1, "SELECT COUNT(*) FROM alerts WHERE case_key LIKE 'figure:followers_new:%'")
		d.wants("no other", 1, "SELECT COUNT(*) FROM alerts")

		// Refunds of a course: three of ten orders.
		course := d.call("POST", "/courses", `{"title":"写作课","price":100}`, 201)["id"]
		for i := 1; i <= 10; i++ {
			exec("INSERT INTO orders (id, appid, out_trade_no, course_id, status, paid_at, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, 'paid', ?, ?, ?, ?)", i, h.cfg.MiniAppID, fmt.Sprint("L", i), course, now, now, now, now)
		}
		refund := func(i int) {
			exec("INSERT INTO refunds (out_refund_no, order_id, status, succeeded_at, created_at, updated_at) VALUES (?, ?, 'success', ?, ?, ?)", fmt.Sprint("R", i), i, now, now, now)
		}
		refund(1)
		refund(2)
		look()
		d.wants("two refunds are few", 0, "SELECT COUNT(*) FROM alerts WHERE kind = 'refunds'")
		refund(3)
		look()
		look()
		d.wants("a course", 1, "SELECT COUNT(*) FROM alerts WHERE kind = 'refunds'")

		// A send, and twelve who leave within the hour.
		exec("INSERT INTO broadcasts (id, appid, title, to_all, tag_id, tag_name, kind, content, pictures, reprint, state, version, content_hash, round, last_error, asked_by_id, asked_by, created_by, updated_by, sent_by, created_at, updated_at) VALUES (3, ?, '促销', ?, 0, '', 'text', '', '', ?, 'done', 1, '', 1, '', 0, '', '', '', '', ?, ?)", h.cfg.OfficialAppID, true, false, now, now)
		exec("INSERT INTO broadcast_sends (appid, broadcast_id, round, client_id, state, calls, msg_data_id, status, last_error, accepted_at, operator_id, operator, created_at) VALUES (?, 3, 1, 'c', 'done', 1, '', '', '', ?, 0, '', ?)", h.cfg.OfficialAppID, now.Add(-2*time.Hour), now)
		leave := func(n int) {
			exec("INSERT INTO follower_changes (appid, openid, kind, scene, push_key, operator_name, happened_at) VALUES (?, ?, 'unfollow', '', ?, '', ?)", h.cfg.OfficialAppID, fmt.Sprint("o", n), fmt.Sprint("k", n), now.Add(-time.Hour))
		}
		for n := range 9 {
			leave(n)
		}
		look()
		d.wants("nine are few", 0, "SELECT COUNT(*) FROM alerts WHERE kind = 'leavers'")
		for n := range 3 {
			leave(10 + n)
		}
		look()
		leave(20)
		look()
		d.wants("a send", 1, "SELECT COUNT(*) FROM alerts WHERE kind = 'leavers'")

		// Slow answers; asleep first.
		r := rules["callback"]
		d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":true,"percent":5,"least":20,"millis":700,"version":1}`, 400)
		d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":true,"percent":0,"least":20,"millis":1000,"version":1}`, 400)
		d.call("PUT", "/alert-rules/999", `{"enabled":true,"percent":5,"least":20,"millis":1000,"version":1}`, 404)
		slept := d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":true,"percent":10,"least":20,"millis":1000,"sleep_days":7,"version":1}`, 200)
		if slept["asleep_until"] == nil {
			t.Errorf("%v", slept)
		}
		d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":true,"percent":10,"least":20,"millis":1000,"version":1}`, 409)
		for range 18 {
			h.connection.Answered(200, 20*time.Millisecond)
		}
		for range 2 {
			h.connection.Answered(200, 1500*time.Millisecond)
		}
		look()
		d.wants("asleep", 0, "SELECT COUNT(*) FROM alerts WHERE kind = 'callback'")
		d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":false,"percent":10,"least":20,"millis":1000,"version":2}`, 200)
		look()
		d.wants("switched off", 0, "SELECT COUNT(*) FROM alerts WHERE kind = 'callback'")
		d.call("PUT", fmt.Sprintf("/alert-rules/%v", r["id"]), `{"enabled":true,"percent":10,"least":20,"millis":1000,"version":3}`, 200)
		look()
		look()
		d.wants("slow answers", 1, "SELECT COUNT(*) FROM alerts WHERE kind = 'callback'")

		open := d.call("GET", "/alerts?open=true", "", 200)["items"].([]any)
		if len(open) != 4 {
			t.Fatalf("%v", open)
		}
		for _, x := range open {
			a := x.(map[string]any)
			if a["look"] == "" || !strings.HasPrefix(a["link"].(string), "/") || a["text"] == "" {
				t.Errorf("%v", a)
			}
		}
		todo := func() (n float64) {
			for _, x := range d.call("GET", "/home", "", 200)["todo"].([]any) {
				if m := x.(map[string]any); m["key"] == "alerts" {
					n = m["count"].(float64)
				}
			}
			return n
		}
		if todo() != 4 {
			t.Error("the first page does not say so:", todo())
		}
		first := fmt.Sprintf("/alerts/%v", open[0].(map[string]any)["id"])
		d.call("PUT", first, `{"seen":true}`, 204)
		d.call("PUT", first, `{"seen":true}`, 204) // twice is once
		if todo() != 3 || len(d.call("GET", "/alerts?open=true", "", 200)["items"].([]any)) != 3 || len(d.call("GET", "/alerts", "", 200)["items"].([]any)) != 4 {
			t.Error("one was seen to")
		}
		d.call("PUT", first, `{"seen":false}`, 204)
		if todo() != 4 {
			t.Error("it waits again")
		}
		d.call("PUT", "/alerts/999", `{"seen":true}`, 404)
	})
}
