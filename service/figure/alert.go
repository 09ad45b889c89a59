package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// Daily gives some figures of the account by day number: followers_new, followers_lost, visitors, buyers, net. A day WeChat
// has not told of is not among the followers'; nor is one before our first event among the others.
func (s *Service) Daily(ctx context.Context, sp Span) (map[string]map[int]float64, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]map[int]float64{"followers_new": {}, "followers_lost": {}, "visitors": {}, "buyers": {}, "net": {}}
	var told []struct {
		Day        int
		Came, Left int64
	}
	if err := s.db.WithContext(ctx).Raw("SELECT day, SUM(CASE WHEN source = -1 THEN 0 ELSE new_user END) AS came, SUM(CASE WHEN source = -1 THEN 0 ELSE cancel_user END) AS `left` FROM follower_days WHERE appid = ? AND day BETWEEN ? AND ? GROUP BY day", s.official, sp.First, sp.Last).Scan(&told).Error; err != nil {
		return nil, fmt.Errorf("followers by day: %w", err)
	}
	for _, t := range told {
		out["followers_new"][t.Day], out["followers_lost"][t.Day] = float64(t.Came), float64(t.Left)
	}
	began, err := s.FirstDay(ctx)
	if err != nil || began == "" {
		return out, err
	}
	net, err := s.netByDay(ctx, p, sp)
	if err != nil {
		return nil, err
	}
	sets := map[model.EventType]map[int]*roaring.Bitmap{model.EventMPOpen: {}, model.EventPaid: {}}
	for t, by := range sets {
		q := fmt.Sprintf("SELECT DISTINCT day, person_id FROM events WHERE type = %d AND day BETWEEN %d AND %d%s", t.Number(), sp.First, sp.Last, s.ours())
		if err := s.each(ctx, q, 2, func(v []int64) {
			d := int(v[0])
			if by[d] == nil {
				by[d] = roaring.New()
			}
			add(by[d], p, v[1])
		}); err != nil {
			return nil, err
		}
	}
	for _, d := range sp.Days() {
		if model.DayName(d) < began {
			continue
		}
		out["visitors"][d], out["buyers"][d], out["net"][d] = float64(card(sets[model.EventMPOpen][d])), float64(card(sets[model.EventPaid][d])), float64(net[d])
	}
	return out, nil
}

// LastDays is the range of n whole days that ends with the day of last.
func LastDays(last time.Time, n int) Span { return span(last.AddDate(0, 0, 1-n), last) }

// CourseRefunds is a course with orders whose money went back.
type CourseRefunds struct {
	CourseID int64
	Title    string
	Refunds  int64
	Orders   int64 // paid in the longer range
}

// RefundedCourses lists courses with refunds that succeeded since one instant, beside the orders paid since another. An order
// counts once, in however many parts it was refunded.
func (s *Service) RefundedCourses(ctx context.Context, refundsFrom, ordersFrom time.Time) ([]CourseRefunds, error) {
	var out []CourseRefunds
	err := s.db.WithContext(ctx).Raw(`SELECT c.id AS course_id, c.title, COUNT(DISTINCT o.id) AS refunds,
  (SELECT COUNT(*) FROM orders x WHERE x.course_id = c.id AND x.paid_at >= ?) AS orders
FROM refunds r JOIN orders o ON o.id = r.order_id JOIN courses c ON c.id = o.course_id
WHERE r.succeeded_at >= ? AND r.status = 'success' AND c.appid = ? GROUP BY c.id, c.title ORDER BY c.id`, model.Milli(ordersFrom.UTC()), model.Milli(refundsFrom.UTC()), s.miniApp).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("courses with refunds: %w", err)
	}
	return out, nil
}

// SendLeavers is a mass send with those who stopped following within a day of it.
type SendLeavers struct {
	SendID, BroadcastID int64
	Title               string
	At                  time.Time
	Left                int64
	Usual               float64 // a day, in the two weeks before the send
}

// Leavers lists the mass sends since an instant with those who left within a day, as far as that day is over by now.
func (s *Service) Leavers(ctx context.Context, since time.Time) ([]SendLeavers, error) {
	db := s.db.WithContext(ctx)
	var sends []struct {
		ID, BroadcastID int64
		Title           string
		AcceptedAt      time.Time
	}
	if err := db.Raw("SELECT s.id, s.broadcast_id, b.title, s.accepted_at FROM broadcast_sends s JOIN broadcasts b ON b.id = s.broadcast_id WHERE s.appid = ? AND s.accepted_at >= ? ORDER BY s.id", s.official, model.Milli(since.UTC())).Scan(&sends).Error; err != nil {
		return nil, fmt.Errorf("mass sends: %w", err)
	}
	out := make([]SendLeavers, 0, len(sends))
	for _, x := range sends {
		at := x.AcceptedAt.UTC()
		one := SendLeavers{SendID: x.ID, BroadcastID: x.BroadcastID, Title: x.Title, At: at}
		var err error
		if one.Left, one.Usual, err = s.changesAfter(ctx, "unfollow", at); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
