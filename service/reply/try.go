package reply

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// Trial is a push to try on the live rules. Text, or an event.
type Trial struct {
	OpenID   model.OpenID // empty: nobody in particular
	At       *time.Time   // nil: now
	Text     string
	Event    string
	EventKey string
}

// Tried is what the callback would do.
type Tried struct {
	Rule     *model.Rule // nil: success, nothing said
	Keyword  string
	Version  int64
	Passive  *model.Message  // the answer itself; nil: none, or all goes by customer service
	Later    []model.Message // by customer-service message
	Body     string          // the answer before encryption, as for this fan
	Window   *model.Window   // which the push would open; nil: none
	Sendable int             // how many of Later the window takes
	Why      []string
}

// Try answers what the callback would, by the same code, and changes nothing.
func (s *Service) Try(_ context.Context, t Trial) (Tried, error) {
	if (t.Text == "") == (t.Event == "") {
		return Tried{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请填写一句话，或选择一个事件").Field("text", "一句话和事件只填一个")
	}
	at := s.now()
	if t.At != nil {
		at = *t.At
	}
	p := model.Push{AppID: s.appid, FromUserName: t.OpenID, ToUserName: "gh_", CreateTime: at.Unix(), MsgType: "text", Content: t.Text}
	if p.FromUserName == "" {
		p.FromUserName = "try"
	}
	if t.Event != "" {
		p.MsgType, p.Event, p.EventKey = "event", t.Event, t.EventKey
	}
	b := s.book.Load()
	f := b.choose(&p, at, true)
	a := b.answer(&p, f)
	out := Tried{Version: b.version, Keyword: a.Keyword, Later: a.Later, Body: string(a.Body), Why: f.why}
	if b.version == 0 {
		out.Why = append(out.Why, "还没有发布过规则")
	}
	if f.rule >= 0 {
		r := b.rules[f.rule]
		out.Rule = &r
		out.Passive = a.Passive
	}
	if w, ok := p.Opens(); ok {
		out.Window = &w
		out.Sendable = min(len(a.Later), w.Total)
		if len(a.Later) > w.Total {
			out.Why = append(out.Why, fmt.Sprintf("这次互动最多再发 %d 条客服消息，多出的 %d 条不会发送", w.Total, len(a.Later)-w.Total))
		}
	}
	return out, nil
}
