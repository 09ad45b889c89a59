package wechat

import (
	"context"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// QRCode is a code with a scene. Who scans it sends us subscribe (qrscene_…) or SCAN with Scene.
type QRCode struct {
	Ticket    string
	URL       string     // what the code says
	ImageURL  string     // WeChat's picture of it
	ExpiresAt *time.Time // nil for a permanent code
}

// maxQRLife is WeChat's limit of a temporary code.
const maxQRLife = 30 * 24 * time.Hour

// CreateQRCode makes a code for scene, 1 to 64 characters; life 0 means permanent (100 000 of them in all, for
// ever). Errors: ErrInvalid, ErrUnavailable. Source: 生成带参数的二维码.
func (c *Client) CreateQRCode(ctx context.Context, scene string, life time.Duration) (QRCode, error) {
	const path = "/cgi-bin/qrcode/create"
	if n := utf8.RuneCountInString(scene); n < 1 || n > 64 || !utf8.ValidString(scene) {
		return QRCode{}, decline(path, "scene", "场景值应为 1 到 64 个字符")
	}
	if life < 0 || life > maxQRLife {
		return QRCode{}, decline(path, "expire_seconds", "临时二维码最长 30 天")
	}
	in := map[string]any{
		"action_name": "QR_LIMIT_STR_SCENE",
		"action_info": map[string]any{"scene": map[string]any{"scene_str": scene}},
	}
	if life > 0 {
		in["action_name"], in["expire_seconds"] = "QR_STR_SCENE", max(int(life.Seconds()), 1)
	}
	var out struct {
		Ticket  string `json:"ticket"`
		Seconds int64  `json:"expire_seconds"`
		URL     string `json:"url"`
	}
	asked := c.now()
	if err := c.post(ctx, path, in, &out); err != nil {
		return QRCode{}, err
	}
	if out.Ticket == "" {
		return QRCode{}, unreadable(path)
	}
	code := QRCode{Ticket: out.Ticket, URL: out.URL, ImageURL: c.qrImage(out.Ticket)}
	if life > 0 {
		if out.Seconds > 0 {
			life = time.Duration(out.Seconds) * time.Second
		}
		end := asked.Add(life).UTC()
		code.ExpiresAt = &end
	}
	return code, nil
}

// qrImage is the picture's address: WeChat serves pictures from another host, a fake from its own.
func (c *Client) qrImage(ticket string) string {
	host := "https://mp.weixin.qq.com"
	if c.base != nil {
		host = c.base.Scheme + "://" + c.base.Host
	}
	return host + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket)
}
