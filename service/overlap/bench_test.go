package overlap_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/article"
	"loudou/service/course"
	"loudou/service/operator"
	"loudou/service/overlap"
)

// wordsOf makes texts of about 2 000 characters from 3 000 common characters; a fifth of an item's sentences stand in
// others too, and each ends with the same two lines, as an account's articles do.
func wordsOf(dice *rand.Rand, common []string) string {
	var b strings.Builder
	for b.Len() < 6000 {
		if dice.IntN(5) == 0 {
			b.WriteString("<p>" + common[dice.IntN(len(common))] + "</p>")
			continue
		}
		b.WriteString("<p>" + sentence(dice) + "</p>")
	}
	return b.String() + "<p>" + foot + "</p><p>" + tea + "</p>"
}

func sentence(dice *rand.Rand) string {
	var b strings.Builder
	for range 25 + dice.IntN(30) {
		b.WriteRune(rune(0x4e00 + dice.IntN(3000)))
	}
	return b.String() + "。"
}

// BenchmarkItem reads, counts and looks up items among 5 000: `seconds`, of the slowest of forty.
func BenchmarkItem(b *testing.B) {
	const items = 5000
	db := modeltest.Open(b)
	ops := operator.New(db, free{}, operator.Options{})
	courses := course.New(db, course.Options{AppID: "wxmini", Audit: ops})
	s := overlap.New(db, "wxoa", courses, article.New(db, "wxoa", ops, courses, time.Now), ops, time.Now)
	dice := rand.New(rand.NewPCG(5, 6))
	common := make([]string, 2000)
	for i := range common {
		common[i] = sentence(dice)
	}
	lessons := make([]model.Lesson, 0, items)
	for i := range items {
		lessons = append(lessons, model.Lesson{AppID: "wxmini", CourseID: int64(1 + i/20), Position: i, Title: fmt.Sprint("课", i), Kind: model.LessonText, Content: wordsOf(dice, common), Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now()})
	}
	if err := db.CreateInBatches(&lessons, 200).Error; err != nil {
		b.Fatal(err)
	}
	// The rows as 5 000 readings leave them.
	for part := range slices.Chunk(lessons, 200) {
		texts := make([]model.OverlapText, 0, len(part))
		for _, l := range part {
			texts = append(texts, model.OverlapText{Kind: model.OverlapLesson, Ref: l.ID, CourseID: l.CourseID, Title: l.Title, Plain: overlap.Plain(l.Content), Version: 1, ReadAt: time.Now()})
		}
		if err := db.Create(&texts).Error; err != nil {
			b.Fatal(err)
		}
		var prints []model.OverlapPrint
		for _, t := range texts {
			for _, p := range model.Prints(model.LettersOf(t.Plain).Runes) {
				prints = append(prints, model.OverlapPrint{TextID: t.ID, At: p.At, Hash: p.Hash})
			}
		}
		if err := db.CreateInBatches(&prints, 2000).Error; err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		var took []float64
		for i := range 40 {
			l := lessons[i*items/40]
			if err := db.Model(&model.Lesson{}).Where("id = ?", l.ID).Updates(map[string]any{"content": wordsOf(dice, common), "version": l.Version + int64(b.N)}).Error; err != nil {
				b.Fatal(err)
			}
			begin := time.Now()
			item := overlap.Item{Kind: model.OverlapLesson, Ref: l.ID}
			if err := s.Read(b.Context(), item); err != nil {
				b.Fatal(err)
			}
			t, _, err := s.Nearest(b.Context(), item)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Count(b.Context(), t.ID); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin).Seconds())
			if t, near, err := s.Nearest(b.Context(), item); err != nil || t.Shared == 0 || len(near) == 0 {
				b.Fatal("nothing shared:", t.Shared, len(near), err)
			}
		}
		slices.Sort(took)
		b.ReportMetric(took[len(took)-1], "seconds")
		b.ReportMetric(took[len(took)/2], "median-s")
	}
}
