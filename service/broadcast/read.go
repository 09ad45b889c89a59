package broadcast

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// View is a broadcast with what stands around it.
type View struct {
	model.Broadcast
	Sends         []model.BroadcastSend // the newest first
	Confirmations []model.BroadcastConfirmation
	Previews      []model.BroadcastPreview // of this content, the newest first
	TwoPerson     bool                     // a preview and another person's yes are needed
	Missing       string                   // what sending would be refused for now; "" when nothing is
}

// Get reads one broadcast.
func (s *Service) Get(ctx context.Context, id int64) (View, error) {
	db := s.db.WithContext(ctx)
	v := View{Sends: []model.BroadcastSend{}, Confirmations: []model.BroadcastConfirmation{}, Previews: []model.BroadcastPreview{}}
	if err := missing(db.Where("appid = ? AND id = ?", s.appid, id).Take(&v.Broadcast).Error, id); err != nil {
		return v, err
	}
	for _, q := range []*gorm.DB{
		db.Where("broadcast_id = ?", id).Order("round DESC").Find(&v.Sends),
		db.Where("broadcast_id = ? AND content_hash = ?", id, v.ContentHash).Order("id").Find(&v.Confirmations),
		db.Where("broadcast_id = ? AND content_hash = ?", id, v.ContentHash).Order("id DESC").Limit(20).Find(&v.Previews),
	} {
		if q.Error != nil {
			return v, fmt.Errorf("broadcast %d: %w", id, q.Error)
		}
	}
	var err error
	if v.TwoPerson, err = s.operators.TwoPerson(db); err != nil {
		return v, err
	}
	if v.State.Editable() {
		if text, ok := said(s.behind(db, v.Broadcast)); ok {
			v.Missing = text
		}
	}
	return v, nil
}

// Line is a broadcast in a list, with its latest send.
type Line struct {
	model.Broadcast
	Send *model.BroadcastSend
}

// List gives broadcasts, the newest first: at most limit with ids below before (0: from the top).
func (s *Service) List(ctx context.Context, state model.BroadcastState, before int64, limit int) ([]Line, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []model.Broadcast
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("broadcasts: %w", err)
	}
	return s.lines(ctx, rows)
}

func (s *Service) lines(ctx context.Context, rows []model.Broadcast) ([]Line, error) {
	out := make([]Line, 0, len(rows))
	ids := make([]int64, 0, len(rows))
	for _, b := range rows {
		ids = append(ids, b.ID)
	}
	latest := map[int64]*model.BroadcastSend{}
	if len(ids) > 0 {
		var sends []model.BroadcastSend
		if err := s.db.WithContext(ctx).Where("broadcast_id IN ?", ids).Order("round").Find(&sends).Error; err != nil {
			return nil, fmt.Errorf("sends: %w", err)
		}
		for i := range sends {
			latest[sends[i].BroadcastID] = &sends[i]
		}
	}
	for _, b := range rows {
		out = append(out, Line{b, latest[b.ID]})
	}
	return out, nil
}

// Brief gives title and state of broadcasts of ours; those it does not know are left out.
func (s *Service) Brief(ctx context.Context, ids []int64) (map[int64]model.Broadcast, error) {
	out := map[int64]model.Broadcast{}
	if len(ids) == 0 {
		return out, nil
	}
	var list []model.Broadcast
	if err := s.db.WithContext(ctx).Select("id", "title", "state", "planned_at").Where("appid = ? AND id IN ?", s.appid, ids).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("broadcasts in brief: %w", err)
	}
	for _, b := range list {
		out[b.ID] = b
	}
	return out, nil
}

// Waiting counts the broadcasts that wait for another person's yes.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Broadcast{}).Where("appid = ? AND state = ?", s.appid, model.BroadcastWaiting).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("waiting broadcasts: %w", err)
	}
	return n, nil
}

// WaitingFor counts those of Waiting that operatorID may confirm: whoever asked cannot.
func (s *Service) WaitingFor(ctx context.Context, operatorID int64) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Broadcast{}).Where("appid = ? AND state = ? AND asked_by_id <> ?", s.appid, model.BroadcastWaiting, operatorID).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("broadcasts waiting for %d: %w", operatorID, err)
	}
	return n, nil
}

// Calendar is a month of sends.
type Calendar struct {
	Month   string // 2026-11
	Lines   []Line // scheduled for it, or sent in it
	Foreign []model.BroadcastResult
}

// Calendar gives what is planned for, and what went out in, the month that day falls in, Asia/Shanghai.
func (s *Service) Calendar(ctx context.Context, month string) (Calendar, error) {
	from, to, err := span(month)
	if err != nil {
		return Calendar{}, err
	}
	out := Calendar{Month: month, Foreign: []model.BroadcastResult{}}
	db := s.db.WithContext(ctx)
	var rows []model.Broadcast
	sent := db.Model(&model.BroadcastSend{}).Select("broadcast_id").Where("appid = ? AND created_at >= ? AND created_at < ?", s.appid, from, to)
	if err := db.Where("appid = ? AND ((state = ? AND planned_at >= ? AND planned_at < ?) OR id IN (?))", s.appid, model.BroadcastScheduled, from, to, sent).Order("id").Limit(500).Find(&rows).Error; err != nil {
		return out, fmt.Errorf("calendar %s: %w", month, err)
	}
	if out.Lines, err = s.lines(ctx, rows); err != nil {
		return out, err
	}
	out.Foreign, err = s.foreign(ctx, from, to)
	return out, err
}

// foreign are results of sends that are none of ours: made in WeChat's own console.
func (s *Service) foreign(ctx context.Context, from, to time.Time) ([]model.BroadcastResult, error) {
	out := []model.BroadcastResult{}
	db := s.db.WithContext(ctx)
	ours := db.Model(&model.BroadcastSend{}).Select("msg_id").Where("appid = ? AND msg_id IS NOT NULL", s.appid)
	if err := db.Where("appid = ? AND happened_at >= ? AND happened_at < ? AND msg_id NOT IN (?)", s.appid, from, to, ours).Order("happened_at").Limit(200).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	return out, nil
}

func span(month string) (from, to time.Time, err error) {
	t, err := time.ParseInLocation("2006-01", month, model.Shanghai)
	if err != nil {
		return from, to, model.Refuse(model.ErrInvalid, model.CodeInvalid, "月份应为 2026-01 的写法")
	}
	return model.Milli(t), model.Milli(t.AddDate(0, 1, 0)), nil
}

// Quota is what may still be sent.
type Quota struct {
	DayLimit, DayLeft int64 // calls a day; -1 while WeChat does not say
	// Of a 服务号: sends to all followers, of which there may be one a day and four a month, and what one fan gets a month.
	AllToday, AllMonth int64
	Month              int64 // sends that went out this month, whoever sent
	Foreign            int64 // of those, from WeChat's own console
	Once               bool  // the account may send once a day only (a 订阅号)
}

// MonthMost is how many mass sends one fan of a 服务号 gets in a calendar month.
const MonthMost = 4

type quotaCache struct {
	mu          sync.Mutex
	at          time.Time
	limit, left int64
}

const quotaLife = 30 * time.Second

// Quota tells what is left: the day's calls by WeChat's own word (half a minute old at most), the month by what went out.
func (s *Service) Quota(ctx context.Context) (Quota, error) {
	q := Quota{DayLimit: -1, DayLeft: -1}
	s.quota.mu.Lock()
	if time.Since(s.quota.at) < quotaLife {
		q.DayLimit, q.DayLeft = s.quota.limit, s.quota.left
	}
	s.quota.mu.Unlock()
	if q.DayLimit < 0 {
		if limit, left, err := s.wechat.MassQuota(ctx); err == nil {
			q.DayLimit, q.DayLeft = limit, left
			s.quota.mu.Lock()
			s.quota.at, s.quota.limit, s.quota.left = time.Now(), limit, left
			s.quota.mu.Unlock()
		}
	}
	q.Once = q.DayLimit == 1
	day := model.Milli(model.DayStart(model.DayNumber(s.now())))
	month := s.now().In(model.Shanghai).Format("2006-01")
	from, to, err := span(month)
	if err != nil {
		return q, err
	}
	db := s.db.WithContext(ctx)
	out := []model.BroadcastState{model.BroadcastSending, model.BroadcastSent, model.BroadcastDone, model.BroadcastUnknown}
	count := func(since time.Time, all bool) (n int64) {
		tx := db.Model(&model.BroadcastSend{}).Where("broadcast_sends.appid = ? AND broadcast_sends.state IN ? AND broadcast_sends.created_at >= ? AND broadcast_sends.created_at < ?", s.appid, out, since, to)
		if all {
			tx = tx.Joins("JOIN broadcasts ON broadcasts.id = broadcast_sends.broadcast_id").Where("broadcasts.to_all = ?", true)
		}
		if e := tx.Count(&n).Error; e != nil {
			err = fmt.Errorf("count sends: %w", e)
		}
		return n
	}
	q.AllToday, q.AllMonth, q.Month = count(day, true), count(from, true), count(from, false)
	if err != nil {
		return q, err
	}
	foreign, err := s.foreign(ctx, from, to)
	for _, r := range foreign {
		if model.MassOK(r.Status) {
			q.Foreign++
		}
	}
	q.Month += q.Foreign
	return q, err
}

// Tags are whom it may go to, by WeChat's word.
func (s *Service) Tags(ctx context.Context) ([]model.Tag, error) { return s.wechat.Tags(ctx) }

// Accounts are whom previews went to of late: the colleagues.
func (s *Service) Accounts(ctx context.Context) ([]string, error) {
	var rows []model.BroadcastPreview
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(100).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("previews: %w", err)
	}
	out, seen := []string{}, map[string]bool{}
	for _, r := range rows {
		if !seen[r.Account] && len(out) < 8 {
			seen[r.Account], out = true, append(out, r.Account)
		}
	}
	return out, nil
}
