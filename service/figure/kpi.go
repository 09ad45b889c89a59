package figure

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

const day = 24 * time.Hour

// Account gives the figures of the whole account for a range.
func (s *Service) Account(ctx context.Context, span Span) (map[string]Figure, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	b := newBoard(span, s.now())
	if err := s.followers(ctx, b); err != nil {
		return nil, err
	}
	visitors, err := s.peopleOf(ctx, p, scope{}, span, model.EventMPOpen)
	if err != nil {
		return nil, err
	}
	if err := s.mini(ctx, b, int64(visitors.GetCardinality())); err != nil { //nolint:gosec // far below
		return nil, err
	}
	u, err := s.usage(ctx, p, span)
	if err != nil {
		return nil, err
	}
	paid, err := s.payments(ctx, p, model.EventPaid, 1, span.Last)
	if err != nil {
		return nil, err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, span.First, 99991231)
	if err != nil {
		return nil, err
	}
	buyers, before, again := roaring.New(), roaring.New(), roaring.New()
	orders, gmv := int64(0), int64(0)
	inSpan := map[string]bool{}
	for _, x := range paid {
		if x.Day >= span.First {
			orders, gmv = orders+1, gmv+x.Amount
			inSpan[x.OutTradeNo] = x.OutTradeNo != "" // a refund without a number is of no order we can name
			if x.Person > 0 {
				buyers.Add(uint32(x.Person)) //nolint:gosec // a person's number
				if before.Contains(uint32(x.Person)) {
					again.Add(uint32(x.Person))
				}
			}
		}
		if x.Person > 0 {
			before.Add(uint32(x.Person)) //nolint:gosec // a person's number
		}
	}
	refunded, ofSpan := int64(0), int64(0)
	for _, x := range refunds {
		if x.Day <= span.Last {
			refunded += x.Amount
		}
		if inSpan[x.OutTradeNo] {
			ofSpan += x.Amount
		}
	}
	n := func(set *roaring.Bitmap) int64 { return int64(set.GetCardinality()) } //nolint:gosec // far below
	b.count("visitors", n(visitors), "范围内至少打开一次小程序的人")
	b.count("users", n(u.users), "范围内至少有一次使用行为的人：课程浏览满 10 秒、学习合计满 30 秒、练习、评论、下单、搜索（版本 1）")
	b.count("active", n(u.active()), "范围内至少一天有使用行为的人")
	b.count("buyers", n(buyers), "范围内至少有一笔已支付订单的人，按支付时间")
	b.count("orders", orders, "范围内已支付的订单，按支付时间")
	b.count("gmv", gmv, "范围内支付金额合计（分），按支付时间")
	b.count("refunded", refunded, "范围内退款金额合计（分），按退款时间")
	b.count("net", gmv-refunded, "支付金额减去同一范围内的退款（分）")
	b.rate("average_order", gmv, orders, 0, "支付金额 ÷ 已支付订单（分）")
	b.rate("repurchase_rate", n(again), n(buyers), 0, "范围内的已支付订单之前已有过已支付订单的人 ÷ 购买人数")
	b.rate("refund_rate", ofSpan, gmv, 30*day, "范围内支付的订单的退款金额（不论何时退）÷ 支付金额，30 天后定")
	b.rate("paid_rate", n(buyers), n(visitors), 0, "购买人数 ÷ 浏览人数，同一范围")
	return b.figures, nil
}

// Course gives a course's figures for a range. ErrNotFound for a course that does not exist.
func (s *Service) Course(ctx context.Context, id int64, span Span) (map[string]Figure, error) {
	if err := s.exists(ctx, "courses", id, "没有这门课程"); err != nil {
		return nil, err
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	b, c := newBoard(span, s.now()), scope{course: id}
	views, err := s.countOf(ctx, p, c, span, model.EventCourseView)
	if err != nil {
		return nil, err
	}
	trials, err := s.peopleOf(ctx, p, c, span, model.EventTrialPlay)
	if err != nil {
		return nil, err
	}
	// The first view of each person in the range begins the fourteen days.
	first := map[int64]int64{}
	q := fmt.Sprintf("SELECT person_id, MIN(occurred_at) FROM events WHERE type = %d AND day BETWEEN %d AND %d%s GROUP BY person_id", model.EventCourseView.Number(), span.First, span.Last, s.in(c))
	if err := s.each(ctx, q, 2, func(v []int64) {
		if who := p.Of(v[0]); who > 0 && (first[who] == 0 || v[1] < first[who]) {
			first[who] = v[1]
		}
	}); err != nil {
		return nil, err
	}
	paid, err := s.payments(ctx, p, model.EventPaid, span.First, addDays(span.Last, 15))
	if err != nil {
		return nil, err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, span.First, span.Last)
	if err != nil {
		return nil, err
	}
	buyers, converted := map[int64]int64{}, map[int64]bool{}
	orders, gross, refunded := int64(0), int64(0), int64(0)
	for _, x := range paid {
		if x.Course != id {
			continue
		}
		if x.Day <= span.Last {
			orders, gross = orders+1, gross+x.Amount
			if _, ok := buyers[x.Person]; !ok && x.Person > 0 {
				buyers[x.Person] = x.At
			}
		}
		if at, ok := first[x.Person]; ok && x.At >= at && x.At <= at+(14*day).Milliseconds() {
			converted[x.Person] = true
		}
	}
	for _, x := range refunds {
		if x.Course == id {
			refunded += x.Amount
		}
	}
	started, finished, err := s.learned(ctx, p, id, buyers, span)
	if err != nil {
		return nil, err
	}
	b.count("course_views", views, "范围内的课程浏览次数")
	b.count("viewers", int64(len(first)), "范围内浏览过这门课程的人")
	b.count("trials", int64(trials.GetCardinality()), "范围内试看过这门课程的人") //nolint:gosec // far below
	b.count("orders", orders, "范围内这门课程已支付的订单，按支付时间")
	b.count("buyers", int64(len(buyers)), "范围内买过这门课程的人，按支付时间")
	b.count("gross", gross, "范围内这门课程的支付金额（分）")
	b.count("refunded", refunded, "范围内这门课程的退款金额（分），按退款时间")
	b.count("net", gross-refunded, "支付金额减去同一范围内的退款（分）")
	b.rate("view_to_paid", int64(len(converted)), int64(len(first)), 14*day, "范围内首次浏览后 14 天内买了这门课程的人 ÷ 浏览人数")
	bundle := false
	if err := s.db.WithContext(ctx).Raw("SELECT bundle FROM courses WHERE id = ?", id).Scan(&bundle).Error; err != nil {
		return nil, fmt.Errorf("course %d: %w", id, err)
	}
	if bundle { // it is studied in its courses, and has their rates for its own no more than their money
		b.missing("专栏没有自己的课时，学习的指标看里面的课程", "start_rate", "finish_rate")
		return b.figures, nil
	}
	b.rate("start_rate", started, int64(len(buyers)), 7*day, "范围内的购买者中 7 天内开始学习的人 ÷ 购买人数")
	b.rate("finish_rate", finished, int64(len(buyers)), 30*day, "范围内的购买者中 30 天内学完至少 90% 课时的人 ÷ 购买人数")
	return b.figures, nil
}

// learned counts the buyers who began within seven days of paying, and those who finished nine lessons of
// ten within thirty.
func (s *Service) learned(ctx context.Context, p *model.People, course int64, buyers map[int64]int64, span Span) (started, finished int64, err error) {
	if len(buyers) == 0 {
		return 0, 0, nil
	}
	var lessons int64
	if err := s.db.WithContext(ctx).Raw("SELECT COUNT(*) FROM lessons WHERE course_id = ? AND deleted_at IS NULL", course).Scan(&lessons).Error; err != nil {
		return 0, 0, fmt.Errorf("lessons of course %d: %w", course, err)
	}
	began, done := map[int64]bool{}, map[int64]map[int64]bool{}
	q := fmt.Sprintf("SELECT person_id, type, occurred_at, lesson_id FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d%s",
		numbersOf([]model.EventType{model.EventLessonPlay, model.EventLessonFinish}), span.First, addDays(span.Last, 31), scope{course: course}.where())
	err = s.each(ctx, q, 4, func(v []int64) {
		who := p.Of(v[0])
		paid, ok := buyers[who]
		if !ok || v[2] < paid {
			return
		}
		switch age := time.Duration(v[2]-paid) * time.Millisecond; {
		case v[1] == int64(model.EventLessonPlay.Number()):
			if age <= 7*day {
				began[who] = true
			}
		case age <= 30*day:
			if done[who] == nil {
				done[who] = map[int64]bool{}
			}
			done[who][v[3]] = true
		}
	})
	for _, set := range done {
		if lessons > 0 && int64(len(set))*10 >= lessons*9 {
			finished++
		}
	}
	return int64(len(began)), finished, err
}

// exists is ErrNotFound, with words, when the table has no such row.
func (s *Service) exists(ctx context.Context, table string, id int64, words string) error {
	found, err := s.things[table].Among(ctx, []int64{id})
	if err == nil && len(found) == 0 {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, words)
	}
	return err
}

// Article gives an article's figures for a range.
func (s *Service) Article(ctx context.Context, id int64, span Span) (map[string]Figure, error) {
	if err := s.exists(ctx, "articles", id, "没有这篇文章"); err != nil {
		return nil, err
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	b := newBoard(span, s.now())
	window := s.articleWindow(ctx, id)
	clickers, err := s.peopleOf(ctx, p, scope{article: id}, span, model.EventArticleClick)
	if err != nil {
		return nil, err
	}
	// WeChat's readers run from the day of publishing to the end of the range, so what is divided by them does too.
	told, err := s.readings(ctx, span.Last, id, 0)
	if err != nil {
		return nil, err
	}
	life, since := clickers, span.First
	if len(told) > 0 {
		since = told[0].PublishDay
		if life, err = s.peopleOf(ctx, p, scope{article: id}, days(since, span.Last), model.EventArticleClick); err != nil {
			return nil, err
		}
	}
	got, whole, err := s.articleMoney(ctx, p, id, span, since)
	if err != nil {
		return nil, err
	}
	f, err := s.Funnel(ctx, Question{Span: span, Window: window, Order: model.FunnelOrdered, Steps: []Step{{Type: model.EventArticleClick, ArticleID: id}, {Type: model.EventPaid}}})
	if err != nil {
		return nil, err
	}
	within, lookback := int(window/day), int(articleLookback/day)
	b.count("clickers", int64(clickers.GetCardinality()), "范围内从这篇文章点进来的人") //nolint:gosec // far below
	b.count("buyers", got.buyers, fmt.Sprintf("范围内付款、最后一次非直接触点是这篇文章的人（回看 %d 天）", lookback))
	b.count("gross", got.gross, fmt.Sprintf("归因到这篇文章的支付金额（分）：末次非直接触点，回看 %d 天，和归因页按文章看的一样", lookback))
	b.count("net", got.gross-got.refunded, "归因到这篇文章的支付金额减去范围内的退款（分）")
	b.rate("conversion_clickers", f.Steps[1].People, f.Steps[0].People, window, fmt.Sprintf("范围内点进来的人中 %d 天内付款的人 ÷ 点击人数", within))
	if len(told) == 0 {
		b.missing(noStatistics, "delivered", "readers", "read_rate", "share_rate", "finish_rate", "follow_after_read", "click_rate", "conversion_readers", "net_per_thousand")
	} else {
		sent, err := s.deliveries(ctx, told[:1])
		if err != nil {
			return nil, err
		}
		b.reading(told[0], sent[0], card(life), whole)
	}
	if err := s.articleGrowth(ctx, b, id); err != nil {
		return nil, err
	}
	return b.figures, nil
}

// articleWindow is the article's own window, seven days unless it says otherwise.
func (s *Service) articleWindow(ctx context.Context, id int64) time.Duration {
	var days int
	if err := s.db.WithContext(ctx).Raw("SELECT window_days FROM articles WHERE id = ?", id).Scan(&days).Error; err != nil || days <= 0 {
		days = 7
	}
	return time.Duration(days) * day
}
