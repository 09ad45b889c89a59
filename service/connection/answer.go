package connection

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

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

// Run looks at the parts and writes the counts every few seconds, and once more when ctx ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.watch(ctx) })
	wg.Go(func() { s.write(ctx) })
	wg.Wait()
}

const writeEvery = 3 * time.Second // what another instance saw is on the page so much later

func (s *Service) write(ctx context.Context) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			_ = s.Flush(end) // the last seconds of a minute's count are no loss
			return
		case <-tick.C:
			one, cancel := context.WithTimeout(ctx, 5*time.Second)
			_ = s.Flush(one) // the database is away: the counts stay in memory and are written later
			cancel()
		}
	}
}

// Flush writes what changed since the last time. Each row holds the whole count of its minute or day, so writing
// it twice changes nothing.
func (s *Service) Flush(ctx context.Context) error {
	select {
	case s.flushing <- struct{}{}:
		defer func() { <-s.flushing }()
	case <-ctx.Done():
		return fmt.Errorf("keep counts: %w", ctx.Err())
	}
	return errors.Join(s.flushAnswers(ctx), s.flushSeen(ctx), s.flushOutages(ctx), s.flushCalls(ctx))
}

func (s *Service) flushAnswers(ctx context.Context) error {
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
	err := s.put(ctx, &rows, []string{"minute", "instance"}, []string{"answers", "repeats", "refused", "buckets"})
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
	day  struct{ answers, repeats int64 }
	hour buckets
	seen map[string]map[string]Sight // by app, then by what; of the day
}

// read adds up all instances since the two instants, after writing what this one has not written yet.
func (s *Service) read(ctx context.Context, day, hour time.Time) (sums, error) {
	out := sums{seen: map[string]map[string]Sight{}}
	if err := s.Flush(ctx); err != nil && !store.Gone(err) {
		return out, err
	}
	var rows []minute
	if err := s.db.WithContext(ctx).Where("minute >= ?", model.Milli(day)).Order("minute").Find(&rows).Error; err != nil {
		return out, fmt.Errorf("read answers: %w", err)
	}
	for _, r := range rows {
		out.day.answers += r.Answers
		out.day.repeats += r.Repeats
		if !r.Minute.Before(hour) {
			out.hour.merge(r.Buckets)
		}
	}
	for _, a := range s.o.Apps {
		if a.AppID == "" {
			continue
		}
		var err error
		if out.seen[a.AppID], err = s.sights(ctx, a.AppID, day); err != nil {
			return out, err
		}
	}
	return out, nil
}
