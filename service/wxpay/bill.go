package wxpay

import (
	"context"
	"crypto/sha1" //nolint:gosec // WeChat's choice for the bill's hash
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"

	"loudou/model"
	"loudou/service/store/billfile"
)

const (
	billPath = "/v3/bill/tradebill"
	filePath = "/v3/billdownload/file"
)

// Bill hands each row of the trade bill of a Shanghai day (2026-01-31) to row. The file lies on disk until its
// hash, which WeChat signed, was verified over the unpacked bytes; no row is told of before that. Errors:
// ErrNotFound when there was no trade that day, ErrUnavailable while the bill is not made (10 o'clock of the
// next day) or WeChat does not answer, ErrInvalid when the file is not what was signed or cannot be read.
// Source: 申请交易账单, 下载账单.
func (c *Client) Bill(ctx context.Context, day string, row func(model.BillRow) error) (model.BillSum, error) {
	res, err := c.api.Get(ctx, consts.WechatPayAPIServer+billPath+"?bill_date="+url.QueryEscape(day)+"&bill_type=ALL&tar_type=GZIP")
	if err != nil {
		return model.BillSum{}, noBill(asCall(billPath, err))
	}
	raw, err := read(billPath, res)
	if err != nil {
		return model.BillSum{}, err
	}
	var said struct {
		HashType string `json:"hash_type"`
		Hash     string `json:"hash_value"`
		URL      string `json:"download_url"`
	}
	if json.Unmarshal(raw, &said) != nil || said.URL == "" {
		return model.BillSum{}, unreadable(billPath)
	}
	if !strings.EqualFold(said.HashType, "SHA1") {
		return model.BillSum{}, distrust("不认识的账单校验方式 " + clip(said.HashType, 20))
	}
	at, err := url.Parse(strings.TrimSpace(said.URL))
	if err != nil || at.Host != mainHost && !strings.HasSuffix(at.Host, ".mch.weixin.qq.com") {
		return model.BillSum{}, distrust("账单下载地址不属于微信支付")
	}
	file, err := c.fetch(ctx, at.String(), strings.ToLower(said.Hash))
	if err != nil {
		return model.BillSum{}, err
	}
	defer file.Drop()
	sum, err := model.ReadBill(file, model.ViaJSAPI, row)
	sum.Hash = strings.ToLower(said.Hash)
	return sum, err
}

// fetch brings the unpacked file, its hash verified, from the beginning.
func (c *Client) fetch(ctx context.Context, at, hash string) (*billfile.File, error) {
	res, err := c.files.Get(ctx, at)
	if err != nil {
		return nil, asCall(filePath, err)
	}
	body := res.Response.Body
	defer func() { _ = body.Close() }()
	if res.Response.StatusCode != http.StatusOK {
		return nil, unreadable(filePath)
	}
	file, err := billfile.New()
	if err != nil {
		return nil, err
	}
	h := sha1.New() //nolint:gosec // see above
	err = file.Fill(body, h)
	switch {
	case errors.Is(err, billfile.ErrTooLarge):
		err = distrust("账单大得不合理")
	case err != nil:
		err = asCall(filePath, err)
	case hex.EncodeToString(h.Sum(nil)) != hash:
		err = distrust("账单内容与微信签名的摘要不符")
	default:
		if err = file.Rewind(); err == nil {
			return file, nil
		}
	}
	file.Drop()
	return nil, err
}

// noBill gives the bill's own refusals their kind. Their names are not all on WeChat's pages.
func noBill(err error) error {
	var e *model.CallError
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	switch normal(e.Code) {
	case "NOSTATEMENTEXIST":
		out.Kind, out.Unknown, out.Text = model.ErrNotFound, false, "这一天没有交易，微信没有账单"
	case "STATEMENTCREATING":
		out.Kind, out.Unknown, out.Text = model.ErrUnavailable, false, "微信还在生成这一天的账单"
	}
	return &out
}

func distrust(text string) error {
	return &model.CallError{Call: filePath, Said: "the bill cannot be believed", Kind: model.ErrInvalid, Text: text}
}
