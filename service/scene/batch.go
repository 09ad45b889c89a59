package scene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// BatchJob is the kind of the job that walks on through a batch.
const BatchJob = "scene.batch"

// stint is how long one job asks WeChat: well within its time.
const stint = 35 * time.Second

type batchRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Name         string
	Size         int64
	State        model.SceneBatchState
	Step         int64 // numbers the jobs
	ResumeAt     *time.Time
	LastError    string
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

func (batchRow) TableName() string { return "scene_batches" }

type batchPayload struct {
	ID   int64 `json:"id"`
	Step int64 `json:"step"`
}

// CreateBatch writes down codes of these scenes, all or none, and has WeChat asked for them one after another: the
// job BatchJob. c holds what they share. ErrInvalid names the lines, also of scenes that have a code already.
func (s *Service) CreateBatch(ctx context.Context, by model.Operator, name string, scenes []string, c model.SceneCode) (model.SceneBatch, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 {
		bad.Field("name", "批次名应为 1 到 100 个字")
	}
	if n := len(scenes); n < 1 || n > model.SceneBatchMost {
		bad.Field("scenes", fmt.Sprintf("一批 1 到 %d 个，现在 %d 个", model.SceneBatchMost, n))
	} else if faults := model.SceneNameFaults(scenes); len(faults) > 0 {
		bad.Field("scenes", few(faults))
	} else if taken, err := s.taken(s.db.WithContext(ctx), scenes); err != nil {
		return model.SceneBatch{}, err
	} else if len(taken) > 0 {
		bad.Field("scenes", few(taken))
	}
	if err := s.check(ctx, bad, c); err != nil {
		return model.SceneBatch{}, err
	}
	now := model.Milli(s.now())
	var b batchRow
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if c.Permanent {
			if err := s.room(tx, int64(len(scenes))); err != nil {
				return err
			}
		}
		b = batchRow{AppID: s.appid, Name: name, Size: int64(len(scenes)), State: model.SceneBatchRunning, OperatorID: by.ID, OperatorName: by.Name, CreatedAt: now, UpdatedAt: now}
		if err := tx.Create(&b).Error; err != nil {
			return err
		}
		rows := make([]codeRow, 0, len(scenes))
		for _, scene := range scenes {
			rows = append(rows, codeRow{AppID: s.appid, Scene: scene, Permanent: c.Permanent, Channel: c.Channel, CampaignID: c.CampaignID, TagID: c.TagID, BatchID: b.ID, Revision: 1,
				OperatorID: by.ID, OperatorName: by.Name, CreatedAt: now, UpdatedAt: now})
		}
		if err := tx.CreateInBatches(rows, 200).Error; err != nil {
			return err
		}
		if err := s.next(tx, &b, time.Time{}); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "scene.batch", Object: "scene_code", ObjectID: "batch:" + strconv.FormatInt(b.ID, 10),
			After: model.AuditJSON(map[string]any{"name": name, "size": len(scenes), "first": scenes[0], "permanent": c.Permanent, "channel": c.Channel, "campaign_id": c.CampaignID, "tag_id": c.TagID})})
	})
	if _, dup := store.Duplicate(err); dup { // somebody was faster with one of them
		return model.SceneBatch{}, model.Refuse(model.ErrConflict, model.CodeConflict, "有场景值刚刚被别人用了，请再提交一次看是哪一个").Field("scenes", "有场景值已被使用")
	}
	if err != nil {
		return model.SceneBatch{}, fmt.Errorf("batch of scene codes: %w", err)
	}
	return b.view(0), nil
}

// few joins the first faults of many.
func few(faults []string) string {
	const most = 5
	if len(faults) > most {
		return strings.Join(faults[:most], "；") + fmt.Sprintf("；还有 %d 处", len(faults)-most)
	}
	return strings.Join(faults, "；")
}

// taken says of scenes, by line, which have a code already.
func (s *Service) taken(tx *gorm.DB, scenes []string) ([]string, error) {
	var have []string
	if err := tx.Model(&codeRow{}).Where("appid = ? AND scene IN ?", s.appid, scenes).Pluck("scene", &have).Error; err != nil {
		return nil, fmt.Errorf("scenes taken: %w", err)
	}
	is := map[string]bool{}
	for _, x := range have {
		is[x] = true
	}
	var out []string
	for i, x := range scenes {
		if is[x] {
			out = append(out, fmt.Sprintf("第 %d 行「%s」已经有二维码了", i+1, x))
		}
	}
	return out, nil
}

// next adds the job of the batch's step; its key is the step's, so it is there once.
func (s *Service) next(tx *gorm.DB, b *batchRow, at time.Time) error {
	return s.jobs.Add(tx, BatchJob, s.key(b), batchPayload{b.ID, b.Step}, at)
}

func (s *Service) key(b *batchRow) string { return fmt.Sprintf("%s:%d:%d", s.appid, b.ID, b.Step) }

// MakeBatch asks WeChat for the codes of a batch that have none yet: the job BatchJob. Each code is its own commit,
// so a kill loses at most the answer to one; that one is asked for again under the same scene, which is the same
// code to WeChat.
func (s *Service) MakeBatch(ctx context.Context, payload json.RawMessage) error {
	var p batchPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("batch: %w: %w", model.ErrInvalid, err)
	}
	for end := time.Now().Add(stint); ; {
		b, err := s.batch(ctx, p.ID)
		if err != nil || b.State != model.SceneBatchRunning || b.Step != p.Step {
			return err // over, or another job walks on
		}
		var rows []codeRow
		if err := s.db.WithContext(ctx).Where("appid = ? AND batch_id = ? AND ticket = ''", s.appid, b.ID).Order("id").Limit(50).Find(&rows).Error; err != nil {
			return fmt.Errorf("batch %d: %w", b.ID, err)
		}
		if len(rows) == 0 {
			return s.turn(ctx, &b, model.SceneBatchDone, "", nil)
		}
		for i := range rows {
			if time.Now().After(end) {
				return s.turn(ctx, &b, model.SceneBatchRunning, "", nil)
			}
			err := s.ask(ctx, &rows[i])
			switch {
			case err == nil:
			case ctx.Err() != nil || !errors.As(err, new(*model.CallError)) && !errors.Is(err, model.ErrUnavailable):
				return err // ours to mend: the job comes again
			case errors.Is(err, model.ErrUnavailable) && model.CallCode(err) != "45029": // as many codes as there can be will not heal
				at := time.Now()
				at = at.Add(model.CallPause(model.CallCode(err), at))
				return s.turn(ctx, &b, model.SceneBatchRunning, model.WordsOf(err, "微信接口暂时不可用"), &at)
			default:
				return s.turn(ctx, &b, model.SceneBatchFailed, "「"+rows[i].Scene+"」："+model.WordsOf(err, "微信没有给"), nil)
			}
		}
	}
}

// turn ends this job, and begins the next one while there is more to do: at an instant of the real clock, or at once.
func (s *Service) turn(ctx context.Context, b *batchRow, state model.SceneBatchState, fault string, at *time.Time) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if at != nil {
			when := model.Milli(*at)
			at = &when
		}
		res := tx.Model(&batchRow{}).Where("id = ? AND step = ?", b.ID, b.Step).
			Updates(map[string]any{"step": b.Step + 1, "state": state, "resume_at": at, "last_error": model.Cut(fault, 500), "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("batch %d: %w", b.ID, res.Error)
		}
		if res.RowsAffected == 0 || state != model.SceneBatchRunning {
			return nil // another job walks on, or it is over
		}
		on := *b
		on.Step++
		if at == nil {
			return s.next(tx, &on, time.Time{})
		}
		return s.next(tx, &on, *at)
	})
}

// ResumeBatches sees that every batch that runs has its job, should one have been lost: a line of the timetable. One
// whose job was given up has failed, and goes on when told to.
func (s *Service) ResumeBatches(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []batchRow
		if err := tx.Where("appid = ? AND state = ?", s.appid, model.SceneBatchRunning).Find(&open).Error; err != nil {
			return fmt.Errorf("open batches: %w", err)
		}
		for i := range open {
			dead, err := s.jobs.Dead(tx, BatchJob, s.key(&open[i]))
			if err != nil {
				return err
			}
			if dead {
				set := map[string]any{"state": model.SceneBatchFailed, "resume_at": nil, "last_error": model.JobGivenUp, "updated_at": model.Milli(s.now())}
				if err := tx.Model(&batchRow{}).Where("id = ? AND step = ? AND state = ?", open[i].ID, open[i].Step, model.SceneBatchRunning).Updates(set).Error; err != nil {
					return fmt.Errorf("batch %d: %w", open[i].ID, err)
				}
				continue
			}
			at := time.Time{}
			if open[i].ResumeAt != nil {
				at = *open[i].ResumeAt
			}
			if err := s.next(tx, &open[i], at); err != nil {
				return err
			}
		}
		return nil
	})
}

// GoOn has a batch walk on at once that failed or waits. ErrConflict when it is done.
func (s *Service) GoOn(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var rows []batchRow
		if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Limit(1).Find(&rows).Error; err != nil {
			return fmt.Errorf("batch %d: %w", id, err)
		}
		if len(rows) == 0 {
			return noBatch
		}
		b := &rows[0]
		if b.State == model.SceneBatchDone {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这一批已经做完了")
		}
		if b.State == model.SceneBatchRunning && b.ResumeAt == nil {
			return nil // it walks
		}
		b.Step++
		if err := tx.Model(&batchRow{}).Where("id = ?", id).Updates(map[string]any{"step": b.Step, "state": model.SceneBatchRunning, "resume_at": nil, "last_error": "", "updated_at": model.Milli(s.now())}).Error; err != nil {
			return fmt.Errorf("batch %d: %w", id, err)
		}
		if err := s.next(tx, b, time.Time{}); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "scene.batch_on", Object: "scene_code", ObjectID: "batch:" + strconv.FormatInt(id, 10)})
	})
}

var noBatch = model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这一批二维码")

func (s *Service) batch(ctx context.Context, id int64) (batchRow, error) {
	var rows []batchRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Limit(1).Find(&rows).Error; err != nil {
		return batchRow{}, fmt.Errorf("batch %d: %w", id, err)
	}
	if len(rows) == 0 {
		return batchRow{}, noBatch
	}
	return rows[0], nil
}

// Batch gives one batch. ErrNotFound.
func (s *Service) Batch(ctx context.Context, id int64) (model.SceneBatch, error) {
	b, err := s.batch(ctx, id)
	if err != nil {
		return model.SceneBatch{}, err
	}
	made, err := s.made(ctx, []int64{id})
	return b.view(made[id]), err
}

// Batches lists batches, the newest first, below the row numbered before (0: from the top).
func (s *Service) Batches(ctx context.Context, before int64, limit int) ([]model.SceneBatch, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []batchRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("batches: %w", err)
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	made, err := s.made(ctx, ids)
	out := make([]model.SceneBatch, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view(made[rows[i].ID]))
	}
	return out, err
}

// made counts of batches the codes WeChat has answered for.
func (s *Service) made(ctx context.Context, ids []int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	if len(ids) == 0 {
		return out, nil
	}
	var sums []struct{ BatchID, N int64 }
	if err := s.db.WithContext(ctx).Model(&codeRow{}).Select("batch_id, COUNT(*) AS n").Where("appid = ? AND batch_id IN ? AND ticket <> ''", s.appid, ids).Group("batch_id").Scan(&sums).Error; err != nil {
		return nil, fmt.Errorf("codes of batches: %w", err)
	}
	for _, x := range sums {
		out[x.BatchID] = x.N
	}
	return out, nil
}

func (b *batchRow) view(made int64) model.SceneBatch {
	return model.SceneBatch{ID: b.ID, Name: b.Name, Size: b.Size, Made: made, State: b.State, ResumeAt: b.ResumeAt, LastError: b.LastError, By: b.OperatorName, CreatedAt: b.CreatedAt.UTC()}
}

// Sheet gives the codes of a batch in the order their names were written, after the row numbered after.
func (s *Service) Sheet(ctx context.Context, id, after int64, limit int) ([]model.SceneCode, error) {
	var rows []codeRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND batch_id = ? AND id > ?", s.appid, id, after).Order("id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("sheet of batch %d: %w", id, err)
	}
	out := make([]model.SceneCode, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].view())
	}
	return out, nil
}
