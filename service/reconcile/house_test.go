package reconcile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"gorm.io/gorm"

	"loudou/api/hook"
	"loudou/model"
	"loudou/service/event"
	"loudou/service/grant"
	"loudou/service/job"
	"loudou/service/ledger"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/reconcile"
	"loudou/service/store"
	"loudou/service/wxpay"
	"loudou/service/wxpay/wxpaytest"
)

const miniApp = "wx00000000000mini"

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// house is a shop that sells through WeChat Pay behind real HTTP, and reconciles with its bills.
type house struct {
	t         *testing.T
	db        *gorm.DB
	pay       *wxpaytest.Fake
	orders    *order.Service
	ledger    *ledger.Service
	reconcile *reconcile.Service

	mu sync.Mutex
	at time.Time
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

// clock moves the business clock of the shop and of WeChat.
func (h *house) clock(day, hour int) {
	h.mu.Lock()
	h.at = model.DayStart(day).Add(time.Duration(hour) * time.Hour)
	h.mu.Unlock()
}

type shop struct{}

func (shop) Item(_ context.Context, id int64, _ model.Platform) (model.Item, error) {
	return model.Item{CourseID: id, Title: fmt.Sprintf("课程 %d，含逗号,和`撇", id), Price: 19900, OnSale: true, Vias: []model.Via{model.ViaJSAPI}}, nil
}

func (shop) SessionKey(context.Context, int64) (string, error) { return "", nil }

func (shop) Study(context.Context, int64, int64) (model.Study, error) { return model.Study{}, nil }

func (shop) Lock(_ *gorm.DB, id int64) (model.Learner, error) { return model.Learner{ID: id}, nil }

// quietQueue keeps jobs; the timetable is called by hand.
type quietQueue struct{ *job.Service }

func (quietQueue) Every(string, time.Duration, func(context.Context) error) {}

func open(t testing.TB, db *gorm.DB) *house {
	t.Helper()
	h := &house{db: db}
	if real, ok := t.(*testing.T); ok {
		h.t = real
	}
	h.clock(20260301, 9)
	h.pay = wxpaytest.New(wxpaytest.Options{Now: h.now, RefundIn: time.Millisecond, Plan: []time.Duration{time.Hour}, RefundGap: time.Nanosecond}).Start(t)
	k := h.pay.Keys()
	client, err := wxpay.New(wxpay.Options{
		API: h.pay.URL(), AppID: miniApp, MchID: k.MchID, Serial: k.Serial, PrivateKey: string(k.MerchantPEM()), APIv3Key: k.APIv3Key,
		PublicKeyID: k.PublicKeyID, PublicKey: string(k.PublicKeyPEM()), Timeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	rdb, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	ops := operator.New(db, limit.New(rdb, true), operator.Options{})
	jobs := quietQueue{job.New(db)}
	h.ledger = ledger.New(db, miniApp, ops, h.now)
	channel := wxpay.Channel{Client: client, NotifyURL: "http://127.0.0.1/hook/pay", RefundNotifyURL: "http://127.0.0.1/hook/refund"}
	h.orders = order.New(order.Options{
		AppID: miniApp, DB: db, Shop: shop{}, Learners: shop{}, Studies: shop{}, Grants: grant.New(db, h.now), Inbox: h.ledger, Facts: event.New(db, rdb, event.Options{Now: h.now}), Auditor: ops,
		Queue: jobs, Now: h.now, RefundLimit: 50000, Channels: map[model.Via]order.Channel{model.ViaJSAPI: channel},
	})
	h.reconcile = reconcile.New(reconcile.Options{DB: db, Channels: map[model.Via]reconcile.Channel{model.ViaJSAPI: channel}, Orders: h.orders, Inbox: h.ledger, Queue: jobs, AppID: miniApp, Now: h.now})
	r := gin.New()
	(&hook.Pay{WxPay: client, Orders: h.orders}).Mount(r, nil)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	h.pay.SetService(server.URL)
	return h
}

func ctx(t testing.TB) context.Context {
	c, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return c
}

// sold places and pays an order of learner n; silent: WeChat does not tell us.
func (h *house) sold(n int64, silent bool) string {
	h.t.Helper()
	who := model.Caller{LearnerID: n, PersonID: 1000 + n, AppID: miniApp, OpenID: model.OpenID(fmt.Sprintf("openid-%d", n)), Platform: model.PlatformAndroid}
	p, err := h.orders.Place(ctx(h.t), who, fmt.Sprintf("key-%d-%d", n, h.now().Unix()), order.Wish{CourseID: n, Via: model.ViaJSAPI})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.pay.Pay(p.OutTradeNo, wxpaytest.Payment{Silent: silent}); err != nil {
		h.t.Fatal(err)
	}
	h.pay.Wait()
	return p.OutTradeNo
}

// refund gives an order back and waits for WeChat's word.
func (h *house) refund(no string, amount model.Fen) string {
	h.t.Helper()
	r, err := h.orders.StartRefund(ctx(h.t), order.Operator{ID: 1, Name: "boss"}, no, "refund-"+no, amount, "不想要了")
	if err != nil {
		h.t.Fatal(err)
	}
	h.pay.Wait()
	return r.OutRefundNo
}

func (h *house) day(day int) model.Bill {
	h.t.Helper()
	b, err := h.reconcile.Day(ctx(h.t), model.ViaJSAPI, day)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// inbox gives what is open: key → what.
func (h *house) inbox() map[string]string {
	h.t.Helper()
	list, err := h.ledger.List(ctx(h.t), model.MoneyOpen, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range list {
		out[e.UKey] = e.What
	}
	return out
}

// dump is everything reconciling writes, but for times and leases.
func (h *house) dump() string {
	h.t.Helper()
	var bills []model.Bill
	var rows []model.BillRow
	var diffs []model.BillDifference
	var inbox []model.MoneyEntry
	var changes []model.Change
	var notices []model.PayNotice
	for _, q := range []error{h.db.Order("id").Find(&bills).Error, h.db.Order("id").Find(&rows).Error, h.db.Order("id").Find(&diffs).Error, h.db.Order("id").Find(&inbox).Error,
		h.db.Table("order_changes").Order("id").Find(&changes).Error, h.db.Order("id").Find(&notices).Error} {
		if q != nil {
			h.t.Fatal(q)
		}
	}
	for i := range bills {
		bills[i].Fence, bills[i].LeaseUntil = 0, nil
		bills[i].FetchedAt, bills[i].ComparedAt, bills[i].UpdatedAt = nil, nil, time.Time{}
	}
	for i := range rows {
		rows[i].Fence = 0
	}
	for i := range diffs {
		diffs[i].Fence = 0
	}
	b, err := json.Marshal([]any{bills, rows, diffs, inbox, changes, notices})
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}
