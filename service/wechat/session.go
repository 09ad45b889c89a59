package wechat

import (
	"context"
	"net/http"
	"net/url"

	"loudou/model"
)

// Code2Session exchanges the code of wx.login, once: a code is good for one call. Errors: ErrInvalid (a code WeChat
// refuses; one that cannot be a code is not sent), ErrForbidden (a high-risk person), ErrUnavailable.
// Source: 小程序登录, code2Session.
func (c *Client) Code2Session(ctx context.Context, code string) (model.MiniSession, error) {
	const path = "/sns/jscode2session"
	if !model.GoodLoginCode(code) {
		return model.MiniSession{}, decline(path, "js_code", "登录凭证无效，请重新进入")
	}
	raw, err := c.exchange(ctx, request{method: http.MethodGet, path: path, bare: true, query: url.Values{
		"appid": {c.o.AppID}, "secret": {c.o.Secret}, "js_code": {code}, "grant_type": {"authorization_code"},
	}})
	var out struct {
		OpenID     string `json:"openid"`
		SessionKey string `json:"session_key"`
		UnionID    string `json:"unionid"`
	}
	if err := readInto(path, raw, err, &out); err != nil {
		return model.MiniSession{}, err
	}
	if out.OpenID == "" || out.SessionKey == "" {
		return model.MiniSession{}, unreadable(path)
	}
	return model.MiniSession{OpenID: model.OpenID(out.OpenID), UnionID: out.UnionID, SessionKey: out.SessionKey}, nil
}
