package menu

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loudou/model"
)

// Tapped is how often fans tapped what sends a key, while a version was live.
type Tapped struct {
	Version int64 // 0: before the first of ours
	Event   string
	Key     string
	Count   int64
}

// mostParts bounds the versions that are told apart in one question; of more, the oldest are counted as one.
const mostParts = 200

// Tapped counts the taps from a time until before another, by version. A phone shows an old menu for some
// minutes, a day at most: a tap belongs to the version that was live when it happened.
func (s *Service) Tapped(ctx context.Context, from, to time.Time) ([]Tapped, error) {
	from, to = model.Milli(from.UTC()), model.Milli(to.UTC())
	if !from.Before(to) {
		return []Tapped{}, nil
	}
	var before, within []versionRow
	q := s.db.WithContext(ctx).Select("version", "published_at").Where("appid = ?", s.appid).Order("published_at DESC, version DESC")
	if err := q.Where("published_at <= ?", from).Limit(1).Find(&before).Error; err != nil {
		return nil, fmt.Errorf("menu versions: %w", err)
	}
	if err := s.db.WithContext(ctx).Select("version", "published_at").Where("appid = ? AND published_at > ? AND published_at < ?", s.appid, from, to).
		Order("published_at DESC, version DESC").Limit(mostParts).Find(&within).Error; err != nil {
		return nil, fmt.Errorf("menu versions: %w", err)
	}
	slices.Reverse(within)
	cuts, versions := []time.Time{from}, []int64{0}
	if len(before) > 0 {
		versions[0] = before[0].Version
	}
	for _, v := range within {
		cuts, versions = append(cuts, v.PublishedAt.UTC()), append(versions, v.Version)
	}
	taps, err := s.taps.Taps(ctx, s.appid, append(cuts, to))
	if err != nil {
		return nil, err
	}
	out := make([]Tapped, 0, len(taps))
	for _, t := range taps {
		out = append(out, Tapped{versions[t.Part], t.Event, t.Key, t.Count})
	}
	return out, nil
}
