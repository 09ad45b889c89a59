package mini

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerGift(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniGift", Method: "GET", Path: "/mini/v1/orders/{out_trade_no}/gift", Summary: "The gift a paid order of kind gift is for, with the code to send on"}, d.gift)
	verb(d, api, huma.Operation{OperationID: "miniLookAtGift", Method: "POST", Path: "/mini/v1/gifts/look", Summary: "What a gift's code stands for; changes nothing"}, d.lookAtGift)
	verb(d, api, huma.Operation{OperationID: "miniOpenGift", Method: "POST", Path: "/mini/v1/gifts/open", Summary: "Open a gift: it opens its course to whoever comes first; the same learner again is the same answer"}, d.openGift)
}

// giftCode is in a body and not in an address, because addresses stand in logs.
type giftCode struct {
	Body struct {
		_    struct{} `additionalProperties:"true"`
		Code string   `json:"code" minLength:"1" maxLength:"64"`
	}
}

// guess bounds how many codes of gifts one learner may try, as with redeem codes.
func (d *Door) guess(ctx context.Context) error {
	if wait, ok := d.Limits.Allow(ctx, "gift:"+strconv.FormatInt(CallerFrom(ctx).LearnerID, 10), triesPerLearner); !ok {
		return respond.TooMany(wait)
	}
	return nil
}

type giftOut struct {
	Body struct {
		OutTradeNo string           `json:"out_trade_no"`
		CourseID   int64            `json:"course_id"`
		Status     model.GiftStatus `json:"status" enum:"waiting,frozen,opened,void" doc:"frozen: a refund is open; void: given back"`
		Code       string           `json:"code,omitempty" doc:"to send on; absent once it is opened or void"`
		Path       string           `json:"path,omitempty" doc:"page of the Mini Program that opens it, for wx.shareAppMessage"`
		OpenedAt   *time.Time       `json:"opened_at,omitempty"`
		Mine       bool             `json:"mine" doc:"the buyer kept it"`
	}
}

func (d *Door) gift(ctx context.Context, in *OrderPath) (*giftOut, error) {
	who := CallerFrom(ctx)
	id, err := d.Orders.GiftOf(ctx, who, in.OutTradeNo)
	if err != nil {
		return nil, err
	}
	g, err := d.Gifts.Given(ctx, who, id)
	if err != nil {
		return nil, err
	}
	out := &giftOut{}
	b := &out.Body
	b.OutTradeNo, b.CourseID, b.Status, b.OpenedAt, b.Mine = g.OutTradeNo, g.CourseID, g.Status, g.OpenedAt, g.Status == model.GiftOpened && g.LearnerID == who.LearnerID
	if g.Status == model.GiftWaiting || g.Status == model.GiftFrozen {
		b.Code, b.Path = g.Code, "pages/gift/index?gift="+g.Code
	}
	return out, nil
}

type giftSeenOut struct {
	Body struct {
		CourseID int64            `json:"course_id"`
		Title    string           `json:"title"`
		Cover    string           `json:"cover" doc:"address a phone can load; may be empty"`
		Status   model.GiftStatus `json:"status" enum:"waiting,frozen,opened" doc:"frozen: the giver asks for their money back"`
		Mine     bool             `json:"mine" doc:"this learner opened it"`
		Given    bool             `json:"given" doc:"this learner paid for it"`
		Owned    bool             `json:"owned" doc:"this learner has the course, by this or another way"`
		EndsAt   *time.Time       `json:"ends_at,omitempty"`
		Actions  []string         `json:"actions" doc:"open, learn: what the learner may do now"`
	}
}

func (d *Door) lookAtGift(ctx context.Context, in *giftCode) (*giftSeenOut, error) {
	if err := d.guess(ctx); err != nil {
		return nil, err
	}
	g, err := d.Gifts.Look(ctx, CallerFrom(ctx), in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &giftSeenOut{}
	b := &out.Body
	b.CourseID, b.Title, b.Cover, b.Status, b.Mine, b.Given, b.Owned, b.EndsAt = g.CourseID, g.Title, d.Media.Public(g.Cover), g.Status, g.Mine, g.Given, g.Owned, g.EndsAt
	b.Actions = []string{}
	switch {
	case g.Owned:
		b.Actions = append(b.Actions, "learn")
	case g.Status == model.GiftWaiting:
		b.Actions = append(b.Actions, "open")
	}
	return out, nil
}

func (d *Door) openGift(ctx context.Context, in *giftCode) (*redeemOut, error) {
	if err := d.guess(ctx); err != nil {
		return nil, err
	}
	o, err := d.Gifts.Open(ctx, CallerFrom(ctx), in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &redeemOut{}
	out.Body.CourseID, out.Body.Title, out.Body.Again, out.Body.EndsAt = o.CourseID, o.Title, o.Again, o.EndsAt
	return out, nil
}
