package mini

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/service/limit"
)

func (d *Door) registerRedeem(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniRedeem", Method: "POST", Path: "/mini/v1/redeem", Summary: "Redeem a code (兑换码): it opens its course; the same code again is the same answer"}, d.redeem)
}

// triesPerLearner is against guessing: every try counts, good ones too, so that a good code buys no new guesses.
var triesPerLearner = limit.Rate{N: 20, Per: time.Hour, Burst: 10}

type redeemOut struct {
	Body struct {
		CourseID int64      `json:"course_id"`
		Title    string     `json:"title"`
		EndsAt   *time.Time `json:"ends_at,omitempty" doc:"when the access ends; absent: never"`
		Again    bool       `json:"again" doc:"this learner had done so before"`
	}
}

func (d *Door) redeem(ctx context.Context, in *struct {
	Body struct {
		_    struct{} `additionalProperties:"true"`
		Code string   `json:"code" minLength:"1" maxLength:"64" doc:"as typed: case, blanks and dashes do not matter"`
	}
}) (*redeemOut, error) {
	who := CallerFrom(ctx)
	if wait, ok := d.Limits.Allow(ctx, "redeem:"+strconv.FormatInt(who.LearnerID, 10), triesPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	o, err := d.Redeems.Redeem(ctx, who, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &redeemOut{}
	out.Body.CourseID, out.Body.Title, out.Body.Again = o.CourseID, o.Title, o.Again
	if o.EndsAt != nil {
		end := o.EndsAt.UTC()
		out.Body.EndsAt = &end
	}
	return out, nil
}
