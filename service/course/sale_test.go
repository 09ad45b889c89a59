package course_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/course"
	"loudou/service/grant"
	"loudou/service/job"
	"loudou/service/limit"
	"loudou/service/operator"
)

// market is a shop whose clock a test sets.
func market(t *testing.T, db *gorm.DB, sell model.Selling, now *time.Time) *course.Service {
	t.Helper()
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	clock := func() time.Time { return *now }
	return course.New(db, course.Options{AppID: "wxmini", Selling: sell, Grants: grant.New(db, clock), Audit: operator.New(db, limit.New(rdb, true), operator.Options{}), Jobs: job.New(db), Goods: &counter{}, Now: clock})
}

func fen(n int64) *model.Fen { f := model.Fen(n); return &f }

func plus(at time.Time, d time.Duration) *time.Time { t := at.Add(d); return &t }

// A course is sold from its time until its time, whatever anybody's phone says, and keeps its page.
func TestSoldWithinItsTimes(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx, start := context.Background(), time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
		now := start
		s := market(t, db, model.Selling{JSAPI: true}, &now)
		title, category := "课", "写作"
		sale := model.Sale{SaleFrom: plus(start, time.Hour), SaleUntil: plus(start, 3*time.Hour)}
		co, err := s.Create(ctx, boss, course.Draft{Title: &title, Price: fen(10000), Category: &category, Sale: &sale})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Publish(ctx, boss, co.ID); err != nil {
			t.Fatal(err)
		}
		who := model.Caller{LearnerID: 1, Platform: model.PlatformAndroid}
		for at, want := range map[time.Duration]struct {
			sold   bool
			listed int
			why    string
		}{
			0:                         {false, 1, "2026 年 11 月 27 日 21:00 开售"},
			time.Hour:                 {true, 1, ""},
			3*time.Hour - time.Second: {true, 1, ""},
			3 * time.Hour:             {false, 0, "已停售"},
		} {
			now = start.Add(at)
			item, err := s.Item(ctx, co.ID, model.PlatformAndroid)
			if err != nil || item.OnSale != want.sold || len(item.Vias) > 0 != want.sold {
				t.Errorf("after %s: %+v %v", at, item, err)
			}
			shown, _, err := s.Page(ctx, who, co.ID)
			if err != nil || shown.Offer.NotSold != want.why || slices.Contains(shown.Offer.Actions, model.ActionBuy) != want.sold || slices.Contains(shown.Offer.Actions, model.ActionGift) != want.sold {
				t.Errorf("after %s the page says %+v %v", at, shown.Offer, err)
			}
			list, _, err := s.Shop(ctx, who, course.Filter{Limit: 10})
			categories, fault := s.Categories(ctx)
			if err != nil || fault != nil || len(list) != want.listed || len(categories) != want.listed {
				t.Errorf("after %s %d are listed in %v, want %d: %v %v", at, len(list), categories, want.listed, err, fault)
			}
		}
	})
}

// The flash price holds from its time until its time; the history knows who set it.
func TestFlashPrice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx, start := context.Background(), time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
		now := start
		s := market(t, db, model.Selling{JSAPI: true, XPay: true}, &now)
		title := "课"
		co, err := s.Create(ctx, boss, course.Draft{Title: &title, Price: fen(10000)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Publish(ctx, boss, co.ID); err != nil {
			t.Fatal(err)
		}
		flash := func(price int64) *model.Sale {
			return &model.Sale{FlashPrice: fen(price), FlashFrom: plus(start, time.Hour), FlashUntil: plus(start, 2*time.Hour)}
		}
		for name, bad := range map[string]*model.Sale{
			"flash_price": flash(3999), "under 40 %": flash(0), "not lower": flash(10000), "no end": {FlashPrice: fen(5000), FlashFrom: plus(start, 0)}, "no price": {FlashFrom: plus(start, 0)}, "no seats": {Seats: new(int64)},
			"ends first": {FlashPrice: fen(5000), FlashFrom: plus(start, time.Hour), FlashUntil: plus(start, 0)}, "sold until before from": {SaleFrom: plus(start, time.Hour), SaleUntil: plus(start, 0)},
		} {
			var r *model.Refusal
			if _, err := s.Change(ctx, boss, co.ID, 0, course.Draft{Sale: bad}); !errors.As(err, &r) || len(r.Fields) == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Change(ctx, boss, co.ID, 0, course.Draft{Sale: flash(4000)}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Change(ctx, boss, co.ID, 0, course.Draft{Price: fen(10001)}); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a price that puts the flash price under 40 %%: %v", err)
		}
		for at, due := range map[time.Duration]model.Fen{0: 10000, time.Hour: 4000, 2*time.Hour - time.Millisecond: 4000, 2 * time.Hour: 10000} {
			now = start.Add(at)
			item, err := s.Item(ctx, co.ID, model.PlatformAndroid)
			if err != nil || item.Due() != due || item.Price != 10000 || item.ProductID != fmt.Sprintf("course_%d_10000", co.ID) || len(item.Vias) != 2 {
				t.Errorf("after %s: %+v %v, want %d", at, item, err, due)
			}
		}
		prices, err := s.Prices(ctx, co.ID)
		if err != nil || len(prices) != 2 || prices[0].FlashPrice == nil || *prices[0].FlashPrice != 4000 || !prices[0].FlashUntil.Equal(start.Add(2*time.Hour)) || prices[0].OperatorName != "boss" || prices[1].FlashPrice != nil {
			t.Errorf("history %+v %v", prices, err)
		}
		// A draft knows nothing of it, and publishing one leaves it.
		d, err := s.BeginDraft(ctx, boss, co.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Change(ctx, boss, d.ID, 0, course.Draft{Sale: &model.Sale{}}); !errors.Is(err, model.ErrConflict) {
			t.Errorf("a sale in a draft: %v", err)
		}
		other := "改过的题"
		if _, err := s.Change(ctx, boss, d.ID, 0, course.Draft{Title: &other}); err != nil {
			t.Fatal(err)
		}
		state, err := s.Draft(ctx, co.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.PublishDraft(ctx, boss, co.ID, "", state.Seen); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Get(ctx, co.ID); err != nil || r.Title != other || r.FlashPrice == nil || *r.FlashPrice != 4000 {
			t.Errorf("after the draft %+v %v", r.Sale, err)
		}
		if _, err := s.Change(ctx, boss, co.ID, 0, course.Draft{Sale: &model.Sale{}}); err != nil {
			t.Fatal(err)
		}
		now = start.Add(time.Hour)
		if item, err := s.Item(ctx, co.ID, model.PlatformAndroid); err != nil || item.Due() != 10000 {
			t.Errorf("taken back: %+v %v", item, err)
		}
	})
}
