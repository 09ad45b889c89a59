// Package review keeps the turns of PDCA (复盘): it owns the reviews table.
//
// A review opens by itself, the day after the window of an article or a campaign ended, with the target and hypothesis
// that were planned and the figures as they are then. A unique key over its subject lets one instance open it, once. A
// decision and the task of its next step are one transaction.
package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Figures fills in C: service/figure.
type Figures interface {
	ReviewFigures(ctx context.Context, kind model.ReviewKind, c *model.Campaign, id int64, first, last int) ([]model.ReviewFigure, error)
}

// Tasks makes the next step a task: service/plan.
type Tasks interface {
	Prepare(ctx context.Context, by model.Operator, f model.TaskFields) (model.TaskFields, error)
	Add(tx *gorm.DB, by model.Operator, f model.TaskFields, day int) (model.Task, error)
}

// Service keeps the reviews of the account appid.
type Service struct {
	db      *gorm.DB
	appid   string
	figures Figures
	tasks   Tasks
	audit   Auditor
	now     func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, figures Figures, tasks Tasks, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, figures: figures, tasks: tasks, audit: audit, now: now}
}

// Now is the business clock.
func (s *Service) Now() time.Time { return s.now() }

const (
	// backward is how long ago a window may have ended for its review to open: a house with years of articles is not asked
	// about all of them on its first day.
	backward = 14
	// openMost is how many reviews one round opens.
	openMost = 20
)

// Open opens what is due: a line of the timetable. Safe to run twice and on several instances.
func (s *Service) Open(ctx context.Context) error {
	today := model.DayNumber(s.now().Add(-model.ReportMorning)) // the window ended before this day began
	due, err := s.dueArticles(ctx, today)
	if err != nil {
		return err
	}
	campaigns, err := s.dueCampaigns(ctx, today)
	if err != nil {
		return err
	}
	for _, r := range append(due, campaigns...)[:min(openMost, len(due)+len(campaigns))] {
		figures, err := s.figuresOf(ctx, r)
		if err != nil {
			return err
		}
		if err := r.Put(figures, s.now()); err != nil {
			return fmt.Errorf("open a review: %w", err)
		}
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			r.ID = 0
			return tx.Create(&r).Error
		})
		if _, dup := store.Duplicate(err); dup {
			continue // another instance was faster
		}
		if err != nil {
			return fmt.Errorf("open the review of %s %d: %w", r.Kind, *r.SubjectID, err)
		}
		slog.Info("review opened", "kind", r.Kind, "subject", *r.SubjectID)
	}
	return nil
}

func (s *Service) fresh(kind model.ReviewKind, subject *int64) model.Review {
	now := model.Milli(s.now())
	return model.Review{AppID: s.appid, Kind: kind, SubjectID: subject, State: model.ReviewOpen, Version: 1, OpenedAt: now, UpdatedAt: now}
}

const notReviewed = "NOT EXISTS (SELECT 1 FROM reviews r WHERE r.appid = ? AND r.kind = ? AND r.subject_id = "

func (s *Service) dueArticles(ctx context.Context, today int) ([]model.Review, error) {
	since := model.DayStart(today).AddDate(0, 0, -backward-60) // the longest window is two months
	var list []model.Article
	err := s.db.WithContext(ctx).Select("id", "title", "goal", "window_days", "published_at").
		Where("appid = ? AND state = ? AND published_at >= ? AND "+notReviewed+"articles.id)", s.appid, model.ArticlePublished, since.UTC(), s.appid, model.ReviewArticle).
		Order("published_at, id").Limit(500).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("articles to review: %w", err)
	}
	out := []model.Review{}
	for _, a := range list {
		window := a.WindowDays
		if window <= 0 {
			window = model.ArticleWindowDays
		}
		end := model.DayNumber(a.PublishedAt.AddDate(0, 0, window)) // the day in which the window ends
		if end >= today || end < model.DayNumber(model.DayStart(today).AddDate(0, 0, -backward)) {
			continue
		}
		r := s.fresh(model.ReviewArticle, &a.ID)
		r.Title, r.FirstDay, r.LastDay, r.Hypothesis = model.Cut(a.Title, 128), model.DayNumber(*a.PublishedAt), end, model.Cut(a.Goal, 500)
		var item model.PlanItem
		err := s.db.WithContext(ctx).Where("appid = ? AND article_id = ?", s.appid, a.ID).Take(&item).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return nil, fmt.Errorf("plan of article %d: %w", a.ID, err)
		}
		if err == nil {
			r.KPI, r.Target = item.TargetKPI, item.Target
			if item.Hypothesis != "" {
				r.Hypothesis = item.Hypothesis
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func (s *Service) dueCampaigns(ctx context.Context, today int) ([]model.Review, error) {
	oldest := model.DayNumber(model.DayStart(today).AddDate(0, 0, -backward-model.CampaignTail))
	var list []model.Campaign
	err := s.db.WithContext(ctx).Where("appid = ? AND first_day < ? AND last_day >= ? AND "+notReviewed+"campaigns.id)", s.appid, today, oldest, s.appid, model.ReviewCampaign).Order("last_day, id").Limit(500).Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("campaigns to review: %w", err)
	}
	out := []model.Review{}
	for _, c := range list {
		end := model.DayNumber(model.DayStart(c.Until()).AddDate(0, 0, model.CampaignTail))
		if c.Until() < c.FirstDay || end >= today || c.Until() < oldest {
			continue
		}
		r := s.fresh(model.ReviewCampaign, &c.ID)
		r.Title, r.KPI, r.Target, r.Hypothesis, r.FirstDay, r.LastDay = model.Cut(c.Name, 128), c.Goal, c.Target, model.Cut(c.Note, 500), c.FirstDay, end
		out = append(out, r)
	}
	return out, nil
}

func (s *Service) figuresOf(ctx context.Context, r model.Review) ([]model.ReviewFigure, error) {
	if r.SubjectID == nil {
		return []model.ReviewFigure{}, nil
	}
	var c *model.Campaign
	if r.Kind == model.ReviewCampaign {
		c = &model.Campaign{}
		if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(c, *r.SubjectID).Error; err != nil {
			return nil, fmt.Errorf("campaign %d: %w", *r.SubjectID, err)
		}
	}
	out, err := s.figures.ReviewFigures(ctx, r.Kind, c, *r.SubjectID, r.FirstDay, r.LastDay)
	if err != nil {
		return nil, fmt.Errorf("figures of review: %w", err)
	}
	return out, nil
}

// Item is a review with how far it is.
type Item struct {
	model.Review
	Stage    model.ReviewState
	TaskDay  int
	TaskDone bool
}

// acting is true of a decided review whose task is there and not done; its parameters are decided and done.
const (
	withTask = "LEFT JOIN tasks ON tasks.id = reviews.task_id AND tasks.removed_at IS NULL"
	acting   = "reviews.state = ? AND tasks.id IS NOT NULL AND tasks.state <> ?"
)

// List gives reviews of a stage ("" all), the latest first, below the number before (0: from the top).
func (s *Service) List(ctx context.Context, stage model.ReviewState, before int64, limit int) ([]Item, error) {
	q := s.db.WithContext(ctx).Table("reviews").Where("reviews.appid = ?", s.appid)
	switch stage {
	case model.ReviewOpen:
		q = q.Where("reviews.state = ?", model.ReviewOpen)
	case model.ReviewActing:
		q = q.Where(acting, model.ReviewDecided, model.TaskDone)
	case model.ReviewClosed:
		q = q.Where("reviews.state = ? AND (tasks.id IS NULL OR tasks.state = ?)", model.ReviewDecided, model.TaskDone)
	}
	if before > 0 {
		q = q.Where("reviews.id < ?", before)
	}
	return s.items(q.Order("reviews.id DESC").Limit(limit))
}

// One gives a review. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (Item, error) {
	list, err := s.items(s.db.WithContext(ctx).Table("reviews").Where("reviews.appid = ? AND reviews.id = ?", s.appid, id))
	if err == nil && len(list) == 0 {
		err = none()
	}
	if err != nil {
		return Item{}, err
	}
	return list[0], nil
}

func none() error {
	return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次复盘，可能刚被删了")
}

func (s *Service) items(q *gorm.DB) ([]Item, error) {
	var rows []struct {
		model.Review
		TaskDay   *int
		TaskState *model.TaskState
	}
	if err := q.Select("reviews.*, tasks.day AS task_day, tasks.state AS task_state").Joins(withTask).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("reviews: %w", err)
	}
	out := make([]Item, 0, len(rows))
	for _, r := range rows {
		i := Item{Review: r.Review, Stage: model.ReviewOpen}
		if r.State == model.ReviewDecided {
			i.Stage = model.ReviewClosed
			if r.TaskState != nil {
				i.TaskDay, i.TaskDone = *r.TaskDay, *r.TaskState == model.TaskDone
				if !i.TaskDone {
					i.Stage = model.ReviewActing
				}
			}
		}
		out = append(out, i)
	}
	return out, nil
}

// Waiting counts the reviews nobody decided yet.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&model.Review{}).Where("appid = ? AND state = ?", s.appid, model.ReviewOpen).Count(&n).Error
	return n, err
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "review", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}
