package reply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"loudou/model"
)

// Trial is a push to try on the rules. Text, an event, or a message of another type.
type Trial struct {
	OpenID   model.OpenID // empty: nobody in particular
	At       *time.Time   // nil: now
	Text     string
	MsgType  string // image, voice …; empty: text or event
	MsgID    string // seeds what is picked at random; empty: the pick is shown for a push of this second
	Event    string
	EventKey string
	Source   string // of a follow without a scene: what WeChat will say when asked
	Tags     []int  // the fan's: they decide which menu it sees
	Draft    bool   // the rules on the desk instead of those that are live
}

// TriedMessage is one message a fan would get.
type TriedMessage struct {
	model.Message
	How  string // passive: the answer itself; custom: a customer-service message
	Fate string // sent; quota, window: it would not go out
}

// Tried is what the callback would do.
type Tried struct {
	Rule     *model.Rule // nil: success, nothing said
	Keyword  string
	Version  int64
	Messages []TriedMessage
	Body     string        // the answer before encryption, byte for byte
	Window   *model.Window // which the push would open; nil: none
	Cost     int           // customer-service messages
	Sendable int           // how many of them the windows take
	Why      []string      // of the winner, and of every other rule why not
}

// Try answers what the callback would, by the same code, and changes nothing.
func (s *Service) Try(ctx context.Context, t Trial) (Tried, error) {
	p, at, err := s.imagine(ctx, t)
	if err != nil {
		return Tried{}, err
	}
	b := s.book.Load()
	if t.Draft {
		rules, err := s.Desk(ctx)
		if err != nil {
			return Tried{}, err
		}
		if b, err = compile(b.version, rules); err != nil {
			return Tried{}, fmt.Errorf("%w: %w", model.ErrInvalid, err)
		}
	}
	ask := asks{
		may:  func(r *model.Rule) bool { return !s.memory.held(heardKey(s.appid, r.ID, p.FromUserName), p.Key()) },
		talk: func() int64 { return s.memory.talk(talkKey(s.appid, p.FromUserName), at) },
	}
	f := b.choose(&p, at, ask)
	a := b.answer(&p, f, s.current)
	out := Tried{Version: b.version, Keyword: a.Keyword, Body: string(a.Body), Messages: []TriedMessage{}, Why: b.why(&p, at, f, ask)}
	note := func(format string, args ...any) { out.Why = slices.Insert(out.Why, 1, fmt.Sprintf(format, args...)) } // behind the winner
	if b.version == 0 && !t.Draft {
		note("还没有发布过规则")
	}
	if f.rule >= 0 {
		r := b.rules[f.rule]
		out.Rule = &r
		if r.Pick == "random" && f.step == nil && len(r.Messages) > 1 {
			note("每条消息从 %d 条回复里随机选一条；同一条消息重试时不变", len(r.Messages))
		}
	}
	if a.Passive != nil {
		out.Messages = append(out.Messages, TriedMessage{*a.Passive, "passive", sendSent})
	}
	later := a.Later
	if t.Event == "subscribe" && p.Scene() == "" && t.Source != "" {
		if i, more := b.greeting(&p, t.Source, at); i >= 0 {
			later = append(later[:len(later):len(later)], more...)
			note("问到来源是「%s」后，规则「%s」在欢迎语之后追加", model.SubscribeScenes[t.Source], b.rules[i].Name)
		}
	}
	if t.Event == "CLICK" && s.things.Menu != nil {
		m, err := s.things.Menu(ctx)
		if err != nil {
			return Tried{}, err
		}
		if m != nil {
			if buttons, name := m.Sees(t.Tags); model.HasKey(buttons, t.EventKey) {
				note("这位粉丝看到的是%s，里面有这个按钮", name)
			} else {
				note("这位粉丝看到的是%s，里面没有 key 为「%s」的按钮，点不到", name, t.EventKey)
			}
		}
	}
	out.Cost = len(later)
	windows, err := s.windowsAfter(ctx, &p, at, t.OpenID)
	if err != nil {
		return Tried{}, err
	}
	if w, ok := p.Opens(); ok {
		out.Window = &w
	}
	for _, m := range later {
		fate := spendOn(windows, p.At().Add(time.Duration(m.Delay)*time.Second))
		if fate == sendSent {
			out.Sendable++
		}
		out.Messages = append(out.Messages, TriedMessage{m, "custom", fate})
	}
	if n := out.Cost - out.Sendable; n > 0 {
		note("这位粉丝现在还能收 %d 条客服消息，有 %d 条不会发送", out.Sendable, n)
	}
	return out, nil
}

// Catches gives of each sentence the rule on the desk whose keyword would answer it now; empty: none.
func (s *Service) Catches(ctx context.Context, texts []string) ([]string, error) {
	rules, err := s.Desk(ctx)
	if err != nil {
		return nil, err
	}
	b, err := compile(0, rules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrInvalid, err)
	}
	out := make([]string, len(texts))
	for i, t := range texts {
		f, ok := b.byText(t, func(rule int) bool { return b.rules[rule].Active.Holds(s.now()) })
		if ok {
			out[i] = b.rules[f.rule].Name
		}
	}
	return out, nil
}

// imagine makes the push that a trial stands for.
func (s *Service) imagine(ctx context.Context, t Trial) (model.Push, time.Time, error) {
	if (t.Text == "" && t.MsgType == "") == (t.Event == "") {
		return model.Push{}, time.Time{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请填写一句话，或选择一个事件").Field("text", "一句话和事件只填一个")
	}
	at := s.now()
	if t.At != nil {
		at = *t.At
	}
	p := model.Push{AppID: s.appid, FromUserName: t.OpenID, ToUserName: "gh_", CreateTime: at.Unix(), MsgType: "text", Content: t.Text, MsgID: t.MsgID}
	if gh := s.gh.Load(); gh != nil {
		p.ToUserName = *gh
	} else if s.fans != nil {
		name, err := s.fans.OurName(ctx, s.appid)
		if err != nil {
			return model.Push{}, time.Time{}, err
		}
		if name != "" {
			p.ToUserName = name
		}
	}
	if p.FromUserName == "" {
		p.FromUserName = "try"
	}
	switch {
	case t.Event != "":
		p.MsgType, p.Event, p.EventKey, p.MsgID = "event", t.Event, t.EventKey, ""
	case t.MsgType != "" && t.MsgType != "text":
		p.MsgType, p.Content = t.MsgType, ""
	}
	return p, at, nil
}

// windowsAfter are the windows that stand open for a fan once the push came: its own, and, of a known fan,
// those of before with what was used of them.
func (s *Service) windowsAfter(ctx context.Context, p *model.Push, at time.Time, openid model.OpenID) ([]model.Window, error) {
	var out []model.Window
	own, ok := p.Opens()
	if ok {
		out = append(out, own)
	}
	if openid == "" || s.fans == nil {
		return out, nil
	}
	had, err := s.fans.Windows(ctx, s.appid, openid, at)
	if err != nil {
		return nil, err
	}
	if err := s.used(ctx, s.appid, openid, had); err != nil {
		return nil, err
	}
	for _, w := range had {
		if !ok || w.Origin != own.Origin {
			out = append(out, w)
		}
	}
	return out, nil
}

// spendOn takes one message from the window that ends first, as sending does, and says what becomes of it.
func spendOn(windows []model.Window, at time.Time) string {
	best, open := -1, false
	for i, w := range windows {
		if !at.Before(w.Ends) {
			continue
		}
		open = true
		if w.Used < w.Total && (best < 0 || w.Ends.Before(windows[best].Ends)) {
			best = i
		}
	}
	switch {
	case best >= 0:
		windows[best].Used++
		return sendSent
	case open:
		return sendQuota
	}
	return sendWindow
}
