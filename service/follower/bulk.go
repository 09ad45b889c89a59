package follower

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// BulkJob is the kind of the job that gives or takes a tag, or blocks or unblocks, over a filter.
const BulkJob = "follower.bulk"

// bulkKept is how long a bulk may be undone: so long is it known whom it changed.
const bulkKept = 7 * 24 * time.Hour

type bulkRow struct {
	ID           int64   `gorm:"primaryKey"`
	AppID        string  `gorm:"column:appid"`
	OpenKey      *string // the appid while it runs: one at a time
	State        string  // as a sync's
	Give         bool
	TagID        int64 // 0: the black list, which is no tag
	TagName      string
	Filter       string
	Undoes       int64 // the bulk whose fans it walks; 0: the filter's
	UndoneBy     int64
	LastID       int64
	UpTo         int64
	Total        int64
	Seen         int64
	Changed      int64
	Skipped      int64
	Step         int64
	ResumeAt     *time.Time
	LastError    string
	OperatorID   int64
	OperatorName string
	StartedAt    time.Time
	EndedAt      *time.Time
	UpdatedAt    time.Time
}

func (bulkRow) TableName() string { return "follower_bulks" }

// choosesOnce tells that it walks those alone who were confirmed when it began: who is blocked is cut off.
func (r *bulkRow) choosesOnce() bool { return r.blocks() && r.Give && r.Undoes == 0 }

// blocks tells that it is about the black list. WeChat's tags begin at 1, so that 0 is free to say so.
func (r *bulkRow) blocks() bool { return r.TagID == 0 }

// most is how many fans WeChat takes in one call of this bulk.
func (r *bulkRow) most() int {
	if r.blocks() {
		return model.BlockMost
	}
	return model.TagFansMost
}

// words gives the kind of the line in a fan's history, and the action in the audit trail.
func (r *bulkRow) words() (kind, action string) {
	switch {
	case r.blocks() && r.Give:
		return model.FollowerBlock, "follower.block"
	case r.blocks():
		return model.FollowerUnblock, "follower.unblock"
	case r.Give:
		return model.FollowerTag, "follower.tag"
	}
	return model.FollowerUntag, "follower.untag"
}

type bulkFanRow struct {
	AppID      string `gorm:"column:appid"`
	BulkID     int64
	FollowerID int64
}

func (bulkFanRow) TableName() string { return "follower_bulk_fans" }

// bulkChosenRow is a fan whom an operator saw and confirmed: a walk of days meets a filter that others have changed meanwhile,
// and nobody else may be cut off by it.
type bulkChosenRow struct {
	AppID      string `gorm:"column:appid"`
	BulkID     int64
	FollowerID int64
}

func (bulkChosenRow) TableName() string { return "follower_bulk_chosen" }

type bulkPayload struct {
	ID int64 `json:"id"`
}

// Matching counts the followers a filter meets who follow now: whom a bulk would walk through. WeChat tags nobody else.
func (s *Service) Matching(ctx context.Context, f model.FollowerFilter) (int64, error) {
	var n int64
	if err := s.where(ctx, f).Where("subscribed = ?", true).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("matching followers: %w", err)
	}
	return n, nil
}

// StartBulk begins to give a tag to all a filter meets now, or to take it from them. Who follows later is not among them.
// ErrConflict while another one runs, or when the filter meets nobody.
func (s *Service) StartBulk(ctx context.Context, by model.Operator, f model.FollowerFilter, tagID int64, give bool) (model.FollowerBulk, error) {
	t, err := s.tag(ctx, tagID)
	if err != nil {
		return model.FollowerBulk{}, err
	}
	r, err := s.filterBulk(ctx, f)
	if err != nil {
		return model.FollowerBulk{}, err
	}
	r.Give, r.TagID, r.TagName = give, tagID, t.Name
	return s.beginBulk(ctx, by, r, nil)
}

// StartBlocking is StartBulk for the black list: on puts all a filter meets on it, else they are taken off. Who is
// blocked is cut off, so no more are than were confirmed: ErrConflict when the filter meets more than expected by now.
func (s *Service) StartBlocking(ctx context.Context, by model.Operator, f model.FollowerFilter, on bool, expected int64) (model.FollowerBulk, error) {
	r, err := s.filterBulk(ctx, f)
	if err != nil {
		return model.FollowerBulk{}, err
	}
	r.Give = on
	if !on {
		return s.beginBulk(ctx, by, r, nil)
	}
	var ids []int64
	if err := s.where(ctx, f).Where("subscribed = ? AND id <= ?", true, r.UpTo).Order("id").Pluck("id", &ids).Error; err != nil {
		return model.FollowerBulk{}, fmt.Errorf("whom to block: %w", err)
	}
	if r.Total = int64(len(ids)); r.Total > expected {
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("符合条件的粉丝现在有 %d 位，比确认的 %d 位多，请重新确认", r.Total, expected))
	}
	return s.beginBulk(ctx, by, r, func(tx *gorm.DB, made int64) error {
		chosen := make([]bulkChosenRow, len(ids))
		for i, id := range ids {
			chosen[i] = bulkChosenRow{s.appid, made, id}
		}
		return tx.CreateInBatches(chosen, 1000).Error
	})
}

// filterBulk is a bulk over those a filter meets now.
func (s *Service) filterBulk(ctx context.Context, f model.FollowerFilter) (r bulkRow, err error) {
	words, err := json.Marshal(f)
	if err != nil {
		return r, err
	}
	r.Filter = string(words)
	if r.Total, err = s.Matching(ctx, f); err != nil {
		return r, err
	}
	if err := s.where(ctx, f).Select("COALESCE(MAX(id), 0)").Scan(&r.UpTo).Error; err != nil {
		return r, fmt.Errorf("newest follower: %w", err)
	}
	return r, nil
}

// UndoBulk takes back what a bulk did, from those alone whom it changed. ErrConflict while it runs, when it was undone, or
// changed nobody, or is too old.
func (s *Service) UndoBulk(ctx context.Context, by model.Operator, id int64) (model.FollowerBulk, error) {
	old, err := s.bulk(s.db.WithContext(ctx), id)
	switch {
	case err != nil:
		return model.FollowerBulk{}, err
	case old.State == syncRunning:
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "还在进行，请先停止")
	case old.UndoneBy > 0:
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "已经撤销过了")
	case old.Changed == 0:
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "没有改动过谁，不用撤销")
	case s.now().Sub(old.UpdatedAt) > bulkKept:
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "超过 7 天，不能撤销了")
	}
	if !old.blocks() {
		if _, err := s.tag(ctx, old.TagID); err != nil {
			return model.FollowerBulk{}, err
		}
	}
	r := bulkRow{Give: !old.Give, TagID: old.TagID, TagName: old.TagName, Filter: "{}", Undoes: id, Total: old.Changed}
	if err := s.db.WithContext(ctx).Model(&bulkFanRow{}).Where("bulk_id = ?", id).Select("COALESCE(MAX(follower_id), 0)").Scan(&r.UpTo).Error; err != nil {
		return model.FollowerBulk{}, fmt.Errorf("fans of bulk %d: %w", id, err)
	}
	return s.beginBulk(ctx, by, r, func(tx *gorm.DB, made int64) error {
		res := tx.Model(&bulkRow{}).Where("id = ? AND undone_by = 0", id).Update("undone_by", made)
		if res.Error == nil && res.RowsAffected == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "已经撤销过了")
		}
		return res.Error
	})
}

func (s *Service) beginBulk(ctx context.Context, by model.Operator, r bulkRow, also func(tx *gorm.DB, made int64) error) (model.FollowerBulk, error) {
	if r.Total == 0 {
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "没有关注中的粉丝符合条件")
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		r.ID, r.AppID, r.OpenKey, r.State, r.OperatorID, r.OperatorName, r.StartedAt, r.UpdatedAt = 0, s.appid, &s.appid, syncRunning, by.ID, by.Name, now, now
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		if also != nil {
			if err := also(tx, r.ID); err != nil {
				return err
			}
		}
		if err := s.nextBulk(tx, &r); err != nil {
			return err
		}
		_, action := r.words()
		after := map[string]any{"bulk": r.ID, "filter": json.RawMessage(r.Filter), "target": r.Total, "undoes": r.Undoes}
		object, objectID := "follower", "bulk:"+strconv.FormatInt(r.ID, 10)
		if !r.blocks() {
			object, objectID, after["name"] = "tag", strconv.FormatInt(r.TagID, 10), r.TagName
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: object, ObjectID: objectID, After: model.AuditJSON(after)})
	})
	if _, dup := store.Duplicate(err); dup {
		return model.FollowerBulk{}, model.Refuse(model.ErrConflict, model.CodeConflict, "另一次批量还在进行，等它做完或先停止它")
	}
	if err != nil {
		return model.FollowerBulk{}, fmt.Errorf("begin a bulk: %w", err)
	}
	return r.view(), nil
}

// StopBulk ends a bulk where it is; what it did stays, and may be undone, or gone on with.
func (s *Service) StopBulk(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		res := tx.Model(&bulkRow{}).Where("appid = ? AND id = ? AND state = ?", s.appid, id, syncRunning).Updates(map[string]any{"state": syncStopped, "open_key": nil, "resume_at": nil, "ended_at": now, "updated_at": now})
		if res.Error != nil {
			return fmt.Errorf("stop bulk %d: %w", id, res.Error)
		}
		if res.RowsAffected == 0 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "它现在没有在进行")
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "follower.stop", Object: "follower", ObjectID: "bulk:" + strconv.FormatInt(id, 10)})
	})
}

// GoOnBulk lets one that waits, was stopped or failed go on from where it was.
func (s *Service) GoOnBulk(ctx context.Context, by model.Operator, id int64) error {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		r, err := s.bulk(store.Lock(tx), id)
		switch {
		case err != nil:
			return err
		case r.State == syncDone:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "已经做完了")
		case r.UndoneBy > 0:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "已经撤销了，不能接着做")
		case r.choosesOnce() && s.now().Sub(r.UpdatedAt) > bulkKept:
			return model.Refuse(model.ErrConflict, model.CodeConflict, "超过 7 天，请重新选一次再拉黑")
		case r.State == syncRunning && r.ResumeAt == nil:
			return nil
		}
		r.State, r.OpenKey, r.ResumeAt, r.EndedAt, r.Step, r.UpdatedAt = syncRunning, &s.appid, nil, nil, r.Step+1, model.Milli(s.now())
		if err := tx.Model(r).Select("state", "open_key", "resume_at", "ended_at", "step", "updated_at").Updates(r).Error; err != nil {
			return err
		}
		if err := s.nextBulk(tx, r); err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "follower.resume", Object: "follower", ObjectID: "bulk:" + strconv.FormatInt(id, 10)})
	})
	if _, dup := store.Duplicate(err); dup {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "另一次批量还在进行，等它做完或先停止它")
	}
	return err
}

// Bulks lists the latest, newest first.
func (s *Service) Bulks(ctx context.Context) ([]model.FollowerBulk, error) {
	var rows []bulkRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(5).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("bulks: %w", err)
	}
	out := make([]model.FollowerBulk, 0, len(rows))
	for i := range rows {
		b := rows[i].view()
		b.MayUndo = b.State != syncRunning && b.UndoneBy == 0 && b.Changed > 0 && s.now().Sub(rows[i].UpdatedAt) <= bulkKept
		out = append(out, b)
	}
	return out, nil
}

func (r *bulkRow) view() model.FollowerBulk {
	return model.FollowerBulk{ID: r.ID, State: r.State, Blocks: r.blocks(), On: r.Give, TagID: r.TagID, Tag: r.TagName, Undoes: r.Undoes, UndoneBy: r.UndoneBy, Total: r.Total, Seen: r.Seen, Changed: r.Changed, Skipped: r.Skipped,
		ResumeAt: r.ResumeAt, LastError: r.LastError, By: r.OperatorName, StartedAt: r.StartedAt.UTC(), EndedAt: r.EndedAt}
}

func (s *Service) bulk(tx *gorm.DB, id int64) (*bulkRow, error) {
	var r bulkRow
	if err := tx.Where("appid = ? AND id = ?", s.appid, id).Take(&r).Error; errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这次批量")
	} else if err != nil {
		return nil, fmt.Errorf("bulk %d: %w", id, err)
	}
	return &r, nil
}

// nextBulk adds the job of the row's step; its key is the step's, so it is there once.
func (s *Service) nextBulk(tx *gorm.DB, r *bulkRow) error {
	at := time.Time{}
	if r.ResumeAt != nil {
		at = *r.ResumeAt
	}
	return s.jobs.Add(tx, BulkJob, s.stepKey(r.ID, r.Step), bulkPayload{r.ID}, at)
}

// ResumeBulk sees that a bulk has its job, should the last one have been lost, and forgets whom old ones changed: a line
// of the timetable.
func (s *Service) ResumeBulk(ctx context.Context) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var open []bulkRow
		if err := tx.Where("open_key = ?", s.appid).Limit(1).Find(&open).Error; err != nil {
			return fmt.Errorf("bulks: %w", err)
		}
		if len(open) > 0 {
			r := &open[0]
			if dead, err := s.jobs.Dead(tx, BulkJob, s.stepKey(r.ID, r.Step)); err != nil || !dead {
				return errors.Join(err, s.nextBulk(tx, r))
			}
			now := model.Milli(s.now())
			return tx.Model(&bulkRow{}).Where("id = ? AND step = ? AND state = ?", r.ID, r.Step, syncRunning).
				Updates(map[string]any{"state": syncFailed, "open_key": nil, "resume_at": nil, "last_error": model.JobGivenUp, "ended_at": now, "updated_at": now}).Error
		}
		var old []int64
		if err := tx.Model(&bulkRow{}).Where("appid = ? AND state <> ? AND updated_at < ?", s.appid, syncRunning, model.Milli(s.now().Add(-bulkKept))).Order("id DESC").Limit(5).Pluck("id", &old).Error; err != nil || len(old) == 0 {
			return err
		}
		if err := tx.Where("bulk_id IN ?", old).Delete(&bulkChosenRow{}).Error; err != nil {
			return err
		}
		return tx.Where("bulk_id IN ?", old).Delete(&bulkFanRow{}).Error
	})
}

// Bulk walks on: the job BulkJob. Each 50, or 20 for the black list, are one call and one commit that moves the row on
// from where it was, so a kill, a repeat or two at once lose and double nothing: WeChat takes what is so already.
func (s *Service) Bulk(ctx context.Context, payload json.RawMessage) error {
	var p bulkPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("bulk: %w: %w", model.ErrInvalid, err)
	}
	r, err := s.bulk(s.db.WithContext(ctx), p.ID)
	if err != nil {
		return err
	}
	for end := time.Now().Add(stint); r.State == syncRunning; {
		if time.Now().After(end) {
			return s.turnBulk(ctx, r, "", nil)
		}
		over, err := s.bulkPart(ctx, r)
		switch {
		case errors.Is(err, errStopped):
			return nil
		case err == nil && over:
			return s.endBulk(ctx, r, syncDone, "")
		case err == nil:
		case ctx.Err() != nil || !errors.As(err, new(*model.CallError)) && !errors.Is(err, model.ErrUnavailable):
			return err // ours to mend: the job comes again
		case errors.Is(err, model.ErrUnavailable):
			at := time.Now()
			at = at.Add(model.CallPause(model.CallCode(err), at))
			return s.turnBulk(ctx, r, model.WordsOf(err, "微信接口暂时不可用"), &at)
		default:
			return s.endBulk(ctx, r, syncFailed, model.WordsOf(err, "微信接口暂时不可用"))
		}
	}
	return nil
}

// bulkPart does the next call's worth of fans; over tells that there is nobody left.
func (s *Service) bulkPart(ctx context.Context, r *bulkRow) (over bool, err error) {
	var f model.FollowerFilter
	if err := json.Unmarshal([]byte(r.Filter), &f); err != nil {
		return false, fmt.Errorf("bulk %d: %w: %w", r.ID, model.ErrInvalid, err)
	}
	db := s.db.WithContext(ctx)
	q := s.where(ctx, f).Where("id > ? AND id <= ?", r.LastID, r.UpTo)
	if r.Undoes > 0 {
		q = q.Where("id IN (?)", db.Model(&bulkFanRow{}).Select("follower_id").Where("bulk_id = ?", r.Undoes))
	}
	if r.choosesOnce() {
		q = q.Where("id IN (?)", db.Model(&bulkChosenRow{}).Select("follower_id").Where("bulk_id = ?", r.ID))
	}
	if !r.blocks() || r.Undoes == 0 { // who was blocked and left meanwhile is taken off the list too
		q = q.Where("subscribed = ?", true)
	}
	var fans []row
	if err := q.Order("id").Limit(r.most()).Find(&fans).Error; err != nil {
		return false, fmt.Errorf("fans of bulk %d: %w", r.ID, err)
	}
	if len(fans) == 0 {
		return true, nil
	}
	todo, skipped, err := s.bulkTodo(ctx, r, fans)
	if err != nil {
		return false, err
	}
	if len(todo) > 0 {
		err := s.tell(ctx, r, todo)
		if model.CallCode(err) != "45159" && (errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrConflict)) { // one of them spoils the call for all
			good, did, err := s.eachOf(ctx, r, todo)
			skipped += did - len(good)
			if err != nil { // what is done is kept, so that it can be undone
				if did == 0 {
					return false, err
				}
				last := todo[did-1].ID
				return false, errors.Join(s.keepPart(ctx, r, slices.DeleteFunc(fans, func(f row) bool { return f.ID > last }), good, skipped), err)
			}
			todo = good
		} else if err != nil {
			return false, fmt.Errorf("bulk %d: %w", r.ID, err)
		}
	}
	return false, s.keepPart(ctx, r, fans, todo, skipped)
}

// bulkTodo gives those of fans who are not yet as the bulk makes them; skipped can bear no more tags.
func (s *Service) bulkTodo(ctx context.Context, r *bulkRow, fans []row) (todo []row, skipped int, err error) {
	if r.blocks() {
		for _, fan := range fans {
			if fan.Blocked != r.Give {
				todo = append(todo, fan)
			}
		}
		return todo, 0, nil
	}
	worn, err := s.worn(ctx, idsOf(fans))
	if err != nil {
		return nil, 0, err
	}
	for _, fan := range fans {
		has := slices.ContainsFunc(worn[fan.ID], func(x model.Tag) bool { return x.ID == r.TagID })
		switch {
		case has == r.Give:
		case r.Give && len(worn[fan.ID]) >= fanTags:
			skipped++
		default:
			todo = append(todo, fan)
		}
	}
	return todo, skipped, nil
}

// tell makes the bulk's one call to WeChat.
func (s *Service) tell(ctx context.Context, r *bulkRow, fans []row) error {
	if r.blocks() {
		return s.ask.Block(ctx, openidsOf(fans), r.Give)
	}
	return s.ask.TagFans(ctx, r.TagID, openidsOf(fans), r.Give)
}

// eachOf calls for one fan after the other; did is how many it came to.
func (s *Service) eachOf(ctx context.Context, r *bulkRow, fans []row) (good []row, did int, err error) {
	for _, f := range fans {
		err := s.tell(ctx, r, []row{f})
		switch {
		case err == nil:
			good = append(good, f)
		case errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrConflict):
			slog.Warn("a fan is passed over", "bulk", r.ID, "follower_id", f.ID, "err", err)
		default:
			return good, did, fmt.Errorf("bulk %d: %w", r.ID, err)
		}
		did++
	}
	return good, did, nil
}

// keepPart writes down what WeChat did, and moves the bulk on; also when an operator stopped it meanwhile, so that it
// can be undone. errStopped when another job moved it on: that one goes on. Was it undone while WeChat was asked, the undoing
// knows nothing of this part, which is taken back here.
func (s *Service) keepPart(ctx context.Context, r *bulkRow, fans, changed []row, skipped int) error {
	now := model.Milli(s.now())
	last := fans[len(fans)-1].ID
	kind, _ := r.words()
	moved := false
	err := store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		res := tx.Model(&bulkRow{}).Where("id = ? AND last_id = ? AND undone_by = 0", r.ID, r.LastID).Updates(map[string]any{"last_id": last, "seen": gorm.Expr("seen + ?", len(fans)), "changed": gorm.Expr("changed + ?", len(changed)),
			"skipped": gorm.Expr("skipped + ?", skipped), "resume_at": nil, "last_error": "", "updated_at": now})
		if res.Error != nil {
			return fmt.Errorf("bulk %d: %w", r.ID, res.Error)
		}
		if moved = res.RowsAffected > 0; !moved || len(changed) == 0 {
			return nil
		}
		history, mine := make([]changeRow, 0, len(changed)), make([]bulkFanRow, 0, len(changed))
		for _, f := range changed {
			mine = append(mine, bulkFanRow{s.appid, r.ID, f.ID})
			history = append(history, changeRow{AppID: s.appid, OpenID: f.OpenID, Kind: kind, Scene: model.Cut(r.TagName, model.SceneMost), PushKey: fmt.Sprintf("bulk:%d:%d", r.ID, f.ID), OperatorName: r.OperatorName, HappenedAt: now})
		}
		if err := s.keepDeed(tx, r, changed, now); err != nil {
			return fmt.Errorf("bulk %d: %w", r.ID, err)
		}
		if err := tx.Clauses(nothing).Create(&history).Error; err != nil {
			return fmt.Errorf("bulk %d: %w", r.ID, err)
		}
		if err := tx.Clauses(nothing).Create(&mine).Error; err != nil {
			return fmt.Errorf("bulk %d: %w", r.ID, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	now2, err := s.bulk(s.db.WithContext(ctx), r.ID)
	if err != nil {
		return err
	}
	if !moved {
		if now2.UndoneBy > 0 && len(changed) > 0 {
			back := *r
			back.Give = !r.Give
			if err := s.tell(context.WithoutCancel(ctx), &back, changed); err != nil {
				return fmt.Errorf("bulk %d, what was done while it was undone: %w", r.ID, err)
			}
		}
		return errStopped
	}
	*r = *now2
	return nil
}

// keepDeed makes our rows say what WeChat did to changed.
func (s *Service) keepDeed(tx *gorm.DB, r *bulkRow, changed []row, now time.Time) error {
	switch {
	case r.blocks():
		return tx.Model(&row{}).Where("appid = ? AND id IN ?", s.appid, idsOf(changed)).Updates(map[string]any{"blocked": r.Give, "updated_at": now}).Error
	case r.Give:
		add := make([]wornRow, 0, len(changed))
		for _, f := range changed {
			add = append(add, wornRow{s.appid, r.TagID, f.ID})
		}
		return s.give(tx, add)
	}
	return tx.Where("appid = ? AND tag_id = ? AND follower_id IN ?", s.appid, r.TagID, idsOf(changed)).Delete(&wornRow{}).Error
}

// turnBulk ends this job and begins the next one, at an instant of the real clock or at once.
func (s *Service) turnBulk(ctx context.Context, r *bulkRow, fault string, at *time.Time) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		next := *r
		next.Step = r.Step + 1
		if next.ResumeAt = nil; at != nil {
			when := model.Milli(*at)
			next.ResumeAt = &when
		}
		res := tx.Model(&bulkRow{}).Where("id = ? AND state = ? AND step = ?", r.ID, syncRunning, r.Step).
			Updates(map[string]any{"step": next.Step, "resume_at": next.ResumeAt, "last_error": model.Cut(fault, 500), "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("bulk %d: %w", r.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return nil // stopped, or another job walks on
		}
		return s.nextBulk(tx, &next)
	})
}

func (s *Service) endBulk(ctx context.Context, r *bulkRow, state, fault string) error {
	now := model.Milli(s.now())
	if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&bulkRow{}).Where("id = ? AND state = ?", r.ID, syncRunning).
		Updates(map[string]any{"state": state, "open_key": nil, "resume_at": nil, "last_error": model.Cut(fault, 500), "ended_at": now, "updated_at": now}).Error; err != nil {
		return fmt.Errorf("bulk %d: %w", r.ID, err)
	}
	return nil
}
