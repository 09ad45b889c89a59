package mini

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/service/limit"
)

func (d *Door) registerSession(api huma.API) {
	open(api, huma.Operation{
		OperationID: "miniLogin", Method: "POST", Path: "/mini/v1/session", Summary: "Log in with the code of wx.login",
		MaxBodyBytes: 4 << 10, Middlewares: huma.Middlewares{d.perAddress},
	}, d.login)
}

// loginsPerAddress lets an office behind one address in, and stops a machine that tries codes.
var loginsPerAddress = limit.Rate{N: 100, Per: time.Minute, Burst: 60}

func (d *Door) perAddress(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if wait, ok := d.Limits.Allow(c.Request.Context(), "mini-login:"+c.ClientIP(), loginsPerAddress); !ok {
		tooMany(c, wait)
		return
	}
	next(ctx)
}

type sessionOut struct {
	Body struct {
		Token     string `json:"token"`
		ExpiresIn int    `json:"expires_in" doc:"seconds"`
		Learner   struct {
			ID      int64  `json:"id"`
			UnionID string `json:"unionid,omitempty" doc:"absent where WeChat tells none"`
		} `json:"learner"`
	}
}

func (d *Door) login(ctx context.Context, in *struct {
	Body struct {
		_        struct{} `additionalProperties:"true"`
		Code     string   `json:"code" maxLength:"128" doc:"of wx.login; good for one call"`
		Platform string   `json:"platform,omitempty" maxLength:"32" doc:"ios, android, windows, mac, ohos, devtools; anything else is an unknown terminal"`
	}
}) (*sessionOut, error) {
	l, err := d.Learners.Login(ctx, in.Body.Code, in.Body.Platform)
	if err != nil {
		return nil, err
	}
	out := &sessionOut{}
	out.Body.Token, out.Body.ExpiresIn = l.Token, l.ExpiresIn
	out.Body.Learner.ID, out.Body.Learner.UnionID = l.LearnerID, l.UnionID
	return out, nil
}
