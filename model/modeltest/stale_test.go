package modeltest

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
)

// Only what newName made, and only long ago, is given up.
func TestStale(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	if name := newName(now.Add(-staleAge - time.Minute)); !stale(name, now) {
		t.Errorf("%s is kept", name)
	}
	for _, name := range []string{newName(now), newName(now.Add(-time.Hour)), newName(now.Add(time.Hour)), "t_", "t_0123456789abcdef", "t_00000000_short", "t_zzzzzzzz_0123456789ab", "loudou", "mysql", "x_00000000_0123456789ab"} {
		if stale(name, now) {
			t.Errorf("%s would be dropped", name)
		}
	}
}

func TestKilledTestsAreSweptAway(t *testing.T) {
	if os.Getenv("LOUDOU_TEST_MYSQL") == "" {
		return // a file goes with its folder
	}
	admin, err := sql.Open("mysql", os.Getenv("LOUDOU_TEST_MYSQL"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	old, young := newName(time.Now().Add(-staleAge-time.Minute)), newName(time.Now())
	for _, q := range []string{"CREATE DATABASE " + old, "CREATE DATABASE " + young, "CREATE USER '" + old + "'@'127.0.0.1'"} {
		if _, err := admin.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP DATABASE " + young) })
	dropStale(t, admin)
	var databases, users int
	if err := admin.QueryRowContext(context.Background(), "SELECT (SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name IN (?, ?)), (SELECT COUNT(*) FROM mysql.user WHERE User = ?)", old, young, old).Scan(&databases, &users); err != nil {
		t.Fatal(err)
	}
	if databases != 1 || users != 0 {
		t.Errorf("%d databases and %d users are left, want the young database alone", databases, users)
	}
}
