package main

import (
	"context"
	"os"
	"sync"
	"testing"

	"loudou/config"
	"loudou/model/migration"
	"loudou/model/modeltest"
)

// launch builds the house these settings describe and starts what runs behind its doors; it ends with the
// test.
func launch(t testing.TB, env map[string]string) *house {
	t.Helper()
	cfg, err := config.Load("", func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	h, err := build(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := migration.Up(context.Background(), h.db); err != nil {
		t.Fatal(err)
	}
	for _, step := range h.begin {
		if err := step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, loop := range h.background {
		wg.Go(func() { loop(ctx) })
	}
	t.Cleanup(func() { cancel(); wg.Wait(); h.close() })
	return h
}

// both runs a story on SQLite and on MySQL. Stories wait more than they work (for jobs, for windows to pass), each has
// a house and a WeChat of its own, so they run beside each other.
func both(t *testing.T, story func(t *testing.T, dsn string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); story(t, modeltest.SQLiteDSN(t)) })
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		t.Run("mysql", func(t *testing.T) { t.Parallel(); story(t, modeltest.MySQLDSN(t)) })
	}
}
