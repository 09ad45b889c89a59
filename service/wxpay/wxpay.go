// Package wxpay takes and returns money through WeChat Pay v3 (JSAPI, direct merchant). It is the only importer of
// wechatpay-go and owns no table. Every answer and notification is verified, by the WeChat Pay public key, by
// platform certificates, or by either while a merchant moves from one to the other.
//
// Errors are *model.CallError: Unknown tells a call that may have taken effect from one that was refused. Source for
// everything here: WeChat Pay v3, pay.weixin.qq.com/doc/v3/merchant.
package wxpay

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"loudou/model"
)

// Options are the merchant's settings. PublicKeyID and PublicKey are empty where the merchant still uses platform
// certificates. Keys are PEM text.
type Options struct {
	API         string // base URL; empty means WeChat's own hosts
	AppID       string // the Mini Program's
	MchID       string
	Serial      string // of the merchant certificate
	PrivateKey  string
	APIv3Key    string
	PublicKeyID string
	PublicKey   string
	Timeout     time.Duration     // for one call; default 6 s
	Transport   http.RoundTripper // below ours; default one of its own
}

// Client calls WeChat Pay for one merchant and one app. It is safe for many callers at once.
type Client struct {
	o     Options
	api   *core.Client
	files *core.Client // answers are neither signed nor short: bills
	keys  *keyring
	now   func() time.Time // the real clock: ages of signatures are WeChat's business, not ours
}

// New checks the settings without calling anybody; a wrong one is ErrInvalid and names the field.
func New(o Options) (*Client, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "微信支付设置有误")
	for _, f := range []struct{ name, value string }{{"appid", o.AppID}, {"mchid", o.MchID}, {"serial", o.Serial}} {
		if f.value == "" {
			bad.Field(f.name, "必须填写")
		}
	}
	if len(o.APIv3Key) != 32 {
		bad.Field("apiv3_key", "APIv3 密钥必须是 32 个字节")
	}
	private, err := utils.LoadPrivateKey(o.PrivateKey)
	if err != nil {
		bad.Field("private_key", "不是商户私钥 apiclient_key.pem 的内容")
	}
	var public *rsa.PublicKey
	if o.PublicKey != "" {
		if public, err = utils.LoadPublicKey(o.PublicKey); err != nil {
			bad.Field("public_key", "不是微信支付公钥 pub_key.pem 的内容（商户证书不能用在这里）")
		}
	}
	if (o.PublicKey == "") != (o.PublicKeyID == "") {
		bad.Field("public_key_id", "微信支付公钥和公钥 ID 要么都填，要么都不填")
	}
	base, err := baseURL(o.API)
	if err != nil {
		bad.Field("api", "不是可用的网址")
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	if o.Timeout <= 0 {
		o.Timeout = 6 * time.Second
	}
	hc := &http.Client{
		Transport:     &transport{base: base, next: o.Transport},
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := &Client{o: o, now: time.Now}
	c.keys = &keyring{id: o.PublicKeyID, public: public, apiV3Key: o.APIv3Key, now: func() time.Time { return c.now() }}
	ctx := context.Background() // the SDK wants one and does not use it while building
	merchant := option.WithMerchantCredential(o.MchID, o.Serial, private)
	if c.keys.api, err = core.NewClient(ctx, merchant, option.WithoutValidator(), option.WithHTTPClient(hc)); err != nil {
		return nil, fmt.Errorf("wechat pay client: %w", err)
	}
	slow := &http.Client{Transport: &transport{base: base, next: o.Transport, whole: true}, Timeout: 10 * time.Minute, CheckRedirect: hc.CheckRedirect}
	if c.files, err = core.NewClient(ctx, merchant, option.WithoutValidator(), option.WithHTTPClient(slow)); err != nil {
		return nil, fmt.Errorf("wechat pay client: %w", err)
	}
	if c.api, err = core.NewClient(ctx, merchant, option.WithVerifier(c.keys), option.WithHTTPClient(hc)); err != nil {
		return nil, fmt.Errorf("wechat pay client: %w", err)
	}
	return c, nil
}

func baseURL(api string) (*url.URL, error) {
	if api == "" {
		return nil, nil
	}
	u, err := url.Parse(api)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("bad base URL")
	}
	if u.Host == mainHost {
		return nil, nil // then the second site may stand in
	}
	return u, nil
}

// MchID is the merchant whose money this client moves.
func (c *Client) MchID() string { return c.o.MchID }

var (
	tradeNo  = regexp.MustCompile(`^[0-9A-Za-z_\-*]{6,32}$`)
	refundNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)
)

// clip cuts s to at most n bytes without cutting a character.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
