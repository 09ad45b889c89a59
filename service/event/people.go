package event

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Days that are over are packed: for a roll-up of some size, the set of the person numbers in its rows. A set
// carries the version and the count of the roll-up it was made at, and counts for nothing once that has
// moved on, so a late event needs no mark anywhere: its fold makes the set stale. The numbers are those in the
// rows; links and staff flags are applied by whoever asks, and make nothing stale.

// packLeast is how many events make a set worth its row; fewer are as quickly read from their index.
const packLeast = 64

// packedJoin ties a valid set p to its roll-up d.
const packedJoin = " JOIN event_people p ON p.kind = d.kind AND p.ref = d.ref AND p.type = d.type AND p.day = d.day AND p.version = d.version AND p.n = d.n"

// Persons gives the person numbers with an event of the types on the days first–last: of everything, of an
// article or of a course (KindAll, KindArticle, KindCourse and its number). Packed days come from their sets, the
// others from the rows. What is stored and not folded yet may be missing on a packed day for that moment.
func (s *Service) Persons(ctx context.Context, kind uint8, id int64, types []model.EventType, first, last int) (*roaring.Bitmap, error) {
	out := roaring.New()
	numbers := make([]string, len(types))
	for i, t := range types {
		numbers[i] = strconv.Itoa(t.Number())
	}
	list := strings.Join(numbers, ",")
	k := key{kind: kind, id: id}
	if kind == KindAll {
		k.account = s.Account()
	}
	ref := k.ref()
	var sets []struct {
		Type, Day int
		People    []byte
	}
	if err := s.db.WithContext(ctx).Raw("SELECT d.type, d.day, p.people FROM event_daily d"+packedJoin+" WHERE d.kind = ? AND d.ref = ? AND d.type IN ("+list+") AND d.day BETWEEN ? AND ?", kind, ref, first, last).Scan(&sets).Error; err != nil {
		return nil, fmt.Errorf("read sets of people: %w", err)
	}
	packed := map[int][]string{} // by type: the days that need no rows
	all := make([]*roaring.Bitmap, 0, len(sets))
	for _, x := range sets {
		b := roaring.New()
		if err := b.UnmarshalBinary(x.People); err != nil {
			continue // unreadable: the rows say it
		}
		all = append(all, b)
		packed[x.Type] = append(packed[x.Type], strconv.Itoa(x.Day))
	}
	out = roaring.FastOr(append(all, out)...)
	where := map[uint8]string{KindAll: " AND account = " + strconv.Itoa(s.Account()), KindArticle: " AND article_id = " + ref + " AND article_id > 0", KindCourse: " AND course_id = " + ref + " AND course_id > 0"}[kind]
	// Types without a packed day are read together, the others each without its packed days.
	var plain []string
	parts := map[string]string{}
	for _, t := range types {
		n := strconv.Itoa(t.Number())
		if days := packed[t.Number()]; len(days) > 0 {
			parts[n] = " AND day NOT IN (" + strings.Join(days, ",") + ")"
		} else {
			plain = append(plain, n)
		}
	}
	if len(plain) > 0 {
		parts[strings.Join(plain, ",")] = ""
	}
	for of, but := range parts {
		if but != "" {
			rest, err := s.unpacked(ctx, kind, ref, of, first, last, but)
			if err != nil {
				return nil, err
			}
			if rest == "" {
				continue
			}
			but = rest
		}
		err := store.Each(ctx, s.db, fmt.Sprintf("SELECT DISTINCT person_id FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s%s", of, first, last, but, where), func(row []driver.Value) error {
			if person := store.Int(row[0]); person > 0 && person <= 1<<32-1 {
				out.Add(uint32(person)) //nolint:gosec // bounded in the line above
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
	}
	return out, nil
}

// unpacked gives the condition for the days of a type that have to be read from rows: those with a roll-up and
// no valid set, and today and later, which may have rows before they have a roll-up; "" when there is none.
func (s *Service) unpacked(ctx context.Context, kind uint8, ref, of string, first, last int, but string) (string, error) {
	var days []int
	if err := s.db.WithContext(ctx).Raw("SELECT day FROM event_daily WHERE kind = ? AND ref = ? AND type = "+of+" AND day BETWEEN ? AND ?"+but, kind, ref, first, last).Scan(&days).Error; err != nil {
		return "", fmt.Errorf("which days are not packed: %w", err)
	}
	today := model.DayNumber(s.now())
	for d := model.DayStart(max(today, first)); model.DayNumber(d) <= last && model.DayNumber(d) <= today+1; d = d.AddDate(0, 0, 1) {
		days = append(days, model.DayNumber(d))
	}
	if len(days) == 0 {
		return "", nil
	}
	slices.Sort(days)
	var in []string
	for _, d := range slices.Compact(days) {
		in = append(in, strconv.Itoa(d))
	}
	return " AND day IN (" + strings.Join(in, ",") + ")", nil
}

// Pack makes the sets that are missing or stale, of days that are over, for the timetable. It may run while events
// come in, and on several instances at once: whoever writes later has read later.
func (s *Service) Pack(ctx context.Context) error {
	var days []int
	if err := s.db.WithContext(ctx).Raw("SELECT DISTINCT d.day FROM event_daily d LEFT"+packedJoin+" WHERE d.kind < ? AND d.n >= ? AND d.day < ? AND p.day IS NULL ORDER BY d.day DESC", kindChannel, s.packLeast, model.DayNumber(s.now())).Scan(&days).Error; err != nil {
		return fmt.Errorf("which days to pack: %w", err)
	}
	for _, d := range days {
		if err := s.packDay(ctx, d); err != nil {
			return fmt.Errorf("pack %s: %w", model.DayName(d), err)
		}
	}
	return nil
}

// packDay reads the roll-ups first and the rows after them, so that a set never lacks an event its roll-up counts.
func (s *Service) packDay(ctx context.Context, day int) error {
	db := s.db.WithContext(ctx)
	var want []struct {
		Kind       uint8
		Ref        string
		Type       int
		N, Version int64
	}
	if err := db.Raw("SELECT d.kind, d.ref, d.type, d.n, d.version FROM event_daily d LEFT"+packedJoin+" WHERE d.kind < ? AND d.n >= ? AND d.day = ? AND p.day IS NULL", kindChannel, s.packLeast, day).Scan(&want).Error; err != nil {
		return err
	}
	type setKey struct {
		kind uint8
		ref  string
		typ  int
	}
	sets := map[setKey]*roaring.Bitmap{}
	types := map[int]bool{}
	for _, x := range want {
		sets[setKey{x.Kind, x.Ref, x.Type}] = roaring.New()
		types[x.Type] = true
	}
	for t := range types {
		rows, err := db.Raw("SELECT account, article_id, course_id, campaign_id, person_id FROM events WHERE type = ? AND day = ?", t, day).Rows()
		if err != nil {
			return err
		}
		for rows.Next() {
			var id [3]int64
			var person int64
			var account int
			if err := rows.Scan(&account, &id[0], &id[1], &id[2], &person); err != nil {
				_ = rows.Close()
				return err
			}
			if person <= 0 || person > 1<<32-1 {
				continue
			}
			for k, of := range [...]int64{0, id[0], id[1], id[2]} { // as the kinds are numbered
				if k > 0 && of == 0 {
					continue
				}
				of := key{kind: uint8(k), id: of} //nolint:gosec // one of four
				if k == KindAll {
					of.account = account
				}
				if b := sets[setKey{of.kind, of.ref(), t}]; b != nil {
					b.Add(uint32(person)) //nolint:gosec // bounded above
				}
			}
		}
		err = rows.Err()
		_ = rows.Close()
		if err != nil {
			return err
		}
	}
	type packed struct {
		Kind       uint8
		Ref        string
		Type, Day  int
		Version, N int64
		People     []byte
	}
	out := make([]packed, 0, len(want))
	for _, x := range want {
		b := sets[setKey{x.Kind, x.Ref, x.Type}]
		b.RunOptimize()
		raw, err := b.ToBytes()
		if err != nil {
			return err
		}
		out = append(out, packed{x.Kind, x.Ref, x.Type, day, x.Version, x.N, raw})
	}
	for part := range slices.Chunk(out, 200) {
		if err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			q := "INSERT INTO event_people (kind, ref, type, day, version, n, people) VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?),", len(part)), ",")
			if s.mysql {
				q += " ON DUPLICATE KEY UPDATE version = VALUES(version), n = VALUES(n), people = VALUES(people)"
			} else {
				q += " ON CONFLICT (kind, ref, type, day) DO UPDATE SET version = excluded.version, n = excluded.n, people = excluded.people"
			}
			var args []any
			for _, x := range part {
				args = append(args, x.Kind, x.Ref, x.Type, x.Day, x.Version, x.N, x.People)
			}
			return tx.Exec(q, args...).Error
		}); err != nil {
			return err
		}
	}
	return nil
}
