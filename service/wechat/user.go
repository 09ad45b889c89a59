package wechat

import (
	"context"
	"regexp"
	"time"

	offctx "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/user"

	"loudou/model"
)

// UserInfo is what WeChat still tells of a follower: no nickname and no picture since the end of 2021.
type UserInfo struct {
	OpenID         model.OpenID
	UnionID        string // empty unless bound to an open-platform account
	Subscribed     bool
	SubscribeAt    *time.Time // nil when not following
	SubscribeScene string     // ADD_SCENE_…
	QRScene        string     // the scene they came through, number or text
	Remark         string
	TagIDs         []int
}

var openidForm = regexp.MustCompile(`^[0-9A-Za-z_-]{6,64}$`)

// UserInfo asks about one openid. Errors: ErrInvalid for an openid of another account, ErrUnavailable.
// Source: 获取用户基本信息.
func (c *Client) UserInfo(ctx context.Context, openid model.OpenID) (UserInfo, error) {
	const path = "/cgi-bin/user/info"
	if !openidForm.MatchString(string(openid)) {
		return UserInfo{}, decline(path, "openid", "openid 不对")
	}
	var info *user.Info
	err := c.official(ctx, path, func(oa *offctx.Context) (err error) {
		info, err = user.NewUser(oa).GetUserInfo(string(openid))
		return err
	})
	if err != nil {
		return UserInfo{}, err
	}
	out := UserInfo{
		OpenID: openid, UnionID: info.UnionID, Subscribed: info.Subscribe == 1,
		SubscribeScene: info.SubscribeScene, QRScene: info.QrSceneStr, Remark: info.Remark,
	}
	if out.QRScene == "" && info.QrScene != 0 {
		out.QRScene = itoa(info.QrScene)
	}
	if out.Subscribed && info.SubscribeTime > 0 {
		at := time.Unix(int64(info.SubscribeTime), 0).UTC()
		out.SubscribeAt = &at
	}
	for _, id := range info.TagIDList {
		out.TagIDs = append(out.TagIDs, int(id))
	}
	return out, nil
}

// UserList gives one page (at most 10 000) of the followers after next; next is "" at the start and at the end.
// Source: 获取用户列表.
func (c *Client) UserList(ctx context.Context, next string) (openids []model.OpenID, after string, total int, err error) {
	const path = "/cgi-bin/user/get"
	if next != "" && !openidForm.MatchString(next) {
		return nil, "", 0, decline(path, "next_openid", "openid 不对")
	}
	var list *user.OpenidList
	err = c.official(ctx, path, func(oa *offctx.Context) (err error) {
		list, err = user.NewUser(oa).ListUserOpenIDs(next)
		return err
	})
	if err != nil {
		return nil, "", 0, err
	}
	for _, id := range list.Data.OpenIDs {
		openids = append(openids, model.OpenID(id))
	}
	if len(openids) > 0 { // the last page names its own end; the one after it is empty
		after = list.NextOpenID
	}
	return openids, after, list.Total, nil
}
