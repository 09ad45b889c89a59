package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/operator"
)

func (d *Door) registerOperator(api huma.API) {
	tags := []string{"operators"}
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "listOperators", Method: "GET", Path: "/console/v1/operators", Summary: "Operators", Tags: tags}, d.listOperators)
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "addOperator", Method: "POST", Path: "/console/v1/operators", Summary: "Add an operator", Tags: tags, DefaultStatus: http.StatusCreated, MaxBodyBytes: 8 << 10}, d.addOperator)
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "changeOperator", Method: "PUT", Path: "/console/v1/operators/{id}", Summary: "Change another operator's role, password, or whether they may log in", Tags: tags, MaxBodyBytes: 8 << 10}, d.changeOperator)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "settings", Method: "GET", Path: "/console/v1/settings", Summary: "Settings", Tags: tags}, d.settings)
	verb(d, api, model.RightOwn, huma.Operation{OperationID: "changeSettings", Method: "PUT", Path: "/console/v1/settings", Summary: "Change settings: only what is given", Tags: tags}, d.changeSettings)
}

type operatorBody struct {
	ID        int64      `json:"id"`
	Name      string     `json:"name"`
	Role      model.Role `json:"role" enum:"owner,editor,reviewer,finance,viewer"`
	Disabled  bool       `json:"disabled"`
	LoginAt   *time.Time `json:"login_at" doc:"last good login"`
	CreatedAt time.Time  `json:"created_at"`
}

type operatorOut struct{ Body operatorBody }

func viewOperator(o model.Operator) operatorBody {
	return operatorBody{ID: o.ID, Name: o.Name, Role: o.Role, Disabled: !o.Enabled(), LoginAt: o.LoginAt, CreatedAt: o.CreatedAt}
}

type operatorsOut struct{ Body respond.Page[operatorBody] }

func (d *Door) listOperators(ctx context.Context, _ *struct{}) (*operatorsOut, error) {
	all, err := d.Operators.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]operatorBody, 0, len(all))
	for _, o := range all {
		out = append(out, viewOperator(o))
	}
	return &operatorsOut{Body: respond.NewPage(out, "")}, nil
}

func (d *Door) addOperator(ctx context.Context, in *struct {
	Body struct {
		Name     string     `json:"name" maxLength:"200"`
		Password string     `json:"password" maxLength:"1000"`
		Role     model.Role `json:"role" enum:"owner,editor,reviewer,finance,viewer"`
	}
}) (*operatorOut, error) {
	o, err := d.Operators.Add(ctx, OperatorFrom(ctx), in.Body.Name, in.Body.Password, in.Body.Role)
	if err != nil {
		return nil, refused(err)
	}
	return &operatorOut{Body: viewOperator(o)}, nil
}

func (d *Door) changeOperator(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Role     *model.Role `json:"role,omitempty" enum:"owner,editor,reviewer,finance,viewer"`
		Disabled *bool       `json:"disabled,omitempty"`
		Password *string     `json:"password,omitempty" maxLength:"1000"`
	}
}) (*operatorOut, error) {
	o, err := d.Operators.Change(ctx, OperatorFrom(ctx), in.ID, operator.Change{Role: in.Body.Role, Disabled: in.Body.Disabled, Password: in.Body.Password})
	if err != nil {
		return nil, refused(err)
	}
	return &operatorOut{Body: viewOperator(o)}, nil
}

type settingsOut struct {
	Body struct {
		TwoPerson        bool   `json:"two_person" doc:"publishing an article needs two people"`
		TwoPersonInForce bool   `json:"two_person_in_force" doc:"two_person, while two enabled operators may confirm"`
		MessageDays      int    `json:"message_days" doc:"how many days the text of messages and of answers is kept; that they came stays"`
		MiniAppID        string `json:"mini_appid" doc:"our Mini Program's, to fill in where one is asked; may be empty"`
	}
}

func (d *Door) viewSettings(s operator.Settings) *settingsOut {
	out := &settingsOut{}
	out.Body.TwoPerson, out.Body.TwoPersonInForce, out.Body.MessageDays, out.Body.MiniAppID = s.TwoPerson, s.InForce, s.MessageDays, d.MiniAppID
	return out
}

func (d *Door) settings(ctx context.Context, _ *struct{}) (*settingsOut, error) {
	s, err := d.Operators.ReadSettings(ctx)
	if err != nil {
		return nil, err
	}
	return d.viewSettings(s), nil
}

func (d *Door) changeSettings(ctx context.Context, in *struct {
	Body struct {
		TwoPerson   *bool `json:"two_person,omitempty"`
		MessageDays *int  `json:"message_days,omitempty" doc:"7 to 1095; what is older goes within a day, maybe at once, for good"`
	}
}) (*settingsOut, error) {
	by := OperatorFrom(ctx)
	if days := in.Body.MessageDays; days != nil { // the one that can be refused comes first
		if _, err := d.Operators.SetMessageDays(ctx, by, *days); err != nil {
			return nil, err
		}
	}
	if on := in.Body.TwoPerson; on != nil {
		if _, err := d.Operators.SetTwoPerson(ctx, by, *on); err != nil {
			return nil, err
		}
	}
	return d.settings(ctx, nil)
}
