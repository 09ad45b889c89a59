package gate

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func open(t *testing.T) (*Gate, string, *atomic.Int32) {
	t.Helper()
	done := new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{no}/close", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		done.Add(1)
		_, _ = w.Write(append([]byte("did "), b...))
	})
	g := New(mux)
	s := httptest.NewServer(g)
	t.Cleanup(func() { g.Close(); s.Close() })
	return g, s.URL, done
}

func call(t *testing.T, url, path string, wait time.Duration) (int, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", url+path, strings.NewReader("x"))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func TestFaults(t *testing.T) {
	g, url, done := open(t)
	for _, c := range []struct {
		name   string
		fault  Fault
		status int
		body   string
		fails  bool
		did    int
	}{
		{"none", Fault{}, 200, "did x", false, 1},
		{"status", Status(502, "no"), 502, "no", false, 0},
		{"status after the deed", Fault{Status: 500, After: true}, 500, "", false, 1},
		{"dropped", Fault{Drop: true}, 0, "", true, 0},
		{"dropped after the deed", Fault{Drop: true, After: true}, 0, "", true, 1},
		{"hanging", Fault{Hang: true}, 0, "", true, 0},
		{"late", Fault{Late: 20 * time.Millisecond}, 200, "did x", false, 1},
		{"slow, then given up", Fault{Delay: time.Minute}, 0, "", true, 0},
	} {
		done.Store(0)
		clear := g.Fail("/orders/*/close", c.fault)
		status, body, err := call(t, url, "/orders/7/close", 300*time.Millisecond)
		if status != c.status || body != c.body || (err != nil) != c.fails || int(done.Load()) != c.did {
			t.Errorf("%s: %d %q %v, done %d; want %d %q, fails %v, done %d", c.name, status, body, err, done.Load(), c.status, c.body, c.fails, c.did)
		}
		clear()
	}
}

func TestTimesCountsAndCalls(t *testing.T) {
	g, url, _ := open(t)
	g.Fail("/orders/", Fault{Times: 2, Status: 500})
	var got []int
	for _, no := range []string{"1", "2", "3"} {
		status, _, _ := call(t, url, "/orders/"+no+"/close", time.Second)
		got = append(got, status)
	}
	if got[0] != 500 || got[1] != 500 || got[2] != 200 {
		t.Errorf("statuses %v, want 500, 500, 200", got)
	}
	if n := g.Count("/orders/*/close"); n != 3 {
		t.Errorf("Count = %d, want 3", n)
	}
	if c := g.Counts(); c["/orders/{no}/close"] != 3 || len(c) != 1 {
		t.Errorf("Counts = %v", c)
	}
	if c := g.Calls("/orders/2/close"); len(c) != 1 || string(c[0].Body) != "x" || c[0].Status != 500 || !c[0].Fault {
		t.Errorf("Calls = %+v", c)
	}
	g.Fail("", Fault{Status: 503})
	g.Heal()
	if status, _, _ := call(t, url, "/orders/4/close", time.Second); status != 200 {
		t.Errorf("after Heal: %d", status)
	}
}
