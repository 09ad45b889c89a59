package model

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NoticeField is a place in a template that is filled in.
type NoticeField struct {
	Key   string // thing1
	Label string // what stands before it
	Kind  string // thing; keyword, first and remark in templates of old
	Most  int    // characters; 0: WeChat does not say
}

var noticePlace = regexp.MustCompile(`\{\{\s*([A-Za-z_]+)([0-9]*)\.DATA\s*\}\}`)

// NoticeFields reads the places of a template's content, each once, in their order.
func NoticeFields(content string) []NoticeField {
	out := []NoticeField{}
	seen := map[string]bool{}
	from := 0
	for _, at := range noticePlace.FindAllStringSubmatchIndex(content, -1) {
		kind, key := content[at[2]:at[3]], content[at[2]:at[5]]
		lines := strings.Split(strings.TrimRight(content[from:at[0]], "\r\n"), "\n")
		from = at[1]
		if seen[key] {
			continue
		}
		seen[key] = true
		out = append(out, NoticeField{Key: key, Label: strings.Trim(lines[len(lines)-1], " \t\r:："), Kind: kind, Most: noticeKinds[kind].most})
	}
	return out
}

// noticeKinds are the kinds of fields WeChat checks. Source: 订阅消息参数值内容限制说明. That a template message of the
// new kind is held to the same is not confirmed by its page; one that keeps them is refused by neither.
var noticeKinds = map[string]struct {
	most int
	ok   func(s string) bool
	text string
}{
	"thing":  {20, nil, ""},
	"number": {32, regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`).MatchString, "只能是数字，可以有小数"},
	"letter": {32, regexp.MustCompile(`^[A-Za-z]+$`).MatchString, "只能是字母"},
	"symbol": {5, func(s string) bool {
		return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	}, "只能是符号"},
	"character_string": {32, regexp.MustCompile(`^[\x21-\x7e]+$`).MatchString, "只能是数字、字母和符号"},
	"time":             {40, noticeTime.MatchString, "应为 2026年1月1日 15:01 或 15:01，一段时间用 ~ 连起来"},
	"date":             {40, noticeTime.MatchString, "应为 2026年1月1日，一段日期用 ~ 连起来"},
	"amount":           {20, regexp.MustCompile(`^[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?$`).MatchString, "应为 ¥99.00 或 99元，最多 10 位数字"},
	"phone_number":     {17, regexp.MustCompile(`^[0-9+\-() ]+$`).MatchString, "只能是电话号码"},
	"car_number":       {8, nil, ""},
	"name":             {20, noticeName, "最多 10 个汉字或 20 个字母，不能有数字"},
	"phrase":           {5, regexp.MustCompile(`^\p{Han}+$`).MatchString, "只能是汉字"},
	"enum":             {20, nil, ""},
}

var noticeTime = regexp.MustCompile(`^` + noticeMoment + `([~～]` + noticeMoment + `)?$`)

const noticeMoment = ` ?([0-9]{4}[年/.\-][0-9]{1,2}[月/.\-][0-9]{1,2}日?( ?[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?) ?`

func noticeName(s string) bool {
	han := strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	return !strings.ContainsFunc(s, unicode.IsDigit) && (!han || utf8.RuneCountInString(s) <= 10)
}

// Personal says whether the fan's remark may stand in it: a remark is free text, which the other kinds refuse.
func (f NoticeField) Personal() bool {
	_, checked := noticeKinds[f.Kind]
	return f.Kind == "thing" || !checked
}

// fault says what WeChat would refuse; "" when nothing.
func (f NoticeField) fault(v string) string {
	k := noticeKinds[f.Kind]
	n := utf8.RuneCountInString(strings.ReplaceAll(v, NoticeRemark, ""))
	switch {
	case strings.TrimSpace(v) == "":
		return "不能空着，微信要求每一项都有"
	case strings.Contains(v, NoticeRemark) && !f.Personal():
		return "这一项不能用" + NoticeRemark
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == utf8.RuneError }):
		return "不能换行，也不能有无法显示的字符"
	case f.Most > 0 && n > f.Most:
		return fmt.Sprintf("有 %d 个字，最多 %d 个", n, f.Most)
	case f.Most == 0 && n > 200:
		return fmt.Sprintf("有 %d 个字，最多 200 个", n)
	case k.ok != nil && !k.ok(v):
		return k.text
	}
	return ""
}
