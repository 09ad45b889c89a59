package wechat

import (
	"context"
	"encoding/json"

	"loudou/model"
)

func massBody(m model.MassMessage) map[string]any {
	body := map[string]any{"msgtype": string(m.Kind)}
	switch m.Kind {
	case model.BroadcastText:
		body["text"] = map[string]any{"content": m.Content}
	case model.BroadcastMPNews:
		reprint := 0
		if m.Reprint {
			reprint = 1
		}
		body["mpnews"], body["send_ignore_reprint"] = map[string]any{"media_id": m.MediaID}, reprint
	case model.BroadcastImages:
		body["msgtype"] = "image"
		body["images"] = map[string]any{"media_ids": m.MediaIDs}
	}
	return body
}

// MassSendAll gives WeChat a message for all followers or those with a tag. clientID (at most 32 bytes) guards against a
// repeat for 24 hours: a second call with it is no error, it answers the first one's msg_id with Before set. Errors:
// ErrInvalid, ErrForbidden (48001 …), ErrConflict (45028, no quota left), ErrUnavailable; when the outcome is unknown,
// call again with the same clientID. Source: 根据标签进行群发.
func (c *Client) MassSendAll(ctx context.Context, to model.MassTo, m model.MassMessage, clientID string) (model.MassAccepted, error) {
	const path = "/cgi-bin/message/mass/sendall"
	if clientID == "" || len(clientID) > 32 {
		return model.MassAccepted{}, decline(path, "clientmsgid", "群发的编号不对")
	}
	body := massBody(m)
	filter := map[string]any{"is_to_all": to.All}
	if !to.All {
		filter["tag_id"] = to.TagID
	}
	body["filter"], body["clientmsgid"] = filter, clientID
	var buf string
	buf, err := jsonText(body)
	if err != nil {
		return model.MassAccepted{}, err
	}
	raw, err := c.Post(ctx, path, nil, []byte(buf))
	before := model.CallCode(err) == "45065"
	if err != nil && !before {
		return model.MassAccepted{}, err
	}
	var out struct {
		MsgID     text `json:"msg_id"`
		MsgDataID text `json:"msg_data_id"`
	}
	if json.Unmarshal(raw, &out) != nil || out.MsgID == "" && !before {
		return model.MassAccepted{}, unreadable(path)
	}
	return model.MassAccepted{MsgID: string(out.MsgID), MsgDataID: string(out.MsgDataID), Before: before}, nil
}

// MassPreview shows a mass send to one person, by openid or by WeChat name. A hundred a day. Source: 预览接口.
func (c *Client) MassPreview(ctx context.Context, account string, m model.MassMessage) error {
	body := massBody(m)
	if m.Kind == model.BroadcastImages { // a preview takes one picture
		delete(body, "images")
		body["image"] = map[string]any{"media_id": m.MediaIDs[0]}
	}
	if model.IsOpenID(account) {
		body["touser"] = account
	} else {
		body["towxname"] = account
	}
	return c.post(ctx, "/cgi-bin/message/mass/preview", body, nil)
}

// MassGet asks how a mass send went: SEND_SUCCESS, SENDING, SEND_FAIL or DELETE. It tells no numbers.
// Source: 查询群发消息发送状态.
func (c *Client) MassGet(ctx context.Context, msgID string) (string, error) {
	var out struct {
		Status string `json:"msg_status"`
	}
	err := c.post(ctx, "/cgi-bin/message/mass/get", map[string]string{"msg_id": msgID}, &out)
	return out.Status, err
}

// MassQuota tells how many mass sends the account may make a day, and how many are left. Source: 查询API调用额度.
func (c *Client) MassQuota(ctx context.Context) (limit, left int64, err error) {
	q, err := c.GetQuota(ctx, "/cgi-bin/message/mass/sendall")
	return q.DailyLimit, q.Remain, err
}
