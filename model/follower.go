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
	Remark         string
}

// FollowerChange is one follow or unfollow.
type FollowerChange struct {
	Kind  string // follow, unfollow
	Scene string
	At    time.Time
}

// FollowerInfo is what WeChat says about one openid.
type FollowerInfo struct {
	Subscribed     bool
	UnionID        string
	SubscribeScene string
}

var subscribeScenes = map[string]string{
	"ADD_SCENE_SEARCH": "搜索", "ADD_SCENE_ACCOUNT_MIGRATION": "账号迁移", "ADD_SCENE_PROFILE_CARD": "名片分享", "ADD_SCENE_QR_CODE": "扫码",
	"ADD_SCENE_PROFILE_LINK": "图文内名称", "ADD_SCENE_PROFILE_ITEM": "图文右上角", "ADD_SCENE_PAID": "支付后关注", "ADD_SCENE_WECHAT_ADVERTISEMENT": "广告",
	"ADD_SCENE_REPRINT": "他人转载", "ADD_SCENE_LIVESTREAM": "视频号直播", "ADD_SCENE_CHANNELS": "视频号", "ADD_SCENE_WXA": "小程序", "ADD_SCENE_OTHERS": "其他",
}

// CameFrom is the follower's way here in Chinese; "" when not known.
func (f *Follower) CameFrom() string { return subscribeScenes[f.SubscribeScene] }

// SceneCode is a QR code with a scene: who scans it is counted under Scene.
type SceneCode struct {
	ID         int64
	Scene      string
	Permanent  bool
	Channel    string
	CampaignID int64
	Ticket     string // empty until WeChat made the code
	URL        string
	ExpiresAt  *time.Time
	By         string
	CreatedAt  time.Time
	Scans      int64
	NewFans    int64
}

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
