package course

import (
	"context"
	"fmt"
	"io"
	"slices"

	"loudou/model"
	"loudou/service/store/csvfile"
)

var importShape = csvfile.Shape{
	Columns:  []string{"title", "category", "teacher", "price", "original_price", "intro", "cover", "chapter", "lesson", "kind", "content", "media", "trial", "seconds"},
	Required: []string{"title", "price"}, Lines: true,
}

// Import takes courses in from a CSV file, a row per lesson; rows of one title are one course, and the first of them
// says what the course is. They come as drafts: nobody sees them before somebody has looked and published. The whole
// file is checked first (csvfile.BadRow). A course that is there as a draft gets the lessons it lacks, by chapter and title; one
// that was on sale is left alone. So a second import of the same file adds nothing, and a killed one is run again.
func (s *Service) Import(ctx context.Context, by model.Operator, file io.ReadSeeker, told func(bytes int)) (csvfile.Done, error) {
	var done csvfile.Done
	prices := map[string]string{}
	lessons := map[[3]string]bool{}
	counts := map[string]int{}
	check := func(row csvfile.Row) error {
		d, l, err := importRow(row)
		if err != nil {
			return err
		}
		price, again := prices[*d.Title]
		switch now := row.Get("price"); {
		case !again && now == "":
			return row.Bad("price", "请写价格，免费写 0")
		case again && now != "" && now != price:
			return row.Bad("price", "和这门课前面一行的价格不一样")
		case !again:
			prices[*d.Title] = now
		}
		if l != nil {
			key := [3]string{*d.Title, *l.Chapter, *l.Title}
			if lessons[key] {
				return row.Bad("lesson", "这一章里已经有同名的课时")
			}
			lessons[key] = true
			if counts[*d.Title]++; counts[*d.Title] > maxLessons {
				return row.Bad("lesson", "一门课程最多 1000 个课时")
			}
		}
		c := model.Course{RefundRule: model.DefaultRefundRule()}
		d.onto(&c, s.o.PublicURL)
		if err := row.Refused(c.Check(), "title"); err != nil || l == nil {
			return err
		}
		lesson := model.Lesson{}
		l.onto(&lesson, s.o.PublicURL)
		return row.Refused(lesson.Check(), "lesson")
	}
	at := map[string]importing{} // by title
	return done, csvfile.Twice(ctx, file, importShape, told, check, func(row csvfile.Row) error {
		d, l, err := importRow(row)
		if err != nil {
			return err
		}
		into, ok := at[*d.Title]
		fresh := false
		if !ok {
			if into, fresh, err = s.importInto(ctx, by, d); err != nil {
				return fmt.Errorf("row %d: %w", row.Line, err)
			}
			at[*d.Title] = into
		}
		if l != nil && into.open && !into.lessons[[2]string{*l.Chapter, *l.Title}] {
			if _, err := s.AddLesson(ctx, by, into.id, *l); err != nil {
				return fmt.Errorf("row %d: %w", row.Line, err)
			}
			into.lessons[[2]string{*l.Chapter, *l.Title}], fresh = true, true
		}
		if done.Rows++; fresh {
			done.Added++
		} else {
			done.Had++
		}
		return nil
	})
}

// importing is a course that rows go into; open while it is a draft.
type importing struct {
	id      int64
	open    bool
	lessons map[[2]string]bool // by chapter and title
}

func (s *Service) importInto(ctx context.Context, by model.Operator, d Draft) (importing, bool, error) {
	var c model.Course
	// The draft of a course on sale is not the course, and MySQL takes titles for equal that are not.
	var like []model.Course
	if err := s.db.WithContext(ctx).Where("appid = ? AND title = ? AND draft_of IS NULL", s.o.AppID, *d.Title).Order("id").Find(&like).Error; err != nil {
		return importing{}, false, err
	}
	i := slices.IndexFunc(like, func(x model.Course) bool { return x.Title == *d.Title })
	fresh := i < 0
	if !fresh {
		c = like[i]
	} else if made, err := s.Create(ctx, by, d); err != nil {
		return importing{}, false, err
	} else {
		c = made
	}
	out := importing{id: c.ID, open: c.Status == model.CourseDraft, lessons: map[[2]string]bool{}}
	had, err := s.Lessons(ctx, c.ID)
	for _, l := range had {
		out.lessons[[2]string{l.Chapter, l.Title}] = true
	}
	return out, fresh, err
}

func importRow(row csvfile.Row) (d Draft, l *LessonDraft, err error) {
	text := func(column string) *string { v := row.Get(column); return &v }
	price, err := row.Yuan("price")
	if err != nil {
		return d, nil, err
	}
	original, err := row.Yuan("original_price")
	if err != nil {
		return d, nil, err
	}
	seconds, err := row.Number("seconds", model.MaxLessonSeconds)
	if err != nil {
		return d, nil, err
	}
	p, o := model.Fen(price), model.Fen(original)
	d = Draft{Title: text("title"), Intro: text("intro"), Cover: text("cover"), Category: text("category"), Teacher: text("teacher"), Price: &p, OriginalPrice: &o}
	if row.Get("lesson") == "" {
		for _, column := range []string{"chapter", "kind", "content", "media", "trial", "seconds"} {
			if row.Get(column) != "" {
				return d, nil, row.Bad("lesson", "这一行写了课时的内容，没有写课时的标题")
			}
		}
		return d, nil, nil
	}
	kind, trial, long := model.LessonKind(row.Get("kind")), false, int(seconds)
	if kind == "" {
		kind = model.LessonText
	}
	switch row.Get("trial") {
	case "1", "true", "是":
		trial = true
	case "", "0", "false", "否":
	default:
		return d, nil, row.Bad("trial", "应为 1 或 0")
	}
	return d, &LessonDraft{Title: text("lesson"), Chapter: text("chapter"), Content: text("content"), Media: text("media"), Kind: &kind, Trial: &trial, Seconds: &long}, nil
}
