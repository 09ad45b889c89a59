package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/operator"
)

func (d *Door) registerSession(api huma.API) {
	tags := []string{"session"}
	verb(d, api, model.RightNone, huma.Operation{OperationID: "login", Method: "POST", Path: "/console/v1/login", Summary: "Log in", Tags: tags, MaxBodyBytes: 8 << 10}, d.login)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "logout", Method: "POST", Path: "/console/v1/logout", Summary: "Log out", Tags: tags, DefaultStatus: http.StatusNoContent}, d.logout)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "session", Method: "GET", Path: "/console/v1/session", Summary: "Who is logged in", Tags: tags}, d.session)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "changeOwnPassword", Method: "POST", Path: "/console/v1/session/password", Summary: "Change one's own password; all other sessions end", Tags: tags, MaxBodyBytes: 8 << 10}, d.changeOwnPassword)
}

type sessionBody struct {
	Operator struct {
		ID   int64      `json:"id"`
		Name string     `json:"name"`
		Role model.Role `json:"role"`
	} `json:"operator"`
	CSRFToken string        `json:"csrf_token" doc:"every write carries it in X-CSRF-Token"`
	Rights    []model.Right `json:"rights" doc:"what the role may do"`
}

type sessionOut struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      sessionBody
}

func viewSession(o model.Operator, token string) sessionBody {
	var b sessionBody
	b.Operator.ID, b.Operator.Name, b.Operator.Role = o.ID, o.Name, o.Role
	b.CSRFToken, b.Rights = operator.CSRF(token), []model.Right{}
	for _, r := range model.Rights {
		if o.Role.May(r) {
			b.Rights = append(b.Rights, r)
		}
	}
	return b
}

func (d *Door) login(ctx context.Context, in *struct {
	Body struct {
		Name     string `json:"name" maxLength:"200"`
		Password string `json:"password" maxLength:"1000"`
	}
}) (*sessionOut, error) {
	v := visitorFrom(ctx)
	o, token, err := d.Operators.Login(ctx, in.Body.Name, in.Body.Password, v.address, v.token)
	if err != nil {
		return nil, refused(err)
	}
	return &sessionOut{SetCookie: d.bake(token), Body: viewSession(o, token)}, nil
}

// refused gives the two refusals of a login their status; whichever of name and password was wrong, the
// words are the same.
func refused(err error) error {
	var many operator.TooMany
	switch {
	case errors.As(err, &many):
		return respond.TooMany(many.After)
	case errors.Is(err, operator.ErrLogin):
		e := respond.Status(http.StatusUnauthorized)
		e.Err.Message = "名字或密码不对"
		return e
	}
	return err
}

type cookieOut struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
}

func (d *Door) logout(ctx context.Context, _ *struct{}) (*cookieOut, error) {
	if err := d.Operators.Logout(ctx, visitorFrom(ctx).token); err != nil {
		return nil, err
	}
	gone := d.bake("")
	gone.MaxAge = -1
	return &cookieOut{SetCookie: gone}, nil
}

type whoOut struct{ Body sessionBody }

func (d *Door) session(ctx context.Context, _ *struct{}) (*whoOut, error) {
	v := visitorFrom(ctx)
	return &whoOut{Body: viewSession(v.operator, v.token)}, nil
}

func (d *Door) changeOwnPassword(ctx context.Context, in *struct {
	Body struct {
		OldPassword string `json:"old_password" maxLength:"1000"`
		NewPassword string `json:"new_password" maxLength:"1000"`
	}
}) (*sessionOut, error) {
	v := visitorFrom(ctx)
	token, err := d.Operators.ChangeOwnPassword(ctx, v.operator, in.Body.OldPassword, in.Body.NewPassword, v.address)
	if err != nil {
		return nil, refused(err)
	}
	return &sessionOut{SetCookie: d.bake(token), Body: viewSession(v.operator, token)}, nil
}

// Over https the cookie is bound to this very host by its prefix; over http only loopback is served, and
// browsers would drop a Secure one there.
const (
	cookieHost  = "__Host-loudou"
	cookiePlain = "loudou"
)

func (d *Door) https() bool { return strings.HasPrefix(d.PublicURL, "https://") }

func (d *Door) cookieName() string {
	if d.https() {
		return cookieHost
	}
	return cookiePlain
}

// bake makes the session's cookie. It has no Max-Age: it ends with the browser or on the server.
func (d *Door) bake(token string) *http.Cookie {
	return &http.Cookie{Name: d.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: d.https(), SameSite: http.SameSiteStrictMode}
}

// cookie is the caller's session value. Two cookies of our name are nobody: one of them was planted.
func (d *Door) cookie(r *http.Request) string {
	all := r.CookiesNamed(d.cookieName())
	if len(all) != 1 {
		return ""
	}
	return all[0].Value
}
