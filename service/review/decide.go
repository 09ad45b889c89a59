package review

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Write opens a review by hand, about anything. ErrInvalid names the field.
func (s *Service) Write(ctx context.Context, by model.Operator, title, hypothesis string) (Item, error) {
	title, hypothesis = strings.TrimSpace(title), strings.TrimSpace(hypothesis)
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if n := utf8.RuneCountInString(title); n == 0 || n > model.ReviewTitleMost {
		bad.Field("title", "请写复盘的是什么，最多 60 个字")
	}
	if utf8.RuneCountInString(hypothesis) > 500 {
		bad.Field("hypothesis", "最多 500 个字")
	}
	if len(bad.Fields) > 0 {
		return Item{}, bad
	}
	r := s.fresh(model.ReviewFree, nil)
	r.Title, r.Hypothesis, r.OpenedBy, r.UpdatedBy = title, hypothesis, by.Name, by.Name
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r.ID = 0
		if err := tx.Create(&r).Error; err != nil {
			return fmt.Errorf("write a review: %w", err)
		}
		return s.trail(tx, by, "review.create", r.ID, nil, map[string]any{"title": title})
	})
	if err != nil {
		return Item{}, err
	}
	return s.One(ctx, r.ID)
}

// Refresh fills in the figures anew, as long as nobody decided on those that are there.
func (s *Service) Refresh(ctx context.Context, by model.Operator, id, version int64) (Item, error) {
	r, err := s.One(ctx, id)
	if err != nil {
		return r, err
	}
	if r.State != model.ReviewOpen {
		return r, decided()
	}
	figures, err := s.figuresOf(ctx, r.Review)
	if err != nil {
		return r, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		row, err := s.lock(tx, id, version)
		if err != nil {
			return err
		}
		if row.State != model.ReviewOpen {
			return decided()
		}
		if err := row.Put(figures, s.now()); err != nil {
			return fmt.Errorf("figures of review %d: %w", id, err)
		}
		return s.put(tx, by, &row, "facts_json", "facts_at", "met")
	})
	if err != nil {
		return r, err
	}
	return s.One(ctx, id)
}

func decided() error {
	return model.Refuse(model.ErrConflict, "decided", "已经有结论了，要重来请先撤回结论")
}

func (s *Service) lock(tx *gorm.DB, id, version int64) (model.Review, error) {
	var r model.Review
	err := store.Lock(tx).Where("appid = ?", s.appid).Take(&r, id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, none()
	}
	if err != nil {
		return r, fmt.Errorf("review %d: %w", id, err)
	}
	if r.Version != version {
		who := r.UpdatedBy
		if who == "" {
			who = "系统"
		}
		return r, model.Refuse(model.ErrConflict, "version", who+" 在 "+r.UpdatedAt.In(model.Shanghai).Format("2006-01-02 15:04:05")+" 改过这次复盘，请先看看改了什么").Field("version", strconv.FormatInt(r.Version, 10))
	}
	return r, nil
}

func (s *Service) put(tx *gorm.DB, by model.Operator, r *model.Review, columns ...string) error {
	r.Version, r.UpdatedBy, r.UpdatedAt = r.Version+1, by.Name, model.Milli(s.now())
	if err := tx.Model(r).Select(append(columns, "version", "updated_by", "updated_at")).Updates(r).Error; err != nil {
		return fmt.Errorf("review %d: %w", r.ID, err)
	}
	return nil
}

// taskKPI is the figure a next step serves, in the words of the plan.
var taskKPI = map[string]string{"read_rate": "read_rate", "share_rate": "share_rate", "conversion_readers": "conversion", "click_rate": "conversion", "new_followers": "followers", "buyers": "buyers", "orders": "buyers", "net": "buyers", "joined": "active"}

// Decide ends a review with what was seen and what follows; a next step becomes a task of its owner on its day, in the same
// transaction. ErrInvalid names the field; ErrConflict: decided by somebody else meanwhile.
func (s *Service) Decide(ctx context.Context, by model.Operator, id, version int64, d model.ReviewDecision) (Item, error) {
	if err := d.Check(model.DayNumber(s.now())); err != nil {
		return Item{}, err
	}
	seen, err := s.One(ctx, id)
	if err != nil {
		return seen, err
	}
	step := model.TaskFields{Title: d.Next, Important: true, OwnerID: d.OwnerID, KPI: taskKPI[seen.KPI]}
	if d.Next != "" {
		if step, err = s.tasks.Prepare(ctx, by, step); err != nil {
			return seen, err
		}
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r, err := s.lock(tx, id, version)
		if err != nil {
			return err
		}
		if r.State != model.ReviewOpen {
			return decided()
		}
		now := model.Milli(s.now())
		r.Finding, r.Decision, r.Next, r.State, r.DecidedAt, r.DecidedBy = d.Finding, d.Decision, d.Next, model.ReviewDecided, &now, by.Name
		r.OwnerID, r.Owner, r.DueDay, r.TaskID = 0, "", 0, nil
		if d.Next != "" {
			task, err := s.tasks.Add(tx, by, step, d.DueDay)
			if err != nil {
				return fmt.Errorf("next step of review %d: %w", id, err)
			}
			r.OwnerID, r.Owner, r.DueDay, r.TaskID = task.OwnerID, task.Owner, task.Day, &task.ID
		}
		if err := s.put(tx, by, &r, "finding", "decision", "next_step", "state", "decided_at", "decided_by", "owner_id", "owner", "due_day", "task_id"); err != nil {
			return err
		}
		return s.trail(tx, by, "review.decide", id, nil, map[string]any{"decision": d.Decision, "finding": d.Finding, "next": d.Next, "owner": r.Owner})
	})
	if err != nil {
		return seen, err
	}
	return s.One(ctx, id)
}

// Reopen takes a decision back; the words stay to be gone on with, and so does the task on the plan. Twice is once.
func (s *Service) Reopen(ctx context.Context, by model.Operator, id, version int64) (Item, error) {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r, err := s.lock(tx, id, version)
		if err != nil || r.State == model.ReviewOpen {
			return err
		}
		before := map[string]any{"decision": r.Decision, "next": r.Next}
		r.State, r.DecidedAt, r.DecidedBy, r.TaskID = model.ReviewOpen, nil, "", nil
		if err := s.put(tx, by, &r, "state", "decided_at", "decided_by", "task_id"); err != nil {
			return err
		}
		return s.trail(tx, by, "review.reopen", id, before, nil)
	})
	if err != nil {
		return Item{}, err
	}
	return s.One(ctx, id)
}
