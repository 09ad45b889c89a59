package figure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// The windows of the loop 拉新–留存–活跃–转化–转介绍, each from the moment somebody joined, its end included.
const (
	activeWithin   = 7 * 24 * time.Hour
	paidWithin     = 30 * 24 * time.Hour
	referredWithin = 60 * 24 * time.Hour
	activeDays     = 2 // different days of use that make somebody active
)

// LoopStep is how many of a cohort came so far; it may still rise until MaturesAt.
type LoopStep struct {
	People    int64     `json:"people"`
	MaturesAt time.Time `json:"matures_at"`
	State     State     `json:"state" enum:"final,running,maturing,missing"`
}

// LoopCohort is the people who were new in one week (first follow or opening ever), and what became of them.
type LoopCohort struct {
	Cohort    string   `json:"cohort" doc:"the Monday"`
	Size      int64    `json:"size"`
	Active    LoopStep `json:"active" doc:"used the Mini Program on two different days within 7 days"`
	Retained  LoopStep `json:"retained" doc:"active in the week after"`
	Paid      LoopStep `json:"paid" doc:"within 30 days"`
	Referrers LoopStep `json:"referrers" doc:"brought somebody new through their share within 60 days"`
	Brought   LoopStep `json:"brought" doc:"the people they brought"`
}

// LoopPart names whom of a cohort to list.
type LoopPart string

// The parts of a cohort.
const (
	LoopAll       LoopPart = "all"
	LoopActive    LoopPart = "active"
	LoopRetained  LoopPart = "retained"
	LoopPaid      LoopPart = "paid"
	LoopReferrers LoopPart = "referrers"
	LoopBrought   LoopPart = "brought"
)

// loopWeek is a cohort with its people.
type loopWeek struct {
	start time.Time
	parts map[LoopPart]*roaring.Bitmap
}

// Loop follows the people who were new in each week that touches the range.
func (s *Service) Loop(ctx context.Context, span Span) ([]LoopCohort, error) {
	weeks, _, err := s.loop(ctx, start(span.From, "week"), span.To)
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := []LoopCohort{}
	for _, w := range weeks {
		end := plus(w.start, "week", 1)
		step := func(p LoopPart, window time.Duration) LoopStep {
			x := LoopStep{People: card(w.parts[p]), MaturesAt: end.Add(window), State: Final}
			switch {
			case now.Before(end):
				x.State = Running
			case now.Before(x.MaturesAt):
				x.State = Maturing
			}
			return x
		}
		out = append(out, LoopCohort{Cohort: w.start.Format(time.DateOnly), Size: card(w.parts[LoopAll]), Active: step(LoopActive, activeWithin), Retained: step(LoopRetained, 7*24*time.Hour),
			Paid: step(LoopPaid, paidWithin), Referrers: step(LoopReferrers, referredWithin), Brought: step(LoopBrought, referredWithin)})
	}
	return out, nil
}

// LoopPeople lists those of the cohort of the week with monday in it, from the number above after on. Entered is when
// they joined.
func (s *Service) LoopPeople(ctx context.Context, monday time.Time, part LoopPart, after int64, limit int) (people []Entrant, more bool, err error) {
	begin := start(monday, "week")
	weeks, joined, err := s.loop(ctx, begin, plus(begin, "week", 1))
	if err != nil {
		return nil, false, err
	}
	return s.entrants(ctx, weeks[0].parts[part], joined, after, limit)
}

// entrants is a page of a set, met as fans and learners.
func (s *Service) entrants(ctx context.Context, set *roaring.Bitmap, joined map[int64]int64, after int64, limit int) (people []Entrant, more bool, err error) {
	people = []Entrant{}
	it := set.Iterator()
	it.AdvanceIfNeeded(uint32(min(max(after+1, 0), 1<<32-1))) //nolint:gosec // bounded in the same line
	for it.HasNext() {
		id := int64(it.Next())
		if len(people) == limit {
			return people, true, s.meet(ctx, people)
		}
		at := time.UnixMilli(joined[id]).In(model.Shanghai)
		people = append(people, Entrant{PersonID: id, Entered: at, Last: at, Reached: 1})
	}
	return people, false, s.meet(ctx, people)
}

func card(b *roaring.Bitmap) int64 {
	if b == nil {
		return 0
	}
	return int64(b.GetCardinality()) //nolint:gosec // far below
}

// loop gives the weeks from begin (a Monday) to before end, and when everybody joined.
func (s *Service) loop(ctx context.Context, begin, end time.Time) ([]loopWeek, map[int64]int64, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, nil, err
	}
	joined, err := s.joined(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	var weeks []loopWeek
	at := map[int]*loopWeek{}
	for w := begin; w.Before(end); w = plus(w, "week", 1) {
		parts := map[LoopPart]*roaring.Bitmap{}
		for _, k := range []LoopPart{LoopAll, LoopActive, LoopRetained, LoopPaid, LoopReferrers, LoopBrought} {
			parts[k] = roaring.New()
		}
		weeks = append(weeks, loopWeek{w, parts})
	}
	for i := range weeks {
		at[model.DayNumber(weeks[i].start)] = &weeks[i]
	}
	// weekOf is the cohort of a person, nil outside the question.
	weekOf := func(id int64) *loopWeek {
		ms, ok := joined[id]
		if !ok {
			return nil
		}
		return at[model.DayNumber(start(time.UnixMilli(ms), "week"))]
	}
	for id := range joined {
		if w := weekOf(id); w != nil {
			w.parts[LoopAll].Add(uint32(id)) //nolint:gosec // a person's number
		}
	}
	last := plus(weeks[len(weeks)-1].start, "week", 1)
	if err := s.loopUse(ctx, p, weeks, joined, weekOf, last); err != nil {
		return nil, nil, err
	}
	paid, err := s.payments(ctx, p, model.EventPaid, model.DayNumber(begin), model.DayNumber(last.Add(paidWithin)))
	if err != nil {
		return nil, nil, err
	}
	for _, x := range paid {
		if w := weekOf(x.Person); w != nil && x.At >= joined[x.Person] && x.At <= joined[x.Person]+paidWithin.Milliseconds() {
			w.parts[LoopPaid].Add(uint32(x.Person)) //nolint:gosec // a person's number
		}
	}
	until := model.DayNumber(last.Add(referredWithin))
	opens, err := s.openings(ctx, model.DayNumber(begin), until)
	if err != nil {
		return nil, nil, err
	}
	brought, err := s.brought(ctx, p, joined, opens, until)
	if err != nil {
		return nil, nil, err
	}
	for id, b := range brought {
		if w := weekOf(b.by); w != nil && joined[id]-joined[b.by] <= referredWithin.Milliseconds() {
			w.parts[LoopReferrers].Add(uint32(b.by)) //nolint:gosec // a person's number
			w.parts[LoopBrought].Add(uint32(id))     //nolint:gosec // a person's number
		}
	}
	return weeks, joined, nil
}

// joined tells of everybody the moment of their first follow or opening ever.
func (s *Service) joined(ctx context.Context, p *model.People) (map[int64]int64, error) {
	out := map[int64]int64{}
	q := fmt.Sprintf("SELECT person_id, MIN(occurred_at) FROM events WHERE type IN (%s) AND day > 0%s GROUP BY person_id", numbersOf([]model.EventType{model.EventMPOpen, model.EventFollow}), s.ours())
	err := s.each(ctx, q, 2, func(v []int64) {
		if id := p.Of(v[0]); id > 0 && id <= 1<<32-1 {
			if had, ok := out[id]; !ok || v[1] < had {
				out[id] = v[1]
			}
		}
	})
	return out, err
}

// loopUse marks who was active within seven days of joining, and who in the week after the cohort's.
func (s *Service) loopUse(ctx context.Context, p *model.People, weeks []loopWeek, joined map[int64]int64, weekOf func(int64) *loopWeek, last time.Time) error {
	type personDay struct {
		person int64
		day    int
	}
	seconds, used := map[personDay]int64{}, map[personDay]bool{}
	kinds := numbersOf([]model.EventType{model.EventExercise, model.EventComment, model.EventOrderCreate, model.EventSearch, model.EventCourseView, model.EventLessonPlay})
	q := fmt.Sprintf("SELECT day, person_id, type, occurred_at, seconds FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s", kinds, model.DayNumber(weeks[0].start), model.DayNumber(last.Add(activeWithin)), s.ours())
	if err := s.each(ctx, q, 5, func(v []int64) {
		id := p.Of(v[1])
		if id <= 0 || weekOf(id) == nil || v[3] < joined[id] || v[3] > joined[id]+activeWithin.Milliseconds() {
			return
		}
		k := personDay{id, int(v[0])}
		switch int(v[2]) {
		case model.EventCourseView.Number():
			used[k] = used[k] || v[4] >= viewSeconds
		case model.EventLessonPlay.Number():
			seconds[k] += v[4]
			used[k] = used[k] || seconds[k] >= playSeconds
		default:
			used[k] = true
		}
	}); err != nil {
		return err
	}
	days := map[int64]int{}
	for k, yes := range used {
		if yes {
			days[k.person]++
		}
	}
	for id, n := range days {
		if n >= activeDays {
			weekOf(id).parts[LoopActive].Add(uint32(id)) //nolint:gosec // a person's number
		}
	}
	u, err := s.usage(ctx, p, Span{First: model.DayNumber(weeks[0].start), Last: model.DayNumber(last.AddDate(0, 0, 7))})
	if err != nil {
		return err
	}
	active := map[int]*roaring.Bitmap{}
	for d, set := range u.days {
		k := model.DayNumber(start(model.DayStart(d), "week"))
		if active[k] == nil {
			active[k] = roaring.New()
		}
		active[k].Or(set)
	}
	for _, w := range weeks {
		if a := active[model.DayNumber(plus(w.start, "week", 1))]; a != nil {
			w.parts[LoopRetained].Or(roaring.And(w.parts[LoopAll], a))
		}
	}
	return nil
}

// bringing is who brought somebody, by which share.
type bringing struct {
	by    int64
	share string
}

// opening is one of the Mini Program by a share.
type opening struct {
	PersonID, OccurredAt int64
	ShareID              string
}

// openings lists those by shares in the days first–last, the oldest first.
func (s *Service) openings(ctx context.Context, first, last int) ([]opening, error) {
	var opens []opening
	if err := s.db.WithContext(ctx).Raw("SELECT person_id, occurred_at, share_id FROM events WHERE type = ? AND day BETWEEN ? AND ? AND share_id <> ''"+s.ours()+" ORDER BY occurred_at, id", model.EventMPOpen.Number(), first, last).Scan(&opens).Error; err != nil {
		return nil, fmt.Errorf("openings by shares: %w", err)
	}
	return opens, nil
}

// brought tells, of everybody who joined by one of opens that carries somebody else's share, made by the day last, who
// brought them. The opening must be the very first thing they did: whom we knew before is nobody's.
func (s *Service) brought(ctx context.Context, p *model.People, joined map[int64]int64, opens []opening, last int) (map[int64]bringing, error) {
	var ids []string
	for _, o := range opens {
		ids = append(ids, o.ShareID)
	}
	slices.Sort(ids)
	sharers, err := s.sharers(ctx, p, slices.Compact(ids), last)
	if err != nil {
		return nil, err
	}
	out := map[int64]bringing{}
	for _, o := range opens {
		id := p.Of(o.PersonID)
		by := sharers[o.ShareID]
		if _, had := out[id]; had || id <= 0 || by <= 0 || by == id || o.OccurredAt != joined[id] || joined[by] > o.OccurredAt {
			continue
		}
		out[id] = bringing{by, o.ShareID}
	}
	return out, nil
}

// sharers tells who made each share. An id that two made, which no honest phone does, is the first one's.
func (s *Service) sharers(ctx context.Context, p *model.People, ids []string, last int) (map[string]int64, error) {
	out := map[string]int64{}
	if len(ids) == 0 {
		return out, nil
	}
	want := make(map[string]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	var rows []struct {
		PersonID int64
		ShareID  string
	}
	if err := s.db.WithContext(ctx).Raw("SELECT person_id, share_id FROM events WHERE type = ? AND day BETWEEN 1 AND ? AND share_id <> ''"+s.ours()+" ORDER BY occurred_at, id", model.EventShare.Number(), last).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("shares: %w", err)
	}
	for _, r := range rows {
		if _, had := out[r.ShareID]; !had && want[r.ShareID] {
			out[r.ShareID] = p.Of(r.PersonID)
		}
	}
	return out, nil
}
