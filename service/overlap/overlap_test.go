package overlap_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/article"
	"loudou/service/course"
	"loudou/service/operator"
	"loudou/service/overlap"
)

const (
	sea  = "海边的早晨很安静，渔船一艘接一艘地回来。"
	tea  = "泡茶的水不要滚开，放一放再倒进去，味道才好。"
	road = "这条路走到头左转，第二个院子就是老张的家。"
	foot = "更多文章请关注公众号，回复数字一领取全套资料。"
)

// n is how many letters of a text are compared.
func n(texts ...string) int { return len(model.LettersOf(strings.Join(texts, "")).Runes) }

// free lifts the limit on logins.
type free struct{}

func (free) Try(context.Context, string, int, time.Duration, int) (time.Duration, bool) {
	return 0, true
}
func (free) Forget(context.Context, string) {}

type desk struct {
	t  *testing.T
	db *gorm.DB
	*overlap.Service
	by  model.Operator
	now time.Time
}

func open(t *testing.T, db *gorm.DB) *desk {
	t.Helper()
	d := &desk{t: t, db: db, now: time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC), by: model.Operator{ID: 1, Name: "xiaoyu"}}
	ops := operator.New(db, free{}, operator.Options{})
	courses := course.New(db, course.Options{AppID: "wxmini", Audit: ops})
	clock := func() time.Time { return d.now }
	d.Service = overlap.New(db, "wxoa", courses, article.New(db, "wxoa", ops, courses, clock), ops, clock)
	return d
}

func (d *desk) lesson(course int64, content string) overlap.Item {
	d.t.Helper()
	l := model.Lesson{AppID: "wxmini", CourseID: course, Position: 1, Title: "课", Kind: model.LessonText, Content: content, Version: 1, CreatedAt: d.now, UpdatedAt: d.now}
	if err := d.db.Create(&l).Error; err != nil {
		d.t.Fatal(err)
	}
	return overlap.Item{Kind: model.OverlapLesson, Ref: l.ID}
}

func (d *desk) article(content string) overlap.Item {
	d.t.Helper()
	a := model.Article{AppID: "wxoa", Title: "文章", Content: content, State: model.ArticleDraft, WindowDays: 7, Version: 1, CreatedAt: d.now, UpdatedAt: d.now}
	if err := d.db.Create(&a).Error; err != nil {
		d.t.Fatal(err)
	}
	return overlap.Item{Kind: model.OverlapArticle, Ref: a.ID}
}

// writes gives an item another text.
func (d *desk) writes(i overlap.Item, content string) {
	d.t.Helper()
	var m any = &model.Lesson{}
	if i.Kind == model.OverlapArticle {
		m = &model.Article{}
	}
	if err := d.db.Model(m).Where("id = ?", i.Ref).Updates(map[string]any{"content": content, "version": gorm.Expr("version + 1")}).Error; err != nil {
		d.t.Fatal(err)
	}
}

// sweep counts everything. One sweep ends when its time is up, which a slow machine may need several of; one that gets no
// further is a fault.
func (d *desk) sweep() {
	d.t.Helper()
	for before := int64(-1); ; {
		if err := d.Sweep(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
		left, err := d.Pending(d.t.Context())
		if err != nil || left == before {
			d.t.Fatal("not counted:", left, err)
		}
		if left == 0 {
			return
		}
		before = left
	}
}

// sums wants an item's letters, those shared, those outside its course, those allowed.
func (d *desk) sums(what string, i overlap.Item, length, shared, outside, allowed int) {
	d.t.Helper()
	got, _, err := d.Nearest(d.t.Context(), i)
	if err != nil || got.Length != length || got.Shared != shared || got.Outside != outside || got.Allowed != allowed {
		d.t.Errorf("%s: length %d shared %d outside %d allowed %d, want %d %d %d %d (%v)", what, got.Length, got.Shared, got.Outside, got.Allowed, length, shared, outside, allowed, err)
	}
}

func TestOverlap(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		first := d.lesson(1, "<p>"+sea+"</p><p>"+tea+"</p><img src=x alt='"+road+"'>")
		moved := d.article("<section>" + road + "</section><h2>" + tea + "</h2><p>" + sea + "</p>")
		changed := d.lesson(1, "<p>"+strings.Replace(sea, "接", "挨", 1)+"</p>") // in the middle: what is left on either side is no passage
		marks := d.lesson(2, "<p>，。！？ &nbsp;……</p>")
		empty := d.lesson(2, "")
		alone := d.lesson(2, "<p>"+foot+"</p>")
		d.sweep()
		// The paragraphs are one run in neither order: each is a passage, and the order does not matter.
		d.sums("moved paragraphs, seen from the lesson", first, n(sea, tea), n(sea, tea), n(sea, tea), 0)
		d.sums("moved paragraphs, seen from the article", moved, n(sea, tea, road), n(sea, tea), n(sea, tea), 0)
		d.sums("one changed character", changed, n(sea), 0, 0, 0)
		d.sums("punctuation only", marks, 0, 0, 0, 0)
		d.sums("no text", empty, 0, 0, 0, 0)
		d.sums("nobody has it", alone, n(foot), 0, 0, 0)
		_, near, err := d.Nearest(t.Context(), first)
		if err != nil || len(near) != 1 || near[0].Ref != moved.Ref || near[0].Mine != n(sea, tea) || near[0].Theirs != n(sea, tea) || near[0].Length != n(sea, tea, road) || near[0].Passages != 2 || near[0].Jaccard <= 0 || near[0].Jaccard >= 1 {
			t.Errorf("%v %+v", err, near)
		}
		side, err := d.Side(t.Context(), first, moved)
		if err != nil || len(side.Passages) != 2 {
			t.Fatalf("%v %+v", err, side)
		}
		for _, x := range side.Passages {
			for _, text := range [][]overlap.Piece{side.TextA, side.TextB} {
				found := ""
				for _, p := range text {
					if p.Passage == x.Number {
						found += p.Text
					}
				}
				if n(found) != x.Letters {
					t.Errorf("passage %d is marked as %q", x.Number, found)
				}
			}
		}
		whole := ""
		for _, p := range side.TextB {
			whole += p.Text
		}
		if whole != road+"\n"+tea+"\n"+sea {
			t.Errorf("the text beside: %q", whole)
		}
		if _, err := d.Side(t.Context(), first, first); !errors.Is(err, model.ErrInvalid) {
			t.Error(err)
		}
		if _, _, err := d.Nearest(t.Context(), overlap.Item{Kind: model.OverlapLesson, Ref: 999}); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}

		// The same words in a lesson of the same course are shared, but not outside it.
		twin := d.lesson(1, "<p>"+tea+road+"</p>")
		d.sweep()
		d.sums("within the course and outside", twin, n(tea, road), n(tea, road), n(tea, road), 0)
		d.writes(moved, "<p>"+sea+"</p>")
		d.sweep()
		d.sums("now only within the course", twin, n(tea, road), n(tea), 0, 0)
		d.sums("the lesson follows what others became", first, n(sea, tea), n(sea, tea), n(sea), 0)
		d.writes(moved, "")
		if err := db.Model(&model.Lesson{}).Where("id = ?", twin.Ref).Update("deleted_at", d.now).Error; err != nil {
			t.Fatal(err)
		}
		d.sweep()
		d.sums("alone again", first, n(sea, tea), 0, 0, 0)
		if _, _, err := d.Nearest(t.Context(), twin); !errors.Is(err, model.ErrNotFound) {
			t.Error("a deleted lesson:", err)
		}
		var prints int64
		if err := db.Model(&model.OverlapPrint{}).Where("text_id NOT IN (SELECT id FROM overlap_texts)").Count(&prints).Error; err != nil || prints != 0 {
			t.Error("prints of nobody:", prints, err)
		}
	})
}

func TestAllowedQuotation(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		lesson := d.lesson(1, "<p>"+sea+"</p><p>"+tea+"</p>")
		quoted := d.article("<p>" + tea + "</p><p>" + road + "</p>")
		d.sweep()
		side, err := d.Side(t.Context(), lesson, quoted)
		if err != nil || len(side.Passages) != 1 || side.Passages[0].Allowed {
			t.Fatalf("%v %+v", err, side.Passages)
		}
		hash := side.Passages[0].Hash
		if _, err := d.Allow(t.Context(), d.by, lesson, quoted, strings.Repeat("0", 64), false, ""); !errors.Is(err, model.ErrConflict) {
			t.Error("a passage they do not share:", err)
		}
		if _, err := d.Allow(t.Context(), d.by, lesson, quoted, hash, false, strings.Repeat("字", 201)); !errors.Is(err, model.ErrInvalid) {
			t.Error(err)
		}
		x, err := d.Allow(t.Context(), d.by, quoted, lesson, hash, false, "课里引用自家文章")
		if err != nil {
			t.Fatal(err)
		}
		if y, err := d.Allow(t.Context(), d.by, lesson, quoted, hash, false, ""); err != nil || y.ID != x.ID {
			t.Error("twice is once:", y, err)
		}
		d.sums("allowed in the lesson", lesson, n(sea, tea), 0, 0, n(tea))
		d.sums("and in the article", quoted, n(tea, road), 0, 0, n(tea))
		side, err = d.Side(t.Context(), lesson, quoted)
		if err != nil || !side.Passages[0].Allowed || side.Passages[0].Allowance.Note != "课里引用自家文章" || side.A.Allowed != n(tea) {
			t.Errorf("marked and kept: %v %+v", err, side.Passages)
		}
		// What changes around it leaves it allowed; more that is copied does not become so.
		d.writes(lesson, "<p>开头换了一句新的话</p><p>"+tea+road+"</p>")
		d.sweep()
		d.sums("more was copied", lesson, n("开头换了一句新的话", tea, road), n(road), n(road), n(tea))
		// Cut shorter, it stays allowed.
		d.writes(lesson, "<p>"+strings.TrimPrefix(tea, "泡茶的水")+"</p>")
		d.sweep()
		d.sums("a shorter quotation", lesson, n(tea)-4, 0, 0, n(tea)-4)
		// It is allowed between these two: a third that copies it stands out.
		third := d.lesson(2, "<p>"+tea+"</p>")
		d.sweep()
		d.sums("a third", third, n(tea), n(tea), n(tea), 0)
		if err := d.Forbid(t.Context(), d.by, x.ID); err != nil {
			t.Fatal(err)
		}
		d.sums("taken back", quoted, n(tea, road), n(tea), n(tea), 0)
		if err := d.Forbid(t.Context(), d.by, x.ID); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
		// For everywhere: a foot that each item carries.
		if _, err := d.Allow(t.Context(), d.by, third, quoted, model.PassageHash(model.LettersOf(tea).Runes), true, ""); err != nil {
			t.Fatal(err)
		}
		d.sweep()
		for _, i := range []overlap.Item{third, quoted, lesson} {
			if got, _, err := d.Nearest(t.Context(), i); err != nil || got.Shared != 0 || got.Allowed == 0 {
				t.Errorf("%v: %+v %v", i, got, err)
			}
		}
		list, err := d.List(t.Context(), overlap.Filter{Shared: true}, 0, 10)
		if err != nil || len(list) != 0 {
			t.Error(list, err)
		}
		var trail int64
		if err := db.Table("audit_entries").Where("object = 'overlap'").Count(&trail).Error; err != nil || trail != 3 {
			t.Error("audit:", trail, err)
		}
	})
}

// Two instances that sweep at once leave what one would.
func TestTwoInstancesSweep(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		a, b := open(t, db), open(t, db)
		for i := range 12 {
			a.lesson(int64(i), fmt.Sprintf("<p>第%d课讲的是自己的事情%s</p><p>%s</p>", i, strings.Repeat(string(rune('甲'+i)), 20), foot))
		}
		var wg sync.WaitGroup
		for _, d := range []*desk{a, b} {
			wg.Go(func() {
				if err := d.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		a.sweep()
		list, err := a.List(t.Context(), overlap.Filter{Kind: model.OverlapLesson}, 0, 50)
		if err != nil || len(list) != 12 {
			t.Fatal(len(list), err)
		}
		for _, x := range list {
			if x.Shared < n(foot) || x.Shared > n(foot)+10 || !x.Fresh() {
				t.Errorf("%+v", x)
			}
		}
		var twice int64
		if err := db.Raw("SELECT COUNT(*) FROM (SELECT text_id, place FROM overlap_prints GROUP BY text_id, place HAVING COUNT(*) > 1) x").Scan(&twice).Error; err != nil || twice != 0 {
			t.Error(twice, err)
		}
	})
}

// Beyond the items that are looked at first, one that alone holds a passage is still found.
func TestManyShareTheFoot(t *testing.T) {
	d := open(t, modeltest.SQLite(t))
	for i := range 230 {
		d.lesson(int64(i), fmt.Sprintf("<p>%s%s</p>", strings.Repeat(string(rune('一'+i)), 12), foot))
	}
	mine := d.article("<p>" + foot + "</p><p>" + tea + "</p>")
	d.lesson(999, "<p>"+tea+"</p>")
	d.sweep()
	d.sums("the foot and the one passage", mine, n(foot, tea), n(foot, tea), n(foot, tea), 0)
}

// A foot that everybody has already tells nothing new of those who have it: one more does not have all of them counted
// again, else an account of thousands of articles is never done.
func TestOneMoreWithTheFootOfAll(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		for range 205 {
			d.article("<p>" + foot + "</p>")
		}
		d.sweep()
		late := d.article("<p>" + road + "</p><p>" + foot + "</p>")
		if err := d.Read(t.Context(), late); err != nil {
			t.Fatal(err)
		}
		if left, err := d.Pending(t.Context()); err != nil || left != 1 {
			t.Error("to be counted for one more:", left, err)
		}
		d.sweep()
		d.sums("the new one", late, n(road, foot), n(foot), n(foot), 0)
	})
}

// A long passage that is allowed everywhere is about who holds its end, too.
func TestALongPassageAllowedEverywhere(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		d := open(t, db)
		dice := rand.New(rand.NewPCG(9, 9))
		var long strings.Builder
		for range 9000 {
			long.WriteRune(rune(0x4e00 + dice.IntN(3000)))
		}
		end := string([]rune(long.String())[8900:])
		a, b, tail := d.lesson(1, long.String()), d.lesson(2, long.String()), d.lesson(3, end)
		d.sweep()
		d.sums("the end", tail, 100, 100, 100, 0)
		side, err := d.Side(t.Context(), a, b)
		if err != nil || len(side.Passages) != 1 {
			t.Fatal(len(side.Passages), err)
		}
		if _, err := d.Allow(t.Context(), d.by, a, b, side.Passages[0].Hash, true, ""); err != nil {
			t.Fatal(err)
		}
		d.sweep()
		d.sums("the end, allowed", tail, 100, 0, 0, 100)
	})
}
