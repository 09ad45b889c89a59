// Package modeltest opens fresh, migrated databases for tests: real ones, dropped at the end. MySQL (or
// MariaDB) is used when LOUDOU_TEST_MYSQL holds its address ("root@tcp(127.0.0.1:3306)/"), as
// `make test` sees to; SQLite always.
package modeltest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

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
	raw := make([]byte, 8)
	_, _ = rand.Read(raw)
	name := "t_" + hex.EncodeToString(raw)
	admin, err := sql.Open("mysql", server)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + name)
		_ = admin.Close()
	})
	return "mysql://" + server + name
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
