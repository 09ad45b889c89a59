// Package statistic fetches what WeChat counts and nobody else can: readers of articles, followers who came
// and left, and its own figures of the Mini Program. It owns the article_totals, follower_days,
// statistic_fetches, mini_statistics and mini_statistic_versions tables.
//
// WeChat has yesterday ready after eight in the morning and corrects it for a while, so each morning the last
// seven days of followers and the last thirty publishing days of articles are fetched once, until WeChat says
// that they stand. Rows are replaced by their key: fetching twice changes nothing, and a crash in between is
// made good by the next look. A day that was not fetched has no row, and shows as 未取到, never as 0.
package statistic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// Gateway asks WeChat: service/wechat.
type Gateway interface {
	ArticleTotals(ctx context.Context, day int) (totals []model.ArticleTotal, delayed bool, err error)
	FollowerDays(ctx context.Context, from, to int) ([]model.FollowerDay, error)
	FollowerTotals(ctx context.Context, from, to int) (map[int]int64, error)
}

// Articles knows ours: service/article.
type Articles interface {
	// Identify gives the number of the article that WeChat's row is about, 0 when it is none of ours.
	Identify(ctx context.Context, t model.ArticleTotal) (int64, error)
}

// Service fetches statistics of one Official Account.
type Service struct {
	db       *gorm.DB
	appid    string
	gateway  Gateway
	articles Articles
	now      func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, gateway Gateway, articles Articles, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, gateway: gateway, articles: articles, now: now}
}

const (
	readyHour    = 8  // Asia/Shanghai; before it WeChat answers 61503
	articleDays  = 30 // WeChat counts an article so long
	followerDays = 7  // one call covers them, and late corrections with it
)

// States of a fetch.
const (
	Done    = "done"
	Delayed = "delayed" // fetched, and WeChat says it will correct it
	Unready = "unready" // 61503: asked too early
	Failed  = "failed"
)

// The kinds of a fetch.
const (
	kindArticles  = "articles"
	kindFollowers = "followers"
)

// Fetch is how WeChat last answered about one day.
type Fetch struct {
	AppID     string `gorm:"column:appid;primaryKey"`
	Kind      string `gorm:"primaryKey"`
	Day       int    `gorm:"primaryKey"`
	AskedDay  int
	State     string
	Code      string
	Said      string
	Tries     int
	FetchedAt time.Time
}

// TableName is the table.
func (Fetch) TableName() string { return "statistic_fetches" }

// Run fetches what is due today and not here yet: for the timetable, every half hour. One call's refusal leaves the
// others alone: a kind that is not ready, or whose quota is used up, is asked no more in this run, or today when asking
// would not cure it; the rest goes on.
func (s *Service) Run(ctx context.Context) error {
	now := s.now().In(model.Shanghai)
	if s.appid == "" || now.Hour() < readyHour {
		return nil
	}
	today := model.DayNumber(now)
	due, err := s.due(ctx, today, now)
	if err != nil {
		return err
	}
	off := map[string]bool{} // kinds whose next day would hear the same
	for _, f := range due {
		if off[f.Kind] {
			continue
		}
		code, err := s.fetch(ctx, f)
		if err != nil {
			return err
		}
		switch {
		case code == "" || code == "61501": // of that day alone
		case everybody(code):
			return nil
		default:
			off[f.Kind] = true
		}
	}
	return nil
}

// due lists what today still lacks, without the kinds whose refusal stands for today.
func (s *Service) due(ctx context.Context, today int, now time.Time) ([]Fetch, error) {
	var asked []Fetch
	if err := s.db.WithContext(ctx).Where("appid = ? AND asked_day = ?", s.appid, today).Find(&asked).Error; err != nil {
		return nil, fmt.Errorf("what was fetched today: %w", err)
	}
	type key struct {
		kind string
		day  int
	}
	had, off := map[key]Fetch{}, map[string]bool{}
	for _, f := range asked {
		if f.State == Failed && final(f.Code) {
			if everybody(f.Code) {
				return nil, nil
			}
			off[f.Kind] = true
		}
		had[key{f.Kind, f.Day}] = f
	}
	var due []Fetch
	want := func(kind string, back int) {
		day := model.DayNumber(now.AddDate(0, 0, -back))
		f, there := had[key{kind, day}]
		if !there {
			f = Fetch{AppID: s.appid, Kind: kind, Day: day, AskedDay: today}
		}
		if f.State != Done && !off[kind] {
			due = append(due, f)
		}
	}
	want(kindFollowers, 1)
	for back := 1; back <= articleDays; back++ {
		want(kindArticles, back)
	}
	return due, nil
}

// final tells the codes that stand for the rest of the day: quota, no right, account restricted.
func final(code string) bool {
	return code == "45009" || code == "48001" || code == "48004" || code == "50002"
}

// everybody tells the codes that every other call would hear too: our address not allowed, which somebody may mend
// any minute, token or secret wrong, account restricted.
func everybody(code string) bool {
	return code == "40164" || code == "40001" || code == "40125" || code == "42001" || code == "50002"
}

// fetch asks about one day, keeps what was said, and gives the code of WeChat's refusal.
func (s *Service) fetch(ctx context.Context, f Fetch) (code string, err error) {
	if f.Kind == kindFollowers {
		err = s.followers(ctx, f.Day)
		f.State = Done
	} else {
		var delayed bool
		delayed, err = s.article(ctx, f.Day)
		f.State = Done
		if delayed {
			f.State = Delayed
		}
	}
	return noted(ctx, s.db, f, model.Milli(s.now()), err)
}

// noAnswer stands for a code where WeChat gave none.
const noAnswer = "none"

// noted writes down how WeChat answered, and gives the code of a refusal. err is what the fetch ended with; only one
// that is no answer of WeChat's comes back.
func noted(ctx context.Context, db *gorm.DB, f Fetch, now time.Time, err error) (code string, _ error) {
	f.Code, f.Said = "", ""
	f.Tries, f.FetchedAt = f.Tries+1, now
	var call *model.CallError
	switch {
	case errors.As(err, &call):
		f.State, f.Code, f.Said = Failed, call.Code, call.Text
		code = cmp.Or(call.Code, noAnswer)
		if call.Code == "61503" {
			f.State = Unready
		}
		slog.Warn("statistics not fetched", "kind", f.Kind, "day", f.Day, "code", call.Code, "said", call.Said)
	case err != nil:
		return "", err
	}
	if e := db.WithContext(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "kind"}, {Name: "day"}},
		DoUpdates: clause.AssignmentColumns([]string{"asked_day", "state", "code", "said", "tries", "fetched_at"})}).Create(&f).Error; e != nil {
		return "", fmt.Errorf("note the fetch of %d: %w", f.Day, e)
	}
	return code, nil
}

// total is a row of article_totals.
type total struct {
	AppID             string `gorm:"column:appid;primaryKey"`
	MsgID             string `gorm:"column:msgid;primaryKey"`
	StatDay           int    `gorm:"primaryKey"`
	PublishDay        int
	ArticleID         int64
	Title, URL        string
	Quiet             bool
	ReadUser          int64
	ReadMessage       int64
	ShareUser         int64
	ZaikanUser        int64
	LikeUser          int64
	CommentCount      int64
	CollectionUser    int64
	PraiseMoney       int64
	ReadSubscribeUser int64
	DeliveryRate      float64
	FinishRate        float64
	Minutes           float64
	Sources           string
	IsDelayed         bool
	FetchedAt         time.Time
}

func (total) TableName() string { return "article_totals" }

// article fetches what was published on a day. The network comes first, the transaction after it.
func (s *Service) article(ctx context.Context, day int) (delayed bool, err error) {
	totals, delayed, err := s.gateway.ArticleTotals(ctx, day)
	if err != nil || len(totals) == 0 {
		return delayed, err
	}
	ours := map[string]int64{}
	rows := make([]total, 0, len(totals))
	for _, t := range totals {
		if _, known := ours[t.MsgID]; !known {
			if ours[t.MsgID], err = s.articles.Identify(ctx, t); err != nil {
				return delayed, err
			}
		}
		rows = append(rows, total{AppID: s.appid, MsgID: model.Cut(t.MsgID, 48), StatDay: t.StatDay, PublishDay: t.PublishDay, ArticleID: ours[t.MsgID], Title: model.Cut(t.Title, 255), URL: model.Cut(t.URL, 1024), Quiet: t.Quiet,
			ReadUser: t.Read, ReadMessage: t.ReadMessage, ShareUser: t.Share, ZaikanUser: t.Zaikan, LikeUser: t.Like, CommentCount: t.Comment, CollectionUser: t.Collect,
			PraiseMoney: int64(t.Praise), ReadSubscribeUser: t.Follow, DeliveryRate: t.Delivery, FinishRate: t.Finish, Minutes: t.Minutes, Sources: t.Sources, IsDelayed: delayed, FetchedAt: model.Milli(s.now())})
	}
	return delayed, store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "msgid"}, {Name: "stat_day"}}, UpdateAll: true}).CreateInBatches(&rows, 100).Error; err != nil {
			return fmt.Errorf("keep article totals of %d: %w", day, err)
		}
		return nil
	})
}

// followerRow is a row of follower_days; source −1 is the total at the end of the day.
type followerRow struct {
	AppID      string `gorm:"column:appid;primaryKey"`
	Day        int    `gorm:"primaryKey"`
	Source     int    `gorm:"primaryKey"`
	NewUser    int64
	CancelUser int64
	Total      int64
	FetchedAt  time.Time
}

func (followerRow) TableName() string { return "follower_days" }

// followers fetches the seven days that end with day. A day without movement gets its row of nothing, so
// that 0 and 未取到 differ.
func (s *Service) followers(ctx context.Context, day int) error {
	first := model.DayNumber(model.DayStart(day).AddDate(0, 0, 1-followerDays))
	moved, err := s.gateway.FollowerDays(ctx, first, day)
	if err != nil {
		return err
	}
	totals, err := s.gateway.FollowerTotals(ctx, first, day)
	if err != nil {
		return err
	}
	at := model.Milli(s.now())
	rows := make([]followerRow, 0, len(moved)+followerDays)
	for _, m := range moved {
		rows = append(rows, followerRow{AppID: s.appid, Day: m.Day, Source: m.Source, NewUser: m.New, CancelUser: m.Lost, FetchedAt: at})
	}
	for d, n := range totals {
		rows = append(rows, followerRow{AppID: s.appid, Day: d, Source: -1, Total: n, FetchedAt: at})
	}
	if len(rows) == 0 {
		return nil
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appid"}, {Name: "day"}, {Name: "source"}}, UpdateAll: true}).Create(&rows).Error; err != nil {
			return fmt.Errorf("keep followers until %d: %w", day, err)
		}
		return nil
	})
}

// Latest lists how WeChat last answered, the newest first: at most one line per kind and day.
func (s *Service) Latest(ctx context.Context, limit int) ([]Fetch, error) {
	return latest(ctx, s.db, s.appid, limit)
}

func latest(ctx context.Context, db *gorm.DB, appid string, limit int) ([]Fetch, error) {
	var out []Fetch
	err := db.WithContext(ctx).Where("appid = ?", appid).Order("asked_day DESC, kind DESC, day DESC").Limit(limit).Find(&out).Error
	return out, err
}
