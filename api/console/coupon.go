package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/coupon"
)

func (d *Door) registerCoupon(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: summary, Tags: []string{"coupons"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createCoupon", "POST", "/coupons", "Make a coupon")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("listCoupons", "GET", "/coupons", "Coupons, the newest first"), d.listCoupons)
	verb(d, api, model.RightMoney, create, d.createCoupon)
	verb(d, api, model.RightRead, op("coupon", "GET", "/coupons/{id}", "One coupon"), d.coupon)
	verb(d, api, model.RightMoney, op("changeCoupon", "PUT", "/coupons/{id}", "Change a coupon; its code stays"), d.changeCoupon)
}

// couponBody is a coupon as the console shows it.
type couponBody struct {
	ID        int64     `json:"id"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Off       model.Fen `json:"off" doc:"fen; 0: percent counts"`
	Percent   int       `json:"percent" doc:"percent taken off; 0: off counts"`
	CourseIDs []int64   `json:"course_ids" doc:"empty: every course"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Stock     int64     `json:"stock"`
	PerPerson int64     `json:"per_person"`
	Used      int64     `json:"used" doc:"held by open orders and spent by paid ones"`
	Public    bool      `json:"public" doc:"offered on the course's page"`
	Disabled  bool      `json:"disabled"`
	State     string    `json:"state" enum:"disabled,coming,running,used_up,over"`
	Version   int64     `json:"version"`
	CreatedBy string    `json:"created_by"`
	UpdatedBy string    `json:"updated_by"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (d *Door) viewCoupon(c model.Coupon) couponBody {
	return couponBody{ID: c.ID, Code: c.Code, Name: c.Name, Off: c.Off, Percent: c.Percent, CourseIDs: append([]int64{}, c.CourseIDs...), StartsAt: c.StartsAt.UTC(), EndsAt: c.EndsAt.UTC(), Stock: c.Stock, PerPerson: c.PerPerson,
		Used: c.Used, Public: c.Public, Disabled: c.Disabled, State: string(c.State(d.Coupons.Now())), Version: c.Version, CreatedBy: c.CreatedBy, UpdatedBy: c.UpdatedBy, UpdatedAt: c.UpdatedAt.UTC()}
}

// couponIn is what an operator writes.
type couponIn struct {
	Code      string    `json:"code,omitempty" maxLength:"64" doc:"letters and digits; made up where absent"`
	Name      string    `json:"name,omitempty" maxLength:"40" doc:"what learners read; the code where absent"`
	Off       model.Fen `json:"off,omitempty" doc:"fen off; this or percent"`
	Percent   int       `json:"percent,omitempty" doc:"1 to 100 percent off"`
	CourseIDs []int64   `json:"course_ids,omitempty" maxItems:"200" doc:"empty: every course"`
	StartsAt  time.Time `json:"starts_at"`
	EndsAt    time.Time `json:"ends_at"`
	Stock     int64     `json:"stock"`
	PerPerson int64     `json:"per_person"`
	Public    bool      `json:"public,omitempty"`
	Disabled  bool      `json:"disabled,omitempty"`
	Version   int64     `json:"version,omitempty" doc:"the one that was changed"`
}

func (b couponIn) input() coupon.Input {
	in := coupon.Input{Code: b.Code, Name: b.Name, Off: b.Off, Percent: b.Percent, CourseIDs: b.CourseIDs, StartsAt: b.StartsAt, EndsAt: b.EndsAt, Stock: b.Stock, PerPerson: b.PerPerson, Public: b.Public, Disabled: b.Disabled, Version: b.Version}
	if in.Name == "" {
		in.Name = in.Code
	}
	if in.Name == "" {
		in.Name = "优惠券"
	}
	return in
}

type couponOut struct{ Body couponBody }

type couponsOut struct {
	Body respond.Page[couponBody]
}

func (d *Door) listCoupons(ctx context.Context, in *PageIn) (*couponsOut, error) {
	return page(in, "coupons", func(before int64, limit int) ([]couponBody, error) {
		all, err := d.Coupons.List(ctx, before, limit)
		items := make([]couponBody, 0, len(all))
		for _, c := range all {
			items = append(items, d.viewCoupon(c))
		}
		return items, err
	}, func(c couponBody) int64 { return c.ID }, func(p respond.Page[couponBody]) *couponsOut { return &couponsOut{Body: p} })
}

func (d *Door) createCoupon(ctx context.Context, in *struct{ Body couponIn }) (*couponOut, error) {
	c, err := d.Coupons.Create(ctx, OperatorFrom(ctx), in.Body.input())
	if err != nil {
		return nil, err
	}
	return &couponOut{Body: d.viewCoupon(c)}, nil
}

func (d *Door) coupon(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*couponOut, error) {
	c, err := d.Coupons.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &couponOut{Body: d.viewCoupon(c)}, nil
}

func (d *Door) changeCoupon(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1"`
	Body couponIn
}) (*couponOut, error) {
	c, err := d.Coupons.Change(ctx, OperatorFrom(ctx), in.ID, in.Body.input())
	if err != nil {
		return nil, err
	}
	return &couponOut{Body: d.viewCoupon(c)}, nil
}
