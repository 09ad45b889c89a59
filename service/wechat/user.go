package wechat

import (
	"context"
	"errors"
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
	Unreadable     bool // WeChat's answer about this one cannot be read; nothing else is known
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

// UserMost is how many openids UserBatch takes.
const UserMost = 100

// unreadableMost is how many of one batch may be unreadable before it is no longer a matter of single fans.
const unreadableMost = 5

// UserBatch asks about at most 100 openids. Should the answer be unreadable or refused for one among them, it
// is found by halves, and comes back as Unreadable beside the others. Source: 批量获取用户基本信息.
func (c *Client) UserBatch(ctx context.Context, openids []model.OpenID) ([]UserInfo, error) {
	const path = "/cgi-bin/user/info/batchget"
	if len(openids) < 1 || len(openids) > UserMost {
		return nil, decline(path, "user_list", "一次最多 100 人")
	}
	left := unreadableMost
	return c.userBatch(ctx, path, openids, &left)
}

func (c *Client) userBatch(ctx context.Context, path string, openids []model.OpenID, left *int) ([]UserInfo, error) {
	type who struct {
		OpenID model.OpenID `json:"openid"`
		Lang   string       `json:"lang"`
	}
	in := make([]who, 0, len(openids))
	for _, o := range openids {
		in = append(in, who{o, "zh_CN"})
	}
	var out struct {
		List []struct {
			Subscribe      int          `json:"subscribe"`
			OpenID         model.OpenID `json:"openid"`
			SubscribeTime  int64        `json:"subscribe_time"`
			UnionID        string       `json:"unionid"`
			Remark         string       `json:"remark"`
			TagIDs         []int        `json:"tagid_list"`
			SubscribeScene string       `json:"subscribe_scene"`
			QRScene        int          `json:"qr_scene"`
			QRSceneStr     string       `json:"qr_scene_str"`
		} `json:"user_info_list"`
	}
	err := c.post(ctx, path, map[string]any{"user_list": in}, &out)
	var call *model.CallError
	if errors.As(err, &call) && (call.Said == garbled || errors.Is(call.Kind, model.ErrInvalid)) {
		if len(openids) == 1 {
			if *left--; *left < 0 {
				return nil, err
			}
			return []UserInfo{{OpenID: openids[0], Unreadable: true}}, nil
		}
		half := len(openids) / 2
		first, err := c.userBatch(ctx, path, openids[:half], left)
		if err != nil {
			return nil, err
		}
		second, err := c.userBatch(ctx, path, openids[half:], left)
		return append(first, second...), err
	}
	if err != nil {
		return nil, err
	}
	infos := make([]UserInfo, 0, len(out.List))
	for _, u := range out.List {
		i := UserInfo{OpenID: u.OpenID, UnionID: u.UnionID, Subscribed: u.Subscribe == 1, SubscribeScene: u.SubscribeScene, QRScene: u.QRSceneStr, Remark: u.Remark, TagIDs: u.TagIDs}
		if i.QRScene == "" && u.QRScene != 0 {
			i.QRScene = itoa(u.QRScene)
		}
		if i.Subscribed && u.SubscribeTime > 0 {
			at := time.Unix(u.SubscribeTime, 0).UTC()
			i.SubscribeAt = &at
		}
		infos = append(infos, i)
	}
	return infos, nil
}
