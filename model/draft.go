package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// DraftArticle is one article as the Official Account's draft box holds it, in WeChat's own fields.
type DraftArticle struct {
	Title      string `json:"title"`
	Author     string `json:"author"`
	Digest     string `json:"digest"`
	Content    string `json:"content"`
	SourceURL  string `json:"content_source_url"`
	Thumb      string `json:"thumb_media_id"` // permanent
	Comments   int    `json:"need_open_comment"`
	FansOnly   int    `json:"only_fans_can_comment"`
	ArticleURL string `json:"-"`
}

// Hash names what readers would see of a.
func (a DraftArticle) Hash() string {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // texts and numbers: cannot fail
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// DraftState is where an article of ours is at WeChat.
type DraftState string

// The states of a draft. A draft leaves WeChat's box once it is published or mass-sent.
const (
	DraftInBox      DraftState = "in_box"
	DraftPublishing DraftState = "publishing" // accepted, WeChat works at it
	DraftPublished  DraftState = "published"
	DraftFailed     DraftState = "failed"  // publishing failed; it is in the box yet
	DraftSending    DraftState = "sending" // taken by a mass send
	DraftSent       DraftState = "sent"
	DraftDeleted    DraftState = "deleted"
)

// Draft is one article of ours at WeChat: in the draft box, or published from it. An article may have several over
// time, but only one in the box.
type Draft struct {
	ID            int64  `gorm:"primaryKey"`
	AppID         string `gorm:"column:appid"`
	ArticleID     int64
	BoxKey        *string // the article, while it is in the box or on its way out of it: there is one at a time
	MediaID       string  // of the draft; "" while the first call is under way
	Title         string
	State         DraftState
	ArticleHash   string // Article.ContentHash of what was put there
	PushedHash    string // of what WeChat got, pictures and all
	PublishID     string
	PublishStatus *int
	MsgDataID     string
	PublicID      string // WeChat's article_id
	URL           string `gorm:"column:url"`
	LastError     string
	CheckAt       *time.Time // when to ask for the state of the publication
	OperatorName  string
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// TableName says whose table it is.
func (Draft) TableName() string { return "wechat_drafts" }

// Publication is what WeChat says of a publishing job.
type Publication struct {
	PublishID string
	Status    int // 0 done, 1 under way, 2 originality, 3 failed, 4 refused, 5 deleted by us later, 6 banned later
	ArticleID string
	URLs      []string // by place
	Failed    []int    // places that failed, from 1
}

var publishWords = map[int]string{
	0: "已发布", 1: "发布中", 2: "原创校验没有通过", 3: "发布失败", 4: "平台审核没有通过", 5: "发布后已删除", 6: "发布后被平台封禁",
}

// PublishWord is a publication's status in words.
func PublishWord(status int) string {
	if w := publishWords[status]; w != "" {
		return w
	}
	return "未知状态"
}
