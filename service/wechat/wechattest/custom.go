package wechattest

import (
	"net/http"
)

type customMessage struct {
	To      string                        `json:"touser"`
	Type    string                        `json:"msgtype"`
	Text    struct{ Content string }      `json:"text"`
	Image   mediaRef                      `json:"image"`
	Voice   mediaRef                      `json:"voice"`
	Video   videoMessage                  `json:"video"`
	Music   musicMessage                  `json:"music"`
	News    struct{ Articles []NewsItem } `json:"news"`
	MPNews  mediaRef                      `json:"mpnews"`
	Article articleRef                    `json:"mpnewsarticle"`
	Card    miniMessage                   `json:"miniprogrampage"`
	Link    linkMessage                   `json:"link"`
	Menu    struct {
		Head string   `json:"head_content"`
		List []Choice `json:"list"`
		Tail string   `json:"tail_content"`
	} `json:"msgmenu"`
	Coupon struct {
		ID string `json:"card_id"`
	} `json:"wxcard"`
}

type videoMessage struct {
	MediaID string `json:"media_id"`
	Thumb   string `json:"thumb_media_id"`
	Title   string `json:"title"`
	Text    string `json:"description"`
}

type musicMessage struct {
	Title string `json:"title"`
	Text  string `json:"description"`
	URL   string `json:"musicurl"`
	Thumb string `json:"thumb_media_id"`
}

type miniMessage struct {
	Title string `json:"title"`
	AppID string `json:"appid"`
	Path  string `json:"pagepath"`
	Thumb string `json:"thumb_media_id"`
}

type linkMessage struct {
	Title string `json:"title"`
	Text  string `json:"description"`
	URL   string `json:"url"`
	Thumb string `json:"thumb_url"`
}

// customSend is message/custom/send of both apps: a window must be open, the material known.
func (f *Fake) customSend(w http.ResponseWriter, r *http.Request) {
	var in customMessage
	if !decode(w, r, &in) {
		return
	}
	appid, _ := f.authorised(r)
	f.mu.Lock()
	p := f.s.byOpenID[in.To]
	if appid == f.opt.Mini.AppID {
		p = f.s.byMini[in.To]
	}
	if p == nil {
		f.mu.Unlock()
		refuse(w, 40003)
		return
	}
	l, media, code := in.line(appid == f.opt.Mini.AppID)
	for _, id := range media {
		if code == 0 && f.media(id) == nil {
			code = 40007
		}
	}
	if code == 0 {
		code = f.spend(p)
	}
	if code == 0 {
		f.chat(p, l)
	}
	f.mu.Unlock()
	if code != 0 {
		refuse(w, code)
		return
	}
	f.changed()
	ok(w)
}

// line turns the message into what is seen; media names the material it needs.
func (m customMessage) line(mini bool) (l Line, media []string, code int) {
	l = Line{From: "service", Type: m.Type}
	switch m.Type {
	case "text":
		if l.Text = m.Text.Content; l.Text == "" {
			return l, nil, 44004
		}
		if len(l.Text) > 2048 {
			return l, nil, 45002
		}
	case "image":
		l.MediaID = m.Image.ID
		return l, []string{l.MediaID}, 0
	case "voice":
		l.MediaID = m.Voice.ID
		return l, []string{l.MediaID}, 0
	case "video":
		l.MediaID, l.Title, l.Text = m.Video.MediaID, m.Video.Title, m.Video.Text
		return l, []string{l.MediaID, m.Video.Thumb}, 0
	case "music":
		l.MediaID, l.Title, l.Text = m.Music.Thumb, m.Music.Title, m.Music.Text
		return l, []string{l.MediaID}, 0
	case "news":
		if len(m.News.Articles) != 1 {
			return l, nil, 45008
		}
		l.Articles = m.News.Articles
	case "mpnews":
		l.MediaID = m.MPNews.ID
		return l, []string{l.MediaID}, 0
	case "mpnewsarticle":
		l.Text = m.Article.ID
	case "miniprogrampage":
		l.Title, l.AppID, l.PagePath, l.MediaID = m.Card.Title, m.Card.AppID, m.Card.Path, m.Card.Thumb
		if l.PagePath == "" || !mini && l.AppID == "" {
			return l, nil, 40097
		}
		return l, []string{l.MediaID}, 0
	case "link":
		if !mini {
			return l, nil, 40008
		}
		l.Title, l.Text, l.Articles = m.Link.Title, m.Link.Text, []NewsItem{{m.Link.Title, m.Link.Text, m.Link.URL, m.Link.Thumb}}
	case "msgmenu":
		if l.Text, l.Choices, l.Tail = m.Menu.Head, m.Menu.List, m.Menu.Tail; len(l.Choices) == 0 {
			return l, nil, 40097
		}
	case "wxcard":
		if l.Text = m.Coupon.ID; l.Text == "" || mini {
			return l, nil, 40008
		}
	default:
		return l, nil, 40008
	}
	return l, nil, 0
}

func (f *Fake) customTyping(w http.ResponseWriter, r *http.Request) {
	var in struct{ ToUser, Command string }
	if !decode(w, r, &in) {
		return
	}
	if in.Command != "Typing" && in.Command != "CancelTyping" {
		refuse(w, 45072)
		return
	}
	ok(w)
}

type mediaRef struct {
	ID string `json:"media_id"`
}

type articleRef struct {
	ID string `json:"article_id"`
}
