package wechat

import (
	"context"

	"loudou/model"
)

// SendCustom sends m to a fan as a customer-service message. WeChat lets us only for a while after the fan did
// something. Errors: ErrConflict (45015 the time is over, 45047 too many, 48002 the fan refuses), ErrInvalid,
// ErrUnavailable; when the outcome is unknown a repeat may show the message twice. Source: 客服接口-发消息.
func (c *Client) SendCustom(ctx context.Context, to model.OpenID, m model.Message) error {
	const path = "/cgi-bin/message/custom/send"
	body := m.Custom(to)
	if body == nil {
		return decline(path, "a message of type "+m.Type, "这种消息不能作为客服消息发送")
	}
	if m.KfAccount != "" {
		body["customservice"] = map[string]any{"kf_account": m.KfAccount}
	}
	return c.post(ctx, path, body, nil)
}
