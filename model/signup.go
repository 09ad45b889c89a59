package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// SignupKind is what a question of a sign-up list is answered with.
type SignupKind string

// The kinds. A phone number is WeChat's own word for it, by the button: it lies sealed with the learner, and the answer
// says only that it was given.
const (
	SignupText     SignupKind = "text"
	SignupLines    SignupKind = "lines"
	SignupPhone    SignupKind = "phone"
	SignupSingle   SignupKind = "single"
	SignupMultiple SignupKind = "multiple"
)

// SignupGiven is the one answer to a question for a phone number: take mine.
const SignupGiven = "given"

// SignupField is one question.
type SignupField struct {
	Key      int        `json:"key"` // never given to another question of the campaign; 0: a new one
	Kind     SignupKind `json:"kind"`
	Label    string     `json:"label"`
	Required bool       `json:"required"`
	Options  []string   `json:"options,omitempty"` // of single and multiple
}

// SignupForm (报名表) is what a campaign asks of those who sign up, when, and for how many there is room.
type SignupForm struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	CampaignID int64  // one form a campaign
	Open       bool
	Title      string
	Fields     []SignupField `gorm:"serializer:json"`
	LastKey    int
	Places     *int64     // nil: any number
	Taken      int64      // how many have a place
	LastLine   int64      // the order in which people came
	StartsAt   *time.Time // nil: the campaign's first day
	EndsAt     *time.Time // nil: the end of the campaign's last day
	AfterText  string     // said to who signed up
	Version    int64
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (SignupForm) TableName() string { return "signup_forms" }

// SignupPhase is whether people may sign up now.
type SignupPhase string

// The phases. What people handed in may be changed and cancelled while it is open.
const (
	SignupOff    SignupPhase = "off"
	SignupBefore SignupPhase = "before"
	SignupOpen   SignupPhase = "open"
	SignupOver   SignupPhase = "over"
)

// Span is from when until before when people sign up: the form's own times, else the campaign's days. A campaign that was
// stopped takes nobody any more.
func (f *SignupForm) Span(c Campaign) (from, to time.Time) {
	from, to = DayStart(c.FirstDay), DayStart(c.LastDay).AddDate(0, 0, 1)
	if f.StartsAt != nil {
		from = *f.StartsAt
	}
	if f.EndsAt != nil {
		to = *f.EndsAt
	}
	if c.StoppedAt != nil && c.StoppedAt.Before(to) {
		to = *c.StoppedAt
	}
	return from, to
}

// Phase is whether people may sign up at now.
func (f *SignupForm) Phase(c Campaign, now time.Time) SignupPhase {
	from, to := f.Span(c)
	switch {
	case !f.Open:
		return SignupOff
	case !now.Before(to):
		return SignupOver
	case now.Before(from):
		return SignupBefore
	}
	return SignupOpen
}

// Left is how many places are free; -1: any number.
func (f *SignupForm) Left() int64 {
	if f.Places == nil {
		return -1
	}
	return max(0, *f.Places-f.Taken)
}

// Bounds of a sign-up list, in characters where they are texts.
const (
	SignupFieldsMost  = 8
	signupTitle       = 30
	signupLabel       = 20
	signupOptionsMost = 20
	signupOption      = 30
	signupAfter       = 300
	signupPlaces      = 1_000_000
	signupText        = 100
	signupLines       = 500
	SignupNote        = 200
)

// plainLine tells whether s is one line of 1 to most characters.
func plainLine(s string, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Check trims the texts and refuses what is no form. ErrInvalid names the fields, questions as fields.0.label.
func (f *SignupForm) Check() error {
	f.Title, f.AfterText = strings.TrimSpace(f.Title), strings.TrimSpace(f.AfterText)
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if !plainLine(f.Title, signupTitle) {
		bad.Field("title", fmt.Sprintf("标题 1 到 %d 个字，一行", signupTitle))
	}
	if utf8.RuneCountInString(f.AfterText) > signupAfter {
		bad.Field("after_text", fmt.Sprintf("最多 %d 个字", signupAfter))
	}
	if f.Places != nil && (*f.Places < 1 || *f.Places > signupPlaces) {
		bad.Field("places", "名额应是 1 到 100 万的整数；不限就留空")
	}
	if f.StartsAt != nil && f.EndsAt != nil && !f.StartsAt.Before(*f.EndsAt) {
		bad.Field("ends_at", "结束要晚于开始")
	}
	if len(f.Fields) < 1 || len(f.Fields) > SignupFieldsMost {
		bad.Field("fields", fmt.Sprintf("1 到 %d 个问题", SignupFieldsMost))
	}
	labels, phones := map[string]bool{}, 0
	for i := range f.Fields {
		at := fmt.Sprintf("fields.%d.", i)
		x := &f.Fields[i]
		x.check(at, bad)
		if x.Label != "" && labels[x.Label] {
			bad.Field(at+"label", "和另一个问题重名")
		}
		labels[x.Label] = true
		if x.Kind == SignupPhone {
			if phones++; phones > 1 {
				bad.Field(at+"kind", "手机号只问一次")
			}
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func (x *SignupField) check(at string, bad *Refusal) {
	x.Label = strings.TrimSpace(x.Label)
	if !plainLine(x.Label, signupLabel) {
		bad.Field(at+"label", fmt.Sprintf("问题 1 到 %d 个字", signupLabel))
	}
	switch x.Kind {
	case SignupText, SignupLines, SignupPhone:
		x.Options = nil
	case SignupSingle, SignupMultiple:
		seen := map[string]bool{}
		for i, o := range x.Options {
			x.Options[i] = strings.TrimSpace(o)
			if o = x.Options[i]; !plainLine(o, signupOption) || seen[o] {
				bad.Field(at+"options", fmt.Sprintf("每个选项 1 到 %d 个字，不能重复", signupOption))
				return
			}
			seen[o] = true
		}
		if n := len(x.Options); n < 2 || n > signupOptionsMost {
			bad.Field(at+"options", fmt.Sprintf("2 到 %d 个选项，一行一个", signupOptionsMost))
		}
	default:
		bad.Field(at+"kind", "没有这种问题")
	}
}

// Keep gives every question its key, in the place of was: one of another kind is another question.
func (f *SignupForm) Keep(was SignupForm) {
	f.LastKey = was.LastKey
	used := map[int]bool{}
	for i := range f.Fields {
		x := &f.Fields[i]
		same := slices.ContainsFunc(was.Fields, func(o SignupField) bool { return o.Key == x.Key && o.Kind == x.Kind })
		if x.Key < 1 || !same || used[x.Key] {
			f.LastKey++
			x.Key = f.LastKey
		}
		used[x.Key] = true
	}
}

// SignupAnswer is an answer beside its question as it was asked.
type SignupAnswer struct {
	Key    int        `json:"key"`
	Kind   SignupKind `json:"kind"`
	Label  string     `json:"label"`
	Values []string   `json:"values"`
}

// Answer checks what somebody answers, by the questions' keys, against the form. phone tells whether we have their
// number. What was left open is no answer. ErrInvalid names the questions as field_1; ErrConflict for a question that is
// not asked any more.
func (f *SignupForm) Answer(given map[int][]string, phone bool) ([]SignupAnswer, error) {
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	out := []SignupAnswer{}
	asked := map[int]bool{}
	for _, x := range f.Fields {
		asked[x.Key] = true
		values, fault := x.answer(given[x.Key], phone)
		switch {
		case fault != "":
			bad.Field(fmt.Sprintf("field_%d", x.Key), x.Label+"："+fault)
		case len(values) > 0:
			out = append(out, SignupAnswer{x.Key, x.Kind, x.Label, values})
		case x.Required:
			bad.Field(fmt.Sprintf("field_%d", x.Key), x.Label+"：必填")
		}
	}
	for key := range given {
		if !asked[key] {
			return nil, Refuse(ErrConflict, CodeConflict, "报名表刚刚改过，请看过新的再交")
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return out, nil
}

// answer trims what was given and says in Chinese what is wrong with it.
func (x *SignupField) answer(given []string, phone bool) (values []string, fault string) {
	for _, v := range given {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil, ""
	}
	if len(values) > 1 && x.Kind != SignupMultiple {
		return nil, "只能有一个回答"
	}
	switch x.Kind {
	case SignupText:
		if !plainLine(values[0], signupText) {
			return nil, fmt.Sprintf("最多 %d 个字，一行", signupText)
		}
	case SignupLines:
		if utf8.RuneCountInString(values[0]) > signupLines || !utf8.ValidString(values[0]) {
			return nil, fmt.Sprintf("最多 %d 个字", signupLines)
		}
	case SignupPhone:
		if values[0] != SignupGiven || !phone {
			return nil, "请点按钮留下手机号"
		}
	default:
		for i, v := range values {
			if !slices.Contains(x.Options, v) || slices.Contains(values[:i], v) {
				return nil, "没有这个选项，请重新选"
			}
		}
	}
	return values, ""
}

// SignupState is where somebody stands on the list.
type SignupState string

// The states. Who waits (候补) moves up, in the order of Line, as places become free.
const (
	SignupJoined    SignupState = "joined"
	SignupWaiting   SignupState = "waiting"
	SignupCancelled SignupState = "cancelled"
)

// SignupCame is whether somebody was there; "" while nobody marked it.
type SignupCame string

// The marks.
const (
	SignupUnmarked SignupCame = ""
	SignupThere    SignupCame = "came"
	SignupAbsent   SignupCame = "absent"
)

// Signup (报名) is one person on a campaign's list: one row a learner and campaign, whatever they change or cancel.
type Signup struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	CampaignID  int64
	LearnerID   int64
	PersonID    int64
	State       SignupState
	Line        int64          // the order of coming; anew for who cancelled and comes again
	Answers     []SignupAnswer `gorm:"serializer:json"`
	Words       string         // the answers' words alone, for searching
	Came        SignupCame
	CameBy      string
	CameAt      *time.Time
	Note        string // an operator's
	NoteBy      string
	NoteVersion int64
	JoinedAt    *time.Time // since when a place is theirs; nil while waiting
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName keeps the table's name apart from the type's.
func (Signup) TableName() string { return "signups" }

// Hand puts new answers in the place of the old.
func (g *Signup) Hand(answers []SignupAnswer) {
	words := []string{}
	for _, a := range answers {
		if a.Kind != SignupPhone {
			words = append(words, a.Values...)
		}
	}
	g.Answers, g.Words = answers, strings.Join(words, "\n")
}

// Phoned tells whether the number was given for this campaign.
func (g *Signup) Phoned() bool {
	return slices.ContainsFunc(g.Answers, func(a SignupAnswer) bool { return a.Kind == SignupPhone })
}
