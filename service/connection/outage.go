package connection

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// The parts whose absence makes a degraded period.
const (
	PartDatabase = "database" // away, or so slow that pushes went to the disk
	PartRedis    = "redis"
)

const (
	watchEvery  = 5 * time.Second
	outageSeen  = 45 * time.Second // an open period nobody has seen for longer belongs to an instance that ended
	outagesKept = 90 * 24 * time.Hour
	outagesHeld = 200 // in memory, while the database is away
)

// Outage is one period in which an instance had to do without a part. EndedAt nil: it lasts.
type Outage struct {
	Instance string    `gorm:"primaryKey"`
	Part     string    `gorm:"primaryKey"`
	BeganAt  time.Time `gorm:"primaryKey"`
	SeenAt   time.Time
	EndedAt  *time.Time
	Spooled  int64 // pushes that were answered and kept on disk
	Drained  int64 // of those on disk, stored since
	Peak     int64 // most pushes on disk at once
}

// TableName of the periods.
func (Outage) TableName() string { return "connection_outages" }

// held is a period in memory; dirty until its row says the same.
type held struct {
	Outage
	dirty bool
}

// watch looks at the parts again and again until ctx ends.
func (s *Service) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look asks each part once and keeps the periods in memory; Flush writes them when the database takes them.
func (s *Service) look(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	probe, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var one int
	away := s.db.WithContext(probe).Raw("SELECT 1").Scan(&one).Error != nil
	spooled, drained, waiting := s.gained(s.o.Spooled, &s.looked.spooled), s.gained(s.o.Drained, &s.looked.drained), int64(0)
	if s.o.Waiting != nil {
		waiting = s.o.Waiting()
	}
	if ctx.Err() != nil {
		return // the service ends: that is no outage
	}
	s.observe(PartDatabase, away || spooled > 0 || waiting > 0, spooled, drained, waiting)
	if s.o.Redis == nil || s.o.Embedded {
		return
	}
	ping, end := context.WithTimeout(ctx, time.Second)
	defer end()
	err := s.o.Redis.Ping(ping).Err()
	if ctx.Err() == nil {
		s.observe(PartRedis, err != nil, 0, 0, 0)
	}
}

func (s *Service) gained(total func() int64, had *int64) int64 {
	if total == nil {
		return 0
	}
	n := total()
	gained := n - *had
	*had = n
	return gained
}

func (s *Service) observe(part string, bad bool, spooled, drained, waiting int64) {
	now := model.Milli(s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	var open *held
	for _, o := range s.outages {
		if o.Part == part && o.EndedAt == nil {
			open = o
		}
	}
	if open == nil {
		if !bad {
			return
		}
		open = &held{Outage: Outage{Instance: s.o.Instance, Part: part, BeganAt: now}}
		s.outages = append(s.outages[max(0, len(s.outages)-outagesHeld):], open)
	}
	open.SeenAt, open.dirty = now, true
	open.Spooled += spooled
	open.Drained += drained
	open.Peak = max(open.Peak, waiting)
	if !bad {
		open.EndedAt = &now
	}
}

// flushOutages writes the periods that changed and lets go of those that are over.
func (s *Service) flushOutages(ctx context.Context) error {
	var rows []Outage
	s.mu.Lock()
	for _, o := range s.outages {
		if o.dirty {
			rows = append(rows, o.Outage)
			o.dirty = false
		}
	}
	s.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := s.put(ctx, &rows, []string{"instance", "part", "began_at"}, []string{"seen_at", "ended_at", "spooled", "drained", "peak"})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for _, o := range s.outages {
			o.dirty = true
		}
		return fmt.Errorf("keep degraded periods: %w", err)
	}
	left := s.outages[:0]
	for _, o := range s.outages {
		if o.EndedAt == nil || o.dirty {
			left = append(left, o)
		}
	}
	clear(s.outages[len(left):])
	s.outages = left
	return nil
}

// Outages lists the degraded periods of all instances since an instant, newest first, at most 50. One whose
// instance ended in it counts as over when it was last seen.
func (s *Service) Outages(ctx context.Context, since time.Time) ([]Outage, error) {
	var rows []Outage
	err := s.db.WithContext(ctx).Where("seen_at >= ?", model.Milli(since)).Order("began_at DESC").Limit(50).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read degraded periods: %w", err)
	}
	for i := range rows {
		if r := &rows[i]; r.EndedAt == nil && s.now().Sub(r.SeenAt) > outageSeen {
			r.EndedAt = &r.SeenAt
		}
	}
	return rows, nil
}
