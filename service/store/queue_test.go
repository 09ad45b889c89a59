package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/service/store"
)

// Writers of one SQLite file are let in in the order they came, whichever pool they came through, and one who
// gives up waiting holds nobody up.
func TestWritersQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue.db")
	open := func() *gorm.DB {
		db, err := store.OpenDB("sqlite:" + path)
		if err != nil {
			t.Fatal(err)
		}
		pool, err := db.DB()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		return db
	}
	pools := []*gorm.DB{open(), open()}
	if err := pools[0].Exec("CREATE TABLE came (n INTEGER)").Error; err != nil {
		t.Fatal(err)
	}
	held := pools[0].Begin()
	if held.Error != nil {
		t.Fatal(held.Error)
	}
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			ctx := t.Context()
			if n == 5 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
			}
			err := store.Tx(ctx, pools[n%2], func(tx *gorm.DB) error { return tx.Exec("INSERT INTO came VALUES (?)", n).Error })
			if n == 5 != errors.Is(err, context.DeadlineExceeded) || n != 5 && err != nil {
				t.Errorf("writer %d: %v", n, err)
			}
		})
		time.Sleep(30 * time.Millisecond) // it stands in the queue
	}
	if err := held.Commit().Error; err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	var came []int
	if err := pools[1].Raw("SELECT n FROM came ORDER BY rowid").Scan(&came).Error; err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11}; !slices.Equal(came, want) {
		t.Errorf("they wrote in the order %v", came)
	}
}
