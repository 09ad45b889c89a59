package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"loudou/config"
	"loudou/model"
	"loudou/service/connection"
	"loudou/service/course"
	"loudou/service/wechat"
	"loudou/service/wxpay"
	"loudou/service/xpay"
)

// rehearsal walks the road of the money before launch, without money: it signs, orders one fen, asks, and closes; it
// knocks at our own notify address; it asks virtual payment about goods and about an order that never was. Nothing is
// written into our books, and what is left at WeChat is one closed number whose prepay_id nobody ever had.
type rehearsal struct {
	cfg     config.Config
	pay     *wxpay.Client  // nil without WeChat Pay
	xpay    *xpay.Client   // nil without virtual payment
	mini    *wechat.Client // nil without the Mini Program
	courses func(ctx context.Context, f course.Filter) ([]course.Row, int64, error)
	openid  model.OpenID // of the operator in the Mini Program
}

// rehearse walks the road for the learner with this number; 0: for nobody, which leaves out what needs somebody.
func (h *house) rehearse(ctx context.Context, payer int64) []connection.Check {
	r := rehearsal{cfg: h.cfg, pay: h.pay, xpay: h.xpay, mini: h.mini, courses: h.courses.List}
	var l model.Learner
	if payer != 0 {
		err := h.db.WithContext(ctx).Select("openid").Where("id = ? AND appid = ? AND erased_at IS NULL", payer, h.cfg.MiniAppID).Take(&l).Error
		if err != nil {
			return []connection.Check{{Key: "dry_openid", Title: "试单的付款人", State: connection.Bad, Text: fmt.Sprintf("没有编号为 %d 的学员", payer), Fix: howToNumber}}
		}
	}
	r.openid = l.OpenID
	return r.walk(ctx)
}

const howToNumber = "加上 --learner 和您自己的学员编号：用自己的手机打开一次小程序，再在控制台按 Ctrl+K 搜「学员」或您的订单，编号写在上面"

// walk gives one check for each step, in the order the money goes.
func (r rehearsal) walk(ctx context.Context) []connection.Check {
	all := []connection.Check{{Key: "dry_road", Title: "收款方式", State: connection.OK, Text: r.roads()}}
	if r.pay == nil && r.xpay == nil {
		all[0].State, all[0].Fix = connection.Bad, "填好 LOUDOU_PAY_…（微信支付）或 LOUDOU_XPAY_…（虚拟支付）；小程序里卖课多半要用虚拟支付，以微信的运营规范为准"
		return all
	}
	if r.openid == "" {
		all = append(all, connection.Check{Key: "dry_openid", Title: "试单的付款人", State: connection.Bad, Text: "没有给 --learner，下单和查单没有试", Fix: howToNumber})
	}
	if r.pay != nil {
		all = append(all, r.payKeys(), r.payClock(ctx))
		if r.openid != "" {
			all = append(all, r.fen(ctx)...)
		}
		all = append(all, r.notify(ctx), r.duty(ctx))
	}
	if r.xpay != nil {
		all = append(all, r.goods(ctx)...)
		if r.openid != "" {
			all = append(all, r.invented(ctx))
		}
		push := tryEcho(ctx, r.cfg.PublicURL, "/hook/mini", r.cfg.MiniToken)
		push.Key, push.Title = "dry_push", "虚拟支付的推送地址"
		all = append(all, push)
	}
	return all
}

func (r rehearsal) roads() string {
	var names []string
	if r.pay != nil {
		names = append(names, "微信支付，商户号 "+r.pay.MchID())
	}
	if r.xpay != nil {
		name := "虚拟支付"
		if r.xpay.Env() == xpay.Sandbox {
			name += "（沙箱：收不到真钱）"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "微信支付和虚拟支付都没有设置"
	}
	return strings.Join(names, "；")
}

// payKeys says which of WeChat's keys we verify with. A wrong one is found by the first answer; the APIv3 key is needed
// by notices, and by the list of platform certificates.
func (r rehearsal) payKeys() connection.Check {
	out := connection.Check{Key: "dry_keys", Title: "微信支付的公钥", State: connection.OK, Text: "用微信支付公钥 " + r.cfg.PayPublicKeyID + "；APIv3 密钥要到第一条真的通知才验得出"}
	if r.cfg.PayPublicKeyID == "" {
		out.Text = "用平台证书，向微信取；取不到或解不开，下一步会说"
	} else if !strings.HasPrefix(r.cfg.PayPublicKeyID, "PUB_KEY_ID_") {
		out.State, out.Text, out.Fix = connection.Bad, "LOUDOU_PAY_PUBLIC_KEY_ID 不是 PUB_KEY_ID_ 开头", "在商户平台「账户中心 → API 安全 → 微信支付公钥」里抄公钥 ID，不是证书序列号"
	}
	return out
}

func (r rehearsal) payClock(ctx context.Context) connection.Check {
	api := r.cfg.PayAPI
	if api == "" {
		api = "https://api.mch.weixin.qq.com"
	}
	out := tryClock(ctx, api)
	out.Key, out.Title = "dry_clock", "和微信支付的时钟"
	if out.State == connection.Warn { // nothing was heard at all
		out.State = connection.Bad
	}
	return out
}

// fen orders one fen, asks what became of it, and closes it. The number is closed whatever happened between, and dies by
// itself five minutes later should this machine die meanwhile.
func (r rehearsal) fen(ctx context.Context) (all []connection.Check) {
	no := "DRY" + time.Now().In(model.Shanghai).Format("060102") + rand.Text()[:16]
	order := wxpay.Order{OutTradeNo: no, Description: "上线前试单，不收钱", Total: 1, Payer: r.openid, ExpireAt: time.Now().Add(5 * time.Minute), NotifyURL: r.base() + "/hook/pay"}
	call, cancel := context.WithTimeout(ctx, 10*time.Second)
	id, err := r.pay.Prepay(call, order)
	cancel()
	placed := connection.Check{Key: "dry_prepay", Title: "下单（1 分）", State: connection.OK, Text: "微信接受了，单号 " + no}
	if err != nil {
		placed.State, placed.Text, placed.Fix = connection.Bad, callText(err), payAdvice(err)
		all = append(all, placed)
		if !model.OutcomeUnknown(err) {
			return all // refused: there is nothing to close
		}
	} else {
		all = append(all, placed)
	}
	defer func() { all = append(all, r.shut(ctx, no)) }()
	if err != nil {
		return all
	}
	signed := connection.Check{Key: "dry_sign", Title: "给手机的签名", State: connection.OK, Text: "能签"}
	if _, err := r.pay.PayParams(id); err != nil {
		signed.State, signed.Text, signed.Fix = connection.Bad, "签不了", "检查 LOUDOU_PAY_PRIVATE_KEY"
	}
	call, cancel = context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	asked := connection.Check{Key: "dry_query", Title: "查单", State: connection.OK, Text: "没有支付，金额 1 分"}
	switch t, err := r.pay.Query(call, no); {
	case err != nil:
		asked.State, asked.Text, asked.Fix = connection.Bad, callText(err), payAdvice(err)
	case t.TradeState != model.TradeNotPay:
		asked.State, asked.Text, asked.Fix = connection.Bad, "微信说的是 "+string(t.TradeState)+"，应为 NOTPAY", "把这个单号发给微信支付的客服问"
	}
	return append(all, signed, asked)
}

// shut closes the number, also when the caller has given up meanwhile.
func (r rehearsal) shut(ctx context.Context, no string) connection.Check {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	out := connection.Check{Key: "dry_close", Title: "关单", State: connection.OK, Text: "已关闭；本店的账里什么也没有留下"}
	closed, err := r.pay.Close(ctx, no)
	switch {
	case errors.Is(err, model.ErrNotFound):
		out.Text = "微信没有收到这个单号，不用关"
	case err != nil:
		out.State, out.Text, out.Fix = connection.Bad, callText(err), "单号 "+no+" 五分钟后自己失效，不会收到钱。"+payAdvice(err)
	case !closed:
		out.State, out.Text, out.Fix = connection.Bad, "微信说有人正在付", "单号 "+no+" 五分钟后自己失效；这笔钱若真付了，会进「钱款待办」"
	}
	return out
}

func (r rehearsal) base() string {
	if r.cfg.PublicURL != "" {
		return r.cfg.PublicURL
	}
	return "http://" + r.cfg.Addr
}

// notify knocks at our own notify address as WeChat Pay does when it tests whether signatures are looked at. Whether it
// can be reached from WeChat's side cannot be known from here: an address of a private network says that it cannot.
func (r rehearsal) notify(ctx context.Context) connection.Check {
	address := r.base() + "/hook/pay"
	out := connection.Check{Key: "dry_notify", Title: "支付通知地址", State: connection.Bad, Text: address + " 打不开", Fix: "服务要在运行，域名要解析到这里，证书要有效，反向代理要转发 /hook/，防火墙要放行微信的来源"}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "":
		out.Text, out.Fix = "LOUDOU_PUBLIC_URL 不是能用的网址", "写成 https://域名，后面不带 ? 和参数"
		return out
	case u.Scheme != "https" && !r.cfg.Loopback():
		out.Text, out.Fix = address+" 不是 https，微信支付不会往那里发通知", "给域名配好证书，把 LOUDOU_PUBLIC_URL 写成 https://"
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if ip := inside(ctx, u.Hostname()); ip != "" && !r.cfg.Loopback() {
		out.Text, out.Fix = u.Hostname()+" 是内网地址 "+ip+"，微信够不着", "把域名解析到公网地址；若这台机器在内网解析得不一样，请在外面用手机流量打开 "+r.base()+"/healthz 看"
		return out
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		return out
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/loudou-doctor")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		var shut *url.Error
		if errors.As(err, &shut) {
			err = shut.Err
		}
		out.Text += "：" + err.Error()
		return out
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4096))
	_ = res.Body.Close()
	switch res.StatusCode {
	case http.StatusUnauthorized:
		return connection.Check{Key: "dry_notify", Title: "支付通知地址", State: connection.OK, Text: address + " 打得开，不认没有签名的通知"}
	case http.StatusServiceUnavailable:
		out.Text, out.Fix = address+" 上运行的服务没有设置微信支付", "运行中的服务要用同一份 LOUDOU_PAY_… 设置，改了设置要重启"
	default:
		out.Text, out.Fix = fmt.Sprintf("%s 回应 %d，应为 401", address, res.StatusCode), "确认这个地址就是本服务，反向代理原样转发 POST /hook/pay"
	}
	return out
}

// inside gives the first address of host that nobody outside can reach; empty when all can, or none is known.
func inside(ctx context.Context, host string) string {
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return ""
	}
	for _, ip := range list {
		if ip = ip.Unmap(); ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(ip) {
			return ip.String()
		}
	}
	return ""
}

// duty says whether WeChat holds the money until it was told that the goods are delivered (发货信息管理).
func (r rehearsal) duty(ctx context.Context) connection.Check {
	out := connection.Check{Key: "dry_duty", Title: "发货信息管理", State: connection.Off, Text: "没有设置小程序"}
	if r.mini == nil {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	managed, err := r.mini.TradeManaged(ctx)
	switch {
	case err != nil: // unasked is not "no": the money would wait
		out.State, out.Text, out.Fix = connection.Bad, callText(err), "检查小程序的 AppID、AppSecret 和 IP 白名单；是不是要上报发货没有问到"
	case !managed:
		out.Text = "没有开通，不用上报发货"
	default:
		out.State, out.Text = connection.OK, "已开通；付款后由本店自动上报"
	}
	return out
}

// goods looks whether each course on sale has its goods published at its very price, by our record, and whether WeChat's
// latest batch says otherwise of any of them.
func (r rehearsal) goods(ctx context.Context) []connection.Check {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var all []connection.Check
	batch, failed := r.xpay.PublishStatus(ctx)
	answer := connection.Check{Key: "dry_xpay", Title: "虚拟支付的密钥", State: connection.OK, Text: "微信认可签名"}
	if failed != nil {
		answer.State, answer.Text, answer.Fix = connection.Bad, callText(failed), xpayAdvice(failed)
	}
	all = append(all, answer)
	good := 0
	for before := int64(0); ; {
		rows, next, err := r.courses(ctx, course.Filter{Status: model.CourseOnSale, Before: before, Limit: 100})
		if err != nil {
			return append(all, connection.Check{Key: "dry_goods", Title: "道具", State: connection.Bad, Text: "读不到课程", Fix: "检查数据库"})
		}
		for _, c := range rows {
			if c.Price == 0 {
				continue
			}
			what, fix := "", "在课程页重新上架一次，等几分钟再试；还不行看课程页上微信说了什么"
			switch {
			case c.GoodsID != c.ProductID():
				what = "现价 ¥" + c.Price.Yuan() + " 的道具没有发布"
			case c.GoodsStatus == model.GoodsFailed:
				what = "道具没有发布成：" + c.GoodsError
			case c.GoodsStatus != model.GoodsPublished:
				what = "道具还在发布"
			case batch.Items[c.GoodsID].State == goodsRefused:
				what = "微信说道具没有发布成：" + batch.Items[c.GoodsID].Said
			default:
				good++
				continue
			}
			all = append(all, connection.Check{Key: "dry_goods", Title: fmt.Sprintf("道具：《%s》", c.Title), State: connection.Bad, Text: what, Fix: fix})
		}
		if before = next; next == 0 {
			break
		}
	}
	if good > 0 {
		all = append(all, connection.Check{Key: "dry_goods", Title: "道具", State: connection.OK, Text: fmt.Sprintf("%d 门在卖的课都按现价发布了", good)})
	}
	return all
}

// goodsRefused is what a batch says of goods it could not publish.
const goodsRefused = 2

// invented asks about a number that never was: the answer "no such order" proves keys, openid and road.
func (r rehearsal) invented(ctx context.Context) connection.Check {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out := connection.Check{Key: "dry_invented", Title: "虚拟支付查单", State: connection.OK, Text: "编的单号微信说没有，路是通的"}
	switch _, err := r.xpay.Query(ctx, r.openid, "DRY"+rand.Text()[:20]); {
	case errors.Is(err, model.ErrNotFound):
	case err == nil:
		out.State, out.Text, out.Fix = connection.Bad, "编的单号微信说有", "检查 LOUDOU_WECHAT_API 是不是指向了别处"
	default:
		out.State, out.Text, out.Fix = connection.Bad, callText(err), xpayAdvice(err)
	}
	return out
}

// callText is what may be shown of a call that failed: our words, and WeChat's code.
func callText(err error) string {
	var c *model.CallError
	if !errors.As(err, &c) {
		return "没有成功"
	}
	text := c.Text
	if c.Code != "" {
		return text + "（" + c.Code + "）"
	}
	if c.Said != "" {
		text += "（" + c.Said + "）"
	}
	return text
}

func payAdvice(err error) string {
	code := strings.ReplaceAll(model.CallCode(err), "_", "")
	var c *model.CallError
	switch {
	case code == "SIGNERROR":
		return "商户私钥（LOUDOU_PAY_PRIVATE_KEY）、证书序列号（LOUDOU_PAY_SERIAL）和商户号（LOUDOU_PAY_MCHID）要是同一套；证书过期或换过，就在商户平台「账户中心 → API 安全」里抄新的序列号"
	case code == "MCHNOTEXISTS":
		return "检查 LOUDOU_PAY_MCHID"
	case code == "APPIDMCHIDNOTMATCH":
		return "检查 LOUDOU_PAY_MCHID；商户号对的话，在商户平台「产品中心 → AppID 账号管理」里把小程序关联上"
	case code == "NOAUTH":
		return "在商户平台开通 JSAPI 支付"
	case code == "PARAMERROR" || code == "OPENIDMISMATCH" || code == "INVALIDREQUEST":
		return "检查 LOUDOU_PUBLIC_URL 是不是 https 网址，LOUDOU_MINI_APPID 是不是这位学员登录的那个小程序"
	case errors.As(err, &c) && c.Code == "" && strings.Contains(c.Said, "verified"):
		return "微信的回应验不了：检查 LOUDOU_PAY_PUBLIC_KEY 和公钥 ID 是不是一对；用平台证书的检查 LOUDOU_PAY_APIV3_KEY"
	case c != nil && c.Code == "":
		return "这台机器连不上微信支付：检查网络、代理和 LOUDOU_PAY_API"
	}
	return "按错误码查微信支付的文档；系统繁忙就过几分钟再试"
}

func xpayAdvice(err error) string {
	switch model.CallCode(err) {
	case "":
		return "检查网络，以及小程序的 AppID、AppSecret 和 IP 白名单"
	case "268490001":
		return "检查 LOUDOU_MINI_APPID 是不是这位学员登录的那个小程序"
	case "268490003":
		return "LOUDOU_XPAY_APP_KEY 不对，或沙箱和现网的密钥用反了：在小程序后台「虚拟支付 → 基本配置」里抄"
	}
	return "检查 LOUDOU_XPAY_OFFER_ID、AppKey 和 LOUDOU_MINI_APPID；小程序要先开通虚拟支付"
}
