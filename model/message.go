package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Message is what we say to a fan, in WeChat's own field names; Type decides which fields count.
type Message struct {
	Type         string           `json:"type" enum:"text,image,voice,video,music,news,mpnews,mpnewsarticle,miniprogrampage,msgmenu,wxcard,transfer_customer_service"`
	Content      string           `json:"content,omitempty"`
	MediaID      string           `json:"media_id,omitempty"`
	ThumbMediaID string           `json:"thumb_media_id,omitempty"`
	Title        string           `json:"title,omitempty"`
	Description  string           `json:"description,omitempty"`
	MusicURL     string           `json:"musicurl,omitempty"`
	HQMusicURL   string           `json:"hqmusicurl,omitempty"`
	Articles     []MessageArticle `json:"articles,omitempty"`
	ArticleID    string           `json:"article_id,omitempty"`
	AppID        string           `json:"appid,omitempty"`
	PagePath     string           `json:"pagepath,omitempty"`
	HeadContent  string           `json:"head_content,omitempty"`
	List         []MenuChoice     `json:"list,omitempty"`
	TailContent  string           `json:"tail_content,omitempty"`
	CardID       string           `json:"card_id,omitempty"`
	KfAccount    string           `json:"kf_account,omitempty"`
	Delay        int              `json:"delay_seconds,omitempty" doc:"in a rule: seconds after the push; then it goes as a customer-service message"`
}

// MessageArticle is one card of a news message.
type MessageArticle struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	PicURL      string `json:"picurl,omitempty"`
}

// MenuChoice is one line of a msgmenu.
type MenuChoice struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// MaxText bounds a text message in UTF-8 bytes; longer passive ones were seen to become the outage notice.
const MaxText = 2048

var messageNames = map[string]string{
	"text": "文字", "image": "图片", "voice": "语音", "video": "视频", "music": "音乐", "news": "图文", "mpnews": "图文素材",
	"mpnewsarticle": "已发布文章", "miniprogrampage": "小程序卡片", "msgmenu": "菜单消息", "wxcard": "卡券", "transfer_customer_service": "转人工客服",
}

// KindName is the message's kind in Chinese.
func (m *Message) KindName() string { return messageNames[m.Type] }

// Passive says whether the message may be the answer to a push; the others, and what is to come later, go as
// customer-service messages only.
func (m *Message) Passive() bool {
	if m.Delay > 0 {
		return false
	}
	switch m.Type {
	case "text", "image", "voice", "video", "music", "news", "transfer_customer_service":
		return true
	}
	return false
}

// Faults lists what is wrong with the message, in Chinese; articles is how many a news message may hold.
func (m *Message) Faults(articles int) []string {
	var out []string
	need := func(value, name string) {
		if strings.TrimSpace(value) == "" {
			out = append(out, "请填写"+name)
		}
	}
	atMost := func(value, name string, bytes int) {
		if len(value) > bytes {
			out = append(out, fmt.Sprintf("%s有 %d 字节，最多 %d 字节（约 %d 个汉字）", name, len(value), bytes, bytes/3))
		}
	}
	switch m.Type {
	case "text":
		need(m.Content, "文字内容")
		atMost(m.Content, "文字内容", MaxText)
	case "image", "voice", "mpnews":
		need(m.MediaID, "素材 media_id")
	case "video":
		need(m.MediaID, "视频 media_id")
		atMost(m.Title, "视频标题", 256)
		atMost(m.Description, "视频说明", 512)
	case "music":
		need(m.ThumbMediaID, "音乐封面 thumb_media_id")
		atMost(m.Title, "音乐标题", 256)
	case "news":
		if len(m.Articles) == 0 || len(m.Articles) > articles {
			out = append(out, fmt.Sprintf("图文应有 1 到 %d 条，现有 %d 条", articles, len(m.Articles)))
		}
		for i, a := range m.Articles {
			which := fmt.Sprintf("第 %d 条图文的", i+1)
			need(a.Title, which+"标题")
			atMost(a.Title, which+"标题", 256)
			atMost(a.Description, which+"描述", 512)
			if !webURL(a.URL) {
				out = append(out, which+"链接应以 http:// 或 https:// 开头")
			}
			if a.PicURL != "" && !webURL(a.PicURL) {
				out = append(out, which+"封面地址应以 http:// 或 https:// 开头")
			}
		}
	case "mpnewsarticle":
		need(m.ArticleID, "文章 article_id")
	case "miniprogrampage":
		need(m.Title, "卡片标题")
		need(m.AppID, "小程序 appid")
		need(m.PagePath, "小程序页面路径")
		need(m.ThumbMediaID, "卡片封面 thumb_media_id")
		atMost(m.Title, "卡片标题", 192)
		atMost(m.PagePath, "小程序页面路径", 1024)
	case "msgmenu":
		need(m.HeadContent, "菜单消息的开头")
		if len(m.List) == 0 || len(m.List) > 10 {
			out = append(out, "菜单消息应有 1 到 10 个选项")
		}
		for i, c := range m.List {
			need(c.ID, fmt.Sprintf("第 %d 个选项的编号", i+1))
			need(c.Content, fmt.Sprintf("第 %d 个选项的文字", i+1))
		}
	case "wxcard":
		need(m.CardID, "卡券 card_id")
	case "transfer_customer_service":
		atMost(m.KfAccount, "客服账号", 128)
	default:
		out = append(out, "不认识的消息类型")
	}
	for _, v := range m.texts() {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			out = append(out, "内容里有无法显示的字符")
			break
		}
	}
	return out
}

func (m *Message) texts() []string {
	out := []string{m.Content, m.MediaID, m.ThumbMediaID, m.Title, m.Description, m.PagePath, m.HeadContent, m.TailContent}
	for _, a := range m.Articles {
		out = append(out, a.Title, a.Description)
	}
	return out
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(s) <= 1024
}

// Summary shows the message in one line, for a diff or a list.
func (m *Message) Summary() string {
	text := m.Content
	switch m.Type {
	case "news":
		if len(m.Articles) > 0 {
			text = m.Articles[0].Title
		}
	case "miniprogrampage", "video", "music":
		text = m.Title
	case "msgmenu":
		text = m.HeadContent
	case "image", "voice", "mpnews":
		text = m.MediaID
	case "mpnewsarticle":
		text = m.ArticleID
	}
	if r := []rune(strings.ReplaceAll(text, "\n", " ")); len(r) > 30 {
		text = string(r[:30]) + "…"
	}
	return m.KindName() + "「" + text + "」"
}

// PassiveXML is the answer to a push from `to` to our gh_ id; at is seconds. It is nil for a message
// that cannot be a passive answer. Source: 被动回复用户消息.
func (m *Message) PassiveXML(to OpenID, gh string, at int64) []byte {
	if !m.Passive() {
		return nil
	}
	b := make([]byte, 0, 512)
	el := func(name, text string) {
		b = append(append(append(b, '<'), name...), "><![CDATA["...)
		b = append(b, strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>")...)
		b = append(append(append(b, "]]></"...), name...), '>')
	}
	open := func(s string) { b = append(b, s...) }
	open("<xml>")
	el("ToUserName", string(to))
	el("FromUserName", gh)
	open("<CreateTime>" + strconv.FormatInt(at, 10) + "</CreateTime>")
	el("MsgType", m.Type)
	switch m.Type {
	case "text":
		el("Content", m.Content)
	case "image":
		open("<Image>")
		el("MediaId", m.MediaID)
		open("</Image>")
	case "voice":
		open("<Voice>")
		el("MediaId", m.MediaID)
		open("</Voice>")
	case "video":
		open("<Video>")
		el("MediaId", m.MediaID)
		el("Title", m.Title)
		el("Description", m.Description)
		open("</Video>")
	case "music":
		open("<Music>")
		el("Title", m.Title)
		el("Description", m.Description)
		el("MusicUrl", m.MusicURL)
		el("HQMusicUrl", m.HQMusicURL)
		el("ThumbMediaId", m.ThumbMediaID)
		open("</Music>")
	case "news":
		open("<ArticleCount>" + strconv.Itoa(len(m.Articles)) + "</ArticleCount><Articles>")
		for _, a := range m.Articles {
			open("<item>")
			el("Title", a.Title)
			el("Description", a.Description)
			el("PicUrl", a.PicURL)
			el("Url", a.URL)
			open("</item>")
		}
		open("</Articles>")
	case "transfer_customer_service":
		if m.KfAccount != "" {
			open("<TransInfo>")
			el("KfAccount", m.KfAccount)
			open("</TransInfo>")
		}
	}
	open("</xml>")
	return b
}

// PassiveJSON is the same answer where pushes come as JSON.
func (m *Message) PassiveJSON(to OpenID, gh string, at int64) []byte {
	if !m.Passive() {
		return nil
	}
	type fields = map[string]any
	out := fields{"ToUserName": string(to), "FromUserName": gh, "CreateTime": at, "MsgType": m.Type}
	switch m.Type {
	case "text":
		out["Content"] = m.Content
	case "image":
		out["Image"] = fields{"MediaId": m.MediaID}
	case "voice":
		out["Voice"] = fields{"MediaId": m.MediaID}
	case "video":
		out["Video"] = fields{"MediaId": m.MediaID, "Title": m.Title, "Description": m.Description}
	case "music":
		out["Music"] = fields{"Title": m.Title, "Description": m.Description, "MusicUrl": m.MusicURL, "HQMusicUrl": m.HQMusicURL, "ThumbMediaId": m.ThumbMediaID}
	case "news":
		var items []fields
		for _, a := range m.Articles {
			items = append(items, fields{"Title": a.Title, "Description": a.Description, "PicUrl": a.PicURL, "Url": a.URL})
		}
		out["ArticleCount"], out["Articles"] = len(items), items
	case "transfer_customer_service":
		if m.KfAccount != "" {
			out["TransInfo"] = fields{"KfAccount": m.KfAccount}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // WeChat stores \u003c as written
	if err := e.Encode(out); err != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

// Custom is the body of a customer-service message to openid; nil for what cannot be one.
// Source: 客服接口-发消息.
func (m *Message) Custom(to OpenID) map[string]any {
	type fields = map[string]any
	var inner fields
	switch m.Type {
	case "text":
		inner = fields{"content": m.Content}
	case "image", "voice", "mpnews":
		inner = fields{"media_id": m.MediaID}
	case "video":
		inner = fields{"media_id": m.MediaID, "thumb_media_id": m.ThumbMediaID, "title": m.Title, "description": m.Description}
	case "music":
		inner = fields{"title": m.Title, "description": m.Description, "musicurl": m.MusicURL, "hqmusicurl": m.HQMusicURL, "thumb_media_id": m.ThumbMediaID}
	case "news":
		inner = fields{"articles": m.Articles}
	case "mpnewsarticle":
		inner = fields{"article_id": m.ArticleID}
	case "miniprogrampage":
		inner = fields{"title": m.Title, "appid": m.AppID, "pagepath": m.PagePath, "thumb_media_id": m.ThumbMediaID}
	case "msgmenu":
		inner = fields{"head_content": m.HeadContent, "list": m.List, "tail_content": m.TailContent}
	case "wxcard":
		inner = fields{"card_id": m.CardID}
	default:
		return nil
	}
	return fields{"touser": string(to), "msgtype": m.Type, m.Type: inner}
}
