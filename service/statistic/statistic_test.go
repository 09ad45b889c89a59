package statistic_test

import (
	"context"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/statistic"
	"loudou/service/store"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// noArticle knows no article: whose they are does not matter here.
type noArticle struct{}

func (noArticle) Identify(context.Context, model.ArticleTotal) (int64, error) { return 0, nil }

// What WeChat refuses of one kind, or of one day, keeps nothing else from being fetched; what it refuses to everybody
// is not asked thirty times.
func TestOneRefusalLeavesTheOthers(t *testing.T) {
	const users, articles, all = "/datacube/getusersummary", "/datacube/getarticletotaldetail", "/datacube/"
	once := func(code int) wechattest.Fault { f := wechattest.ErrCode(code); f.Times = 1; return f }
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		for _, c := range []struct {
			name, path    string
			fault         wechattest.Fault
			first, second [2]int // calls for followers and for articles, in the morning's two runs
		}{
			{"followers not ready", users, wechattest.ErrCode(61503), [2]int{1, 30}, [2]int{1, 0}},
			{"WeChat busy about followers", users, wechattest.ErrCode(-1), [2]int{1, 30}, [2]int{1, 0}},
			{"no right to followers", users, wechattest.ErrCode(48001), [2]int{1, 30}, [2]int{0, 0}},
			{"one publishing day", articles, once(61501), [2]int{1, 30}, [2]int{0, 1}},
			{"no right to articles", articles, wechattest.ErrCode(48001), [2]int{1, 1}, [2]int{0, 0}},
			{"no answer", all, wechattest.Fault{Drop: true}, [2]int{1, 1}, [2]int{1, 1}},
			{"account restricted", all, wechattest.ErrCode(50002), [2]int{1, 0}, [2]int{0, 0}},
		} {
			now := time.Date(2026, 3, 3, 8, 10, 0, 0, model.Shanghai)
			clock := func() time.Time { return now }
			fake := wechattest.New(wechattest.Options{Now: clock}).Start(t)
			redis, err := store.OpenRedis("")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = redis.Close() })
			app := fake.Official()
			wx, err := wechat.New(wechat.Options{AppID: app.AppID, Secret: app.Secret, API: fake.URL(), Redis: redis})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Exec("DELETE FROM statistic_fetches").Error; err != nil {
				t.Fatal(err)
			}
			s := statistic.New(db, app.AppID, wx, noArticle{}, clock)
			run := func() (calls [2]int) {
				t.Helper()
				u, a := fake.Count(users), fake.Count(articles)
				if err := s.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				return [2]int{fake.Count(users) - u, fake.Count(articles) - a}
			}
			fake.Fail(c.path, c.fault)
			for n, want := range [][2]int{c.first, c.second} {
				if got := run(); got != want {
					t.Errorf("%s, run %d: %v calls, want %v", c.name, n+1, got, want)
				}
				now = now.Add(30 * time.Minute)
			}
			fake.Heal()
			now = now.AddDate(0, 0, 1)
			if got := run(); got != [2]int{1, 30} {
				t.Errorf("%s, the next morning: %v calls", c.name, got)
			}
		}
	})
}
