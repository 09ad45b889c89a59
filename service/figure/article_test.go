package figure_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

// An article's income looks back thirty days whatever its own window is, and is what the attribution by article says of the
// same days; the window bounds the conversion of its clickers alone.
func TestArticleIncomeIsTheAttributions(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a, b := h.article("文章甲"), h.article("文章乙")
		for who, clicked := range map[string]string{"in the window": "03-28 10:00", "later": "03-10 10:00", "to the second": "03-01 10:00", "too late": "03-01 09:59:59"} {
			h.does(who, model.EventArticleClick, clicked, model.Event{ArticleID: a})
			h.does(who, model.EventPaid, "03-31 10:00", model.Event{Amount: 10000, OutTradeNo: "N" + who})
		}
		h.does("of another since", model.EventArticleClick, "03-20 10:00", model.Event{ArticleID: a})
		h.does("of another since", model.EventArticleClick, "03-25 10:00", model.Event{ArticleID: b})
		h.does("of another since", model.EventPaid, "03-31 11:00", model.Event{Amount: 500, OutTradeNo: "NB"})
		h.does("paid before", model.EventArticleClick, "03-05 10:00", model.Event{ArticleID: a})
		h.does("paid before", model.EventPaid, "03-25 10:00", model.Event{Amount: 700, OutTradeNo: "NP"})
		h.does("paid before", model.EventRefunded, "03-31 12:00", model.Event{Amount: 300, OutTradeNo: "NP"})
		h.does("later", model.EventRefunded, "03-31 12:00", model.Event{Amount: 4000, OutTradeNo: "Nlater"})
		h.settle()
		sp := h.span("03-30", "03-31")
		f, err := h.figures.Article(t.Context(), a, sp)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(f["buyers"]) + ", " + show(f["gross"]) + ", " + show(f["net"]); got != "3 final, 30000 final, 25700 final" {
			t.Errorf("buyers, gross, net: %s", got)
		}
		rows, err := h.figures.Attribution(t.Context(), sp, model.AttributeLast, "article", 30*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Key == fmt.Sprint(a) && (float64(r.Gross) != *f["gross"].Value || float64(r.Net) != *f["net"].Value || r.Orders != 3) {
				t.Errorf("the attribution says %+v", r)
			}
		}
		if len(rows) != 3 {
			t.Errorf("article, other article, too late: %+v", rows)
		}
		if f, err = h.figures.Article(t.Context(), a, h.span("03-01", "03-31")); err != nil || show(f["conversion_clickers"]) != "0.166667 (1/6) final" {
			t.Errorf("of the clickers within the window: %s %v", show(f["conversion_clickers"]), err)
		}
	})
}

// WeChat's readers are all since the day of publishing. What is divided by them is counted as long, however late the range
// begins; what is no rate of theirs keeps to the range.
func TestArticleRatesCountFromPublishing(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a := h.published("文章甲", "03-02 20:00")
		h.told(a, 302, 303, 500, 400, 0, 0)
		h.told(a, 302, 331, 1000, 740, 0, 0)
		h.does("a preview", model.EventArticleClick, "03-01 10:00", model.Event{ArticleID: a})
		for _, who := range []string{"x", "y", "z"} {
			h.does(who, model.EventArticleClick, "03-03 10:00", model.Event{ArticleID: a})
		}
		h.does("x", model.EventPaid, "03-04 10:00", model.Event{Amount: 20000, OutTradeNo: "NX"})
		h.does("y", model.EventPaid, "04-06 10:00", model.Event{Amount: 30000, OutTradeNo: "NY"}) // thirty-four days: nobody's
		h.does("late", model.EventArticleClick, "04-06 10:00", model.Event{ArticleID: a})
		h.does("late", model.EventPaid, "04-07 10:00", model.Event{Amount: 10000, OutTradeNo: "NL"})
		h.does("x", model.EventRefunded, "04-08 10:00", model.Event{Amount: 5000, OutTradeNo: "NX"})
		h.does("after", model.EventArticleClick, "04-11 10:00", model.Event{ArticleID: a})
		h.settle()
		for ends, want := range map[[2]string]string{
			{"04-05", "04-10"}: "clickers 1, buyers 1, gross 10000, net 5000, click_rate 0.004 (4/1000), conversion_readers 0.002 (2/1000), net_per_thousand 25000",
			{"02-01", "03-03"}: "clickers 4, buyers 0, gross 0, net 0, click_rate 0.006 (3/500), conversion_readers 0 (0/500), net_per_thousand 0",
			{"02-01", "04-10"}: "clickers 5, buyers 2, gross 30000, net 25000, click_rate 0.004 (4/1000), conversion_readers 0.002 (2/1000), net_per_thousand 25000",
		} {
			f, err := h.figures.Article(t.Context(), a, h.span(ends[0], ends[1]))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, name := range []string{"clickers", "buyers", "gross", "net", "click_rate", "conversion_readers", "net_per_thousand"} {
				got = append(got, name+" "+strings.TrimSuffix(show(f[name]), " final"))
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("%v: %s\nwant %s", ends, strings.Join(got, ", "), want)
			}
		}
	})
}

// Delivered is what WeChat said at the end of the mass send, whatever rate it gives of those who read; without a send the
// followers of the day before, said to be an estimate; with neither it is missing, and published quietly it is undefined.
func TestDeliveredIsOfTheMassSend(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a, b, c, d, e := h.published("群发", "03-02 20:00"), h.published("后台发的", "03-03 20:00"), h.published("前一天不知道", "03-06 20:00"), h.published("没有通知", "03-03 20:00"), h.published("还在发", "03-03 20:00")
		h.went(fmt.Sprint("m", a), 10000)
		for _, x := range []struct {
			article int64
			day     int
			message int64
		}{{a, 302, 900}, {b, 303, 100}, {c, 306, 70}, {d, 303, 5}, {e, 303, 60}} {
			h.told(x.article, x.day, 331, 1200, x.message, 0, 0) // delivery_rate is 0.5 of each: nobody may ask it
		}
		h.must(db.Exec("UPDATE article_totals SET quiet = ? WHERE article_id = ?", true, d).Error)
		h.went(fmt.Sprint("m", e), 1)
		h.must(db.Exec("UPDATE broadcast_sends SET state = ?, sent = NULL WHERE msg_data_id = ?", model.BroadcastSent, fmt.Sprint("m", e)).Error)
		for day, total := range map[int]int64{20260301: 77777, 20260302: 2000, 20260303: 88888} {
			h.must(db.Table("follower_days").Create(map[string]any{"appid": "official", "day": day, "source": -1, "new_user": 0, "cancel_user": 0, "total": total, "fetched_at": h.now}).Error)
		}
		sp := h.span("03-02", "03-31")
		for id, want := range map[int64]string{
			a: "10000, 0.09 (900/10000), 估算 false false", b: "2000, 0.05 (100/2000), 估算 true true", c: "– missing, – missing, 估算 false false", d: "–, – (5/0), 估算 false false", e: "– missing, – missing, 估算 false false",
		} {
			f, err := h.figures.Article(t.Context(), id, sp)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%s, %s, 估算 %v %v", show(f["delivered"]), show(f["read_rate"]), strings.Contains(f["delivered"].Rule, "估算"), strings.Contains(f["read_rate"].Rule, "估算"))
			if got = strings.NewReplacer(" final", "", " maturing", "").Replace(got); got != want {
				t.Errorf("article %d: %s, want %s (%s)", id, got, want, f["delivered"].Rule)
			}
		}
		// A report's rate sums the same: 900 + 100 of 10 000 + 2 000; two are not known.
		f, err := h.figures.Period(t.Context(), "official", sp)
		if err != nil {
			t.Fatal(err)
		}
		if r := f["read_rate"]; r.Numerator == nil || *r.Numerator != 1000 || *r.Denominator != 12000 || !strings.Contains(r.Rule, "其中 1 篇没有群发结果") || !strings.Contains(r.Rule, "2 篇的送达人数未取到") {
			t.Errorf("report: %s, %s", show(r), r.Rule)
		}
		if f, err = h.figures.Period(t.Context(), "official", h.span("03-06", "03-31")); err != nil || f["read_rate"].State != figure.Missing {
			t.Errorf("a report of what is not known: %s %v", show(f["read_rate"]), err)
		}
	})
}

// An import may tell of orders without a number. A refund without one belongs to none of them.
func TestRefundWithoutANumber(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a := h.article("文章甲")
		h.does("x", model.EventArticleClick, "03-02 10:00", model.Event{ArticleID: a})
		h.does("x", model.EventPaid, "03-03 10:00", model.Event{Amount: 10000})
		h.does("y", model.EventRefunded, "03-04 10:00", model.Event{Amount: 4000})
		h.settle()
		sp := h.span("03-01", "03-08")
		f, err := h.figures.Account(t.Context(), sp)
		if err != nil || show(f["refund_rate"]) != "0 (0/10000) final" || show(f["refunded"]) != "4000 final" {
			t.Errorf("refund rate %s, refunded %s, %v", show(f["refund_rate"]), show(f["refunded"]), err)
		}
		if f, err = h.figures.Article(t.Context(), a, sp); err != nil || show(f["net"]) != "10000 final" {
			t.Errorf("the article's net %s, %v", show(f["net"]), err)
		}
		rows, err := h.figures.Attribution(t.Context(), sp, model.AttributeLast, "article", 30*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if want := map[string]int64{fmt.Sprint(a): 0, figure.Unattributed: 4000}[r.Key]; r.Refunded != want {
				t.Errorf("%+v", r)
			}
		}
	})
}
