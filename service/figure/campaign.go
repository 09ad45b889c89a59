package figure

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

const campaignTail = model.CampaignTail * day

// liftWeeks are how many weeks before a campaign its days are compared with; liftLeast how many of a weekday there must be.
const (
	liftWeeks = 4
	liftLeast = 2
)

// CampaignDay is a day of a campaign, or of the week after it.
type CampaignDay struct {
	Day          string `json:"day"`
	Scans        int64  `json:"scans"`
	Clicks       int64  `json:"clicks" doc:"of its links"`
	NewFollowers int64  `json:"new_followers"`
	Orders       int64  `json:"orders"`
	Net          int64  `json:"net" doc:"fen; a refund on its own day"`
	After        bool   `json:"after" doc:"the campaign was over: what its touches still led to"`
}

// Lift is what the whole account had in a campaign's days beyond the same weekdays before. An estimate.
type Lift struct {
	Value    int64    `json:"value" doc:"of the campaign's days that have begun"`
	Baseline *float64 `json:"baseline" doc:"the mean of the same weekdays in the four weeks before; null: fewer than two of some weekday"`
	Lift     *float64 `json:"lift"`
	Low      *int64   `json:"low" doc:"the least of those weeks, whole ones only"`
	High     *int64   `json:"high"`
	Weeks    int      `json:"weeks" doc:"whole weeks that could be compared"`
}

// CampaignBoard is what a campaign brought.
type CampaignBoard struct {
	Figures   map[string]Figure `json:"figures"`
	Days      []CampaignDay     `json:"days"`
	Followers Lift              `json:"followers_lift" doc:"people who followed for the first time ever"`
	Net       Lift              `json:"net_lift" doc:"fen"`
	MaturesAt time.Time         `json:"matures_at"`
	State     State             `json:"state" enum:"final,running,maturing,missing"`
	AsOf      time.Time         `json:"as_of"`
}

// lift is the lift of new followers as a figure.
func (b CampaignBoard) lift() Figure {
	return Figure{Value: b.Followers.Lift, State: b.State, AsOf: b.AsOf, Rule: "活动这些天的新关注，减去前四周相同星期几的平均（估算）"}
}

// CampaignPart names whom of a campaign to list.
type CampaignPart string

// The parts of a campaign's people.
const (
	CampaignScanned   CampaignPart = "scanned"
	CampaignSeen      CampaignPart = "seen"
	CampaignJoined    CampaignPart = "joined"
	CampaignDone      CampaignPart = "done"
	CampaignVisitors  CampaignPart = "visitors"
	CampaignFollowers CampaignPart = "new_followers"
	CampaignBuyers    CampaignPart = "buyers"
)

// campaignSums is a campaign's people and money, by day.
type campaignSums struct {
	span  Span // the days it ran, as far as they have begun
	until Span // with the week after
	parts map[CampaignPart]*roaring.Bitmap
	since map[CampaignPart]map[int64]int64 // when each of the people first did it
	first map[int64]int64                  // when everybody first followed the account
	days  map[int]*CampaignDay
}

func (c *campaignSums) put(part CampaignPart, p *model.People, person, at int64) {
	id := p.Of(person)
	if id <= 0 || id > 1<<32-1 {
		return
	}
	c.parts[part].Add(uint32(id)) //nolint:gosec // bounded above
	if had, ok := c.since[part][id]; !ok || at < had {
		c.since[part][id] = at
	}
}

// Campaign gives a campaign's board. New followers, orders and money go to the last touch that is no direct opening, of
// touches since the campaign began: they are its own when that touch carries its number. They may come until seven days
// after it.
func (s *Service) Campaign(ctx context.Context, c model.Campaign) (CampaignBoard, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return CampaignBoard{}, err
	}
	sums, err := s.campaignSums(ctx, p, c)
	if err != nil {
		return CampaignBoard{}, err
	}
	now := model.Milli(s.now())
	whole := span(model.DayStart(c.FirstDay), model.DayStart(c.Until()))
	out := CampaignBoard{MaturesAt: whole.To.Add(campaignTail), State: whole.state(now, campaignTail), AsOf: now, Figures: map[string]Figure{}, Days: []CampaignDay{}}
	b := &board{span: whole, now: now, figures: out.Figures}
	n := func(part CampaignPart) int64 { return card(sums.parts[part]) }
	total := CampaignDay{}
	for _, d := range sums.until.Days() {
		x := *sums.days[d]
		total.Scans, total.Clicks, total.Orders, total.Net = total.Scans+x.Scans, total.Clicks+x.Clicks, total.Orders+x.Orders, total.Net+x.Net
		out.Days = append(out.Days, x)
	}
	b.count("scans", total.Scans, "活动期间，活动的二维码被扫的次数")
	b.count("clicks", total.Clicks, "活动期间，活动的链接被点的次数，不含机器")
	b.count("scanned", n(CampaignScanned), "扫过活动二维码、点过活动链接的人")
	b.count("seen", n(CampaignSeen), "在小程序里看到活动的人")
	b.count("joined", n(CampaignJoined), "在小程序里参与活动、报名的人；报名后取消的也算参与过")
	b.count("done", n(CampaignDone), "在小程序里完成活动任务的人")
	b.count("visitors", n(CampaignVisitors), "带着活动编号打开小程序的人")
	b.rate("join_rate", n(CampaignJoined), n(CampaignSeen), 0, "参与人数 ÷ 看到活动的人数")
	b.rate("done_rate", n(CampaignDone), n(CampaignJoined), 0, "完成人数 ÷ 参与人数")
	later := func(name, rule string, v int64) {
		b.count(name, v, rule)
		f := b.figures[name]
		f.State = out.State
		b.figures[name] = f
	}
	const credit = "；按活动开始以来的触点，归给最后一次非直接触点，算到活动结束后 7 天"
	later("new_followers", "第一次关注、并且归给这个活动的人"+credit, n(CampaignFollowers))
	later("buyers", "付款并且归给这个活动的人"+credit, n(CampaignBuyers))
	later("orders", "归给这个活动的已支付订单"+credit, total.Orders)
	later("net", "归给这个活动的订单金额减去它们的退款（分）"+credit, total.Net)
	if err := s.lifts(ctx, p, c, sums, &out); err != nil {
		return out, err
	}
	if c.Cost != nil {
		cost := int64(*c.Cost)
		b.rate("cac", cost, n(CampaignFollowers), campaignTail, "费用 ÷ 活动带来的新关注（分）")
		b.rate("cost_per_buyer", cost, n(CampaignBuyers), campaignTail, "费用 ÷ 活动带来的购买人数（分）")
		b.rate("roi", total.Net-cost, cost, campaignTail, "（活动净收入 − 费用）÷ 费用")
	} else {
		b.missing("没有填写费用", "cac", "cost_per_buyer", "roi")
	}
	return out, nil
}

// CampaignPeople lists a part of a campaign's people. Entered is when each first did it.
func (s *Service) CampaignPeople(ctx context.Context, c model.Campaign, part CampaignPart, after int64, limit int) (people []Entrant, more bool, err error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, false, err
	}
	sums, err := s.campaignSums(ctx, p, c)
	if err != nil {
		return nil, false, err
	}
	set, ok := sums.parts[part]
	if !ok {
		return []Entrant{}, false, nil
	}
	return s.entrants(ctx, set, sums.since[part], after, limit)
}

func (s *Service) campaignSums(ctx context.Context, p *model.People, c model.Campaign) (*campaignSums, error) {
	today := model.DayNumber(s.now())
	out := &campaignSums{parts: map[CampaignPart]*roaring.Bitmap{}, since: map[CampaignPart]map[int64]int64{}, days: map[int]*CampaignDay{}}
	for _, part := range []CampaignPart{CampaignScanned, CampaignSeen, CampaignJoined, CampaignDone, CampaignVisitors, CampaignFollowers, CampaignBuyers} {
		out.parts[part], out.since[part] = roaring.New(), map[int64]int64{}
	}
	last := min(c.Until(), today)
	if last < c.FirstDay { // not begun: no day, so nothing to read
		return out, nil
	}
	out.span = span(model.DayStart(c.FirstDay), model.DayStart(last))
	out.until = span(model.DayStart(c.FirstDay), model.DayStart(min(addDays(c.Until(), model.CampaignTail), today)))
	for _, d := range out.until.Days() {
		out.days[d] = &CampaignDay{Day: model.DayName(d), After: d > last}
	}
	if err := s.campaignDoings(ctx, p, c.ID, out); err != nil {
		return nil, err
	}
	touched, err := s.campaignTouched(ctx, p, c.ID, out)
	if err != nil {
		return nil, err
	}
	if err := s.campaignFollows(ctx, p, c, touched, out); err != nil {
		return nil, err
	}
	return out, s.campaignMoney(ctx, p, c, touched, out)
}

// campaignDoings counts what carries the campaign's number and happened in its days.
func (s *Service) campaignDoings(ctx context.Context, p *model.People, id int64, out *campaignSums) error {
	parts := map[model.EventType]CampaignPart{model.EventScan: CampaignScanned, model.EventLinkClick: CampaignScanned, model.EventCampaignSeen: CampaignSeen, model.EventCampaignJoin: CampaignJoined, model.EventCampaignDone: CampaignDone, model.EventMPOpen: CampaignVisitors}
	var types []model.EventType
	for t := range parts {
		types = append(types, t)
	}
	q := fmt.Sprintf("SELECT type, day, person_id, occurred_at FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d AND campaign_id = %d", numbersOf(types), out.span.First, out.span.Last, id)
	return s.each(ctx, q, 4, func(v []int64) {
		t := model.EventTypeOf(int(v[0]))
		if p.IsStaff(v[2]) {
			return
		}
		out.put(parts[t], p, v[2], v[3])
		if d := out.days[int(v[1])]; d != nil {
			switch t {
			case model.EventScan:
				d.Scans++
			case model.EventLinkClick:
				d.Clicks++
			}
		}
	})
}

// campaignTouched reads every touch, since the campaign began, of those whom it touched at all: nobody else can be its.
func (s *Service) campaignTouched(ctx context.Context, p *model.People, id int64, out *campaignSums) (map[int64][]model.Touch, error) {
	who := roaring.New()
	q := fmt.Sprintf("SELECT DISTINCT person_id FROM events WHERE type IN (%s) AND day BETWEEN %d AND %d AND campaign_id = %d", numbersOf(touchTypes), out.until.First, out.until.Last, id)
	if err := s.each(ctx, q, 1, func(v []int64) { add(who, p, v[0]) }); err != nil {
		return nil, err
	}
	return s.touches(ctx, p, who, out.until.From.UnixMilli(), out.until.To.UnixMilli()-1)
}

// ours tells whether what somebody did at an instant goes to the campaign.
func (out *campaignSums) ours(touches []model.Touch, at int64, id string) bool {
	ts := model.Touches(touches, at, out.until.To.Sub(out.until.From).Milliseconds())
	return len(ts) > 0 && keyOf(ts[len(ts)-1], "campaign") == id
}

func (s *Service) campaignFollows(ctx context.Context, p *model.People, c model.Campaign, touched map[int64][]model.Touch, out *campaignSums) error {
	var err error
	if out.first, err = s.firstFollows(ctx, p, c.AppID); err != nil {
		return err
	}
	id := strconv.FormatInt(c.ID, 10)
	for person, ts := range touched {
		at, ok := out.first[person]
		if !ok || !out.ours(ts, at, id) {
			continue
		}
		if d := out.days[model.DayNumber(time.UnixMilli(at))]; d != nil {
			d.NewFollowers++
			out.put(CampaignFollowers, p, person, at)
		}
	}
	return nil
}

func (s *Service) campaignMoney(ctx context.Context, p *model.People, c model.Campaign, touched map[int64][]model.Touch, out *campaignSums) error {
	id := strconv.FormatInt(c.ID, 10)
	paid, err := s.payments(ctx, p, model.EventPaid, out.until.First, out.until.Last)
	if err != nil {
		return err
	}
	mine := map[string]bool{}
	for _, x := range paid {
		if !out.ours(touched[x.Person], x.At, id) {
			continue
		}
		mine[x.OutTradeNo] = true
		d := out.days[x.Day]
		d.Orders, d.Net = d.Orders+1, d.Net+x.Amount
		out.put(CampaignBuyers, p, x.Person, x.At)
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, out.until.First, model.DayNumber(s.now()))
	if err != nil {
		return err
	}
	for _, r := range refunds {
		if !mine[r.OutTradeNo] || r.OutTradeNo == "" {
			continue
		}
		d := out.days[r.Day]
		if d == nil { // later than the board's days: on the last of them, so that the days add up to the net
			d = out.days[out.until.Last]
		}
		d.Net -= r.Amount
	}
	return nil
}

// firstFollows tells when everybody first followed the account.
func (s *Service) firstFollows(ctx context.Context, p *model.People, appid string) (map[int64]int64, error) {
	out := map[int64]int64{}
	var rows []struct{ PersonID, At int64 }
	if err := s.db.WithContext(ctx).Raw("SELECT person_id, MIN(occurred_at) AS at FROM events WHERE type = ? AND day > 0 AND appid = ? GROUP BY person_id", model.EventFollow.Number(), appid).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("first follows: %w", err)
	}
	for _, r := range rows {
		if id := p.Of(r.PersonID); id > 0 {
			if had, ok := out[id]; !ok || r.At < had {
				out[id] = r.At
			}
		}
	}
	return out, nil
}

func (s *Service) netByDay(ctx context.Context, p *model.People, sp Span) (map[int]int64, error) {
	out := map[int]int64{}
	for t, sign := range map[model.EventType]int64{model.EventPaid: 1, model.EventRefunded: -1} {
		list, err := s.payments(ctx, p, t, sp.First, sp.Last)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			out[x.Day] += sign * x.Amount
		}
	}
	return out, nil
}

// lifts compares the campaign's days that have begun with the same weekdays of the four weeks before, those left out on
// which another campaign ran or that lie before our first event.
func (s *Service) lifts(ctx context.Context, p *model.People, c model.Campaign, sums *campaignSums, out *CampaignBoard) error {
	ran := sums.span
	if ran.First == 0 {
		return nil
	}
	before := span(ran.From.AddDate(0, 0, -7*liftWeeks), ran.From.AddDate(0, 0, -1))
	net, err := s.netByDay(ctx, p, span(before.From, ran.To.AddDate(0, 0, -1)))
	if err != nil {
		return err
	}
	followers := map[int]int64{}
	for _, at := range sums.first {
		followers[model.DayNumber(time.UnixMilli(at))]++
	}
	var others []model.Campaign
	if err := s.db.WithContext(ctx).Where("appid = ? AND id <> ? AND first_day <= ? AND last_day >= ?", c.AppID, c.ID, before.Last, before.First).Find(&others).Error; err != nil {
		return fmt.Errorf("other campaigns: %w", err)
	}
	began, err := s.FirstDay(ctx)
	if err != nil {
		return err
	}
	fit := func(d int) bool {
		return model.DayName(d) >= began && !slices.ContainsFunc(others, func(o model.Campaign) bool { return d >= o.FirstDay && d <= o.Until() })
	}
	out.Followers, out.Net = lift(ran, followers, fit), lift(ran, net, fit)
	return nil
}

// lift compares the days of a range with those the same weekdays before that fit.
func lift(ran Span, value map[int]int64, fit func(day int) bool) Lift {
	var out Lift
	// A weekday of the campaign, k weeks before its first day: k from 1.
	earlier := func(d time.Time, k int) int {
		offset := int(d.Sub(ran.From).Hours()/24+0.5) % 7
		return model.DayNumber(ran.From.AddDate(0, 0, offset-7*k))
	}
	enough, baseline := true, 0.0
	weeks := map[int]int64{}
	whole := map[int]bool{}
	for k := 1; k <= liftWeeks; k++ {
		whole[k] = true
	}
	for d := ran.From; d.Before(ran.To); d = d.AddDate(0, 0, 1) {
		out.Value += value[model.DayNumber(d)]
		sum, n := int64(0), 0
		for k := 1; k <= liftWeeks; k++ {
			e := earlier(d, k)
			if !fit(e) {
				whole[k] = false
				continue
			}
			sum, n = sum+value[e], n+1
			weeks[k] += value[e]
		}
		if n < liftLeast {
			enough = false
			continue
		}
		baseline += float64(sum) / float64(n)
	}
	if !enough {
		return out
	}
	gain := float64(out.Value) - baseline
	out.Baseline, out.Lift = &baseline, &gain
	for k, ok := range whole {
		if !ok {
			continue
		}
		out.Weeks++
		v := weeks[k]
		if out.Low == nil || v < *out.Low {
			out.Low = &v
		}
		if out.High == nil || v > *out.High {
			out.High = &v
		}
	}
	return out
}
