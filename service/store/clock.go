package store

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// Clock tells the database's time without asking it each time: it keeps how far this machine is from it. By
// it leases are judged, so that instances whose clocks differ agree. Safe for concurrent use.
type Clock struct {
	db *gorm.DB

	mu     sync.Mutex
	ahead  time.Duration // the database's clock less ours
	asked  time.Time
	asking bool
}

const (
	clockAsk   = 30 * time.Second // how old the difference may be
	clockAgain = 2 * time.Second  // after it gave none
	clockWait  = 500 * time.Millisecond
)

// NewClock asks nothing yet.
func NewClock(db *gorm.DB) *Clock { return &Clock{db: db} }

// Now is the database's time in UTC, to within half a trip to it. While the database cannot be asked the
// last known difference holds; before the first answer that is none.
func (c *Clock) Now() time.Time {
	if IsMySQL(c.db) { // SQLite is on this machine: its clock is ours
		c.mu.Lock()
		first := c.asked.IsZero()
		due := !c.asking && time.Since(c.asked) > clockAsk
		if due {
			c.asking = true
		}
		c.mu.Unlock()
		switch {
		case due && first:
			c.ask()
		case due:
			go c.ask()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return model.Milli(time.Now().Add(c.ahead))
}

func (c *Clock) ask() {
	ctx, cancel := context.WithTimeout(context.Background(), clockWait)
	defer cancel()
	var theirs time.Time
	start := time.Now()
	err := c.db.WithContext(ctx).Raw("SELECT UTC_TIMESTAMP(3)").Scan(&theirs).Error
	trip := time.Since(start)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking, c.asked = false, time.Now()
	if err != nil {
		c.asked = c.asked.Add(clockAgain - clockAsk)
		return
	}
	c.ahead = theirs.Sub(start.Add(trip / 2))
	if c.ahead.Abs() > 5*time.Second {
		slog.Warn("this machine's clock differs from the database's", "ahead", c.ahead.Round(time.Millisecond))
	}
}

// WaitOut waits out the little by which two clocks differ; for more than five seconds the answer is ErrUnavailable, and
// the job comes again.
func WaitOut(ctx context.Context, d time.Duration) error {
	if d > 5*time.Second {
		return fmt.Errorf("%s too early: %w", d, model.ErrUnavailable)
	}
	if d <= 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
