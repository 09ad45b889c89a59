package figure

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
	"loudou/service/store"
)

// scope narrows a question to one thing; the zero scope is everything.
type scope struct{ article, course int64 }

// where is the scope's condition. The second term lets SQLite use an index over the rows that have the id.
func (c scope) where() string {
	out := ""
	if c.article > 0 {
		out += " AND article_id = " + strconv.FormatInt(c.article, 10) + " AND article_id > 0"
	}
	if c.course > 0 {
		out += " AND course_id = " + strconv.FormatInt(c.course, 10) + " AND course_id > 0"
	}
	return out
}

// thing is what a scope's roll-ups and sets of people stand under: everything (0), an article (1) or a course (2).
func (c scope) thing() (kind uint8, id int64) {
	switch {
	case c.article > 0:
		return 1, c.article
	case c.course > 0:
		return 2, c.course
	}
	return 0, 0
}

// ours keeps the events of one account among those of everything; a thing's events are its account's already.
func (s *Service) ours() string { return " AND account = " + strconv.Itoa(s.live.Account()) }

// in is where, or ours for everything.
func (s *Service) in(c scope) string {
	if w := c.where(); w != "" {
		return w
	}
	return s.ours()
}

func numbersOf(types []model.EventType) string {
	parts := make([]string, len(types))
	for i, t := range types {
		parts[i] = strconv.Itoa(t.Number())
	}
	return strings.Join(parts, ",")
}

// each runs a query of integers and calls fn with each row.
func (s *Service) each(ctx context.Context, q string, width int, fn func(v []int64)) error {
	v := make([]int64, width)
	err := store.Each(ctx, s.db, q, func(row []driver.Value) error {
		for i := range v {
			v[i] = store.Int(row[i])
		}
		fn(v)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return nil
}

// add puts the person a number stands for into set, unless it counts nowhere.
func add(set *roaring.Bitmap, p *model.People, person int64) {
	if id := p.Of(person); id > 0 && id <= 1<<32-1 {
		set.Add(uint32(id)) //nolint:gosec // bounded in the line above
	}
}

// peopleOf gives the people with an event of the types in the range.
func (s *Service) peopleOf(ctx context.Context, p *model.People, c scope, span Span, types ...model.EventType) (*roaring.Bitmap, error) {
	if c.article > 0 && c.course > 0 { // no set is of both
		set := roaring.New()
		q := fmt.Sprintf("SELECT DISTINCT person_id FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s", numbersOf(types), span.First, span.Last, c.where())
		err := s.each(ctx, q, 1, func(v []int64) { add(set, p, v[0]) })
		return set, err
	}
	kind, id := c.thing()
	set, err := s.live.Persons(ctx, kind, id, types, span.First, span.Last)
	if err != nil {
		return nil, err
	}
	humans(set, p)
	return set, nil
}

// humans puts for every number in set whom it stands for, and takes out staff.
func humans(set *roaring.Bitmap, p *model.People) {
	for number, human := range p.Links {
		if number <= 1<<32-1 && human <= 1<<32-1 && set.CheckedRemove(uint32(number)) { //nolint:gosec // bounded in the same line
			set.Add(uint32(human)) //nolint:gosec // bounded in the line above
		}
	}
	for human := range p.Staff {
		if human <= 1<<32-1 {
			set.Remove(uint32(human)) //nolint:gosec // bounded in the line above
		}
	}
}

// countOf gives the number of events of a type in the range, less those of staff: the roll-ups hold all.
func (s *Service) countOf(ctx context.Context, p *model.People, c scope, span Span, t model.EventType) (int64, error) {
	kind, id := c.thing()
	ref := model.AccountRef(s.live.Account(), "")
	if id > 0 {
		ref = strconv.FormatInt(id, 10)
	}
	var n int64
	if err := s.db.WithContext(ctx).Raw("SELECT COALESCE(SUM(n), 0) FROM event_daily WHERE kind = ? AND ref = ? AND type = ? AND day BETWEEN ? AND ?", kind, ref, t.Number(), span.First, span.Last).Scan(&n).Error; err != nil {
		return 0, fmt.Errorf("read roll-ups: %w", err)
	}
	staff, err := s.staffCount(ctx, p, c, span, t)
	return n - staff, err
}

// staffCount counts what the roll-ups hold of staff. Staff is few, so its events are counted when asked and
// a flag set or taken away later needs nothing rebuilt.
func (s *Service) staffCount(ctx context.Context, p *model.People, c scope, span Span, t model.EventType) (n int64, err error) {
	ids := staffIDs(p)
	if len(ids) == 0 {
		return 0, nil
	}
	for part := range slices.Chunk(ids, 500) {
		q := fmt.Sprintf("SELECT COUNT(*) FROM events WHERE person_id IN (%s) AND type = %d AND day BETWEEN %d AND %d%s", list(part), t.Number(), span.First, span.Last, s.in(c))
		if err := s.each(ctx, q, 1, func(v []int64) { n += v[0] }); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// staffIDs lists every number staff acts under.
func staffIDs(p *model.People) []int64 {
	var out []int64
	for id := range p.Staff {
		out = append(out, id)
	}
	if len(out) > 0 {
		for id, c := range p.Links {
			if p.Staff[c] {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

func list(ids []int64) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(parts, ",")
}

// numbersBehind lists every number the people of set act under: themselves and those linked to them.
func numbersBehind(p *model.People, set *roaring.Bitmap) []int64 {
	out := make([]int64, 0, set.GetCardinality())
	for _, id := range set.ToArray() {
		out = append(out, int64(id))
	}
	for id, c := range p.Links {
		if c > 0 && c <= 1<<32-1 && set.Contains(uint32(c)) { //nolint:gosec // bounded in the same line
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// The use actions of 使用人数 and 活跃, version 1: at least one of course_view of ten seconds or more,
// lesson_play of thirty seconds or more in total, exercise, comment, order_create, search.
const (
	viewSeconds = 10
	playSeconds = 30
)

// usage tells who used the Mini Program in a range, and on which days who was active.
type usage struct {
	users *roaring.Bitmap         // by the whole range
	days  map[int]*roaring.Bitmap // by each day
}

func (s *Service) usage(ctx context.Context, p *model.People, span Span) (usage, error) {
	u := usage{users: roaring.New(), days: map[int]*roaring.Bitmap{}}
	type personDay struct {
		person int64
		day    int
	}
	played, playedDay := map[int64]int64{}, map[personDay]int64{}
	use := func(person int64, day int) {
		add(u.users, p, person)
		if u.days[day] == nil {
			u.days[day] = roaring.New()
		}
		add(u.days[day], p, person)
	}
	plain := numbersOf([]model.EventType{model.EventExercise, model.EventComment, model.EventOrderCreate, model.EventSearch})
	q := fmt.Sprintf("SELECT DISTINCT day, person_id FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s", plain, span.First, span.Last, s.ours())
	if err := s.each(ctx, q, 2, func(v []int64) { use(v[1], int(v[0])) }); err != nil {
		return u, err
	}
	q = fmt.Sprintf("SELECT DISTINCT day, person_id FROM events WHERE type = %d AND seconds >= %d AND day BETWEEN %d AND %d%s", model.EventCourseView.Number(), viewSeconds, span.First, span.Last, s.ours())
	if err := s.each(ctx, q, 2, func(v []int64) { use(v[1], int(v[0])) }); err != nil {
		return u, err
	}
	q = fmt.Sprintf("SELECT day, person_id, SUM(seconds) FROM events WHERE type = %d AND day BETWEEN %d AND %d%s GROUP BY day, person_id", model.EventLessonPlay.Number(), span.First, span.Last, s.ours())
	err := s.each(ctx, q, 3, func(v []int64) {
		if id := p.Of(v[1]); id > 0 {
			played[id] += v[2]
			playedDay[personDay{id, int(v[0])}] += v[2]
		}
	})
	for id, n := range played {
		if n >= playSeconds {
			u.users.Add(uint32(id)) //nolint:gosec // a person's number
		}
	}
	for k, n := range playedDay {
		if n >= playSeconds {
			if u.days[k.day] == nil {
				u.days[k.day] = roaring.New()
			}
			u.days[k.day].Add(uint32(k.person)) //nolint:gosec // a person's number
		}
	}
	return u, err
}

// active is who was active on at least one day.
func (u usage) active() *roaring.Bitmap {
	all := roaring.New()
	for _, d := range u.days {
		all.Or(d)
	}
	return all
}

// payment is a paid order or a refund, as its event tells.
type payment struct {
	ID, Person      int64
	At              int64
	Course, Article int64
	Amount          int64
	OutTradeNo      string
	Day             int
}

// payments lists paid orders (or refunds) of the days first–last, oldest first, without those of staff. A
// paid order told by two events (the house's own and an import) is one.
func (s *Service) payments(ctx context.Context, p *model.People, t model.EventType, first, last int) ([]payment, error) {
	var out []payment
	err := s.db.WithContext(ctx).Raw("SELECT id, person_id AS person, occurred_at AS at, course_id AS course, article_id AS article, amount, out_trade_no, day FROM events WHERE type = ? AND day BETWEEN ? AND ?"+s.ours(), t.Number(), first, last).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	slices.SortFunc(out, func(a, b payment) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	seen := map[string]bool{}
	kept := out[:0]
	for _, x := range out {
		if p.IsStaff(x.Person) {
			continue
		}
		if t == model.EventPaid && x.OutTradeNo != "" {
			if seen[x.OutTradeNo] {
				continue
			}
			seen[x.OutTradeNo] = true
		}
		x.Person = p.Of(x.Person)
		kept = append(kept, x)
	}
	if t == model.EventRefunded {
		return kept, s.likeTheirOrders(ctx, kept)
	}
	return kept, nil
}

// likeTheirOrders gives refunds the course and article of their order where their own event does not say.
func (s *Service) likeTheirOrders(ctx context.Context, refunds []payment) error {
	byNo := map[string][]int{}
	for i, r := range refunds {
		if r.Course == 0 && r.OutTradeNo != "" {
			byNo[r.OutTradeNo] = append(byNo[r.OutTradeNo], i)
		}
	}
	nos := make([]string, 0, len(byNo))
	for no := range byNo {
		nos = append(nos, no)
	}
	for part := range slices.Chunk(nos, 500) {
		var orders []payment
		if err := s.db.WithContext(ctx).Raw("SELECT out_trade_no, course_id AS course, article_id AS article FROM events WHERE type = ? AND day > 0 AND out_trade_no IN ?"+s.ours(), model.EventPaid.Number(), part).Scan(&orders).Error; err != nil {
			return fmt.Errorf("orders of refunds: %w", err)
		}
		for _, o := range orders {
			for _, i := range byNo[o.OutTradeNo] {
				refunds[i].Course, refunds[i].Article = o.Course, o.Article
			}
		}
	}
	return nil
}
