package figure

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// PartnerLookback is how long a touch of a partner's counts for what comes after it.
const PartnerLookback = 30 * 24 * time.Hour

// PartnerRule says how a partner's line is counted.
const PartnerRule = "只算归这个合作方的码、链接、活动和渠道；一样东西同时只归一个合作方，码和链接先于活动、活动先于渠道。扫码、点击按次数。" +
	"新关注是从没关注过、经它们第一次关注的人；以前关注过又经它们回来的另计回流。n 天后还在：新关注的人里，关注当天之后第 n 个自然日结束时仍关注着的；那一天没过完就是观察期未满，不写数。" +
	"课程浏览、订单和钱归给之前 30 天内最后一次非直接的触点；退款记在退款那天。日期都是北京时间。"

// partnerKey gives a touch's credit to the partner who owned what it carries, when it happened.
func partnerKey(o model.Owners) keyer {
	return func(t model.Touch) string {
		if t.Direct {
			return Direct
		}
		if id := o.Of(t.Event, t.At); id != 0 {
			return strconv.FormatInt(id, 10)
		}
		return Unmarked
	}
}

// owners reads whose the codes, links, campaigns and channels of an account are and were.
func (s *Service) owners(ctx context.Context, appid string) ([]model.PartnerThing, error) {
	var things []model.PartnerThing
	if err := s.db.WithContext(ctx).Where("appid = ?", appid).Find(&things).Error; err != nil {
		return nil, fmt.Errorf("things of partners: %w", err)
	}
	return things, nil
}

// sourceOf is all that was ever a partner's.
func sourceOf(appid string, id int64, things []model.PartnerThing, key keyer) source {
	refs := map[string][]any{} // by column
	for _, t := range things {
		if t.PartnerID != id {
			continue
		}
		switch t.Kind {
		case model.PartnerCode, model.PartnerLink:
			refs["code"] = append(refs["code"], t.Ref)
		case model.PartnerChannel:
			refs["channel"] = append(refs["channel"], t.Ref)
		case model.PartnerCampaign:
			n, _ := strconv.ParseInt(t.Ref, 10, 64)
			refs["campaign_id"] = append(refs["campaign_id"], n)
		}
	}
	x := source{appid: appid, where: "1 = 0", key: key, want: strconv.FormatInt(id, 10)}
	var parts []string
	for _, column := range []string{"code", "campaign_id", "channel"} {
		if len(refs[column]) > 0 {
			parts = append(parts, column+" IN ?")
			x.args = append(x.args, refs[column])
		}
	}
	if len(parts) > 0 {
		x.where = strings.Join(parts, " OR ")
	}
	return x
}

// Partners follows what partners own through a range, each as Scene follows a code: scans, clicks and follows are those
// of their own things, course views, orders and money go to the last touch that is no direct opening, and so to one
// partner or none. The lines are in the order of ids.
func (s *Service) Partners(ctx context.Context, appid string, ids []int64, span Span) ([]SceneLine, error) {
	things, err := s.owners(ctx, appid)
	if err != nil {
		return nil, err
	}
	key := partnerKey(model.NewOwners(things))
	sources := make([]source, 0, len(ids))
	for _, id := range ids {
		sources = append(sources, sourceOf(appid, id, things, key))
	}
	lines, err := s.lines(ctx, sources, key, span, model.AttributeLast, PartnerLookback)
	if err != nil {
		return nil, fmt.Errorf("lines of partners: %w", err)
	}
	return lines, nil
}

// PartnerMonth gives the people of a partner in the days first–last.
func (s *Service) PartnerMonth(ctx context.Context, p model.Partner, first, last int) (model.PartnerFigures, error) {
	lines, err := s.Partners(ctx, p.AppID, []int64{p.ID}, span(model.DayStart(first), model.DayStart(last)))
	if err != nil {
		return model.PartnerFigures{}, err
	}
	t := lines[0].Total
	out := model.PartnerFigures{Scans: t.Scans, Clicks: t.Clicks, People: t.Scanners, NewFollows: t.NewFollows, Returned: t.Returned, CourseViews: t.CourseViews}
	for _, st := range t.Stayed {
		switch st.Days {
		case 7:
			out.Stayed7, out.Stayed7Of = st.People, st.Of
		case 30:
			out.Stayed30, out.Stayed30Of = st.People, st.Of
		}
	}
	return out, nil
}

// PartnerOrders lists the orders paid in the days first–last that go to a partner, with what was refunded of them by
// the end of last. An order of an import that has no number is not among them.
func (s *Service) PartnerOrders(ctx context.Context, partner model.Partner, first, last int) ([]model.PartnerOrder, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	things, err := s.owners(ctx, partner.AppID)
	if err != nil {
		return nil, err
	}
	sp := span(model.DayStart(first), model.DayStart(last))
	sales, err := s.sales(ctx, p, sp, model.AttributeLast, partnerKey(model.NewOwners(things)), PartnerLookback)
	if err != nil {
		return nil, err
	}
	back, err := s.Refunded(ctx, last)
	if err != nil {
		return nil, err
	}
	want := strconv.FormatInt(partner.ID, 10)
	var out []model.PartnerOrder
	for _, x := range sales {
		if x.Day < sp.First || x.Day > sp.Last || x.OutTradeNo == "" || x.keys[len(x.keys)-1] != want {
			continue
		}
		out = append(out, model.PartnerOrder{OutTradeNo: x.OutTradeNo, PaidAt: time.UnixMilli(x.At).UTC(), Gross: x.Amount, Refunded: back[x.OutTradeNo]})
	}
	return out, nil
}

// Refunded gives what each order has been refunded by the end of a day, in fen.
func (s *Service) Refunded(ctx context.Context, last int) (map[string]int64, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, 1, last)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, r := range refunds {
		out[r.OutTradeNo] += r.Amount
	}
	return out, nil
}
