package wechat

import (
	"regexp"
	"strings"

	"loudou/model"
)

const busy = "微信接口暂时不可用，请稍后再试"

// meaning is what an errcode tells an operator, and the kind of error it is.
type meaning struct {
	kind error
	text string
}

// meanings by errcode. Source: 全局返回码 and the pages of the calls we make.
var meanings = map[string]meaning{
	"-1":    {model.ErrUnavailable, "微信系统繁忙，请稍后再试"},
	"40001": {model.ErrUnavailable, "接口调用凭据失效，已重新获取仍不被认可"},
	"40014": {model.ErrUnavailable, "接口调用凭据失效，已重新获取仍不被认可"},
	"42001": {model.ErrUnavailable, "接口调用凭据已过期，已重新获取仍不被认可"},
	"41001": {model.ErrUnavailable, "缺少接口调用凭据"},
	"40002": {model.ErrInvalid, "请求类型不对"},
	"40003": {model.ErrInvalid, "openid 不对，或不属于这个账号"},
	"40004": {model.ErrInvalid, "素材类型不对"},
	"40005": {model.ErrInvalid, "文件类型不对"},
	"40006": {model.ErrInvalid, "文件大小不符合要求"},
	"40007": {model.ErrInvalid, "素材 media_id 无效或已过期"},
	"40008": {model.ErrInvalid, "消息类型不对"},
	"40009": {model.ErrInvalid, "图片大小超过限制"},
	"40010": {model.ErrInvalid, "语音大小超过限制"},
	"40011": {model.ErrInvalid, "视频大小超过限制"},
	"40012": {model.ErrInvalid, "缩略图大小超过限制"},
	"40013": {model.ErrForbidden, "AppID 不对，请检查微信账号设置"},
	"40015": {model.ErrInvalid, "菜单类型不对"},
	"40016": {model.ErrInvalid, "菜单按钮的数量不对"},
	"40017": {model.ErrInvalid, "菜单按钮的数量或类型不对"},
	"40018": {model.ErrInvalid, "菜单按钮的名称太长或为空"},
	"40019": {model.ErrInvalid, "菜单按钮的 KEY 太长或为空"},
	"40020": {model.ErrInvalid, "菜单按钮的网址太长或为空"},
	"40021": {model.ErrInvalid, "菜单版本号不对"},
	"40022": {model.ErrInvalid, "子菜单的级数不对"},
	"40023": {model.ErrInvalid, "子菜单按钮的数量不对"},
	"40024": {model.ErrInvalid, "子菜单按钮的类型不对"},
	"40025": {model.ErrInvalid, "子菜单按钮的名称太长或为空"},
	"40026": {model.ErrInvalid, "子菜单按钮的 KEY 太长或为空"},
	"40027": {model.ErrInvalid, "子菜单按钮的网址太长或为空"},
	"40028": {model.ErrInvalid, "个性化菜单的使用者不对"},
	"40029": {model.ErrInvalid, "登录凭证无效，请重新进入"},
	"40033": {model.ErrInvalid, "内容里有不允许的字符"},
	"40032": {model.ErrInvalid, "一次的人数超过微信的上限"},
	"40035": {model.ErrInvalid, "参数不对"},
	"40054": {model.ErrInvalid, "子菜单按钮的网址不在允许的域名里"},
	"40055": {model.ErrInvalid, "菜单按钮的网址不在允许的域名里"},
	"40097": {model.ErrInvalid, "参数不对"},
	"40059": {model.ErrNotFound, "微信没有这次群发"},
	"40037": {model.ErrInvalid, "没有这个模板，或它不属于这个账号"},
	"40114": {model.ErrInvalid, "草稿里没有这一篇"},
	"40119": {model.ErrInvalid, "菜单按钮的类型不对"},
	"40120": {model.ErrInvalid, "子菜单按钮的类型不对"},
	"40125": {model.ErrForbidden, "AppSecret 不对，请检查微信账号设置"},
	"40129": {model.ErrInvalid, "二维码的场景值不对"},
	"40132": {model.ErrInvalid, "没有这个微信号，或它不允许通过微信号找到"},
	"40137": {model.ErrInvalid, "图片格式不对"},
	"40163": {model.ErrInvalid, "登录凭证已用过，请重新进入"},
	"40164": {model.ErrForbidden, "服务器的出口 IP 不在微信后台的 IP 白名单里"},
	"40226": {model.ErrForbidden, "微信判定这是高风险用户"},
	"40243": {model.ErrForbidden, "AppSecret 已被冻结，请在微信后台解冻"},
	"41005": {model.ErrInvalid, "没有上传文件"},
	"41007": {model.ErrInvalid, "子菜单不能为空"},
	"41030": {model.ErrInvalid, "要打开的页面不对"},
	"43004": {model.ErrConflict, "对方没有关注公众号"},
	"43101": {model.ErrConflict, "对方拒绝接收或没有剩余的订阅次数"},
	"44001": {model.ErrInvalid, "文件是空的"},
	"44002": {model.ErrInvalid, "请求内容是空的"},
	"44003": {model.ErrInvalid, "图文内容是空的"},
	"44004": {model.ErrInvalid, "文字内容是空的"},
	"45001": {model.ErrInvalid, "文件太大"},
	"45002": {model.ErrInvalid, "消息内容太长"},
	"45003": {model.ErrInvalid, "标题太长"},
	"45004": {model.ErrInvalid, "摘要太长"},
	"45005": {model.ErrInvalid, "链接太长"},
	"45006": {model.ErrInvalid, "图片链接太长"},
	"45007": {model.ErrInvalid, "语音超过 60 秒"},
	"45008": {model.ErrInvalid, "图文的篇数超过限制"},
	"45009": {model.ErrUnavailable, "今天这个接口的调用次数已用完，零点后恢复"},
	"45010": {model.ErrInvalid, "菜单的数量超过限制"},
	"45011": {model.ErrUnavailable, "调用太频繁，请一分钟后再试"},
	"45015": {model.ErrConflict, "对方超过 48 小时没有互动或已取消关注，不能再发客服消息"},
	"45028": {model.ErrConflict, "群发次数已用完（服务号每天 100 次、发给全部粉丝每天 1 次每月 4 次；订阅号每天 1 次）"},
	"45029": {model.ErrUnavailable, "二维码的总数已达上限"},
	"45047": {model.ErrConflict, "给对方的客服消息条数已达上限，要等对方再次互动"},
	"45056": {model.ErrConflict, "标签的数量已达上限（100 个）"},
	"45057": {model.ErrConflict, "这个标签下的粉丝超过 10 万，要先减少才能删除"},
	"45058": {model.ErrForbidden, "微信自带的标签不能修改或删除"},
	"45059": {model.ErrConflict, "有粉丝已经有 20 个标签，不能再加"},
	"45065": {model.ErrConflict, "这条群发已经提交过"},
	"45066": {model.ErrUnavailable, "同一个群发提交得太快，一分钟后再试"},
	"45067": {model.ErrInvalid, "群发的编号太长"},
	"45157": {model.ErrConflict, "标签名已经有了，或不合法"},
	"45158": {model.ErrInvalid, "标签名太长，最多 30 字节"},
	"45159": {model.ErrInvalid, "没有这个标签"},
	"46001": {model.ErrNotFound, "没有这个素材"},
	"46002": {model.ErrNotFound, "没有这个菜单版本"},
	"46003": {model.ErrNotFound, "还没有菜单"},
	"46004": {model.ErrNotFound, "没有这个用户"},
	"47001": {model.ErrInvalid, "数据格式不对"},
	"47003": {model.ErrInvalid, "模板参数不对"},
	"48001": {model.ErrForbidden, "账号没有这个接口的权限（未认证，或微信已收回）"},
	"48002": {model.ErrConflict, "对方拒收公众号的消息"},
	"48004": {model.ErrForbidden, "接口被微信封禁，请查看微信后台的通知"},
	"48005": {model.ErrConflict, "素材正被菜单或自动回复使用，不能删除"},
	"48006": {model.ErrUnavailable, "这个月清零次数已用完"},
	"48008": {model.ErrForbidden, "账号不能发送这种消息"},
	"49003": {model.ErrInvalid, "有 openid 不属于这个公众号"},
	"50001": {model.ErrForbidden, "对方没有授权这个接口"},
	"50002": {model.ErrForbidden, "对方被限制使用，或账号被封"},
	"50005": {model.ErrConflict, "对方没有关注公众号"},
	"50007": {model.ErrForbidden, "账号已被冻结"},
	"53402": {model.ErrInvalid, "封面裁剪失败，请换一张封面"},
	"53503": {model.ErrInvalid, "草稿没有通过微信的发布检查"},
	"53504": {model.ErrConflict, "这篇草稿要到微信后台去发布"},
	"53505": {model.ErrConflict, "请先在微信后台保存这篇草稿，再发布"},
	"53600": {model.ErrNotFound, "没有这篇已发布的文章"},
	"61004": {model.ErrForbidden, "服务器的出口 IP 没有登记"},
	"61500": {model.ErrInvalid, "日期写法不对"},
	"61501": {model.ErrInvalid, "日期范围不对"},
	"61503": {model.ErrUnavailable, "微信的统计还没有算好，稍后再取"},
	"61010": {model.ErrConflict, "对方最近两小时没有用过小程序，无法做内容检查"},
	"65301": {model.ErrNotFound, "没有这个个性化菜单"},
	"65302": {model.ErrNotFound, "没有这个用户"},
	"65303": {model.ErrConflict, "要先有默认菜单，才能有个性化菜单"},
	"65304": {model.ErrInvalid, "个性化菜单的条件是空的"},
	"65305": {model.ErrConflict, "个性化菜单的数量已达上限"},
	"65306": {model.ErrForbidden, "账号不支持个性化菜单"},
	"65307": {model.ErrInvalid, "个性化菜单是空的"},
	"65308": {model.ErrInvalid, "有按钮没有响应类型"},
	"65309": {model.ErrForbidden, "个性化菜单已被关闭"},
	"65316": {model.ErrInvalid, "菜单里指向外部的域名超过 3 个"},
	"65317": {model.ErrInvalid, "菜单里的网址不合法"},
	"76021": {model.ErrInvalid, "没有这个接口"},
	"76022": {model.ErrInvalid, "这个接口不属于当前账号"},
	"87009": {model.ErrNotFound, "这条留言没有回复"},
	"87014": {model.ErrInvalid, "内容含有违法违规信息"},
	"88000": {model.ErrForbidden, "账号没有留言功能，微信后台「留言」里看不到它就是没有开通"},
	"88001": {model.ErrNotFound, "微信没有这篇文章的留言（文章不存在，或不是群发、发布的）"},
	"88002": {model.ErrForbidden, "留言功能受到限制"},
	"88003": {model.ErrConflict, "精选留言已达上限"},
	"88004": {model.ErrConflict, "读者已删除这条留言"},
	"88005": {model.ErrConflict, "这条留言已经回复过"},
	"88007": {model.ErrInvalid, "回复是空的，或太长"},
	"88008": {model.ErrNotFound, "没有这条留言"},
	"88010": {model.ErrInvalid, "一次最多取 49 条留言"},
	"89501": {model.ErrForbidden, "这个 IP 要管理员确认后才能调用接口"},
	"89503": {model.ErrForbidden, "这个 IP 要管理员确认后才能调用接口，请等待管理员确认"},
	"89506": {model.ErrForbidden, "管理员两次拒绝了这个 IP，24 小时内不能再申请"},
	"89507": {model.ErrForbidden, "管理员拒绝了这个 IP，1 小时内不能再申请"},
	// Shipping information (发货信息管理).
	"10060001": {model.ErrUnavailable, "微信那边还没有这笔支付，稍后会重试"},
	"10060004": {model.ErrUnavailable, "订单还不能发货，稍后会重试"},
}

var ipInside = regexp.MustCompile(`invalid ip ([0-9a-fA-F.:]{3,45})`)

// judge turns an errcode into an error. said is WeChat's errmsg, already scrubbed. A code we do not know is no
// promise in either direction.
func judge(path, code, said string) *model.CallError {
	out := &model.CallError{Call: path, Code: code, Said: said, Kind: model.ErrUnavailable}
	m, ok := meanings[code]
	if !ok {
		out.Text, out.Unknown = "微信返回错误 "+code, true
		return out
	}
	out.Kind, out.Text, out.Unknown = m.kind, m.text, code == "-1"
	if ip := ipInside.FindStringSubmatch(said); ip != nil && code == "40164" {
		out.Text = "服务器的出口 IP " + ip[1] + " 不在微信后台的 IP 白名单里，请在「设置与开发 → 基本配置」中加上"
	}
	if strings.Contains(path, "jscode2session") && code == "45011" {
		out.Text = "登录太频繁，请一分钟后再试"
	}
	return out
}

func unreadable(path string) error {
	return &model.CallError{Call: path, Said: "the answer could not be read", Text: busy, Kind: model.ErrUnavailable, Unknown: true}
}

// decline is for what WeChat would never accept, so it is not sent.
func decline(path, said, text string) error {
	return &model.CallError{Call: path, Said: "not sent: " + said, Text: text, Kind: model.ErrInvalid}
}
