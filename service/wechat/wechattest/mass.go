package wechattest

import (
	"net/http"
	"sort"
	"strconv"
	"time"
)

const (
	sending     = "SENDING"
	monthlyMost = 4 // messages of mass sends one fan gets in a calendar month, and sends to all
)

type massJob struct {
	MsgID    int64         `json:"msg_id"`
	ClientID string        `json:"client_id,omitempty"`
	Status   string        `json:"status"`
	At       time.Time     `json:"at"`
	ToAll    bool          `json:"to_all"`
	To       []string      `json:"to"` // openids
	Message  customMessage `json:"message"`
	Pictures []string      `json:"pictures,omitempty"`
	Post     string        `json:"post,omitempty"`
}

type massIn struct {
	customMessage
	Filter struct {
		ToAll bool `json:"is_to_all"`
		Tag   *int `json:"tag_id"`
	} `json:"filter"`
	Images struct {
		IDs []string `json:"media_ids"`
	} `json:"images"`
	ClientID string `json:"clientmsgid"`
}

// MassSent is one mass send that was accepted.
type MassSent struct {
	MsgID    int64
	ClientID string
	Type     string
	To       []string
	Status   string
}

// MassSends gives the mass sends that were accepted, in order.
func (f *Fake) MassSends() []MassSent {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []MassSent{}
	for _, j := range f.s.Mass {
		out = append(out, MassSent{j.MsgID, j.ClientID, j.Message.Type, j.To, j.Status})
	}
	sort.Slice(out, func(i, k int) bool { return out[i].MsgID < out[k].MsgID })
	return out
}

// massLine is what a fan would see of it; articles come from a draft. The caller holds the lock.
func (f *Fake) massLine(in massIn) (l Line, draftID string, code int) {
	switch in.Type {
	case "mpnews":
		if f.s.Drafts[in.MPNews.ID] == nil {
			return l, "", 40007
		}
		return Line{From: "account", Type: "news"}, in.MPNews.ID, 0
	case "text":
		l, _, code = in.line(false)
	case "images", "image":
		ids := in.Images.IDs
		if in.Type == "image" && len(ids) == 0 {
			ids = []string{in.Image.ID}
		}
		if len(ids) < 1 || len(ids) > 20 {
			return l, "", 40007
		}
		for _, id := range ids {
			if f.media(id) == nil {
				return l, "", 40007
			}
		}
		l = Line{Type: "image", MediaID: ids[0]}
	case "voice":
		if f.media(in.Voice.ID) == nil {
			return l, "", 40007
		}
		l = Line{Type: "voice", MediaID: in.Voice.ID}
	default:
		code = 40008
	}
	l.From = "account"
	return l, "", code
}

// massAll is message/mass/sendall.
func (f *Fake) massAll(w http.ResponseWriter, r *http.Request) {
	var in massIn
	if !decode(w, r, &in) {
		return
	}
	now := f.opt.Now()
	f.mu.Lock()
	if len(in.ClientID) > 32 {
		f.mu.Unlock()
		refuse(w, 45067)
		return
	}
	today, month, allToday, allMonth := 0, shanghai(now)[:7], 0, 0
	for _, j := range f.s.Mass {
		if in.ClientID != "" && j.ClientID == in.ClientID && now.Sub(j.At) < 24*time.Hour {
			id := j.MsgID
			f.mu.Unlock()
			answer(w, map[string]any{"errcode": 45065, "errmsg": errmsg(45065), "msg_id": id})
			return
		}
		if shanghai(j.At) == shanghai(now) {
			today++
			if j.ToAll {
				allToday++
			}
		}
		if j.ToAll && shanghai(j.At)[:7] == month {
			allMonth++
		}
	}
	_, draftID, code := f.massLine(in)
	known := in.Filter.ToAll
	for _, t := range f.s.Tags {
		known = known || in.Filter.Tag != nil && t.ID == *in.Filter.Tag
	}
	switch {
	case code != 0:
	case !known:
		code = 45159
	case today >= limits["/cgi-bin/message/mass/sendall"], in.Filter.ToAll && (allToday >= 1 || allMonth >= monthlyMost):
		code = 45028
	}
	if code != 0 {
		f.mu.Unlock()
		refuse(w, code)
		return
	}
	f.s.Seq++
	j := &massJob{MsgID: 1000001000 + f.s.Seq, ClientID: in.ClientID, Status: sending, At: now, ToAll: in.Filter.ToAll, Message: in.customMessage, Pictures: in.Images.IDs}
	for _, p := range f.s.People {
		has := in.Filter.ToAll
		for _, t := range p.Tags {
			has = has || in.Filter.Tag != nil && t == *in.Filter.Tag
		}
		if p.Follows && has {
			j.To = append(j.To, p.OpenID)
		}
	}
	out := map[string]any{"errcode": 0, "errmsg": "send job submission success", "msg_id": j.MsgID}
	if draftID != "" {
		p := f.posted(f.s.Drafts[draftID].Articles, false)
		j.Post = p.MsgDataID
		out["msg_data_id"] = number(p.MsgDataID)
		j.Message.MPNews.ID = draftID
	}
	f.s.Mass[strconv.FormatInt(j.MsgID, 10)] = j
	f.mu.Unlock()
	f.changed()
	answer(w, out)
	f.later(func() { f.endMass(j) })
}

// endMass brings a mass send to its fans and pushes MASSSENDJOBFINISH.
func (f *Fake) endMass(j *massJob) {
	f.mu.Lock()
	if j.Status != sending {
		f.mu.Unlock()
		return
	}
	status := f.jobs.Mass
	if status == "" {
		status = "send success"
	}
	month, sent, failed := shanghai(j.At)[:7], 0, 0
	p := f.postOf(j.Post)
	j.Status = "SEND_FAIL"
	if status == "send success" {
		j.Status = "SEND_SUCCESS"
		delete(f.s.Drafts, j.Message.MPNews.ID)
		for _, openid := range j.To {
			fan := f.s.byOpenID[openid]
			if fan == nil || !fan.Follows || fan.Mass[month] >= monthlyMost {
				failed++
				continue
			}
			if fan.Mass == nil {
				fan.Mass = map[string]int{}
			}
			fan.Mass[month]++
			sent++
			f.deliverMass(fan, j, p)
		}
	}
	e := Fields{{"Event", "MASSSENDJOBFINISH"}, {"MsgID", j.MsgID}, {"Status", status}, {"TotalCount", len(j.To)}, {"FilterCount", sent + failed}, {"SentCount", sent}, {"ErrorCount", failed},
		{"CopyrightCheckResult", Fields{{"Count", 0}, {"ResultList", Fields{}}, {"CheckState", 1}}}}
	if p != nil && status == "send success" {
		var items []Fields
		for i, a := range p.Articles {
			items = append(items, Fields{{"ArticleIdx", i + 1}, {"ArticleUrl", a.URL}})
		}
		e = append(e, Field{"ArticleUrlResult", Fields{{"Count", len(items)}, {"ResultList", Fields{{"item", items}}}}})
	}
	silent := f.jobs.Silent
	f.mu.Unlock()
	if p != nil && status == "send success" {
		for i, a := range p.Articles {
			f.Publish(Article{MsgDataID: p.MsgDataID, Index: i + 1, Title: a.Title, URL: a.URL, At: j.At, Delivered: sent, Readers: sent / 3})
		}
	}
	f.changed()
	if !silent {
		f.PushEvent("oSystem", e)
	}
}

func (f *Fake) deliverMass(fan *Person, j *massJob, p *Post) {
	l := Line{From: "account", Mass: true}
	switch {
	case p != nil:
		l.Type, l.Articles = "news", p.cards()
	case len(j.Pictures) > 0:
		for _, id := range j.Pictures {
			f.chat(fan, Line{From: "account", Mass: true, Type: "image", MediaID: id})
		}
		return
	default:
		l, _, _ = j.Message.line(false)
		l.From, l.Mass = "account", true
	}
	f.chat(fan, l)
}

// massPreview shows a mass send to one person: by openid, or by their WeChat name, which is here the person's id.
func (f *Fake) massPreview(w http.ResponseWriter, r *http.Request) {
	var in struct {
		massIn
		Name string `json:"towxname"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	fan := f.s.byOpenID[in.To]
	if in.Name != "" {
		fan = f.s.byID[in.Name]
	}
	l, draftID, code := f.massLine(in.massIn)
	today := shanghai(f.opt.Now())
	switch {
	case fan == nil:
		code = 40003
		if in.Name != "" {
			code = 40132
		}
	case !fan.Follows:
		code = 43004
	case code == 0 && f.s.Previews[today] >= 100:
		code = 45028
	}
	if code == 0 {
		f.s.Previews = map[string]int{today: f.s.Previews[today] + 1}
		l.Preview = true
		if draftID != "" {
			l.Articles = (&Post{Articles: f.s.Drafts[draftID].Articles}).cards()
		}
		f.chat(fan, l)
	}
	f.mu.Unlock()
	if code != 0 {
		refuse(w, code)
		return
	}
	f.changed()
	answer(w, map[string]any{"errcode": 0, "errmsg": "preview success"})
}

func (f *Fake) massGet(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID any `json:"msg_id"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	j := f.s.Mass[scalar(in.ID)]
	status := ""
	if j != nil {
		status = j.Status
	}
	f.mu.Unlock()
	if j == nil {
		refuse(w, 40059)
		return
	}
	answer(w, map[string]any{"msg_id": j.MsgID, "msg_status": status})
}
