package event

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// States of the live counters.
const (
	CountersFed    = "fed"    // they are what the roll-ups are
	CountersBehind = "behind" // some have not heard of the newest roll-ups yet
	CountersAway   = "away"   // Redis does not answer: the roll-ups are read instead
)

// Health is how taking events in and counting them stands now.
type Health struct {
	ReceivedAt   *time.Time // when the newest event came in; nil: none ever did
	Waiting      int64      // batches stored and not counted yet
	WaitingSince *time.Time // when the oldest of them came in; nil when none waits
	Counters     string
	Behind       int64 // of today's live counters
}

// Health looks at the newest event, at what waits to be counted, and at today's live counters.
func (s *Service) Health(ctx context.Context) (Health, error) {
	var h Health
	db := s.db.WithContext(ctx)
	var newest []int64
	if err := db.Raw("SELECT received_at FROM events WHERE account = ? ORDER BY id DESC LIMIT 1", s.Account()).Scan(&newest).Error; err != nil {
		return h, fmt.Errorf("newest event: %w", err)
	}
	if len(newest) > 0 {
		h.ReceivedAt = instantOf(newest[0])
	}
	var first int64
	if err := db.Raw("SELECT COUNT(*), COALESCE(MIN(id), 0) FROM event_batches WHERE counted = 0").Row().Scan(&h.Waiting, &first); err != nil {
		return h, fmt.Errorf("batches that wait: %w", err)
	}
	if h.Waiting > 0 {
		var since []int64
		if err := db.Raw("SELECT received_at FROM events WHERE id >= ? ORDER BY id LIMIT 1", first*places).Scan(&since).Error; err != nil {
			return h, fmt.Errorf("batches that wait: %w", err)
		}
		if len(since) > 0 {
			h.WaitingSince = instantOf(since[0])
		}
	}
	var rows []daily
	today := hash{day: model.DayNumber(s.now()), kind: KindAll, ref: model.AccountRef(s.Account(), "")}
	if err := db.Raw("SELECT type, n, version FROM event_daily WHERE day = ? AND kind = ? AND ref = ?", today.day, today.kind, today.ref).Scan(&rows).Error; err != nil {
		return h, fmt.Errorf("read roll-ups: %w", err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	held, err := s.redis.HGetAll(short, today.key()).Result()
	if err != nil {
		h.Counters = CountersAway
		return h, ctx.Err()
	}
	h.Counters = CountersFed
	for _, r := range rows {
		version, n, ok := counter(held[string(model.EventTypeOf(r.Type))])
		if !ok || version < r.Version || version == r.Version && n != r.N {
			h.Behind++
			h.Counters = CountersBehind
		}
	}
	return h, nil
}

func instantOf(ms int64) *time.Time {
	t := time.UnixMilli(ms).In(model.Shanghai)
	return &t
}

// Intake gives, for the days first–last (by when we heard), what was noted of the events sent: duplicate, clock and
// future.
func (s *Service) Intake(ctx context.Context, first, last int) (map[string]int64, error) {
	var rows []struct {
		What string
		N    int64
	}
	if err := s.db.WithContext(ctx).Raw("SELECT what, SUM(n) AS n FROM event_intake WHERE account = ? AND day BETWEEN ? AND ? GROUP BY what", s.Account(), first, last).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	out := map[string]int64{intakeDuplicate: 0, intakeClock: 0, intakeStep: 0}
	for _, r := range rows {
		out[r.What] = r.N
	}
	return out, nil
}

// Types counts the events of the days first–last by type; a type without any is there with 0.
func (s *Service) Types(ctx context.Context, first, last int) (map[model.EventType]int64, error) {
	var rows []daily
	if err := s.db.WithContext(ctx).Raw("SELECT type, SUM(n) AS n FROM event_daily WHERE kind = ? AND ref = ? AND day BETWEEN ? AND ? GROUP BY type", KindAll, model.AccountRef(s.Account(), ""), first, last).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("events by type: %w", err)
	}
	out := map[model.EventType]int64{}
	for _, t := range model.EventTypes() {
		out[t] = 0
	}
	for _, r := range rows {
		out[model.EventTypeOf(r.Type)] = r.N
	}
	return out, nil
}
