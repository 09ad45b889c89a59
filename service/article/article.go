// Package article holds the articles of the Official Account on their way out of the house: plan, text,
// the two confirmations, publishing. It owns the tables articles and article_confirmations.
package article

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Operators answers for the people who confirm: service/operator.
type Operators interface {
	// TwoPerson tells whether two people must stand behind an article, now.
	TwoPerson(tx *gorm.DB) (bool, error)
	// EnabledAmong tells how many of ids may confirm and are not disabled.
	EnabledAmong(tx *gorm.DB, ids []int64) (int, error)
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Courses knows the courses that cards lead to, whatever their state: service/course. Those it does not
// know are left out.
type Courses interface {
	Named(ctx context.Context, ids []int64) (map[int64]model.Course, error)
}

// Service is the verbs.
type Service struct {
	db        *gorm.DB
	appid     string
	operators Operators
	courses   Courses
	now       func() time.Time
}

// New makes the service for the Official Account appid. now is the business clock.
func New(db *gorm.DB, appid string, operators Operators, courses Courses, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, operators: operators, courses: courses, now: now}
}

// Input is what a writer gives. The four that are nil stay as they are: the form of the list does not
// carry them. Version is the one the change was made on, 0 when the caller does not say.
type Input struct {
	Title, URL, Digest, Author       string
	Cover, Content, ColumnName, Goal *string

	CourseID   *int64
	PlannedAt  *time.Time
	WindowDays int                // 0: as it is, 7 for a new one
	State      model.ArticleState // "": as it is
	Version    int64
}

// View is an article with its confirmations of the content it has now.
type View struct {
	model.Article
	Confirmations []model.ArticleConfirmation
	Needed        int // how many confirmations publishing takes now
}

// Create keeps a new article.
func (s *Service) Create(ctx context.Context, by model.Operator, in Input) (View, error) {
	in = in.clean()
	if err := in.check(); err != nil {
		return View{}, err
	}
	if err := s.course(ctx, in.CourseID); err != nil {
		return View{}, err
	}
	now := model.Milli(s.now())
	a := model.Article{AppID: s.appid, State: model.ArticleDraft, WindowDays: model.ArticleWindowDays, Version: 1, CreatedBy: by.Name, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	in.put(&a)
	a.Resave()
	return s.tx(ctx, func(tx *gorm.DB) (model.Article, error) {
		a.ID = 0
		if err := tx.Create(&a).Error; err != nil {
			return a, fmt.Errorf("create article: %w", err)
		}
		return a, s.audit(tx, by, "article.create", a.ID, nil, brief(a), "")
	})
}

// Save changes article id. What readers see cannot change once it is published while two people must
// stand behind it, nor goal and window ever. Errors: ErrInvalid, ErrNotFound, ErrConflict ("version" says
// who saved since, and when).
func (s *Service) Save(ctx context.Context, by model.Operator, id int64, in Input) (View, error) {
	in = in.clean()
	if err := in.check(); err != nil {
		return View{}, err
	}
	if err := s.course(ctx, in.CourseID); err != nil {
		return View{}, err
	}
	return s.change(ctx, id, in.Version, func(tx *gorm.DB, a *model.Article, needed int) error {
		before := *a
		in.put(a)
		a.Resave()
		if before.State == model.ArticlePublished {
			a.State = model.ArticlePublished
			if a.Goal != before.Goal || a.WindowDays != before.WindowDays {
				return model.Refuse(model.ErrConflict, "published", "目标和观察期在发布时已定，不能再改")
			}
			if a.ContentHash != before.ContentHash && needed > 1 {
				return model.Refuse(model.ErrConflict, "published", "已发布的文章要先撤回，改好后重新确认")
			}
		}
		a.Version, a.UpdatedBy, a.UpdatedAt = a.Version+1, by.Name, model.Milli(s.now())
		return s.audit(tx, by, "article.save", id, brief(before), brief(*a), "")
	})
}

// Confirm is by's yes to the content article id has now. version, when given, is the one by looked at: a
// yes to version 6 is none to 7. The same person's second yes is ErrConflict "already_confirmed".
func (s *Service) Confirm(ctx context.Context, by model.Operator, id, version int64, comment string) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, a *model.Article, _ int) error {
		if a.State == model.ArticlePublished {
			return model.Refuse(model.ErrConflict, "published", "文章已经发布")
		}
		c := model.ArticleConfirmation{ArticleID: id, OperatorID: by.ID, OperatorName: by.Name, ContentHash: a.ContentHash, Version: a.Version, Comment: cut(comment, 500), CreatedAt: model.Milli(s.now())}
		if err := tx.Create(&c).Error; err != nil {
			if _, ok := store.Duplicate(err); ok {
				return model.Refuse(model.ErrConflict, "already_confirmed", "您已确认过这一版，还需要另一位同事确认")
			}
			return fmt.Errorf("confirm article %d: %w", id, err)
		}
		yes, err := s.standing(tx, *a)
		if err != nil {
			return err
		}
		before := a.State
		a.Confirm(yes, model.ConfirmationsNeeded)
		return s.audit(tx, by, "article.confirm", id, map[string]any{"status": before}, map[string]any{"status": a.State, "version": a.Version, "content_hash": a.ContentHash}, comment)
	})
}

// Return sends article id back to its writer with a word; the confirmations of this content are void.
func (s *Service) Return(ctx context.Context, by model.Operator, id, version int64, comment string) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, a *model.Article, _ int) error {
		if a.State == model.ArticlePublished {
			return model.Refuse(model.ErrConflict, "published", "文章已经发布，请先撤回")
		}
		if err := tx.Where("article_id = ? AND content_hash = ?", id, a.ContentHash).Delete(&model.ArticleConfirmation{}).Error; err != nil {
			return fmt.Errorf("article %d: %w", id, err)
		}
		before := a.State
		a.State = model.ArticleDraft
		return s.audit(tx, by, "article.return", id, map[string]any{"status": before}, map[string]any{"status": a.State}, comment)
	})
}

// Publish makes article id one that readers may be counted for, and that the Mini Program lists. While two
// people must stand behind it, their yes is counted here, in the publishing transaction. Twice is once.
func (s *Service) Publish(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, a *model.Article, needed int) error {
		if a.State == model.ArticlePublished {
			return nil
		}
		if needed > 1 {
			yes, err := s.standing(tx, *a)
			if err != nil {
				return err
			}
			if yes < needed {
				return model.Refuse(model.ErrConflict, "not_confirmed", fmt.Sprintf("发布要 %d 位同事确认同一版内容，现在有 %d 位", needed, yes))
			}
		}
		before, now := a.State, model.Milli(s.now())
		a.State, a.PublishedAt, a.PublishedBy = model.ArticlePublished, &now, by.Name
		return s.audit(tx, by, "article.publish", id, map[string]any{"status": before}, map[string]any{"status": a.State, "version": a.Version, "content_hash": a.ContentHash, "goal": a.Goal, "window_days": a.WindowDays}, "")
	})
}

// Unpublish takes a published article out of the lists again; what was counted for it stays.
func (s *Service) Unpublish(ctx context.Context, by model.Operator, id, version int64) (View, error) {
	return s.change(ctx, id, version, func(tx *gorm.DB, a *model.Article, _ int) error {
		if a.State != model.ArticlePublished {
			return nil
		}
		a.State = model.ArticleDraft
		return s.audit(tx, by, "article.unpublish", id, map[string]any{"status": model.ArticlePublished}, map[string]any{"status": a.State}, "")
	})
}

// change locks article id, lets fn alter it, and writes it, all in one transaction.
func (s *Service) change(ctx context.Context, id, version int64, fn func(tx *gorm.DB, a *model.Article, needed int) error) (View, error) {
	return s.tx(ctx, func(tx *gorm.DB) (model.Article, error) {
		var a model.Article
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&a).Error; err != nil {
			return a, missing(err, id)
		}
		if version != 0 && version != a.Version {
			return a, model.Refuse(model.ErrConflict, "version", fmt.Sprintf("%s 在 %s 保存了第 %d 版，您看到的是第 %d 版；请先看看改了什么",
				a.UpdatedBy, a.UpdatedAt.In(model.Shanghai).Format("2006-01-02 15:04:05"), a.Version, version)).Field("version", strconv.FormatInt(a.Version, 10))
		}
		needed, err := s.needed(tx)
		if err != nil {
			return a, err
		}
		if err := fn(tx, &a, needed); err != nil {
			return a, err
		}
		err = tx.Model(&a).Select("title", "url", "digest", "author", "cover", "content", "course_id", "column_name", "planned_at", "goal", "window_days",
			"state", "version", "content_hash", "updated_by", "updated_at", "published_at", "published_by").Updates(a).Error
		if err != nil {
			return a, fmt.Errorf("update article %d: %w", id, err)
		}
		return a, nil
	})
}

// tx runs fn and reads what stands around the article it gives back.
func (s *Service) tx(ctx context.Context, fn func(tx *gorm.DB) (model.Article, error)) (View, error) {
	var v View
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		a, err := fn(tx)
		if err != nil {
			return err
		}
		v, err = s.around(tx, a)
		return err
	})
	return v, err
}

func (s *Service) around(db *gorm.DB, a model.Article) (View, error) {
	v := View{Article: a, Confirmations: []model.ArticleConfirmation{}}
	if err := db.Where("article_id = ? AND content_hash = ?", a.ID, a.ContentHash).Order("id").Find(&v.Confirmations).Error; err != nil {
		return v, fmt.Errorf("article %d: %w", a.ID, err)
	}
	var err error
	v.Needed, err = s.needed(db)
	return v, err
}

// standing counts the different enabled people behind the content a has now.
func (s *Service) standing(tx *gorm.DB, a model.Article) (int, error) {
	var ids []int64
	if err := tx.Model(&model.ArticleConfirmation{}).Where("article_id = ? AND content_hash = ?", a.ID, a.ContentHash).Distinct("operator_id").Pluck("operator_id", &ids).Error; err != nil {
		return 0, fmt.Errorf("confirmations of article %d: %w", a.ID, err)
	}
	return s.operators.EnabledAmong(tx, ids)
}

func (s *Service) needed(db *gorm.DB) (int, error) {
	two, err := s.operators.TwoPerson(db)
	if err != nil || !two {
		return 0, err
	}
	return model.ConfirmationsNeeded, nil
}

func (s *Service) course(ctx context.Context, id *int64) error {
	if id == nil || s.courses == nil {
		return nil
	}
	known, err := s.courses.Named(ctx, []int64{*id})
	if err != nil {
		return err
	}
	if _, ok := known[*id]; !ok {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("course_id", "没有这门课程")
	}
	return nil
}

// Titles names the courses that articles lead to, by course.
func (s *Service) Titles(ctx context.Context, articles ...model.Article) (map[int64]string, error) {
	var ids []int64
	for _, a := range articles {
		if a.CourseID != nil {
			ids = append(ids, *a.CourseID)
		}
	}
	out := map[int64]string{}
	if len(ids) == 0 || s.courses == nil {
		return out, nil
	}
	known, err := s.courses.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, c := range known {
		out[id] = c.Title
	}
	return out, nil
}

func (s *Service) audit(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any, reason string) error {
	entry := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "article", ObjectID: strconv.FormatInt(id, 10), After: model.AuditJSON(after), Reason: reason}
	if before != nil {
		entry.Before = model.AuditJSON(before)
	}
	return s.operators.Audit(tx, entry)
}

// brief is what the trail keeps of an article: the content by its hash alone.
func brief(a model.Article) map[string]any {
	return map[string]any{"title": a.Title, "url": a.URL, "course_id": a.CourseID, "planned_at": a.PlannedAt, "status": a.State, "version": a.Version, "content_hash": a.ContentHash}
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这篇文章")
	}
	return fmt.Errorf("article %d: %w", id, err)
}
