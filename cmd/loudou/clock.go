package main

import (
	"sync/atomic"
	"time"

	"loudou/service/store"
)

// clock is the business clock: days, windows, maturity, reports, dates of campaigns and rules follow it.
// It is the real clock moved by a distance: none in production, LOUDOU_NOW's in tests, and a moving one
// while the sample history is made. Signature ages, sessions, tokens and leases keep time.Now.
type clock struct{ shift atomic.Int64 }

// newClock starts at the given instant; nil means now.
func newClock(start *time.Time) *clock {
	c := &clock{}
	if start != nil {
		c.set(*start)
	}
	return c
}

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.shift.Load())) }

// by is the business clock that runs by the database's: what is sold until when is the same on every instance.
func (c *clock) by(db *store.Clock) func() time.Time {
	return func() time.Time { return db.Now().Add(time.Duration(c.shift.Load())) }
}

func (c *clock) set(t time.Time) { c.shift.Store(int64(time.Until(t))) }
