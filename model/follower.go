package model

import "time"

// Follower is a person subscribed to the Official Account, now or once. There is no nickname: WeChat does
// not tell any.
type Follower struct {
	ID             int64
	AppID          string
	OpenID         OpenID
	PersonID       int64
	UnionID        string
	Subscribed     bool
	SubscribedAt   *time.Time // the last follow we know of
	UnsubscribedAt *time.Time
	SubscribeScene string // ADD_SCENE_…, as WeChat says how they came
	Scene          string // the QR code of the last follow
	Follows        int64
	Remark         string // ours, kept at WeChat
	Blocked        bool
	Tags           []Tag
}

// Tag is a label at WeChat that fans may bear; 0, 1 and 2 are WeChat's own.
type Tag struct {
	ID   int64
	Name string
	Fans int64 // as WeChat last counted them
}

// How many fans one call to WeChat may name. Source: 批量为用户打标签, 拉黑用户.
const (
	TagFansMost = 50
	BlockMost   = 20
)

// FollowerFilter chooses followers. Zero fields choose all; To is not in.
type FollowerFilter struct {
	Word      string // in the remark, or the beginning of an openid
	TagID     int64
	Following *bool
	Blocked   *bool
	Source    string     // subscribe_scene
	Scene     string     // of the QR code they last came by
	From, To  *time.Time // of the last follow
}

// FollowerChange is one thing that happened to a fan's place here: FollowerFollow and so on.
type FollowerChange struct {
	Kind  string
	Scene string // the QR code, the tag's name or the new remark
	By    string // the operator; empty: the fan
	At    time.Time
}

// The kinds of a FollowerChange. Gone is a fan whom a sync no longer found: WeChat never told us when they left.
const (
	FollowerFollow   = "follow"
	FollowerUnfollow = "unfollow"
	FollowerGone     = "gone"
	FollowerTag      = "tag"
	FollowerUntag    = "untag"
	FollowerRemark   = "remark"
	FollowerBlock    = "block"
	FollowerUnblock  = "unblock"
)

// FollowerInfo is what WeChat says about one openid.
type FollowerInfo struct {
	OpenID         OpenID
	Subscribed     bool
	SubscribedAt   *time.Time
	UnionID        string
	SubscribeScene string
	Scene          string
	Remark         string
	TagIDs         []int64
	Unreadable     bool // WeChat said something of this one that cannot be read: they follow, more is not known
}

// FollowerSync is one walk through all followers at WeChat.
type FollowerSync struct {
	ID         int64
	State      string // running, done, failed, stopped
	Phase      string // pages, gone, blocked
	Total      int64  // as WeChat says
	Seen       int64  // met so far: Fresh and Unchanged
	Fresh      int64  // followed there and not here
	Unchanged  int64
	Gone       int64 // followed here and no longer there
	Unreadable int64
	ResumeAt   *time.Time // set while it waits after an error
	LastError  string     // may be shown
	By         string
	StartedAt  time.Time
	EndedAt    *time.Time
	UpdatedAt  time.Time
}

// FanLine is one line of a fan's story, across both apps. Kind is a FollowerChange's, an event's type, or
// message, menu, reply, order, paid, refunded.
type FanLine struct {
	At    time.Time
	Kind  string
	Text  string // what was said, opened, bought
	Ref   string // the order's number, the id of the rule, course or article behind it
	State string // of a reply or an order
	By    string
	Fen   Fen
}

var subscribeScenes = map[string]string{
	"ADD_SCENE_SEARCH": "搜索", "ADD_SCENE_ACCOUNT_MIGRATION": "账号迁移", "ADD_SCENE_PROFILE_CARD": "名片分享", "ADD_SCENE_QR_CODE": "扫码",
	"ADD_SCENE_PROFILE_LINK": "图文内名称", "ADD_SCENE_PROFILE_ITEM": "图文右上角", "ADD_SCENE_PAID": "支付后关注", "ADD_SCENE_WECHAT_ADVERTISEMENT": "广告",
	"ADD_SCENE_REPRINT": "他人转载", "ADD_SCENE_LIVESTREAM": "视频号直播", "ADD_SCENE_CHANNELS": "视频号", "ADD_SCENE_WXA": "小程序", "ADD_SCENE_OTHERS": "其他",
}

// CameFrom is the follower's way here in Chinese; "" when not known.
func (f *Follower) CameFrom() string { return subscribeScenes[f.SubscribeScene] }

// SubscribeSource tells whether WeChat has such a way to follow.
func SubscribeSource(scene string) bool { return subscribeScenes[scene] != "" }

// Link is a tracked link: /r/{code} counts the click and leads to Target.
type Link struct {
	ID         int64
	Code       string
	Target     string
	Channel    string
	CampaignID int64
	ArticleID  int64
	Clicks     int64
	Robots     int64 // HEAD, previews and crawlers: counted apart
	By         string
	CreatedAt  time.Time
}

// FollowerBulk is a tag given to all that a filter met, or taken from them; or they are put on the black list, or taken off.
type FollowerBulk struct {
	ID        int64
	State     string // running, done, failed, stopped
	Blocks    bool   // it is about the black list
	On        bool   // given, blocked; else taken, unblocked
	TagID     int64  // 0 when it blocks
	Tag       string
	Undoes    int64 // the bulk it takes back; 0: none
	UndoneBy  int64
	Total     int64 // whom the filter met when it began
	Seen      int64
	Changed   int64 // who had not been so before
	Skipped   int64 // had 20 tags, or WeChat would not
	MayUndo   bool
	ResumeAt  *time.Time // set while it waits after an error
	LastError string     // may be shown
	By        string
	StartedAt time.Time
	EndedAt   *time.Time
}
