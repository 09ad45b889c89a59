package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"loudou/model"
)

// Taps counts the pushes of menu buttons by event and key from the first of cuts until before the last; part n
// lies between cuts n and n+1. A push told again is one.
func (s *Service) Taps(ctx context.Context, appid string, cuts []time.Time) ([]model.Tap, error) {
	part, args := "0", []any{}
	if inner := cuts[1 : len(cuts)-1]; len(inner) > 0 {
		var b strings.Builder
		b.WriteString("CASE")
		for i, c := range inner {
			_, _ = fmt.Fprintf(&b, " WHEN happened_at < ? THEN %d", i)
			args = append(args, model.Milli(c.UTC()))
		}
		_, _ = fmt.Fprintf(&b, " ELSE %d END", len(inner))
		part = b.String()
	}
	out := []model.Tap{}
	if err := s.db.WithContext(ctx).Table("pushes").Select(part+" AS part, event, event_key AS `key`, COUNT(*) AS count", args...).
		Where("appid = ? AND event IN ? AND happened_at >= ? AND happened_at < ?", appid, model.TapEvents, model.Milli(cuts[0].UTC()), model.Milli(cuts[len(cuts)-1].UTC())).
		Group("part, event, event_key").Order("part, event, event_key").Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("taps: %w", err)
	}
	return out, nil
}
