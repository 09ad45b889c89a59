package reconcile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/person"
	"loudou/service/reconcile"
	"loudou/service/store"
	"loudou/service/wxpay/wxpaytest"
)

// month is what March came to, added up while it was made.
type month struct {
	orders, paid, refunded model.Fen
	byArticle              map[string]figure.Credit
	net                    map[string]int64 // by day
}

// march makes n orders of March at WeChat, in the ledger and among the events, each after a tap on one of two articles.
// Every seventh is refunded nine days later, wholly or in part; of those some are given back in April.
func (h *house) march(events *event.Service, articles []int64, n int) month {
	h.t.Helper()
	m := month{byArticle: map[string]figure.Credit{}, net: map[string]int64{}}
	paid, refunds := map[string]wxpaytest.Order{}, map[string]wxpaytest.Refund{}
	start, end := model.DayStart(20260301), model.DayStart(20260401)
	for from := 0; from < n; from += 500 {
		var orders []model.Order
		var payments []model.Payment
		var given []model.Refund
		var facts []model.Event
		for i := from; i < min(from+500, n); i++ {
			at := start.Add(time.Duration(i) * end.Sub(start) / time.Duration(n)).UTC().Truncate(time.Second)
			no, id, payer := fmt.Sprintf("M%09d", i), fmt.Sprintf("42000000%020d", i), fmt.Sprintf("openid-%d", i)
			sum, article, course := model.Fen(9900+i%777), articles[i%len(articles)], int64(i%20+1)
			paid[no] = wxpaytest.Order{AppID: miniApp, OutTradeNo: no, Description: "课程", Total: int64(sum), PayerTotal: int64(sum), Payer: payer, State: "SUCCESS", TransactionID: id, PaidAt: at, PrepayID: "wx" + no}
			o := model.Order{AppID: miniApp, OutTradeNo: no, LearnerID: int64(i + 1), PersonID: int64(i + 1), OpenID: model.OpenID(payer), CourseID: course, Title: "课程", ListPrice: sum, Amount: sum, ArticleID: article,
				Via: model.ViaJSAPI, Status: model.OrderPaid, PaidBy: no, PaidAt: &at, ExpiresAt: at, CreatedAt: at, UpdatedAt: at}
			fact := func(kind model.EventType, key string, when time.Time, sum model.Fen) model.Event {
				return model.Event{Key: key + no, AppID: miniApp, Type: kind, OccurredAt: when, PersonID: o.PersonID, ArticleID: article, CourseID: course, Amount: sum, OutTradeNo: no}
			}
			facts = append(facts, model.Event{Key: "tap:" + no, AppID: miniApp, Type: model.EventArticleClick, OccurredAt: at.Add(-time.Minute), PersonID: o.PersonID, ArticleID: article}, fact(model.EventPaid, "paid:", at, sum))
			c := m.byArticle[fmt.Sprint(article)]
			c.Orders, c.Gross, c.Net = c.Orders+1, c.Gross+int64(sum), c.Net+int64(sum)
			m.orders, m.paid = m.orders+1, m.paid+sum
			m.net[model.Day(at)] += int64(sum)
			if i%7 == 0 {
				back, done := sum, at.AddDate(0, 0, 9)
				if i%14 == 0 {
					back = sum / 3
				}
				r := "R" + no
				refunds[r] = wxpaytest.Refund{OutRefundNo: r, RefundID: "50" + id, OutTradeNo: no, TransactionID: id, Amount: int64(back), Total: int64(sum), Status: "SUCCESS", CreatedAt: done, DoneAt: done}
				given = append(given, model.Refund{OutRefundNo: r, OutTradeNo: no, Via: model.ViaJSAPI, Kind: model.RefundOfOrder, Amount: back, Total: sum, Status: model.RefundSuccess, RefundID: "50" + id, SentAt: &done, SucceededAt: &done, CreatedAt: done, UpdatedAt: done})
				facts = append(facts, fact(model.EventRefunded, "refund:", done, back))
				if o.Refunded, o.Status = back, model.OrderRefunded; back < sum {
					o.Status = model.OrderPartlyRefunded
				}
				if done.Before(end) {
					c.Refunded, c.Net, m.refunded = c.Refunded+int64(back), c.Net-int64(back), m.refunded+back
					m.net[model.Day(done)] -= int64(back)
				}
			}
			m.byArticle[fmt.Sprint(article)] = c
			orders = append(orders, o)
			payments = append(payments, model.Payment{OutTradeNo: no, Via: model.ViaJSAPI, AppID: miniApp, MchID: h.pay.Keys().MchID, OpenID: model.OpenID(payer), Total: sum, Currency: "CNY", ExpireAt: at,
				Status: model.PaymentSuccess, TransactionID: &id, TradeState: model.TradeSuccess, PayerTotal: sum, PaidAt: &at, CreatedAt: at, UpdatedAt: at})
		}
		if err := h.db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Create(&orders).Error; err != nil {
				return err
			}
			of := map[string]*model.Payment{}
			for i := range payments {
				payments[i].OrderID, of[payments[i].OutTradeNo] = orders[i].ID, &payments[i]
			}
			if err := tx.Create(&payments).Error; err != nil {
				return err
			}
			for i := range given {
				p := of[given[i].OutTradeNo]
				given[i].OrderID, given[i].PaymentID = p.OrderID, p.ID
			}
			if err := tx.Create(&given).Error; err != nil {
				return err
			}
			for _, e := range facts {
				if err := events.Add(tx, e); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			h.t.Fatal(err)
		}
	}
	raw, err := json.Marshal(map[string]any{"orders": paid, "refunds": refunds})
	if err == nil {
		err = h.pay.Restore(raw)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// Selling check 32: the report of a month says what the ledger says and what WeChat's bills of its days say, to the fen;
// a refund stands on its own day, and with the article that brought its order.
func TestMonthReportLedgerAndBills(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		rdb, err := store.OpenRedis("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rdb.Close() })
		h.clock(20260420, 11)
		people := person.New(db, h.now)
		events := event.New(db, rdb, event.Options{Now: h.now})
		figures := figure.New(db, "official", miniApp, people, events, h.now)
		n := 700
		if os.Getenv("LOUDOU_TEST_SCALE") == "full" {
			n = 100_000
		}
		m := h.march(events, []int64{7, 8}, n)
		if err := events.Settle(ctx(t)); err != nil {
			t.Fatal(err)
		}

		report, err := figures.Report(t.Context(), "official", model.ReportMonth, 20260301)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]model.Fen{"orders": m.orders, "gmv": m.paid, "net": m.paid - m.refunded} {
			if c, ok := report.Cell(key); !ok || c.Actual == nil || int64(*c.Actual) != int64(want) {
				t.Errorf("the report's %s is %+v, want %d", key, c, want)
			}
		}
		if len(report.Days) != 31 {
			t.Fatalf("%d days", len(report.Days))
		}
		span, err := figure.ParseSpan("2026-03-01", "2026-03-31")
		if err != nil {
			t.Fatal(err)
		}
		if unequal, err := figures.CompareOrders(t.Context(), span); err != nil || len(unequal) > 0 {
			t.Errorf("orders and events: %v %v", unequal, err)
		}

		var paid, refunded, fee model.Fen
		for i, d := range report.Days {
			at, err := time.ParseInLocation(time.DateOnly, d.Day, model.Shanghai)
			if err != nil {
				t.Fatal(err)
			}
			b := h.day(model.DayNumber(at))
			if b.State != model.BillDone || b.Differs+b.MissingHere+b.MissingThere != 0 || int64(b.Paid-b.Refunded) != d.Net || d.Net != m.net[d.Day] {
				t.Errorf("day %d: the report says %d, the bill %+v", i+1, d.Net, b)
			}
			paid, refunded, fee = paid+b.Paid, refunded+b.Refunded, fee+b.Fee
		}
		if paid != m.paid || refunded != m.refunded {
			t.Errorf("the bills say %d and %d, the ledger %d and %d", paid, refunded, m.paid, m.refunded)
		}
		fees, err := h.reconcile.Fees(t.Context(), 20260301, 20260331, reconcile.ByChannel)
		if err != nil || len(fees) != 1 || fees[0].Gross != paid || fees[0].Refunded != refunded || fees[0].Fee != fee || fees[0].Estimated != 0 {
			t.Errorf("the ledger with its fees: %+v %v, want a fee of %d", fees, err, fee)
		}

		credits, err := figures.Attribution(t.Context(), span, model.AttributeLast, "article", 7*24*time.Hour)
		if err != nil || len(credits) != len(m.byArticle) {
			t.Fatalf("articles: %+v %v", credits, err)
		}
		for _, c := range credits {
			want := m.byArticle[c.Key]
			want.Key = c.Key
			if c != want {
				t.Errorf("article %+v, want %+v", c, want)
			}
		}
	})
}
