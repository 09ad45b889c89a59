package search_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/search"
)

func put(t *testing.T, db *gorm.DB, table string, row map[string]any) {
	t.Helper()
	if err := db.Table(table).Create(row).Error; err != nil {
		t.Fatal(err)
	}
}

// shop has things of every kind of "oa" and "mini", and of another pair that nobody here may see.
func shop(t *testing.T, db *gorm.DB) {
	t.Helper()
	now := model.Milli(time.Now())
	times := func(row map[string]any) map[string]any {
		row["created_at"], row["updated_at"] = now, now
		return row
	}
	for i, title := range []string{"怎样写作", "写作", "写作 21 天", "100%_对折!", "别的"} {
		put(t, db, "articles", times(map[string]any{"id": i + 1, "appid": "oa", "title": title, "url": "", "digest": "", "author": "山雨", "cover": "", "content": "", "column_name": "", "goal": "", "window_days": 7, "state": "draft", "version": 1,
			"content_hash": "", "created_by": "", "updated_by": "", "published_by": ""}))
	}
	put(t, db, "articles", times(map[string]any{"id": 77, "appid": "other", "title": "写作", "url": "", "digest": "", "author": "", "cover": "", "content": "", "column_name": "", "goal": "", "window_days": 7, "state": "draft", "version": 1,
		"content_hash": "", "created_by": "", "updated_by": "", "published_by": ""}))
	for i, deleted := range []any{nil, now} {
		put(t, db, "lessons", times(map[string]any{"id": i + 1, "appid": "mini", "course_id": 9, "position": i, "chapter": "第一章", "title": "写作的开头", "kind": "text", "content": "", "media": "", "trial": false, "seconds": 0, "version": 1, "updated_by": "", "deleted_at": deleted}))
	}
	put(t, db, "reply_rules", times(map[string]any{"id": 1, "appid": "oa", "name": "资料", "kind": "keyword", "enabled": 1, "spec": `{"keywords":[{"word":"写作课"}],"messages":[{"type":"text"}]}`}))
	put(t, db, "tasks", times(map[string]any{"id": 3, "appid": "oa", "title": "写作课选题", "important": true, "urgent": false, "estimated_minutes": 30, "kpi": "", "owner_id": 1, "owner": "林", "day": 20260302, "state": "open", "spent_seconds": 0, "version": 1, "undo_json": "", "created_by": "", "updated_by": ""}))
	put(t, db, "followers", times(map[string]any{"id": 6, "appid": "oa", "openid": "oFanNumber006", "subscribed": 1, "changed_at": now, "remark": "写作班长"}))
	put(t, db, "learners", times(map[string]any{"id": 6, "appid": "mini", "openid": "oFanMini006", "unionid": "", "person_id": 1, "platform": "", "login_at": now}))
	put(t, db, "learners", times(map[string]any{"id": 8, "appid": "mini", "openid": "oFanMini008", "unionid": "", "person_id": 2, "platform": "", "login_at": now, "erased_at": now}))
	put(t, db, "orders", times(map[string]any{"id": 1, "appid": "mini", "out_trade_no": "L20260302ABC", "title": "写作课", "status": "paid", "expires_at": now}))
	put(t, db, "orders", times(map[string]any{"id": 2, "appid": "other", "out_trade_no": "L20260302XYZ", "title": "写作课", "status": "paid", "expires_at": now}))
	for i, appid := range []string{"oa", "other"} {
		put(t, db, "notices", times(map[string]any{"id": 21 + i, "appid": appid, "kind": "template", "template_id": "t", "title": "开课提醒", "content": "时间:{{time1.DATA}}", "words": `{"thing2":"写作课第三讲"}`, "filter": "{}", "state": "done", "version": 1, "content_hash": ""}))
		put(t, db, "campaigns", times(map[string]any{"id": 31 + i, "appid": appid, "name": "春天" + appid, "goal": "", "target": 0, "first_day": 20260301, "last_day": 20260302, "note": "", "stopped_by": "", "version": 1, "created_by": "", "updated_by": ""}))
		put(t, db, "signup_forms", times(map[string]any{"id": 41 + i, "appid": appid, "campaign_id": 31 + i, "open": true, "title": "线下见面会报名", "fields": "[]", "last_key": 0, "taken": 0, "last_line": 0, "after_text": "", "version": 1, "updated_by": ""}))
	}
	put(t, db, "links", map[string]any{"id": 1, "appid": "oa", "code": "spring", "target": "https://example.com/a", "channel": "写作群", "created_at": now})
}

func TestFind(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		shop(t, db)
		s := search.New(db, "oa", "mini")
		for word, want := range map[string]string{
			"写作":            "article 2, article 3, article 1, lesson 1, rule 1, notice 21, task 3, fan 6, link 1", // the notice by its words
			"提醒":            "notice 21",                                                                           // by title, ours alone
			"thing2":        "",                                                                                    // the name of a field is no word
			"见面会":           "signup 41",
			" 6 ":           "fan 6, learner 6",
			"2":             "article 2",
			"L20260302ABC":  "order L20260302ABC",
			"L20260302XYZ":  "", // another account's
			"oFanNumber":    "fan 6",
			"oFanMini00":    "learner 6", // the other is erased
			"spring":        "link 1",
			"text":          "", // the name of a field is no keyword
			"%":             "",
			"0%_":           "article 4",
			"!":             "",
			"折!":            "article 4",
			"不存在的":          "",
			"":              "",
			"' OR 1=1 -- x": "",
		} {
			hits, err := s.Find(t.Context(), word)
			if err != nil {
				t.Fatalf("%s: %v", word, err)
			}
			var got []string
			for _, h := range hits {
				got = append(got, h.Kind+" "+h.ID)
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("%q: %s, want %s", word, strings.Join(got, ", "), want)
			}
		}
		hits, err := s.Find(t.Context(), "写作")
		if err != nil || hits[3].Parent != "9" || hits[6].Parent != "2026-03-02" || hits[6].Note != "林" || hits[5].Title != "开课提醒" || hits[5].Note != "done" {
			t.Errorf("%+v %v", hits, err)
		}
		if hits, err = s.Find(t.Context(), "见面会"); err != nil || hits[0].Parent != "31" || hits[0].Note != "春天oa" {
			t.Errorf("a sign-up form stands at its campaign: %+v %v", hits, err)
		}
		for i := range 8 {
			put(t, db, "scene_codes", map[string]any{"appid": "oa", "scene": fmt.Sprint("台卡", i), "permanent": 1, "created_at": time.Now(), "updated_at": time.Now()})
		}
		if hits, err = s.Find(t.Context(), "台卡"); err != nil || len(hits) != 5 {
			t.Errorf("%d of a kind, %v", len(hits), err)
		}
	})
}

// An order is found by each of its numbers, and no number, found or not, has the tables of money read through.
func TestOrderNumbers(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		const many = 2000
		now := model.Milli(time.Now())
		var orders []model.Order
		var payments []model.Payment
		var refunds []model.Refund
		for i := int64(1); i <= many; i++ {
			no := fmt.Sprintf("N%07d", i)
			theirs := "T" + no
			orders = append(orders, model.Order{ID: i, AppID: "mini", OutTradeNo: no, Title: "x", Status: model.OrderPaid, ExpiresAt: now, CreatedAt: now, UpdatedAt: now})
			payments = append(payments, model.Payment{ID: i, OrderID: i, OutTradeNo: "P" + no, Via: []model.Via{model.ViaJSAPI, model.ViaXPay}[i%2], TransactionID: &theirs, Status: model.PaymentSuccess, ExpireAt: now, CreatedAt: now, UpdatedAt: now})
			refunds = append(refunds, model.Refund{ID: i, OrderID: i, OutRefundNo: "R" + no, RefundID: "W" + no, Status: model.RefundSuccess, CreatedAt: now, UpdatedAt: now})
		}
		for _, rows := range []any{&orders, &payments, &refunds} {
			if err := db.CreateInBatches(rows, 500).Error; err != nil {
				t.Fatal(err)
			}
		}
		err := db.Connection(func(one *gorm.DB) error { // the counts are the connection's
			one = one.Session(&gorm.Session{NewDB: true})
			for word, want := range map[string]string{"N0000007": "N0000007", "PN0000007": "N0000007", "TN0000007": "N0000007", "TN0000008": "N0000008", "RN0000007": "N0000007", "WN0000007": "N0000007", "N9999999": ""} {
				if db.Name() == "mysql" {
					if err := one.Exec("FLUSH STATUS").Error; err != nil {
						return err
					}
				}
				hits, err := search.New(one, "oa", "mini").Find(t.Context(), word)
				if got := fmt.Sprint(hits); err != nil || (want == "") != (len(hits) == 0) || want != "" && hits[0].ID != want {
					t.Errorf("%s: %s %v", word, got, err)
				}
				if db.Name() == "mysql" {
					var read []struct{ Value int64 }
					if err := one.Raw("SHOW SESSION STATUS LIKE 'Handler_read%'").Scan(&read).Error; err != nil {
						return err
					}
					rows := int64(0)
					for _, r := range read {
						rows += r.Value
					}
					if rows > 500 {
						t.Errorf("%s: %d rows read", word, rows)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
