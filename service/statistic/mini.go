package statistic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// MiniGateway asks WeChat about the Mini Program: service/wechat.
type MiniGateway interface {
	MiniStatistic(ctx context.Context, kind model.MiniKind, first int) ([]byte, error)
}

// Mini fetches statistics of one Mini Program.
type Mini struct {
	db      *gorm.DB
	appid   string
	gateway MiniGateway
	now     func() time.Time
}

// NewMini makes it; now is the business clock.
func NewMini(db *gorm.DB, appid string, gateway MiniGateway, now func() time.Time) *Mini {
	return &Mini{db: db, appid: appid, gateway: gateway, now: now}
}

const (
	miniReady  = 9*60 + 30 // minutes of the day, Asia/Shanghai; WeChat names no hour, so what is not ready is asked for again
	miniWhole  = 10 * 60   // weeks and months
	miniLast   = 14 * 60   // what is not ready by then is left until tomorrow
	miniBehind = 7         // days that are made good when nobody asked on their morning
)

// daily are fetched once for each day; a retention again and again while people may still come back.
var daily = []model.MiniKind{model.MiniSummary, model.MiniTrend, model.MiniPages, model.MiniSources}

// retainDays are how many days ago those lie whose retention WeChat changed this morning.
var retainDays = []int{1, 2, 3, 4, 5, 6, 7, 8, 15, 31}

var periods = []model.MiniKind{model.MiniTrendWeek, model.MiniRetainWeek, model.MiniTrendMonth, model.MiniRetainMonth}

// Run fetches what is due and not here yet: for the timetable, every half hour. After a refusal that more asking
// would not cure it asks nothing more until tomorrow.
func (m *Mini) Run(ctx context.Context) error {
	now := m.now().In(model.Shanghai)
	minute := now.Hour()*60 + now.Minute()
	if m.appid == "" || minute < miniReady {
		return nil
	}
	due, err := m.due(ctx, now, minute)
	if err != nil {
		return err
	}
	for _, f := range due {
		if ok, err := m.fetch(ctx, f); err != nil || !ok {
			return err
		}
	}
	return nil
}

func (m *Mini) due(ctx context.Context, now time.Time, minute int) ([]Fetch, error) {
	today := model.DayNumber(now)
	back := func(n int) int { return model.DayNumber(now.AddDate(0, 0, -n)) }
	var all []Fetch
	if err := m.db.WithContext(ctx).Where("appid = ? AND (asked_day = ? OR day >= ?)", m.appid, today, min(back(miniBehind), model.MiniTrendMonth.LastWhole(now))).Find(&all).Error; err != nil {
		return nil, fmt.Errorf("which statistics were fetched: %w", err)
	}
	type key struct {
		kind string
		day  int
	}
	had := map[key]Fetch{}
	for _, f := range all {
		if f.AskedDay == today && f.State == Failed && final(f.Code) {
			return nil, nil
		}
		had[key{f.Kind, f.Day}] = f
	}
	var due []Fetch
	want := func(kind model.MiniKind, day int, again bool) {
		f, there := had[key{string(kind), day}]
		switch {
		case !there:
			f = Fetch{AppID: m.appid, Kind: string(kind), Day: day}
		case f.State == Done && (!again || f.AskedDay == today):
			return
		case f.AskedDay == today && minute >= miniLast:
			return
		}
		f.AskedDay = today
		due = append(due, f)
	}
	for n := 1; n <= miniBehind; n++ {
		for _, k := range daily {
			want(k, back(n), false)
		}
	}
	for _, n := range retainDays {
		want(model.MiniRetain, back(n), true)
	}
	if minute >= miniWhole {
		for _, k := range periods {
			want(k, k.LastWhole(now), false)
		}
	}
	return due, nil
}

// fetch asks about one period, keeps what was said, and tells whether asking on makes sense. An answer without
// figures is one that is not ready, unless WeChat itself says that nobody came.
func (m *Mini) fetch(ctx context.Context, f Fetch) (ok bool, err error) {
	kind := model.MiniKind(f.Kind)
	raw, err := m.gateway.MiniStatistic(ctx, kind, f.Day)
	f.State = Done
	if err == nil {
		var a model.MiniAnswer
		if a, err = model.ReadMini(kind, raw); err != nil {
			return false, err
		}
		nobody := false
		if a.Empty {
			if nobody, err = m.nobody(ctx, kind, f.Day); err != nil {
				return false, err
			}
		}
		if a.Empty && !nobody {
			f.State = Unready
		} else if err = m.keep(ctx, f, raw); err != nil {
			return false, err
		}
	}
	code, err := noted(ctx, m.db, f, model.Milli(m.now()), err)
	return code == "", err
}

// trendOf is the kind that says how many came in the same period; trends are asked for first.
var trendOf = map[model.MiniKind]model.MiniKind{model.MiniPages: model.MiniTrend, model.MiniSources: model.MiniTrend,
	model.MiniRetain: model.MiniTrend, model.MiniRetainWeek: model.MiniTrendWeek, model.MiniRetainMonth: model.MiniTrendMonth}

// nobody says whether WeChat has told that nobody came in a period.
func (m *Mini) nobody(ctx context.Context, kind model.MiniKind, day int) (bool, error) {
	var row MiniRow
	err := m.db.WithContext(ctx).Where("appid = ? AND kind = ? AND day = ?", m.appid, trendOf[kind], day).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("how many came: %w", err)
	}
	a, err := model.ReadMini(row.Kind, []byte(row.Raw))
	return err == nil && !a.Empty && a.Visits.VisitUV == 0, err
}

// MiniRow is WeChat's answer about a period, as it came.
type MiniRow struct {
	AppID     string         `gorm:"column:appid;primaryKey"`
	Kind      model.MiniKind `gorm:"primaryKey"`
	Day       int            `gorm:"primaryKey"` // its first
	Raw       string
	FetchedAt time.Time
}

// TableName is the table.
func (MiniRow) TableName() string { return "mini_statistics" }

// keep writes an answer over the one before. If it says something else, the one before moves to
// mini_statistic_versions: somebody may have seen it.
func (m *Mini) keep(ctx context.Context, f Fetch, raw []byte) error {
	row := MiniRow{AppID: m.appid, Kind: model.MiniKind(f.Kind), Day: f.Day, Raw: string(bytes.TrimSpace(raw)), FetchedAt: model.Milli(m.now())}
	return store.Tx(ctx, m.db, func(tx *gorm.DB) error {
		var old MiniRow
		err := store.Lock(tx).Where("appid = ? AND kind = ? AND day = ?", row.AppID, row.Kind, row.Day).Take(&old).Error
		switch {
		case errors.Is(err, gorm.ErrRecordNotFound):
		case err != nil:
			return fmt.Errorf("statistics before: %w", err)
		case old.Raw != row.Raw:
			if err := tx.Table("mini_statistic_versions").Clauses(clause.OnConflict{DoNothing: true}).Create(&old).Error; err != nil {
				return fmt.Errorf("keep the statistics before: %w", err)
			}
		}
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "kind"}, {Name: "day"}}, UpdateAll: true}).Create(&row).Error; err != nil {
			return fmt.Errorf("keep %s of %d: %w", row.Kind, row.Day, err)
		}
		return nil
	})
}

// Latest lists how WeChat last answered, the newest first.
func (m *Mini) Latest(ctx context.Context, limit int) ([]Fetch, error) {
	return latest(ctx, m.db, m.appid, limit)
}
