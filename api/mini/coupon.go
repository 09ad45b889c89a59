package mini

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
)

func (d *Door) registerCoupon(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniCourseCoupons", Method: "GET", Path: "/mini/v1/courses/{id}/coupons", Summary: "Coupons for a course: what each takes off for this learner, or why it does not apply"}, d.courseCoupons)
}

type couponOffer struct {
	Code   string     `json:"code"`
	Name   string     `json:"name"`
	Off    model.Fen  `json:"off" doc:"fen taken off this course; 0 where it does not apply"`
	Due    model.Fen  `json:"due" doc:"fen left to pay"`
	Usable bool       `json:"usable"`
	Why    string     `json:"why,omitempty" doc:"why it does not apply, in Chinese"`
	EndsAt *time.Time `json:"ends_at,omitempty"`
}

type couponOffersOut struct {
	Body struct {
		Items []couponOffer `json:"items"`
	}
}

// courseCoupons holds nothing: whether a coupon applies is decided again when the order is placed. Where the
// course is not sold on this terminal the list is empty, as there is no price to take anything off.
func (d *Door) courseCoupons(ctx context.Context, in *struct {
	IDPath
	Code string `query:"code" maxLength:"64" doc:"a code the learner typed; listed even if it is not public"`
}) (*couponOffersOut, error) {
	who := CallerFrom(ctx)
	item, err := d.Courses.Item(ctx, in.ID, who.Platform)
	if err != nil {
		return nil, err
	}
	out := &couponOffersOut{}
	out.Body.Items = []couponOffer{}
	if !item.OnSale || len(item.Vias) == 0 || item.Due() == 0 {
		return out, nil
	}
	offers, err := d.Coupons.Offers(ctx, who.LearnerID, in.ID, item.Due(), in.Code)
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		b := couponOffer{Code: o.Code, Name: o.Name, Off: o.Off, Due: o.Due, Usable: o.Why == "", Why: o.Why}
		if b.Usable {
			ends := o.Coupon.EndsAt.UTC()
			b.EndsAt = &ends
			// What the road of payment cannot take is said here, not at the till.
			if o.Due > 0 && len(item.ViasFor(item.Price, o.Due, who.Platform)) == 0 {
				b.Usable, b.Off, b.Due, b.Why = false, 0, item.Due(), "优惠太多，虚拟支付收不了这个金额"
			}
		}
		out.Body.Items = append(out.Body.Items, b)
	}
	return out, nil
}
