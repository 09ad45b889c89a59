package plan_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/article"
)

func piece(day, slot int, title string) model.PlanFields {
	return model.PlanFields{Day: day, Slot: slot, Title: title, Hand: model.ArticleIdea}
}

func TestCalendarFollowsTheArticle(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		body := "<p>正文</p>"
		a, err := d.articles.Create(ctx, d.ann, article.Input{Title: "写作课", Content: &body})
		if err != nil {
			t.Fatal(err)
		}
		f := piece(20261130, 1, "写作课上新")
		f.ArticleID, f.TargetKPI, f.Target = &a.ID, "read_rate", 900
		p, err := d.AddPiece(ctx, d.ann, f)
		if err != nil || p.Stage != model.ArticleDraft || p.ArticleTitle != "写作课" {
			t.Fatal(p, err)
		}
		stage := func(want model.ArticleState) {
			t.Helper()
			if got, err := d.Piece(ctx, p.ID); err != nil || got.Stage != want {
				t.Errorf("%s, want %s (%v)", got.Stage, want, err)
			}
		}
		for _, o := range []model.Operator{d.ann, d.ben} {
			if _, err := d.articles.Confirm(ctx, o, a.ID, 0, ""); err != nil {
				t.Fatal(err)
			}
			stage(map[string]model.ArticleState{"ann": model.ArticleWaiting, "ben": model.ArticleConfirmed}[o.Name])
		}
		if _, err := d.articles.Publish(ctx, d.ann, a.ID, 0); err != nil {
			t.Fatal(err)
		}
		stage(model.ArticlePublished)
		if _, err := d.MovePiece(ctx, d.ann, p.ID, 1, 20261201, 1); code(err) != "published" {
			t.Error("what is out was moved:", err)
		}
		late := f
		late.Day = 20261201
		if _, err := d.SavePiece(ctx, d.ann, p.ID, 1, late); code(err) != "published" {
			t.Error("what is out was moved by the form:", err)
		}
		f.Hypothesis = "标题写明对象，打开的人更多"
		if p, err = d.SavePiece(ctx, d.ann, p.ID, 1, f); err != nil || p.Hypothesis != f.Hypothesis {
			t.Error("a note on what is out:", err)
		}
		if _, err := d.AddPiece(ctx, d.ben, f); code(err) != "linked" {
			t.Error("one article on two days:", err)
		}
		f.ArticleID = new(int64)
		*f.ArticleID = 4711
		if _, err := d.SavePiece(ctx, d.ben, p.ID, p.Version, f); !errors.Is(err, model.ErrInvalid) {
			t.Error("an article that is not ours:", err)
		}
	})
}

func TestMovingPieces(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		var ids []int64
		for _, title := range []string{"甲", "乙"} {
			p, err := d.AddPiece(ctx, d.ann, piece(20261130, 1, title))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, p.ID)
		}
		c, err := d.Calendar(ctx, 20261123, 20261206)
		if err != nil || len(c.Pieces) != 2 || !c.Pieces[0].Clash || !c.Pieces[1].Clash {
			t.Fatal("two in one place are a clash:", c.Pieces, err)
		}
		if _, err := d.MovePiece(ctx, d.ann, ids[1], 1, 20261201, 2); err != nil {
			t.Fatal(err)
		}
		if _, err := d.MovePiece(ctx, d.ben, ids[1], 1, 20261202, 1); code(err) != "version" {
			t.Error("two people moved it:", err)
		}
		c, _ = d.Calendar(ctx, 20261123, 20261206)
		if c.Pieces[0].Clash || c.Pieces[1].Day != 20261201 || c.Pieces[1].Slot != 2 {
			t.Error(c.Pieces)
		}
		for range 2 {
			if err := d.RemovePiece(ctx, d.ann, ids[0]); err != nil {
				t.Error(err)
			}
		}
		if c, _ = d.Calendar(ctx, 20261123, 20261206); len(c.Pieces) != 1 {
			t.Error(c.Pieces)
		}
	})
}

func TestFillAWeekOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		if _, err := d.Fill(ctx, d.ann, 20261130); code(err) != "no_template" {
			t.Error(err)
		}
		columns := []model.PlanColumn{{Weekday: 1, Slot: 1, Column: "干货", Author: "小雨"}, {Weekday: 5, Slot: 1, Column: "故事"}, {Weekday: 6, Slot: 1, Column: "福利"}}
		if _, err := d.SaveTemplate(ctx, d.ann, 0, append(columns, columns[0])); !errors.Is(err, model.ErrInvalid) {
			t.Error("a place twice:", err)
		}
		if tpl, err := d.SaveTemplate(ctx, d.ann, 0, columns); err != nil || tpl.Version != 1 {
			t.Fatal(tpl, err)
		}
		if _, err := d.SaveTemplate(ctx, d.ben, 0, columns); code(err) != "version" {
			t.Error("two people wrote the template:", err)
		}
		if _, err := d.AddPiece(ctx, d.ann, piece(20261204, 1, "早就定了")); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var made, refused atomic.Int32
		for range 4 {
			wg.Go(func() {
				n, err := d.Fill(ctx, d.ann, 20261130)
				if code(err) == "filled" {
					refused.Add(1)
				} else if err != nil {
					t.Error(err)
				}
				made.Add(int32(n))
			})
		}
		wg.Wait()
		if made.Load() != 2 || refused.Load() != 3 {
			t.Error("made", made.Load(), "refused", refused.Load())
		}
		c, err := d.Calendar(ctx, 20261130, 20261206)
		if err != nil || len(c.Pieces) != 3 || c.Pieces[0].Author != "小雨" || c.Pieces[1].Title != "早就定了" || len(c.Gaps) != 0 || len(c.Fills) != 1 {
			t.Error(c, err)
		}
		// This week, on a Friday: Monday is past filling.
		if n, err := d.Fill(ctx, d.ann, 20261123); err != nil || n != 2 {
			t.Error(n, err)
		}
		if _, err := d.Fill(ctx, d.ann, 20261116); !errors.Is(err, model.ErrInvalid) {
			t.Error("a week that is over:", err)
		}
		if _, err := d.Fill(ctx, d.ann, 20261201); !errors.Is(err, model.ErrInvalid) {
			t.Error("a Tuesday:", err)
		}
	})
}
