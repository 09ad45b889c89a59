package model

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MessageTypes are the messages a default rule may name, and their names.
var MessageTypes = map[string]string{"text": "文字", "image": "图片", "voice": "语音", "video": "视频", "location": "位置", "link": "链接"}

// DefaultType is the type by which a default rule names a message; a short video is a video.
func DefaultType(msgType string) string {
	if msgType == "shortvideo" {
		return "video"
	}
	return msgType
}

// SubscribeScenes are the ways to follow that WeChat tells apart (user/info, subscribe_scene), but for
// those by a scene code, which rules of kind scene answer.
var SubscribeScenes = map[string]string{
	"ADD_SCENE_SEARCH": "搜索公众号", "ADD_SCENE_ACCOUNT_MIGRATION": "公众号迁移", "ADD_SCENE_PROFILE_CARD": "名片分享", "ADD_SCENE_QR_CODE": "普通二维码",
	"ADD_SCENE_PROFILE_LINK": "图文页内名称", "ADD_SCENE_PROFILE_ITEM": "图文页右上角菜单", "ADD_SCENE_PAID": "支付后关注", "ADD_SCENE_WECHAT_ADVERTISEMENT": "微信广告",
	"ADD_SCENE_REPRINT": "他人转载", "ADD_SCENE_LIVESTREAM": "视频号直播", "ADD_SCENE_CHANNELS": "视频号", "ADD_SCENE_WXA": "小程序", "ADD_SCENE_OTHERS": "其他",
}

const (
	minInterval = 60 // WeChat repeats a push for some 15 s: a repeat must still get its answer
	maxInterval = 30 * 24 * 3600
	shortDelay  = 50        // a follow, a scan and a tap open one minute
	longDelay   = 47 * 3600 // a message opens 48 hours
)

// LongestDelay is how many seconds a message of the rule may wait, so that the window is still open.
func (r *Rule) LongestDelay() int {
	if r.Kind == RuleKeyword || r.Kind == RuleDefault {
		return longDelay
	}
	return shortDelay
}

// articles is how many a news message may hold: WeChat shows one in answer to a message.
func (r *Rule) articles() int {
	if r.Kind == RuleKeyword || r.Kind == RuleDefault || r.Sourced() {
		return 1
	}
	return 8
}

func (r *Rule) checkWho(bad *Refusal) {
	if len(r.MessageTypes) > 0 && r.Kind != RuleDefault {
		bad.Field("message_types", "只有默认回复能按消息类型区分")
	}
	for _, t := range r.MessageTypes {
		if MessageTypes[t] == "" {
			bad.Field("message_types", "不认识的消息类型 "+t)
		}
	}
	if len(r.Sources) > 0 && r.Kind != RuleFollow {
		bad.Field("sources", "只有关注回复能按来源区分")
	}
	for _, s := range r.Sources {
		if SubscribeScenes[s] == "" {
			bad.Field("sources", "不认识的关注来源 "+s)
		}
	}
	if r.Interval != 0 && (r.Interval < minInterval || r.Interval > maxInterval) {
		bad.Field("interval_seconds", "最短间隔应在 1 分钟到 30 天之间，或者不填")
	}
	if r.Interval != 0 && r.Sourced() {
		bad.Field("interval_seconds", "按来源追加的关注回复不用填最短间隔")
	}
}

// checkMessages looks at messages that are sent together (all) or one of them.
func (r *Rule) checkMessages(bad *Refusal, field string, messages []Message, all bool) {
	most, before := r.LongestDelay(), 0
	for i := range messages {
		m, at := &messages[i], fmt.Sprintf("%s[%d]", field, i)
		for _, f := range m.Faults(r.articles()) {
			bad.Field(at, fmt.Sprintf("第 %d 条回复：%s", i+1, f))
		}
		switch {
		case m.Delay < 0 || m.Delay > most:
			bad.Field(at, fmt.Sprintf("第 %d 条回复：延迟应在 0 到 %s之间，再晚微信就不让发了", i+1, span(most)))
		case all && m.Delay < before:
			bad.Field(at, fmt.Sprintf("第 %d 条回复：延迟不能比上一条短", i+1))
		}
		before = max(before, m.Delay)
		if m.Type == "transfer_customer_service" && (all && i > 0 || m.Delay > 0 || r.Sourced()) {
			bad.Field(at, "转人工客服只能放在第一条，不能延迟")
		}
	}
}

func span(seconds int) string {
	if seconds%3600 == 0 {
		return fmt.Sprintf("%d 小时", seconds/3600)
	}
	return fmt.Sprintf("%d 秒", seconds)
}

// Dialog is the second step of a rule: for a while after it answered, the fan's next words are looked up
// here before any keyword. A tap on a msgmenu choice of the rule is looked up by the choice's number, and has
// no time limit.
type Dialog struct {
	Seconds int            `json:"seconds"` // from the rule's answer on
	Answers []DialogAnswer `json:"answers"`
}

// DialogAnswer is what one word ("1") is answered.
type DialogAnswer struct {
	Answer   string    `json:"answer"`
	Messages []Message `json:"messages"`
}

func (r *Rule) checkDialog(bad *Refusal) {
	d := r.Dialog
	if d == nil {
		return
	}
	if r.Sourced() {
		bad.Field("dialog", "按来源追加的关注回复不能再接对话")
	}
	if d.Seconds < 30 || d.Seconds > 24*3600 {
		bad.Field("dialog.seconds", "等待回答的时间应在 30 秒到 24 小时之间")
	}
	if len(d.Answers) == 0 || len(d.Answers) > 20 {
		bad.Field("dialog.answers", "应有 1 到 20 个回答")
	}
	asked := Rule{Kind: RuleKeyword} // the fan's word is a message, whatever the rule answered
	had := map[string]bool{}
	for i, a := range d.Answers {
		field := fmt.Sprintf("dialog.answers[%d]", i)
		word := Fold(a.Answer)
		switch {
		case word == "" || utf8.RuneCountInString(a.Answer) > 30 || !utf8.ValidString(a.Answer) || strings.ContainsRune(a.Answer, 0):
			bad.Field(field, "粉丝的回答应有 1 到 30 个字")
		case had[word]:
			bad.Field(field, "「"+a.Answer+"」重复了")
		case len(a.Messages) == 0 || len(a.Messages) > 5:
			bad.Field(field, "「"+a.Answer+"」应有 1 到 5 条回复")
		}
		had[word] = true
		asked.checkMessages(bad, field+".messages", a.Messages, true)
	}
}

// Say gives the messages for the fan's word, folded or not; nil when the dialog does not know it.
func (d *Dialog) Say(word string) []Message {
	if d == nil {
		return nil
	}
	word = Fold(word)
	for _, a := range d.Answers {
		if Fold(a.Answer) == word {
			return a.Messages
		}
	}
	return nil
}

// Answers tells whether a default rule takes a message of this type.
func (r *Rule) Answers(msgType string) bool {
	return len(r.MessageTypes) == 0 || slices.Contains(r.MessageTypes, DefaultType(msgType))
}
