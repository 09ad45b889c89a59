// Package gate stands in front of a fake: it keeps what was asked, counts the calls of every path, and plays the
// faults a test or a rehearsing operator has ordered (an error, a delay, silence, a broken connection, an answer
// that is lost after the work was done). It serves the fakes of WeChat, WeChat Pay and virtual payment alike.
package gate

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// Fault is one bad habit of a fake. The zero Fault changes nothing; its fields add up: a Delay and a Status give
// a late error.
type Fault struct {
	Times  int           // how many calls it spoils; 0 means until cleared
	Delay  time.Duration // pause before anything is done
	Late   time.Duration // pause after the work, before the answer leaves
	Hang   bool          // never answer: wait until the caller gives up
	Drop   bool          // cut the connection without an answer
	After  bool          // do the work first, then Drop, Hang or answer Status: the answer is lost, the deed is not
	Status int           // answer this status with Body instead
	Body   string
}

// Status answers a call with code and body and does no work.
func Status(code int, body string) Fault { return Fault{Status: code, Body: body} }

// Call is one request a fake has seen. Body is cut at 16 KiB.
type Call struct {
	At     time.Time
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	Status int    // what was answered; 0 when nothing was
	Answer []byte // cut at 16 KiB
	Fault  bool   // a fault was played on it
}

type armed struct {
	pattern string
	fault   Fault
	left    int
	gone    bool
}

// Gate wraps a fake's mux. It is safe for many callers at once.
type Gate struct {
	mux *http.ServeMux

	mu     sync.Mutex
	counts map[string]int
	calls  []Call
	faults []*armed
	closed chan struct{}
}

const keep, cut = 4000, 16 << 10

// New gives a gate in front of mux.
func New(mux *http.ServeMux) *Gate {
	return &Gate{mux: mux, counts: map[string]int{}, closed: make(chan struct{})}
}

// Fail arms a fault on the paths that pattern names: an exact path, one with * for a single element
// (/v3/pay/transactions/out-trade-no/*/close), a prefix ending in /, or "" for every path. The latest armed fault
// wins. The function returned takes the fault away again.
func (g *Gate) Fail(pattern string, f Fault) (clear func()) {
	a := &armed{pattern: pattern, fault: f, left: f.Times}
	g.mu.Lock()
	g.faults = append(g.faults, a)
	g.mu.Unlock()
	return func() { g.mu.Lock(); a.gone = true; g.mu.Unlock() }
}

// Heal takes every fault away.
func (g *Gate) Heal() { g.mu.Lock(); g.faults = nil; g.mu.Unlock() }

// Close lets hanging calls go.
func (g *Gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.closed:
	default:
		close(g.closed)
	}
}

// Count says how many calls reached the paths that pattern names.
func (g *Gate) Count(pattern string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for p, c := range g.counts {
		if match(pattern, p) {
			n += c
		}
	}
	return n
}

// Counts gives the calls per path, numbers in a path replaced by their names.
func (g *Gate) Counts() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make(map[string]int, len(g.counts))
	for p, c := range g.counts {
		out[p] = c
	}
	return out
}

// Calls gives the last calls (at most 4000 are kept) whose path pattern names, oldest first.
func (g *Gate) Calls(pattern string) []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Call
	for _, c := range g.calls {
		if match(pattern, c.Path) {
			out = append(out, c)
		}
	}
	return out
}

// Forget drops the calls that are kept; what was counted stays.
func (g *Gate) Forget() { g.mu.Lock(); g.calls = nil; g.mu.Unlock() }

func match(pattern, p string) bool {
	if pattern == "" || pattern == p || strings.HasSuffix(pattern, "/") && strings.HasPrefix(p, pattern) {
		return true
	}
	ok, _ := path.Match(pattern, p)
	return ok
}

func (g *Gate) take(p string) (Fault, bool) {
	for i := len(g.faults) - 1; i >= 0; i-- {
		a := g.faults[i]
		if a.gone || !match(a.pattern, p) {
			continue
		}
		if a.fault.Times > 0 {
			if a.left == 0 {
				continue
			}
			a.left--
		}
		return a.fault, true
	}
	return Fault{}, false
}

// ServeHTTP reads the whole body (fakes sign and compare raw bytes), then plays the fault or lets the call through.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err != nil {
		http.Error(w, "body", http.StatusRequestEntityTooLarge)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := r.URL.Path
	if _, pattern := g.mux.Handler(r); pattern != "" {
		name = pattern[strings.IndexByte(pattern, '/'):]
		if strings.HasSuffix(name, "/") {
			name = r.URL.Path
		}
	}
	c := Call{At: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Body: head(body)}
	g.mu.Lock()
	g.counts[name]++
	fault, bad := g.take(r.URL.Path)
	g.mu.Unlock()
	c.Fault = bad

	rec := &recorder{header: http.Header{}}
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.calls = append(g.calls, c); len(g.calls) > keep+keep/4 {
			g.calls = append([]Call(nil), g.calls[len(g.calls)-keep:]...)
		}
	}()
	if !g.pause(r, fault.Delay) {
		return
	}
	spoilt := fault.Hang || fault.Drop || fault.Status != 0
	if !spoilt || fault.After {
		g.mux.ServeHTTP(rec, r)
	}
	if !g.pause(r, fault.Late) {
		return
	}
	switch {
	case fault.Hang:
		select {
		case <-r.Context().Done():
		case <-g.closed:
		}
		panic(http.ErrAbortHandler)
	case fault.Drop:
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		rec = &recorder{header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, status: fault.Status}
		rec.body.WriteString(fault.Body)
	}
	c.Status, c.Answer = rec.code(), head(rec.body.Bytes())
	for k, v := range rec.header {
		w.Header()[k] = v
	}
	w.WriteHeader(c.Status)
	_, _ = w.Write(rec.body.Bytes())
}

func (g *Gate) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-g.closed:
		return true
	case <-r.Context().Done():
		return false
	}
}

func head(b []byte) []byte {
	if len(b) > cut {
		b = b[:cut]
	}
	return append([]byte(nil), b...)
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(code int) {
	if r.status == 0 {
		r.status = code
	}
}
func (r *recorder) Write(b []byte) (int, error) { r.WriteHeader(200); return r.body.Write(b) }
func (r *recorder) code() int {
	if r.status == 0 {
		return 200
	}
	return r.status
}
