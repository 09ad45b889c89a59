package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loudou/model"
)

// Call is how one of WeChat's interfaces has done since this instance started: service/wechat.
type Call struct {
	Path                  string
	Calls, Errors         int64
	LastAt, OKAt, ErrorAt time.Time
	ErrorCode, Error      string // already free of secrets
	StoppedUntil          time.Time
}

// Quota is what WeChat says of an interface's day.
type Quota struct{ Limit, Used, Remain int64 }

// callDay is what one instance called of one interface on one day, which is WeChat's: Asia/Shanghai.
type callDay struct {
	AppID        string `gorm:"column:appid;primaryKey"`
	Day          int    `gorm:"primaryKey;autoIncrement:false"`
	Path         string `gorm:"primaryKey"`
	Instance     string `gorm:"primaryKey"`
	Calls        int64
	Errors       int64
	LastAt       time.Time
	OKAt         *time.Time `gorm:"column:ok_at"`
	ErrorAt      *time.Time
	ErrorCode    string
	ErrorText    string
	StoppedUntil *time.Time
}

func (callDay) TableName() string { return "call_days" }

type callQuota struct {
	AppID      string `gorm:"column:appid;primaryKey"`
	Path       string `gorm:"primaryKey"`
	DailyLimit int64
	Used       int64
	Remain     int64
	Note       string // why WeChat gave no numbers
	AskedAt    time.Time
}

func (callQuota) TableName() string { return "call_quotas" }

// callBase is where an interface's counters stood when the day began, and what was written last.
type callBase struct {
	day           int
	calls, errors int64
	had           Call // as last seen
	wrote         int64
}

// flushCalls writes the day's counts of each interface that was called since the last time.
func (s *Service) flushCalls(ctx context.Context) error {
	day := model.DayNumber(s.now())
	var rows []callDay
	var keys []string
	for _, app := range s.o.Apps {
		if app.Calls == nil {
			continue
		}
		for _, c := range app.Calls() {
			key := app.AppID + "\n" + c.Path
			b := s.bases[key]
			if b == nil {
				b = &callBase{day: day}
				s.bases[key] = b
			}
			if b.day != day { // what was not written before midnight counts for the new day
				b.day, b.calls, b.errors, b.wrote = day, b.had.Calls, b.had.Errors, b.had.Calls
			}
			b.had = c
			if c.Calls == b.wrote {
				continue
			}
			rows = append(rows, callDay{
				AppID: app.AppID, Day: day, Path: clip(c.Path, 128), Instance: s.o.Instance, Calls: c.Calls - b.calls, Errors: c.Errors - b.errors, LastAt: model.Milli(c.LastAt),
				OKAt: instant(c.OKAt), ErrorAt: instant(c.ErrorAt), ErrorCode: clip(c.ErrorCode, 16), ErrorText: clip(c.Error, 300), StoppedUntil: instant(c.StoppedUntil),
			})
			keys = append(keys, key)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	err := s.put(ctx, &rows, []string{"appid", "day", "path", "instance"}, []string{"calls", "errors", "last_at", "ok_at", "error_at", "error_code", "error_text", "stopped_until"})
	if err != nil {
		return fmt.Errorf("keep calls: %w", err)
	}
	for _, key := range keys {
		s.bases[key].wrote = s.bases[key].had.Calls
	}
	return nil
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = model.Milli(t)
	return &t
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// Usage is one interface's day: our own count over all instances, and what WeChat said of its quota.
type Usage struct {
	AppID, App, Path string
	Calls, Errors    int64
	LastAt           time.Time
	ErrorAt          *time.Time
	ErrorCode, Error string
	StoppedUntil     *time.Time // no more today
	Quota            *Quota     // nil: not asked, or WeChat gives none
	Note             string     // why there is none
	AskedAt          *time.Time
}

// Short tells that less than a fifth of the day's quota is left.
func (u *Usage) Short() bool {
	return u.StoppedUntil != nil || u.Quota != nil && u.Quota.Limit > 0 && u.Quota.Remain*5 < u.Quota.Limit
}

// Usages lists today's calls by all instances, the most called first. A quota asked for yesterday says nothing today.
func (s *Service) Usages(ctx context.Context) ([]Usage, error) {
	if err := s.Flush(ctx); err != nil {
		return nil, err
	}
	days, err := s.callDays(ctx)
	if err != nil {
		return nil, err
	}
	var quotas []callQuota
	if err := s.db.WithContext(ctx).Find(&quotas).Error; err != nil {
		return nil, fmt.Errorf("read quotas: %w", err)
	}
	now := s.now()
	today := model.DayNumber(now)
	titles := map[string]string{}
	for _, a := range s.o.Apps {
		titles[a.AppID] = a.Title
	}
	all := map[string]*Usage{}
	for _, r := range days {
		title, ours := titles[r.AppID]
		if r.Day != today || !ours {
			continue
		}
		u := all[r.AppID+"\n"+r.Path]
		if u == nil {
			u = &Usage{AppID: r.AppID, App: title, Path: r.Path}
			all[r.AppID+"\n"+r.Path] = u
		}
		u.Calls += r.Calls
		u.Errors += r.Errors
		if r.LastAt.After(u.LastAt) {
			u.LastAt = r.LastAt.UTC()
		}
		if r.ErrorAt != nil && (u.ErrorAt == nil || r.ErrorAt.After(*u.ErrorAt)) {
			u.ErrorAt, u.ErrorCode, u.Error = r.ErrorAt, r.ErrorCode, r.ErrorText
		}
		if r.StoppedUntil != nil && r.StoppedUntil.After(now) {
			u.StoppedUntil = r.StoppedUntil
		}
	}
	for _, q := range quotas {
		u := all[q.AppID+"\n"+q.Path]
		if u == nil || model.DayNumber(q.AskedAt) != today {
			continue
		}
		u.AskedAt, u.Note = instant(q.AskedAt), q.Note
		if q.Note == "" {
			u.Quota = &Quota{Limit: q.DailyLimit, Used: q.Used, Remain: q.Remain}
		}
	}
	out := make([]Usage, 0, len(all))
	for _, u := range all {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Path, b.Path))
	})
	return out, nil
}

// callDays are today's and yesterday's rows.
func (s *Service) callDays(ctx context.Context) ([]callDay, error) {
	var rows []callDay
	if err := s.db.WithContext(ctx).Where("day >= ?", model.DayNumber(s.now().Add(-24*time.Hour))).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read calls: %w", err)
	}
	return rows, nil
}

const (
	quotaMost  = 30 // interfaces asked about at once
	quotaAgain = time.Minute
)

// AskQuotas asks WeChat for the day's quota of what was called today, the most called first. Asked again within a
// minute it asks nobody.
func (s *Service) AskQuotas(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	list, err := s.Usages(ctx)
	if err != nil {
		return err
	}
	ask := map[string]func(context.Context, string) (Quota, error){}
	for _, a := range s.o.Apps {
		if a.Quota != nil {
			ask[a.AppID] = a.Quota
		}
	}
	asked := 0
	var rows []callQuota
	var stop error
	for _, u := range list {
		if u.AskedAt != nil && s.now().Sub(*u.AskedAt) < quotaAgain || ask[u.AppID] == nil || asked >= quotaMost || strings.Contains(u.Path, "/quota/") {
			continue
		}
		asked++
		q, err := ask[u.AppID](ctx, u.Path)
		r := callQuota{AppID: u.AppID, Path: u.Path, DailyLimit: q.Limit, Used: q.Used, Remain: q.Remain, AskedAt: model.Milli(s.now())}
		if code := model.CallCode(err); code == "76021" || code == "76022" {
			r.Note = "微信不提供这个接口的额度"
		} else if err != nil {
			stop = err
			break
		}
		rows = append(rows, r)
	}
	if len(rows) > 0 {
		err = s.put(ctx, &rows, []string{"appid", "path"}, []string{"daily_limit", "used", "remain", "note", "asked_at"})
	}
	return errors.Join(stop, err)
}

// AskQuotasInTime is AskQuotas for the timetable: an account that may not ask has said so on the page already.
func (s *Service) AskQuotasInTime(ctx context.Context) error {
	err := s.AskQuotas(ctx)
	if model.CallCode(err) != "" {
		return nil
	}
	return err
}
