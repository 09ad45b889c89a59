package figure

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"loudou/model"
	"loudou/service/store"
)

// Step is one step of a funnel: a type, and what else an event must carry.
type Step struct {
	Type       model.EventType
	ArticleID  int64
	CourseID   int64
	LessonID   int64
	CampaignID int64
	Channel    string
	Code       string
}

// Question is a funnel somebody asks for.
type Question struct {
	Span      Span
	Steps     []Step
	Window    time.Duration
	Order     model.FunnelOrder
	Same      string // "", or the property all steps share: article_id, course_id, lesson_id, campaign_id
	Breakdown string // "", or a property of the entry by which the answer is divided
	At        string // whose value divides: "" or entry, last, or the number of a step from 1
}

// Bounds of a question.
const (
	mostSteps  = 10
	mostWindow = 366 * day
	mostGroups = 50
)

var (
	sameColumns      = []string{"article_id", "course_id", "lesson_id", "campaign_id"}
	breakdownNames   = map[string]string{"channel": "渠道", "code": "码", "share_id": "分享", "scene": "场景值", "article_id": "文章", "course_id": "课程", "lesson_id": "课时", "campaign_id": "活动", "appid": "应用"}
	breakdownColumns = []string{"channel", "code", "share_id", "scene", "article_id", "course_id", "lesson_id", "campaign_id", "appid"}
)

// Check names every fault of the question. ErrInvalid.
func (q *Question) Check() error {
	r := model.Refuse(model.ErrInvalid, model.CodeInvalid, "漏斗的条件有误")
	if len(q.Steps) < 2 || len(q.Steps) > mostSteps {
		r = r.Field("steps", fmt.Sprintf("应有 2 至 %d 步", mostSteps))
	}
	for i, s := range q.Steps {
		if !s.Type.Known() {
			r = r.Field(fmt.Sprintf("steps[%d].type", i), "没有这种事件")
		}
		if min(s.ArticleID, s.CourseID, s.LessonID, s.CampaignID) < 0 {
			r = r.Field(fmt.Sprintf("steps[%d]", i), "编号应为正整数")
		}
	}
	if q.Window < 0 || q.Window > mostWindow {
		r = r.Field("window_hours", "应为 0 至 8784 小时")
	}
	switch q.Order {
	case model.FunnelOrdered, model.FunnelStrict, model.FunnelAny:
	default:
		r = r.Field("order", "应为 ordered、strict 或 any")
	}
	if q.Same != "" && !slices.Contains(sameColumns, q.Same) {
		r = r.Field("same", "应为 "+strings.Join(sameColumns, "、"))
	}
	if q.Breakdown != "" && !slices.Contains(breakdownColumns, q.Breakdown) {
		r = r.Field("breakdown", "应为 "+strings.Join(breakdownColumns, "、"))
	}
	if n := stepNumber(q.At); q.At != "" && q.At != "entry" && q.At != "last" && (n < 1 || n > len(q.Steps)) {
		r = r.Field("breakdown_at", "应为 entry、last 或第几步")
	}
	if len(r.Fields) > 0 {
		return r
	}
	return nil
}

func stepNumber(s string) int {
	n := 0
	if _, err := fmt.Sscan(s, &n); err != nil {
		return -1
	}
	return n
}

// StepPeople is how many people reached a step; Rate is of those who reached the one before, nil when that
// is nobody.
type StepPeople struct {
	People int64    `json:"people"`
	Rate   *float64 `json:"step_rate"`
}

// Seconds is how long the people who went all the way took from entry to last step.
type Seconds struct {
	Median *float64 `json:"median"`
	P90    *float64 `json:"p90"`
	Mean   *float64 `json:"mean"`
}

// Group is the part of a funnel whose people share a value.
type Group struct {
	Key     string       `json:"key"`
	Steps   []StepPeople `json:"steps"`
	Overall *float64     `json:"overall"`
}

// Answer is a funnel with what it means.
type Answer struct {
	Steps     []StepPeople `json:"steps"`
	Overall   *float64     `json:"overall"`
	Seconds   Seconds      `json:"seconds"`
	Groups    []Group      `json:"groups,omitempty"`
	MaturesAt *time.Time   `json:"matures_at,omitempty"`
	AsOf      time.Time    `json:"as_of"`
	Rule      string       `json:"rule"`
}

// Entrant is one person of a funnel. FollowerID and LearnerID are 0 where there is none.
type Entrant struct {
	PersonID   int64
	FollowerID int64
	LearnerID  int64
	Entered    time.Time
	Last       time.Time
	Reached    int
}

// attempt is a person's counted attempt.
type attempt struct {
	person int64
	path   []model.FunnelEvent
}

// record is an event a funnel looks at.
type record struct {
	entrant int32 // the place of its person among the entrants
	e       model.FunnelEvent
}

// Funnel answers q.
func (s *Service) Funnel(ctx context.Context, q Question) (Answer, error) {
	attempts, values, err := s.attempts(ctx, q)
	if err != nil {
		return Answer{}, err
	}
	now := model.Milli(s.now())
	a := Answer{AsOf: now, Rule: q.rule()}
	if end := q.Span.To.Add(q.Window); now.Before(end) {
		a.MaturesAt = &end
	}
	reached := make([]int64, len(q.Steps))
	groups := map[string][]int64{}
	var took []float64
	for _, x := range attempts {
		var g []int64
		if q.Breakdown != "" {
			key := q.valueOf(x.path, values)
			if g = groups[key]; g == nil {
				g = make([]int64, len(q.Steps))
				groups[key] = g
			}
		}
		for k := range x.path {
			reached[k]++
			if g != nil {
				g[k]++
			}
		}
		if len(x.path) == len(q.Steps) {
			last := x.path[0].At
			for _, e := range x.path {
				last = max(last, e.At)
			}
			took = append(took, float64(last-x.path[0].At)/1000)
		}
	}
	a.Steps, a.Overall = rates(reached)
	a.Seconds = quantiles(took)
	if q.Breakdown != "" {
		for k, g := range groups {
			steps, overall := rates(g)
			a.Groups = append(a.Groups, Group{Key: k, Steps: steps, Overall: overall})
		}
		slices.SortFunc(a.Groups, func(x, y Group) int {
			return cmp.Or(cmp.Compare(y.Steps[0].People, x.Steps[0].People), cmp.Compare(x.Key, y.Key))
		})
		a.Groups = fewGroups(a.Groups)
	}
	return a, nil
}

// fewGroups adds up the groups beyond the fiftieth, so that the parts still sum to the whole.
func fewGroups(all []Group) []Group {
	if len(all) <= mostGroups {
		return all
	}
	rest := make([]int64, len(all[0].Steps))
	for _, g := range all[mostGroups-1:] {
		for k, s := range g.Steps {
			rest[k] += s.People
		}
	}
	steps, overall := rates(rest)
	return append(all[:mostGroups-1:mostGroups-1], Group{Key: "…", Steps: steps, Overall: overall})
}

// valueOf is the value by which an attempt is put in a group; an attempt that did not get to the step
// asked for has none.
func (q *Question) valueOf(path []model.FunnelEvent, values []string) string {
	k := 0
	switch q.At {
	case "", "entry":
	case "last":
		k = len(path) - 1
	default:
		if k = stepNumber(q.At) - 1; k >= len(path) {
			return ""
		}
	}
	return values[path[k].Ref]
}

func rates(reached []int64) (steps []StepPeople, overall *float64) {
	for k, n := range reached {
		st := StepPeople{People: n}
		if k > 0 {
			st.Rate = quotient(n, reached[k-1])
		}
		steps = append(steps, st)
	}
	return steps, quotient(reached[len(reached)-1], reached[0])
}

func quotient(a, b int64) *float64 {
	if b == 0 {
		return nil
	}
	v := float64(a) / float64(b)
	return &v
}

func quantiles(v []float64) (s Seconds) {
	if len(v) == 0 {
		return s
	}
	slices.Sort(v)
	at := func(f float64) *float64 {
		pos := f * float64(len(v)-1)
		i := int(pos)
		x := v[i]
		if i+1 < len(v) {
			x += (pos - float64(i)) * (v[i+1] - v[i])
		}
		return &x
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	return Seconds{Median: at(0.5), P90: at(0.9), Mean: &mean}
}

// FunnelPeople lists who reached at least a step (from 1), by number, after a number; more tells that there
// are others behind.
func (s *Service) FunnelPeople(ctx context.Context, q Question, step int, after int64, limit int) (out []Entrant, more bool, err error) {
	if step < 1 || step > len(q.Steps) {
		return nil, false, model.Refuse(model.ErrInvalid, model.CodeInvalid, "漏斗的条件有误").Field("step", "没有这一步")
	}
	attempts, _, err := s.attempts(ctx, q)
	if err != nil {
		return nil, false, err
	}
	for _, x := range attempts { // by person, ascending
		if len(x.path) < step || x.person <= after {
			continue
		}
		if len(out) == limit {
			more = true
			break
		}
		last := x.path[0].At
		for _, e := range x.path {
			last = max(last, e.At)
		}
		out = append(out, Entrant{PersonID: x.person, Entered: time.UnixMilli(x.path[0].At).UTC(), Last: time.UnixMilli(last).UTC(), Reached: len(x.path)})
	}
	return out, more, s.meet(ctx, out)
}

// meet says as what fan and what learner the people are known, whichever number of theirs those hold.
func (s *Service) meet(ctx context.Context, people []Entrant) error {
	of := make(map[int64]*Entrant, len(people))
	for i := range people {
		of[people[i].PersonID] = &people[i]
	}
	for part := range slices.Chunk(slices.Collect(maps.Keys(of)), 500) {
		db := s.db.WithContext(ctx)
		var linked []struct{ PersonID, CanonicalID int64 }
		if err := db.Raw("SELECT person_id, canonical_id FROM person_links WHERE canonical_id IN ?", part).Scan(&linked).Error; err != nil {
			return fmt.Errorf("numbers of people: %w", err)
		}
		numbers := slices.Clone(part)
		for _, l := range linked {
			of[l.PersonID] = of[l.CanonicalID]
			numbers = append(numbers, l.PersonID)
		}
		var found []struct{ ID, PersonID int64 }
		if err := db.Raw("SELECT id, person_id FROM followers WHERE appid = ? AND person_id IN ?", s.official, numbers).Scan(&found).Error; err != nil {
			return fmt.Errorf("fans behind people: %w", err)
		}
		for _, f := range found {
			of[f.PersonID].FollowerID = f.ID
		}
		found = nil
		if err := db.Raw("SELECT id, person_id FROM learners WHERE appid = ? AND erased_at IS NULL AND person_id IN ?", s.miniApp, numbers).Scan(&found).Error; err != nil {
			return fmt.Errorf("learners behind people: %w", err)
		}
		for _, l := range found {
			of[l.PersonID].LearnerID = l.ID
		}
	}
	return nil
}

// attempts finds every entrant's counted attempt. values are the breakdown's, by FunnelEvent.Ref.
func (s *Service) attempts(ctx context.Context, q Question) (out []attempt, values []string, err error) {
	if err := q.Check(); err != nil {
		return nil, nil, err
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, nil, err
	}
	records, entrants, values, err := s.records(ctx, p, q)
	if err != nil {
		return nil, nil, err
	}
	f := model.Funnel{Steps: len(q.Steps), Window: q.Window.Milliseconds(), From: q.Span.From.UnixMilli(), To: q.Span.To.UnixMilli(), Order: q.Order, Same: q.Same != ""}
	for k, person := range entrants {
		if path := f.Reach(records[k]); len(path) > 0 {
			out = append(out, attempt{person, path})
		}
	}
	slices.SortFunc(out, func(a, b attempt) int { return cmp.Compare(a.person, b.person) })
	return out, values, nil
}

// records reads the events of a funnel's steps, each once, and gives those of each entrant by time and id. Who has no event of
// the first step enters nowhere and is left out while reading.
func (s *Service) records(ctx context.Context, p *model.People, q Question) (of [][]model.FunnelEvent, entrants []int64, values []string, err error) {
	masks := map[Step]uint32{}
	for k, st := range q.Steps {
		masks[st] |= 1 << k
	}
	steps := slices.SortedFunc(maps.Keys(masks), func(a, b Step) int { return cmp.Compare(masks[b]&1, masks[a]&1) }) // the entry first
	last := model.DayNumber(q.Span.To.Add(q.Window))
	columns := "id, person_id, occurred_at"
	same, breakdown := 0, 0 // their columns
	if q.Same != "" {
		columns, same = columns+", "+q.Same, 3
	}
	if q.Breakdown != "" {
		columns, breakdown = columns+", "+q.Breakdown, max(3, same+1)
	} else {
		values = []string{""}
	}
	place := map[int64]int32{} // person → its place in entrants
	seen := map[string]int32{} // value → its place in values
	read := func(ctx context.Context, st Step) (out []record, err error) {
		mask, to := masks[st], last
		if mask == 1 && q.Order != model.FunnelStrict { // only ever an entry
			to = q.Span.Last
		}
		query := "SELECT " + columns + " FROM events WHERE type = ? AND day BETWEEN ? AND ?" + s.in(scope{article: st.ArticleID, course: st.CourseID}) + st.rest()
		err = store.Each(ctx, s.db, query, func(row []driver.Value) error {
			person := p.Of(store.Int(row[1]))
			if person == 0 {
				return nil
			}
			k, ok := place[person]
			if !ok {
				if mask&1 == 0 {
					return nil
				}
				k = int32(len(entrants)) //nolint:gosec // as many as there are people
				place[person] = k
				entrants = append(entrants, person)
			}
			e := model.FunnelEvent{ID: store.Int(row[0]), At: store.Int(row[2]), Mask: mask}
			if same > 0 {
				e.Same = store.Int(row[same])
			}
			if breakdown > 0 {
				v := store.Text(row[breakdown])
				ref, ok := seen[v]
				if !ok {
					ref = int32(len(values)) //nolint:gosec // as many as there are rows
					seen[v] = ref
					values = append(values, v)
				}
				e.Ref = ref
			}
			out = append(out, record{k, e})
			return nil
		}, append([]any{st.Type.Number(), q.Span.First, to}, st.args()...)...)
		if err != nil {
			err = fmt.Errorf("read funnel: %w", err)
		}
		return out, err
	}
	// The entry's events say who the entrants are; the other steps only look, two at a time, unless they note values as well.
	parts, entries := make([][]record, len(steps)), 0
	for ; entries < len(steps) && masks[steps[entries]]&1 == 1; entries++ {
		if parts[entries], err = read(ctx, steps[entries]); err != nil {
			return nil, nil, nil, err
		}
	}
	readers := 2
	if breakdown > 0 {
		readers = 1
	}
	faults := make([]error, readers)
	var wait sync.WaitGroup
	for n := range readers {
		wait.Go(func() {
			defer func() { // here a panic would end the program, not the request
				if p := recover(); p != nil {
					faults[n] = fmt.Errorf("read funnel: %v", p)
				}
			}()
			for k := entries + n; k < len(steps) && len(entrants) > 0 && faults[n] == nil; k += readers {
				parts[k], faults[n] = read(ctx, steps[k])
			}
		})
	}
	wait.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, nil, nil, err
	}
	return byEntrant(parts, len(entrants)), entrants, values, nil
}

// byEntrant parts records by their person, in time linear in their number, and sorts each part by time and id.
func byEntrant(parts [][]record, entrants int) [][]model.FunnelEvent {
	ends := make([]int, entrants)
	for _, part := range parts {
		for i := range part {
			ends[part[i].entrant]++
		}
	}
	sum := 0
	for k, n := range ends {
		ends[k], sum = sum, sum+n
	}
	events := make([]model.FunnelEvent, sum)
	for n, part := range parts {
		for i := range part {
			k := part[i].entrant
			events[ends[k]] = part[i].e
			ends[k]++
		}
		parts[n] = nil
	}
	of := make([][]model.FunnelEvent, entrants)
	from := 0
	for k, end := range ends {
		mine := events[from:end]
		from = end
		slices.SortFunc(mine, func(a, b model.FunnelEvent) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
		once := mine[:0] // an event that two different steps ask for is one event with both marks
		for _, e := range mine {
			if n := len(once); n > 0 && once[n-1].ID == e.ID {
				once[n-1].Mask |= e.Mask
				continue
			}
			once = append(once, e)
		}
		of[k] = once
	}
	return of
}

func (st Step) rest() string {
	q := ""
	if st.LessonID > 0 {
		q += " AND lesson_id = ?"
	}
	if st.CampaignID > 0 {
		q += " AND campaign_id = ?"
	}
	if st.Channel != "" {
		q += " AND channel = ?"
	}
	if st.Code != "" {
		q += " AND code = ?"
	}
	return q
}

func (st Step) args() (a []any) {
	if st.LessonID > 0 {
		a = append(a, st.LessonID)
	}
	if st.CampaignID > 0 {
		a = append(a, st.CampaignID)
	}
	if st.Channel != "" {
		a = append(a, st.Channel)
	}
	if st.Code != "" {
		a = append(a, st.Code)
	}
	return a
}

// rule says in one sentence how the funnel counts.
func (q *Question) rule() string {
	order := map[model.FunnelOrder]string{
		model.FunnelOrdered: "之后的每一步在前一步同时或之后，中间有别的事件不影响", model.FunnelStrict: "各步之间没有漏斗里的其他事件", model.FunnelAny: "之后各步先后不限",
	}[q.Order]
	r := fmt.Sprintf("第一步在 %s 至 %s（北京时间）内；从第一步起 %s内完成；%s；一人只计一次，多次进入取走得最远的一次", model.DayName(q.Span.First), model.DayName(q.Span.Last), spoken(q.Window), order)
	if q.Same != "" {
		r += "；各步的" + breakdownNames[q.Same] + "相同"
	}
	if q.Breakdown != "" {
		r += "；按" + map[bool]string{true: "进入时", false: "指定步"}[q.At == "" || q.At == "entry"] + "的" + breakdownNames[q.Breakdown] + "分组"
	}
	return r + "。"
}

func spoken(d time.Duration) string {
	if d%day == 0 && d > 0 {
		return fmt.Sprintf("%d 天", d/day)
	}
	return fmt.Sprintf("%g 小时", d.Hours())
}
