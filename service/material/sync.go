package material

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

// SyncJob is the kind of the job that walks on through all material.
const SyncJob = "material.sync"

const (
	syncRunning = "running"
	syncDone    = "done"
	syncFailed  = "failed"
	syncStopped = "stopped"

	phaseGone   = "gone"
	phaseCopies = "copies"

	// stint is how long one job walks: well within its time.
	stint = 30 * time.Second
	// mostCopies bounds our copies of what was uploaded elsewhere: the latest ones are copied first.
	mostCopies = 5000
)

// after gives the phase behind each: the lists by kind, then what is gone, then our copies.
var after = map[string]string{"image": "voice", "voice": "video", "video": "news", "news": phaseGone, phaseGone: phaseCopies}

type syncRow struct {
	ID           int64   `gorm:"primaryKey"`
	AppID        string  `gorm:"column:appid"`
	OpenKey      *string // the appid while it runs: one at a time
	State        string
	Phase        string
	PageOffset   int
	Step         int64 // numbers the jobs
	Total        int64
	Seen         int64
	Fresh        int64
	Gone         int64
	Copied       int64
	ResumeAt     *time.Time
	LastError    string
	OperatorName string
	StartedAt    time.Time // business clock
	EndedAt      *time.Time
	UpdatedAt    time.Time
}

func (syncRow) TableName() string { return "material_syncs" }

type syncPayload struct {
	ID int64 `json:"id"`
}

func (r *syncRow) view() model.MaterialSync {
	return model.MaterialSync{ID: r.ID, State: r.State, Phase: r.Phase, Total: r.Total, Seen: r.Seen, Fresh: r.Fresh, Gone: r.Gone, Copied: r.Copied,
		ResumeAt: r.ResumeAt, LastError: r.LastError, By: r.OperatorName, StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt, UpdatedAt: r.UpdatedAt.UTC()}
}

// StartSync begins a walk through all permanent material, or lets the one that waits go on at once.
func (s *Service) StartSync(ctx context.Context, by model.Operator) (model.MaterialSync, error) {
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
		out = syncRow{AppID: s.appid, OpenKey: &s.appid, State: syncRunning, Phase: string(model.MaterialImage), OperatorName: by.Name, StartedAt: now, UpdatedAt: now}
		if err := tx.Create(&out).Error; err != nil {
			return err
		}
		if err := s.next(tx, &out, time.Time{}); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "material.sync", Object: "material", ObjectID: "sync:" + strconv.FormatInt(out.ID, 10)})
	})
	if _, dup := store.Duplicate(err); dup {
		return s.LastSync(ctx) // another click was faster
	}
	if err != nil {
		return model.MaterialSync{}, fmt.Errorf("start a walk through material: %w", err)
	}
	return out.view(), nil
}

// StopSync ends a walk; what it found stays.
func (s *Service) StopSync(ctx context.Context, by model.Operator) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		res := tx.Model(&syncRow{}).Where("open_key = ?", s.appid).Updates(map[string]any{"state": syncStopped, "open_key": nil, "resume_at": nil, "ended_at": now, "updated_at": now})
		if res.Error != nil {
			return fmt.Errorf("stop the walk through material: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "现在没有在同步")
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "material.stop", Object: "material", ObjectID: "sync"})
	})
}

// LastSync gives the latest walk; its ID is 0 when there was none.
func (s *Service) LastSync(ctx context.Context) (model.MaterialSync, error) {
	var rows []syncRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("started_at DESC, id DESC").Limit(1).Find(&rows).Error; err != nil {
		return model.MaterialSync{}, fmt.Errorf("the last walk through material: %w", err)
	}
	if len(rows) == 0 {
		return model.MaterialSync{}, nil
	}
	return rows[0].view(), nil
}

// next adds the job of the row's step; its key is the step's, so it is there once.
func (s *Service) next(tx *gorm.DB, r *syncRow, at time.Time) error {
	return s.jobs.Add(tx, SyncJob, s.stepKey(r), syncPayload{r.ID}, at)
}

func (s *Service) stepKey(r *syncRow) string { return fmt.Sprintf("%s:%d:%d", s.appid, r.ID, r.Step) }

// Nightly begins a walk once a night, from three to six in the morning: a line of the timetable. What was changed at
// WeChat's own console is known here by the morning without anybody asking. A walk begun since three, by whomever, is
// tonight's; the open key lets two instances begin only one. The first walk is somebody's: the wizard asks for it.
func (s *Service) Nightly(ctx context.Context) error {
	now := s.now().In(model.Shanghai)
	three := time.Date(now.Year(), now.Month(), now.Day(), 3, 0, 0, 0, model.Shanghai)
	if now.Before(three) || now.After(three.Add(3*time.Hour)) {
		return nil
	}
	last, err := s.LastSync(ctx)
	if err != nil || last.State == "" || last.State == syncRunning || !last.StartedAt.Before(three) {
		return err
	}
	_, err = s.StartSync(ctx, model.Operator{Name: "每晚自动"})
	return err
}

// ResumeSync sees that a walk has its job, should the last one have been lost: a line of the timetable. One whose job was
// given up has failed.
func (s *Service) ResumeSync(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []syncRow
		if err := tx.Where("open_key = ?", s.appid).Limit(1).Find(&open).Error; err != nil || len(open) == 0 {
			return err
		}
		if dead, err := s.jobs.Dead(tx, SyncJob, s.stepKey(&open[0])); err != nil {
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

// Sync walks on: the job SyncJob. Each page is one commit, each row counted once by the mark the walk leaves on it, so a
// kill, a repeat or two at once lose and double nothing.
func (s *Service) Sync(ctx context.Context, payload json.RawMessage) error {
	var p syncPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("walk through material: %w: %w", model.ErrInvalid, err)
	}
	var r syncRow
	err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", p.ID, s.appid).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("walk %d: %w", p.ID, model.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("walk %d: %w", p.ID, err)
	}
	for end := time.Now().Add(stint); ; {
		if r.State != syncRunning {
			return nil
		}
		if time.Now().After(end) {
			return s.turn(ctx, &r, "", nil)
		}
		err := s.stride(ctx, &r)
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

// turn ends this job and begins the next one, at an instant of the real clock or at once.
func (s *Service) turn(ctx context.Context, r *syncRow, fault string, at *time.Time) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		when := time.Time{}
		if at != nil {
			when = model.Milli(*at)
			at = &when
		}
		res := tx.Model(&syncRow{}).Where("id = ? AND state = ? AND step = ?", r.ID, syncRunning, r.Step).
			Updates(map[string]any{"step": r.Step + 1, "resume_at": at, "last_error": model.Cut(fault, 500), "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("walk %d: %w", r.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return nil // stopped, or another job walks on
		}
		following := *r
		following.Step++
		return s.next(tx, &following, when)
	})
}

func (s *Service) finish(ctx context.Context, r *syncRow, state, fault string) error {
	now := model.Milli(s.now())
	if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&syncRow{}).Where("id = ? AND state = ?", r.ID, syncRunning).
		Updates(map[string]any{"state": state, "open_key": nil, "resume_at": nil, "last_error": model.Cut(fault, 500), "ended_at": now, "updated_at": now}).Error; err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	r.State = state
	return nil
}

// stride does a piece of the phase at hand.
func (s *Service) stride(ctx context.Context, r *syncRow) error {
	switch r.Phase {
	case phaseGone:
		return s.gone(ctx, r)
	case phaseCopies:
		return s.copies(ctx, r)
	}
	return s.page(ctx, r)
}

// page keeps one page of a kind.
func (s *Service) page(ctx context.Context, r *syncRow) error {
	if r.Total == 0 && r.Phase == string(model.MaterialImage) && r.PageOffset == 0 {
		counts, err := s.wechat.MaterialCount(ctx)
		if err != nil {
			return fmt.Errorf("count of material: %w", err)
		}
		for _, n := range counts {
			r.Total += n
		}
	}
	kind := model.MaterialKind(r.Phase)
	items, total, err := s.wechat.MaterialPage(ctx, kind, r.PageOffset)
	if err != nil {
		return fmt.Errorf("page of material: %w", err)
	}
	for try := 0; ; try++ {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.keepPage(tx, r, kind, items, total) })
		if _, dup := store.Duplicate(err); dup && try < 3 {
			continue // one of them was uploaded here just now: it is here by now
		}
		if err != nil {
			return fmt.Errorf("walk %d: %w", r.ID, err)
		}
		return s.again(ctx, r)
	}
}

func (s *Service) keepPage(tx *gorm.DB, r *syncRow, kind model.MaterialKind, items []model.MaterialItem, total int) error {
	ids := make([]string, 0, len(items))
	for _, i := range items {
		ids = append(ids, i.MediaID)
	}
	had := map[string]model.Material{}
	if len(ids) > 0 {
		var rows []model.Material
		if err := tx.Where("appid = ? AND media_id IN ?", s.appid, ids).Find(&rows).Error; err != nil {
			return err
		}
		for _, m := range rows {
			had[m.MediaID] = m
		}
	}
	now := model.Milli(s.now())
	var seen, fresh int64
	for _, i := range items {
		if had[i.MediaID].SeenSync == r.ID {
			continue // met on an earlier page, or by an earlier try
		}
		m := model.Material{AppID: s.appid, MediaID: i.MediaID, CurrentID: i.MediaID, Kind: kind, Permanent: true, Name: model.Cut(i.Name, 200), URL: model.Cut(i.URL, 500),
			SeenSync: r.ID, Articles: len(i.Articles), ChangedAt: model.Milli(i.UpdatedAt), CreatedAt: now, UpdatedAt: now}
		if len(i.Articles) > 0 {
			m.Name, m.CoverID, m.Intro = model.Cut(i.Articles[0].Title, 200), i.Articles[0].Thumb, model.Cut(i.Articles[0].Digest, 300)
			if m.URL == "" {
				m.URL = model.Cut(i.Articles[0].URL, 500)
			}
		}
		seen++
		if old, ok := had[i.MediaID]; ok {
			m.ID = old.ID
			columns := []string{"seen_sync", "gone_at", "changed_at", "articles", "cover_id", "updated_at"}
			if old.File == nil {
				columns = append(columns, "last_error") // a copy that failed is tried again
			}
			if m.Name != "" {
				columns = append(columns, "name")
			}
			if m.URL != "" {
				columns = append(columns, "url")
			}
			if kind == model.MaterialNews {
				columns = append(columns, "intro")
			}
			if err := tx.Model(&m).Select(columns).Updates(&m).Error; err != nil {
				return err
			}
			continue
		}
		fresh++
		if err := tx.Create(&m).Error; err != nil {
			return err
		}
	}
	set := map[string]any{"page_offset": r.PageOffset + len(items), "total": r.Total, "resume_at": nil, "last_error": "", "updated_at": now,
		"seen": gorm.Expr("seen + ?", seen), "fresh": gorm.Expr("fresh + ?", fresh)}
	if len(items) == 0 || r.PageOffset+len(items) >= total {
		set["phase"], set["page_offset"] = after[r.Phase], 0
	}
	// A walk that was stopped keeps what it found; one that another job went on with counts nothing twice.
	return tx.Model(&syncRow{}).Where("id = ? AND state = ? AND phase = ? AND page_offset = ?", r.ID, syncRunning, r.Phase, r.PageOffset).Updates(set).Error
}

// again reads how the walk stands.
func (s *Service) again(ctx context.Context, r *syncRow) error {
	if err := s.db.WithContext(ctx).Where("id = ?", r.ID).Take(r).Error; err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	return nil
}

// note counts what a stride did and goes on to the next phase where there is nothing more to do.
func (s *Service) note(ctx context.Context, r *syncRow, set map[string]any) error {
	set["resume_at"], set["last_error"], set["updated_at"] = nil, "", model.Milli(s.now())
	if err := s.db.WithContext(ctx).Model(&syncRow{}).Where("id = ? AND state = ? AND phase = ?", r.ID, syncRunning, r.Phase).Updates(set).Error; err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	return s.again(ctx, r)
}

// gone asks about one row that the lists did not show. WeChat's pages shift while somebody deletes, so only its own
// word that there is none makes a row gone.
func (s *Service) gone(ctx context.Context, r *syncRow) error {
	var rows []model.Material
	err := s.db.WithContext(ctx).Where("appid = ? AND permanent = ? AND gone_at IS NULL AND seen_sync <> ? AND created_at < ?", s.appid, true, r.ID, r.StartedAt).Order("id").Limit(1).Find(&rows).Error
	if err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	if len(rows) == 0 {
		return s.note(ctx, r, map[string]any{"phase": phaseCopies})
	}
	_, err = s.wechat.MaterialGet(ctx, rows[0].CurrentID)
	set, gone := map[string]any{"seen_sync": r.ID}, model.CallCode(err) == "40007"
	if gone {
		set["gone_at"] = model.Milli(s.now())
	} else if err != nil {
		return fmt.Errorf("ask about material: %w", err)
	}
	res := s.db.WithContext(ctx).Model(&model.Material{}).Where("id = ? AND seen_sync <> ?", rows[0].ID, r.ID).Updates(set)
	if res.Error != nil {
		return fmt.Errorf("walk %d: %w", r.ID, res.Error)
	}
	if gone && res.RowsAffected > 0 {
		return s.note(ctx, r, map[string]any{"gone": gorm.Expr("gone + 1")})
	}
	return nil
}

// copies fetches one picture or sound that we have no copy of, the latest first.
func (s *Service) copies(ctx context.Context, r *syncRow) error {
	var rows []model.Material
	db := s.db.WithContext(ctx)
	err := db.Where("appid = ? AND permanent = ? AND gone_at IS NULL AND file IS NULL AND last_error = '' AND kind IN ?", s.appid, true, []model.MaterialKind{model.MaterialImage, model.MaterialThumb, model.MaterialVoice}).
		Order("changed_at DESC, id DESC").Limit(1).Find(&rows).Error
	if err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	var have int64
	if err := db.Model(&model.Material{}).Where("appid = ? AND operator_name = '' AND file IS NOT NULL", s.appid).Count(&have).Error; err != nil {
		return fmt.Errorf("walk %d: %w", r.ID, err)
	}
	if len(rows) == 0 || have >= mostCopies {
		return s.finish(ctx, r, syncDone, "")
	}
	m := rows[0]
	got, err := s.wechat.MaterialGet(ctx, m.CurrentID)
	if err != nil && (model.OutcomeUnknown(err) || errors.Is(err, model.ErrUnavailable)) {
		return fmt.Errorf("copy of material: %w", err)
	}
	set := map[string]any{}
	var copied model.Media
	if err == nil {
		copied, err = s.files.Copy(ctx, m.Label(), got.Data)
	}
	switch {
	case model.CallCode(err) == "40007":
		set["gone_at"] = model.Milli(s.now())
	case err != nil && !errors.Is(err, model.ErrInvalid):
		return fmt.Errorf("copy of material: %w", err)
	case err != nil:
		set["last_error"] = "原文件读不出，不能在这里显示"
	default:
		set["file"], set["format"], set["bytes"], set["seconds"], set["sha256"] = copied.Name, format(got.Data), copied.Bytes, model.SoundSeconds(got.Data), copied.SHA256
	}
	res := db.Model(&model.Material{}).Where("id = ? AND file IS NULL", m.ID).Updates(set)
	if res.Error != nil || res.RowsAffected == 0 && copied.ID > 0 {
		return errors.Join(res.Error, s.files.Drop(context.WithoutCancel(ctx), copied))
	}
	if copied.ID > 0 {
		return s.note(ctx, r, map[string]any{"copied": gorm.Expr("copied + 1")})
	}
	return nil
}
