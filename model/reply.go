package model

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RuleKind says what a rule answers.
type RuleKind string

// The kinds of rules.
const (
	RuleKeyword RuleKind = "keyword"
	RuleFollow  RuleKind = "follow"
	RuleDefault RuleKind = "default"
	RuleScene   RuleKind = "scene" // a QR code's value
	RuleMenu    RuleKind = "menu"  // a menu button's key
)

var ruleKindNames = map[RuleKind]string{RuleKeyword: "关键词", RuleFollow: "关注", RuleDefault: "默认", RuleScene: "扫码", RuleMenu: "菜单"}

// Name is the kind in Chinese.
func (k RuleKind) Name() string { return ruleKindNames[k] }

// Match is how a keyword meets a sentence.
type Match string

// The matches, in their order of winning.
const (
	MatchExact    Match = "exact"
	MatchContains Match = "contains"
	MatchRegex    Match = "regex"
)

var matchNames = map[Match]string{MatchExact: "完全相同", MatchContains: "包含", MatchRegex: "正则"}

// Name is the match in Chinese.
func (m Match) Name() string { return matchNames[m] }

// Keyword is one word of a rule.
type Keyword struct {
	Text  string `json:"text"`
	Match Match  `json:"match"`
}

// Rule is one automatic reply, as an operator writes it.
type Rule struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Kind     RuleKind  `json:"kind"`
	EventKey string    `json:"event_key,omitempty"` // scene value or menu key; empty: any
	Scenes   []string  `json:"scenes,omitempty"`    // values of many codes, as a batch has them; instead of EventKey
	Keywords []Keyword `json:"keywords,omitempty"`
	Priority int       `json:"priority"`
	Active   Active    `json:"active"`
	Pick     string    `json:"pick"` // all or random
	Messages []Message `json:"messages"`
	Enabled  bool      `json:"enabled"`

	MessageTypes []string `json:"message_types,omitempty"`    // of a default rule: which messages it answers; empty: any
	Sources      []string `json:"sources,omitempty"`          // of a follow rule: WeChat's subscribe_scene; see Sourced
	Interval     int      `json:"interval_seconds,omitempty"` // a fan hears the rule at most once in so many seconds; 0: always
	Dialog       *Dialog  `json:"dialog,omitempty"`
}

// Sourced tells a rule for fans who came by certain ways. The follow event says only whether a scene code
// was scanned, so WeChat is asked after it, and what the rule says goes behind the welcome as
// customer-service messages while the minute lasts.
func (r *Rule) Sourced() bool { return r.Kind == RuleFollow && len(r.Sources) > 0 }

// SceneKeys are the scene values a scene rule answers; "" is any that no other rule has.
func (r *Rule) SceneKeys() []string {
	if len(r.Scenes) > 0 {
		return r.Scenes
	}
	return []string{strings.TrimPrefix(r.EventKey, "qrscene_")}
}

func (r *Rule) checkScenes(bad *Refusal) {
	switch {
	case len(r.Scenes) == 0:
		return
	case r.Kind != RuleScene:
		bad.Field("scenes", "只有扫码规则有一批场景值")
		return
	case r.EventKey != "":
		bad.Field("scenes", "一个场景值和一批场景值只能填一样")
	case len(r.Scenes) > SceneBatchMost:
		bad.Field("scenes", fmt.Sprintf("一条规则最多 %d 个场景值，现在 %d 个", SceneBatchMost, len(r.Scenes)))
		return
	}
	if faults := SceneNameFaults(r.Scenes); len(faults) > 0 {
		bad.Field("scenes", faults[0])
	}
}

// Fold brings a sentence and a keyword to one form: lower case, full width to half, blanks trimmed and
// runs of them to one, invisible marks gone.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s {
		switch {
		case r >= 0xff01 && r <= 0xff5e:
			r -= 0xfee0
		case r == 0x17f: // ſ, which a regex takes for an s
			r = 's'
		case r == 0x200b || r == 0x200c || r == 0xfeff || r == 0x2060:
			continue
		}
		if unicode.IsSpace(r) || r == 0x3000 {
			blank = b.Len() > 0
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Check lists every fault of the rule, each with its field, in Chinese. nil means it may be saved.
func (r *Rule) Check() error {
	bad := Refuse(ErrInvalid, CodeInvalid, "这条规则还不能保存")
	if n := utf8.RuneCountInString(strings.TrimSpace(r.Name)); n == 0 || n > 60 {
		bad.Field("name", "请填写规则名称，最多 60 个字")
	}
	if ruleKindNames[r.Kind] == "" {
		bad.Field("kind", "不认识的规则类型")
	}
	if r.Pick != "all" && r.Pick != "random" {
		bad.Field("pick", "应为 all（全部）或 random（随机一条）")
	}
	if r.Priority < -1000 || r.Priority > 1000 {
		bad.Field("priority", "优先级应在 -1000 到 1000 之间")
	}
	if r.EventKey != "" && (r.Kind == RuleScene && len(r.EventKey) > 64 || len(r.EventKey) > 128) {
		bad.Field("event_key", "太长：场景值最多 64 字节，菜单 key 最多 128 字节")
	}
	if r.EventKey != "" && r.Kind != RuleScene && r.Kind != RuleMenu {
		bad.Field("event_key", "只有扫码和菜单规则有 event_key")
	}
	r.checkScenes(bad)
	r.checkKeywords(bad)
	r.checkWho(bad)
	r.Active.check(bad)
	if len(r.Messages) == 0 {
		bad.Field("messages", "至少要有一条回复")
	}
	most := 10 // more than a window takes is told by the simulator and marked in the log
	if r.Pick == "random" {
		most = 20
	}
	if len(r.Messages) > most {
		bad.Field("messages", fmt.Sprintf("最多 %d 条回复", most))
	}
	r.checkMessages(bad, "messages", r.Messages, r.Pick == "all")
	r.checkDialog(bad)
	if len(bad.Fields) == 0 {
		return nil
	}
	bad.Text = bad.Fields[0].Message
	return bad
}

func (r *Rule) checkKeywords(bad *Refusal) {
	if r.Kind != RuleKeyword {
		if len(r.Keywords) > 0 {
			bad.Field("keywords", "只有关键词规则有关键词")
		}
		return
	}
	if len(r.Keywords) == 0 || len(r.Keywords) > 100 {
		bad.Field("keywords", "关键词应有 1 到 100 个")
	}
	had := map[string]bool{}
	for i, k := range r.Keywords {
		field := fmt.Sprintf("keywords[%d]", i)
		switch {
		case matchNames[k.Match] == "":
			bad.Field(field, "匹配方式应为 exact、contains 或 regex")
		case Fold(k.Text) == "":
			bad.Field(field, "关键词不能为空")
		case !utf8.ValidString(k.Text) || strings.ContainsRune(k.Text, 0):
			bad.Field(field, "关键词里有无法显示的字符")
		case utf8.RuneCountInString(k.Text) > 60 && k.Match != MatchRegex:
			bad.Field(field, "关键词最多 60 个字")
		case k.Match == MatchRegex && len(k.Text) > 256:
			bad.Field(field, "正则最多 256 字节")
		}
		if k.Match == MatchRegex {
			if _, err := CompileWord(k.Text); err != nil {
				bad.Field(field, "正则写得不对，请检查括号和特殊符号")
			}
		}
		id := string(k.Match) + "\n" + Fold(k.Text)
		if k.Match == MatchRegex {
			id = string(k.Match) + "\n" + k.Text
		}
		if had[id] {
			bad.Field(field, "「"+k.Text+"」重复了")
		}
		had[id] = true
	}
}

// CompileWord reads a regex keyword: RE2, so its time is bounded, and case is folded.
func CompileWord(s string) (*regexp.Regexp, error) { return regexp.Compile("(?is)" + s) }
