package reply

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"loudou/service/store"
)

type hitKey struct {
	rule    int64
	keyword string
	day     string
}

type hitRow struct {
	AppID   string `gorm:"column:appid"`
	RuleID  int64
	Keyword string
	Day     string
	Hits    int64
}

func (hitRow) TableName() string { return "reply_hits" }

// count adds hits, in one order, so that two instances never wait for each other crosswise.
func (s *Service) count(tx *gorm.DB, hits map[hitKey]int64) error {
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
	text := "INSERT INTO reply_hits (appid, rule_id, keyword, day, hits) VALUES "
	args := make([]any, 0, len(keys)*5)
	for i, k := range keys {
		if i > 0 {
			text += ", "
		}
		text += "(?, ?, ?, ?, ?)"
		args = append(args, s.appid, k.rule, k.keyword, k.day, hits[k])
	}
	if store.IsMySQL(tx) {
		text += " ON DUPLICATE KEY UPDATE hits = hits + VALUES(hits)"
	} else {
		text += " ON CONFLICT (appid, rule_id, day, keyword) DO UPDATE SET hits = reply_hits.hits + excluded.hits"
	}
	if err := tx.Exec(text, args...).Error; err != nil {
		return fmt.Errorf("count hits: %w", err)
	}
	return nil
}

// Hit is how often a rule answered in a span of days; Keyword is empty for rules without.
type Hit struct {
	RuleID  int64
	Keyword string
	Hits    int64
}

// Hits sums per rule and keyword from one day to another, both included (Asia/Shanghai), most first.
// Rules that never answered are those of Drafts that are missing here.
func (s *Service) Hits(ctx context.Context, from, to string) ([]Hit, error) {
	out := []Hit{}
	if err := s.db.WithContext(ctx).Model(&hitRow{}).Select("rule_id, keyword, SUM(hits) AS hits").
		Where("appid = ? AND day >= ? AND day <= ?", s.appid, from, to).Group("rule_id, keyword").Order("hits DESC, rule_id, keyword").Limit(2000).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("hits: %w", err)
	}
	return out, nil
}
