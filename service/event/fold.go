package event

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

const (
	foldEvery = 50 * time.Millisecond  // under load; longer when folding itself takes long
	scanEvery = 150 * time.Millisecond // how often batches nobody here remembers are looked for
	foreign   = 2 * time.Second        // another instance's batch is left alone this long
)

// Kinds of roll-up rows; their refs are the thing's number, "" for all, a reason for excluded. What is not one thing's
// names its account besides (model.AccountRef): things belong to one account by themselves.
const (
	KindAll = iota
	KindArticle
	KindCourse
	KindCampaign
	kindChannel // its number is kept: not fed, since a phone may invent channels without end
	KindExcluded
)

// key is a roll-up row's name.
type key struct {
	day    int
	kind   uint8
	id     int64
	reason model.Excluded
	typ    uint8
	// account is set where neither a thing nor its number says whose it is: KindAll and KindExcluded.
	account int
}

func (k key) ref() string {
	switch {
	case k.kind == KindExcluded:
		return model.AccountRef(k.account, k.reason.Code())
	case k.id == 0:
		return model.AccountRef(k.account, "")
	}
	return strconv.FormatInt(k.id, 10)
}

type sum struct{ n, seconds, amount int64 }

type sums map[key]sum

// folding is what waits to be added to the roll-ups.
type folding struct {
	batches []int64
	sums    sums
}

func (m sums) add(r *row) {
	one := func(k key) {
		x := m[k]
		x.n, x.seconds, x.amount = x.n+1, x.seconds+int64(r.seconds), x.amount+r.amount
		m[k] = x
	}
	if r.excluded != 0 {
		one(key{day: model.DayNumber(time.UnixMilli(r.received)), kind: KindExcluded, reason: r.excluded, typ: r.kind, account: r.account})
		return
	}
	one(key{day: r.day, kind: KindAll, typ: r.kind, account: r.account})
	if r.article != 0 {
		one(key{day: r.day, kind: KindArticle, id: r.article, typ: r.kind})
	}
	if r.course != 0 {
		one(key{day: r.day, kind: KindCourse, id: r.course, typ: r.kind})
	}
	if r.campaign != 0 {
		one(key{day: r.day, kind: KindCampaign, id: r.campaign, typ: r.kind})
	}
}

// remember notes a committed batch for the folder. It is a convenience: a batch forgotten here is found in
// its table.
func (s *Service) remember(batch int64, rows []row, accepted []bool) {
	s.mu.Lock()
	some := false
	for i := range rows {
		if accepted == nil || accepted[i] {
			s.waiting.sums.add(&rows[i])
			some = true
		}
	}
	if some {
		s.waiting.batches = append(s.waiting.batches, batch)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// folder folds what this instance committed, and batches that stay unmarked: server facts, whose
// transactions are not ours, and those of instances that died.
func (s *Service) folder(ctx context.Context) {
	scan := time.NewTicker(scanEvery)
	defer scan.Stop()
	seen := map[int64]time.Time{}
	for ctx.Err() == nil {
		scanning := false
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-scan.C:
			scanning = true
		}
		start := time.Now()
		err := s.foldWaiting(context.WithoutCancel(ctx))
		if err == nil && scanning {
			err = s.foldFound(context.WithoutCancel(ctx), seen)
		}
		if err == nil {
			err = s.writeTallies(context.WithoutCancel(ctx))
		}
		if err != nil {
			quiet.warn("roll-ups wait for the database", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(foldEvery, min(8*time.Since(start), time.Second))):
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.foldWaiting(last); err != nil {
		slog.Warn("batches left for the next start to count", "err", err)
	}
	_ = s.writeTallies(last)
}

// Settle folds everything that is committed, as an import or a test wants it before it looks.
func (s *Service) Settle(ctx context.Context) error {
	if err := s.foldWaiting(ctx); err != nil {
		return err
	}
	for {
		found, err := s.unmarked(ctx)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := s.foldStored(ctx, found); err != nil {
			return err
		}
	}
}

// foldWaiting adds what the committers remembered. If one of the batches was marked meanwhile, what is in
// memory counts nothing any more, and each batch is decided alone from its rows.
func (s *Service) foldWaiting(ctx context.Context) error {
	s.mu.Lock()
	w := s.waiting
	s.waiting = folding{sums: sums{}}
	s.mu.Unlock()
	if len(w.batches) == 0 {
		return nil
	}
	all := true
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		all = true
		for part := range slices.Chunk(w.batches, 500) {
			n, err := mark(tx, part)
			if err != nil {
				return err
			}
			if n != len(part) {
				all = false
				return errMarked
			}
		}
		return s.addUp(tx, w.sums)
	})
	if !all {
		ids := make([]batchRow, len(w.batches))
		for i, b := range w.batches {
			ids[i].ID = b
		}
		return s.foldStored(ctx, ids)
	}
	if err != nil {
		s.mu.Lock() // again next time
		s.waiting.batches = append(s.waiting.batches, w.batches...)
		for k, v := range w.sums {
			x := s.waiting.sums[k]
			s.waiting.sums[k] = sum{x.n + v.n, x.seconds + v.seconds, x.amount + v.amount}
		}
		s.mu.Unlock()
		return err
	}
	s.Folded.Add(int64(len(w.batches)))
	s.dirty.add(w.sums)
	return nil
}

var errMarked = fmt.Errorf("a batch is counted already")

// mark sets batches counted and tells how many were not yet.
func mark(tx *gorm.DB, batches []int64) (int, error) {
	res := tx.Exec("UPDATE event_batches SET counted = 1 WHERE counted = 0 AND id IN ?", batches)
	if res.Error != nil {
		return 0, fmt.Errorf("mark batches: %w", res.Error)
	}
	return int(res.RowsAffected), nil
}

type batchRow struct {
	ID       int64
	Instance string
}

func (s *Service) unmarked(ctx context.Context) ([]batchRow, error) {
	var found []batchRow
	err := s.db.WithContext(ctx).Raw("SELECT id, instance FROM event_batches WHERE counted = 0 ORDER BY id LIMIT 1000").Scan(&found).Error
	return found, err
}

// foldFound folds unmarked batches that nobody seems to have in hand. Taking one that somebody has is
// harmless: the mark decides.
func (s *Service) foldFound(ctx context.Context, seen map[int64]time.Time) error {
	found, err := s.unmarked(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	there := make(map[int64]bool, len(found))
	var due []batchRow
	for _, b := range found {
		there[b.ID] = true
		first, ok := seen[b.ID]
		if !ok {
			seen[b.ID] = now
			continue
		}
		if b.Instance == s.instance || now.Sub(first) >= foreign {
			due = append(due, b)
		}
	}
	for id := range seen {
		if !there[id] {
			delete(seen, id)
		}
	}
	return s.foldStored(ctx, due)
}

// claim marks batches and gives those that nobody had marked yet; mostly that is all of them.
func claim(tx *gorm.DB, batches []batchRow) ([]int64, error) {
	ids := make([]int64, len(batches))
	for i, b := range batches {
		ids[i] = b.ID
	}
	var free []int64
	if err := store.Lock(tx).Table("event_batches").Where("counted = 0 AND id IN ?", ids).Order("id").Pluck("id", &free).Error; err != nil {
		return nil, fmt.Errorf("look for batches to mark: %w", err)
	}
	if len(free) == 0 {
		return nil, nil
	}
	n, err := mark(tx, free)
	if err == nil && n != len(free) {
		err = errMarked
	}
	return free, err
}

// foldStored folds batches from their stored rows, fifty in a transaction.
func (s *Service) foldStored(ctx context.Context, batches []batchRow) error {
	for part := range slices.Chunk(batches, 50) {
		total := sums{}
		folded := 0
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			clear(total)
			folded = 0
			ours, err := claim(tx, part)
			if err != nil {
				return err
			}
			folded = len(ours)
			if err := sumStored(tx, ours, total); err != nil {
				return err
			}
			return s.addUp(tx, total)
		})
		if err != nil {
			return err
		}
		s.Folded.Add(int64(folded))
		s.dirty.add(total)
	}
	return nil
}

// sumStored adds the stored rows of batches, in rising order, to total. One statement reads them all:
// neighbours are one range of ids.
func sumStored(tx *gorm.DB, batches []int64, total sums) error {
	if len(batches) == 0 {
		return nil
	}
	var where strings.Builder
	var args []any
	for i := 0; i < len(batches); {
		first := batches[i]
		for i++; i < len(batches) && batches[i] == batches[i-1]+1; i++ {
		}
		if len(args) > 0 {
			where.WriteString(" OR ")
		}
		where.WriteString("id BETWEEN ? AND ?")
		args = append(args, first*places, batches[i-1]*places+places-1)
	}
	var rows []struct {
		Type, Day, Account                          int
		Excluded                                    int
		ReceivedAt, ArticleID, CourseID, CampaignID int64
		Seconds                                     int
		Amount                                      int64
	}
	if err := tx.Raw("SELECT type, day, account, excluded, received_at, article_id, course_id, campaign_id, seconds, amount FROM events WHERE "+where.String(), args...).Scan(&rows).Error; err != nil {
		return fmt.Errorf("read a batch: %w", err)
	}
	for _, x := range rows {
		total.add(&row{kind: uint8(x.Type), day: x.Day, account: x.Account, excluded: model.Excluded(x.Excluded), received: x.ReceivedAt, //nolint:gosec // a TINYINT
			article: x.ArticleID, course: x.CourseID, campaign: x.CampaignID, seconds: x.Seconds, amount: x.Amount})
	}
	return nil
}

// addUp adds sums to the roll-ups, in the order of their key so that two instances do not lock crosswise.
func (s *Service) addUp(tx *gorm.DB, total sums) error {
	keys := make([]key, 0, len(total))
	for k := range total {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.kind, b.kind), cmp.Compare(a.ref(), b.ref()), cmp.Compare(a.typ, b.typ))
	})
	for part := range slices.Chunk(keys, 500) {
		var q strings.Builder
		q.WriteString("INSERT INTO event_daily (day, kind, ref, type, n, seconds, amount, version) VALUES ")
		for i, k := range part {
			if i > 0 {
				q.WriteByte(',')
			}
			v := total[k]
			fmt.Fprintf(&q, "(%d,%d,'%s',%d,%d,%d,%d,1)", k.day, k.kind, k.ref(), k.typ, v.n, v.seconds, v.amount)
		}
		if s.mysql {
			q.WriteString(" ON DUPLICATE KEY UPDATE n = n + VALUES(n), seconds = seconds + VALUES(seconds), amount = amount + VALUES(amount), version = version + 1")
		} else {
			q.WriteString(" ON CONFLICT (day, kind, ref, type) DO UPDATE SET n = n + excluded.n, seconds = seconds + excluded.seconds, amount = amount + excluded.amount, version = version + 1")
		}
		if err := tx.Exec(q.String()).Error; err != nil {
			return fmt.Errorf("add to the roll-ups: %w", err)
		}
	}
	return nil
}

// quietly says the same thing at most once a minute.
type quietly struct {
	mu   sync.Mutex
	last map[string]time.Time
}

var quiet = quietly{last: map[string]time.Time{}}

func (q *quietly) warn(msg string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.last[msg]) > time.Minute {
		q.last[msg] = time.Now()
		slog.Warn(msg, "err", err)
	}
}
