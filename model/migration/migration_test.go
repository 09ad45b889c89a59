package migration_test

import (
	"context"
	"sync"
	"testing"

	"gorm.io/gorm"

	"loudou/model/migration"
	"loudou/model/modeltest"
)

func TestUpTwiceAndTogether(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		// As left by a kill between the statement and the version row: the next start finishes alone.
		if err := db.Exec("DELETE FROM schema_versions WHERE number > 1").Error; err != nil {
			t.Fatal(err)
		}
		if db.Dialector.Name() == "sqlite" { // there both are one commit, so the tables go too
			for _, q := range dropAll(t, db) {
				db.Exec(q)
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := migration.Up(context.Background(), db); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, err := migration.Status(context.Background(), db)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if !c.Applied {
				t.Errorf("%04d_%s not applied", c.Number, c.Name)
			}
		}
	})
}

func dropAll(t *testing.T, db *gorm.DB) []string {
	t.Helper()
	var names []string
	if err := db.Raw("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('jobs','schema_versions','schema_lease') AND name NOT LIKE 'sqlite_%'").Scan(&names).Error; err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, `DROP TABLE "`+n+`"`)
	}
	return out
}
