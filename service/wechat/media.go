package wechat

import (
	"bytes"
	"context"

	offctx "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/material"
)

// uploadLimit is WeChat's limit of a picture.
const uploadLimit = 10 << 20

// Media is uploaded material.
type Media struct {
	MediaID string
	URL     string // permanent pictures only
}

// UploadMedia uploads a picture: temporary ones live three days, permanent ones (100 000 in all) until deleted.
// name tells WeChat the format by its ending. Errors: ErrInvalid for size and format, ErrUnavailable.
// Source: 新增临时素材, 新增永久素材.
func (c *Client) UploadMedia(ctx context.Context, name string, picture []byte, permanent bool) (Media, error) {
	path := "/cgi-bin/media/upload"
	if permanent {
		path = "/cgi-bin/material/add_material"
	}
	if len(picture) == 0 || len(picture) > uploadLimit {
		return Media{}, decline(path, "size", "图片应在 10 MB 以内，且不能为空")
	}
	var out Media
	err := c.official(ctx, path, func(oa *offctx.Context) error {
		m := material.NewMaterial(oa)
		if permanent {
			id, url, err := m.AddMaterialFromReader(material.MediaTypeImage, name, bytes.NewReader(picture))
			out = Media{MediaID: id, URL: url}
			return err
		}
		res, err := m.MediaUploadFromReader(material.MediaTypeImage, name, bytes.NewReader(picture))
		out = Media{MediaID: res.MediaID}
		return err
	})
	if err == nil && out.MediaID == "" {
		err = unreadable(path)
	}
	return out, err
}
