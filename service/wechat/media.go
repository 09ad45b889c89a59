package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"loudou/model"
)

// uploadLimit is the largest file WeChat takes: a picture or a video.
const uploadLimit = 10 << 20

// UploadMaterial uploads a file: temporary ones live three days, permanent ones until deleted. The name's ending tells
// WeChat the format. Errors: ErrInvalid for size, format, length or title, ErrUnavailable. A repeat makes another one.
// Source: 新增临时素材, 新增永久素材.
func (c *Client) UploadMaterial(ctx context.Context, u model.MaterialUpload) (model.MaterialAt, error) {
	path := "/cgi-bin/media/upload"
	if u.Permanent {
		path = "/cgi-bin/material/add_material"
	}
	limit := model.MaterialLimits[u.Kind]
	if len(limit.Formats) == 0 {
		return model.MaterialAt{}, decline(path, "kind", "这种素材不能上传")
	}
	if len(u.Data) == 0 || int64(len(u.Data)) > limit.Bytes {
		return model.MaterialAt{}, decline(path, "size", fmt.Sprintf("%s应在 %d KB 以内，且不能为空", limit.Name, limit.Bytes>>10))
	}
	var more map[string]string
	if u.Kind == model.MaterialVideo && u.Permanent {
		about, err := jsonText(map[string]string{"title": u.Title, "introduction": u.Intro})
		if err != nil {
			return model.MaterialAt{}, err
		}
		more = map[string]string{"description": about}
	}
	var out struct {
		MediaID string `json:"media_id"`
		Thumb   string `json:"thumb_media_id"` // of a temporary thumb
		URL     string `json:"url"`
		At      int64  `json:"created_at"`
	}
	if err := c.upload(ctx, path, url.Values{"type": {string(u.Kind)}}, u.Name, u.Data, more, &out); err != nil {
		return model.MaterialAt{}, err
	}
	if out.MediaID == "" {
		out.MediaID = out.Thumb
	}
	if out.MediaID == "" {
		return model.MaterialAt{}, unreadable(path)
	}
	return model.MaterialAt{MediaID: out.MediaID, URL: out.URL, At: time.Unix(out.At, 0).UTC()}, nil
}

// MaterialCount says how much permanent material there is by kind; thumbs count as pictures. Source: 获取素材总数.
func (c *Client) MaterialCount(ctx context.Context) (map[model.MaterialKind]int64, error) {
	var out struct {
		Voice int64 `json:"voice_count"`
		Video int64 `json:"video_count"`
		Image int64 `json:"image_count"`
		News  int64 `json:"news_count"`
	}
	err := c.get(ctx, "/cgi-bin/material/get_materialcount", nil, &out)
	return map[model.MaterialKind]int64{model.MaterialImage: out.Image, model.MaterialVoice: out.Voice, model.MaterialVideo: out.Video, model.MaterialNews: out.News}, err
}

// MaterialPage gives a page of permanent material, the latest first: at most 20 after offset, and how many there are.
// Source: 获取素材列表.
func (c *Client) MaterialPage(ctx context.Context, kind model.MaterialKind, offset int) (items []model.MaterialItem, total int, err error) {
	var out struct {
		Total int `json:"total_count"`
		Items []struct {
			ID      string `json:"media_id"`
			Name    string `json:"name"`
			URL     string `json:"url"`
			At      int64  `json:"update_time"`
			Content struct {
				News []struct {
					Title  string `json:"title"`
					Digest string `json:"digest"`
					URL    string `json:"url"`
					Thumb  string `json:"thumb_media_id"`
				} `json:"news_item"`
			} `json:"content"`
		} `json:"item"`
	}
	in := map[string]any{"type": kind, "offset": offset, "count": 20}
	if err := c.post(ctx, "/cgi-bin/material/batchget_material", in, &out); err != nil {
		return nil, 0, err
	}
	for _, i := range out.Items {
		one := model.MaterialItem{MediaID: i.ID, Name: i.Name, URL: i.URL, UpdatedAt: time.Unix(i.At, 0).UTC()}
		for _, n := range i.Content.News {
			one.Articles = append(one.Articles, model.MaterialArticle(n))
		}
		items = append(items, one)
	}
	return items, out.Total, nil
}

// MaterialGet reads permanent material: the bytes of a picture or a sound; of a video its title and words, since its
// film lies elsewhere. ErrInvalid (40007) when there is none. Source: 获取永久素材.
func (c *Client) MaterialGet(ctx context.Context, mediaID string) (model.MaterialContent, error) {
	const path = "/cgi-bin/material/get_material"
	in, err := jsonText(map[string]string{"media_id": mediaID})
	if err != nil {
		return model.MaterialContent{}, err
	}
	raw, err := c.exchange(ctx, request{method: http.MethodPost, path: path, body: []byte(in), kind: jsonType, time: uploadTime, file: true})
	if err != nil {
		return model.MaterialContent{}, err
	}
	var words struct {
		Title string `json:"title"`
		Intro string `json:"description"`
	}
	if bytes.HasPrefix(raw, []byte("{")) && json.Unmarshal(raw, &words) == nil {
		return model.MaterialContent{Title: words.Title, Intro: words.Intro}, nil
	}
	return model.MaterialContent{Data: raw}, nil
}

// MaterialDelete takes permanent material away. ErrInvalid (40007) when there is none, ErrConflict (48005) while a
// menu or WeChat's own auto reply uses it. Source: 删除永久素材.
func (c *Client) MaterialDelete(ctx context.Context, mediaID string) error {
	return c.post(ctx, "/cgi-bin/material/del_material", map[string]string{"media_id": mediaID}, nil)
}
