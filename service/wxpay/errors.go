package wxpay

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"

	"loudou/model"
)

// verdict is what one of WeChat Pay's codes means to us.
type verdict struct {
	kind    error
	unknown bool
	text    string
}

const later = "微信支付暂时不可用，请稍后再试"

// verdicts by code, written without underscores: pages spell them both ways. A code that is not here says nothing we
// may rely on, so its outcome is unknown.
var verdicts = map[string]verdict{
	"SIGNERROR":            {model.ErrForbidden, false, "微信支付不认可我们的签名，请检查商户私钥、证书序列号和服务器时间"},
	"NOAUTH":               {model.ErrForbidden, false, "商户号没有开通此项能力"},
	"RULELIMIT":            {model.ErrForbidden, false, "微信支付的业务规则不允许这笔操作"},
	"MCHNOTEXISTS":         {model.ErrForbidden, false, "商户号不存在，请检查微信支付设置"},
	"APPIDMCHIDNOTMATCH":   {model.ErrForbidden, false, "小程序没有绑定这个商户号"},
	"PARAMERROR":           {model.ErrInvalid, false, "微信支付不接受这些参数"},
	"INVALIDREQUEST":       {model.ErrInvalid, false, "微信支付不接受这个请求"},
	"INVALIDTRANSACTIONID": {model.ErrInvalid, false, "微信支付单号不对"},
	"OPENIDMISMATCH":       {model.ErrInvalid, false, "付款人与小程序不匹配"},
	"OUTTRADENOUSED":       {model.ErrConflict, false, "订单号已被使用"},
	"ORDERCLOSED":          {model.ErrConflict, false, "订单在微信支付已关闭"},
	"ORDERPAID":            {model.ErrConflict, false, "订单已支付"},
	"TRADEERROR":           {model.ErrConflict, false, "微信支付拒绝了这笔交易"},
	"USERACCOUNTABNORMAL":  {model.ErrConflict, false, "对方微信账户异常或已注销，无法原路退款"},
	"ORDERNOTEXIST":        {model.ErrNotFound, false, "微信支付没有这笔订单"},
	"RESOURCENOTEXISTS":    {model.ErrNotFound, false, "微信支付没有这笔记录"},
	"FREQUENCYLIMITED":     {model.ErrUnavailable, false, "请求过于频繁，请稍后再试"},
	"RATELIMITEXCEEDED":    {model.ErrUnavailable, false, "请求过于频繁，请稍后再试"},
	"NOTENOUGH":            {model.ErrUnavailable, false, "余额不足，充值后会用同一单号重试"},
	"USERPAYING":           {model.ErrUnavailable, true, "用户正在支付"},
	"SYSTEMERROR":          {model.ErrUnavailable, true, later},
	"BANKERROR":            {model.ErrUnavailable, true, later},
}

func normal(code string) string { return strings.ToUpper(strings.ReplaceAll(code, "_", "")) }

// asCall turns whatever the SDK returned into a *model.CallError without a header, a signature or a URL in it.
func asCall(path string, err error) error {
	out := &model.CallError{Call: path, Kind: model.ErrUnavailable, Text: later, Unknown: true}
	var done *model.CallError
	var api *core.APIError
	var u *url.Error
	switch {
	case errors.As(err, &done):
		return err
	case errors.As(err, &api):
		out.Code, out.Said = clip(api.Code, 64), clip(oneLine(api.Message), 200)
		if v, ok := verdicts[normal(api.Code)]; ok {
			out.Kind, out.Unknown, out.Text = v.kind, v.unknown, v.text
		} else if api.Code == "" {
			out.Said = http.StatusText(api.StatusCode) // not WeChat's form: a proxy, or a wrong address
		}
		if api.StatusCode >= http.StatusInternalServerError { // the number wins over a word: the work may be done
			out.Kind, out.Unknown = model.ErrUnavailable, true
		}
		return out
	case errors.Is(err, context.DeadlineExceeded):
		out.Said = "no answer in time"
	case errors.Is(err, context.Canceled):
		out.Said = "the caller gave up"
	case errors.As(err, &u):
		if out.Said = clip(oneLine(u.Err.Error()), 200); u.Timeout() {
			out.Said = "no answer in time"
		}
	default:
		// The SDK could not read the answer, or its signature is wrong. The SDK's text may hold headers: not repeated.
		out.Said = "the answer could not be verified or read"
	}
	out.Unknown = !notSent(err)
	return out
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
