package wechattest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Person is somebody with WeChat on the phone: one human, an openid in each app, one unionid.
type Person struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	OpenID     string         `json:"openid"`      // to the Official Account
	MiniOpenID string         `json:"mini_openid"` // to the Mini Program
	UnionID    string         `json:"unionid"`
	Platform   string         `json:"platform"` // ios, android, windows, mac, ohos, devtools
	Phone      string         `json:"phone"`
	Follows    bool           `json:"follows"`
	Since      time.Time      `json:"since,omitzero"` // last follow
	Came       string         `json:"came,omitempty"` // subscribe_scene
	Scene      string         `json:"scene,omitempty"`
	Active     time.Time      `json:"active,omitzero"` // last line in the chat
	SessionKey string         `json:"session_key,omitempty"`
	Tags       []int          `json:"tags,omitempty"`
	Remark     string         `json:"remark,omitempty"`
	Blocked    bool           `json:"blocked,omitempty"`
	Chat       []Line         `json:"chat,omitempty"`
	Windows    []window       `json:"windows,omitempty"`
	Mass       map[string]int `json:"mass,omitempty"`       // mass sends got, by month
	NoNotices  bool           `json:"no_notices,omitempty"` // switched template messages off
	Asked      map[string]int `json:"asked,omitempty"`      // subscription notices asked for, by template
}

// Line is one thing in a chat as the fan sees it. From is fan, account, service (a customer-service message) or
// system (a grey line, the outage notice among them).
type Line struct {
	Seq      int64        `json:"seq"`
	At       time.Time    `json:"at"`
	From     string       `json:"from"`
	Type     string       `json:"type"` // text, image, voice, video, music, news, miniprogrampage, msgmenu, …
	Text     string       `json:"text,omitempty"`
	MediaID  string       `json:"media_id,omitempty"`
	Title    string       `json:"title,omitempty"`
	AppID    string       `json:"appid,omitempty"`
	PagePath string       `json:"pagepath,omitempty"`
	Articles []NewsItem   `json:"articles,omitempty"`
	Choices  []Choice     `json:"choices,omitempty"`
	Tail     string       `json:"tail,omitempty"`
	Mass     bool         `json:"mass,omitempty"`    // came with a mass send
	Preview  bool         `json:"preview,omitempty"` // of a mass send, for this one person
	Notice   []NoticeLine `json:"notice,omitempty"`  // of a template message or subscription notice
	URL      string       `json:"url,omitempty"`
}

// NewsItem is one card of a news message.
type NewsItem struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl"`
}

// Choice is one line of a msgmenu.
type Choice struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// window is a right to send customer-service messages: how many are left and until when.
type window struct {
	Kind string    `json:"kind"` // message, menu, follow, scan
	Left int       `json:"left"`
	Ends time.Time `json:"ends"`
}

type media struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Mime      string    `json:"mime"`
	Name      string    `json:"name"`
	Permanent bool      `json:"permanent"`
	At        time.Time `json:"at"`
	Data      []byte    `json:"data"`

	Title string         `json:"title,omitempty"` // of a permanent video
	Intro string         `json:"intro,omitempty"`
	News  []DraftArticle `json:"news,omitempty"`
}

type ticket struct {
	Ticket string    `json:"ticket"`
	Scene  string    `json:"scene"`
	URL    string    `json:"url"`
	Ends   time.Time `json:"ends,omitzero"` // zero: permanent
}

type conditional struct {
	ID    string          `json:"id"`
	Menu  json.RawMessage `json:"menu"`
	Match map[string]any  `json:"match"`
}

type tag struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// state is all that survives a restart.
type state struct {
	Seq         int64               `json:"seq"`
	MsgID       int64               `json:"msg_id"`
	People      []*Person           `json:"people"`
	Menu        json.RawMessage     `json:"menu,omitempty"`
	MenuAt      time.Time           `json:"menu_at,omitzero"`
	Conditional []conditional       `json:"conditional,omitempty"`
	Tickets     map[string]*ticket  `json:"tickets"`
	Media       map[string]*media   `json:"media"`
	Tags        []tag               `json:"tags"`
	Shipped     map[string]int      `json:"shipped"` // transaction_id → uploads
	Cleared     int                 `json:"cleared"`
	Published   []Article           `json:"published,omitempty"`
	Drafts      map[string]*draft   `json:"drafts,omitempty"`
	Posts       []*Post             `json:"posts,omitempty"`
	Publishing  []*publishJob       `json:"publishing,omitempty"`
	Mass        map[string]*massJob `json:"mass,omitempty"`     // by msg_id
	Previews    map[string]int      `json:"previews,omitempty"` // by day
	Comings     map[string]*[2]int  `json:"comings,omitempty"`  // day/user_source → who came, who left
	// Visits are the openings of the Mini Program by day and person.
	Visits  map[string]map[string]int `json:"visits,omitempty"`
	Console json.RawMessage           `json:"console,omitempty"` // the menu made in WeChat's own console, while that is what fans see
	Replies json.RawMessage           `json:"replies,omitempty"` // the automatic replies made there

	Templates   []NoticeTemplate `json:"templates,omitempty"`
	Notices     []NoticeSent     `json:"notices,omitempty"`
	NoticeDay   string           `json:"notice_day,omitempty"`
	NoticeCalls map[string]int   `json:"notice_calls,omitempty"` // of that day, by kind

	byID, byOpenID, byMini map[string]*Person
}

func (s *state) init() {
	if s.MsgID == 0 {
		s.MsgID = 25400000000000000 // beyond 2^53, as real ones are
	}
	if s.Tickets == nil {
		s.Tickets = map[string]*ticket{}
	}
	if s.Media == nil {
		s.Media = map[string]*media{}
	}
	if s.Drafts == nil {
		s.Drafts = map[string]*draft{}
	}
	if s.Mass == nil {
		s.Mass = map[string]*massJob{}
	}
	if s.Shipped == nil {
		s.Shipped = map[string]int{}
	}
	if s.Templates == nil {
		s.Templates = startTemplates
	}
	if s.Tags == nil {
		s.Tags = []tag{{2, "星标组"}}
	}
	s.byID, s.byOpenID, s.byMini = map[string]*Person{}, map[string]*Person{}, map[string]*Person{}
	for _, p := range s.People {
		s.index(p)
	}
}

func (s *state) index(p *Person) {
	s.byID[p.ID], s.byOpenID[p.OpenID], s.byMini[p.MiniOpenID] = p, p, p
}

// Snapshot gives everything that is to survive a restart as JSON.
func (f *Fake) Snapshot() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return json.Marshal(&f.s)
}

// Restore takes a Snapshot back. Call it before the fake is used.
func (f *Fake) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("state of the fake WeChat: %w", err)
	}
	s.init()
	f.mu.Lock()
	f.s = s
	f.mu.Unlock()
	return nil
}
