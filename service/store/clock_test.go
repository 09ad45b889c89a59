package store_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model/modeltest"
	"loudou/service/store"
)

// The difference survives a database that does not answer, and is the database's own.
func TestClock(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		c := store.NewClock(db)
		if d := time.Since(c.Now()).Abs(); d > 2*time.Second {
			t.Fatalf("%v from a database on the same machine", d)
		}
		sqlDB, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlDB.Close(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(c.Now()).Abs(); d > 2*time.Second {
			t.Fatalf("%v after the database went", d)
		}
		if d := time.Since(store.NewClock(db).Now()).Abs(); d > 2*time.Second {
			t.Fatalf("%v with a database that never answered", d)
		}
	})
}
