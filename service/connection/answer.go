package connection

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// bounds are the upper ends of the buckets answers are counted in; the last one has none.
var bounds = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 4500 * time.Millisecond, 5 * time.Second,
}

const bucketCount = 15

type buckets [bucketCount]int64

func (b *buckets) add(d time.Duration) {
	for i, most := range bounds {
		if d <= most {
			b[i]++
			return
		}
	}
	b[bucketCount-1]++
}

func (b *buckets) total() (n int64) {
	for _, c := range b {
		n += c
	}
	return n
}

// quantile is the time within which the share q was answered: at most the true one's bucket, the place in
// it drawn by a straight line. Zero when nothing was counted.
func (b *buckets) quantile(q float64) time.Duration {
	total := b.total()
	if total == 0 {
		return 0
	}
	rank, below := q*float64(total), 0.0
	for i, c := range b {
		if c > 0 && below+float64(c) >= rank {
			if i >= len(bounds) {
				return 6 * time.Second
			}
			low := time.Duration(0)
			if i > 0 {
				low = bounds[i-1]
			}
			return low + time.Duration(float64(bounds[i]-low)*(rank-below)/float64(c))
		}
		below += float64(c)
	}
	return bounds[len(bounds)-1]
}

func (b *buckets) text() string {
	parts := make([]string, bucketCount)
	for i, c := range b {
		parts[i] = strconv.FormatInt(c, 10)
	}
	return strings.Join(parts, ",")
}

func (b *buckets) merge(text string) {
	for i, p := range strings.Split(text, ",") {
		if n, err := strconv.ParseInt(p, 10, 64); err == nil && i < bucketCount {
			b[i] += n
		}
	}
}

// minute is what one instance answered in one minute.
type minute struct {
	Minute   time.Time `gorm:"primaryKey"`
	Instance string    `gorm:"primaryKey"`
	Answers  int64
	Repeats  int64
	Refused  int64
	Buckets  string
}

func (minute) TableName() string { return "answer_minutes" }

// answers counts in memory; Flush writes the minutes to the table.
type answers struct {
	mu      sync.Mutex
	now     func() time.Time
	minutes map[int64]*count // by unix minute; the last few that are not written yet
	repeats int64            // of the counter, as far as it was taken
}

type count struct {
	answers, repeats, refused int64
	buckets                   buckets
	dirty                     bool
}

func (a *answers) at(now time.Time) *count {
	if a.minutes == nil {
		a.minutes = map[int64]*count{}
	}
	m := now.Unix() / 60
	c := a.minutes[m]
	if c == nil {
		c = &count{}
		a.minutes[m] = c
	}
	c.dirty = true
	return c
}

// Answered counts one push or notice by its status: 2xx an answer with its time, 4xx a refusal. It costs
// no more than a lock and is called on the road of every push.
func (s *Service) Answered(status int, took time.Duration) {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	c := s.answers.at(s.answers.now())
	switch {
	case status >= 200 && status < 300:
		c.answers++
		c.buckets.add(took)
	case status >= 400 && status < 500:
		c.refused++
	default:
		c.buckets.add(took) // ours: the caller waited and got nothing
	}
}

// Run writes the counts every ten seconds, and once more when ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = s.Flush(end) // the last seconds of a minute's count are no loss
			return
		case <-tick.C:
			_ = s.Flush(ctx) // the database is away: the counts stay in memory and are written later
		}
	}
}

// Flush writes the minutes that changed. Each row holds the whole count of its minute, so writing it
// twice changes nothing.
func (s *Service) Flush(ctx context.Context) error {
	now := s.now()
	s.answers.mu.Lock()
	if s.o.Repeated != nil {
		if n := s.o.Repeated(); n > s.answers.repeats {
			s.answers.at(now).repeats += n - s.answers.repeats
			s.answers.repeats = n
		}
	}
	var rows []minute
	for m, c := range s.answers.minutes {
		if c.dirty {
			rows = append(rows, minute{Minute: time.Unix(m*60, 0).UTC(), Instance: s.o.Instance, Answers: c.answers, Repeats: c.repeats, Refused: c.refused, Buckets: c.buckets.text()})
			c.dirty = false
		} else if m < now.Unix()/60-1 {
			delete(s.answers.minutes, m)
		}
	}
	s.answers.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := s.db.WithContext(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "minute"}, {Name: "instance"}}, DoUpdates: clause.AssignmentColumns([]string{"answers", "repeats", "refused", "buckets"}),
	}).Create(&rows).Error
	if err != nil {
		s.answers.mu.Lock()
		for _, r := range rows {
			if c := s.answers.minutes[r.Minute.Unix()/60]; c != nil {
				c.dirty = true
			}
		}
		for m := range s.answers.minutes { // a database that stays away must not fill the memory
			if m < now.Unix()/60-24*60 {
				delete(s.answers.minutes, m)
			}
		}
		s.answers.mu.Unlock()
		return fmt.Errorf("keep answers: %w", err)
	}
	return nil
}

type sums struct {
	day  struct{ answers, repeats, refused int64 }
	hour buckets
	last *time.Time // of the last minute with an answer, whenever that was
}

// read adds up all instances since the two instants, after writing what this one has not written yet.
func (s *Service) read(ctx context.Context, day, hour time.Time) (sums, error) {
	var out sums
	if err := s.Flush(ctx); err != nil && !store.Gone(err) {
		return out, err
	}
	var rows []minute
	db := s.db.WithContext(ctx)
	if err := db.Where("minute >= ?", model.Milli(day)).Order("minute").Find(&rows).Error; err != nil {
		return out, fmt.Errorf("read answers: %w", err)
	}
	for _, r := range rows {
		out.day.answers += r.Answers
		out.day.repeats += r.Repeats
		out.day.refused += r.Refused
		if !r.Minute.Before(hour) {
			out.hour.merge(r.Buckets)
		}
	}
	var last []minute
	if err := db.Where("answers > 0").Order("minute DESC").Limit(1).Find(&last).Error; err != nil {
		return out, fmt.Errorf("read answers: %w", err)
	}
	if len(last) == 1 {
		t := last[0].Minute.UTC()
		out.last = &t
	}
	return out, nil
}
