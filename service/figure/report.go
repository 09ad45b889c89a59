package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// Bounds of a report's tables.
const (
	reportArticles = 60
	reportCourses  = 10
	reportPlans    = 50
)

// reportDefinitions names the rules the figures of a report are counted by.
const reportDefinitions = "1"

// asOf is the service as it would have answered at an instant.
func (s *Service) asOf(t time.Time) *Service {
	return &Service{db: s.db, people: s.people, live: s.live, now: func() time.Time { return t }}
}

// Report gathers what a work report of the account appid says of a period. What is compared is the period directly
// before, and the same one a year before where we were counting already.
func (s *Service) Report(ctx context.Context, appid string, kind model.ReportKind, first int) (model.ReportFacts, error) {
	a, b, err := model.ReportDays(kind, first)
	if err != nil {
		return model.ReportFacts{}, err
	}
	f := model.ReportFacts{Kind: kind, FirstDay: a, LastDay: b, DefinitionsVer: reportDefinitions, AsOf: model.Milli(s.now()), Holes: []string{}}
	sp := days(a, b)
	if f.LastFirst, f.LastLast, err = model.ReportBefore(kind, a); err != nil {
		return f, err
	}
	if f.YearFirst, f.YearLast, err = model.ReportYearBefore(kind, a); err != nil {
		return f, err
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return f, err
	}
	for _, fill := range []func(context.Context, *model.People, string, Span, *model.ReportFacts) error{
		s.reportCells, s.reportDays, s.reportArticles, s.reportCampaigns, s.reportCourses, s.reportPlans, s.reportReviews,
	} {
		if err := fill(ctx, p, appid, sp, &f); err != nil {
			return f, fmt.Errorf("report of %d: %w", a, err)
		}
	}
	return f, nil
}

func days(first, last int) Span { return span(model.DayStart(first), model.DayStart(last)) }

// Period gives the figures of a report for any range: the account's, with what the articles published in it did.
func (s *Service) Period(ctx context.Context, appid string, sp Span) (map[string]Figure, error) {
	out, err := s.Account(ctx, sp)
	if err != nil {
		return nil, err
	}
	b := &board{span: sp, now: model.Milli(s.now()), figures: out}
	var published int64
	if err := s.db.WithContext(ctx).Raw("SELECT COUNT(*) FROM articles WHERE appid = ? AND state = ? AND published_at >= ? AND published_at < ?", appid, model.ArticlePublished, sp.From.UTC(), sp.To.UTC()).Scan(&published).Error; err != nil {
		return nil, fmt.Errorf("published articles: %w", err)
	}
	b.count("articles", published, "范围内发布的文章")
	readers, err := s.readers(ctx, sp, 0, 0)
	if err != nil {
		return nil, err
	}
	if readers == nil {
		b.missing(noStatistics, "readers")
	} else {
		b.count("readers", *readers, "每篇文章在范围内新增的阅读人数相加（微信统计）：看了两篇的人算两次")
	}
	if err := s.reportReading(ctx, sp, b); err != nil {
		return nil, err
	}
	return out, s.cancelRate(ctx, sp, b)
}

// reportReading rates the articles published in a range together: each had its own chances to be read.
func (s *Service) reportReading(ctx context.Context, sp Span, b *board) error {
	all, err := s.readings(ctx, sp.Last, 0, 0)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r reading) bool { return r.PublishDay < sp.First || r.PublishDay > sp.Last })
	sent, err := s.deliveries(ctx, all)
	if err != nil {
		return err
	}
	var message, delivered, shared, read int64
	guessed, unknown := 0, 0
	state := Final
	for i, r := range all {
		if st := r.state(sp, b.now); st != Final && state == Final {
			state = st
		}
		read, shared = read+r.ReadUser, shared+r.ShareUser
		switch d := sent[i]; {
		case d.N != nil:
			message, delivered = message+r.ReadMessage, delivered+*d.N
			if d.Estimated {
				guessed++
			}
		case !r.Quiet:
			unknown++
		}
	}
	if len(all) == 0 {
		b.missing(noStatistics+"，或者范围内没有发布文章", "read_rate", "share_rate")
		return nil
	}
	put := func(name string, num, den int64, rule string) {
		b.rate(name, num, den, 0, rule)
		f := b.figures[name]
		f.State = state
		b.figures[name] = f
	}
	rule := "范围内发布的文章：公众号消息来源的阅读人数之和 ÷ 送达人数之和（一次群发两篇，每篇各算一次送达）"
	if guessed > 0 {
		rule += fmt.Sprintf("；其中 %d 篇没有群发结果，送达人数是估算：发布前一天的累计关注人数", guessed)
	}
	if unknown > 0 {
		rule += fmt.Sprintf("；%d 篇的送达人数未取到，两边都没有算进来", unknown)
	}
	put("read_rate", message, delivered, rule)
	if delivered == 0 && unknown > 0 {
		b.missing(rule, "read_rate")
	}
	put("share_rate", shared, read, "范围内发布的文章：分享人数之和 ÷ 阅读人数之和")
	return nil
}

// cancelRate is WeChat's: those who left in the range over the followers of the day before it.
func (s *Service) cancelRate(ctx context.Context, sp Span, b *board) error {
	const rule = "取消关注 ÷ 范围前一天的累计关注（微信统计）"
	lost := b.figures["followers_lost"]
	var total []int64
	if err := s.db.WithContext(ctx).Raw("SELECT total FROM follower_days WHERE appid = ? AND day = ? AND source = -1", s.official, addDays(sp.First, -1)).Scan(&total).Error; err != nil {
		return fmt.Errorf("followers before: %w", err)
	}
	if lost.Value == nil || len(total) == 0 {
		b.missing(rule+"：未取到", "cancel_rate")
		return nil
	}
	b.rate("cancel_rate", int64(*lost.Value), total[0], 0, rule)
	f := b.figures["cancel_rate"]
	f.State = lost.State
	b.figures["cancel_rate"] = f
	return nil
}

// reportTargets reads what was aimed at in a period.
func (s *Service) reportTargets(ctx context.Context, appid string, kind model.ReportKind, first int) ([]model.ReportTarget, error) {
	var list []model.ReportTarget
	if err := s.db.WithContext(ctx).Where("appid = ? AND kind = ? AND first_day = ?", appid, kind, first).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	return model.InReportOrder(list), nil
}

func (s *Service) reportCells(ctx context.Context, _ *model.People, appid string, sp Span, f *model.ReportFacts) error {
	now, err := s.Period(ctx, appid, sp)
	if err != nil {
		return err
	}
	began, err := s.FirstDay(ctx)
	if err != nil {
		return err
	}
	earlier := func(first, last int) (map[string]Figure, error) {
		if model.DayName(last) < began {
			return nil, nil // we were not counting yet: that is no zero
		}
		return s.Period(ctx, appid, days(first, last))
	}
	last, err := earlier(f.LastFirst, f.LastLast)
	if err != nil {
		return err
	}
	year, err := earlier(f.YearFirst, f.YearLast)
	if err != nil {
		return err
	}
	targets, err := s.reportTargets(ctx, appid, f.Kind, f.FirstDay)
	if err != nil {
		return err
	}
	next, _, err := model.ReportAfter(f.Kind, f.LastDay)
	if err != nil {
		return err
	}
	if f.NextTargets, err = s.reportTargets(ctx, appid, f.Kind, next); err != nil {
		return err
	}
	plain := func(m map[string]Figure, key string) model.ReportFigure {
		x := m[key]
		return model.ReportFigure{Value: x.Value, State: string(x.State), Rule: x.Rule}
	}
	holes := map[string][]string{}
	for _, k := range model.ReportKPIs {
		var target *model.ReportTarget
		if i := slices.IndexFunc(targets, func(t model.ReportTarget) bool { return t.KPI == k.Key }); i >= 0 {
			target = &targets[i]
		}
		c := model.NewReportCell(k, target, sp.From, plain(now, k.Key), plain(last, k.Key), plain(year, k.Key))
		f.Cells = append(f.Cells, c)
		if c.State != string(Final) {
			holes[c.State] = append(holes[c.State], k.Label)
		}
	}
	for _, state := range []State{Missing, Running, Maturing} {
		if names := holes[string(state)]; len(names) > 0 {
			f.Holes = append(f.Holes, strings.Join(names, "、")+map[State]string{Missing: "未取到", Running: "这一期还没有结束", Maturing: "还可能变（观察期未满，或微信的统计还没有出全）"}[state])
		}
	}
	return nil
}

func (s *Service) reportDays(ctx context.Context, p *model.People, _ string, sp Span, f *model.ReportFacts) error {
	net, err := s.netByDay(ctx, p, sp)
	if err != nil {
		return err
	}
	visitors, buyers := map[int]*roaring.Bitmap{}, map[int]*roaring.Bitmap{}
	for _, d := range sp.Days() {
		visitors[d], buyers[d] = roaring.New(), roaring.New()
	}
	for t, sets := range map[model.EventType]map[int]*roaring.Bitmap{model.EventMPOpen: visitors, model.EventPaid: buyers} {
		q := fmt.Sprintf("SELECT DISTINCT day, person_id FROM events WHERE type = %d AND day BETWEEN %d AND %d%s", t.Number(), sp.First, sp.Last, s.ours())
		if err := s.each(ctx, q, 2, func(v []int64) { add(sets[int(v[0])], p, v[1]) }); err != nil {
			return err
		}
	}
	var told []struct {
		Day int
		N   int64
	}
	if err := s.db.WithContext(ctx).Raw("SELECT day, SUM(CASE WHEN source = -1 THEN 0 ELSE new_user END) AS n FROM follower_days WHERE appid = ? AND day BETWEEN ? AND ? GROUP BY day", s.official, sp.First, sp.Last).Scan(&told).Error; err != nil {
		return fmt.Errorf("followers by day: %w", err)
	}
	came := map[int]*int64{}
	for _, t := range told {
		n := t.N
		came[t.Day] = &n
	}
	for _, d := range sp.Days() {
		f.Days = append(f.Days, model.ReportDay{Day: model.DayName(d), Visitors: card(visitors[d]), Buyers: card(buyers[d]), Net: net[d], Followers: came[d]})
	}
	return nil
}

func (s *Service) reportArticles(ctx context.Context, _ *model.People, appid string, sp Span, f *model.ReportFacts) error {
	f.Articles = model.ReportTable{Key: "articles", Title: "发布的文章", Rows: []model.ReportRow{}, Columns: []model.ReportColumn{
		{Key: "readers", Label: "阅读人数", Kind: "count"}, {Key: "read_rate", Label: "阅读率", Kind: "rate"}, {Key: "share_rate", Label: "转发率", Kind: "rate"}, {Key: "clickers", Label: "点击人数", Kind: "count"},
		{Key: "buyers", Label: "购买人数", Kind: "count"}, {Key: "net", Label: "净收入", Kind: "fen"},
	}}
	var list []model.Article
	if err := s.db.WithContext(ctx).Select("id", "title", "column_name", "published_at").Where("appid = ? AND state = ? AND published_at >= ? AND published_at < ?", appid, model.ArticlePublished, sp.From.UTC(), sp.To.UTC()).
		Order("published_at, id").Limit(reportArticles).Find(&list).Error; err != nil {
		return fmt.Errorf("articles: %w", err)
	}
	for _, a := range list {
		figures, err := s.Article(ctx, a.ID, sp)
		if err != nil {
			return err
		}
		note := model.Day(*a.PublishedAt)
		if a.ColumnName != "" {
			note += " · " + a.ColumnName
		}
		f.Articles.Add(a.ID, a.Title, note, valuesOf(f.Articles, figures)...)
	}
	return nil
}

// valuesOf picks the figures of a table's columns.
func valuesOf(t model.ReportTable, figures map[string]Figure) []*float64 {
	out := make([]*float64, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = figures[c.Key].Value
	}
	return out
}

func (s *Service) reportCampaigns(ctx context.Context, _ *model.People, appid string, sp Span, f *model.ReportFacts) error {
	f.Campaigns = model.ReportTable{Key: "campaigns", Title: "活动", Rows: []model.ReportRow{}, Columns: []model.ReportColumn{
		{Key: "scans", Label: "扫码", Kind: "count"}, {Key: "new_followers", Label: "新增关注", Kind: "count"}, {Key: "buyers", Label: "购买人数", Kind: "count"}, {Key: "net", Label: "净收入", Kind: "fen"},
		{Key: "lift", Label: "新关注净效果（估算）", Kind: "count"}, {Key: "cac", Label: "拉新成本", Kind: "fen"}, {Key: "roi", Label: "ROI", Kind: "rate"},
	}}
	var list []model.Campaign
	if err := s.db.WithContext(ctx).Where("appid = ? AND first_day <= ? AND last_day >= ?", appid, sp.Last, min(sp.First, f.LastFirst)).Order("first_day, id").Limit(100).Find(&list).Error; err != nil {
		return fmt.Errorf("campaigns: %w", err)
	}
	then := s
	if end := sp.To.Add(-time.Millisecond); end.Before(s.now()) {
		then = s.asOf(end) // as it stood at the end of the period: what came later belongs to a later report
	}
	for _, c := range list {
		if c.Until() >= f.LastFirst && c.FirstDay <= f.LastLast {
			f.LastCampaigns++
		}
		if c.Until() < sp.First || c.Until() < c.FirstDay {
			continue
		}
		board, err := then.Campaign(ctx, c)
		if err != nil {
			return err
		}
		board.Figures["lift"] = board.lift()
		f.Campaigns.Add(c.ID, c.Name, model.DayName(c.FirstDay)+" 至 "+model.DayName(c.Until()), valuesOf(f.Campaigns, board.Figures)...)
	}
	return nil
}

func (s *Service) reportCourses(ctx context.Context, p *model.People, _ string, sp Span, f *model.ReportFacts) error {
	f.Courses = model.ReportTable{Key: "courses", Title: "课程", Rows: []model.ReportRow{}, Columns: []model.ReportColumn{
		{Key: "orders", Label: "订单", Kind: "count"}, {Key: "gross", Label: "支付金额", Kind: "fen"}, {Key: "refunded", Label: "退款", Kind: "fen"}, {Key: "net", Label: "净收入", Kind: "fen"},
	}}
	type sums struct{ orders, gross, refunded int64 }
	of := map[int64]*sums{}
	at := func(course int64) *sums {
		if of[course] == nil {
			of[course] = &sums{}
		}
		return of[course]
	}
	paid, err := s.payments(ctx, p, model.EventPaid, sp.First, sp.Last)
	if err != nil {
		return err
	}
	for _, x := range paid {
		c := at(x.Course)
		c.orders, c.gross = c.orders+1, c.gross+x.Amount
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, sp.First, sp.Last)
	if err != nil {
		return err
	}
	for _, x := range refunds {
		at(x.Course).refunded += x.Amount
	}
	ids := make([]int64, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(cmp.Compare(of[b].gross-of[b].refunded, of[a].gross-of[a].refunded), cmp.Compare(a, b))
	})
	titles := map[int64]string{}
	var rows []struct {
		ID    int64
		Title string
	}
	if err := s.db.WithContext(ctx).Raw("SELECT id, title FROM courses WHERE id IN ?", append(ids, 0)).Scan(&rows).Error; err != nil {
		return fmt.Errorf("courses: %w", err)
	}
	for _, r := range rows {
		titles[r.ID] = r.Title
	}
	for _, id := range ids[:min(len(ids), reportCourses)] {
		title := titles[id]
		if title == "" {
			title = "课程 " + strconv.FormatInt(id, 10)
		}
		v := func(n int64) *float64 { x := float64(n); return &x }
		c := of[id]
		f.Courses.Add(id, title, "", v(c.orders), v(c.gross), v(c.refunded), v(c.gross-c.refunded))
	}
	return nil
}

// reportPlans reads what was on the plan, and what stands on it for the period after.
func (s *Service) reportPlans(ctx context.Context, _ *model.People, appid string, sp Span, f *model.ReportFacts) error {
	db := s.db.WithContext(ctx)
	var tasks []model.Task
	if err := db.Where("appid = ? AND removed_at IS NULL AND day BETWEEN ? AND ?", appid, sp.First, sp.Last).Find(&tasks).Error; err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	for _, t := range tasks {
		f.Tasks.All++
		if t.State == model.TaskDone {
			f.Tasks.Done++
			f.Tasks.Estimated, f.Tasks.Actual = f.Tasks.Estimated+t.Estimated, f.Tasks.Actual+t.Actual(s.now())
		}
	}
	a, b, err := model.ReportAfter(f.Kind, f.LastDay)
	if err != nil {
		return err
	}
	f.Plans = []model.ReportPlan{}
	var items []model.PlanItem
	if err := db.Where("appid = ? AND day BETWEEN ? AND ?", appid, a, b).Order("day, slot, id").Limit(reportPlans).Find(&items).Error; err != nil {
		return fmt.Errorf("planned pieces: %w", err)
	}
	for _, i := range items {
		f.Plans = append(f.Plans, model.ReportPlan{Day: i.Day, Title: cmp.Or(i.Title, i.ColumnName), What: "选题"})
	}
	var campaigns []model.Campaign
	if err := db.Where("appid = ? AND first_day BETWEEN ? AND ? AND stopped_at IS NULL", appid, a, b).Order("first_day, id").Limit(reportPlans).Find(&campaigns).Error; err != nil {
		return fmt.Errorf("campaigns to come: %w", err)
	}
	for _, c := range campaigns {
		f.Plans = append(f.Plans, model.ReportPlan{Day: c.FirstDay, Title: c.Name, What: "活动"})
	}
	return nil
}

// reportReviews reads the turns of PDCA that opened or were decided in the period, those whose window ended in it and which
// open the morning after, and those whose next step is not done.
func (s *Service) reportReviews(ctx context.Context, _ *model.People, appid string, sp Span, f *model.ReportFacts) error {
	var rows []struct {
		model.Review
		Acting bool
	}
	q := `SELECT r.*, (r.state = ? AND t.id IS NOT NULL) AS acting FROM reviews r LEFT JOIN tasks t ON t.id = r.task_id AND t.removed_at IS NULL AND t.state <> ?
WHERE r.appid = ? AND r.opened_at <= ? AND ((r.opened_at >= ? AND r.opened_at < ?) OR r.last_day BETWEEN ? AND ? OR (r.decided_at >= ? AND r.decided_at < ?) OR (r.state = ? AND t.id IS NOT NULL)) ORDER BY r.id LIMIT 100`
	if err := s.db.WithContext(ctx).Raw(q, model.ReviewDecided, model.TaskDone, appid, s.now().UTC(), sp.From.UTC(), sp.To.UTC(), sp.First, sp.Last, sp.From.UTC(), sp.To.UTC(), model.ReviewDecided).Scan(&rows).Error; err != nil {
		return fmt.Errorf("reviews: %w", err)
	}
	f.Reviews = []model.ReportReview{}
	for _, r := range rows {
		f.Reviews = append(f.Reviews, model.ReportReview{ID: r.ID, Title: r.Title, Hypothesis: r.Hypothesis, Aim: r.Aim(), Met: r.Met, Finding: r.Finding, Decision: r.Decision, Next: r.Next, Owner: r.Owner, DueDay: r.DueDay, Open: r.Acting})
	}
	return nil
}
