package console

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"gorm.io/gorm"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/inbox"
)

// What fans say may be read by whoever may read the fans' pages; that all of it left as a file is written down.
func (d *Door) registerMessage(api huma.API) {
	tags := []string{"followers"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "listMessages", Method: "GET", Path: "/console/v1/messages", Summary: "What fans said and did in the chat, the latest first", Tags: tags}, d.listMessages)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "messagesFile", Method: "GET", Path: "/console/v1/messages.csv", Summary: "The same as CSV, at most 93 days, openids masked", Tags: tags}, d.messagesFile)
}

// messageFileDays bounds a file: three months.
const messageFileDays = 93

// MessageFilter is exported because huma fills only exported embedded structs.
type MessageFilter struct {
	Q        string `query:"q" maxLength:"100" doc:"in what was said, or in an event's key; case, width and blanks do not matter"`
	Kind     string `query:"kind" maxLength:"70" doc:"a kind of message (text, image, voice, video, shortvideo, location, link, miniprogrampage), or event. and WeChat's name of it (event.CLICK); empty: every message, no event"`
	Fan      int64  `query:"fan" minimum:"1" maximum:"9007199254740991" doc:"a follower's number"`
	Answered string `query:"answered" enum:"yes,no,missed," doc:"missed: a text that met no keyword"`
	From     string `query:"from" format:"date" doc:"first day, Asia/Shanghai"`
	To       string `query:"to" format:"date" doc:"last day, included"`
}

var (
	messageKind = regexp.MustCompile(`^(text|image|voice|video|shortvideo|location|link|miniprogrampage)$`)
	eventKind   = regexp.MustCompile(`^event\.([A-Za-z0-9_]{1,64})$`)
)

func (d *Door) readMessages(ctx context.Context, in MessageFilter) (inbox.Filter, error) {
	f := inbox.Filter{Word: strings.TrimSpace(in.Q), Answered: in.Answered}
	if m := eventKind.FindStringSubmatch(in.Kind); m != nil {
		f.Event = m[1]
	} else if in.Kind != "" {
		if !messageKind.MatchString(in.Kind) {
			return f, model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有这种消息").Field("kind", "没有这种消息")
		}
		f.MsgType = in.Kind
	}
	var err error
	if f.From, f.To, err = days(in.From, in.To); err != nil {
		return f, err
	}
	if in.Fan > 0 {
		fan, _, err := d.Followers.Get(ctx, in.Fan)
		if err != nil {
			return f, err
		}
		f.OpenID = fan.OpenID
	}
	return f, nil
}

func (f MessageFilter) scope() string {
	return strings.Join([]string{"messages", f.Q, f.Kind, strconv.FormatInt(f.Fan, 10), f.Answered, f.From, f.To}, "\x00")
}

type messageBody struct {
	ID       int64         `json:"id"`
	At       time.Time     `json:"at"`
	Kind     string        `json:"kind" doc:"text, image …, or event.CLICK …"`
	Pieces   []model.Piece `json:"pieces" doc:"what was said, or an event's key, cut where the word stands; at most 2048 characters"`
	Kept     bool          `json:"kept" doc:"false: it is older than bodies are kept"`
	FanID    int64         `json:"fan_id" doc:"0: not a fan we know"`
	Fan      string        `json:"fan" doc:"remark, or masked openid"`
	Answered bool          `json:"answered"`
	RuleID   int64         `json:"rule_id" doc:"that answered; 0: none"`
	Keyword  string        `json:"keyword" doc:"that met; empty: none"`
}

// messageShown is how much of a text a line shows; a message of WeChat's has at most 2048 bytes.
const messageShown = 2048

func (d *Door) viewMessages(ctx context.Context, found []inbox.Found, word string) ([]messageBody, error) {
	openids := make([]model.OpenID, 0, len(found))
	for _, m := range found {
		openids = append(openids, m.OpenID)
	}
	fans, err := d.Followers.Fans(ctx, openids)
	if err != nil {
		return nil, err
	}
	out := make([]messageBody, 0, len(found))
	for _, m := range found {
		b := messageBody{ID: m.ID, At: m.At, Kind: m.MsgType, Pieces: model.Marked(model.Cut(m.Text, messageShown), word), Kept: m.Kept, Fan: m.OpenID.Masked(), Answered: m.Answered, RuleID: m.RuleID, Keyword: m.Keyword}
		if m.MsgType == "event" {
			b.Kind = "event." + m.Event
		}
		if f, ok := fans[m.OpenID]; ok {
			b.FanID = f.ID
			if f.Remark != "" {
				b.Fan = f.Remark
			}
		}
		out = append(out, b)
	}
	return out, nil
}

type messagesOut struct {
	Body struct {
		Items         []messageBody `json:"items"`
		NextPageToken string        `json:"next_page_token"`
		SearchedTo    *time.Time    `json:"searched_to" doc:"not null: the look ended here, having read its fill; the next page goes on"`
	}
}

func (d *Door) listMessages(ctx context.Context, in *struct {
	Paging
	MessageFilter
}) (*messagesOut, error) {
	before, err := respond.FromPageToken(in.scope(), in.PageToken)
	if err != nil {
		return nil, err
	}
	f, err := d.readMessages(ctx, in.MessageFilter)
	if err != nil {
		return nil, err
	}
	found, err := d.Inbox.Search(ctx, f, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	out := &messagesOut{}
	if len(found.Items) > in.PageSize {
		found.Items = found.Items[:in.PageSize]
		found.Next = found.Items[in.PageSize-1].ID
	} else if found.Next != 0 {
		out.Body.SearchedTo = &found.To
	}
	out.Body.NextPageToken = respond.PageToken(in.scope(), found.Next)
	out.Body.Items, err = d.viewMessages(ctx, found.Items, f.Word)
	return out, err
}

func (d *Door) messagesFile(ctx context.Context, in *struct{ MessageFilter }) (*huma.StreamResponse, error) {
	f, err := d.readMessages(ctx, in.MessageFilter)
	if err != nil {
		return nil, err
	}
	if f.From == nil || f.To == nil || f.To.Sub(*f.From) > messageFileDays*24*time.Hour {
		text := "导出要选一段日期，最长 " + strconv.Itoa(messageFileDays) + " 天"
		return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, text).Field("from", text)
	}
	by := OperatorFrom(ctx)
	a := model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "message.export", Object: "message", After: model.AuditJSON(map[string]any{"from": in.From, "to": in.To})}
	if err := d.Operators.Audited(ctx, a, func(*gorm.DB) error { return nil }); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before, end := int64(0), false
		sendCSV(c, "messages.csv", []string{"编号", "时间", "粉丝编号", "粉丝（备注或已遮盖的 openid）", "类型", "内容", "有没有回复", "规则编号", "命中的关键词"}, func() ([][]string, error) {
			var found inbox.Search
			for !end && len(found.Items) == 0 { // a look may read its fill and find none
				var err error
				if found, err = d.Inbox.Search(c.Request.Context(), f, before, 500); err != nil {
					return nil, err
				}
				before, end = found.Next, found.Next == 0
			}
			list, err := d.viewMessages(c.Request.Context(), found.Items, "")
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for i, m := range list {
				text := found.Items[i].Text
				if !m.Kept {
					text = "（已过保存期）"
				}
				rows = append(rows, []string{strconv.FormatInt(m.ID, 10), m.At.In(model.Shanghai).Format(time.DateTime), number(m.FanID), m.Fan, m.Kind, text, yes(m.Answered), number(m.RuleID), m.Keyword})
			}
			return rows, nil
		})
	}}, nil
}

// number is a number of a thing as files show it: empty where there is none.
func number(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}
