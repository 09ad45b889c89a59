package figure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loudou/model"
)

// What WeChat counted lies in article_totals and follower_days; a missing row is 未取到, never 0.

const (
	noStatistics = "微信统计，未取到"
	articleLife  = 30 // days WeChat counts an article, its own included
)

// reading is an article as WeChat counted it up to a day.
type reading struct {
	MsgID             string `gorm:"column:msgid"`
	ArticleID         int64
	PublishDay        int
	StatDay           int
	Quiet, IsDelayed  bool
	ReadUser          int64
	ReadMessage       int64
	ShareUser         int64
	ReadSubscribeUser int64
	FinishRate        float64
	FetchedAt         time.Time
}

// state says whether WeChat may still move the numbers of a range that ends with last.
func (r *reading) state(s Span, now time.Time) State {
	due := min(s.Last, addDays(r.PublishDay, articleLife-1))
	switch {
	case now.Before(s.To):
		return Running
	case r.IsDelayed || r.StatDay < due:
		return Maturing
	}
	return Final
}

// delivery is to how many an article was delivered, N nil when that is not known or nobody was told of it.
type delivery struct {
	N         *int64
	Estimated bool
	Rule      string
}

// What a delivery rests on.
const (
	deliveredSent    = "群发成功送达的人数（微信的群发结果）"
	deliveredGuess   = "估算：没有这次群发的结果，用发布前一天的累计关注人数（微信统计）"
	deliveredPending = "群发还没有结果，送达人数未取到"
	deliveredUnknown = "没有群发的结果，发布前一天的累计关注人数也未取到"
	deliveredNobody  = "这篇文章发布时没有通知粉丝，没有送达人数"
)

// deliveries tells of each reading to how many its article was delivered: what WeChat said at the end of the mass send. Each
// article of a set had all of them. What the house did not send is taken to have gone to everybody who followed the day before.
// WeChat's own rate of those who read is not asked: what its parts are is not known.
func (s *Service) deliveries(ctx context.Context, all []reading) ([]delivery, error) {
	var data []string
	var before []int
	for _, r := range all {
		if id, _, ok := (model.ArticleTotal{MsgID: r.MsgID}).MsgKey(); ok {
			data = append(data, id)
		}
		before = append(before, addDays(r.PublishDay, -1))
	}
	db := s.db.WithContext(ctx)
	type send struct {
		MsgDataID string
		State     model.BroadcastState
		Sent      *int64
	}
	sends := map[string][]send{}
	slices.Sort(data)
	for part := range slices.Chunk(slices.Compact(data), 500) {
		var rows []send
		if err := db.Raw("SELECT msg_data_id, state, sent FROM broadcast_sends WHERE appid = ? AND msg_data_id IN ? AND state <> ?", s.official, part, model.BroadcastFailed).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("mass sends of articles: %w", err)
		}
		for _, r := range rows {
			sends[r.MsgDataID] = append(sends[r.MsgDataID], r)
		}
	}
	followers := map[int]int64{}
	slices.Sort(before)
	for part := range slices.Chunk(slices.Compact(before), 500) {
		var rows []struct {
			Day   int
			Total int64
		}
		if err := db.Raw("SELECT day, total FROM follower_days WHERE appid = ? AND source = -1 AND day IN ?", s.official, part).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("followers before articles: %w", err)
		}
		for _, r := range rows {
			followers[r.Day] = r.Total
		}
	}
	out := make([]delivery, len(all))
	for i, r := range all {
		d := &out[i]
		id, _, _ := (model.ArticleTotal{MsgID: r.MsgID}).MsgKey()
		total, known := followers[addDays(r.PublishDay, -1)]
		switch {
		case r.Quiet:
			d.Rule = deliveredNobody
		case len(sends[id]) > 0:
			d.Rule = deliveredPending
			for _, x := range sends[id] {
				if x.State == model.BroadcastDone && x.Sent != nil {
					n := *x.Sent
					if d.N != nil {
						n += *d.N
					}
					d.N, d.Rule = &n, deliveredSent
				}
			}
		case known:
			d.N, d.Estimated, d.Rule = &total, true, deliveredGuess
		default:
			d.Rule = deliveredUnknown
		}
	}
	return out, nil
}

// readings gives the newest totals at or before a day of an account's articles that are ours: of one article,
// of those with a card to one course, or of all (0, 0). At most 30 days after publishing are told by WeChat.
func (s *Service) readings(ctx context.Context, day int, article, course int64) ([]reading, error) {
	where, args := "t.article_id > 0", []any{s.official, day}
	switch {
	case article > 0:
		where, args = "t.article_id = ?", append(args, article)
	case course > 0:
		where, args = "t.article_id IN (SELECT id FROM articles WHERE course_id = ?)", append(args, course)
	}
	var out []reading
	q := `SELECT t.msgid, t.article_id, t.publish_day, t.stat_day, t.quiet, t.is_delayed, t.read_user, t.read_message, t.share_user, t.read_subscribe_user, t.finish_rate, t.fetched_at
FROM article_totals t JOIN (SELECT appid, msgid, MAX(stat_day) AS d FROM article_totals WHERE appid = ? AND stat_day <= ? GROUP BY appid, msgid) n
  ON n.appid = t.appid AND n.msgid = t.msgid AND n.d = t.stat_day WHERE ` + where
	if err := s.db.WithContext(ctx).Raw(q, args...).Scan(&out).Error; err != nil {
		return nil, fmt.Errorf("read WeChat's article totals: %w", err)
	}
	return out, nil
}

// readers sums how many people each article gained in a range, nil when WeChat told of none of it. One who
// reads two articles counts with both: WeChat names nobody.
func (s *Service) readers(ctx context.Context, span Span, article, course int64) (*int64, error) {
	until, err := s.readings(ctx, span.Last, article, course)
	if err != nil {
		return nil, err
	}
	before, err := s.readings(ctx, addDays(span.First, -1), article, course)
	if err != nil {
		return nil, err
	}
	n, some := int64(0), false
	for _, r := range until {
		if r.StatDay >= span.First {
			some = true
		}
		n += r.ReadUser
	}
	for _, r := range before {
		n -= r.ReadUser
	}
	if !some {
		return nil, nil
	}
	return &n, nil
}

// reading puts WeChat's figures of one article on the board; ours beside them are those who clicked since the day it was
// published, and what it is credited with since.
func (b *board) reading(r reading, sent delivery, clickers int64, since articleShare) {
	state := r.state(b.span, b.now)
	put := func(name string, f Figure) {
		f.State, f.AsOf = state, r.FetchedAt.UTC()
		b.figures[name] = f
	}
	rate := func(name string, num, den int64, rule string) {
		put(name, Figure{Value: quotient(num, den), Numerator: &num, Denominator: &den, Rule: rule})
	}
	value := func(v float64) *float64 { return &v }
	until := "（微信统计，发布日起累计到 " + model.DayName(r.StatDay) + "）"
	put("readers", Figure{Value: value(float64(r.ReadUser)), Rule: "阅读过文章的人，全部来源" + until})
	delivered, readRule := int64(0), "公众号消息来源的阅读人数 ÷ 送达人数"
	d := Figure{Rule: sent.Rule}
	if sent.N != nil {
		delivered = *sent.N
		d.Value = value(float64(delivered))
	}
	if sent.Estimated {
		readRule += "（估算）"
	}
	put("delivered", d)
	rate("read_rate", r.ReadMessage, delivered, readRule+until)
	if sent.N == nil && !r.Quiet {
		b.missing(sent.Rule, "delivered", "read_rate")
	}
	rate("share_rate", r.ShareUser, r.ReadUser, "分享人数 ÷ 阅读人数"+until)
	put("finish_rate", Figure{Value: value(r.FinishRate), Rule: "微信给出的阅读完成率" + until})
	rate("follow_after_read", r.ReadSubscribeUser, r.ReadUser, "阅读后关注的人 ÷ 阅读人数"+until)
	ours := "发布日起到范围最后一天"
	rate("click_rate", clickers, r.ReadUser, ours+"我们认出的点击人数 ÷ 微信统计的阅读人数，口径不同，可能超过 100%"+until)
	rate("conversion_readers", since.buyers, r.ReadUser, ours+"归因到这篇文章的购买人数 ÷ 阅读人数"+until)
	f := Figure{Rule: ours + "归因到这篇文章的净收入（分）÷ 阅读人数 × 1000" + until}
	if r.ReadUser > 0 {
		f.Value = value(float64(since.gross-since.refunded) * 1000 / float64(r.ReadUser))
	}
	put("net_per_thousand", f)
}

// followers puts WeChat's figures of the followers on the board.
func (s *Service) followers(ctx context.Context, b *board) error {
	var days []struct {
		Day, Source                int
		NewUser, CancelUser, Total int64
		FetchedAt                  time.Time
	}
	if err := s.db.WithContext(ctx).Raw("SELECT day, source, new_user, cancel_user, total, fetched_at FROM follower_days WHERE appid = ? AND day BETWEEN ? AND ? ORDER BY day", s.official, b.span.First, b.span.Last).Scan(&days).Error; err != nil {
		return fmt.Errorf("read WeChat's followers: %w", err)
	}
	came, left, total := int64(0), int64(0), int64(0)
	told := map[int]bool{}
	var at time.Time
	for _, d := range days {
		if d.Source == -1 {
			told[d.Day], total = true, d.Total
		} else {
			came, left = came+d.NewUser, left+d.CancelUser
		}
		if d.FetchedAt.After(at) {
			at = d.FetchedAt
		}
	}
	if len(told) == 0 {
		b.missing(noStatistics, "followers_total", "followers_new", "followers_lost", "followers_net")
		return nil
	}
	state := b.span.state(b.now, 0)
	if state == Final && len(told) < len(b.span.Days()) {
		state = Maturing
	}
	for name, x := range map[string]struct {
		n    int64
		rule string
	}{
		"followers_total": {total, "微信统计的累计关注人数，范围内最后取到的一天"},
		"followers_new":   {came, "微信统计的新增关注，全部来源，范围内已取到的各天合计"},
		"followers_lost":  {left, "微信统计的取消关注，全部来源，范围内已取到的各天合计"},
		"followers_net":   {came - left, "新增关注减去取消关注（微信统计）"},
	} {
		v := float64(x.n)
		b.figures[name] = Figure{Value: &v, State: state, AsOf: at.UTC(), Rule: x.rule}
	}
	return nil
}
