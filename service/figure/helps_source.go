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

// helpsSource is what every window is counted from, read once.
type helpsSource struct {
	p     *model.People
	began int // day of our first event
	tasks []model.Task
	made  []madeItem
	paid  map[int]*roaring.Bitmap // buyers by day
	led   map[int]*roaring.Bitmap // of them: whom an article led there
}

type madeItem struct {
	kind  string
	id    int64
	title string
	day   int
}

// work sums the tasks of a KPI that stand on the days of w; "": those that serve none.
func (src *helpsSource) work(kpi string, w Span, now time.Time) HelpsWork {
	var out HelpsWork
	for _, t := range src.tasks {
		if t.KPI != kpi || t.Day < w.First || t.Day > w.Last {
			continue
		}
		actual := t.Actual(now)
		out.Tasks, out.Minutes = out.Tasks+1, out.Minutes+actual
		if t.State == model.TaskDone {
			out.Done++
			if actual == 0 {
				out.Unmeasured++
			}
		}
	}
	return out
}

// counts tells the items made for a KPI on the days of w, by kind and in all.
func (src *helpsSource) counts(k helped, w Span) (list []HelpsCount, all int) {
	for _, kind := range k.items {
		n := 0
		for _, m := range src.made {
			if m.kind == kind && m.day >= w.First && m.day <= w.Last {
				n++
			}
		}
		list, all = append(list, HelpsCount{kind, n}), all+n
	}
	return list, all
}

func (s *Service) helpsSource(ctx context.Context, whole Span) (*helpsSource, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	src := &helpsSource{p: p, paid: map[int]*roaring.Bitmap{}, led: map[int]*roaring.Bitmap{}}
	began, err := s.FirstDay(ctx)
	if err != nil {
		return nil, err
	}
	first, err := model.ParseDay(began)
	if err != nil {
		return nil, fmt.Errorf("first day %q: %w", began, err)
	}
	src.began = model.DayNumber(first)
	if src.tasks, err = s.helpsTasks(ctx, whole); err != nil {
		return nil, err
	}
	if src.made, err = s.madeItems(ctx, whole); err != nil {
		return nil, err
	}
	sales, err := s.sales(ctx, p, whole, model.AttributeLast, levelKey("article"), articleLookback)
	if err != nil {
		return nil, err
	}
	put := func(by map[int]*roaring.Bitmap, x sale) {
		if by[x.Day] == nil {
			by[x.Day] = roaring.New()
		}
		by[x.Day].Add(uint32(x.Person)) //nolint:gosec // a person's number
	}
	for _, x := range sales {
		if x.Person <= 0 || x.Day < whole.First {
			continue
		}
		put(src.paid, x)
		if key := x.keys[len(x.keys)-1]; key != Unattributed && key != Direct && key != Unmarked {
			put(src.led, x)
		}
	}
	return src, nil
}

func (s *Service) helpsTasks(ctx context.Context, sp Span) (out []model.Task, err error) {
	if err := s.db.WithContext(ctx).Where("appid = ? AND removed_at IS NULL AND day BETWEEN ? AND ?", s.official, sp.First, sp.Last).Order("day, start_minute IS NULL, start_minute, id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	return out, nil
}

// madeItems lists what was made on the days of sp, oldest first.
func (s *Service) madeItems(ctx context.Context, sp Span) ([]madeItem, error) {
	db, from, to := s.db.WithContext(ctx), sp.From.UTC(), sp.To.UTC()
	var out []madeItem
	for _, q := range []struct {
		kind, sql string
		args      []any
	}{
		{"article", "SELECT id, title, published_at AS at FROM articles WHERE appid = ? AND state = ? AND published_at >= ? AND published_at < ?", []any{s.official, model.ArticlePublished, from, to}},
		{"broadcast", "SELECT s.broadcast_id AS id, b.title, s.accepted_at AS at FROM broadcast_sends s JOIN broadcasts b ON b.id = s.broadcast_id WHERE s.appid = ? AND s.state <> ? AND s.accepted_at >= ? AND s.accepted_at < ?", []any{s.official, model.BroadcastFailed, from, to}},
		{"course", "SELECT v.course_id AS id, c.title, v.published_at AS at FROM course_versions v JOIN courses c ON c.id = v.course_id WHERE v.appid = ? AND v.published_at >= ? AND v.published_at < ?", []any{s.miniApp, from, to}},
		{"release", "SELECT id, note AS title, published_at AS at FROM releases WHERE appid = ? AND state = 'done' AND published_at >= ? AND published_at < ?", []any{s.official, from, to}},
	} {
		var rows []struct {
			ID    int64
			Title string
			At    time.Time
		}
		if err := db.Raw(q.sql, q.args...).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("items made: %s: %w", q.kind, err)
		}
		for _, r := range rows {
			out = append(out, madeItem{q.kind, r.ID, r.Title, model.DayNumber(r.At)})
		}
	}
	var campaigns []model.Campaign
	if err := db.Where("appid = ? AND first_day BETWEEN ? AND ?", s.official, sp.First, sp.Last).Find(&campaigns).Error; err != nil {
		return nil, fmt.Errorf("items made: campaigns: %w", err)
	}
	today := model.DayNumber(s.now())
	for _, c := range campaigns {
		if c.FirstDay <= today && c.Until() >= c.FirstDay { // begun, and not stopped before that
			out = append(out, madeItem{"campaign", c.ID, c.Name, c.FirstDay})
		}
	}
	slices.SortStableFunc(out, func(a, b madeItem) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})
	return out, nil
}

// helpsValues is what each KPI was in a window.
func (s *Service) helpsValues(ctx context.Context, src *helpsSource, w Span) (map[string]Figure, error) {
	b := newBoard(w, s.now())
	if err := s.reportReading(ctx, w, b); err != nil {
		return nil, err
	}
	if err := s.followers(ctx, b); err != nil {
		return nil, err
	}
	f := b.figures["followers_net"]
	f.Rule = followersRule
	if f.State == Missing {
		f.Rule += "：未取到"
	}
	b.figures["followers"] = f
	visitors, err := s.peopleOf(ctx, src.p, scope{}, w, model.EventMPOpen)
	if err != nil {
		return nil, err
	}
	u, err := s.usage(ctx, src.p, w)
	if err != nil {
		return nil, err
	}
	paid, led := roaring.New(), roaring.New()
	for _, d := range w.Days() {
		if set := src.paid[d]; set != nil {
			paid.Or(set)
		}
		if set := src.led[d]; set != nil {
			led.Or(set)
		}
	}
	b.count("visitors", card(visitors), "范围内至少打开一次小程序的人")
	b.count("users", card(u.users), "范围内至少有一次使用行为的人：课程浏览满 10 秒、学习合计满 30 秒、练习、评论、下单、搜索（版本 1）")
	b.count("active", card(u.active()), "范围内至少一天有使用行为的人")
	b.count("buyers", card(paid), "范围内至少有一笔已支付订单的人，按支付时间")
	return b.figures, s.helpsConversion(ctx, b, card(led))
}

// helpsConversion is the buyers whom articles led there by the readers of the same days.
func (s *Service) helpsConversion(ctx context.Context, b *board, led int64) error {
	readers, err := s.readers(ctx, b.span, 0, 0)
	if err != nil {
		return err
	}
	if readers == nil {
		b.missing(conversionRule+"：阅读人数未取到", "conversion")
		return nil
	}
	b.rate("conversion", led, *readers, 0, conversionRule)
	told, err := s.readings(ctx, b.span.Last, 0, 0)
	if err != nil {
		return err
	}
	f := b.figures["conversion"]
	for _, r := range told {
		if st := r.state(b.span, b.now); st != Final && f.State == Final && addDays(r.PublishDay, articleLife-1) >= b.span.First {
			f.State = st
		}
	}
	b.figures["conversion"] = f
	return nil
}

// HelpsBehind lists the tasks and the items behind the numbers of a KPI ("": tasks that serve none). ErrInvalid for a KPI
// that tasks do not know.
func (s *Service) HelpsBehind(ctx context.Context, kpi string, sp Span) (HelpsBehind, error) {
	out := HelpsBehind{Tasks: []HelpsTask{}, Items: []HelpsItem{}}
	var k helped
	if kpi != "" {
		i := slices.IndexFunc(helpedKPIs, func(k helped) bool { return k.key == kpi })
		if i < 0 {
			return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请求内容有误").Field("kpi", "没有这个指标")
		}
		k = helpedKPIs[i]
	}
	tasks, err := s.helpsTasks(ctx, sp)
	if err != nil {
		return out, err
	}
	for _, t := range tasks {
		if t.KPI != kpi {
			continue
		}
		if len(out.Tasks) == helpsListed {
			out.TasksLeft++
			continue
		}
		out.Tasks = append(out.Tasks, HelpsTask{ID: t.ID, Title: t.Title, Day: model.DayName(t.Day), Owner: t.Owner, State: t.State, Minutes: t.Actual(s.now())})
	}
	made, err := s.madeItems(ctx, sp)
	if err != nil {
		return out, err
	}
	for _, m := range made {
		if !slices.Contains(k.items, m.kind) {
			continue
		}
		if len(out.Items) == helpsListed {
			out.ItemsLeft++
			continue
		}
		out.Items = append(out.Items, HelpsItem{Kind: m.kind, ID: m.id, Title: m.title, Day: model.DayName(m.day)})
	}
	return out, nil
}
