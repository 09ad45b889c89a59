package console

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
	"loudou/service/menu"
)

// menuBody is a menu as the desk holds it.
type menuBody struct {
	Buttons     []model.MenuButton      `json:"buttons" maxItems:"20"`
	Conditional []model.ConditionalMenu `json:"conditional,omitempty" maxItems:"20"`
}

func (b menuBody) menu() model.Menu {
	return model.Menu{Buttons: b.Buttons, Conditional: b.Conditional}
}

type menuWordsOut struct {
	Body struct {
		Changes []string `json:"changes"`
	}
}

func (d *Door) compareMenus(_ context.Context, in *struct {
	Body struct {
		Before menuBody `json:"before"`
		After  menuBody `json:"after"`
	}
}) (*menuWordsOut, error) {
	out := &menuWordsOut{}
	out.Body.Changes = model.MenuDiff(in.Body.Before.menu(), in.Body.After.menu())
	return out, nil
}

type liveMenuOut struct {
	Body struct {
		Open        bool                    `json:"open" doc:"the menu is switched on"`
		Buttons     []model.MenuButton      `json:"buttons"`
		Conditional []model.ConditionalMenu `json:"conditional"`
		Changes     []string                `json:"changes" doc:"from the draft to what is live"`
		Drifted     []string                `json:"drifted" doc:"from the version published last to what is live: changed elsewhere"`
		Notes       []string                `json:"notes" doc:"what could not be taken over as it was"`
		Answers     []model.MenuAnswer      `json:"answers" doc:"what reply rules must say, were this the menu"`
	}
}

func (d *Door) liveMenu(ctx context.Context, _ *struct{}) (*liveMenuOut, error) {
	p, err := d.Menus.Pull(ctx)
	if err != nil {
		return nil, err
	}
	out := &liveMenuOut{}
	b := &out.Body
	b.Open, b.Buttons, b.Conditional, b.Answers = p.Open, p.Buttons, p.Conditional, append([]model.MenuAnswer{}, p.Answers...)
	b.Changes, b.Drifted, b.Notes = append([]string{}, p.Changes...), append([]string{}, p.Drifted...), append([]string{}, p.Notes...)
	if n := len(p.Temporary); n > 0 {
		b.Notes = append(b.Notes, fmt.Sprintf("有 %d 个按钮发图片或语音，微信只给了三天内有效的编号：到“接管向导”导入，会转存成永久素材", n))
	}
	return out, nil
}

type seenMenuOut struct {
	Body struct {
		Buttons []model.MenuButton `json:"buttons"`
		Name    string             `json:"name" doc:"which of the published menus; empty: none of ours"`
		Which   int                `json:"which" doc:"-1 the default menu, else the number of the conditional one; -2 none of ours"`
	}
}

func (d *Door) seeMenu(ctx context.Context, in *struct {
	Body struct {
		FollowerID int64  `json:"follower_id,omitempty" minimum:"1" maximum:"9007199254740991"`
		Who        string `json:"who,omitempty" maxLength:"64" doc:"openid or WeChat id, instead"`
	}
}) (*seenMenuOut, error) {
	who := model.OpenID(in.Body.Who)
	if in.Body.FollowerID > 0 {
		f, _, err := d.Followers.Get(ctx, in.Body.FollowerID)
		if err != nil {
			return nil, err
		}
		who = f.OpenID
	}
	if who == "" {
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请选一位粉丝").Field("who", "请选一位粉丝")
	}
	s, err := d.Menus.See(ctx, who)
	if err != nil {
		return nil, err
	}
	out := &seenMenuOut{}
	out.Body.Buttons, out.Body.Name, out.Body.Which = append([]model.MenuButton{}, s.Buttons...), s.Name, s.Which
	return out, nil
}

type menuArticlesOut struct {
	Body struct {
		Items      []model.PublishedArticle `json:"items"`
		NextOffset int                      `json:"next_offset" doc:"0: no more"`
	}
}

func (d *Door) menuArticles(ctx context.Context, in *struct {
	Offset int `query:"offset" minimum:"0" maximum:"1000000"`
}) (*menuArticlesOut, error) {
	all, next, err := d.Menus.Articles(ctx, in.Offset)
	if err != nil {
		return nil, err
	}
	out := &menuArticlesOut{}
	out.Body.Items, out.Body.NextOffset = append([]model.PublishedArticle{}, all...), next
	return out, nil
}

type tapBody struct {
	Version int64  `json:"version" doc:"live when they tapped; 0: before the first of ours"`
	Event   string `json:"event" doc:"CLICK, VIEW, view_miniprogram, scancode_push …"`
	Key     string `json:"key" doc:"key, url or pagepath"`
	Count   int64  `json:"count"`
}

type tapsOut struct {
	Body struct {
		Items []tapBody `json:"items"`
	}
}

func (d *Door) menuTaps(ctx context.Context, in *struct {
	From string `query:"from" required:"true" format:"date" doc:"first day, Asia/Shanghai"`
	To   string `query:"to" required:"true" format:"date" doc:"last day"`
}) (*tapsOut, error) {
	from, err := model.ParseDay(in.From)
	if err != nil {
		return nil, err
	}
	to, err := model.ParseDay(in.To)
	if err != nil {
		return nil, err
	}
	if to.Before(from) || to.Sub(from) > 400*24*time.Hour {
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "日期范围不对，最多 400 天").Field("to", "最多 400 天")
	}
	taps, err := d.Menus.Tapped(ctx, from, to.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	out := &tapsOut{}
	out.Body.Items = make([]tapBody, 0, len(taps))
	for _, t := range taps {
		out.Body.Items = append(out.Body.Items, tapBody(t))
	}
	return out, nil
}

type menuPlanBody struct {
	ID          int64                   `json:"id"`
	At          time.Time               `json:"at"`
	Note        string                  `json:"note"`
	Draft       int64                   `json:"draft" doc:"the draft's revision that was planned"`
	Revision    int64                   `json:"revision" doc:"send it back with a change"`
	State       string                  `json:"state" enum:"waiting,running,failed"`
	Tries       int64                   `json:"tries"`
	Error       string                  `json:"error" doc:"of the last try"`
	By          string                  `json:"by"`
	UpdatedAt   time.Time               `json:"updated_at"`
	Changes     []string                `json:"changes" doc:"against what will be live just before"`
	Buttons     []model.MenuButton      `json:"buttons"`
	Conditional []model.ConditionalMenu `json:"conditional"`
}

type menuPlanOut struct{ Body menuPlanBody }

type menuPlansOut struct {
	Body struct {
		Items []menuPlanBody `json:"items"`
	}
}

func viewMenuPlan(p menu.Plan) menuPlanBody {
	return menuPlanBody{p.ID, p.At, p.Note, p.Draft, p.Revision, p.State, p.Tries, p.Error, p.By, p.UpdatedAt, append([]string{}, p.Changes...), p.Buttons, p.Conditional}
}

func (d *Door) menuPlans(ctx context.Context, _ *struct{}) (*menuPlansOut, error) {
	all, err := d.Menus.Plans(ctx)
	if err != nil {
		return nil, err
	}
	out := &menuPlansOut{}
	out.Body.Items = make([]menuPlanBody, 0, len(all))
	for _, p := range all {
		out.Body.Items = append(out.Body.Items, viewMenuPlan(p))
	}
	return out, nil
}

func (d *Door) planMenu(ctx context.Context, in *struct {
	Body struct {
		At       time.Time `json:"at"`
		Note     string    `json:"note,omitempty" maxLength:"1000"`
		Revision *int64    `json:"revision,omitempty" doc:"of the draft that was looked at"`
	}
}) (*menuPlanOut, error) {
	p, err := d.Menus.PlanAt(ctx, OperatorFrom(ctx), in.Body.At, in.Body.Note, in.Body.Revision)
	if err != nil {
		return nil, err
	}
	return &menuPlanOut{viewMenuPlan(p)}, nil
}

func (d *Door) replanMenu(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		At       time.Time `json:"at"`
		Note     string    `json:"note,omitempty" maxLength:"1000"`
		Revision int64     `json:"revision" doc:"of the plan"`
		Draft    bool      `json:"draft,omitempty" doc:"take the draft as it stands now"`
	}
}) (*menuPlanOut, error) {
	b := in.Body
	p, err := d.Menus.Replan(ctx, OperatorFrom(ctx), in.ID, b.Revision, b.At, b.Note, b.Draft)
	if err != nil {
		return nil, err
	}
	return &menuPlanOut{viewMenuPlan(p)}, nil
}

func (d *Door) unplanMenu(ctx context.Context, in *struct {
	ID       int64 `path:"id" minimum:"1"`
	Revision int64 `query:"revision" required:"true" minimum:"1" doc:"of the plan"`
}) (*struct{}, error) {
	return nil, d.Menus.Unplan(ctx, OperatorFrom(ctx), in.ID, in.Revision)
}
