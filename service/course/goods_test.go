package course_test

import (
	"context"
	"encoding/json"
	"errors"
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

var boss = model.Operator{ID: 1, Name: "boss"}

// counter is virtual payment's counter for goods; its protocol is tested in service/xpay.
type counter struct {
	told []string
	err  error
}

func (c *counter) PublishGoods(_ context.Context, id, name string, price model.Fen, image string) error {
	c.told = append(c.told, id+" "+name+" "+price.Yuan()+" "+image)
	return c.err
}

func shop(t *testing.T, db *gorm.DB, c *counter) *course.Service {
	t.Helper()
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return course.New(db, course.Options{AppID: "wxmini", PublicURL: "https://shop.example", Selling: model.Selling{JSAPI: true, XPay: true},
		Grants: grant.New(db, time.Now), Audit: operator.New(db, limit.New(rdb, true), operator.Options{}), Jobs: job.New(db), Goods: c})
}

// waiting takes the goods jobs that were queued, as the runner would.
func waiting(t *testing.T, db *gorm.DB) []json.RawMessage {
	t.Helper()
	var jobs []model.Job
	if err := db.Where("kind = ?", course.GoodsJob).Order("id").Find(&jobs).Error; err != nil {
		t.Fatal(err)
	}
	var payloads []json.RawMessage
	for _, j := range jobs {
		payloads = append(payloads, json.RawMessage(j.Payload))
	}
	if err := db.Where("kind = ?", course.GoodsJob).Delete(&model.Job{}).Error; err != nil {
		t.Fatal(err)
	}
	return payloads
}

func TestGoodsFollowThePrice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		ctx, c := context.Background(), &counter{}
		s := shop(t, db, c)
		title, price, cover := "一门名字特别长的写作课程到了二十个字还没有说完", model.Fen(19900), "/media/0123456789abcdef0123456789abcdef.jpg"
		co, err := s.Create(ctx, boss, course.Draft{Title: &title, Price: &price, Cover: &cover})
		if err != nil {
			t.Fatal(err)
		}
		if jobs := waiting(t, db); len(jobs) != 0 {
			t.Errorf("a draft is no goods: %s", jobs)
		}
		if co, err = s.Publish(ctx, boss, co.ID); err != nil || co.GoodsStatus != model.GoodsPending || co.GoodsID != co.ProductID() {
			t.Fatalf("%+v %v", co, err)
		}
		first := waiting(t, db)
		if len(first) != 1 {
			t.Fatalf("jobs %s", first)
		}
		look := func() model.Course {
			r, err := s.Get(ctx, co.ID)
			if err != nil {
				t.Fatal(err)
			}
			return r.Course
		}
		c.err = model.ErrUnavailable
		if err := s.PublishGoods(ctx, first[0]); !errors.Is(err, model.ErrUnavailable) || look().GoodsStatus != model.GoodsPending {
			t.Errorf("away: %v, %s", err, look().GoodsStatus)
		}
		c.err = model.ErrInvalid
		if err := s.PublishGoods(ctx, first[0]); err != nil || look().GoodsStatus != model.GoodsFailed || look().GoodsError == "" {
			t.Errorf("refused: %v, %+v", err, look())
		}
		if vias := look().Vias(model.Selling{XPay: true}, model.PlatformIOS, time.Now()); len(vias) != 0 {
			t.Errorf("refused goods are sold by %v", vias)
		}
		c.err = nil
		before := look().UpdatedAt
		if err := s.PublishGoods(ctx, first[0]); err != nil || look().GoodsStatus != model.GoodsPublished || !look().UpdatedAt.Equal(before) {
			t.Errorf("published: %v, %+v", err, look())
		}
		if want := co.GoodsID + " 一门名字特别长的写作课程到了二十个字还没 199.00 https://shop.example" + cover; c.told[len(c.told)-1] != want {
			t.Errorf("told %q, want %q", c.told[len(c.told)-1], want)
		}
		price = 9900
		if co, err = s.Change(ctx, boss, co.ID, 0, course.Draft{Price: &price}); err != nil || co.GoodsStatus != model.GoodsPending || len(waiting(t, db)) != 1 {
			t.Errorf("new price: %+v %v", co, err)
		}
		told := len(c.told)
		if err := s.PublishGoods(ctx, first[0]); err != nil || len(c.told) != told || look().GoodsStatus != model.GoodsPending {
			t.Errorf("work for the old price was done: %v %v", err, c.told)
		}
		item, err := s.Item(ctx, co.ID, model.PlatformAndroid)
		if err != nil || item.Price != 9900 || item.ProductID != co.ProductID() || len(item.Vias) != 2 || item.Vias[0] != model.ViaJSAPI {
			t.Errorf("item %+v %v", item, err)
		}
	})
}

func TestItem(t *testing.T) {
	ctx := context.Background()
	s := shop(t, modeltest.Open(t), &counter{})
	title, price := "课", model.Fen(100)
	co, err := s.Create(ctx, boss, course.Draft{Title: &title, Price: &price})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{co.ID, 999, -1} {
		if _, err := s.Item(ctx, id, model.PlatformAndroid); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("course %d: %v", id, err)
		}
	}
	for _, step := range []struct {
		move   func(context.Context, model.Operator, int64) (model.Course, error)
		onSale bool
	}{{s.Publish, true}, {s.Stop, false}, {s.Publish, true}, {s.Unpublish, false}} {
		if _, err := step.move(ctx, boss, co.ID); err != nil {
			t.Fatal(err)
		}
		if item, err := s.Item(ctx, co.ID, model.PlatformAndroid); err != nil || item.OnSale != step.onSale || len(item.Vias) > 0 != step.onSale {
			t.Errorf("%+v %v, want on sale %v", item, err, step.onSale)
		}
	}
	if _, err := s.Stop(ctx, boss, co.ID); !errors.Is(err, model.ErrConflict) {
		t.Errorf("stopping what is withdrawn: %v", err)
	}
}

func TestCleanKeepsProseAlone(t *testing.T) {
	for in, want := range map[string]string{
		`<p onclick="x">a</p>`: "<p>a</p>", `<script>x</script>b`: "b", `<img src=x onerror=alert(1)>`: "", `<a href="javascript:alert(1)">c</a>`: "c",
		`<svg onload=x>d</svg>`: "d", `<iframe src="https://x"></iframe>e`: "e", `<base href="//x">f`: "f", `<p style="position:fixed">g</p>`: "<p>g</p>",
		`<img src="/media/0123456789abcdef0123456789abcdef.jpg" alt="h">`: `<img src="/media/0123456789abcdef0123456789abcdef.jpg" alt="h">`,
		`<img src="data:image/svg+xml,<svg>">`:                            "", `<meta http-equiv=refresh content="0">i`: "i", `{{constructor.constructor('x')()}}`: `{{constructor.constructor(&#39;x&#39;)()}}`,
	} {
		got := course.Clean(in)
		if got != want {
			t.Errorf("%s → %s, want %s", in, got, want)
		}
		if again := course.Clean(got); again != got {
			t.Errorf("%s is not stable: %s", got, again)
		}
	}
}
