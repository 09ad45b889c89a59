package comment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/store"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

var (
	boss = model.Operator{ID: 1, Name: "boss"}
	ctx  = context.Background()
)

// sent says that article 1 went out in a send, and article 2 did not go out.
type sent struct {
	msgDataID string
	at        time.Time
}

func (a sent) Article(_ context.Context, id int64) (model.Article, error) {
	one := 1
	switch id {
	case 1:
		return model.Article{ID: 1, MsgDataID: &a.msgDataID, MsgIndex: &one}, nil
	case 2:
		return model.Article{ID: 2}, nil
	}
	return model.Article{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这篇文章")
}

func (a sent) WentOutSince(_ context.Context, at time.Time) ([]int64, error) {
	if a.at.Before(at) {
		return nil, nil
	}
	return []int64{1}, nil
}

type page1 struct {
	*Service
	t    *testing.T
	db   *gorm.DB
	fake *wechattest.Fake
	post string
	mu   sync.Mutex
	at   time.Time
}

func (p *page1) clock() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.at }

func (p *page1) pass(d time.Duration) { p.mu.Lock(); p.at = p.at.Add(d); p.mu.Unlock() }

func open(t *testing.T, db *gorm.DB) *page1 {
	t.Helper()
	redis, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	p := &page1{t: t, db: db, at: time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)}
	p.fake = wechattest.New(wechattest.Options{Now: p.clock}).Start(t)
	c, err := wechat.New(wechat.Options{AppID: p.fake.Official().AppID, Secret: p.fake.Official().Secret, API: p.fake.URL()})
	if err != nil {
		t.Fatal(err)
	}
	thumb := p.fake.AddMedia("image", "image/png", []byte("x"))
	draft, err := c.DraftAdd(ctx, []model.DraftArticle{{Title: "一篇", Content: "<p>字</p>", Thumb: thumb, Comments: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if _, p.post, err = c.PublishSubmit(ctx, draft); err != nil {
		t.Fatal(err)
	}
	p.Service = New(db, p.fake.Official().AppID, c, sent{p.post, p.at}, operator.New(db, limit.New(redis, true), operator.Options{}), p.clock)
	return p
}

func (p *page1) read() []model.Comment {
	p.t.Helper()
	if err := p.Refresh(ctx, 1); err != nil {
		p.t.Fatal(err)
	}
	return p.list("")
}

func (p *page1) list(kind string) []model.Comment {
	p.t.Helper()
	list, err := p.List(ctx, 1, kind, 0, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

func TestReadAgainAndWhatIsTakenBackLeaves(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := open(t, db)
		var last int64
		for n := range 120 {
			last = p.fake.Comment("oFanAlpha", p.post, 0, fmt.Sprintf("第 %d 条 👍", n))
			p.pass(time.Second)
		}
		if list := p.read(); len(list) != 120 || list[0].Content != "第 119 条 👍" || list[0].OpenID != "oFanAlpha" {
			t.Fatalf("%d comments, first %+v", len(list), list[:min(1, len(list))])
		}
		p.pass(time.Minute)
		if n := len(p.read()); n != 120 {
			t.Errorf("read twice: %d", n)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Add(1)
			go func() { defer wg.Done(); _ = p.Refresh(ctx, 1) }()
		}
		wg.Wait()
		if n := len(p.list("")); n != 120 {
			t.Errorf("three at once: %d", n)
		}
		// By pages, none twice.
		seen, before := map[int64]bool{}, int64(0)
		for {
			list, err := p.List(ctx, 1, "", before, 50)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			for _, c := range list {
				seen[c.ID], before = true, c.ID
			}
		}
		if len(seen) != 120 {
			t.Errorf("%d by pages", len(seen))
		}
		if err := p.wechat.CommentDelete(ctx, model.CommentAt{MsgDataID: p.post}, last); err != nil { // its writer takes it back
			t.Fatal(err)
		}
		p.pass(time.Minute)
		if list := p.read(); len(list) != 119 || list[0].Content != "第 118 条 👍" {
			t.Errorf("taken back: %d, first %q", len(list), list[0].Content)
		}
		p.pass(200 * 24 * time.Hour)
		if err := p.Sweep(ctx, 180*24*time.Hour); err != nil || len(p.list("")) != 0 {
			t.Errorf("not read for half a year: %d, %v", len(p.list("")), err)
		}
	})
}

func TestPickAnswerDelete(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := open(t, db)
		for _, text := range []string{"一", "二", "三"} {
			p.fake.Comment("oFanAlpha", p.post, 0, text)
			p.pass(time.Second)
		}
		list := p.read()
		three, two, one := list[0].ID, list[1].ID, list[2].ID
		good := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		bad := func(what string, err, kind error, text string) {
			t.Helper()
			if !errors.Is(err, kind) || !strings.Contains(model.WordsOf(err, ""), text) {
				t.Errorf("%s: %v, want %s", what, err, text)
			}
		}
		good("pick", p.Elect(ctx, boss, 1, one, true))
		calls := p.fake.Count("/cgi-bin/comment/markelect")
		good("pick again", p.Elect(ctx, boss, 1, one, true))
		if p.fake.Count("/cgi-bin/comment/markelect") != calls {
			t.Error("picked twice at WeChat")
		}
		good("answer", p.Reply(ctx, boss, 1, two, " 谢谢 "))
		bad("answer twice", p.Reply(ctx, boss, 1, two, "再谢"), model.ErrConflict, "已经回复过")
		bad("an answer too long", p.Reply(ctx, boss, 1, three, strings.Repeat("长", 141)), model.ErrInvalid, "回复不合规")
		bad("an empty one", p.Reply(ctx, boss, 1, three, "  "), model.ErrInvalid, "回复不合规")
		if got, _, err := p.wechat.CommentList(ctx, model.CommentAt{MsgDataID: p.post}, 0, 10, 0); err != nil || !got[2].Elected || got[1].Reply != "谢谢" {
			t.Errorf("at WeChat %+v, %v", got, err)
		}
		for kind, want := range map[string]int{"": 3, "elected": 1, "ordinary": 2, "unanswered": 2} {
			if n := len(p.list(kind)); n != want {
				t.Errorf("%q: %d, want %d", kind, n, want)
			}
		}
		if th, err := p.Thread(ctx, 1); err != nil || th.Total != 3 || th.Elected != 1 || th.Answered != 1 || !th.Out {
			t.Errorf("thread %+v, %v", th, err)
		}
		good("unpick", p.Elect(ctx, boss, 1, one, false))
		good("take the answer back", p.Unreply(ctx, boss, 1, two))
		good("answer anew", p.Reply(ctx, boss, 1, two, "好的"))
		good("delete", p.Delete(ctx, boss, 1, three))
		bad("deleted", p.Delete(ctx, boss, 1, three), model.ErrNotFound, "没有这条留言")
		// Somebody else deleted one: it leaves the copy with the first try.
		if err := p.wechat.CommentDelete(ctx, model.CommentAt{MsgDataID: p.post}, 1); err == nil {
			t.Error("no such comment")
		}
		var number int64
		db.Raw("SELECT comment_id FROM comments WHERE id = ?", one).Scan(&number)
		good("by its writer", p.wechat.CommentDelete(ctx, model.CommentAt{MsgDataID: p.post}, number))
		bad("gone meanwhile", p.Elect(ctx, boss, 1, one, true), model.ErrNotFound, "没有这条留言")
		if n := len(p.list("")); n != 1 {
			t.Errorf("%d left", n)
		}
		good("close", p.Switch(ctx, boss, 1, false))
		if id := p.fake.Comment("oFanAlpha", p.post, 0, "四"); id != 0 {
			t.Error("comments are open yet")
		}
		good("open", p.Switch(ctx, boss, 1, true))
		if id := p.fake.Comment("oFanAlpha", p.post, 0, "四"); id == 0 {
			t.Error("comments are closed yet")
		}
		var trail, after string
		db.Raw("SELECT COALESCE(GROUP_CONCAT(action), '') FROM audit_entries WHERE action LIKE 'comment.%' AND object = 'article'").Scan(&trail)
		if n := strings.Count(trail, "comment."); n != 8 {
			t.Errorf("trail %s", trail)
		}
		db.Raw("SELECT COALESCE(GROUP_CONCAT(`after`), '') FROM audit_entries").Scan(&after)
		if strings.Contains(after, "谢谢") {
			t.Errorf("sentences in the trail: %s", after)
		}
		bad("not out yet", p.Switch(ctx, boss, 2, true), model.ErrConflict, "还没有")
		bad("no such article", p.Switch(ctx, boss, 3, true), model.ErrNotFound, "没有这篇文章")
		other := New(db, "wxother", p.wechat, p.articles, p.audit, p.clock)
		bad("of another account", other.Delete(ctx, boss, 1, two), model.ErrNotFound, "没有这条留言")
	})
}

func TestWithoutTheRight(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := open(t, db)
		for code, words := range map[int]string{88000: "没有留言功能", 48001: "没有这个接口的权限"} {
			clear := p.fake.Fail("/cgi-bin/comment/list", wechattest.ErrCode(code))
			if err := p.Refresh(ctx, 1); !errors.Is(err, model.ErrForbidden) {
				t.Errorf("%d: %v", code, err)
			}
			if th, err := p.Thread(ctx, 1); err != nil || !strings.Contains(th.LastError, words) {
				t.Errorf("%d: %+v, %v", code, th, err)
			}
			if err := p.Watch(ctx); err != nil {
				t.Errorf("the timetable need not try again: %v", err)
			}
			clear()
		}
		p.fake.Comment("oFanAlpha", p.post, 0, "在")
		if err := p.Watch(ctx); err != nil || len(p.list("")) != 1 {
			t.Errorf("watched: %d, %v", len(p.list("")), err)
		}
		if th, _ := p.Thread(ctx, 1); th.LastError != "" || th.ReadAt == nil {
			t.Errorf("healed: %+v", th)
		}
		p.pass(15 * 24 * time.Hour)
		calls := p.fake.Count("/cgi-bin/comment/list")
		if err := p.Watch(ctx); err != nil || p.fake.Count("/cgi-bin/comment/list") != calls {
			t.Errorf("an old article is watched yet: %v", err)
		}
	})
}

func TestForgottenStaysForgotten(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		p := open(t, db)
		p.fake.Comment("oFanAlpha", p.post, 0, "我叫小李")
		p.pass(time.Second)
		p.fake.Comment("oFanBeta", p.post, 0, "我是别人")
		p.read()
		if err := p.Erase(db, p.appid, "oFanAlpha"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			p.pass(time.Minute)
			if list := p.read(); len(list) != 1 || list[0].OpenID != "oFanBeta" {
				t.Errorf("after it was forgotten: %+v", list)
			}
		}
		var n int64
		db.Raw("SELECT COUNT(*) FROM comments WHERE openid = 'oFanAlpha' OR content LIKE '%小李%'").Scan(&n)
		if n != 0 {
			t.Errorf("%d rows know the person", n)
		}
		if th, _ := p.Thread(ctx, 1); th.Total != 1 {
			t.Errorf("thread %+v", th)
		}
	})
}
