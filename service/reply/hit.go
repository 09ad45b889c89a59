package reply

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

type hitKey struct {
	rule    int64
	keyword string
	day     string
}

// hit is how often a keyword met in a batch, and when last.
type hit struct {
	times int64
	last  time.Time
}

type hitRow struct {
	AppID   string `gorm:"column:appid"`
	RuleID  int64
	Keyword string
	Day     string
	Hits    int64
	LastMs  int64 // unix milliseconds of the last one; 0: not noted
}

func (hitRow) TableName() string { return "reply_hits" }

// count adds hits, in one order, so that two instances never wait for each other crosswise.
func (s *Service) count(tx *gorm.DB, hits map[hitKey]hit) error {
	if len(hits) == 0 {
		return nil
	}
	keys := make([]hitKey, 0, len(hits))
	for k := range hits {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b hitKey) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.day, b.day), cmp.Compare(a.keyword, b.keyword))
	})
	text := "INSERT INTO reply_hits (appid, rule_id, keyword, day, hits, last_ms) VALUES "
	args := make([]any, 0, len(keys)*6)
	for i, k := range keys {
		if i > 0 {
			text += ", "
		}
		text += "(?, ?, ?, ?, ?, ?)"
		args = append(args, s.appid, k.rule, k.keyword, k.day, hits[k].times, hits[k].last.UnixMilli())
	}
	if store.IsMySQL(tx) {
		text += " ON DUPLICATE KEY UPDATE hits = hits + VALUES(hits), last_ms = GREATEST(last_ms, VALUES(last_ms))"
	} else {
		text += " ON CONFLICT (appid, rule_id, day, keyword) DO UPDATE SET hits = reply_hits.hits + excluded.hits, last_ms = MAX(reply_hits.last_ms, excluded.last_ms)"
	}
	if err := tx.Exec(text, args...).Error; err != nil {
		return fmt.Errorf("count hits: %w", err)
	}
	return nil
}

// Hit is how often a rule answered in a span of days, and when last; Keyword is empty for rules without.
type Hit struct {
	RuleID  int64
	Keyword string
	Hits    int64
	LastAt  *time.Time // within a year; nil: not since
}

// Hits sums per rule and keyword from one day to another, both included (Asia/Shanghai), most first, and
// gives the last hit of each, be it before. Rules that never answered are those of Drafts that are missing
// here.
func (s *Service) Hits(ctx context.Context, from, to string) ([]Hit, error) {
	var rows []hitRow
	if err := s.db.WithContext(ctx).Model(&hitRow{}).
		Select("rule_id, keyword, SUM(CASE WHEN day >= ? AND day <= ? THEN hits ELSE 0 END) AS hits, MAX(last_ms) AS last_ms", from, to).
		Where("appid = ? AND day >= ?", s.appid, min(from, model.Day(s.now().AddDate(-1, 0, 0)))).
		Group("rule_id, keyword").Order("hits DESC, rule_id, keyword").Limit(20_000).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("hits: %w", err)
	}
	out := make([]Hit, 0, len(rows))
	for _, r := range rows {
		h := Hit{RuleID: r.RuleID, Keyword: r.Keyword, Hits: r.Hits}
		if r.LastMs > 0 {
			at := time.UnixMilli(r.LastMs).UTC()
			h.LastAt = &at
		}
		out = append(out, h)
	}
	return out, nil
}
