package follower

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// SyncJob is the kind of the job that walks on through all followers.
const SyncJob = "follower.sync"

// States and phases of a sync.
const (
	syncRunning = "running"
	syncDone    = "done"
	syncFailed  = "failed"
	syncStopped = "stopped"

	phasePages   = "pages"
	phaseGone    = "gone"
	phaseBlocked = "blocked"
)

// stint is how long one job walks: well within its time.
const stint = 35 * time.Second

type syncRow struct {
	ID           int64   `gorm:"primaryKey"`
	AppID        string  `gorm:"column:appid"`
	OpenKey      *string // the appid while it runs: one at a time
	State        string
	Phase        string
	PageFrom     string // where the page begins that is being walked
	Step         int64  // numbers the jobs
	Total        int64
	Seen         int64
	Fresh        int64
	Unchanged    int64
	Gone         int64
	Unreadable   int64
	ResumeAt     *time.Time
	LastError    string
	OperatorName string
	StartedAt    time.Time // business clock
	EndedAt      *time.Time
	UpdatedAt    time.Time
}

func (syncRow) TableName() string { return "follower_syncs" }

type syncPayload struct {
	ID int64 `json:"id"`
}

// StartSync begins a walk through all followers, or lets the one that waits go on at once.
func (s *Service) StartSync(ctx context.Context, by model.Operator) (model.FollowerSync, error) {
	var out syncRow
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []syncRow
		if err := store.Lock(tx).Where("open_key = ?", s.appid).Limit(1).Find(&open).Error; err != nil {
			return err
		}
		now := model.Milli(s.now())
		if len(open) > 0 {
			out = open[0]
			if out.ResumeAt == nil {
				return nil // it is walking
			}
			out.ResumeAt, out.Step, out.UpdatedAt = nil, out.Step+1, now
			if err := tx.Model(&out).Select("resume_at", "step", "updated_at").Updates(&out).Error; err != nil {
				return err
			}
			return s.next(tx, &out, time.Time{})
		}
		out = syncRow{AppID: s.appid, OpenKey: &s.appid, State: syncRunning, Phase: phasePages, OperatorName: by.Name, StartedAt: now.Truncate(time.Second), UpdatedAt: now}
		if err := tx.Create(&out).Error; err != nil {
			return err
		}
		if err := s.next(tx, &out, time.Time{}); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "follower.sync", Object: "follower", ObjectID: "sync:" + strconv.FormatInt(out.ID, 10)})
	})
	if _, dup := store.Duplicate(err); dup {
		return s.LastSync(ctx) // another click was faster
	}
	if err != nil {
		return model.FollowerSync{}, fmt.Errorf("start a sync: %w", err)
	}
	return out.view(), nil
}

// StopSync ends a walk; what it found stays.
func (s *Service) StopSync(ctx context.Context, by model.Operator) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		res := tx.Model(&syncRow{}).Where("open_key = ?", s.appid).Updates(map[string]any{"state": syncStopped, "open_key": nil, "resume_at": nil, "ended_at": now, "updated_at": now})
		if res.Error != nil {
			return fmt.Errorf("stop the sync: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "现在没有在同步")
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "follower.stop", Object: "follower", ObjectID: "sync"})
	})
}

// LastSync gives the latest walk; its ID is 0 when there was none.
func (s *Service) LastSync(ctx context.Context) (model.FollowerSync, error) {
	var rows []syncRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(1).Find(&rows).Error; err != nil {
		return model.FollowerSync{}, fmt.Errorf("the last sync: %w", err)
	}
	if len(rows) == 0 {
		return model.FollowerSync{}, nil
	}
	return rows[0].view(), nil
}

func (r *syncRow) view() model.FollowerSync {
	return model.FollowerSync{ID: r.ID, State: r.State, Phase: r.Phase, Total: r.Total, Seen: r.Seen, Fresh: r.Fresh, Unchanged: r.Unchanged, Gone: r.Gone, Unreadable: r.Unreadable,
		ResumeAt: r.ResumeAt, LastError: r.LastError, By: r.OperatorName, StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt, UpdatedAt: r.UpdatedAt.UTC()}
}

// next adds the job of the row's step; its key is the step's, so it is there once.
func (s *Service) next(tx *gorm.DB, r *syncRow, at time.Time) error {
	return s.jobs.Add(tx, SyncJob, s.stepKey(r.ID, r.Step), syncPayload{r.ID}, at)
}

func (s *Service) stepKey(id, step int64) string { return fmt.Sprintf("%s:%d:%d", s.appid, id, step) }

// ResumeSync sees that a walk has its job, should the last one have been lost: a line of the timetable. One whose job was
// given up has failed.
func (s *Service) ResumeSync(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []syncRow
		if err := tx.Where("open_key = ?", s.appid).Limit(1).Find(&open).Error; err != nil || len(open) == 0 {
			return err
		}
		if dead, err := s.jobs.Dead(tx, SyncJob, s.stepKey(open[0].ID, open[0].Step)); err != nil {
			return err
		} else if dead {
			now := model.Milli(s.now())
			return tx.Model(&syncRow{}).Where("id = ? AND step = ? AND state = ?", open[0].ID, open[0].Step, syncRunning).
				Updates(map[string]any{"state": syncFailed, "open_key": nil, "resume_at": nil, "last_error": model.JobGivenUp, "ended_at": now, "updated_at": now}).Error
		}
		at := time.Time{}
		if open[0].ResumeAt != nil {
			at = *open[0].ResumeAt
		}
		return s.next(tx, &open[0], at)
	})
}

// Sync walks on through the followers: the job SyncJob. Each hundred is one commit, counted once for each
// follower by the mark it leaves on them, so a kill, a repeat or two at once lose and double nothing: the page is
// asked for again and those marked are passed over.
func (s *Service) Sync(ctx context.Context, payload json.RawMessage) error {
	var p syncPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("sync: %w: %w", model.ErrInvalid, err)
	}
	var r syncRow
	if err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", p.ID, s.appid).Take(&r).Error; err != nil {
		return notFound(err, p.ID)
	}
	for end := time.Now().Add(stint); ; {
		if r.State != syncRunning {
			return nil
		}
		if time.Now().After(end) {
			return s.turn(ctx, &r, "", nil)
		}
		err := s.stride(ctx, &r, end)
		switch {
		case err == nil:
		case ctx.Err() != nil || !errors.As(err, new(*model.CallError)) && !errors.Is(err, model.ErrUnavailable):
			return err // ours to mend: the job comes again
		case errors.Is(err, model.ErrUnavailable):
			at := time.Now()
			at = at.Add(model.CallPause(model.CallCode(err), at))
			return s.turn(ctx, &r, model.WordsOf(err, "微信接口暂时不可用"), &at)
		default:
			return s.finish(ctx, &r, syncFailed, model.WordsOf(err, "微信接口暂时不可用"))
		}
	}
}

func notFound(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("sync %d: %w", id, model.ErrNotFound)
	}
	return fmt.Errorf("sync %d: %w", id, err)
}

// turn ends this job and begins the next one, at an instant of the real clock or at once.
func (s *Service) turn(ctx context.Context, r *syncRow, fault string, at *time.Time) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		r.Step++
		if at != nil {
			when := model.Milli(*at)
			at = &when
		}
		res := tx.Model(&syncRow{}).Where("id = ? AND state = ? AND step = ?", r.ID, syncRunning, r.Step-1).
			Updates(map[string]any{"step": r.Step, "resume_at": at, "last_error": model.Cut(fault, 500), "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("sync %d: %w", r.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return nil // stopped, or another job walks on
		}
		if at == nil {
			return s.next(tx, r, time.Time{})
		}
		return s.next(tx, r, *at)
	})
}

func (s *Service) finish(ctx context.Context, r *syncRow, state, fault string) error {
	now := model.Milli(s.now())
	if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&syncRow{}).Where("id = ? AND state = ?", r.ID, syncRunning).
		Updates(map[string]any{"state": state, "open_key": nil, "resume_at": nil, "last_error": model.Cut(fault, 500), "ended_at": now, "updated_at": now}).Error; err != nil {
		return fmt.Errorf("sync %d: %w", r.ID, err)
	}
	r.State = state
	return nil
}

// stride does a piece of the phase at hand: a page at most.
func (s *Service) stride(ctx context.Context, r *syncRow, end time.Time) error {
	switch r.Phase {
	case phasePages:
		return s.page(ctx, r, end)
	case phaseGone:
		return s.gone(ctx, r)
	}
	if err := s.blackList(ctx); err != nil && !errors.Is(err, model.ErrForbidden) {
		return err
	}
	if err := s.RefreshTags(ctx); err != nil && !errors.Is(err, model.ErrForbidden) {
		return err
	}
	return s.finish(ctx, r, syncDone, "")
}

// page walks one page of openids by hundreds, as far as time allows.
func (s *Service) page(ctx context.Context, r *syncRow, end time.Time) error {
	asked := model.Milli(s.now()).Truncate(time.Second)
	openids, next, total, err := s.ask.FollowerPage(ctx, r.PageFrom)
	if err != nil {
		return fmt.Errorf("page of followers: %w", err)
	}
	for len(openids) > 0 {
		if time.Now().After(end) {
			return nil // the page is begun again
		}
		n := min(100, len(openids))
		if err := s.hundred(ctx, r, openids[:n], asked); err != nil {
			return err
		}
		openids = openids[n:]
	}
	set := map[string]any{"page_from": next, "total": total, "resume_at": nil, "last_error": "", "updated_at": model.Milli(s.now())}
	if next == "" {
		set["phase"] = phaseGone
	}
	return s.set(ctx, r, set)
}

func (s *Service) set(ctx context.Context, r *syncRow, set map[string]any) error {
	db := s.db.WithContext(ctx)
	if err := db.Model(&syncRow{}).Where("id = ? AND state = ?", r.ID, syncRunning).Updates(set).Error; err != nil {
		return fmt.Errorf("sync %d: %w", r.ID, err)
	}
	if err := db.Where("id = ?", r.ID).Take(r).Error; err != nil {
		return fmt.Errorf("sync %d: %w", r.ID, err)
	}
	return nil
}

// hundred asks about those of at most 100 that are not marked yet, and keeps what WeChat says.
func (s *Service) hundred(ctx context.Context, r *syncRow, openids []model.OpenID, asked time.Time) error {
	have, err := s.rowsOf(s.db.WithContext(ctx), openids)
	if err != nil {
		return err
	}
	todo := make([]model.OpenID, 0, len(openids))
	for _, o := range openids {
		if h, ok := have[o]; !ok || h.SeenSync != r.ID {
			todo = append(todo, o)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	infos, err := s.ask.FollowerInfos(ctx, todo)
	if err != nil {
		return fmt.Errorf("ask about followers: %w", err)
	}
	for try := 0; ; try++ {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.keep(tx, r, infos, asked) })
		if _, dup := store.Duplicate(err); dup && try < 3 {
			continue // one of them followed just now: they are here by now
		}
		if errors.Is(err, errStopped) {
			r.State = syncStopped
			return nil
		}
		return err
	}
}

var errStopped = errors.New("the sync was stopped")

func (s *Service) rowsOf(tx *gorm.DB, openids []model.OpenID) (map[model.OpenID]row, error) {
	var rows []row
	if err := tx.Where("appid = ? AND openid IN ?", s.appid, openids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("followers: %w", err)
	}
	out := make(map[model.OpenID]row, len(rows))
	for _, h := range rows {
		out[model.OpenID(h.OpenID)] = h
	}
	return out, nil
}
