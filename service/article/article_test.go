package article_test

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
	"loudou/service/article"
	"loudou/service/operator"
)

var ctx = context.Background()

// free counts nothing: the limits are tested where they belong.
type free struct{}

func (free) Try(context.Context, string, int, time.Duration, int) (time.Duration, bool) {
	return 0, true
}
func (free) Forget(context.Context, string) {}

type desk struct {
	*article.Service
	ops         *operator.Service
	ann, ben, o model.Operator // two editors and the owner
}

func open(t *testing.T, db *gorm.DB, two bool) *desk {
	t.Helper()
	ops := operator.New(db, free{}, operator.Options{TwoPerson: two, AppIDs: []string{"wxoa"}})
	d := &desk{Service: article.New(db, "wxoa", ops, nil, time.Now), ops: ops}
	for name, p := range map[string]*model.Operator{"ann": &d.ann, "ben": &d.ben, "owner": &d.o} {
		role := model.RoleEditor
		if name == "owner" {
			role = model.RoleOwner
		}
		o, err := ops.Add(ctx, model.Operator{Name: "system"}, name, "correct horse battery", role)
		if err != nil {
			t.Fatal(err)
		}
		*p = o
	}
	return d
}

func say(t string) *string { return &t }

func code(err error) string {
	var r *model.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return fmt.Sprint(err)
}

func (d *desk) create(t *testing.T, title string) article.View {
	t.Helper()
	v, err := d.Create(ctx, d.ann, article.Input{Title: title, Content: say("<p>正文</p>")})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTwoDifferentPeopleOnTheSameContent(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db, true)
		v := d.create(t, "开学第一课")
		if v.State != model.ArticleDraft || v.Version != 1 || v.Needed != 2 || v.WindowDays != 7 {
			t.Fatalf("%+v", v)
		}
		if _, err := d.Publish(ctx, d.ann, v.ID, 0); code(err) != "not_confirmed" {
			t.Error("published without a yes:", err)
		}
		v, err := d.Confirm(ctx, d.ann, v.ID, v.Version, "已自查")
		if err != nil || v.State != model.ArticleWaiting || len(v.Confirmations) != 1 {
			t.Fatal(v.State, err)
		}
		if _, err := d.Confirm(ctx, d.ann, v.ID, 0, ""); code(err) != "already_confirmed" {
			t.Error("the same person twice:", err)
		}
		if _, err := d.Publish(ctx, d.ann, v.ID, 0); code(err) != "not_confirmed" {
			t.Error("published with one yes:", err)
		}
		if v, err = d.Confirm(ctx, d.ben, v.ID, v.Version, ""); err != nil || v.State != model.ArticleConfirmed {
			t.Fatal(v.State, err)
		}

		// A change asks again, whatever the state says; a change of the plan alone does not.
		when := time.Now().Add(time.Hour)
		if v, err = d.Save(ctx, d.ann, v.ID, article.Input{Title: "开学第一课", Content: say("<p>正文</p>"), PlannedAt: &when, Version: v.Version}); err != nil || v.State != model.ArticleConfirmed {
			t.Fatal("plan:", v.State, err)
		}
		if v, err = d.Save(ctx, d.ann, v.ID, article.Input{Title: "开学第一课", Content: say("<p>正文改</p>")}); err != nil || v.State != model.ArticleWaiting || len(v.Confirmations) != 0 {
			t.Fatal("content:", v.State, err)
		}
		if _, err := d.Publish(ctx, d.ann, v.ID, 0); code(err) != "not_confirmed" {
			t.Error("confirmations of an older content counted:", err)
		}
		if _, err := d.Confirm(ctx, d.ben, v.ID, v.Version-1, ""); code(err) != "version" {
			t.Error("a yes to version n-1:", err)
		}
		if _, err := d.Confirm(ctx, d.ben, v.ID, v.Version, ""); err != nil {
			t.Fatal(err)
		}
		if v, err = d.Confirm(ctx, d.o, v.ID, v.Version, ""); err != nil || v.State != model.ArticleConfirmed {
			t.Fatal(v.State, err)
		}

		// One of the two is disabled before publishing.
		yes, no := true, false
		if _, err := d.ops.Change(ctx, d.o, d.ben.ID, operator.Change{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Publish(ctx, d.ann, v.ID, 0); code(err) != "not_confirmed" {
			t.Error("a disabled operator's yes counted:", err)
		}
		if _, err := d.ops.Change(ctx, d.o, d.ben.ID, operator.Change{Disabled: &no}); err != nil {
			t.Fatal(err)
		}
		if v, err = d.Publish(ctx, d.ann, v.ID, 0); err != nil || v.State != model.ArticlePublished || v.PublishedAt == nil || v.PublishedBy != "ann" {
			t.Fatal(v, err)
		}
		at := *v.PublishedAt
		if v, err = d.Publish(ctx, d.o, v.ID, 0); err != nil || !v.PublishedAt.Equal(at) {
			t.Error("published twice:", err)
		}

		// Published: goal, window and content are fixed.
		for name, in := range map[string]article.Input{
			"goal":    {Title: "开学第一课", Content: say("<p>正文改</p>"), Goal: say("1000 人读")},
			"window":  {Title: "开学第一课", Content: say("<p>正文改</p>"), WindowDays: 30},
			"content": {Title: "开学第一课", Content: say("<p>换掉</p>")},
		} {
			if _, err := d.Save(ctx, d.ann, v.ID, in); code(err) != "published" {
				t.Errorf("%s after publishing: %v", name, err)
			}
		}
		if list, err := d.Published(ctx, 0, 10); err != nil || len(list) != 1 || list[0].ID != v.ID {
			t.Error(list, err)
		}
		if _, err := d.Unpublish(ctx, d.o, v.ID, 0); err != nil {
			t.Error(err)
		}
		if list, _ := d.Published(ctx, 0, 10); len(list) != 0 {
			t.Error("still listed")
		}
		trail, err := d.ops.Trail(ctx, operator.Filter{Object: "article", Action: "article.publish"}, 0, 10)
		if err != nil || len(trail) != 1 || !strings.Contains(trail[0].After, v.ContentHash) {
			t.Error("audit:", trail, err)
		}
	})
}

func TestAConfirmationIsOfOneArticle(t *testing.T) {
	d := open(t, modeltest.Open(t), true)
	a, b := d.create(t, "同样的文章"), d.create(t, "同样的文章") // equal content, equal hash
	for _, by := range []model.Operator{d.ann, d.ben} {
		if _, err := d.Confirm(ctx, by, a.ID, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Publish(ctx, d.ann, b.ID, 0); code(err) != "not_confirmed" {
		t.Error("another article's confirmations counted:", err)
	}
}

func TestOneOperatorOrRuleOffPublishesAtOnce(t *testing.T) {
	d := open(t, modeltest.SQLite(t), false)
	v := d.create(t, "一个人的编辑部")
	if v.Needed != 0 {
		t.Error(v.Needed)
	}
	if v, err := d.Publish(ctx, d.ann, v.ID, v.Version); err != nil || v.State != model.ArticlePublished {
		t.Error(v.State, err)
	}
	if _, err := d.Save(ctx, d.ann, v.ID, article.Input{Title: "改个错字"}); err != nil {
		t.Error("without the rule a slip may be mended:", err)
	}
}

func TestReturnVoidsTheYes(t *testing.T) {
	d := open(t, modeltest.SQLite(t), true)
	v := d.create(t, "退回")
	for _, by := range []model.Operator{d.ann, d.ben} {
		if _, err := d.Confirm(ctx, by, v.ID, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	v, err := d.Return(ctx, d.o, v.ID, v.Version, "标题太长")
	if err != nil || v.State != model.ArticleDraft || len(v.Confirmations) != 0 {
		t.Error(v.State, err)
	}
	if _, err := d.Publish(ctx, d.ann, v.ID, 0); code(err) != "not_confirmed" {
		t.Error(err)
	}
}

func TestTwoEditorsSaveOneVersion(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db, true)
		v := d.create(t, "一起改")
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for i := range 8 {
			wg.Go(func() {
				_, err := d.Save(ctx, d.ben, v.ID, article.Input{Title: fmt.Sprint("第 ", i, " 人"), Version: v.Version})
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		good := 0
		for err := range errs {
			if err == nil {
				good++
			} else if code(err) != "version" || !strings.Contains(err.Error(), "ben 在 2") {
				t.Error(err)
			}
		}
		if good != 1 {
			t.Errorf("%d of 8 saves on one version were kept", good)
		}
		if v, err := d.Get(ctx, v.ID); err != nil || v.Version != 2 {
			t.Error(v.Version, err)
		}
	})
}

func TestInputIsChecked(t *testing.T) {
	d := open(t, modeltest.SQLite(t), true)
	for field, in := range map[string]article.Input{
		"title":       {Title: "  "},
		"digest":      {Title: "x", Digest: strings.Repeat("长", 121)},
		"author":      {Title: "x", Author: "a\nb"},
		"url":         {Title: "x", URL: "javascript:alert(1)"},
		"cover":       {Title: "x", Cover: say("//evil.example/x.png")},
		"status":      {Title: "x", State: model.ArticlePublished},
		"window_days": {Title: "x", WindowDays: 91},
		"content":     {Title: "x", Content: say(strings.Repeat("x", 1<<20+1))},
	} {
		_, err := d.Create(ctx, d.ann, in)
		var r *model.Refusal
		if !errors.As(err, &r) || !errors.Is(err, model.ErrInvalid) || len(r.Fields) != 1 || r.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := d.Get(ctx, 999); !errors.Is(err, model.ErrNotFound) {
		t.Error(err)
	}
}

func TestListIsDataNotSQL(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db, true)
		for _, title := range []string{"100% 好课", "100 分好课", "a_b", "aXb", "感叹! 号"} {
			d.create(t, title)
		}
		for word, want := range map[string]int{"": 5, "100%": 1, "a_b": 1, "!": 1, "' or 1=1 --": 0, "\\": 0, "好课": 2} {
			if got, err := d.List(ctx, article.Filter{Word: word}, 0, 100); err != nil || len(got) != want {
				t.Errorf("%q: %d, %v", word, len(got), err)
			}
		}
		page, err := d.List(ctx, article.Filter{}, 0, 2)
		if err != nil || len(page) != 2 || page[0].Content != "" {
			t.Fatal(page, err)
		}
		if rest, err := d.List(ctx, article.Filter{}, page[1].ID, 10); err != nil || len(rest) != 3 {
			t.Error(rest, err)
		}
	})
}

func TestPublishedPages(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db, false)
		for i := range 5 {
			v := d.create(t, fmt.Sprint("第 ", i, " 篇"))
			if _, err := d.Publish(ctx, d.ann, v.ID, 0); err != nil {
				t.Fatal(err)
			}
		}
		seen, after := map[int64]bool{}, int64(0)
		for {
			page, err := d.Published(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				if seen[a.ID] {
					t.Error("twice:", a.ID)
				}
				seen[a.ID], after = true, a.ID
			}
		}
		if len(seen) != 5 {
			t.Error(seen)
		}
	})
}
