package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ArticleState is how far an article is on its way out of the house.
type ArticleState string

const (
	ArticleIdea      ArticleState = "idea"      // 选题
	ArticleDraft     ArticleState = "draft"     // 撰写
	ArticleLayout    ArticleState = "layout"    // 排版
	ArticleWaiting   ArticleState = "waiting"   // 待确认
	ArticleConfirmed ArticleState = "confirmed" // 已确认
	ArticlePublished ArticleState = "published" // 已发布
)

// Writable reports whether an operator may set s by hand; the rest is earned by confirming and publishing.
func (s ArticleState) Writable() bool {
	return s == ArticleIdea || s == ArticleDraft || s == ArticleLayout || s == ArticleWaiting
}

// ArticleWindowDays is how long after publishing an article's results count for it, unless it says otherwise.
const ArticleWindowDays = 7

// ConfirmationsNeeded is how many different people stand behind an article when two_person is on.
const ConfirmationsNeeded = 2

// Article is a 图文: its text, its plan, its state.
type Article struct {
	ID          int64  `gorm:"primaryKey"`
	AppID       string `gorm:"column:appid"`
	Title       string
	URL         string `gorm:"column:url"`
	Digest      string
	Author      string
	Cover       string
	Content     string // cleaned HTML
	CourseID    *int64
	ColumnName  string // 栏目
	PlannedAt   *time.Time
	Goal        string // what it shall reach, in the author's words; fixed at publishing
	WindowDays  int    // fixed at publishing
	State       ArticleState
	Version     int64 // grows with every save
	ContentHash string
	CreatedBy   string // operators' names: who and when is told to the next one who saves
	UpdatedBy   string
	PublishedBy string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	PublishedAt *time.Time
	MsgDataID   *string `gorm:"column:msg_data_id"` // WeChat's number of the mass send that carried it, when known
	MsgIndex    *int    // its place in that send, from 1
}

// Hash is what a confirmation stands for: everything a reader sees, and where the card leads. Plan, goal and
// state may change without asking again.
func (a Article) Hash() string {
	b, err := json.Marshal([]any{a.Title, a.URL, a.Digest, a.Author, a.Cover, a.Content, a.CourseID})
	if err != nil {
		panic(err) // strings and an int: cannot fail
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Resave puts a's state right after its fields were changed: a change of what was confirmed, or was about to
// be, asks again.
func (a *Article) Resave() {
	hash := a.Hash()
	if hash != a.ContentHash && a.State == ArticleConfirmed {
		a.State = ArticleWaiting
	}
	a.ContentHash = hash
}

// Confirm moves a after a confirmation; yes is how many different enabled operators now stand behind the
// very same content, and need how many must.
func (a *Article) Confirm(yes, need int) {
	if a.State == ArticlePublished {
		return
	}
	a.State = ArticleWaiting
	if yes >= need {
		a.State = ArticleConfirmed
	}
}

// ArticleConfirmation is one operator's yes to one exact content.
type ArticleConfirmation struct {
	ID           int64 `gorm:"primaryKey"`
	ArticleID    int64
	OperatorID   int64
	OperatorName string
	ContentHash  string
	Version      int64
	Comment      string
	CreatedAt    time.Time
}
