package model

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Webhook is an address of the company's own (a CRM, an accounting program) that is told what happens.
type Webhook struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	URL       string `gorm:"column:url"`
	Types     string // of events, a blank between
	Note      string
	Enabled   bool
	WhyOff    string // in Chinese, where the service switched it off
	Turn      int    // of its secret; grows when a new one is made
	UpdatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
	RemovedAt *time.Time
}

// TableName keeps the table's name apart from the type's.
func (Webhook) TableName() string { return "webhooks" }

// WebhookTypes are the events one can be told of, in the order they are offered.
var WebhookTypes = []EventType{EventOrderCreate, EventPaid, EventRefunded, EventFollow, EventUnfollow}

// WebhookPing is the type of what is sent to try an address.
const WebhookPing EventType = "ping"

// Wants says whether the address is told of type t.
func (w Webhook) Wants(t EventType) bool { return slices.Contains(strings.Fields(w.Types), string(t)) }

// Check tidies what an operator typed and names every fault. plain allows http, for a fake on this machine.
func (w *Webhook) Check(plain bool) error {
	bad := Refuse(ErrInvalid, CodeInvalid, "推送地址有误，请检查标出的项")
	w.URL, w.Note = strings.TrimSpace(w.URL), strings.TrimSpace(w.Note)
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "" || len(w.URL) > 500:
		bad.Field("url", "应为完整的网址，如 https://crm.example.com/hook")
	case u.Scheme != "https" && !(plain && u.Scheme == "http"):
		bad.Field("url", "必须以 https:// 开头")
	case u.User != nil || u.Fragment != "":
		bad.Field("url", "网址里不能有用户名、密码和 # 后面的部分")
	}
	var types []string
	for _, t := range WebhookTypes {
		if w.Wants(t) {
			types = append(types, string(t))
		}
	}
	if w.Types = strings.Join(types, " "); len(types) == 0 {
		bad.Field("types", "至少选一种")
	}
	if utf8.RuneCountInString(w.Note) > 100 {
		bad.Field("note", "最多 100 个字")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// WebhookState says how far a send has come.
type WebhookState string

// The states of a send.
const (
	WebhookWaiting WebhookState = "waiting"
	WebhookDone    WebhookState = "done"
	WebhookDead    WebhookState = "dead"    // given up; an operator may send it again
	WebhookDropped WebhookState = "dropped" // its address was switched off or removed
)

// WebhookSend is one event for one address.
type WebhookSend struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	WebhookID int64
	UID       string `gorm:"column:uid"` // the same event, the same id, for ever
	Type      EventType
	Body      string // JSON, as it is signed and sent
	State     WebhookState
	Attempts  int
	Code      int // HTTP status of the last try; 0: no answer came
	LastError string
	NextAt    *time.Time
	CreatedAt time.Time
	DoneAt    *time.Time
}

// TableName keeps the table's name apart from the type's.
func (WebhookSend) TableName() string { return "webhook_sends" }

// webhookWaits is how long is waited after each failed try: a day and four hours in all.
var webhookWaits = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
}

// Failed notes a failed try and when the next one is; given up, it is dead.
func (s *WebhookSend) Failed(code int, why string, now time.Time) {
	s.Code, s.LastError, s.NextAt = code, Cut(why, 200), nil
	s.Attempts++
	if s.Attempts > len(webhookWaits) {
		s.State = WebhookDead
		return
	}
	at := Milli(now.Add(webhookWaits[s.Attempts-1]))
	s.NextAt = &at
}
