package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// LiveReplies are the automatic replies made in WeChat's own console: what fans hear until the server URL is
// switched on. Source: get_current_autoreply_info.
type LiveReplies struct {
	FollowOpen  bool // the reply on follow is switched on
	AnswersOpen bool // the default reply and the keywords are
	Follow      *LiveMessage
	Default     *LiveMessage
	Rules       []LiveRule
}

// LiveRule is one of its keyword rules.
type LiveRule struct {
	Name     string
	At       time.Time
	Random   bool // one of the messages, else all
	Keywords []Keyword
	Messages []LiveMessage
}

// LiveMessage is one of its messages. A picture or a sound has in Content a temporary media_id, another each time
// it is read; a video the address of a film that ends soon.
type LiveMessage struct {
	Type     string // text, img, voice, video, news
	Content  string
	Articles []MessageArticle
}

// TakenFile is a picture or sound that has to be copied before message Index may be sent.
type TakenFile struct {
	Index   int
	Kind    MaterialKind
	MediaID string // temporary
}

// Taken is a rule of ours made of one of theirs. Source is the same whenever the same one is read. Notes say in
// Chinese what differs for fans; without messages nothing of it could be taken over.
type Taken struct {
	Source string
	Rule   Rule
	Files  []TakenFile
	Notes  []string
}

// defaultInterval is WeChat's own: its default reply answers a fan once an hour.
const defaultInterval = 3600

// Drafts turns what WeChat's console answers into rules of ours.
func (l *LiveReplies) Drafts() []Taken {
	var out []Taken
	add := func(r Rule, open bool, source string, messages []LiveMessage) {
		t := Taken{Source: source, Rule: r}
		t.Rule.Enabled = open
		if !open {
			t.note("在公众平台是关着的，导入后是停用的")
		}
		t.take(messages)
		out = append(out, t)
	}
	if m := l.Follow; m != nil {
		add(Rule{Name: "被关注回复（公众平台）", Kind: RuleFollow, Pick: "all"}, l.FollowOpen, "follow", []LiveMessage{*m})
	}
	if m := l.Default; m != nil {
		add(Rule{Name: "收到消息回复（公众平台）", Kind: RuleDefault, Pick: "all", Interval: defaultInterval}, l.AnswersOpen, "default", []LiveMessage{*m})
		out[len(out)-1].note("公众平台对同一个粉丝一小时内只回一次，这里照样设了最短间隔 1 小时")
	}
	for _, r := range l.Rules {
		name := strings.TrimSpace(Cut(r.Name, 60))
		if name == "" {
			name = "关键词回复（公众平台）"
		}
		pick := "all"
		if r.Random {
			pick = "random"
		}
		h := sha256.New()
		_, _ = fmt.Fprintf(h, "%s\n%d\n%v", r.Name, r.At.Unix(), r.Random)
		for _, k := range r.Keywords {
			_, _ = fmt.Fprintf(h, "\n%s %s", k.Match, k.Text)
		}
		for _, m := range r.Messages {
			_, _ = fmt.Fprintf(h, "\n%s", m.Type)
			if m.Type == "text" {
				_, _ = fmt.Fprintf(h, " %s", m.Content)
			}
		}
		rule := Rule{Name: name, Kind: RuleKeyword, Pick: pick}
		had, twice := map[string]bool{}, false
		for _, k := range r.Keywords {
			if id := string(k.Match) + Fold(k.Text); had[id] {
				twice = true
			} else {
				had[id], rule.Keywords = true, append(rule.Keywords, k)
			}
		}
		add(rule, l.AnswersOpen, "rule:"+hex.EncodeToString(h.Sum(nil)[:12]), r.Messages)
		if twice {
			out[len(out)-1].note("有的关键词只差大小写或空格，这里不分，合成了一个")
		}
	}
	return out
}

func (t *Taken) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

func (t *Taken) take(messages []LiveMessage) {
	for _, m := range messages {
		switch {
		case m.Type == "text" && strings.TrimSpace(m.Content) != "":
			t.Rule.Messages = append(t.Rule.Messages, Message{Type: "text", Content: m.Content})
		case m.Type == "img" && m.Content != "":
			t.file("image", MaterialImage, m.Content)
		case m.Type == "voice" && m.Content != "":
			t.file("voice", MaterialVoice, m.Content)
		case m.Type == "video":
			t.note("有一条是视频，微信只给了临时的下载地址，没有导入：请把视频传到素材库，在这里自己加上")
		case m.Type == "news" && len(m.Articles) > 0:
			t.news(m.Articles)
		default:
			t.note("有一条消息的类型（%s）微信没有给出内容，没有导入", strings.ToValidUTF8(Cut(m.Type, 20), "?"))
		}
	}
}

func (t *Taken) file(messageType string, kind MaterialKind, id string) {
	t.Files = append(t.Files, TakenFile{Index: len(t.Rule.Messages), Kind: kind, MediaID: id})
	t.Rule.Messages = append(t.Rule.Messages, Message{Type: messageType})
}

// news splits articles where WeChat shows one alone in answer to a message.
func (t *Taken) news(list []MessageArticle) {
	most := t.Rule.articles()
	if len(list) <= most {
		t.Rule.Messages = append(t.Rule.Messages, Message{Type: "news", Articles: list})
		return
	}
	if t.Rule.Pick == "random" {
		t.note("有一条是 %d 篇图文，微信只让接口回复带 %d 篇，只留下了前面的", len(list), most)
		t.Rule.Messages = append(t.Rule.Messages, Message{Type: "news", Articles: list[:most]})
		return
	}
	t.note("有一条是 %d 篇图文，微信只让接口每条带 %d 篇，拆成了几条（第一条之后的用客服消息发）", len(list), most)
	for i := 0; i < len(list); i += most {
		t.Rule.Messages = append(t.Rule.Messages, Message{Type: "news", Articles: list[i:min(i+most, len(list))]})
	}
}

// Lose leaves out a message whose file could not be copied, and says why.
func (t *Taken) Lose(index int, why string) {
	t.Rule.Messages = append(t.Rule.Messages[:index:index], t.Rule.Messages[index+1:]...)
	left := t.Files[:0]
	for _, f := range t.Files {
		if f.Index > index {
			f.Index--
		} else if f.Index == index {
			continue
		}
		left = append(left, f)
	}
	t.Files = left
	t.note("有一条是图片或语音，没有转存成功（%s），没有导入", why)
}

// Temporary are the media_ids by which the menu's buttons send pictures and sounds, where the menu was made in
// WeChat's console: another each time it is read, and good for three days only.
func (l *LiveMenu) Temporary() map[string]MaterialKind {
	out := map[string]MaterialKind{}
	if l.byInterface() {
		return out
	}
	var look func(list []LiveButton)
	look = func(list []LiveButton) {
		for _, b := range list {
			switch {
			case b.Type == "img" && b.Value != "":
				out[b.Value] = MaterialImage
			case b.Type == "voice" && b.Value != "":
				out[b.Value] = MaterialVoice
			}
			look(b.Sub)
		}
	}
	look(l.Shown)
	return out
}
