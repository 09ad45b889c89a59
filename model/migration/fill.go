package migration

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// ErrFilling tells that a restore into this database was begun and has not ended: part of the rows are missing.
var ErrFilling = errors.New("a restore into this database did not end: run loudou restore again, or empty the database")

// fillingRow is the row of schema_lease that stands while a restore fills the database. It has no end of its own.
const fillingRow = 2

// Applied lists the numbers of the changes db has, in order.
func Applied(ctx context.Context, db *gorm.DB) ([]int, error) {
	list, err := Status(ctx, db)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, c := range list {
		if c.Applied {
			out = append(out, c.Number)
		}
	}
	return out, nil
}

// Unknown lists those of numbers this program has no file for.
func Unknown(db *gorm.DB, numbers []int) ([]int, error) {
	all, err := changes(dialect(db))
	if err != nil {
		return nil, err
	}
	known := map[int]bool{}
	for _, c := range all {
		known[c.Number] = true
	}
	var out []int
	for _, n := range numbers {
		if !known[n] {
			out = append(out, n)
		}
	}
	return out, nil
}

// Filling tells whether a restore was begun and has not ended.
func Filling(ctx context.Context, db *gorm.DB) (bool, error) {
	if err := prepare(ctx, db); err != nil {
		return false, err
	}
	return filling(ctx, db)
}

func filling(ctx context.Context, db *gorm.DB) (bool, error) {
	var n int64
	err := db.WithContext(ctx).Raw("SELECT COUNT(*) FROM schema_lease WHERE id = ?", fillingRow).Scan(&n).Error
	return n > 0, err
}

// Fill marks db as being filled, takes the tables old away and applies exactly the changes numbers: the schema a
// backup was made with. Killed, it is run again. The caller has seen that nothing of value is in old.
func Fill(ctx context.Context, db *gorm.DB, numbers []int, old []string) error {
	if err := prepare(ctx, db); err != nil {
		return err
	}
	me, end, err := hold(ctx, db)
	if err != nil {
		return err
	}
	defer end()
	on := db.WithContext(ctx)
	ignore := "INSERT OR IGNORE"
	if dialect(db) == "mysql" {
		ignore = "INSERT IGNORE"
	}
	if err := on.Exec(ignore+" INTO schema_lease (id, holder, until_unix) VALUES (?, 'restore', 0)", fillingRow).Error; err != nil {
		return fmt.Errorf("mark of the restore: %w", err)
	}
	for _, name := range old {
		if strings.HasPrefix(name, "schema_") {
			continue
		}
		if err := on.Exec("DROP TABLE IF EXISTS `" + name + "`").Error; err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	if err := on.Exec("DELETE FROM schema_versions").Error; err != nil {
		return fmt.Errorf("schema_versions: %w", err)
	}
	all, err := changes(dialect(db))
	if err != nil {
		return err
	}
	want := map[int]bool{}
	for _, n := range numbers {
		want[n] = true
	}
	for _, c := range all {
		if !want[c.Number] {
			continue
		}
		if err := applyHeld(ctx, db, me, c); err != nil {
			return err
		}
	}
	return nil
}

// Filled takes the mark away: the last row is there.
func Filled(ctx context.Context, db *gorm.DB) error {
	return db.WithContext(ctx).Exec("DELETE FROM schema_lease WHERE id = ?", fillingRow).Error
}
