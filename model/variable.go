package model

import (
	"strings"
	"unicode/utf8"
)

// Variables are what a text may name in braces. All come from the push, so that any instance, at any time,
// fills in the same. There is no nickname: WeChat no longer tells it.
var Variables = []string{"{日期}", "{星期}", "{时间}", "{原话}", "{关键词}", "{场景值}"}

const longestEcho = 60 // runes of the fan's own words

var weekdayNames = [...]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}

// filler replaces the variables for one push and the keyword it met.
func filler(p *Push, keyword string) *strings.Replacer {
	at := p.At().In(Shanghai)
	said := strings.NewReplacer("<", "＜", ">", "＞").Replace(p.Text()) // no link of a fan's making
	if utf8.RuneCountInString(said) > longestEcho {
		said = string([]rune(said)[:longestEcho]) + "…"
	}
	return strings.NewReplacer("{日期}", at.Format("1月2日"), "{星期}", weekdayNames[at.Weekday()], "{时间}", at.Format("15:04"),
		"{原话}", said, "{关键词}", keyword, "{场景值}", p.Scene())
}

// Fill gives the messages as this fan gets them: their variables filled in. The rule's own stay as they are.
func Fill(messages []Message, p *Push, keyword string) []Message {
	named := false
	for i := range messages {
		named = named || messages[i].names()
	}
	if !named {
		return messages
	}
	r := filler(p, keyword)
	out := make([]Message, len(messages))
	for i, m := range messages {
		for _, s := range []*string{&m.Content, &m.Title, &m.Description, &m.HeadContent, &m.TailContent} {
			*s = r.Replace(*s)
		}
		if len(m.Articles) > 0 {
			m.Articles = append([]MessageArticle(nil), m.Articles...)
			for j := range m.Articles {
				a := &m.Articles[j]
				a.Title, a.Description = r.Replace(a.Title), r.Replace(a.Description)
			}
		}
		if m.Type == "text" && len(m.Content) > MaxText { // the fan's words made it too long
			m.Content = strings.ToValidUTF8(m.Content[:MaxText], "")
		}
		out[i] = m
	}
	return out
}

func (m *Message) names() bool {
	for _, s := range m.texts() {
		if !strings.ContainsRune(s, '{') {
			continue
		}
		for _, v := range Variables {
			if strings.Contains(s, v) {
				return true
			}
		}
	}
	return false
}
