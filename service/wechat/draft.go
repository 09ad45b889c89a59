package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"loudou/model"
)

// DraftAdd puts articles (1–8) into the draft box and returns the draft's media_id. Errors: ErrInvalid names the
// field WeChat refused, ErrForbidden, ErrUnavailable. A repeat makes a second draft. Source: 新建草稿.
func (c *Client) DraftAdd(ctx context.Context, articles []model.DraftArticle) (string, error) {
	const path = "/cgi-bin/draft/add"
	var out struct {
		MediaID string `json:"media_id"`
	}
	if err := c.post(ctx, path, map[string]any{"articles": articles}, &out); err != nil {
		return "", err
	}
	if out.MediaID == "" {
		return "", unreadable(path)
	}
	return out.MediaID, nil
}

// DraftUpdate replaces article index (from 0) of a draft. ErrInvalid (40007) when the draft is gone from the box.
// Source: 修改草稿.
func (c *Client) DraftUpdate(ctx context.Context, mediaID string, index int, article model.DraftArticle) error {
	return c.post(ctx, "/cgi-bin/draft/update", map[string]any{"media_id": mediaID, "index": index, "articles": article}, nil)
}

// DraftGet reads the articles of a draft. Source: 获取草稿.
func (c *Client) DraftGet(ctx context.Context, mediaID string) ([]model.DraftArticle, error) {
	var out struct {
		Items []model.DraftArticle `json:"news_item"`
	}
	err := c.post(ctx, "/cgi-bin/draft/get", map[string]string{"media_id": mediaID}, &out)
	return out.Items, err
}

// DraftDelete takes a draft out of the box. Source: 删除草稿.
func (c *Client) DraftDelete(ctx context.Context, mediaID string) error {
	return c.post(ctx, "/cgi-bin/draft/delete", map[string]string{"media_id": mediaID}, nil)
}

// PublishSubmit asks WeChat to publish a draft without telling the followers. No error means accepted: the end comes
// by PUBLISHJOBFINISH or PublishGet. ErrForbidden (48001) where the account lost the right. Source: 发布接口.
func (c *Client) PublishSubmit(ctx context.Context, mediaID string) (publishID, msgDataID string, err error) {
	const path = "/cgi-bin/freepublish/submit"
	var out struct {
		PublishID text `json:"publish_id"`
		MsgDataID text `json:"msg_data_id"`
	}
	if err := c.post(ctx, path, map[string]string{"media_id": mediaID}, &out); err != nil {
		return "", "", err
	}
	if out.PublishID == "" {
		return "", "", unreadable(path)
	}
	return string(out.PublishID), string(out.MsgDataID), nil
}

// PublishGet asks how a publication goes. Source: 发布状态轮询接口.
func (c *Client) PublishGet(ctx context.Context, publishID string) (model.Publication, error) {
	var out struct {
		PublishID text   `json:"publish_id"`
		Status    int    `json:"publish_status"`
		ArticleID string `json:"article_id"`
		Detail    struct {
			Items []struct {
				URL string `json:"article_url"`
			} `json:"item"`
		} `json:"article_detail"`
		Failed []int `json:"fail_idx"`
	}
	if err := c.post(ctx, "/cgi-bin/freepublish/get", map[string]string{"publish_id": publishID}, &out); err != nil {
		return model.Publication{}, err
	}
	p := model.Publication{PublishID: string(out.PublishID), Status: out.Status, ArticleID: out.ArticleID, Failed: out.Failed}
	for _, i := range out.Detail.Items {
		p.URLs = append(p.URLs, i.URL)
	}
	return p, nil
}

// PublishDelete takes a published article away for good; index from 1, 0 all of them. Source: 删除发布.
func (c *Client) PublishDelete(ctx context.Context, articleID string, index int) error {
	return c.post(ctx, "/cgi-bin/freepublish/delete", map[string]any{"article_id": articleID, "index": index}, nil)
}

// contentLimit is WeChat's limit of a picture inside an article.
const contentLimit = 1 << 20

// UploadContentPicture gives a picture (jpg or png under 1 MB) the address that an article may show it by; it counts
// against no limit. Source: 上传图文消息内的图片获取URL.
func (c *Client) UploadContentPicture(ctx context.Context, name string, picture []byte) (string, error) {
	const path = "/cgi-bin/media/uploadimg"
	if len(picture) == 0 || len(picture) >= contentLimit {
		return "", decline(path, "size", "正文里的图片应小于 1 MB，且不能为空")
	}
	var out struct {
		URL string `json:"url"`
	}
	if err := c.upload(ctx, path, nil, name, picture, nil, &out); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", unreadable(path)
	}
	return out.URL, nil
}

// upload posts a file as the multipart field media, with other fields beside it.
func (c *Client) upload(ctx context.Context, path string, query url.Values, name string, file []byte, more map[string]string, out any) error {
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	head := textproto.MIMEHeader{}
	quoted := strings.NewReplacer(`\`, "_", `"`, "_", "\r", "_", "\n", "_").Replace(name)
	head.Set("Content-Disposition", `form-data; name="media"; filename="`+quoted+`"`)
	head.Set("Content-Type", http.DetectContentType(file))
	part, err := form.CreatePart(head)
	if err == nil {
		_, err = part.Write(file)
	}
	for k, v := range more {
		if err == nil {
			err = form.WriteField(k, v)
		}
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return err
	}
	raw, err := c.exchange(ctx, request{method: http.MethodPost, path: path, query: query, body: buf.Bytes(), kind: form.FormDataContentType(), time: uploadTime})
	return readInto(path, raw, err, out)
}

// jsonText writes v without \u003c-escapes.
func jsonText(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(buf.String(), "\n"), err
}
