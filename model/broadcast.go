package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MassMessage is what a mass send says.
type MassMessage struct {
	Kind     BroadcastKind
	Content  string   // text
	MediaIDs []string // pictures
	MediaID  string   // of the draft
	Reprint  bool     // send though an article is judged a reprint
}

// MassTo says to whom a mass send goes.
type MassTo struct {
	All   bool
	TagID int
}

// MassAccepted is WeChat's word that it took a mass send.
type MassAccepted struct {
	MsgID     string
	MsgDataID string // of articles; "" when WeChat did not say
	Before    bool   // it had been taken before under this number (45065)
}

// BroadcastKind is what a broadcast carries.
type BroadcastKind string

// The kinds of broadcasts.
const (
	BroadcastText   BroadcastKind = "text"
	BroadcastMPNews BroadcastKind = "mpnews"
	BroadcastImages BroadcastKind = "images"
)

// BroadcastState is how far a broadcast is.
type BroadcastState string

// The states of a broadcast, in their order. Unknown: WeChat did not say for a day whether it took it, and must not be
// asked again, as it would send a second time.
const (
	BroadcastDraft     BroadcastState = "draft"
	BroadcastWaiting   BroadcastState = "waiting"   // for another person's yes
	BroadcastConfirmed BroadcastState = "confirmed" //
	BroadcastScheduled BroadcastState = "scheduled"
	BroadcastSending   BroadcastState = "sending" // the call goes out, or may have gone out
	BroadcastSent      BroadcastState = "sent"    // WeChat took it and works at it
	BroadcastDone      BroadcastState = "done"
	BroadcastFailed    BroadcastState = "failed"
	BroadcastUnknown   BroadcastState = "unknown"
	BroadcastCancelled BroadcastState = "cancelled"
)

// Editable says whether what it says may still be changed: nothing has left the house, or it failed.
func (s BroadcastState) Editable() bool {
	return s == BroadcastDraft || s == BroadcastWaiting || s == BroadcastConfirmed || s == BroadcastFailed
}

// Broadcast is one message to many followers (群发).
type Broadcast struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Title       string // for lists
	ToAll       bool
	TagID       int
	TagName     string
	Kind        BroadcastKind
	Content     string
	Pictures    string // JSON list of media_ids
	DraftID     *int64
	Reprint     bool
	State       BroadcastState
	Version     int64
	ContentHash string
	PlannedAt   *time.Time
	Round       int // of the latest send; 0: none yet
	LastError   string
	AskedByID   int64 // who asked for the others' yes, or sends without
	AskedBy     string
	CreatedBy   string
	UpdatedBy   string
	SentBy      string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// MediaIDs are its pictures.
func (b Broadcast) MediaIDs() []string {
	ids := []string{}
	if b.Pictures != "" {
		_ = json.Unmarshal([]byte(b.Pictures), &ids)
	}
	return ids
}

// Hash is what a yes and a preview stand for: what is said and to whom. draft names the draft's content.
func (b Broadcast) Hash(draft string) string {
	raw, err := json.Marshal([]any{b.ToAll, b.TagID, b.Kind, b.Content, b.Pictures, b.DraftID, draft, b.Reprint})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Faults lists by field what WeChat would refuse, in Chinese.
func (b Broadcast) Faults() map[string]string {
	out := map[string]string{}
	switch b.Kind {
	case BroadcastText:
		if strings.TrimSpace(b.Content) == "" {
			out["content"] = "请填写文字内容"
		} else if n := len(b.Content); n > MaxText {
			out["content"] = fmt.Sprintf("文字有 %d 字节，最多 %d 字节（约 %d 个汉字）", n, MaxText, MaxText/3)
		}
	case BroadcastImages:
		if n := len(b.MediaIDs()); n < 1 || n > 20 {
			out["media_ids"] = "请选 1 到 20 张图片"
		}
	case BroadcastMPNews:
		if b.DraftID == nil {
			out["draft_id"] = "请选草稿箱里的一篇图文"
		}
	default:
		out["kind"] = "不认识的群发类型"
	}
	if !b.ToAll && b.TagID <= 0 {
		out["tag_id"] = "请选一个标签，或发给全部粉丝"
	}
	return out
}

// Message is what it says, mediaID being the draft's.
func (b Broadcast) Message(mediaID string) MassMessage {
	return MassMessage{Kind: b.Kind, Content: b.Content, MediaIDs: b.MediaIDs(), MediaID: mediaID, Reprint: b.Reprint}
}

// Name is a broadcast's line in a list, when no draft gives it one.
func (b Broadcast) Name() string {
	switch b.Kind {
	case BroadcastText:
		return Cut(strings.Join(strings.Fields(b.Content), " "), 40)
	case BroadcastImages:
		return fmt.Sprintf("%d 张图片", len(b.MediaIDs()))
	}
	return "图文"
}

// BroadcastSend is one time a broadcast was given to WeChat. ClientID is WeChat's guard against a repeat (clientmsgid):
// it stays the same however often the call is made.
type BroadcastSend struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	BroadcastID int64
	Round       int
	ClientID    string
	State       BroadcastState // sending, sent, done, failed or unknown
	FirstCallAt *time.Time     // by the real clock: WeChat keeps ClientID for a day
	Calls       int
	MsgID       *string
	MsgDataID   string
	Status      string // WeChat's word at the end
	Total       *int64
	Filtered    *int64
	Sent        *int64
	Errors      *int64
	LastError   string
	CheckAt     *time.Time // when to ask for the result, should no event have come
	AcceptedAt  *time.Time
	FinishedAt  *time.Time
	OperatorID  int64
	Operator    string
	CreatedAt   time.Time
}

// BroadcastResult is what MASSSENDJOBFINISH said, kept whoever sent: a send from WeChat's own console spends the same
// quota.
type BroadcastResult struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	MsgID      string
	Status     string
	Total      int64
	Filtered   int64
	Sent       int64
	Errors     int64
	URLs       string `gorm:"column:urls"` // JSON list of the articles' addresses
	HappenedAt time.Time
}

// BroadcastConfirmation is one operator's yes to exactly what is said and to whom.
type BroadcastConfirmation struct {
	ID          int64 `gorm:"primaryKey"`
	BroadcastID int64
	OperatorID  int64
	Operator    string
	ContentHash string
	Comment     string
	CreatedAt   time.Time
}

// BroadcastPreview is one preview that was sent to a colleague.
type BroadcastPreview struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	BroadcastID int64
	ContentHash string
	Account     string // a WeChat name or an openid
	Operator    string
	CreatedAt   time.Time
}

var massFailures = map[string]string{
	"err(10001)": "涉嫌广告", "err(20001)": "涉嫌政治", "err(20002)": "涉嫌色情", "err(20004)": "涉嫌社会", "err(20006)": "涉嫌违法犯罪", "err(20008)": "涉嫌欺诈",
	"err(20013)": "涉嫌版权", "err(21000)": "涉嫌其他", "err(22000)": "涉嫌互推", "err(30001)": "原创校验时系统出错", "err(30002)": "原创校验判定不能群发", "err(30003)": "原创校验判定为转载，且没有选择仍然发送",
	"err(40001)": "管理员拒绝", "err(40002)": "管理员 30 分钟内没有确认",
	"send fail": "微信发送失败", "SEND_FAIL": "微信发送失败", "DELETE": "已在微信后台删除",
}

// MassOK says whether WeChat's word at the end of a mass send means that it went out.
func MassOK(status string) bool { return status == "send success" || status == "SEND_SUCCESS" }

// MassWord is WeChat's word at the end of a mass send in Chinese, "" for success.
func MassWord(status string) string {
	if MassOK(status) {
		return ""
	}
	if w := massFailures[status]; w != "" {
		return w
	}
	return "微信返回 " + status
}

// GoodWeChatName says whether s may be a WeChat name or an openid that a preview can go to.
func GoodWeChatName(s string) bool {
	return utf8.RuneCountInString(s) >= 3 && len(s) <= 64 && !strings.ContainsAny(s, " \t\r\n\"<>")
}

// IsOpenID says whether s looks like an openid rather than a WeChat name.
func IsOpenID(s string) bool { return len(s) == 28 && strings.HasPrefix(s, "o") }
