// Package modeltest opens fresh, migrated databases for tests: real ones, dropped at the end. MySQL (or
// MariaDB) is used when LOUDOU_TEST_MYSQL holds its address ("root@tcp(127.0.0.1:3306)/"), as
// `make test` sees to; SQLite always.
package modeltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model/migration"
	"loudou/service/store"
)

// Run runs the test on SQLite and, where there is one, on MySQL, each with its own database.
func Run(t *testing.T, test func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		t.Run("mysql", func(t *testing.T) { test(t, MySQL(t)) })
	}
}

// Open gives one database: MySQL where there is one, else SQLite.
func Open(t testing.TB) *gorm.DB {
	t.Helper()
	if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
		return MySQL(t)
	}
	return SQLite(t)
}

// SQLite gives a migrated SQLite file in the test's own folder.
func SQLite(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, SQLiteDSN(t))
}

// SQLiteDSN names a SQLite file in the test's own folder that does not exist yet.
func SQLiteDSN(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "loudou.db")
}

// MySQL gives a migrated database of its own on the test server.
func MySQL(t testing.TB) *gorm.DB {
	t.Helper()
	return open(t, MySQLDSN(t))
}

// MySQLDSN makes an empty database on the test server, dropped when the test ends, and names it as
// LOUDOU_DATABASE does.
func MySQLDSN(t testing.TB) string {
	t.Helper()
	server := os.Getenv("LOUDOU_TEST_MYSQL")
	if server == "" {
		t.Fatal("LOUDOU_TEST_MYSQL is not set: run make test")
	}
	admin, err := sql.Open("mysql", server)
	if err != nil {
		t.Fatal(err)
	}
	sweep.Do(func() { dropStale(t, admin) })
	name := newName(time.Now())
	if _, err := admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + name)
		_ = admin.Close()
	})
	return "mysql://" + server + name
}

// A test that was killed drops nothing. Names carry the second they were made in, so the next run finds what
// has stood for longer than any run takes.
const (
	prefix   = "t_"
	staleAge = 24 * time.Hour
)

var sweep sync.Once

func newName(at time.Time) string {
	raw := make([]byte, 6)
	_, _ = rand.Read(raw)
	return fmt.Sprintf("%s%08x_%s", prefix, at.Unix(), hex.EncodeToString(raw))
}

// stale says whether name is one of newName's and older than staleAge. Other names are nobody's business here.
func stale(name string, now time.Time) bool {
	rest, ours := strings.CutPrefix(name, prefix)
	second, random, cut := strings.Cut(rest, "_")
	if !ours || !cut || len(second) != 8 || len(random) != 12 {
		return false
	}
	made, err := strconv.ParseInt(second, 16, 64)
	return err == nil && now.Sub(time.Unix(made, 0)) > staleAge
}

// dropStale drops the databases, and the users of the same names, that killed tests left behind.
func dropStale(t testing.TB, admin *sql.DB) {
	t.Helper()
	for query, drop := range map[string]string{
		"SELECT schema_name, '' FROM information_schema.schemata": "DROP DATABASE IF EXISTS %s",
		"SELECT User, Host FROM mysql.user":                       "DROP USER IF EXISTS '%s'@'%s'",
	} {
		rows, err := admin.Query(query)
		if err != nil {
			continue // a server that does not show its users has none of ours to drop
		}
		var left [][2]string
		for rows.Next() {
			var name, host string
			if err := rows.Scan(&name, &host); err == nil && stale(name, time.Now()) {
				left = append(left, [2]string{name, host})
			}
		}
		_ = rows.Close()
		if err := rows.Err(); err != nil {
			t.Log(err)
		}
		for _, x := range left {
			args := []any{x[0], x[1]}
			if _, err := admin.Exec(fmt.Sprintf(drop, args[:strings.Count(drop, "%s")]...)); err != nil {
				t.Log(err)
			}
		}
	}
}

func open(t testing.TB, dsn string) *gorm.DB {
	t.Helper()
	db, err := store.OpenDB(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
	})
	if err := migration.Up(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	return db
}
