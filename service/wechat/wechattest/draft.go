package wechattest

import (
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// DraftArticle is one article of a draft, in WeChat's own fields.
type DraftArticle struct {
	Type      string `json:"article_type,omitempty"`
	Title     string `json:"title"`
	Author    string `json:"author"`
	Digest    string `json:"digest"`
	Content   string `json:"content"`
	SourceURL string `json:"content_source_url"`
	Thumb     string `json:"thumb_media_id"`
	Comments  int    `json:"need_open_comment"`
	FansOnly  int    `json:"only_fans_can_comment"`
	URL       string `json:"url,omitempty"`
	IsDeleted bool   `json:"is_deleted,omitempty"`
}

type draft struct {
	ID       string         `json:"id"`
	Articles []DraftArticle `json:"articles"`
	At       time.Time      `json:"at"`
}

// Draft gives the articles of a draft that is in the box.
func (f *Fake) Draft(mediaID string) ([]DraftArticle, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.s.Drafts[mediaID]; d != nil {
		return append([]DraftArticle(nil), d.Articles...), true
	}
	return nil, false
}

var (
	scripts  = regexp.MustCompile(`(?is)<script.*?</script>`)
	pictures = regexp.MustCompile(`(?is)<img[^>]*\ssrc="([^"]*)"[^>]*>`)
	markup   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// settle checks one article as draft/add does, and takes from it what WeChat does: scripts and foreign pictures.
func (f *Fake) settle(a *DraftArticle) int {
	switch {
	case a.Title == "":
		return 40035
	case utf8.RuneCountInString(a.Title) > 32:
		return 45003
	case utf8.RuneCountInString(a.Digest) > 128:
		return 45004
	case utf8.RuneCountInString(a.Author) > 16:
		return 40035
	case len(a.SourceURL) > 1024:
		return 45005
	case strings.TrimSpace(a.Content) == "":
		return 44003
	case utf8.RuneCountInString(a.Content) >= 20000 || len(a.Content) >= 1<<20:
		return 45002
	}
	if m := f.media(a.Thumb); m == nil || !m.Permanent || m.Type != "image" && m.Type != "thumb" {
		return 40007
	}
	a.Content = scripts.ReplaceAllString(a.Content, "")
	a.Content = pictures.ReplaceAllStringFunc(a.Content, func(tag string) string {
		if src := pictures.FindStringSubmatch(tag)[1]; !strings.HasPrefix(src, "http://mmbiz.qpic.cn/") && !strings.HasPrefix(src, "https://mmbiz.qpic.cn/") {
			return ""
		}
		return tag
	})
	if a.Digest == "" {
		text := []rune(strings.Join(strings.Fields(markup.ReplaceAllString(a.Content, " ")), " "))
		a.Digest = string(text[:min(54, len(text))])
	}
	return 0
}

func (f *Fake) draftAdd(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Articles []DraftArticle `json:"articles"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	code := 0
	if len(in.Articles) < 1 || len(in.Articles) > 8 {
		code = 45008
	}
	for i := range in.Articles {
		if code == 0 {
			code = f.settle(&in.Articles[i])
		}
	}
	d := &draft{ID: random(64), Articles: in.Articles, At: f.opt.Now()}
	if code == 0 {
		f.s.Drafts[d.ID] = d
	}
	f.mu.Unlock()
	if code != 0 {
		refuse(w, code)
		return
	}
	f.changed()
	answer(w, map[string]any{"media_id": d.ID})
}

func (f *Fake) draftUpdate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID      string       `json:"media_id"`
		Index   int          `json:"index"`
		Article DraftArticle `json:"articles"`
	}
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	d, code := f.s.Drafts[in.ID], 0
	switch {
	case d == nil:
		code = 40007
	case in.Index < 0 || in.Index >= len(d.Articles):
		code = 40114
	default:
		if code = f.settle(&in.Article); code == 0 {
			d.Articles[in.Index], d.At = in.Article, f.opt.Now()
		}
	}
	f.mu.Unlock()
	if code != 0 {
		refuse(w, code)
		return
	}
	f.changed()
	ok(w)
}

type mediaIn struct {
	ID string `json:"media_id"`
}

func (f *Fake) draftGet(w http.ResponseWriter, r *http.Request) {
	var in mediaIn
	if !decode(w, r, &in) {
		return
	}
	items, found := f.Draft(in.ID)
	if !found {
		refuse(w, 40007)
		return
	}
	answer(w, map[string]any{"news_item": items})
}

func (f *Fake) draftDelete(w http.ResponseWriter, r *http.Request) {
	var in mediaIn
	if !decode(w, r, &in) {
		return
	}
	f.mu.Lock()
	_, found := f.s.Drafts[in.ID]
	delete(f.s.Drafts, in.ID)
	f.mu.Unlock()
	if !found {
		refuse(w, 40007)
		return
	}
	f.changed()
	ok(w)
}

func (f *Fake) draftCount(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	n := len(f.s.Drafts)
	f.mu.Unlock()
	answer(w, map[string]any{"total_count": n})
}
