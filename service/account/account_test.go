package account_test

import (
	"errors"
	"sync"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/account"
)

func TestNumber(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		number := func(official, mini string, want int) {
			t.Helper()
			if n, err := account.Number(t.Context(), db, official, mini); err != nil || n != want {
				t.Errorf("%q, %q: %d, %v; want %d", official, mini, n, err, want)
			}
		}
		number("", "", 0)
		number("wxA", "", 0)
		number("wxB", "wxMiniB", 1)
		number("wxA", "wxMiniA", 0) // the Mini Program came later
		number("", "wxMiniA", 0)
		number("wxA", "wxMiniA", 0)
		if _, err := account.Number(t.Context(), db, "wxA", "wxMiniB"); !errors.Is(err, model.ErrConflict) {
			t.Errorf("two accounts taken as one: %v", err)
		}
		var all sync.WaitGroup
		got := make([]int, 16)
		for i := range got {
			all.Go(func() {
				app := "wx" + string(rune('a'+i/2)) // two instances of each
				n, err := account.Number(t.Context(), db, app, app+"mini")
				if err != nil {
					t.Error(err)
				}
				got[i] = n
			})
		}
		all.Wait()
		seen := map[int]bool{}
		for i := 0; i < len(got); i += 2 {
			if got[i] != got[i+1] || got[i] < 2 || seen[got[i]] {
				t.Errorf("started at once: %v", got)
			}
			seen[got[i]] = true
		}
	})
}
