package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// stayDays are after how many days a scene code's new fans are looked at again.
var stayDays = []int{1, 7, 30}

// Stay is how many new fans still followed at the end of the nth day after the day they came.
type Stay struct {
	Days      int        `json:"days"`
	People    *int64     `json:"people" doc:"null while the window is not over for anybody"`
	Of        int64      `json:"of" doc:"the new follows whose window is over"`
	State     State      `json:"state" enum:"final,running,maturing,missing"`
	MaturesAt *time.Time `json:"matures_at,omitempty" doc:"when the window is over for all"`
}

// SceneDay is a scene code's line for a day, or a whole range.
type SceneDay struct {
	Day         string `json:"day,omitempty" doc:"empty for the whole range"`
	Scans       int64  `json:"scans" doc:"events"`
	Clicks      int64  `json:"clicks" doc:"of links, without robots; a scene code has none"`
	Scanners    int64  `json:"scanners" doc:"people who scanned or clicked; those of days do not add up to those of the range"`
	NewFollows  int64  `json:"new_follows" doc:"people who had never followed before"`
	Returned    int64  `json:"returned" doc:"people who had followed before; those of days do not add up"`
	Stayed      []Stay `json:"stayed"`
	CourseViews int64  `json:"course_views"`
	Orders      int64  `json:"orders"`
	Gross       int64  `json:"gross" doc:"fen"`
	Refunded    int64  `json:"refunded" doc:"fen, on the day of the refund"`
	Net         int64  `json:"net" doc:"fen"`
	State       State  `json:"state" enum:"final,running,maturing,missing" doc:"running: the time is not over"`
}

// SceneLine is what a scene code brought: scans, new follows, who stayed, course views, orders, net revenue.
type SceneLine struct {
	Total SceneDay   `json:"total"`
	Days  []SceneDay `json:"days"`
	AsOf  time.Time  `json:"as_of"`
}

// source is what a line is drawn for: a scene code, or all that a partner owns.
type source struct {
	appid string // of the account its codes and links are of
	where string // the events that may be its, in SQL
	args  []any
	key   keyer  // what a touch's credit goes to
	want  string // the key that is this source's
}

// is tells whether an event is the source's.
func (x source) is(t model.EventType, at int64, code, channel string, campaign int64) bool {
	return x.key(model.Touch{At: at, Event: model.Event{Type: t, Code: code, Channel: channel, CampaignID: campaign}}) == x.want
}

// Scene follows the code of the Official Account appid through a range. Scans and follows are those pushed
// with the code; course views, orders and money are shared among touches as Attribution shares orders at
// level code, so a code's money here is its row there.
func (s *Service) Scene(ctx context.Context, appid, scene string, span Span, m model.AttributionModel, lookback time.Duration) (SceneLine, error) {
	key := levelKey("code")
	lines, err := s.lines(ctx, []source{{appid: appid, where: "code = ?", args: []any{scene}, key: key, want: scene}}, key, span, m, lookback)
	if err != nil {
		return SceneLine{}, fmt.Errorf("line of scene %s: %w", scene, err)
	}
	return lines[0], nil
}

// lines follows sources, whose keys are all made by key, through a range.
func (s *Service) lines(ctx context.Context, sources []source, key keyer, span Span, m model.AttributionModel, lookback time.Duration) ([]SceneLine, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	now := model.Milli(s.now())
	out, boards := make([]SceneLine, len(sources)), map[string]*sceneBoard{}
	for i, x := range sources {
		b := &sceneBoard{source: x, span: span, now: now, days: map[int]*SceneDay{}}
		boards[x.want] = b
		out[i] = SceneLine{AsOf: now, Total: SceneDay{State: span.state(now, 0)}}
		for _, d := range span.Days() {
			b.days[d] = &SceneDay{Day: model.DayName(d), State: span.only(d).state(now, 0)}
		}
		for _, fill := range []func() error{
			func() error { return s.sceneScans(ctx, p, b, &out[i].Total) },
			func() error { return s.sceneFollows(ctx, p, b, &out[i].Total) },
			func() error { return s.sceneViews(ctx, p, b, m, lookback) },
		} {
			if err := fill(); err != nil {
				return nil, err
			}
		}
	}
	if err := s.credits(ctx, p, span, m, key, lookback, func(key string, day int, c Credit) {
		if b := boards[key]; b != nil && b.days[day] != nil {
			d := b.days[day]
			d.Orders, d.Gross, d.Refunded = d.Orders+c.Orders, d.Gross+c.Gross, d.Refunded+c.Refunded
		}
	}); err != nil {
		return nil, err
	}
	for i, x := range sources {
		for _, n := range span.Days() {
			d := boards[x.want].days[n]
			d.Net = d.Gross - d.Refunded
			out[i].Days = append(out[i].Days, *d)
			t := &out[i].Total
			t.Scans, t.Clicks, t.NewFollows, t.CourseViews = t.Scans+d.Scans, t.Clicks+d.Clicks, t.NewFollows+d.NewFollows, t.CourseViews+d.CourseViews
			t.Orders, t.Gross, t.Refunded, t.Net = t.Orders+d.Orders, t.Gross+d.Gross, t.Refunded+d.Refunded, t.Net+d.Net
		}
	}
	return out, nil
}

// sceneBoard collects the days of a line.
type sceneBoard struct {
	source source
	span   Span
	now    time.Time
	days   map[int]*SceneDay
}

// only is the one day of number d.
func (s Span) only(d int) Span { return span(model.DayStart(d), model.DayStart(d)) }

// sceneScans counts every scan and click, and the people behind them.
func (s *Service) sceneScans(ctx context.Context, p *model.People, b *sceneBoard, total *SceneDay) error {
	rows, err := s.db.WithContext(ctx).Raw("SELECT type, day, person_id, occurred_at, code, channel, campaign_id FROM events WHERE type IN ("+numbersOf([]model.EventType{model.EventScan, model.EventLinkClick})+") AND day BETWEEN ? AND ? AND ("+b.source.where+") AND appid = ?",
		append(append([]any{b.span.First, b.span.Last}, b.source.args...), b.source.appid)...).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	all, byDay := roaring.New(), map[int]*roaring.Bitmap{}
	for rows.Next() {
		var kind, day int
		var person, at, campaign int64
		var code, channel string
		if err := rows.Scan(&kind, &day, &person, &at, &code, &channel, &campaign); err != nil {
			return err
		}
		d, t := b.days[day], model.EventTypeOf(kind)
		if d == nil || p.IsStaff(person) || !b.source.is(t, at, code, channel, campaign) {
			continue
		}
		if t == model.EventScan {
			d.Scans++
		} else {
			d.Clicks++
		}
		if byDay[day] == nil {
			byDay[day] = roaring.New()
		}
		add(byDay[day], p, person)
		add(all, p, person)
	}
	for n, set := range byDay {
		b.days[n].Scanners = card(set)
	}
	total.Scanners = card(all)
	return rows.Err()
}

// followed is a follow or an unfollow of somebody.
type followed struct {
	At, Received, ID int64
	On               bool
	Ours             bool // a follow through the source
}

// sceneFollows counts who followed through the source for the first time ever, who came back, and how many of
// the first still follow later. Somebody who left and follows again before the look is still there.
func (s *Service) sceneFollows(ctx context.Context, p *model.People, b *sceneBoard, total *SceneDay) error {
	who := roaring.New()
	var ids []int64
	if err := s.db.WithContext(ctx).Raw("SELECT DISTINCT person_id FROM events WHERE type = ? AND day BETWEEN ? AND ? AND ("+b.source.where+") AND appid = ?",
		append(append([]any{model.EventFollow.Number(), b.span.First, b.span.Last}, b.source.args...), b.source.appid)...).Scan(&ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		add(who, p, id)
	}
	changes, err := s.follows(ctx, p, b.source, who)
	if err != nil {
		return err
	}
	cohorts := map[int][][]followed{} // by the day they first followed
	for _, list := range changes {
		first := slices.IndexFunc(list, func(f followed) bool { return f.On })
		if first < 0 {
			continue
		}
		began := list[first]
		if n := model.DayNumber(time.UnixMilli(began.At)); began.Ours && b.days[n] != nil {
			b.days[n].NewFollows++
			cohorts[n] = append(cohorts[n], list)
		}
		if returned(list, began, b.span) {
			total.Returned++
		}
		seen := map[int]bool{}
		for _, f := range list {
			n := model.DayNumber(time.UnixMilli(f.At))
			if d := b.days[n]; d != nil && f.On && !seen[n] {
				seen[n] = true
				if returned(list, began, b.span.only(n)) {
					d.Returned++
				}
			}
		}
	}
	for _, n := range stayDays {
		sum := Stay{Days: n, State: Final}
		for _, number := range b.span.Days() {
			d, over := b.days[number], model.DayStart(number).AddDate(0, 0, n+1)
			st := Stay{Days: n, State: Maturing, MaturesAt: &over}
			if !b.now.Before(over) {
				left := int64(0)
				for _, list := range cohorts[number] {
					if following(list, over.UnixMilli()) {
						left++
					}
				}
				st = Stay{Days: n, People: &left, Of: d.NewFollows, State: Final}
			}
			d.Stayed = append(d.Stayed, st)
			if st.State == Maturing {
				sum.State, sum.MaturesAt = Maturing, &over // the latest day's
				continue
			}
			if sum.People == nil {
				sum.People = new(int64)
			}
			*sum.People += *st.People
			sum.Of += st.Of
		}
		total.Stayed = append(total.Stayed, sum)
	}
	return nil
}

// returned tells whether somebody's first follow in a range is through the code and not their first ever.
func returned(list []followed, began followed, in Span) bool {
	i := slices.IndexFunc(list, func(f followed) bool { return f.On && f.At >= in.From.UnixMilli() && f.At < in.To.UnixMilli() })
	return i >= 0 && list[i].Ours && began.At < in.From.UnixMilli()
}

// following tells whether somebody followed just before an instant.
func following(list []followed, at int64) bool {
	on := false
	for _, f := range list {
		if f.At >= at {
			break
		}
		on = f.On
	}
	return on
}

// follows reads when the people of a set followed and left the account, each one's oldest first.
func (s *Service) follows(ctx context.Context, p *model.People, x source, who *roaring.Bitmap) (map[int64][]followed, error) {
	out := map[int64][]followed{}
	for part := range slices.Chunk(numbersBehind(p, who), 500) {
		var rows []struct {
			ID, PersonID, OccurredAt, ReceivedAt int64
			Type                                 int
			Code, Channel                        string
			CampaignID                           int64
		}
		if err := s.db.WithContext(ctx).Raw("SELECT id, person_id, occurred_at, received_at, type, code, channel, campaign_id FROM events WHERE person_id IN ? AND type IN ("+numbersOf([]model.EventType{model.EventFollow, model.EventUnfollow})+") AND day > 0 AND appid = ?", part, x.appid).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			on := r.Type == model.EventFollow.Number()
			id := p.Of(r.PersonID)
			out[id] = append(out[id], followed{At: r.OccurredAt, Received: r.ReceivedAt, ID: r.ID, On: on, Ours: on && x.is(model.EventFollow, r.OccurredAt, r.Code, r.Channel, r.CampaignID)})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b followed) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Received, b.Received), cmp.Compare(a.ID, b.ID))
		})
	}
	return out, nil
}

// sceneViews counts the course views the source is credited with. Only who ever touched it can have any.
func (s *Service) sceneViews(ctx context.Context, p *model.People, b *sceneBoard, m model.AttributionModel, lookback time.Duration) error {
	from, to := b.span.From.Add(-lookback), b.span.To
	var ids []int64
	if err := s.db.WithContext(ctx).Raw("SELECT DISTINCT person_id FROM events WHERE type IN ("+numbersOf(touchTypes)+") AND day BETWEEN ? AND ? AND ("+b.source.where+")"+s.ours(),
		append([]any{model.DayNumber(from), b.span.Last}, b.source.args...)...).Scan(&ids).Error; err != nil {
		return err
	}
	who := roaring.New()
	for _, id := range ids {
		add(who, p, id)
	}
	touches, err := s.touches(ctx, p, who, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	for part := range slices.Chunk(numbersBehind(p, who), 500) {
		q := fmt.Sprintf("SELECT person_id, occurred_at, day FROM events WHERE person_id IN (%s) AND type = %d AND day BETWEEN %d AND %d%s", list(part), model.EventCourseView.Number(), b.span.First, b.span.Last, s.ours())
		if err := s.each(ctx, q, 3, func(v []int64) {
			d := b.days[int(v[2])]
			if d == nil {
				return
			}
			keys, weights := shares(touches[p.Of(v[0])], v[1], m, b.source.key, lookback)
			for i, n := range model.Split(1, weights) {
				if keys[i] == b.source.want {
					d.CourseViews += n
				}
			}
		}); err != nil {
			return err
		}
	}
	return nil
}
