package wechat

import (
	"context"
	"maps"
	"slices"

	"loudou/model"
)

// NoticeTemplates lists the account's templates of a kind. Errors: ErrForbidden (48001, the account has no such
// ability), ErrUnavailable. Source: 获取已添加至账号下所有模板列表, 获取帐号下的模板列表.
func (c *Client) NoticeTemplates(ctx context.Context, kind model.NoticeKind) ([]model.NoticeTemplate, error) {
	var list []model.NoticeTemplate
	if kind == model.NoticeSubscribe {
		var out struct {
			Data []struct {
				ID      string `json:"priTmplId"`
				Title   string `json:"title"`
				Content string `json:"content"`
				Example string `json:"example"`
			} `json:"data"`
		}
		if err := c.get(ctx, "/wxaapi/newtmpl/gettemplate", nil, &out); err != nil {
			return nil, err
		}
		for _, t := range out.Data {
			list = append(list, model.NoticeTemplate{Kind: kind, TemplateID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example})
		}
		return list, nil
	}
	var out struct {
		List []struct {
			ID      string `json:"template_id"`
			Title   string `json:"title"`
			Content string `json:"content"`
			Example string `json:"example"`
		} `json:"template_list"`
	}
	if err := c.get(ctx, "/cgi-bin/template/get_all_private_template", nil, &out); err != nil {
		return nil, err
	}
	for _, t := range out.List {
		list = append(list, model.NoticeTemplate{Kind: kind, TemplateID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example})
	}
	return list, nil
}

// SendNotice sends m to a fan and gives WeChat's number of it, under which its end is pushed. A template message
// with the same ClientID goes to the same fan once in ten minutes; what a repeat answers WeChat's page does not say, here
// any errcode 0 is taken for "it went out". A subscription notice has no such guard, and whether its answer has a
// msgid is not confirmed: it may be "". Errors: ErrConflict (43004 not following, 43101 refused), ErrInvalid (40003, 40037,
// 41030, 47003), ErrUnavailable (45009, 45011). Source: 发送模板消息, 发送订阅通知.
func (c *Client) SendNotice(ctx context.Context, to model.OpenID, m model.NoticeMessage) (msgID string, err error) {
	path, link := "/cgi-bin/message/template/send", "url"
	if m.Kind == model.NoticeSubscribe {
		path, link = "/cgi-bin/message/subscribe/bizsend", "page"
	}
	data := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		data[key] = map[string]string{"value": m.Data[key]}
	}
	body := map[string]any{"touser": to, "template_id": m.TemplateID, "data": data}
	if m.URL != "" {
		body[link] = m.URL
	}
	if m.MiniAppID != "" {
		body["miniprogram"] = map[string]string{"appid": m.MiniAppID, "pagepath": m.MiniPath}
	}
	if m.Kind == model.NoticeTemplated && m.ClientID != "" {
		body["client_msg_id"] = m.ClientID
	}
	var out struct {
		MsgID text `json:"msgid"`
	}
	if err := c.post(ctx, path, body, &out); err != nil {
		return "", err
	}
	return string(out.MsgID), nil
}
