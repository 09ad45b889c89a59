package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Job is the kind of the job that calls WeChat, fan by fan.
const Job = "notice.send"

const (
	stint       = 35 * time.Second // how long one job goes on: well within its time
	hands       = 8                // calls at a time
	handful     = 16               // fans taken in hand before it is looked whether to go on
	orphanAfter = 90 * time.Second // a call is long over by then, and nobody keeps its answer any more
	settling    = 3 * time.Second  // until it is looked again whether the last calls are over
	guardLife   = 9 * time.Minute  // a client_msg_id guards for ten; a minute is kept back
	busyMost    = 5                // calls that WeChat answers with -1, for one fan
	strangeMost = 3                // answers nobody knows, before it stops
)

// pause is why the whole notice waits, or with end does not go on by itself.
type pause struct {
	err error
	end bool
}

// Run goes on with a notice: the job Job. It may run again, here or elsewhere, also at the same time.
func (s *Service) Run(ctx context.Context, raw json.RawMessage) error {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("notice: %w: %w", model.ErrInvalid, err)
	}
	strange := 0
	for end := time.Now().Add(stint); ; {
		var n model.Notice
		if err := missing(s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, p.ID).Take(&n).Error, p.ID); err != nil {
			return err
		}
		if n.State != model.NoticeSending {
			return nil
		}
		if time.Now().After(end) {
			return s.turn(ctx, &n, "", nil)
		}
		if err := s.orphans(ctx, &n); err != nil {
			return err
		}
		rows, err := s.hand(ctx, &n)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return s.over(ctx, &n)
		}
		stop, odd, err := s.part(ctx, &n, rows)
		strange += odd
		switch {
		case err != nil:
			return err // ours to mend: the job comes again
		case stop != nil && stop.end:
			return s.end(ctx, &n, model.NoticeFailed, model.WordsOf(stop.err, "微信接口暂时不可用"))
		case stop != nil:
			at := time.Now().Add(wait(stop.err))
			return s.turn(ctx, &n, model.WordsOf(stop.err, "微信接口暂时不可用"), &at)
		case strange >= strangeMost:
			return s.end(ctx, &n, model.NoticeFailed, "微信连着回了几次不认识的错误，先停下；看过发送记录再接着发")
		}
	}
}

// wait is how long to leave WeChat alone: an address that is not on the list has to be put there by a person.
func wait(err error) time.Duration {
	if model.CallCode(err) == "40164" {
		return 5 * time.Minute
	}
	return model.CallPause(model.CallCode(err), time.Now())
}

// orphans finds calls whose answer nobody kept: after a kill, or a database that was away. Where WeChat still guards, the
// same is called again; else nobody can know.
func (s *Service) orphans(ctx context.Context, n *model.Notice) error {
	now := s.clock.Now()
	var rows []model.NoticeSend
	if err := s.db.WithContext(ctx).Where("notice_id = ? AND state = ? AND called_at < ?", n.ID, model.NoticeCalling, model.Milli(now.Add(-orphanAfter))).Order("id").Limit(500).Find(&rows).Error; err != nil {
		return fmt.Errorf("calls of notice %d: %w", n.ID, err)
	}
	for _, r := range rows {
		to := map[string]any{"state": model.NoticeToSend, "updated_at": model.Milli(s.now())}
		if !guarded(n, r, now) {
			to = s.unknown("", silent)
		}
		if err := s.db.WithContext(ctx).Model(&model.NoticeSend{}).Where("id = ? AND state = ? AND calls = ?", r.ID, model.NoticeCalling, r.Calls).Updates(to).Error; err != nil {
			return fmt.Errorf("notice send %d: %w", r.ID, err)
		}
	}
	return nil
}

const silent = "没有听到微信的答复，不知道发没发出；怕发两次，没有再发"

// guarded says whether a call that may have gone out can be made again without a second message.
func guarded(n *model.Notice, r model.NoticeSend, now time.Time) bool {
	return r.UncertainAt == nil || n.Kind == model.NoticeTemplated && now.Sub(*r.UncertainAt) < guardLife
}

func (s *Service) unknown(code, reason string) map[string]any {
	return map[string]any{"state": model.NoticeUnknown, "code": code, "reason": model.Cut(reason, 300), "updated_at": model.Milli(s.now())}
}

// hand gives the next fans: one alone while the last call did not succeed.
func (s *Service) hand(ctx context.Context, n *model.Notice) ([]model.NoticeSend, error) {
	most := handful
	if n.LastError != "" {
		most = 1
	}
	var rows []model.NoticeSend
	if err := s.db.WithContext(ctx).Where("notice_id = ? AND state = ?", n.ID, model.NoticeToSend).Order("id").Limit(most).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("fans of notice %d: %w", n.ID, err)
	}
	return rows, nil
}

// over ends a notice that has nobody left, or waits for calls whose answer is not kept yet.
func (s *Service) over(ctx context.Context, n *model.Notice) error {
	var open int64
	if err := s.db.WithContext(ctx).Model(&model.NoticeSend{}).Where("notice_id = ? AND state = ?", n.ID, model.NoticeCalling).Count(&open).Error; err != nil {
		return fmt.Errorf("calls of notice %d: %w", n.ID, err)
	}
	if open > 0 {
		at := time.Now().Add(settling)
		return s.turn(ctx, n, "", &at)
	}
	return s.end(ctx, n, model.NoticeDone, "")
}

// part calls for rows, a few at a time. stop is why to wait; strange counts answers nobody knows.
func (s *Service) part(ctx context.Context, n *model.Notice, rows []model.NoticeSend) (stop *pause, strange int, err error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.FollowerID
	}
	fans, err := s.fans.Among(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := 0
	take := func() (r model.NoticeSend, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(rows) || stop != nil || err != nil || ctx.Err() != nil {
			return r, false
		}
		next++
		return rows[next-1], true
	}
	for range min(hands, len(rows)) {
		wg.Go(func() {
			for r, ok := take(); ok; r, ok = take() {
				p, odd, e := s.one(ctx, n, r, fans)
				mu.Lock()
				if p != nil && (stop == nil || p.end) {
					stop = p
				}
				if odd {
					strange++
				}
				if e != nil && err == nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err == nil && stop == nil && n.LastError != "" {
		err = s.db.WithContext(ctx).Model(&model.Notice{}).Where("id = ?", n.ID).Updates(map[string]any{"last_error": "", "resume_at": nil}).Error
	}
	return stop, strange, err
}

// one sends to one fan: claimed before the call, so that whoever else is at it passes over.
func (s *Service) one(ctx context.Context, n *model.Notice, r model.NoticeSend, fans map[int64]model.Follower) (*pause, bool, error) {
	mine := s.db.WithContext(ctx).Model(&model.NoticeSend{}).Where("id = ? AND state = ? AND calls = ?", r.ID, model.NoticeToSend, r.Calls)
	now := s.clock.Now()
	fan, known := fans[r.FollowerID]
	switch {
	case !guarded(n, r, now):
		return nil, false, mine.Updates(s.unknown(r.Code, silent)).Error
	case r.UncertainAt == nil && (!known || !fan.Subscribed):
		return nil, false, mine.Updates(s.failed("43004", "已经取关，没有发")).Error
	case r.UncertainAt == nil && fan.Blocked:
		return nil, false, mine.Updates(s.failed("", "在黑名单里，没有发")).Error
	}
	since := now
	if r.UncertainAt != nil {
		since = *r.UncertainAt
	}
	res := mine.Updates(map[string]any{"state": model.NoticeCalling, "calls": r.Calls + 1, "called_at": model.Milli(now), "uncertain_at": model.Milli(since), "updated_at": model.Milli(s.now())})
	if res.Error != nil || res.RowsAffected == 0 {
		return nil, false, res.Error
	}
	r.Calls++
	msgID, err := s.wechat.SendNotice(ctx, model.OpenID(r.OpenID), n.Message(fan.Remark, fmt.Sprintf("ldn-%d", r.ID)))
	return s.keep(context.WithoutCancel(ctx), n, r, msgID, err)
}

func (s *Service) failed(code, reason string) map[string]any {
	return map[string]any{"state": model.NoticeMissed, "code": code, "reason": model.Cut(reason, 300), "uncertain_at": nil, "updated_at": model.Milli(s.now())}
}

// forAll are errcodes that say of the notice, not of the fan, that it cannot go.
var forAll = []string{"40037", "40097", "41030", "47001"}

// keep writes down what WeChat answered to the call r.Calls for one fan. odd: an answer nobody knows.
func (s *Service) keep(ctx context.Context, n *model.Notice, r model.NoticeSend, msgID string, err error) (stop *pause, odd bool, _ error) {
	if err == nil {
		return nil, false, s.accepted(ctx, r.ID, msgID)
	}
	code, text := model.CallCode(err), model.WordsOf(err, "微信接口暂时不可用")
	back := map[string]any{"state": model.NoticeToSend, "code": code, "reason": model.Cut(text, 300), "updated_at": model.Milli(s.now())}
	if r.UncertainAt == nil { // WeChat said no: nothing of this call is open
		back["uncertain_at"] = nil
	}
	to, wait := back, &pause{err: err}
	switch {
	case code == "-1" && r.Calls >= busyMost:
		to, wait = s.failed(code, text), nil
	case code == "-1" && n.Kind == model.NoticeSubscribe: // WeChat's own word for it is: try again later
	case code == "-1":
		delete(back, "uncertain_at")
	case model.OutcomeUnknown(err) && code != "":
		to, wait, odd = s.unknown(code, text), nil, true
	case model.OutcomeUnknown(err) && n.Kind == model.NoticeTemplated: // the same number again
		delete(back, "uncertain_at")
	case model.OutcomeUnknown(err):
		to = s.unknown(code, silent)
	case errors.Is(err, model.ErrUnavailable), code == "40164":
	case errors.Is(err, model.ErrForbidden) && code != "50002", slices.Contains(forAll, code), code == "47003" && !n.Personal():
		wait.end = true
	case code == "43101", code == "48002":
		to, wait = s.failed(code, text), nil
		to["state"] = model.NoticeRefused
	default:
		to, wait = s.failed(code, text), nil
	}
	e := s.db.WithContext(ctx).Model(&model.NoticeSend{}).Where("id = ? AND state = ? AND calls = ?", r.ID, model.NoticeCalling, r.Calls).Updates(to).Error
	if e != nil {
		return nil, odd, fmt.Errorf("notice send %d: %w", r.ID, e)
	}
	if wait == nil {
		slog.Info("a notice did not go", "notice", n.ID, "follower_id", r.FollowerID, "err", err)
	}
	return wait, odd, nil
}

// turn ends this job and begins the next one, at an instant of the real clock or at once.
func (s *Service) turn(ctx context.Context, n *model.Notice, fault string, at *time.Time) error {
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		next := *n
		next.Step = n.Step + 1
		if next.ResumeAt = nil; at != nil {
			when := model.Milli(*at)
			next.ResumeAt = &when
		}
		res := tx.Model(&model.Notice{}).Where("id = ? AND state = ? AND step = ?", n.ID, model.NoticeSending, n.Step).
			Updates(map[string]any{"step": next.Step, "resume_at": next.ResumeAt, "last_error": model.Cut(fault, 500), "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("notice %d: %w", n.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			return nil // stopped, or another job goes on
		}
		return s.next(tx, &next)
	})
}

func (s *Service) end(ctx context.Context, n *model.Notice, state model.NoticeState, fault string) error {
	now := model.Milli(s.now())
	if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&model.Notice{}).Where("id = ? AND state = ? AND step = ?", n.ID, model.NoticeSending, n.Step).
		Updates(map[string]any{"state": state, "resume_at": nil, "last_error": model.Cut(fault, 500), "ended_at": now, "updated_at": now}).Error; err != nil {
		return fmt.Errorf("notice %d: %w", n.ID, err)
	}
	return nil
}
