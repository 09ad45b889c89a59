package reply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// sendRow is one message that follows a passive answer, and what became of it.
type sendRow struct {
	ID       int64  `gorm:"primaryKey"`
	AppID    string `gorm:"column:appid"`
	PushKey  string
	Seq      int
	OpenID   string `gorm:"column:openid"`
	RuleID   int64
	Message  string
	Delay    int    // seconds after the push
	Origin   string // the window it was spent from
	OpenedAt time.Time
	EndsAt   time.Time
	State    string
	Reason   string
	Tries    int
	// Who wrote it; 0 and empty: a rule.
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
	SentAt       *time.Time
}

func (sendRow) TableName() string { return "reply_sends" }

// What becomes of a message. Sending means that a call may have gone out: after a kill there it is sent
// once more, never twice more.
const (
	sendQueued     = "queued"
	sendSending    = "sending"
	sendSent       = "sent"
	sendQuota      = "quota"      // the window's number is used up
	sendWindow     = "window"     // no window is open any more
	sendUnverified = "unverified" // the account may not send customer-service messages
	sendFailed     = "failed"
	sendUnknown    = "unknown" // twice without a word from WeChat
)

// sendPayload asks for the messages to one push that are due after a delay, and for earlier ones that wait
// yet.
type sendPayload struct {
	AppID   string `json:"appid"`
	PushKey string `json:"push_key"`
	Delay   int    `json:"delay,omitempty"`
}

// Take counts the hits of new pushes and queues what follows their answers, in the transaction that
// keeps them.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	hits := map[hitKey]hit{}
	var rows []sendRow
	for _, k := range kept {
		if k.AppID != s.appid || k.Answer.RuleID == 0 {
			continue
		}
		key := hitKey{k.Answer.RuleID, k.Answer.Keyword, model.Day(k.At)}
		h := hits[key]
		h.times++
		if k.At.After(h.last) {
			h.last = k.At
		}
		hits[key] = h
		if len(k.Answer.Later) == 0 {
			continue
		}
		first := time.Time{}
		if len(k.Answer.Body) > 0 {
			first = time.Now().Add(200 * time.Millisecond) // behind the passive answer
		}
		more, err := s.queue(tx, k, 0, first)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	if len(rows) > 0 {
		if err := tx.Create(&rows).Error; err != nil {
			return fmt.Errorf("queue replies: %w", err)
		}
	}
	return s.count(tx, hits)
}

// queue makes the rows of what follows an answer, numbered behind seq, and the jobs that send them: one for
// each delay, counted from the push. None goes out before first (real clock).
func (s *Service) queue(tx *gorm.DB, k *model.Kept, seq int, first time.Time) ([]sendRow, error) {
	w, ok := k.Opens()
	if !ok {
		return nil, nil
	}
	now := s.now()
	pushed := time.Now().Add(k.At.Sub(now)) // the push on the real clock, which jobs keep
	var rows []sendRow
	for i, m := range k.Answer.Later {
		b, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("reply to push %s: %w", k.PushKey, err)
		}
		rows = append(rows, sendRow{
			AppID: s.appid, PushKey: k.PushKey, Seq: seq + i + 1, OpenID: string(k.FromUserName), RuleID: k.Answer.RuleID, Message: string(b), Delay: m.Delay,
			Origin: w.Origin, OpenedAt: k.At, EndsAt: k.At.Add(w.Ends.Sub(w.Opened)), State: sendQueued, CreatedAt: model.Milli(now),
		})
		if i > 0 && m.Delay == k.Answer.Later[i-1].Delay {
			continue
		}
		at, key := first, s.appid+":"+k.PushKey
		if seq > 0 {
			key += fmt.Sprintf(":%d", seq)
		}
		if m.Delay > 0 {
			key += fmt.Sprintf(":+%d", m.Delay)
			if due := pushed.Add(time.Duration(m.Delay) * time.Second); due.After(at) {
				at = due
			}
		}
		if err := s.jobs.Add(tx, SendJob, key, sendPayload{s.appid, k.PushKey, m.Delay}, at); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Send sends what follows the answer to one push, in order: the job SendJob. A message whose window is
// closed or used up is marked so and not sent; one that WeChat did not hear is tried again while its
// window is open.
func (s *Service) Send(ctx context.Context, payload json.RawMessage) error {
	var p sendPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("send replies: %w: %w", model.ErrInvalid, err)
	}
	var rows []sendRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND push_key = ? AND state IN ? AND delay <= ?", p.AppID, p.PushKey, []string{sendQueued, sendSending}, p.Delay).Order("seq").Find(&rows).Error; err != nil {
		return fmt.Errorf("send replies to %s: %w", p.PushKey, err)
	}
	for i := range rows {
		// The job of an earlier delay may be sending this one right now. A second call for it would be a second
		// message; going ahead would be out of order. That job settles it, if need be by its own second try.
		if rows[i].State == sendSending && rows[i].Delay < p.Delay {
			return fmt.Errorf("send replies to %s: %w: message %d is under way", p.PushKey, model.ErrUnavailable, rows[i].Seq)
		}
		if err := s.sendOne(ctx, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sendOne(ctx context.Context, r *sendRow) error {
	if r.State == sendSending && r.Tries >= 2 {
		return s.mark(ctx, r, sendUnknown, "两次都没有得到微信的答复")
	}
	if r.State == sendSending && r.OperatorID > 0 {
		return s.mark(ctx, r, sendUnknown, "没有得到微信的答复")
	}
	w, why, err := s.spend(ctx, r)
	if err != nil {
		return err
	}
	if why != "" {
		return s.mark(ctx, r, why, "")
	}
	var m model.Message
	if err := json.Unmarshal([]byte(r.Message), &m); err != nil {
		return s.mark(ctx, r, sendFailed, "内容无法读取")
	}
	// Marked before the call: a kill behind it must not make the message look unsent for ever.
	res := s.db.WithContext(ctx).Model(&sendRow{}).Where("id = ? AND state = ? AND tries = ?", r.ID, r.State, r.Tries).
		Updates(map[string]any{"state": sendSending, "tries": r.Tries + 1, "origin": w.Origin, "opened_at": model.Milli(w.Opened), "ends_at": model.Milli(w.Ends)})
	if res.Error != nil {
		return fmt.Errorf("reply %d: %w", r.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return fmt.Errorf("reply %d: %w: another job has it", r.ID, model.ErrUnavailable)
	}
	r.State, r.Tries = sendSending, r.Tries+1
	err = s.send.SendCustom(ctx, model.OpenID(r.OpenID), s.current(m))
	ctx = context.WithoutCancel(ctx) // the outcome is known now: it must be written
	switch code := model.CallCode(err); {
	case err == nil:
		return s.mark(ctx, r, sendSent, "")
	case code == "45015":
		return s.mark(ctx, r, sendWindow, "")
	case code == "45047":
		return s.mark(ctx, r, sendQuota, "")
	case code == "48001":
		return s.mark(ctx, r, sendUnverified, "账号没有客服消息权限，认证后才能发送")
	case errors.Is(err, model.ErrUnavailable) && r.OperatorID > 0: // an operator waits for the word, and may try again
		if model.OutcomeUnknown(err) {
			return s.mark(ctx, r, sendUnknown, "没有得到微信的答复")
		}
		return s.mark(ctx, r, sendFailed, "微信接口暂时不可用，可以再试一次")
	case errors.Is(err, model.ErrUnavailable) && model.OutcomeUnknown(err):
		return fmt.Errorf("reply %d: %w", r.ID, err)
	case errors.Is(err, model.ErrUnavailable):
		if e := s.try(ctx, r).Updates(map[string]any{"state": sendQueued, "tries": 0}).Error; e != nil {
			return fmt.Errorf("reply %d: %w", r.ID, e)
		}
		return fmt.Errorf("reply %d: %w", r.ID, err)
	}
	return s.mark(ctx, r, sendFailed, model.WordsOf(err, "微信拒绝了这条消息"))
}

// spend finds the window to send from: of those open the one that ends first and has something left.
// why is set when there is none.
func (s *Service) spend(ctx context.Context, r *sendRow) (w model.Window, why string, err error) {
	now := s.now()
	windows, err := s.fans.Windows(ctx, r.AppID, model.OpenID(r.OpenID), now)
	if err != nil {
		return w, "", err
	}
	if len(windows) == 0 {
		return w, sendWindow, nil
	}
	if err := s.used(ctx, r.AppID, model.OpenID(r.OpenID), windows); err != nil {
		return w, "", err
	}
	for _, o := range windows {
		if o.Used < o.Total && (w.Origin == "" || o.Ends.Before(w.Ends)) {
			w = o
		}
	}
	if w.Origin == "" {
		return w, sendQuota, nil
	}
	return w, "", nil
}

// used fills in how much of each window was spent.
func (s *Service) used(ctx context.Context, appid string, openid model.OpenID, windows []model.Window) error {
	var rows []sendRow
	if err := s.db.WithContext(ctx).Select("origin", "opened_at").Where("appid = ? AND openid = ? AND state IN ? AND created_at > ?",
		appid, string(openid), []string{sendSending, sendSent, sendUnknown}, model.Milli(s.now().Add(-49*time.Hour))).Find(&rows).Error; err != nil {
		return fmt.Errorf("replies to a fan: %w", err)
	}
	for _, r := range rows {
		for i := range windows {
			if w := &windows[i]; r.Origin == w.Origin && !r.OpenedAt.Before(w.Opened.Truncate(time.Second)) {
				w.Used++
			}
		}
	}
	return nil
}

func (s *Service) mark(ctx context.Context, r *sendRow, state, reason string) error {
	set := map[string]any{"state": state, "reason": reason}
	if state == sendSent {
		set["sent_at"] = model.Milli(s.now())
	}
	if err := s.try(ctx, r).Updates(set).Error; err != nil {
		return fmt.Errorf("reply %d: %w", r.ID, err)
	}
	return nil
}

// try is the row as long as it stands at this try: what came of it is not said over what came of a later one, by whoever
// stood still while another took the job up.
func (s *Service) try(ctx context.Context, r *sendRow) *gorm.DB {
	return s.db.WithContext(ctx).Model(&sendRow{}).Where("id = ? AND state = ? AND tries = ?", r.ID, r.State, r.Tries)
}

// Sent is one line of the log of customer-service messages.
type Sent struct {
	ID      int64
	OpenID  model.OpenID
	RuleID  int64
	By      string // the operator who wrote it; empty: a rule
	Message model.Message
	Delay   int
	Origin  string
	State   string
	Reason  string
	At      time.Time
	SentAt  *time.Time
}

// Sends lists the log, newest first, older than before (0: from the top); openid narrows it to one fan.
func (s *Service) Sends(ctx context.Context, openid model.OpenID, before int64, limit int) ([]Sent, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if openid != "" {
		q = q.Where("openid = ?", string(openid))
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []sendRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("sent replies: %w", err)
	}
	out := make([]Sent, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].sent())
	}
	return out, nil
}

func (r *sendRow) sent() Sent {
	var m model.Message
	_ = json.Unmarshal([]byte(r.Message), &m) // shown as far as it can be
	return Sent{ID: r.ID, OpenID: model.OpenID(r.OpenID), RuleID: r.RuleID, By: r.OperatorName, Message: m, Delay: r.Delay, Origin: r.Origin, State: r.State, Reason: r.Reason, At: r.CreatedAt.UTC(), SentAt: r.SentAt}
}

// SweepSends forgets the log's lines older than keep, a few at a time. Hits of rules are counted elsewhere and stay.
func (s *Service) SweepSends(ctx context.Context, keep time.Duration) error {
	db, end := s.db.WithContext(ctx), model.Milli(s.now().Add(-keep))
	for {
		var ids []int64
		if err := db.Model(&sendRow{}).Where("created_at < ? AND state NOT IN ?", end, []string{sendQueued, sendSending}).Order("id").Limit(500).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("sweep sent replies: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := db.Where("id IN ?", ids).Delete(&sendRow{}).Error; err != nil {
			return fmt.Errorf("sweep sent replies: %w", err)
		}
	}
}
