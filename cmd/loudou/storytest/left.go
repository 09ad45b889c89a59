package storytest

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What a resting program may hold: its own loops, and what waits to be used again, two goroutines for a
// connection to WeChat and one for a connection to the database. More than that was left by something.
const (
	loops    = 32
	idleHTTP = 2 * 12
	dbPool   = 64
)

// checkLeft is I9. Rest comes a moment after the last request, so each part may take ten seconds.
func (h *House) checkLeft(t testing.TB) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // the callers' own
	own := 0
	if h.Redis == nil { // the Redis inside serves each connection of its pool with one
		own = 10 * runtime.GOMAXPROCS(0)
	}
	for i, p := range h.All {
		var n, connections int
		if !h.Until("I9 the goroutines of an instance end", 10*time.Second, func() bool {
			n, connections = p.Gauge("go_goroutines"), h.connections()
			return n > 0 && n <= loops+idleHTTP+own+connections
		}) {
			t.Errorf("I9 instance %d has %d goroutines with %d connections to the database", i, n, connections)
		}
	}
	if h.SQL == nil {
		// A lock that was left would refuse this one.
		if err := h.DB.Exec("UPDATE orders SET status = status WHERE id = 0").Error; err != nil {
			t.Errorf("I9 SQLite is locked: %v", err)
		}
		return
	}
	h.Until("I9 the connections to the database are the pools'", 10*time.Second, func() bool {
		return h.connections() <= dbPool*len(h.All)
	})
	h.Until("I9 no transaction is left open", 10*time.Second, func() bool {
		return h.Count("SELECT COUNT(*) FROM information_schema.innodb_trx x JOIN information_schema.processlist p ON p.id = x.trx_mysql_thread_id WHERE p.db = DATABASE()") == 0
	})
	if n := h.Count("SELECT COUNT(*) FROM information_schema.innodb_trx x JOIN information_schema.processlist p ON p.id = x.trx_mysql_thread_id WHERE p.db = DATABASE() AND x.trx_started < NOW() - INTERVAL 5 SECOND"); n > 0 {
		t.Errorf("I9 %d transactions are older than five seconds", n)
	}
}

// connections counts what stands between the programs and MariaDB; 0 on SQLite.
func (h *House) connections() int {
	if h.SQL == nil {
		return 0
	}
	return h.SQL.Connections()
}

// Metrics is what the instance tells a collector; "" when it does not answer.
func (p *Program) Metrics() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.metrics+"/metrics", nil)
	if err != nil {
		return ""
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	return string(raw)
}

// Gauge is one number of the metrics, -1 when it is not there.
func (p *Program) Gauge(name string) int {
	_, rest, found := strings.Cut(p.Metrics(), "\n"+name+" ")
	line, _, _ := strings.Cut(rest, "\n")
	f, err := strconv.ParseFloat(line, 64)
	if !found || err != nil {
		return -1
	}
	return int(f)
}
