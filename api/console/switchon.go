package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/service/connection"
	"loudou/service/takeover"
)

// Switching is what has to be typed into WeChat's console to switch the server URL on, and the checks before it.
type Switching struct {
	URL, AppID, Mode string // Mode in WeChat's words: 安全模式
	Token, AESKey    string // shown to an owner who asks, and to nobody else
	Probe            func(ctx context.Context) []connection.Check
}

func (d *Door) registerSwitchOn(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/switchon" + path, Summary: summary, Tags: []string{"switchon"}}
	}
	verb(d, api, model.RightRead, op("switchOn", http.MethodGet, "", "How far the account is on its way from WeChat's console to here, and what came since the URL is being switched"), d.switchOn)
	verb(d, api, model.RightEdit, op("switchOnChecks", http.MethodPost, "/checks", "Try what must hold before: settings, token, callback address, clock, database"), d.switchOnChecks)
	verb(d, api, model.RightRead, op("switchOnLive", http.MethodGet, "/live", "What WeChat's console answers and shows now, and what an import would make of it"), d.switchOnLive)
	verb(d, api, model.RightEdit, op("switchOnImport", http.MethodPost, "/import", "Make drafts of it, with pictures and sounds copied into the material; nothing changes for fans"), d.switchOnImport)
	verb(d, api, model.RightOwn, op("switchOnSecrets", http.MethodPost, "/secrets", "The Token and the EncodingAESKey to type in; that they were looked at is in the audit trail"), d.switchOnSecrets)
	verb(d, api, model.RightOwn, op("switchOnWait", http.MethodPost, "/wait", "The URL is being switched now: wait for WeChat's first call"), d.switchOnWait)
}

type switchOnOut struct {
	Body struct {
		URL      string        `json:"url" doc:"empty: LOUDOU_PUBLIC_URL is not set"`
		AppID    string        `json:"appid"`
		Mode     string        `json:"mode" doc:"消息加解密方式"`
		Token    string        `json:"token_masked"`
		AESKey   string        `json:"aes_key_masked"`
		Imported *importedBody `json:"imported,omitempty"`
		Rules    int           `json:"rule_changes" doc:"changes of rules that are not published"`
		Menu     int           `json:"menu_changes" doc:"changes of the menu that are not published"`
		LastPush *time.Time    `json:"last_push" doc:"whenever that was"`
		Wait     *waitBody     `json:"wait,omitempty" doc:"absent: nobody said that the URL is being switched"`
		AsOf     time.Time     `json:"as_of"`
	}
}

type importedBody struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Rules int64     `json:"rules"`
	Files int64     `json:"files"`
	Menu  bool      `json:"menu"`
	Notes []string  `json:"notes"`
}

type waitBody struct {
	Since     time.Time  `json:"since"`
	By        string     `json:"by"`
	State     string     `json:"state" enum:"waiting,echo,push,wrong" doc:"nothing yet; the address was tried and answered; a message came and was opened; something came and is wrong"`
	Echo      *time.Time `json:"echo"`
	Push      *time.Time `json:"push"`
	Text      string     `json:"text" doc:"what is, in Chinese"`
	Fix       string     `json:"fix,omitempty"`
	Strangers int64      `json:"strangers" doc:"requests since that are not WeChat's"`
}

// veiled tells that a secret is there, and of which length.
func veiled(s string) string {
	if s == "" {
		return ""
	}
	return strings.Repeat("•", min(len(s), 43))
}

// patience is how long nothing may come before it is said what may be the matter.
const patience = 90 * time.Second

func (d *Door) switchOn(ctx context.Context, _ *struct{}) (*switchOnOut, error) {
	out := &switchOnOut{}
	b := &out.Body
	s := d.Switching
	b.URL, b.AppID, b.Mode, b.Token, b.AESKey, b.AsOf = s.URL, s.AppID, s.Mode, veiled(s.Token), veiled(s.AESKey), time.Now().UTC()
	state, err := d.Takeovers.State(ctx)
	if err != nil {
		return nil, err
	}
	if state.ImportedAt != nil {
		b.Imported = &importedBody{*state.ImportedAt, state.ImportedBy, state.Rules, state.Files, state.Menu, state.Notes}
	}
	changes, _, err := d.Replies.Pending(ctx)
	if err != nil {
		return nil, err
	}
	draft, err := d.Menus.Draft(ctx)
	if err != nil {
		return nil, err
	}
	b.Rules, b.Menu = len(changes), len(draft.Changes)
	ever, err := d.Connection.Watch(ctx, "official", time.Time{})
	if err != nil {
		return nil, err
	}
	b.LastPush = ever.Push
	if state.WaitingSince == nil {
		return out, nil
	}
	w, err := d.Connection.Watch(ctx, "official", *state.WaitingSince)
	if err != nil {
		return nil, err
	}
	b.Wait = &waitBody{Since: *state.WaitingSince, By: state.WaitingBy, Echo: w.Echo, Push: w.Push, Strangers: w.Strangers}
	b.Wait.State, b.Wait.Text, b.Wait.Fix = waited(w, s, b.AsOf.Sub(*state.WaitingSince))
	return out, nil
}

// waited says what the wait has come to.
func waited(w connection.Watched, s Switching, since time.Duration) (state, text, fix string) {
	wrong := w.Check.State == connection.Bad || w.Check.State == connection.Warn
	switch {
	case wrong:
		return "wrong", w.Check.Text, w.Check.Fix
	case w.Push != nil:
		return "push", "收到了微信的第一条消息，签名和密文都对：接管成功", ""
	case w.Echo != nil:
		return "echo", "微信验证了服务器地址，Token 是对的；还没有收到消息", "在公众平台点“启用”，再用手机给公众号发一句话"
	case since < patience:
		return "waiting", "还没有收到微信的请求", ""
	}
	fix = "检查公众平台里填的地址是不是 " + s.URL + "（一个字都不能差）；域名要能从外网打开，只能用 80 或 443 端口；防火墙和反向代理要放行 /hook/"
	if w.Strangers > 0 {
		return "waiting", "收到过请求，但写法不像微信；微信的请求还没有来", fix
	}
	return "waiting", "等了一会儿，什么请求都没有到", fix
}

type switchOnChecksOut struct {
	Body struct {
		Items []checkBody `json:"items"`
	}
}

func (d *Door) switchOnChecks(ctx context.Context, _ *struct{}) (*switchOnChecksOut, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out := &switchOnChecksOut{}
	out.Body.Items = []checkBody{}
	for _, c := range d.Switching.Probe(ctx) {
		out.Body.Items = append(out.Body.Items, viewCheck(c))
	}
	return out, nil
}

type liveLineBody struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind" enum:"keyword,follow,default,menu"`
	Enabled  bool            `json:"enabled" doc:"switched on in WeChat's console"`
	Pick     string          `json:"pick"`
	Keywords []model.Keyword `json:"keywords"`
	Messages []model.Message `json:"messages"`
	State    string          `json:"state" enum:"new,had,lost"`
	RuleID   int64           `json:"rule_id,omitempty" doc:"of one that is had"`
	Files    int             `json:"files" doc:"pictures and sounds to copy"`
	Notes    []string        `json:"notes" doc:"what differs, or cannot be taken over"`
}

type switchOnLiveOut struct {
	Body struct {
		Lines       []liveLineBody `json:"lines"`
		Buttons     int            `json:"buttons" doc:"of the menu fans see"`
		MenuOpen    bool           `json:"menu_open"`
		MenuChanges []string       `json:"menu_changes" doc:"what an import changes in the menu's draft"`
		MenuFiles   int            `json:"menu_files"`
		MenuNotes   []string       `json:"menu_notes"`
	}
}

func (d *Door) switchOnLive(ctx context.Context, _ *struct{}) (*switchOnLiveOut, error) {
	p, err := d.Takeovers.Look(ctx)
	if err != nil {
		return nil, err
	}
	out := &switchOnLiveOut{}
	b := &out.Body
	b.Lines, b.Buttons, b.MenuOpen, b.MenuFiles = []liveLineBody{}, len(p.Menu.Buttons), p.MenuOpen, p.MenuFiles
	b.MenuChanges, b.MenuNotes = append([]string{}, p.MenuChanges...), append([]string{}, p.MenuNotes...)
	for _, l := range p.Lines {
		b.Lines = append(b.Lines, liveLineBody{Name: l.Rule.Name, Kind: string(l.Rule.Kind), Enabled: l.Rule.Enabled, Pick: l.Rule.Pick, Keywords: append([]model.Keyword{}, l.Rule.Keywords...),
			Messages: append([]model.Message{}, l.Rule.Messages...), State: l.State, RuleID: l.RuleID, Files: l.Files, Notes: append([]string{}, l.Notes...)})
	}
	return out, nil
}

func (d *Door) switchOnImport(ctx context.Context, in *struct {
	Body struct {
		Replies bool `json:"replies"`
		Menu    bool `json:"menu" doc:"the menu's draft is replaced"`
	}
}) (*switchOnOut, error) {
	if _, err := d.Takeovers.Import(ctx, OperatorFrom(ctx), takeover.Want{Replies: in.Body.Replies, Menu: in.Body.Menu}); err != nil {
		return nil, err
	}
	return d.switchOn(ctx, nil)
}

type switchOnSecretsOut struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Token  string `json:"token"`
		AESKey string `json:"aes_key"`
	}
}

func (d *Door) switchOnSecrets(ctx context.Context, _ *struct{}) (*switchOnSecretsOut, error) {
	if err := d.Takeovers.Revealed(ctx, OperatorFrom(ctx)); err != nil {
		return nil, err
	}
	out := &switchOnSecretsOut{CacheControl: "no-store"}
	out.Body.Token, out.Body.AESKey = d.Switching.Token, d.Switching.AESKey
	return out, nil
}

func (d *Door) switchOnWait(ctx context.Context, _ *struct{}) (*switchOnOut, error) {
	if d.Switching.URL == "" || d.Switching.Token == "" {
		return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "还没有设置对外地址或 Token，先把第 1 步的检查做完")
	}
	if err := d.Takeovers.Wait(ctx, OperatorFrom(ctx)); err != nil {
		return nil, err
	}
	return d.switchOn(ctx, nil)
}
