// Package reconcile compares the daily bills of WeChat Pay and of virtual payment with our ledger, row by row:
// every payment and refund either fits to the fen, or becomes a difference and an entry in the money inbox. It
// owns the bills, bill_rows and bill_differences tables and reads orders, payments, refunds and money_inbox.
//
// A bill is also news: a payment or refund we have not heard of is settled by the one function that settles
// them all. Running a day again changes nothing that has not changed at WeChat or with us.
package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Channel is one road to WeChat's money: service/wxpay, service/xpay.
type Channel interface {
	// Bill hands each row of a Shanghai day's bill to row. ErrNotFound: no trade that day. ErrUnavailable: not
	// made yet, or WeChat is silent. ErrInvalid: the file is not to be believed or read.
	Bill(ctx context.Context, day string, row func(model.BillRow) error) (model.BillSum, error)
	// MchID is the merchant whose bill it is; empty where the channel has none.
	MchID() string
}

// Orders is service/order: whoever brings the news, it is settled there.
type Orders interface {
	Settle(ctx context.Context, t model.Transaction, who model.Actor, noticeID string) (model.Settlement, error)
	Book(ctx context.Context, n model.RefundNews, who model.Actor, noticeID string) (model.RefundOutcome, error)
}

// Inbox is service/ledger.
type Inbox interface {
	Add(tx *gorm.DB, e model.MoneyEntry) error
	Done(tx *gorm.DB, ukey string, who model.Actor, why string) error
}

// Queue is service/job.
type Queue interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	Handle(kind string, fn func(ctx context.Context, payload json.RawMessage) error)
	Every(name string, d time.Duration, fn func(context.Context) error)
}

// Options connect the service.
type Options struct {
	DB       *gorm.DB
	Channels map[model.Via]Channel
	Orders   Orders
	Inbox    Inbox
	Queue    Queue
	AppID    string           // ours; rows of another app are none of our business
	Now      func() time.Time // the business clock
}

// Service reconciles.
type Service struct {
	Options
	db    *gorm.DB
	clock *store.Clock
}

// New makes the service and puts it on the timetable.
func New(o Options) *Service {
	s := &Service{Options: o, db: o.DB, clock: store.NewClock(o.DB)}
	o.Queue.Handle(jobDay, s.jobDay)
	o.Queue.Every("reconcile.nightly", time.Minute, s.Nightly)
	return s
}

const (
	jobDay    = "reconcile.day"
	batch     = 500
	leaseTime = 2 * time.Minute
	billHour  = 10 // WeChat's advice: not before ten in the morning of the next day
	keptDays  = 89 // WeChat keeps bills for three months
)

// Vias are the channels that have bills, jsapi first.
func (s *Service) Vias() []model.Via {
	out := []model.Via{}
	for _, v := range []model.Via{model.ViaJSAPI, model.ViaXPay} {
		if s.Channels[v] != nil {
			out = append(out, v)
		}
	}
	return out
}

// LastDay is the latest day whose bill may be there.
func (s *Service) LastDay() int {
	now := s.Now().In(model.Shanghai)
	back := -1
	if now.Hour() < billHour {
		back = -2
	}
	return model.DayNumber(now.AddDate(0, 0, back))
}

// Day fetches and compares one day of one channel. What WeChat answers is no error: the bill's State says that
// there is none, that it is not made yet, or that it cannot be believed. Errors: ErrInvalid for a day that is
// not over or a channel that is closed, ErrConflict while somebody else works on the day.
func (s *Service) Day(ctx context.Context, via model.Via, day int) (model.Bill, error) {
	ch := s.Channels[via]
	if ch == nil {
		return model.Bill{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "这个收款渠道没有开通").Field("via", "没有开通")
	}
	if day >= model.DayNumber(s.Now()) || model.DayNumber(model.DayStart(day)) != day {
		return model.Bill{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "这一天还没有过完，没有账单").Field("day", "应早于今天")
	}
	b, err := s.claim(ctx, via, day)
	if err != nil {
		return b, err
	}
	defer s.release(b)
	if err := s.fetchDay(ctx, ch, &b); err != nil {
		return b, fmt.Errorf("bill %s %d: %w", via, day, err)
	}
	if b.State == model.BillFetched || b.State == model.BillNone {
		if err := s.compare(ctx, ch, &b); err != nil {
			return b, fmt.Errorf("compare bill %s %d: %w", via, day, err)
		}
	}
	return b, s.tellOfDay(ctx, b)
}

// claim makes the day's bill row if need be, and takes it for us.
func (s *Service) claim(ctx context.Context, via model.Via, day int) (model.Bill, error) {
	db := s.db.WithContext(ctx)
	now := model.Milli(s.Now())
	b := model.Bill{Via: via, Day: day, State: model.BillWaiting, CreatedAt: now, UpdatedAt: now}
	res := db.Where("via = ? AND day = ?", via, day).Limit(1).Find(&b)
	if res.Error == nil && res.RowsAffected == 0 {
		if err := db.Create(&b).Error; err != nil {
			if _, dup := store.Duplicate(err); !dup {
				return b, fmt.Errorf("bill %s %d: %w", via, day, err)
			}
		}
		res = db.Where("via = ? AND day = ?", via, day).Take(&b)
	}
	if res.Error != nil {
		return b, fmt.Errorf("bill %s %d: %w", via, day, res.Error)
	}
	at := s.clock.Now()
	fence := max(b.Fence+1, at.UnixMilli())
	res = db.Model(&model.Bill{}).Where("id = ? AND fence = ? AND (lease_until IS NULL OR lease_until < ?)", b.ID, b.Fence, at).
		Updates(map[string]any{"fence": fence, "lease_until": at.Add(leaseTime)})
	if res.Error != nil {
		return b, fmt.Errorf("bill %s %d: %w", via, day, res.Error)
	}
	if res.RowsAffected != 1 {
		return b, model.Refuse(model.ErrConflict, model.CodeConflict, "这一天正在对账，请稍等")
	}
	b.Fence = fence
	return b, nil
}

// hold keeps the claim while the work goes on. ErrConflict: another has it.
func (s *Service) hold(ctx context.Context, b model.Bill) error {
	res := s.db.WithContext(ctx).Model(&model.Bill{}).Where("id = ? AND fence = ?", b.ID, b.Fence).
		Updates(map[string]any{"lease_until": s.clock.Now().Add(leaseTime)})
	if res.Error == nil && res.RowsAffected != 1 {
		var n int64 // MySQL counts a row that keeps its value as 0
		if err := s.db.WithContext(ctx).Model(&model.Bill{}).Where("id = ? AND fence = ?", b.ID, b.Fence).Count(&n).Error; err != nil || n != 1 {
			return fmt.Errorf("bill %d: %w: another works on it", b.ID, model.ErrConflict)
		}
	}
	return res.Error
}

func (s *Service) release(b model.Bill) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.db.WithContext(ctx).Model(&model.Bill{}).Where("id = ? AND fence = ?", b.ID, b.Fence).Updates(map[string]any{"lease_until": nil}).Error // else it runs out
}

// save writes what is known of the bill now.
func (s *Service) save(tx *gorm.DB, b *model.Bill) error {
	b.UpdatedAt = model.Milli(s.Now())
	res := tx.Model(&model.Bill{}).Where("id = ? AND fence = ?", b.ID, b.Fence).
		Select("state", "hash", "row_count", "paid", "refunded", "fee", "equal", "differs", "missing_here", "missing_there", "other", "healed", "error", "fetched_at", "compared_at", "updated_at").Updates(b)
	if res.Error != nil {
		return fmt.Errorf("bill %d: %w", b.ID, res.Error)
	}
	return nil
}

// fetchDay brings the day's rows into the database. A day that was fetched a moment ago and not compared to its
// end is not fetched again: that is how a long day goes on after a time limit.
func (s *Service) fetchDay(ctx context.Context, ch Channel, b *model.Bill) error {
	if b.State == model.BillFetched && b.FetchedAt != nil && s.Now().Sub(*b.FetchedAt) < 30*time.Minute {
		return nil
	}
	var rows []model.BillRow
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		defer func() { rows = rows[:0] }()
		if err := s.hold(ctx, *b); err != nil {
			return err
		}
		return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return keep(tx, rows) })
	}
	sum, err := ch.Bill(ctx, model.DayName(b.Day), func(r model.BillRow) error {
		r.BillID, r.Fence = b.ID, b.Fence
		if rows = append(rows, r); len(rows) < batch {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	now := model.Milli(s.Now())
	switch {
	case err == nil:
		b.State, b.Hash, b.RowCount, b.Paid, b.Refunded, b.Fee, b.Error = model.BillFetched, sum.Hash, sum.Rows, sum.Paid, sum.Refunded, sum.Fee, ""
	case errors.Is(err, model.ErrNotFound):
		b.State, b.Hash, b.RowCount, b.Paid, b.Refunded, b.Fee, b.Error = model.BillNone, "", 0, 0, 0, 0, ""
	case ctx.Err() != nil || !said(err):
		return err
	case errors.Is(err, model.ErrInvalid), errors.Is(err, model.ErrForbidden):
		b.State, b.Error = model.BillFailed, model.Cut(model.WordsOf(err, "微信没有回应"), 300)
		return s.save(s.db.WithContext(ctx), b)
	default: // not made yet, or WeChat is silent: what was known before stays true
		if b.Error = model.Cut(model.WordsOf(err, "微信没有回应"), 300); b.State != model.BillDone && b.State != model.BillNone {
			b.State = model.BillWaiting
		}
		return s.save(s.db.WithContext(ctx), b)
	}
	b.FetchedAt = &now
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Where("bill_id = ? AND fence <> ?", b.ID, b.Fence).Delete(&model.BillRow{}).Error; err != nil {
			return err
		}
		return s.save(tx, b)
	})
}

// said tells whether err is WeChat's answer, or the want of one, rather than our own trouble.
func said(err error) bool {
	var call *model.CallError
	var refusal *model.Refusal
	return errors.As(err, &call) || errors.As(err, &refusal)
}

// jobDay is a run the console asked for.
func (s *Service) jobDay(ctx context.Context, payload json.RawMessage) error {
	var j dayJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("job: %w", model.ErrInvalid)
	}
	_, err := s.Day(ctx, j.Via, j.Day)
	return err
}

type dayJob struct {
	Via model.Via `json:"via"`
	Day int       `json:"day"`
}

// Run reconciles a day for somebody who waits: as far as it comes in a few seconds, and the rest as a job.
func (s *Service) Run(ctx context.Context, via model.Via, day int, patience time.Duration) (model.Bill, error) {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	b, err := s.Day(short, via, day)
	if err == nil || short.Err() == nil {
		return b, err
	}
	if err := s.Queue.Add(s.db.WithContext(ctx), jobDay, fmt.Sprintf("%s:%d", via, day), dayJob{via, day}, time.Time{}); err != nil {
		return b, err
	}
	return s.Bill(ctx, via, day)
}

// Nightly reconciles what is due and not done: from the channel's first payment on, as far back as WeChat keeps
// bills, newest first. It stops in time for the timetable and goes on at its next turn.
func (s *Service) Nightly(ctx context.Context) error {
	var failed error
	for _, via := range s.Vias() {
		days, err := s.due(ctx, via)
		if err != nil {
			return err
		}
		for _, d := range days {
			if end, ok := ctx.Deadline(); ok && time.Until(end) < 5*time.Second {
				return failed
			}
			if _, err := s.Day(ctx, via, d); err != nil && !errors.Is(err, model.ErrConflict) {
				failed = errors.Join(failed, err)
				if ctx.Err() != nil {
					return failed
				}
			}
		}
	}
	return failed
}

// due are the days of a channel that want work, newest first.
func (s *Service) due(ctx context.Context, via model.Via) ([]int, error) {
	db := s.db.WithContext(ctx)
	var first model.Payment
	res := db.Where("via = ?", via).Order("id").Limit(1).Find(&first)
	if res.Error != nil || res.RowsAffected == 0 {
		return nil, res.Error
	}
	last := model.DayStart(s.LastDay())
	from := last.AddDate(0, 0, -keptDays)
	if first.CreatedAt.After(from) {
		from = first.CreatedAt
	}
	var have []model.Bill
	if err := db.Where("via = ? AND day >= ?", via, model.DayNumber(from)).Find(&have).Error; err != nil {
		return nil, fmt.Errorf("bills: %w", err)
	}
	rest := map[int]bool{}
	for _, b := range have {
		again := time.Hour // a file that cannot be believed may be mended
		if b.State == model.BillWaiting || b.State == model.BillFetched {
			again = 5 * time.Minute
		}
		rest[b.Day] = b.State == model.BillDone || b.State == model.BillNone || s.Now().Sub(b.UpdatedAt) < again
	}
	var out []int
	for d := last; model.DayNumber(d) >= model.DayNumber(from); d = d.AddDate(0, 0, -1) {
		if !rest[model.DayNumber(d)] {
			out = append(out, model.DayNumber(d))
		}
	}
	return out, nil
}

// tellOfDay puts a bill that cannot be had before the operators: at once when it cannot be believed, after half
// a day when it is late. A bill that came ends the entry.
func (s *Service) tellOfDay(ctx context.Context, b model.Bill) error {
	late := s.Now().Sub(model.DayStart(b.Day)) > (24+billHour+12)*time.Hour
	e := model.MoneyEntry{Kind: model.MoneyBill, UKey: fmt.Sprintf("bill-day:%s:%d", b.Via, b.Day), Via: b.Via}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		switch {
		case b.State == model.BillFailed:
			e.What, e.Todo = model.DayName(b.Day)+" 的账单用不了："+b.Error, "在对账页重新对账；仍不行就到商户平台下载账单人工核对，并把原因交给技术人员"
		case b.State == model.BillWaiting && late:
			e.What, e.Todo = model.DayName(b.Day)+" 的账单一直没有取到："+b.Error, "检查商户密钥和网络，在对账页重新对账"
		case b.State == model.BillDone || b.State == model.BillNone:
			return s.Inbox.Done(tx, e.UKey, model.ActorSystem, "账单已取到")
		default:
			return nil
		}
		return s.Inbox.Add(tx, e)
	})
}
