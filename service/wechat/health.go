package wechat

import (
	"errors"
	"sort"
	"sync"
	"time"

	"loudou/model"
)

// PathHealth is how one of WeChat's interfaces has done since this instance started.
type PathHealth struct {
	Path         string
	Calls        int64
	Errors       int64
	LastAt       time.Time
	LastOKAt     time.Time
	LastErrorAt  time.Time
	LastError    string    // Chinese, where WeChat gave a code
	LastCode     string    // WeChat's
	StoppedUntil time.Time // the day's quota is used up until then; zero when it is not
}

// Paths tells how each interface has done since this instance started; it asks nobody.
func (c *Client) Paths() []PathHealth { return c.health.list(c.now()) }

type health struct {
	mu    sync.Mutex
	paths map[string]*PathHealth
}

func newHealth() *health { return &health{paths: map[string]*PathHealth{}} }

func (h *health) path(path string) *PathHealth {
	p := h.paths[path]
	if p == nil {
		p = &PathHealth{Path: path}
		h.paths[path] = p
	}
	return p
}

func (h *health) count(path string, now time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.path(path)
	p.Calls++
	p.LastAt = now
	if err == nil {
		p.LastOKAt = now
		return
	}
	p.Errors++
	p.LastErrorAt, p.LastError, p.LastCode = now, said(err), model.CallCode(err)
}

func said(err error) string {
	var c *model.CallError
	if errors.As(err, &c) && c.Code != "" {
		return c.Code + " " + c.Text
	}
	return err.Error()
}

// stop ends the calls of path until the day is over in China, when WeChat counts anew.
func (h *health) stop(path string, now time.Time) {
	day := now.In(model.Shanghai)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.path(path).StoppedUntil = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, model.Shanghai)
}

func (h *health) stopped(path string, now time.Time) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.paths[path]
	if p == nil || !now.Before(p.StoppedUntil) {
		return time.Time{}, false
	}
	return p.StoppedUntil, true
}

func (h *health) list(now time.Time) []PathHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]PathHealth, 0, len(h.paths))
	for _, p := range h.paths {
		one := *p
		if !now.Before(one.StoppedUntil) {
			one.StoppedUntil = time.Time{}
		}
		out = append(out, one)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// breaker stops calling for five seconds after five transport failures in a row, then lets one call try.
type breaker struct {
	mu     sync.Mutex
	failed int
	until  time.Time
}

const (
	breakAfter = 5
	breakTime  = 5 * time.Second
)

func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return true
	}
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(breakTime) // this caller tries for all
	return true
}

func (b *breaker) result(now time.Time, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok {
		b.failed = 0
		return
	}
	if b.failed++; b.failed >= breakAfter {
		b.until = now.Add(breakTime)
	}
}
