package wechat

import (
	"context"
	"encoding/json"
	"time"

	"loudou/model"
)

func body(a model.CommentAt, more map[string]any) map[string]any {
	out := map[string]any{"msg_data_id": json.Number(a.MsgDataID), "index": a.Index}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// CommentSwitch opens or closes the comments of an article. Errors: ErrForbidden (88000), ErrNotFound (88001).
// Source: 打开已群发文章评论, 关闭已群发文章评论.
func (c *Client) CommentSwitch(ctx context.Context, at model.CommentAt, open bool) error {
	path := "/cgi-bin/comment/close"
	if open {
		path = "/cgi-bin/comment/open"
	}
	return c.post(ctx, path, body(at, nil), nil)
}

// CommentList reads comments from begin, the newest first, at most 49 at a time; kind 0 all, 1 ordinary, 2 picked.
// Source: 查看指定文章的评论数据.
func (c *Client) CommentList(ctx context.Context, at model.CommentAt, begin, count, kind int) (list []model.Comment, total int, err error) {
	var out struct {
		Total   int `json:"total"`
		Comment []struct {
			ID      json.Number     `json:"user_comment_id"`
			OpenID  string          `json:"openid"`
			At      json.Number     `json:"create_time"`
			Content string          `json:"content"`
			Type    int             `json:"comment_type"`
			Reply   json.RawMessage `json:"reply"`
		} `json:"comment"`
	}
	if err := c.post(ctx, "/cgi-bin/comment/list", body(at, map[string]any{"begin": begin, "count": count, "type": kind}), &out); err != nil {
		return nil, 0, err
	}
	for _, o := range out.Comment {
		id, _ := o.ID.Int64()
		sec, _ := o.At.Int64()
		m := model.Comment{ID: id, OpenID: model.OpenID(o.OpenID), Content: o.Content, Elected: o.Type == 1, CreatedAt: time.Unix(sec, 0).UTC()}
		m.Reply, m.RepliedAt = readReply(o.Reply)
		list = append(list, m)
	}
	return list, out.Total, nil
}

// readReply takes an object or, as one of WeChat's samples has it, a list of one.
func readReply(raw json.RawMessage) (string, *time.Time) {
	type reply struct {
		Content string      `json:"content"`
		At      json.Number `json:"create_time"`
	}
	var one reply
	var many []reply
	if json.Unmarshal(raw, &one) != nil && json.Unmarshal(raw, &many) == nil && len(many) > 0 {
		one = many[0]
	}
	if one.Content == "" {
		return "", nil
	}
	sec, _ := one.At.Int64()
	at := time.Unix(sec, 0).UTC()
	return one.Content, &at
}

func (c *Client) commentAct(ctx context.Context, path string, at model.CommentAt, id int64, more map[string]any) error {
	in := body(at, more)
	in["user_comment_id"] = id
	return c.post(ctx, path, in, nil)
}

// CommentElect picks a comment, or takes the pick back. Source: 将评论标记精选.
func (c *Client) CommentElect(ctx context.Context, at model.CommentAt, id int64, on bool) error {
	path := "/cgi-bin/comment/unmarkelect"
	if on {
		path = "/cgi-bin/comment/markelect"
	}
	return c.commentAct(ctx, path, at, id, nil)
}

// CommentDelete takes a comment away for good. Source: 删除评论.
func (c *Client) CommentDelete(ctx context.Context, at model.CommentAt, id int64) error {
	return c.commentAct(ctx, "/cgi-bin/comment/delete", at, id, nil)
}

// CommentReply answers a comment; ErrConflict (88005) when it has an answer. Source: 回复评论.
func (c *Client) CommentReply(ctx context.Context, at model.CommentAt, id int64, content string) error {
	return c.commentAct(ctx, "/cgi-bin/comment/reply/add", at, id, map[string]any{"content": content})
}

// CommentUnreply takes the answer away. Source: 删除回复.
func (c *Client) CommentUnreply(ctx context.Context, at model.CommentAt, id int64) error {
	return c.commentAct(ctx, "/cgi-bin/comment/reply/delete", at, id, nil)
}
