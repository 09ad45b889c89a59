package event

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Difference is one number that was not what it must be. Where is "roll-up" (Is comes from the rows) or
// "redis" (Is comes from the roll-up).
type Difference struct {
	Where   string
	Day     int
	Kind    int
	Ref     string
	Type    model.EventType
	Was, Is int64
}

// Reconcile compares, for each of the days, the stored rows with the roll-ups and the roll-ups with Redis,
// mends what differs and tells both values. rewrite writes every roll-up again whether it differs or not.
// It may run while events come in.
func (s *Service) Reconcile(ctx context.Context, days []int, rewrite bool, tell func(Difference)) error {
	_, err := s.reconcile(ctx, days, rewrite, tell)
	return err
}

// reconcile also says whether Redis could be asked about every day it holds.
func (s *Service) reconcile(ctx context.Context, days []int, rewrite bool, tell func(Difference)) (redis bool, err error) {
	redis = true
	for _, day := range days {
		if err := s.reconcileDay(ctx, day, rewrite, tell); err != nil {
			return redis, fmt.Errorf("reconcile %s: %w", model.DayName(day), err)
		}
		if day >= s.oldest() {
			if err := s.reconcileRedis(ctx, day, tell); err != nil {
				quiet.warn("live counters not reconciled", err)
				redis = false
			}
		}
	}
	return redis, nil
}

// Nightly reconciles the last three days, and keeps what it found; for the timetable.
func (s *Service) Nightly(ctx context.Context) error {
	now := s.now()
	days := []int{model.DayNumber(now.AddDate(0, 0, -2)), model.DayNumber(now.AddDate(0, 0, -1)), model.DayNumber(now)}
	if err := s.sweep(ctx); err != nil {
		return err
	}
	return s.Check(ctx, days, false, func(d Difference) {
		slog.Warn("counter differed", "where", d.Where, "day", d.Day, "kind", d.Kind, "ref", d.Ref, "type", d.Type, "was", d.Was, "is", d.Is)
	})
}

// keepBatches is how many of the newest batch rows stay; a counted one has done its duty.
const keepBatches = 50_000

// sweep deletes old counted batch rows, a few thousand at a time. The newest always stays, so that no
// server, restarted, hands out its number again.
func (s *Service) sweep(ctx context.Context) error {
	db := s.db.WithContext(ctx)
	var first, last int64
	if err := db.Raw("SELECT COALESCE(MIN(id), 0), COALESCE(MAX(id), 0) FROM event_batches").Row().Scan(&first, &last); err != nil {
		return fmt.Errorf("sweep batches: %w", err)
	}
	for ; first < last-keepBatches; first += 5000 {
		if err := db.Exec("DELETE FROM event_batches WHERE counted = 1 AND id >= ? AND id < ?", first, min(first+5000, last-keepBatches)).Error; err != nil {
			return fmt.Errorf("sweep batches: %w", err)
		}
	}
	return nil
}

// held is a roll-up row with its version.
type held struct {
	sum
	version int64
}

// reconcileDay mends the roll-ups of a day. Rows and roll-ups are read in one snapshot; a roll-up is
// rewritten only while its version is the one seen, so a batch folded meanwhile wins, and the day is
// looked at again.
func (s *Service) reconcileDay(ctx context.Context, day int, rewrite bool, tell func(Difference)) error {
	told := map[key]bool{}
	for try := range 4 {
		want, have, err := s.snapshot(ctx, day)
		if err != nil {
			return err
		}
		again := false
		var keys []key
		for _, k := range unionKeys(want, have) {
			if want[k] != have[k].sum || rewrite {
				keys = append(keys, k)
			}
		}
		for part := range slices.Chunk(keys, 500) {
			ok, err := s.rewrite(ctx, part, want, have)
			if err != nil {
				return err
			}
			again = again || !ok
			for _, k := range part {
				w, h := want[k], have[k]
				s.dirty.add(sums{k: w})
				if w == h.sum || told[k] {
					continue
				}
				told[k] = true
				was, is := h.n, w.n
				if was == is { // the money or the seconds differ
					was, is = h.amount+h.seconds, w.amount+w.seconds
				}
				tell(Difference{Where: "roll-up", Day: day, Kind: int(k.kind), Ref: k.ref(), Type: model.EventTypeOf(int(k.typ)), Was: was, Is: is})
			}
		}
		if !again {
			return nil
		}
		rewrite = rewrite && try == 0
	}
	return nil
}

func unionKeys(want sums, have map[key]held) []key {
	var out []key
	for k := range want {
		out = append(out, k)
	}
	for k := range have {
		if _, ok := want[k]; !ok {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.ref(), b.ref()), cmp.Compare(a.typ, b.typ))
	})
	return out
}

// rewrite sets roll-ups of a day to what the rows say, each if nobody changed it since; false if somebody did
// change one: then the day has to be looked at again. Those that were there and those that were not are two
// statements, so that what a statement changed can be counted.
func (s *Service) rewrite(ctx context.Context, keys []key, want sums, have map[key]held) (bool, error) {
	var there, missing []key
	for _, k := range keys {
		if have[k].version == 0 {
			missing = append(missing, k)
		} else {
			there = append(there, k)
		}
	}
	all := true
	for _, x := range []struct {
		keys             []key
		mysql, sqlite    string
		each             int64 // rows MySQL says it affected, for one that was changed
		version, present int64
	}{
		{missing, " ON DUPLICATE KEY UPDATE day = day", " ON CONFLICT DO NOTHING", 1, 1, 0},
		{there, " ON DUPLICATE KEY UPDATE n = IF(version = VALUES(version), VALUES(n), n), seconds = IF(version = VALUES(version), VALUES(seconds), seconds), amount = IF(version = VALUES(version), VALUES(amount), amount), version = IF(version = VALUES(version), version + 1, version)",
			" ON CONFLICT (day, kind, ref, type) DO UPDATE SET n = excluded.n, seconds = excluded.seconds, amount = excluded.amount, version = event_daily.version + 1 WHERE event_daily.version = excluded.version", 2, 0, 1},
	} {
		if len(x.keys) == 0 {
			continue
		}
		var q strings.Builder
		q.WriteString("INSERT INTO event_daily (day, kind, ref, type, n, seconds, amount, version) VALUES ")
		for i, k := range x.keys {
			if i > 0 {
				q.WriteByte(',')
			}
			w := want[k]
			fmt.Fprintf(&q, "(%d,%d,'%s',%d,%d,%d,%d,%d)", k.day, k.kind, k.ref(), k.typ, w.n, w.seconds, w.amount, x.version+x.present*have[k].version)
		}
		each := int64(1)
		if s.mysql {
			q.WriteString(x.mysql)
			each = x.each
		} else {
			q.WriteString(x.sqlite)
		}
		var changed int64
		if err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			res := tx.Exec(q.String())
			changed = res.RowsAffected
			return res.Error
		}); err != nil {
			return false, fmt.Errorf("write roll-ups: %w", err)
		}
		all = all && changed == each*int64(len(x.keys))
	}
	return all, nil
}

// snapshot reads what the rows of a day say, batches not counted yet left out, and what the roll-ups hold.
func (s *Service) snapshot(ctx context.Context, day int) (want sums, have map[key]held, err error) {
	want, have = sums{}, map[key]held{}
	err = store.Snapshot(ctx, s.db, func(tx *gorm.DB) error {
		var rows []struct {
			Type, Excluded, Account         int
			ArticleID, CourseID, CampaignID int64
			N, Seconds, Amount              int64
		}
		fold := func(x int, counted bool) {
			r := rows[x]
			one := func(k key) {
				v := want[k]
				want[k] = sum{v.n + r.N, v.seconds + r.Seconds, v.amount + r.Amount}
			}
			k := key{day: day, typ: uint8(r.Type)} //nolint:gosec // a TINYINT
			if !counted {
				k.kind, k.reason, k.account = KindExcluded, model.Excluded(r.Excluded), r.Account
				one(k)
				return
			}
			k.account = r.Account
			one(k)
			k.account = 0
			for kind, id := range map[uint8]int64{KindArticle: r.ArticleID, KindCourse: r.CourseID, KindCampaign: r.CampaignID} {
				if id != 0 {
					k.kind, k.id = kind, id
					one(k)
				}
			}
		}
		all := ""
		for _, t := range model.EventTypes() {
			all += "," + strconv.Itoa(t.Number())
		}
		if err := tx.Raw("SELECT account, type, article_id, course_id, campaign_id, COUNT(*) AS n, SUM(seconds) AS seconds, SUM(amount) AS amount FROM events WHERE type IN ("+all[1:]+") AND day = ? GROUP BY account, type, article_id, course_id, campaign_id", day).Scan(&rows).Error; err != nil {
			return err
		}
		for i := range rows {
			fold(i, true)
		}
		rows = nil
		from := model.DayStart(day)
		if err := tx.Raw("SELECT account, type, excluded, COUNT(*) AS n, SUM(seconds) AS seconds, SUM(amount) AS amount FROM events WHERE type IN ("+all[1:]+") AND day = 0 AND received_at >= ? AND received_at < ? GROUP BY account, type, excluded",
			from.UnixMilli(), from.AddDate(0, 0, 1).UnixMilli()).Scan(&rows).Error; err != nil {
			return err
		}
		for i := range rows {
			fold(i, false)
		}
		var open []int64
		if err := tx.Raw("SELECT id FROM event_batches WHERE counted = 0 ORDER BY id").Scan(&open).Error; err != nil {
			return err
		}
		for part := range slices.Chunk(open, 200) {
			pending := sums{}
			if err := sumStored(tx, part, pending); err != nil {
				return err
			}
			for k, v := range pending {
				if k.day == day {
					x := want[k]
					want[k] = sum{x.n - v.n, x.seconds - v.seconds, x.amount - v.amount}
				}
			}
		}
		for k, v := range want {
			if v == (sum{}) {
				delete(want, k)
			}
		}
		return s.readDay(tx, day, have)
	})
	return want, have, err
}

func (s *Service) readDay(tx *gorm.DB, day int, have map[key]held) error {
	var rows []daily
	if err := tx.Raw("SELECT day, kind, ref, type, n, seconds, amount, version FROM event_daily WHERE day = ?", day).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		k := key{day: r.Day, kind: r.Kind, typ: uint8(r.Type)} //nolint:gosec // a TINYINT
		switch r.Kind {
		case KindAll:
			k.account, _ = model.AccountOf(r.Ref)
		case KindExcluded:
			account, code := model.AccountOf(r.Ref)
			for _, x := range []model.Excluded{model.ExcludedScene, model.ExcludedBot, model.ExcludedLate} {
				if x.Code() == code {
					k.account, k.reason = account, x
				}
			}
		default:
			id, err := strconv.ParseInt(r.Ref, 10, 64)
			if err != nil {
				return fmt.Errorf("roll-up with ref %q: %w", r.Ref, err)
			}
			k.id = id
		}
		have[k] = held{sum{r.N, r.Seconds, r.Amount}, r.Version}
	}
	return nil
}

// reconcileRedis tells Redis a day again, and names the counters that claimed another value for the
// version they had: somebody altered them.
func (s *Service) reconcileRedis(ctx context.Context, day int, tell func(Difference)) error {
	var rows []daily
	if err := s.db.WithContext(ctx).Raw("SELECT day, kind, ref, type, n, version FROM event_daily WHERE day = ? AND kind < ?", day, KindExcluded).Scan(&rows).Error; err != nil {
		return err
	}
	byHash := map[hash]map[string]daily{}
	for _, r := range rows {
		h := hash{r.Day, r.Kind, r.Ref}
		if byHash[h] == nil {
			byHash[h] = map[string]daily{}
		}
		byHash[h][string(model.EventTypeOf(r.Type))] = r
	}
	for h, fields := range byHash {
		got, err := s.redis.HGetAll(ctx, h.key()).Result()
		if err != nil {
			return err
		}
		var drop []string
		for f, v := range got {
			version, n, ok := counter(v)
			r, known := fields[f]
			if ok && known && (version < r.Version || version == r.Version && n == r.N) {
				continue
			}
			if ok && known && version > r.Version { // perhaps folded since we looked
				var now daily
				if err := s.db.WithContext(ctx).Raw("SELECT n, version FROM event_daily WHERE day = ? AND kind = ? AND ref = ? AND type = ?", r.Day, r.Kind, r.Ref, r.Type).Scan(&now).Error; err != nil {
					return err
				}
				if version <= now.Version {
					continue
				}
			}
			drop = append(drop, f)
			tell(Difference{Where: "redis", Day: day, Kind: int(h.kind), Ref: h.ref, Type: model.EventType(f), Was: n, Is: r.N})
		}
		if len(drop) > 0 {
			if err := s.redis.HDel(ctx, h.key(), drop...).Err(); err != nil {
				return err
			}
		}
	}
	return s.tell(ctx, rows)
}
