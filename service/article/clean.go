package article

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"loudou/model"
)

// WeChat's limits for a draft's fields, in characters, and ours where WeChat has none.
const (
	maxTitle   = 64
	maxAuthor  = 16
	maxDigest  = 120
	maxURL     = 1000
	maxContent = 1 << 20 // bytes
	maxGoal    = 200
	maxColumn  = 30
)

// policy lets through what WeChat's editor writes: sections, inline styles by an allow-list, pictures. No
// script, no event, no frame, no form, no style that loads something.
var policy = func() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowElements("section", "span", "figure", "figcaption", "mp-common-miniprogram")
	p.AllowStyles("color", "background-color", "font-size", "font-weight", "font-style", "font-family", "text-align", "text-decoration", "text-indent",
		"line-height", "letter-spacing", "word-spacing", "white-space", "word-break", "vertical-align",
		"margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left",
		"border", "border-top", "border-right", "border-bottom", "border-left", "border-color", "border-style", "border-width", "border-radius", "border-collapse",
		"width", "max-width", "min-width", "height", "max-height", "display", "box-sizing", "opacity", "list-style-type", "box-shadow", "float").
		MatchingHandler(plainStyle).Globally()
	p.AllowAttrs("data-src").Matching(regexp.MustCompile(`^https?://`)).OnElements("img")
	p.AllowAttrs("data-ratio", "data-w", "data-type").Matching(regexp.MustCompile(`^[a-z0-9.]{1,20}$`)).OnElements("img")
	p.AllowAttrs("data-miniprogram-appid", "data-miniprogram-path", "data-miniprogram-type").Matching(regexp.MustCompile(`^[\w./?=&-]{1,256}$`)).OnElements("a", "img", "mp-common-miniprogram")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|right|center|justify)$`)).Globally()
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AllowURLSchemes("http", "https")
	return p
}()

// plainStyle refuses a value that could load or run something.
func plainStyle(value string) bool {
	v := strings.ToLower(value)
	return len(v) <= 200 && !strings.ContainsAny(v, `\<>{};@`) && !strings.Contains(v, "url") && !strings.Contains(v, "expression") && !strings.Contains(v, "javascript") && !strings.Contains(v, "/*")
}

// pictureHosts serve WeChat's pictures; nobody else's are loaded from an article.
var pictureHosts = map[string]bool{"mmbiz.qpic.cn": true, "mmbiz.qlogo.cn": true, "mmecoa.qpic.cn": true, "wx.qlogo.cn": true, "res.wx.qq.com": true}

// Clean takes from 公众号 HTML everything that could run or load from elsewhere, and keeps its look.
// Clean(Clean(x)) = Clean(x).
func Clean(content string) string {
	if content == "" {
		return ""
	}
	body := &html.Node{Type: html.ElementNode, DataAtom: atom.Body, Data: "body"}
	nodes, err := html.ParseFragment(strings.NewReader(policy.Sanitize(content)), body)
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	for _, n := range nodes {
		if foreign(n) {
			continue
		}
		pictures(n)
		if err := html.Render(&out, n); err != nil {
			return ""
		}
	}
	return policy.Sanitize(out.String())
}

func pictures(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if foreign(c) {
			n.RemoveChild(c)
		} else {
			pictures(c)
		}
		c = next
	}
}

// foreign reports a picture from a host that is none of WeChat's or ours.
func foreign(n *html.Node) bool {
	if n.Type != html.ElementNode || n.Data != "img" {
		return false
	}
	for _, a := range n.Attr {
		if (a.Key == "src" || a.Key == "data-src") && !picture(a.Val) {
			return true
		}
	}
	return false
}

func picture(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(address, "//") // our own media
	}
	return (u.Scheme == "https" || u.Scheme == "http") && pictureHosts[u.Hostname()] && u.Port() == ""
}

// clean trims what a person typed; the content goes through the allow-list.
func (in Input) clean() Input {
	for _, t := range []*string{&in.Title, &in.URL, &in.Digest, &in.Author} {
		*t = tidy(*t)
	}
	for _, t := range []**string{&in.Cover, &in.ColumnName, &in.Goal} {
		if *t != nil {
			v := tidy(**t)
			*t = &v
		}
	}
	if in.Content != nil && len(*in.Content) <= maxContent {
		v := Clean(strings.ToValidUTF8(*in.Content, "\uFFFD"))
		in.Content = &v
	}
	return in
}

func tidy(t string) string { return strings.TrimSpace(strings.ToValidUTF8(t, "\uFFFD")) }

func text(t *string) string {
	if t == nil {
		return ""
	}
	return *t
}

func (in Input) check() error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if in.Title == "" {
		bad.Field("title", "标题不能为空")
	}
	for _, f := range []struct {
		name, text string
		most       int
	}{{"title", in.Title, maxTitle}, {"author", in.Author, maxAuthor}, {"digest", in.Digest, maxDigest}, {"url", in.URL, maxURL}, {"cover", text(in.Cover), maxURL}, {"goal", text(in.Goal), maxGoal}, {"column", text(in.ColumnName), maxColumn}} {
		if utf8.RuneCountInString(f.text) > f.most {
			bad.Field(f.name, "太长了")
		}
		if strings.ContainsAny(f.text, "\x00\r\n") {
			bad.Field(f.name, "不能有换行")
		}
	}
	if in.URL != "" && !web(in.URL) {
		bad.Field("url", "链接要以 https:// 或 http:// 开头")
	}
	if c := text(in.Cover); c != "" && !web(c) && !strings.HasPrefix(c, "/") || strings.HasPrefix(c, "//") {
		bad.Field("cover", "封面地址不对")
	}
	if len(text(in.Content)) > maxContent {
		bad.Field("content", "正文太大，最多 1 MB")
	}
	if in.State != "" && !in.State.Writable() {
		bad.Field("status", "这个状态不能直接设定")
	}
	if in.WindowDays < 0 || in.WindowDays > 90 {
		bad.Field("window_days", "观察期为 1 到 90 天")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func web(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}

// put lays the input over a.
func (in Input) put(a *model.Article) {
	a.Title, a.URL, a.Digest, a.Author, a.CourseID, a.PlannedAt = in.Title, in.URL, in.Digest, in.Author, in.CourseID, nil
	for _, f := range []struct {
		to   *string
		from *string
	}{{&a.Cover, in.Cover}, {&a.Content, in.Content}, {&a.ColumnName, in.ColumnName}, {&a.Goal, in.Goal}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if in.PlannedAt != nil {
		t := model.Milli(*in.PlannedAt)
		a.PlannedAt = &t
	}
	if in.WindowDays > 0 {
		a.WindowDays = in.WindowDays
	}
	if in.State != "" && a.State != model.ArticlePublished {
		a.State = in.State
	}
}

// cut keeps n characters.
func cut(text string, n int) string {
	r := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}
