package figure

import (
	"context"
	"time"

	"loudou/model"
)

// HouseStep is one bar of the house's funnel. Left of the seam it is WeChat's total, People nil when that
// is not known; right of it our people.
type HouseStep struct {
	Key    string   `json:"key"`
	Label  string   `json:"label"`
	Source string   `json:"source" enum:"wechat,ours"`
	People *int64   `json:"people"`
	Events *int64   `json:"events"`
	Amount *int64   `json:"amount,omitempty" doc:"fen"`
	Rate   *float64 `json:"rate" doc:"of the step before; none across the seam but 点击率"`
}

// House is the funnel 阅读 ‖ 点击 → 课程浏览 → 下单 → 支付.
type House struct {
	Steps     []HouseStep `json:"steps"`
	Seconds   Seconds     `json:"seconds"`
	MaturesAt *time.Time  `json:"matures_at,omitempty"`
	Rule      string      `json:"rule"`
	AsOf      time.Time   `json:"as_of"`
}

var houseSteps = []struct {
	typ   model.EventType
	label string
}{
	{model.EventArticleClick, "点击"}, {model.EventCourseView, "课程浏览"}, {model.EventOrderCreate, "下单"}, {model.EventPaid, "支付"},
}

// HouseFunnel answers for everything, one article or one course (0: not narrowed). The window is seven days
// from the click, or the article's own.
func (s *Service) HouseFunnel(ctx context.Context, span Span, article, course int64) (House, error) {
	window := 7 * day
	if article > 0 {
		if err := s.exists(ctx, "articles", article, "没有这篇文章"); err != nil {
			return House{}, err
		}
		window = s.articleWindow(ctx, article)
	}
	if course > 0 {
		if err := s.exists(ctx, "courses", course, "没有这门课程"); err != nil {
			return House{}, err
		}
	}
	q := Question{Span: span, Window: window, Order: model.FunnelOrdered}
	for i, x := range houseSteps {
		st := Step{Type: x.typ}
		if i == 0 {
			st.ArticleID = article
		} else {
			st.CourseID = course
		}
		q.Steps = append(q.Steps, st)
	}
	a, err := s.Funnel(ctx, q)
	if err != nil {
		return House{}, err
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return House{}, err
	}
	h := House{Seconds: a.Seconds, MaturesAt: a.MaturesAt, AsOf: a.AsOf, Rule: a.Rule + "人数从点击文章的人算起；次数是这段时间里每一步的全部次数，不问从哪里来。阅读是微信统计的人数，每篇在范围内新增的相加，看了两篇的人算两次，次日早上才有；与右边的人不是同一口径，中间只有点击率。"}
	readers, err := s.readers(ctx, span, article, course)
	if err != nil {
		return House{}, err
	}
	h.Steps = []HouseStep{{Key: "read", Label: "阅读", Source: "wechat", People: readers}}
	for i, x := range houseSteps {
		people := a.Steps[i].People
		// An article's funnel counts what carries the article at every step: its readers are few, and the
		// whole house's openings beside them would say nothing.
		c := scope{article: article, course: q.Steps[i].CourseID}
		if article > 0 {
			c.course = 0
		}
		n, err := s.countOf(ctx, p, c, span, x.typ)
		if err != nil {
			return House{}, err
		}
		rate := a.Steps[i].Rate
		if i == 0 && course == 0 && readers != nil && *readers > 0 { // a course's clicks are those of all articles
			rate = quotient(people, *readers)
		}
		h.Steps = append(h.Steps, HouseStep{Key: string(x.typ), Label: x.label, Source: "ours", People: &people, Events: &n, Rate: rate})
	}
	amount, err := s.funnelMoney(ctx, p, q, course)
	if err != nil {
		return House{}, err
	}
	h.Steps[len(h.Steps)-1].Amount = &amount
	return h, nil
}

// funnelMoney sums what the people who went all the way paid from their entry to the end of its window.
func (s *Service) funnelMoney(ctx context.Context, p *model.People, q Question, course int64) (amount int64, err error) {
	attempts, _, err := s.attempts(ctx, q)
	if err != nil {
		return 0, err
	}
	entry := map[int64]int64{}
	for _, x := range attempts {
		if len(x.path) == len(q.Steps) {
			entry[x.person] = x.path[0].At
		}
	}
	if len(entry) == 0 {
		return 0, nil
	}
	paid, err := s.payments(ctx, p, model.EventPaid, q.Span.First, model.DayNumber(q.Span.To.Add(q.Window)))
	for _, x := range paid {
		if at, ok := entry[x.Person]; ok && (course == 0 || x.Course == course) && x.At >= at && x.At <= at+q.Window.Milliseconds() {
			amount += x.Amount
		}
	}
	return amount, err
}

// LeftOut is what was told and counts nowhere: events kept with a reason, and events refused by it.
type LeftOut struct {
	Excluded map[string]int64 `json:"excluded" doc:"kept, and counted nowhere: scene, bot, late"`
	Rejected map[string]int64 `json:"rejected" doc:"refused, by reason; nothing of them was kept"`
	AsOf     time.Time        `json:"as_of"`
}

// LeftOut counts by reason what a range leaves out, by the day we heard of it.
func (s *Service) LeftOut(ctx context.Context, span Span) (LeftOut, error) {
	out := LeftOut{Excluded: map[string]int64{}, Rejected: map[string]int64{}, AsOf: model.Milli(s.now())}
	read := func(into map[string]int64, q string, of any) error {
		var lines []struct {
			Ref string
			N   int64
		}
		err := s.db.WithContext(ctx).Raw(q, of, span.First, span.Last).Scan(&lines).Error
		for _, l := range lines {
			_, what := model.AccountOf(l.Ref)
			into[what] = l.N
		}
		return err
	}
	account := s.live.Account()
	var reasons []string
	for _, r := range []model.Excluded{model.ExcludedScene, model.ExcludedBot, model.ExcludedLate} {
		reasons = append(reasons, model.AccountRef(account, r.Code()))
	}
	if err := read(out.Excluded, "SELECT ref, SUM(n) AS n FROM event_daily WHERE kind = 5 AND ref IN ? AND day BETWEEN ? AND ? GROUP BY ref", reasons); err != nil {
		return out, err
	}
	return out, read(out.Rejected, "SELECT reason AS ref, SUM(n) AS n FROM event_rejections WHERE account = ? AND day BETWEEN ? AND ? GROUP BY reason", account)
}
