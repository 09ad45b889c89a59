// Package migration brings the schema of a database up to this program's. One numbered series, a file
// per change and dialect, embedded, forward only.
//
// It is safe with several instances starting together: a lease row lets one of them work while the
// others wait. It is safe to be killed at any point: a MySQL file holds one statement, and on a second
// run "is there already" counts as done, so no state needs a person. The lease is judged by the
// database's clock.
package migration

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
)

//go:embed mysql/*.sql sqlite/*.sql
var files embed.FS

// Change is one numbered file.
type Change struct {
	Number  int
	Name    string
	Applied bool
	sql     string
}

const (
	lease     = 60 * time.Second
	tableVers = "CREATE TABLE IF NOT EXISTS schema_versions (number INT PRIMARY KEY, name VARCHAR(200) NOT NULL, applied_at VARCHAR(40) NOT NULL)"
	tableLock = "CREATE TABLE IF NOT EXISTS schema_lease (id INT PRIMARY KEY, holder VARCHAR(64) NOT NULL, until_unix BIGINT NOT NULL)"
)

// Status lists every change in order and whether db has it.
func Status(ctx context.Context, db *gorm.DB) ([]Change, error) {
	if err := prepare(ctx, db); err != nil {
		return nil, err
	}
	all, err := changes(dialect(db))
	if err != nil {
		return nil, err
	}
	var done []int
	if err := db.WithContext(ctx).Raw("SELECT number FROM schema_versions").Scan(&done).Error; err != nil {
		return nil, fmt.Errorf("read schema_versions: %w", err)
	}
	has := make(map[int]bool, len(done))
	for _, n := range done {
		has[n] = true
	}
	for i := range all {
		all[i].Applied = has[all[i].Number]
	}
	return all, nil
}

// Up applies what is missing, waiting while another instance does. Running it again changes nothing.
func Up(ctx context.Context, db *gorm.DB) error {
	if on, err := Filling(ctx, db); err != nil {
		return err
	} else if on {
		return ErrFilling
	}
	list, err := Status(ctx, db)
	if err != nil {
		return err
	}
	if !pending(list) {
		return nil
	}
	me, end, err := hold(ctx, db)
	if err != nil {
		return err
	}
	defer end()
	if on, err := filling(ctx, db); err != nil {
		return err
	} else if on { // it began while we waited
		return ErrFilling
	}
	if list, err = Status(ctx, db); err != nil { // another instance may have worked meanwhile
		return err
	}
	for _, c := range list {
		if c.Applied {
			continue
		}
		if err := applyHeld(ctx, db, me, c); err != nil {
			return err
		}
	}
	return nil
}

// applyHeld applies c while the lease is me's.
func applyHeld(ctx context.Context, db *gorm.DB, me string, c Change) error {
	if ok, err := takeLease(ctx, db, me); err != nil || !ok {
		return fmt.Errorf("migration %04d: lease lost: %w", c.Number, errors.Join(err, errors.New("another instance works")))
	}
	if err := apply(ctx, db, c); err != nil {
		return fmt.Errorf("migration %04d_%s: %w", c.Number, c.Name, err)
	}
	return nil
}

func pending(list []Change) bool {
	for _, c := range list {
		if !c.Applied {
			return true
		}
	}
	return false
}

func prepare(ctx context.Context, db *gorm.DB) error {
	for _, q := range []string{tableVers, tableLock} {
		if err := db.WithContext(ctx).Exec(q).Error; err != nil {
			return fmt.Errorf("schema tables: %w", err)
		}
	}
	return nil
}

// hold waits until the lease of the schema is ours. me renews it.
func hold(ctx context.Context, db *gorm.DB) (me string, end func(), err error) {
	holder := make([]byte, 16)
	_, _ = rand.Read(holder)
	me = hex.EncodeToString(holder)
	for {
		got, err := takeLease(ctx, db, me)
		if err != nil {
			return "", nil, err
		}
		if got {
			break
		}
		select {
		case <-ctx.Done():
			return "", nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return me, func() {
		db.WithContext(context.WithoutCancel(ctx)).Exec("UPDATE schema_lease SET until_unix = 0 WHERE id = 1 AND holder = ?", me)
	}, nil
}

// takeLease takes or renews the lease: one conditional update, its row count looked at.
func takeLease(ctx context.Context, db *gorm.DB, me string) (bool, error) {
	now := "strftime('%s','now')"
	insert := "INSERT OR IGNORE INTO schema_lease (id, holder, until_unix) VALUES (1, '', 0)"
	if dialect(db) == "mysql" {
		now = "UNIX_TIMESTAMP()"
		insert = "INSERT IGNORE INTO schema_lease (id, holder, until_unix) VALUES (1, '', 0)"
	}
	if err := db.WithContext(ctx).Exec(insert).Error; err != nil {
		return false, fmt.Errorf("lease row: %w", err)
	}
	res := db.WithContext(ctx).Exec("UPDATE schema_lease SET until_unix = "+now+" + ?, holder = ? WHERE id = 1 AND (until_unix < "+now+" OR holder = ?)", int(lease.Seconds()), me, me)
	if res.Error != nil {
		return false, fmt.Errorf("lease: %w", res.Error)
	}
	if res.RowsAffected == 1 {
		return true, nil
	}
	// MySQL counts a row that keeps its values as 0: ask who holds it.
	var holder string
	err := db.WithContext(ctx).Raw("SELECT holder FROM schema_lease WHERE id = 1 AND until_unix >= " + now).Scan(&holder).Error
	return holder == me, err
}

func apply(ctx context.Context, db *gorm.DB, c Change) error {
	record := func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO schema_versions (number, name, applied_at) VALUES (?, ?, ?)", c.Number, c.Name, time.Now().UTC().Format(time.RFC3339)).Error
	}
	if dialect(db) == "sqlite" { // DDL and the version row are one commit
		return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			for _, q := range split(c.sql) {
				if err := tx.Exec(q).Error; err != nil {
					return err
				}
			}
			return record(tx)
		})
	}
	if err := db.WithContext(ctx).Exec(c.sql).Error; err != nil && !already(err) {
		return err
	}
	return record(db.WithContext(ctx))
}

// already tells MySQL's ways to say that an interrupted run had got this far.
func already(err error) bool {
	var my *mysqldriver.MySQLError
	if !errors.As(err, &my) {
		return false
	}
	switch my.Number {
	case 1050, 1060, 1061, 1091: // table, column, key exists; column or key to drop is gone
		return true
	}
	return false
}

func dialect(db *gorm.DB) string { return db.Dialector.Name() }

func changes(dialect string) ([]Change, error) {
	names, err := fs.Glob(files, dialect+"/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	out := make([]Change, 0, len(names))
	for _, n := range names {
		num, title, ok := strings.Cut(strings.TrimSuffix(path.Base(n), ".sql"), "_")
		number, err := strconv.Atoi(num)
		if !ok || err != nil {
			return nil, fmt.Errorf("migration file %s is not NNNN_what.sql", n)
		}
		b, err := files.ReadFile(n)
		if err != nil {
			return nil, err
		}
		out = append(out, Change{Number: number, Name: title, sql: strings.TrimRight(strings.TrimSpace(string(b)), ";")})
	}
	return out, nil
}

// split cuts a SQLite file at the semicolons that end a line.
func split(text string) []string {
	var out []string
	for _, q := range strings.Split(text+"\n", ";\n") {
		if q = strings.TrimSpace(q); q != "" {
			out = append(out, q)
		}
	}
	return out
}
