package wechat

import (
	"context"
	"encoding/json"

	"loudou/model"
)

// Tags lists the account's tags. Source: 获取公众号已创建的标签.
func (c *Client) Tags(ctx context.Context) ([]model.Tag, error) {
	var out struct {
		Tags []struct {
			ID    int64  `json:"id"`
			Name  string `json:"name"`
			Count int64  `json:"count"`
		} `json:"tags"`
	}
	if err := c.get(ctx, "/cgi-bin/tags/get", nil, &out); err != nil {
		return nil, err
	}
	tags := make([]model.Tag, 0, len(out.Tags))
	for _, t := range out.Tags {
		tags = append(tags, model.Tag{ID: t.ID, Name: t.Name, Fans: t.Count})
	}
	return tags, nil
}

type tagWire struct {
	ID   int64  `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// TagCreate makes a tag and gives its number. ErrConflict for a name that is there, or the 101st tag. Source: 创建标签.
func (c *Client) TagCreate(ctx context.Context, name string) (int64, error) {
	const path = "/cgi-bin/tags/create"
	var out struct {
		Tag struct {
			ID json.Number `json:"id"`
		} `json:"tag"`
	}
	if err := c.post(ctx, path, map[string]any{"tag": tagWire{Name: name}}, &out); err != nil {
		return 0, err
	}
	id, err := out.Tag.ID.Int64()
	if err != nil {
		return 0, unreadable(path)
	}
	return id, nil
}

// TagRename gives a tag another name. ErrForbidden for WeChat's own tags. Source: 编辑标签.
func (c *Client) TagRename(ctx context.Context, id int64, name string) error {
	return c.post(ctx, "/cgi-bin/tags/update", map[string]any{"tag": tagWire{id, name}}, nil)
}

// TagDelete takes a tag away, from every fan too. ErrConflict while more than 100 000 bear it. Source: 删除标签.
func (c *Client) TagDelete(ctx context.Context, id int64) error {
	return c.post(ctx, "/cgi-bin/tags/delete", map[string]any{"tag": tagWire{ID: id}}, nil)
}

// TagFans gives a tag to at most 50 fans, or takes it from them; one that has it already is no error. Source:
// 批量为用户打标签, 批量为用户取消标签.
func (c *Client) TagFans(ctx context.Context, id int64, openids []model.OpenID, on bool) error {
	path := "/cgi-bin/tags/members/batchtagging"
	if !on {
		path = "/cgi-bin/tags/members/batchuntagging"
	}
	if len(openids) < 1 || len(openids) > model.TagFansMost {
		return decline(path, "openid_list", "一次最多 50 人")
	}
	return c.post(ctx, path, map[string]any{"openid_list": openids, "tagid": id}, nil)
}

// Remark names a fan for us alone: fewer than 30 characters, empty to take it away. Source: 设置用户备注名.
func (c *Client) Remark(ctx context.Context, openid model.OpenID, remark string) error {
	return c.post(ctx, "/cgi-bin/user/info/updateremark", map[string]any{"openid": openid, "remark": remark}, nil)
}

// Block puts at most 20 fans on the black list, or takes them off it. Source: 拉黑用户, 取消拉黑用户.
func (c *Client) Block(ctx context.Context, openids []model.OpenID, on bool) error {
	path := "/cgi-bin/tags/members/batchblacklist"
	if !on {
		path = "/cgi-bin/tags/members/batchunblacklist"
	}
	if len(openids) < 1 || len(openids) > model.BlockMost {
		return decline(path, "openid_list", "一次最多 20 人")
	}
	return c.post(ctx, path, map[string]any{"openid_list": openids}, nil)
}

// Blocked gives one page of the black list after next; next is "" at the start and at the end. Source:
// 获取公众号的黑名单列表.
func (c *Client) Blocked(ctx context.Context, next string) (openids []model.OpenID, after string, err error) {
	var out struct {
		Data struct {
			OpenIDs []model.OpenID `json:"openid"`
		} `json:"data"`
		Next string `json:"next_openid"`
	}
	if err := c.post(ctx, "/cgi-bin/tags/members/getblacklist", map[string]any{"begin_openid": next}, &out); err != nil {
		return nil, "", err
	}
	if len(out.Data.OpenIDs) > 0 && out.Next != next {
		after = out.Next
	}
	return out.Data.OpenIDs, after, nil
}
