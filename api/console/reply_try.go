package console

import (
	"context"
	"time"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/reply"
)

type triedRule struct {
	ID   int64          `json:"id"`
	Name string         `json:"name"`
	Kind model.RuleKind `json:"kind"`
}

type triedMessage struct {
	model.Message
	How  string `json:"how" enum:"passive,custom" doc:"the answer itself, or a customer-service message"`
	Fate string `json:"fate" enum:"sent,quota,window" doc:"quota, window: it would not go out"`
}

type triedOut struct {
	Body struct {
		Rule     *triedRule     `json:"rule" doc:"null: nothing is said"`
		Keyword  string         `json:"keyword,omitempty"`
		Version  int64          `json:"version"`
		Messages []triedMessage `json:"messages"`
		Answer   string         `json:"answer" doc:"the callback's answer before encryption, byte for byte; empty: success"`
		Quota    struct {
			Cost     int           `json:"cost" doc:"customer-service messages it takes"`
			Sendable int           `json:"sendable" doc:"how many of them the fan's windows let through"`
			Window   *model.Window `json:"window" doc:"the window this act opens; null: none"`
		} `json:"quota"`
		Why []string `json:"why" doc:"why this rule, and of every other why not"`
	}
}

func (d *Door) tryReply(ctx context.Context, in *struct {
	Body struct {
		OpenID   string     `json:"openid,omitempty" maxLength:"64"`
		At       *time.Time `json:"at,omitempty"`
		Text     string     `json:"text,omitempty" maxLength:"10000"`
		MsgType  string     `json:"msg_type,omitempty" enum:"text,image,voice,video,location,link"`
		MsgID    string     `json:"msg_id,omitempty" maxLength:"64" doc:"of the message tried: it decides what is picked at random"`
		Event    string     `json:"event,omitempty" maxLength:"64"`
		EventKey string     `json:"event_key,omitempty" maxLength:"1024"`
		Source   string     `json:"source,omitempty" maxLength:"64" doc:"of a follow: the subscribe_scene WeChat will tell"`
		Tags     []int      `json:"tags,omitempty" maxItems:"20" doc:"tags the fan has: they decide which menu it sees"`
		Draft    bool       `json:"draft,omitempty" doc:"try the rules on the desk instead of those that are live"`
	}
}) (*triedOut, error) {
	b := in.Body
	t, err := d.Replies.Try(ctx, reply.Trial{OpenID: model.OpenID(b.OpenID), At: b.At, Text: b.Text, MsgType: b.MsgType, MsgID: b.MsgID,
		Event: b.Event, EventKey: b.EventKey, Source: b.Source, Tags: b.Tags, Draft: b.Draft})
	if err != nil {
		return nil, err
	}
	out := &triedOut{}
	o := &out.Body
	o.Keyword, o.Version, o.Answer, o.Why, o.Messages = t.Keyword, t.Version, t.Body, t.Why, []triedMessage{}
	if t.Rule != nil {
		o.Rule = &triedRule{t.Rule.ID, t.Rule.Name, t.Rule.Kind}
	}
	for _, m := range t.Messages {
		o.Messages = append(o.Messages, triedMessage{m.Message, m.How, m.Fate})
	}
	o.Quota.Cost, o.Quota.Sendable, o.Quota.Window = t.Cost, t.Sendable, t.Window
	return out, nil
}

type hitsOut struct {
	Body struct {
		Items []hitBody `json:"items"`
	}
}

type hitBody struct {
	RuleID  int64      `json:"rule_id"`
	Keyword string     `json:"keyword"`
	Hits    int64      `json:"hits" doc:"in the span asked for"`
	LastAt  *time.Time `json:"last_at" doc:"the last one within a year, be it outside the span"`
}

func (d *Door) replyHits(ctx context.Context, in *struct {
	From string `query:"from" required:"true" format:"date"`
	To   string `query:"to" required:"true" format:"date"`
}) (*hitsOut, error) {
	hits, err := d.Replies.Hits(ctx, in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := &hitsOut{}
	out.Body.Items = make([]hitBody, 0, len(hits))
	for _, h := range hits {
		out.Body.Items = append(out.Body.Items, hitBody(h))
	}
	return out, nil
}

type sendBody struct {
	ID      int64         `json:"id"`
	OpenID  string        `json:"openid" doc:"masked"`
	RuleID  int64         `json:"rule_id"`
	By      string        `json:"by" doc:"the operator who wrote it; empty: a rule"`
	Message model.Message `json:"message"`
	Delay   int           `json:"delay_seconds"`
	Origin  string        `json:"origin"`
	State   string        `json:"state" enum:"queued,sending,sent,quota,window,unverified,failed,unknown"`
	Reason  string        `json:"reason"`
	At      time.Time     `json:"at"`
	SentAt  *time.Time    `json:"sent_at"`
}

func viewSend(s reply.Sent) sendBody {
	return sendBody{s.ID, s.OpenID.Masked(), s.RuleID, s.By, s.Message, s.Delay, s.Origin, s.State, s.Reason, s.At, s.SentAt}
}

type sendsOut struct{ Body respond.Page[sendBody] }

func (d *Door) replySends(ctx context.Context, in *PageIn) (*sendsOut, error) {
	return page(in, "reply_sends", func(before int64, limit int) ([]sendBody, error) {
		all, err := d.Replies.Sends(ctx, "", before, limit)
		out := make([]sendBody, 0, len(all))
		for _, s := range all {
			out = append(out, viewSend(s))
		}
		return out, err
	}, func(s sendBody) int64 { return s.ID }, func(p respond.Page[sendBody]) *sendsOut { return &sendsOut{p} })
}
