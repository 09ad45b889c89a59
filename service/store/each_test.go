package store_test

import (
	"database/sql/driver"
	"errors"
	"testing"

	"gorm.io/gorm"

	"loudou/model/modeltest"
	"loudou/service/store"
)

func TestEach(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		if err := db.Exec("CREATE TABLE each_things (id BIGINT NOT NULL, name VARCHAR(20) NULL)").Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Exec("INSERT INTO each_things VALUES (1, '一'), (2, NULL), (3, 'it''s')").Error; err != nil {
			t.Fatal(err)
		}
		var got string
		read := func(query string, args ...any) error {
			got = ""
			return store.Each(t.Context(), db, query, func(row []driver.Value) error {
				got += store.Text(row[0]) + store.Text(row[1]) + " "
				return nil
			}, args...)
		}
		if err := read("SELECT id, name FROM each_things ORDER BY id"); err != nil || got != "1一 2 3it's " {
			t.Errorf("%q %v", got, err)
		}
		if err := read("SELECT id, name FROM each_things WHERE name = ? AND id > ? ORDER BY id", "it's", 2); err != nil || got != "3it's " {
			t.Errorf("%q %v", got, err)
		}
		var sum int64
		err := store.Each(t.Context(), db, "SELECT SUM(id), MAX(name) FROM each_things WHERE id < 3", func(row []driver.Value) error {
			sum = store.Int(row[0])
			return nil
		})
		if err != nil || sum != 3 {
			t.Errorf("%d %v", sum, err)
		}
		// What take says ends it, and the connection is as good as before.
		stop := errors.New("stop")
		for range 20 {
			if err := store.Each(t.Context(), db, "SELECT id FROM each_things", func([]driver.Value) error { return stop }); !errors.Is(err, stop) {
				t.Fatal(err)
			}
		}
		if err := read("SELECT id, nothing FROM each_things"); err == nil {
			t.Error("a column that is not there was read")
		}
		if store.IsMySQL(db) { // the server ends every connection: the next question notices and asks again
			var ids []int64
			if err := db.Raw("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()").Scan(&ids).Error; err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				db.Exec("KILL ?", id)
			}
			if err := read("SELECT id, name FROM each_things WHERE id = 1"); err != nil || got != "1一 " {
				t.Errorf("after the server hung up: %q %v", got, err)
			}
		}
	})
}
