package redeem_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/event"
	"loudou/service/grant"
	"loudou/service/job"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/order/ordertest"
	"loudou/service/redeem"
	"loudou/service/store"
)

var (
	ctx  = context.Background()
	boss = model.Operator{ID: 1, Name: "boss"}
)

// shop knows courses 1 and 2, and 3 as a draft; every learner is there.
type shop struct{}

func (shop) Named(_ context.Context, ids []int64) (map[int64]model.Course, error) {
	all := map[int64]model.Course{1: {ID: 1, Title: "写作课", Status: model.CourseOnSale}, 2: {ID: 2, Title: "摄影课", Status: model.CourseWithdrawn}, 3: {ID: 3, Status: model.CourseDraft}}
	out := map[int64]model.Course{}
	for _, id := range ids {
		if c, known := all[id]; known {
			out[id] = c
		}
	}
	return out, nil
}

func (shop) Lock(tx *gorm.DB, id int64) (model.Learner, error) {
	l := model.Learner{ID: id}
	return l, store.Lock(tx).Take(&l, id).Error
}

type house struct {
	t     *testing.T
	db    *gorm.DB
	desk  *redeem.Service
	grant *grant.Service
	ahead time.Duration
}

func (h *house) now() time.Time { return time.Now().Add(h.ahead) }

func open(t *testing.T, db *gorm.DB) *house {
	t.Helper()
	h := &house{t: t, db: db}
	rdb, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	h.grant = grant.New(db, h.now)
	h.desk = redeem.New(redeem.Options{DB: db, AppID: "wxmini", Courses: shop{}, Learners: shop{}, Grants: h.grant, Orders: order.New(order.Options{DB: db, AppID: "wxmini", Queue: job.New(db), Now: h.now}), Facts: event.New(db, rdb, event.Options{Now: h.now}),
		Audit: operator.New(db, limit.New(rdb, true), operator.Options{}), Now: h.now})
	var learners []model.Learner
	for n := range 64 {
		learners = append(learners, model.Learner{ID: int64(n + 1), AppID: "wxmini", OpenID: model.OpenID(fmt.Sprint("o", n+1)), LoginAt: time.Now().UTC(), CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC()})
	}
	if err := db.Create(&learners).Error; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ordertest.Check(t, db) })
	return h
}

func (h *house) batch(in redeem.Input) (redeem.Batch, []model.RedeemCode) {
	h.t.Helper()
	if in.EndsAt.IsZero() {
		in.StartsAt, in.EndsAt = h.now().Add(-time.Hour), h.now().Add(48*time.Hour)
	}
	in.CourseID, in.Size, in.Note = max(in.CourseID, 1), max(in.Size, 1), "给老学员"
	b, err := h.desk.Create(ctx, boss, in)
	if err != nil {
		h.t.Fatal(err)
	}
	codes, err := h.desk.Codes(ctx, redeem.Filter{BatchID: b.ID}, 0, 20000)
	if err != nil || len(codes) != in.Size {
		h.t.Fatal(len(codes), err)
	}
	return b, codes
}

func who(n int) model.Caller {
	return model.Caller{LearnerID: int64(n), PersonID: int64(1000 + n), AppID: "wxmini"}
}

func code(err error) string {
	var r *model.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return fmt.Sprint(err)
}

// One code and 64 learners at once: one of them has the course.
func TestOneCodeOneLearner(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		b, codes := h.batch(redeem.Input{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for n := range 64 {
			wg.Go(func() {
				_, err := h.desk.Redeem(ctx, who(n+1), codes[0].Code)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got++
				} else if c := code(err); c != model.CodeConflict && !errors.Is(err, model.ErrUnavailable) {
					t.Errorf("learner %d: %v", n+1, err)
				}
			})
		}
		wg.Wait()
		if b, _ = h.desk.Batch(ctx, b.ID); got != 1 || b.Redeemed != 1 {
			t.Errorf("%d learners have it, %d counted", got, b.Redeemed)
		}
		var events int64
		if err := db.Table("events").Where("type = ?", model.EventRedeem.Number()).Count(&events).Error; err != nil || events != 1 {
			t.Errorf("%d events, %v", events, err)
		}
	})
}

// Two codes and one learner with many phones: one code is used, the other is left for a friend.
func TestOneCourseOneCode(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		b, codes := h.batch(redeem.Input{Size: 2})
		var wg sync.WaitGroup
		for n := range 16 {
			wg.Go(func() { _, _ = h.desk.Redeem(ctx, who(1), codes[n%2].Code) })
		}
		wg.Wait()
		if b, _ = h.desk.Batch(ctx, b.ID); b.Redeemed != 1 {
			t.Errorf("%d codes used by one learner for one course", b.Redeemed)
		}
	})
}

func TestRedeem(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		b, codes := h.batch(redeem.Input{Size: 4, AccessDays: 30})
		typed := " " + codes[0].Code[:4] + "-" + codes[0].Code[4:]
		o, err := h.desk.Redeem(ctx, who(1), typed)
		if err != nil || o.CourseID != 1 || o.Title != "写作课" || o.Again || o.EndsAt == nil {
			t.Fatalf("%+v %v", o, err)
		}
		again, err := h.desk.Redeem(ctx, who(1), codes[0].Code)
		if err != nil || !again.Again || !again.EndsAt.Equal(*o.EndsAt) {
			t.Errorf("told again: %+v %v", again, err)
		}
		if _, err := h.desk.Redeem(ctx, who(1), codes[1].Code); code(err) != model.CodeOwned {
			t.Errorf("owned already: %v", err)
		}
		if _, err := h.desk.Redeem(ctx, who(2), codes[0].Code); code(err) != model.CodeConflict {
			t.Errorf("another's code: %v", err)
		}
		if has, _ := h.grant.Owns(ctx, 1, 1); !has {
			t.Error("the course is not open")
		}
		// Withdrawn: one, then the rest; the redeemed one stays.
		if n, err := h.desk.Withdraw(ctx, boss, b.ID, codes[2].ID, "发错了"); n != 1 || err != nil {
			t.Error(n, err)
		}
		if _, err := h.desk.Withdraw(ctx, boss, b.ID, codes[0].ID, "发错了"); code(err) != model.CodeConflict {
			t.Errorf("a redeemed code was withdrawn: %v", err)
		}
		if n, err := h.desk.Withdraw(ctx, boss, b.ID, 0, "活动停了"); n != 2 || err != nil {
			t.Error(n, err)
		}
		if b, _ := h.desk.Batch(ctx, b.ID); b.Redeemed != 1 || b.Withdrawn != 3 {
			t.Errorf("%+v", b)
		}
		// A term that ends gives the course back, and the learner may redeem anew.
		_, more := h.batch(redeem.Input{})
		h.ahead = 31 * 24 * time.Hour
		if has, _ := h.grant.Owns(ctx, 1, 1); has {
			t.Error("the course is open after its term")
		}
		if _, err := h.desk.Redeem(ctx, who(1), more[0].Code); code(err) != model.CodeConflict {
			t.Errorf("a code past its time: %v", err)
		}
		if _, err := h.desk.Create(ctx, boss, redeem.Input{CourseID: 3, Size: 1, StartsAt: h.now(), EndsAt: h.now().Add(time.Hour), Note: "x"}); code(err) != model.CodeInvalid {
			t.Errorf("codes for a draft: %v", err)
		}
	})
}

// A code that was never made and a withdrawn one: the same words, after the same statements.
func TestGuessingTellsNothing(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		b, codes := h.batch(redeem.Input{})
		if _, err := h.desk.Withdraw(ctx, boss, b.ID, 0, "停"); err != nil {
			t.Fatal(err)
		}
		statements := 0
		count := func(*gorm.DB) { statements++ }
		if err := db.Callback().Query().After("gorm:query").Register("count", count); err != nil {
			t.Fatal(err)
		}
		try := func(typed string) (string, int) {
			statements = 0
			_, err := h.desk.Redeem(ctx, who(1), typed)
			return err.Error(), statements
		}
		withdrawn, n := try(codes[0].Code)
		for _, typed := range []string{model.NewCode(model.RedeemCodeLength), "没有", "'; DROP TABLE grants"} {
			if words, m := try(typed); words != withdrawn || m != n {
				t.Errorf("%q: %s after %d statements; withdrawn: %s after %d", typed, words, m, withdrawn, n)
			}
		}
		if err := db.Callback().Query().Remove("count"); err != nil {
			t.Fatal(err)
		}
	})
}

// A batch is withdrawn while its codes are redeemed: each code goes one way, and the sums agree.
func TestWithdrawnMeanwhile(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		b, codes := h.batch(redeem.Input{Size: 16})
		var wg sync.WaitGroup
		for n, c := range codes {
			wg.Go(func() { _, _ = h.desk.Redeem(ctx, who(n+1), c.Code) })
		}
		wg.Go(func() { _, _ = h.desk.Withdraw(ctx, boss, b.ID, 0, "停") })
		wg.Wait()
		_, _ = h.desk.Withdraw(ctx, boss, b.ID, 0, "停")
		if b, _ = h.desk.Batch(ctx, b.ID); b.Redeemed+b.Withdrawn != 16 {
			t.Errorf("%+v", b)
		}
	})
}

// hasty is somebody who marks the learner's order paid by hand between two statements of the redeeming.
type hasty struct {
	redeem.Orders
	pay func()
}

func (h *hasty) GiveUp(tx *gorm.DB, learnerID, courseID int64, who model.Actor, why string) error {
	h.pay()
	return h.Orders.GiveUp(tx, learnerID, courseID, who, why)
}

// Money for the course is booked while the code is redeemed: the course is owned, and the code is left for a friend.
// SQLite lets nobody write meanwhile.
func TestPaidMeanwhile(t *testing.T) {
	db := modeltest.MySQL(t)
	h := open(t, db)
	_, codes := h.batch(redeem.Input{})
	orders := order.New(order.Options{DB: db, AppID: "wxmini", Queue: job.New(db), Now: h.now, Grants: h.grant, Facts: h.desk.Facts, Auditor: h.desk.Audit})
	key, now := model.OpenKeyOf(model.OrderForSelf, 1, 1), model.Milli(h.now())
	o := model.Order{AppID: "wxmini", OutTradeNo: "N1", Kind: model.OrderForSelf, LearnerID: 1, CourseID: 1, Title: "写作课", Amount: 100, ListPrice: 100, Via: model.ViaJSAPI, Status: model.OrderPending, OpenKey: &key,
		ExpiresAt: now.Add(time.Hour), CreatedAt: now, UpdatedAt: now}
	if err := db.Create(&o).Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Table("order_changes").Create(&model.Change{Thing: model.ThingOrder, ThingID: o.ID, OrderID: o.ID, To: string(o.Status), Who: "learner:1", Why: "下单", HappenAt: now}).Error; err != nil {
		t.Fatal(err)
	}
	h.desk.Orders = &hasty{orders, func() {
		if _, err := orders.PayByHand(ctx, order.Operator{ID: 1, Name: "boss"}, o.OutTradeNo, "转账", "回单 7"); err != nil {
			t.Error(err)
		}
	}}
	if _, err := h.desk.Redeem(ctx, who(1), codes[0].Code); code(err) != model.CodeOwned {
		t.Errorf("paid for meanwhile: %v", err)
	}
	if list, err := h.desk.Codes(ctx, redeem.Filter{}, 0, 9); err != nil || list[0].Status != model.RedeemUnused {
		t.Errorf("the code is used up: %+v %v", list, err)
	}
}
