package wechat

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	minictx "github.com/silenceper/wechat/v2/miniprogram/context"
	"github.com/silenceper/wechat/v2/miniprogram/security"

	"loudou/model"
)

var phoneCode = regexp.MustCompile(`^[0-9A-Za-z_\-=+/]{1,256}$`)

// PhoneNumber exchanges the code of the phone button (not wx.login's), once; WeChat charges for each success.
// Errors: ErrInvalid, ErrUnavailable. Source: 获取手机号.
func (c *Client) PhoneNumber(ctx context.Context, code string) (model.Phone, error) {
	const path = "/wxa/business/getuserphonenumber"
	if !phoneCode.MatchString(code) {
		return model.Phone{}, decline(path, "code", "手机号凭证无效，请重试")
	}
	var out struct {
		Info struct {
			Number    string          `json:"purePhoneNumber"`
			Country   json.RawMessage `json:"countryCode"` // seen as text and as a number
			Watermark struct {
				AppID string `json:"appid"`
			} `json:"watermark"`
		} `json:"phone_info"`
	}
	if err := c.post(ctx, path, map[string]string{"code": code}, &out); err != nil {
		return model.Phone{}, err
	}
	if out.Info.Number == "" || out.Info.Watermark.AppID != c.o.AppID {
		return model.Phone{}, unreadable(path)
	}
	return model.Phone{Number: out.Info.Number, Country: strings.Trim(string(out.Info.Country), `"`)}, nil
}

// Scene says where a text is going to stand, for MsgSecCheck.
type Scene uint8

// The scenes of msg_sec_check.
const (
	SceneProfile Scene = 1
	SceneComment Scene = 2
	SceneForum   Scene = 3
	SceneLog     Scene = 4
)

// TextCheck is WeChat's opinion of a text. Only Suggest counts: no error is no pass.
type TextCheck struct {
	Suggest string // pass, review, risky
	Label   int    // 100 fine; 10001 advertising, 20001 politics …
	TraceID string
}

// MsgSecCheck asks WeChat whether text may be shown. The person must have used the Mini Program within two hours
// (else ErrConflict). text is cut at 2500 characters. Source: 文本内容安全识别.
func (c *Client) MsgSecCheck(ctx context.Context, openid model.OpenID, scene Scene, text string) (TextCheck, error) {
	const path = "/wxa/msg_sec_check"
	if openid == "" || text == "" || !utf8.ValidString(text) {
		return TextCheck{}, decline(path, "openid or content", "没有要检查的内容")
	}
	if r := []rune(text); len(r) > 2500 {
		text = string(r[:2500])
	}
	var res security.MsgCheckResponse
	err := c.mini(ctx, path, func(mp *minictx.Context) (err error) {
		res, err = security.NewSecurity(mp).MsgCheckContext(ctx, &security.MsgCheckRequest{
			OpenID: string(openid), Scene: security.MsgScene(scene), Content: text,
		})
		return err
	})
	if err != nil {
		return TextCheck{}, err
	}
	return TextCheck{Suggest: string(res.Result.Suggest), Label: int(res.Result.Label), TraceID: res.TraceID}, nil
}

// MediaCheckAsync has WeChat fetch the picture at address and look whether it may be shown; what it thinks comes within
// half an hour as the event wxa_media_check with this trace_id. Errors as of MsgSecCheck. Source: 多媒体内容安全识别.
func (c *Client) MediaCheckAsync(ctx context.Context, openid model.OpenID, scene Scene, address string) (traceID string, err error) {
	const path = "/wxa/media_check_async"
	if openid == "" || !strings.HasPrefix(address, "http") {
		return "", decline(path, "openid or media_url", "没有要检查的图片")
	}
	var out struct {
		TraceID string `json:"trace_id"`
	}
	in := map[string]any{"version": 2, "openid": string(openid), "scene": int(scene), "media_url": address, "media_type": 2}
	if err := c.post(ctx, path, in, &out); err != nil {
		return "", err
	}
	if out.TraceID == "" || len(out.TraceID) > 128 {
		return "", unreadable(path)
	}
	return out.TraceID, nil
}

// UploadShippingInfo tells WeChat that the goods of a WeChat Pay payment, nothing but bits, were handed over: in
// Mini Programs under 发货信息管理 the money stays frozen until then. Repeating it corrects the first, once.
// Errors: ErrUnavailable with 10060001 or 10060004 when the payment is too young. Source: 发货信息录入接口.
func (c *Client) UploadShippingInfo(ctx context.Context, transactionID string, payer model.OpenID, item string) error {
	const path = "/wxa/sec/order/upload_shipping_info"
	if transactionID == "" || payer == "" || item == "" {
		return decline(path, "transaction_id, openid or item_desc", "缺少支付单号、付款人或商品名称")
	}
	if r := []rune(item); len(r) > 120 {
		item = string(r[:120])
	}
	// Not through the SDK: it sends empty tracking numbers and contacts, which virtual goods must not have.
	return c.post(ctx, path, map[string]any{
		"order_key":      map[string]any{"order_number_type": 2, "transaction_id": transactionID},
		"logistics_type": 3, // virtual
		"delivery_mode":  1,
		"shipping_list":  []map[string]string{{"item_desc": item}}, // exactly one entry even so
		"upload_time":    c.now().In(model.Shanghai).Format("2006-01-02T15:04:05.000-07:00"),
		"payer":          map[string]string{"openid": string(payer)},
	}, nil)
}

// TradeManaged tells whether this Mini Program is under 发货信息管理, so that UploadShippingInfo is a duty.
func (c *Client) TradeManaged(ctx context.Context) (bool, error) {
	var out struct {
		Managed bool `json:"is_trade_managed"`
	}
	err := c.post(ctx, "/wxa/sec/order/is_trade_managed", map[string]string{"appid": c.o.AppID}, &out)
	return out.Managed, err
}
