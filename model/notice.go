package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// NoticeKind is by which of WeChat's two calls a notice goes.
type NoticeKind string

// The kinds of notices: 模板消息, and 订阅通知, which reaches only those who asked for it, once for each time they asked.
const (
	NoticeTemplated NoticeKind = "template"
	NoticeSubscribe NoticeKind = "subscribe"
)

// NoticeState is how far a notice is.
type NoticeState string

// The states of a notice. Stopped was stopped by an operator, failed by what WeChat said; both may go on.
const (
	NoticeDraft   NoticeState = "draft"
	NoticeWaiting NoticeState = "waiting" // for another person's yes
	NoticeSending NoticeState = "sending"
	NoticeDone    NoticeState = "done"
	NoticeStopped NoticeState = "stopped"
	NoticeFailed  NoticeState = "failed"
)

// Editable says whether nothing of it has left the house.
func (s NoticeState) Editable() bool { return s == NoticeDraft || s == NoticeWaiting }

// NoticeSendState is how one fan's notice stands.
type NoticeSendState string

// The states of one fan's notice. Unknown: it may have gone out or not, and is not sent again, as it might come twice.
const (
	NoticeToSend    NoticeSendState = "waiting"
	NoticeCalling   NoticeSendState = "sending" // the call goes out, or may have gone out
	NoticeSent      NoticeSendState = "sent"    // WeChat took it; whether it arrived is told later
	NoticeDelivered NoticeSendState = "delivered"
	NoticeRefused   NoticeSendState = "refused" // the fan will not have it
	NoticeMissed    NoticeSendState = "failed"
	NoticeUnknown   NoticeSendState = "unknown"
)

// NoticeTemplate is a template of the account, as WeChat told it last.
type NoticeTemplate struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Kind       NoticeKind
	TemplateID string // WeChat's
	Title      string
	Content    string // 时间:{{time1.DATA}} …
	Example    string
	FetchedAt  time.Time
}

// Notice is one template message, or subscription notice, to the fans a filter meets.
type Notice struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Kind        NoticeKind
	TemplateID  string // WeChat's
	Title       string // the template's, when this was written
	Content     string
	Words       string // JSON: what stands in each field
	Nameless    string // what a fan without a remark is called
	URL         string `gorm:"column:url"`
	MiniAppID   string `gorm:"column:mini_appid"` // wins over URL
	MiniPath    string
	Filter      string // JSON of a FollowerFilter
	AgainOf     *int64 // the notice whose failed fans it is for, in the place of Filter
	State       NoticeState
	Version     int64
	ContentHash string
	Total       int64 // fans who were confirmed
	Step        int64
	ResumeAt    *time.Time // set while it waits, by the real clock
	LastError   string
	AskedByID   int64
	AskedBy     string
	CreatedBy   string
	UpdatedBy   string
	SentBy      string
	SentAt      *time.Time
	EndedAt     *time.Time
	Swept       string // JSON: how many rows of fans in each state were swept; "" none yet
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Sums are how many of the swept rows stood in each state.
func (n Notice) Sums() map[NoticeSendState]int64 {
	out := map[NoticeSendState]int64{}
	if n.Swept != "" {
		_ = json.Unmarshal([]byte(n.Swept), &out)
	}
	return out
}

// NoticeSend is one fan's notice: its row is there once, from the moment the fans were confirmed.
type NoticeSend struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	NoticeID    int64
	FollowerID  int64  // below 0: erased
	OpenID      string `gorm:"column:openid"`
	State       NoticeSendState
	Calls       int
	CalledAt    *time.Time // by the real clock, as is the next
	UncertainAt *time.Time // the first call of which it is not known whether WeChat took it
	MsgID       *string
	EarlyMsgID  string // told of before the answer was kept
	EarlyStatus string
	Code        string // WeChat's
	Reason      string // in Chinese
	SentAt      *time.Time
	UpdatedAt   time.Time
}

// NoticePreview is a notice that was sent to one fan, to be looked at.
type NoticePreview struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	NoticeID    int64
	ContentHash string
	OpenID      string `gorm:"column:openid"`
	Operator    string
	CreatedAt   time.Time
}

// NoticeMessage is a notice as one fan gets it.
type NoticeMessage struct {
	Kind       NoticeKind
	TemplateID string
	Data       map[string]string
	URL        string
	MiniAppID  string
	MiniPath   string
	ClientID   string // of a template message: WeChat sends the same to the same fan once in ten minutes
}

// Values are what stands in each field, by its key.
func (n Notice) Values() map[string]string {
	out := map[string]string{}
	if n.Words != "" {
		_ = json.Unmarshal([]byte(n.Words), &out)
	}
	return out
}

// Hash is what a yes and a preview stand for: what is said, and to whom.
func (n Notice) Hash() string {
	raw, err := json.Marshal([]any{n.Kind, n.TemplateID, n.Content, n.Words, n.Nameless, n.URL, n.MiniAppID, n.MiniPath, n.Filter, n.AgainOf})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// NoticeRemark is what a field may say to stand for the fan's remark. There is no nickname: WeChat no longer tells it.
const NoticeRemark = "{备注}"

// Personal says whether it differs from fan to fan.
func (n Notice) Personal() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(n.Values())), func(v string) bool { return strings.Contains(v, NoticeRemark) })
}

// Message is the notice as the fan with this remark gets it: what the remark makes too long is cut.
func (n Notice) Message(remark, clientID string) NoticeMessage {
	if remark = strings.TrimSpace(remark); remark == "" {
		remark = n.Nameless
	}
	m := NoticeMessage{Kind: n.Kind, TemplateID: n.TemplateID, Data: map[string]string{}, URL: n.URL, MiniAppID: n.MiniAppID, MiniPath: n.MiniPath, ClientID: clientID}
	values := n.Values()
	for _, f := range NoticeFields(n.Content) {
		v := strings.ReplaceAll(values[f.Key], NoticeRemark, remark)
		if f.Most > 0 {
			v = Cut(v, f.Most)
		}
		m.Data[f.Key] = v
	}
	return m
}

// Faults lists by field what WeChat would refuse, in Chinese; a field of the template is values.KEY.
func (n Notice) Faults() map[string]string {
	out := map[string]string{}
	fields, values := NoticeFields(n.Content), n.Values()
	if n.Kind != NoticeTemplated && n.Kind != NoticeSubscribe || len(fields) == 0 {
		out["template_id"] = "请选一个有内容的模板"
	}
	for _, f := range fields {
		if text := f.fault(values[f.Key]); text != "" {
			out["values."+f.Key] = text
		}
	}
	if n.Personal() && strings.TrimSpace(n.Nameless) == "" {
		out["nameless"] = "请写没有备注的人怎么称呼"
	}
	switch {
	case n.URL != "" && !strings.HasPrefix(n.URL, "https://") && !strings.HasPrefix(n.URL, "http://"):
		out["url"] = "要以 https:// 或 http:// 开头"
	case len(n.URL) > 1024:
		out["url"] = fmt.Sprintf("有 %d 字节，最多 1024 字节", len(n.URL))
	}
	if n.MiniPath != "" && n.MiniAppID == "" {
		out["mini_appid"] = "请填小程序的 AppID"
	}
	if n.MiniAppID != "" && (!strings.HasPrefix(n.MiniAppID, "wx") || len(n.MiniAppID) > 32) {
		out["mini_appid"] = "小程序的 AppID 以 wx 开头"
	}
	return out
}
