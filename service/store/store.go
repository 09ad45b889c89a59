// Package store opens the database and Redis, and holds what every owner of tables needs: the
// transaction that is run again on a deadlock, the row lock, and the meaning of a duplicate key. It
// owns no table.
//
// Two databases are served by the same code: SQLite (embedded) and MySQL or MariaDB (production).
// SQLite transactions begin IMMEDIATE, so a transaction there already excludes all other writers; on
// MySQL a row is locked with FOR UPDATE.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	gosqlite "github.com/glebarez/go-sqlite"
	"github.com/glebarez/sqlite"
	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"loudou/model"
)

// MySQLParams are the DSN parameters the house needs; see docs/decisions.md for each.
const MySQLParams = "charset=utf8mb4&collation=utf8mb4_unicode_ci&parseTime=true&loc=UTC&time_zone=%27%2B00%3A00%27&interpolateParams=true&timeout=3s&readTimeout=30s&writeTimeout=30s&sql_mode=%27STRICT_TRANS_TABLES%2CNO_ZERO_DATE%2CNO_ZERO_IN_DATE%2CERROR_FOR_DIVISION_BY_ZERO%2CNO_ENGINE_SUBSTITUTION%27"

// OpenDB opens sqlite:PATH or mysql://user:pass@tcp(host:port)/name. It does not need the server to be
// there yet: readyz says so, and the first statement that finds it heals everything.
func OpenDB(dsn string) (*gorm.DB, error) {
	cfg := &gorm.Config{
		SkipDefaultTransaction: true,
		// Values never reach a log; slow statements are told by name of table and text only.
		Logger:               logger.New(slogWriter{}, logger.Config{SlowThreshold: time.Second, LogLevel: logger.Error, IgnoreRecordNotFoundError: true, ParameterizedQueries: true}),
		NowFunc:              func() time.Time { return model.Milli(time.Now()) },
		DisableAutomaticPing: true,
	}
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		path := strings.TrimPrefix(dsn, "sqlite:")
		if dir := filepath.Dir(path); dir != "." {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, fmt.Errorf("data folder: %w", err)
			}
		}
		if err := touchPrivate(path); err != nil {
			return nil, err
		}
		pool, err := sql.Open(sqlite.DriverName, "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
		if err != nil {
			return nil, fmt.Errorf("open sqlite: %w", err)
		}
		pool.SetMaxOpenConns(8)
		pool.SetMaxIdleConns(8)
		db, err := gorm.Open(sqlite.Dialector{Conn: queue(pool, path)}, cfg)
		if err != nil {
			return nil, fmt.Errorf("open sqlite: %w", err)
		}
		return db, nil
	case strings.HasPrefix(dsn, "mysql://"):
		raw := strings.TrimPrefix(dsn, "mysql://")
		if i := strings.IndexByte(raw, '?'); i >= 0 {
			raw = raw[:i] + "?" + MySQLParams + "&" + raw[i+1:]
		} else {
			raw += "?" + MySQLParams
		}
		c, err := mysqldriver.ParseDSN(raw)
		if err != nil {
			return nil, errors.New("LOUDOU_DATABASE is no valid mysql address") // the driver's text may hold the password
		}
		connector, err := mysqldriver.NewConnector(c)
		if err != nil {
			return nil, errors.New("LOUDOU_DATABASE is no valid mysql address")
		}
		pool := sql.OpenDB(readCommitted{connector})
		pool.SetMaxOpenConns(64)
		pool.SetMaxIdleConns(64)
		pool.SetConnMaxLifetime(3 * time.Minute)
		// Without RETURNING, RowsAffected means the same on MariaDB as on MySQL.
		db, err := gorm.Open(mysql.New(mysql.Config{Conn: pool, DisableWithReturning: true, SkipInitializeWithVersion: true}), cfg)
		if err != nil {
			return nil, fmt.Errorf("open mysql: %w", err)
		}
		return db, nil
	}
	return nil, errors.New("LOUDOU_DATABASE must begin with sqlite: or mysql://")
}

// touchPrivate makes the SQLite file before SQLite does, so that its mode is 0600 whatever the umask.
func touchPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return fmt.Errorf("database file: %w", err)
	}
	return f.Close()
}

// IsMySQL tells which of the two dialects db speaks.
func IsMySQL(db *gorm.DB) bool { return db.Dialector.Name() == "mysql" }

// Tx runs fn in a transaction, and again (at most three times more, with jitter) when the database
// answers deadlock, lock wait or busy. fn must therefore do nothing but talk to tx.
func Tx(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	var err error
	var after []func()
	if !InTx(db) { // one inside another belongs to the outer one
		ctx = context.WithValue(ctx, afterKey{}, &after)
	}
	for try := range 4 {
		after = nil
		if err = db.WithContext(ctx).Transaction(fn); err == nil || !passing(err) {
			if err == nil {
				for _, f := range after {
					f()
				}
			}
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", model.ErrUnavailable, err)
		case <-time.After(time.Duration(5<<try)*time.Millisecond + rand.N(20*time.Millisecond)): //nolint:gosec // jitter
		}
	}
	return fmt.Errorf("%w: %w", model.ErrUnavailable, err)
}

// Snapshot runs fn, which only reads, in a transaction whose statements all see one state of the database. The
// house reads committed, so on MySQL that has to be asked for; SQLite's transactions are such anyway.
func Snapshot(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	var view []*sql.TxOptions
	if IsMySQL(db) {
		view = append(view, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	}
	return db.WithContext(ctx).Transaction(fn, view...)
}

type afterKey struct{}

// After runs f as soon as the transaction tx has committed; a transaction that is undone forgets it, and
// one that Tx did not open never runs it. So f may only be a short cut: a process that dies between commit
// and f must find its way without.
func After(tx *gorm.DB, f func()) {
	if after, ok := tx.Statement.Context.Value(afterKey{}).(*[]func()); ok {
		*after = append(*after, f)
	}
}

// InTx tells whether db is a transaction.
func InTx(db *gorm.DB) bool {
	_, ok := db.Statement.ConnPool.(gorm.TxCommitter)
	return ok
}

// passing tells the refusals that a second try may cure.
func passing(err error) bool {
	var my *mysqldriver.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1213 || my.Number == 1205 || my.Number == 1047
	}
	if errors.Is(err, errQueue) {
		return true
	}
	var lite *gosqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == 5 || lite.Code()&0xff == 6
	}
	return false
}

// Lock makes the following read take the row's lock on MySQL. SQLite needs none: the transaction
// already excludes other writers.
func Lock(tx *gorm.DB) *gorm.DB {
	if IsMySQL(tx) {
		return tx.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	return tx
}

var (
	mysqlKey  = regexp.MustCompile(`for key '(?:[^'.]*\.)?([^']+)'`)
	sqliteKey = regexp.MustCompile(`UNIQUE constraint failed: (.+?)(?: \(\d+\))?$`)
)

// Duplicate tells whether err is a violated unique key, and which: the index's name on MySQL
// (orders_open), the columns on SQLite (orders.appid, orders.open_key).
func Duplicate(err error) (key string, ok bool) {
	var my *mysqldriver.MySQLError
	if errors.As(err, &my) && my.Number == 1062 {
		if m := mysqlKey.FindStringSubmatch(my.Message); m != nil {
			return m[1], true
		}
		return "", true
	}
	var lite *gosqlite.Error
	if errors.As(err, &lite) && (lite.Code() == 2067 || lite.Code() == 1555) {
		if m := sqliteKey.FindStringSubmatch(lite.Error()); m != nil {
			return m[1], true
		}
		return "", true
	}
	return "", false
}

// Gone tells whether err means that the database cannot be reached or may not be written now, as
// against a statement it refused.
func Gone(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, errQueue) {
		return true
	}
	var my *mysqldriver.MySQLError
	if errors.As(err, &my) {
		switch my.Number {
		case 1040, 1053, 1077, 1203, 1226, 1290, 1792, 1836, 1047: // too many, shutting down, read only, cluster not ready
			return true
		}
		return false
	}
	var lite *gosqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case 5, 6, 8, 10, 13, 14: // busy, locked, read only, I/O, full, cannot open
			return true
		}
		return false
	}
	return !errors.Is(err, gorm.ErrRecordNotFound) && (errors.Is(err, mysqldriver.ErrInvalidConn) || errors.Is(err, context.DeadlineExceeded) || isNet(err))
}

type slogWriter struct{}

func (slogWriter) Printf(format string, args ...any) {
	slog.Warn("sql", "msg", strings.TrimSpace(fmt.Sprintf(format, args...)))
}
