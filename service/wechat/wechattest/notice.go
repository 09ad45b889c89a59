package wechattest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NoticeTemplate is a template of the Official Account: of template messages, or with Subscribe of subscription notices.
type NoticeTemplate struct {
	ID        string `json:"id"`
	Subscribe bool   `json:"subscribe,omitempty"`
	Title     string `json:"title"`
	Content   string `json:"content"`
	Example   string `json:"example"`
}

// startTemplates are what a new account has.
var startTemplates = []NoticeTemplate{
	{ID: "tPlCourseStart0000000000000000000000000000a", Title: "开课提醒", Content: "课程名称:{{thing1.DATA}}\n开课时间:{{time2.DATA}}\n上课地点:{{thing3.DATA}}\n", Example: "课程名称:高考数学\n开课时间:2026年1月1日 15:01\n上课地点:小程序\n"},
	{ID: "tPlCourseChange00000000000000000000000000b", Title: "课程变更通知", Content: "课程名称:{{thing1.DATA}}\n变更内容:{{thing4.DATA}}\n", Example: "课程名称:高考数学\n变更内容:改到周六\n"},
	{ID: "tPlSubCourseNew00000000000000000000000000c", Subscribe: true, Title: "新课上线通知", Content: "课程名称:{{thing1.DATA}}\n上线时间:{{date2.DATA}}\n价格:{{amount3.DATA}}\n", Example: "课程名称:高考数学\n上线时间:2026年1月1日\n价格:¥99.00\n"},
}

// Notices is how the fake treats template messages and subscription notices.
type Notices struct {
	Quota  int  `json:"quota"`  // a day's calls of each kind; 0: 100 000
	Silent bool `json:"silent"` // their end is not pushed
	System bool `json:"system"` // template messages end with failed: system failed
	NoID   bool `json:"no_id"`  // the answer of a subscription notice has no msgid
}

// NoticeSent is one notice that reached WeChat and was taken; a repeat with the same client_msg_id makes no second.
type NoticeSent struct {
	MsgID     int64             `json:"msg_id"`
	Subscribe bool              `json:"subscribe,omitempty"`
	To        string            `json:"to"`
	Template  string            `json:"template"`
	ClientID  string            `json:"client_id,omitempty"`
	Data      map[string]string `json:"data"`
	At        time.Time         `json:"at"`
}

// NoticeLine is one line of a notice in the chat.
type NoticeLine struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

const (
	noticeQuota  = 100_000
	noticesKept  = 5000
	noticeAgain  = 10 * time.Minute // so long the same client_msg_id to the same fan is one message
	noticeBlock  = "failed:user block"
	noticeSystem = "failed: system failed"
)

// SetNotices changes how notices go from now on.
func (f *Fake) SetNotices(n Notices) { f.mu.Lock(); f.notices = n; f.mu.Unlock() }

// SetTemplates replaces the account's templates.
func (f *Fake) SetTemplates(list []NoticeTemplate) {
	f.mu.Lock()
	f.s.Templates = list
	f.mu.Unlock()
	f.changed()
}

// Templates gives the account's templates.
func (f *Fake) Templates() []NoticeTemplate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.s.Templates)
}

// BlockNotices is a fan who switches template messages of the account off, or on again.
func (f *Fake) BlockNotices(id string, off bool) {
	f.mu.Lock()
	if p := f.find(id); p != nil {
		p.NoNotices = off
	}
	f.mu.Unlock()
	f.changed()
}

// AskNotice is a fan who taps 允许 for a subscription template, n times: each is good for one notice.
func (f *Fake) AskNotice(id, template string, n int) {
	f.mu.Lock()
	if p := f.find(id); p != nil {
		if p.Asked == nil {
			p.Asked = map[string]int{}
		}
		p.Asked[template] += n
	}
	f.mu.Unlock()
	f.changed()
}

// NoticesSent gives the notices WeChat took, in order, the last 5000.
func (f *Fake) NoticesSent() []NoticeSent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.s.Notices)
}

func (f *Fake) templateList(subscribe bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		list := []map[string]any{}
		for _, t := range f.s.Templates {
			switch {
			case t.Subscribe != subscribe:
			case subscribe:
				list = append(list, map[string]any{"priTmplId": t.ID, "title": t.Title, "content": t.Content, "example": t.Example, "type": 2})
			default:
				list = append(list, map[string]any{"template_id": t.ID, "title": t.Title, "primary_industry": "教育", "deputy_industry": "培训", "content": t.Content, "example": t.Example})
			}
		}
		f.mu.Unlock()
		if subscribe {
			answer(w, map[string]any{"errcode": 0, "errmsg": "ok", "data": list})
			return
		}
		answer(w, map[string]any{"template_list": list})
	}
}

type noticeIn struct {
	To       string `json:"touser"`
	Template string `json:"template_id"`
	ClientID string `json:"client_msg_id"`
	URL      string `json:"url"`
	Page     string `json:"page"`
	Mini     struct {
		AppID string `json:"appid"`
		Path  string `json:"pagepath"`
	} `json:"miniprogram"`
	Data map[string]struct {
		Value string `json:"value"`
	} `json:"data"`
}

// noticeSend is message/template/send and message/subscribe/bizsend.
func (f *Fake) noticeSend(subscribe bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		var in noticeIn
		if !decode(w, r, &in) {
			return
		}
		f.mu.Lock()
		sent, code, field := f.takeNotice(in, subscribe)
		silent, noID := f.notices.Silent, f.notices.NoID && subscribe
		f.mu.Unlock()
		switch {
		case code == 47003:
			answer(w, map[string]any{"errcode": code, "errmsg": "argument invalid! data." + field + ".value invalid rid: " + rid()})
			return
		case code != 0:
			refuse(w, code)
			return
		}
		f.changed()
		out := map[string]any{"errcode": 0, "errmsg": "ok", "msgid": sent.MsgID}
		if noID {
			delete(out, "msgid")
		}
		answer(w, out)
		if !silent && !sent.again {
			f.background(func() { f.endNotice(sent) })
		}
	}
}

type noticeTaken struct {
	NoticeSent
	again, blocked, system bool
}

// takeNotice judges a notice and shows it. The caller holds the lock.
func (f *Fake) takeNotice(in noticeIn, subscribe bool) (sent noticeTaken, code int, field string) {
	now := f.opt.Now()
	p := f.s.byOpenID[in.To]
	i := slices.IndexFunc(f.s.Templates, func(t NoticeTemplate) bool { return t.ID == in.Template && t.Subscribe == subscribe })
	day := shanghai(now)
	key := "template"
	if subscribe {
		key = "subscribe"
	}
	if f.s.NoticeCalls == nil || f.s.NoticeDay != day {
		f.s.NoticeDay, f.s.NoticeCalls = day, map[string]int{}
	}
	switch {
	case f.s.NoticeCalls[key] >= cmp.Or(f.notices.Quota, noticeQuota):
		return sent, 45009, ""
	case p == nil:
		return sent, 40003, ""
	case i < 0:
		return sent, 40037, ""
	case !p.Follows:
		return sent, 43004, ""
	case in.Mini.Path != "" && in.Mini.AppID == "":
		return sent, 41030, ""
	}
	f.s.NoticeCalls[key]++
	t := f.s.Templates[i]
	lines, bad := noticeLines(t.Content, in)
	if bad != "" {
		return sent, 47003, bad
	}
	if in.ClientID != "" && !subscribe {
		for _, old := range f.s.Notices {
			if old.To == in.To && old.ClientID == in.ClientID && now.Sub(old.At) < noticeAgain {
				return noticeTaken{NoticeSent: old, again: true}, 0, ""
			}
		}
	}
	if subscribe {
		if p.Asked[t.ID] <= 0 {
			return sent, 43101, ""
		}
		p.Asked[t.ID]--
	}
	f.s.MsgID++
	sent = noticeTaken{NoticeSent: NoticeSent{MsgID: f.s.MsgID, Subscribe: subscribe, To: in.To, Template: t.ID, ClientID: in.ClientID, Data: map[string]string{}, At: now}, blocked: !subscribe && p.NoNotices, system: !subscribe && f.notices.System}
	for k, v := range in.Data {
		sent.Data[k] = v.Value
	}
	if f.s.Notices = append(f.s.Notices, sent.NoticeSent); len(f.s.Notices) > noticesKept {
		f.s.Notices = slices.Clone(f.s.Notices[len(f.s.Notices)-noticesKept:])
	}
	if !sent.blocked && !sent.system {
		f.chat(p, Line{From: "account", Type: "notice", Title: t.Title, Notice: lines, URL: cmp.Or(in.URL, in.Page), AppID: in.Mini.AppID, PagePath: in.Mini.Path})
	}
	return sent, 0, ""
}

// endNotice pushes how a notice ended.
func (f *Fake) endNotice(n noticeTaken) {
	if n.Subscribe {
		f.PushEvent(n.To, Fields{{"Event", "subscribe_msg_sent_event"}, {"SubscribeMsgSentEvent", Fields{{"List", Fields{{"TemplateId", n.Template}, {"MsgID", n.MsgID}, {"ErrorCode", 0}, {"ErrorStatus", "success"}}}}}})
		return
	}
	status := "success"
	switch {
	case n.blocked:
		status = noticeBlock
	case n.system:
		status = noticeSystem
	}
	f.PushEvent(n.To, Fields{{"Event", "TEMPLATESENDJOBFINISH"}, {"MsgID", n.MsgID}, {"Status", status}})
}

var noticePlace = regexp.MustCompile(`([^\n:：]*)[:：]?\s*\{\{(([a-z_]+)[0-9]*)\.DATA\}\}`)

// noticeLines fills the template in; bad names the field that is missing or that its kind forbids.
func noticeLines(content string, in noticeIn) (lines []NoticeLine, bad string) {
	for _, m := range noticePlace.FindAllStringSubmatch(content, -1) {
		v := in.Data[m[2]].Value
		if !noticeValue(m[3], v) {
			return nil, m[2]
		}
		lines = append(lines, NoticeLine{strings.TrimSpace(m[1]), v})
	}
	return lines, ""
}

func noticeValue(kind, v string) bool {
	n := utf8.RuneCountInString(v)
	digits := func(r rune) bool { return unicode.IsDigit(r) || r == '.' }
	switch kind {
	case "thing":
		return n >= 1 && n <= 20
	case "number":
		return n >= 1 && n <= 32 && strings.TrimFunc(v, digits) == ""
	case "letter", "character_string":
		return n >= 1 && n <= 32 && len(v) == n
	case "symbol":
		return n >= 1 && n <= 5
	case "phrase":
		return n >= 1 && n <= 5 && strings.TrimFunc(v, func(r rune) bool { return unicode.Is(unicode.Han, r) }) == ""
	case "name":
		return n >= 1 && n <= 20 && !strings.ContainsFunc(v, unicode.IsDigit)
	case "time", "date", "amount", "phone_number":
		return n >= 1 && n <= 40 && strings.ContainsFunc(v, unicode.IsDigit)
	}
	return n >= 1
}
