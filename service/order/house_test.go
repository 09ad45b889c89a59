package order_test

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
	"loudou/service/gift"
	"loudou/service/grant"
	"loudou/service/job"
	"loudou/service/ledger"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/order/ordertest"
	"loudou/service/store"
	"loudou/service/store/seal"
	"loudou/service/wxpay"
	"loudou/service/wxpay/wxpaytest"
)

const miniApp = "wx00000000000mini"

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// house is order with its real neighbours, the real hook door, and WeChat Pay behind real HTTP.
type house struct {
	t      *testing.T
	db     *gorm.DB
	pay    *wxpaytest.Fake
	orders *order.Service
	grants *grant.Service
	gifts  *gift.Service
	ledger *ledger.Service
	jobs   *job.Service
	client *wxpay.Client

	mu    sync.Mutex
	ahead time.Duration // how far the business clock runs ahead
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.ahead)
}

// wait moves the business clock.
func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	h.ahead += d
	h.mu.Unlock()
}

// shop sells three courses: 1 at 199 yuan, 2 at 1 yuan, 3 free. 4 is not on sale.
type shop struct{}

func (shop) Item(_ context.Context, id int64, _ model.Platform) (model.Item, error) {
	vias, rule := []model.Via{model.ViaJSAPI, model.ViaXPay}, model.DefaultRefundRule()
	switch id {
	case 1:
		return model.Item{CourseID: 1, Title: "写作课", Price: 19900, FlashOff: flashOf1, RefundRule: ruleOf1, OnSale: true, ProductID: "course_1_19900", Vias: vias}, nil
	case 2:
		return model.Item{CourseID: 2, Title: "摄影课", Price: 100, RefundRule: rule, OnSale: true, ProductID: "course_2_100", Vias: vias}, nil
	case 3:
		return model.Item{CourseID: 3, Title: "公开课", OnSale: true}, nil
	case 4:
		return model.Item{CourseID: 4, Title: "停售课", Price: 100}, nil
	}
	return model.Item{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这门课程")
}

// ruleOf1 is course 1's refund rule, flashOf1 what its flash price takes off now, studied what everybody has studied.
var (
	flashOf1 model.Fen
	ruleOf1  = model.DefaultRefundRule()
	studied  model.Study
)

func (shop) Study(context.Context, int64, int64) (model.Study, error) { return studied, nil }

func (shop) Named(context.Context, []int64) (map[int64]model.Course, error) {
	return map[int64]model.Course{1: {ID: 1, Title: "写作课"}}, nil
}

func (shop) SessionKey(context.Context, int64) (string, error) { return "c2Vzc2lvbi1rZXk=", nil }

func (shop) Lock(_ *gorm.DB, id int64) (model.Learner, error) { return model.Learner{ID: id}, nil }

// quietQueue keeps jobs and lets a test run them; the timetable is called by hand.
type quietQueue struct{ *job.Service }

func (quietQueue) Every(string, time.Duration, func(context.Context) error) {}

func open(t *testing.T, db *gorm.DB) *house {
	t.Helper()
	h := &house{t: t, db: db}
	h.pay = wxpaytest.New(wxpaytest.Options{Now: h.now, RefundIn: 10 * time.Millisecond, Plan: []time.Duration{time.Hour}, RefundGap: time.Nanosecond}).Start(t)
	k := h.pay.Keys()
	var err error
	h.client, err = wxpay.New(wxpay.Options{
		API: h.pay.URL(), AppID: miniApp, MchID: k.MchID, Serial: k.Serial, PrivateKey: string(k.MerchantPEM()), APIv3Key: k.APIv3Key,
		PublicKeyID: k.PublicKeyID, PublicKey: string(k.PublicKeyPEM()), Timeout: 2 * time.Second,
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
	h.jobs = job.New(db)
	h.grants = grant.New(db, h.now)
	h.ledger = ledger.New(db, miniApp, ops, h.now)
	h.gifts = gift.New(gift.Options{DB: db, AppID: miniApp, Courses: shop{}, Learners: shop{}, Grants: h.grants, Facts: event.New(db, rdb, event.Options{Now: h.now}), Now: h.now})
	box, err := seal.New([]byte("a secret of these tests, long enough"), order.SealPurpose)
	if err != nil {
		t.Fatal(err)
	}
	h.orders = order.New(order.Options{
		AppID: miniApp, DB: db, Shop: shop{}, Learners: shop{}, Studies: shop{}, Grants: h.grants, Gifts: h.gifts, Inbox: h.ledger, Facts: event.New(db, rdb, event.Options{Now: h.now}), Auditor: ops,
		Queue: quietQueue{h.jobs}, Now: h.now, RefundLimit: 50000, Seal: box,
		Channels: map[model.Via]order.Channel{
			model.ViaJSAPI: wxpay.Channel{Client: h.client, NotifyURL: "http://127.0.0.1/hook/pay", RefundNotifyURL: "http://127.0.0.1/hook/refund"},
		},
	})
	h.gifts.Orders = h.orders
	r := gin.New()
	(&hook.Pay{WxPay: h.client, Orders: h.orders}).Mount(r, nil)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	h.pay.SetService(server.URL)
	t.Cleanup(func() { ordertest.Check(t, db) })
	return h
}

// work runs jobs until the test ends.
func (h *house) work() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); h.jobs.Run(ctx) }()
	h.t.Cleanup(func() { cancel(); <-done })
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return c
}

func learner(n int64) model.Caller {
	return model.Caller{LearnerID: n, PersonID: 1000 + n, AppID: miniApp, OpenID: model.OpenID(fmt.Sprintf("openid-%d", n)), Platform: model.PlatformAndroid}
}

func (h *house) place(n, course int64, key string) order.Placed {
	h.t.Helper()
	p, err := h.orders.Place(ctx(h.t), learner(n), key, order.Wish{CourseID: course, Via: model.ViaJSAPI})
	if err != nil {
		h.t.Fatalf("place: %v", err)
	}
	return p
}

// paid places and pays an order, and waits for the notice.
func (h *house) paid(n, course int64, key string) order.Placed {
	h.t.Helper()
	p := h.place(n, course, key)
	h.buy(p)
	if got := h.status(p.OutTradeNo); got != model.OrderPaid {
		h.t.Fatalf("order is %s after the notice", got)
	}
	return p
}

// buy opens the sheet as a phone does and pays.
func (h *house) buy(p order.Placed) {
	h.t.Helper()
	var s wxpaytest.Sheet
	if err := json.Unmarshal(p.Pay, &s); err != nil {
		h.t.Fatal(err)
	}
	o, err := h.pay.OpenSheet(miniApp, s)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.pay.Pay(o.OutTradeNo, wxpaytest.Payment{}); err != nil {
		h.t.Fatal(err)
	}
	h.pay.Wait()
}

func (h *house) order(no string) model.Order {
	h.t.Helper()
	var o model.Order
	if err := h.db.Where("out_trade_no = ?", no).Take(&o).Error; err != nil {
		h.t.Fatal(err)
	}
	return o
}

func (h *house) status(no string) model.OrderStatus { h.t.Helper(); return h.order(no).Status }

func (h *house) owns(n, course int64) bool {
	h.t.Helper()
	ok, err := h.grants.Owns(ctx(h.t), n, course)
	if err != nil {
		h.t.Fatal(err)
	}
	return ok
}

func (h *house) count(model any, where string, args ...any) int64 {
	h.t.Helper()
	var n int64
	if err := h.db.Model(model).Where(where, args...).Count(&n).Error; err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) events(kind model.EventType) int64 {
	h.t.Helper()
	var n int64
	if err := h.db.Table("events").Where("type = ?", kind.Number()).Count(&n).Error; err != nil {
		h.t.Fatal(err)
	}
	return n
}

// inbox gives the kinds of open entries.
func (h *house) inbox() []model.MoneyKind {
	h.t.Helper()
	list, err := h.ledger.List(ctx(h.t), model.MoneyOpen, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	kinds := []model.MoneyKind{}
	for _, e := range list {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// until waits for something a job does.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	h.t.Fatalf("never: %s", what)
}

// tell sends a genuine notice about a made-up transaction and gives the status.
func (h *house) tell(change map[string]any, no string) int {
	h.t.Helper()
	o, found := h.pay.Order(no)
	if !found {
		o = wxpaytest.Order{AppID: miniApp, OutTradeNo: no, Total: 19900, Payer: string(learner(1).OpenID)}
	}
	amount := map[string]any{"total": o.Total, "payer_total": o.Total, "currency": "CNY", "payer_currency": "CNY"}
	v := map[string]any{
		"appid": o.AppID, "mchid": h.pay.Keys().MchID, "out_trade_no": no, "transaction_id": "4200000000202611240000000001", "trade_state": "SUCCESS", "trade_state_desc": "支付成功",
		"trade_type": "JSAPI", "bank_type": "OTHERS", "success_time": time.Now().In(model.Shanghai).Format(time.RFC3339), "payer": map[string]any{"openid": o.Payer}, "amount": amount,
	}
	for k, x := range change {
		if k == "total" || k == "currency" {
			amount[k] = x
			continue
		}
		v[k] = x
	}
	raw, err := json.Marshal(v)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.pay.Send("http://127.0.0.1/hook/pay", h.pay.Seal("TRANSACTION.SUCCESS", raw))
}
