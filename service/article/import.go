package article

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/csvfile"
)

var importShape = csvfile.Shape{
	Columns:  []string{"title", "url", "digest", "author", "column", "content", "course_id", "published_at"},
	Required: []string{"title"}, Lines: true,
}

// Import takes articles of before in from a CSV file: drafts, and, where published_at says so, articles that readers
// have seen already, with their window begun then. The whole file is checked first (csvfile.BadRow). An article is known
// by its address, one without by its title, so a second import of the same file adds nothing.
func (s *Service) Import(ctx context.Context, by model.Operator, file io.ReadSeeker, told func(bytes int)) (csvfile.Done, error) {
	var done csvfile.Done
	known := map[string]bool{}
	check := func(row csvfile.Row) error {
		in, _, err := s.importRow(row)
		if err != nil {
			return err
		}
		key := in.URL
		if key == "" {
			key = in.Title
		}
		if known[key] {
			return row.Bad("title", "文件里前面有同一篇：没有网址的按标题认")
		}
		known[key] = true
		return row.Refused(errors.Join(in.check(), s.course(ctx, in.CourseID)), "title")
	}
	return done, csvfile.Twice(ctx, file, importShape, told, check, func(row csvfile.Row) error {
		in, published, err := s.importRow(row)
		if err != nil {
			return err
		}
		fresh, err := s.importOne(ctx, by, in, published)
		if err != nil {
			return fmt.Errorf("row %d: %w", row.Line, err)
		}
		if done.Rows++; fresh {
			done.Added++
		} else {
			done.Had++
		}
		return nil
	})
}

func (s *Service) importRow(row csvfile.Row) (in Input, published time.Time, err error) {
	text := func(column string) *string { v := row.Get(column); return &v }
	in = Input{Title: row.Get("title"), URL: row.Get("url"), Digest: row.Get("digest"), Author: row.Get("author"), Content: text("content"), ColumnName: text("column")}
	course, err := row.Number("course_id", 1<<53-1)
	if err != nil {
		return in, published, err
	}
	if course != 0 {
		in.CourseID = &course
	}
	if published, err = row.Time("published_at"); err == nil && published.After(s.now()) {
		err = row.Bad("published_at", "在将来")
	}
	return in.clean(), published, err
}

func (s *Service) importOne(ctx context.Context, by model.Operator, in Input, published time.Time) (fresh bool, err error) {
	now := model.Milli(s.now())
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		fresh = false
		like := tx.Model(&model.Article{}).Where("appid = ?", s.appid)
		if in.URL != "" {
			like = like.Where("url = ?", in.URL)
		} else {
			like = like.Where("title = ?", in.Title)
		}
		var had []model.Article
		if err := like.Select("title", "url").Find(&had).Error; err != nil {
			return err
		}
		for _, x := range had { // MySQL takes titles for equal that are not
			if in.URL != "" && x.URL == in.URL || in.URL == "" && x.Title == in.Title {
				return nil
			}
		}
		a := model.Article{AppID: s.appid, State: model.ArticleDraft, WindowDays: model.ArticleWindowDays, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
		in.put(&a)
		a.Resave()
		if !published.IsZero() {
			at := model.Milli(published)
			a.State, a.PublishedAt, a.PublishedBy = model.ArticlePublished, &at, by.Name
		}
		if err := tx.Create(&a).Error; err != nil {
			return err
		}
		fresh = true
		return s.audit(tx, by, "article.import", a.ID, nil, brief(a), "")
	})
	return fresh, err
}
