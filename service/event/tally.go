package event

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// What is noted of the events that were sent, beside their being stored.
const (
	intakeDuplicate = "duplicate" // sent again; stored before
	intakeClock     = "clock"     // the phone's clock was off: its time was corrected
	intakeStep      = "future"    // still ahead of ours after that: taken as now
)

// tally counts by word until it is written down, behind the answer: it says how taking in goes and no figure
// rests on it, so what a kill takes from it is the last moment's.
type tally struct {
	table, column string
	mu            sync.Mutex
	n             map[string]int64
}

func (t *tally) add(what string, n int64) {
	if n == 0 {
		return
	}
	t.mu.Lock()
	if t.n == nil {
		t.n = map[string]int64{}
	}
	t.n[what] += n
	t.mu.Unlock()
}

// writeTallies writes down what was noted since the last time.
func (s *Service) writeTallies(ctx context.Context) error {
	return errors.Join(s.rejected.flush(ctx, s), s.intake.flush(ctx, s))
}

func (t *tally) flush(ctx context.Context, s *Service) error {
	t.mu.Lock()
	n := t.n
	t.n = nil
	t.mu.Unlock()
	if len(n) == 0 {
		return nil
	}
	q := fmt.Sprintf("INSERT INTO %s (account, day, %s, n) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE n = n + VALUES(n)", t.table, t.column)
	if !s.mysql {
		q = fmt.Sprintf("INSERT INTO %s (account, day, %s, n) VALUES (?, ?, ?, ?) ON CONFLICT (account, day, %s) DO UPDATE SET n = n + excluded.n", t.table, t.column, t.column)
	}
	day := model.DayNumber(s.now())
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		for _, what := range slices.Sorted(maps.Keys(n)) { // in one order, so that two instances do not lock crosswise
			if err := tx.Exec(q, s.Account(), day, what, n[what]).Error; err != nil {
				return fmt.Errorf("write down %s: %w", t.table, err)
			}
		}
		return nil
	})
	if err != nil {
		for what, x := range n { // again next time
			t.add(what, x)
		}
	}
	return err
}
