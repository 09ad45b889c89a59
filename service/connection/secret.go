package connection

import "fmt"

// secret judges from what a door has seen whether the Token and the EncodingAESKey are those of the account's
// console: a wrong Token fails at the signature, a wrong key behind it. Only what came after the last good push
// counts: what went wrong before it has been put right.
func secret(a App, seen map[string]Sight) Check {
	c := Check{Key: "secret_" + a.Key, Title: a.Title + "的 Token 和 EncodingAESKey", State: Bad}
	if !a.Hook {
		c.State, c.Text = Off, "没有设置 Token，不收推送"
		return c
	}
	good := seen[sawPush].Last
	since := func(what string) int64 {
		if s := seen[what]; s.Times > 0 && s.Last.After(good) {
			at := s.Last
			c.At = &at
			return s.Times
		}
		return 0
	}
	const where = "公众平台“设置与开发 → 基本配置 → 服务器配置”"
	if n := since(sawNoKey); n > 0 {
		c.Text = fmt.Sprintf("微信发来的是加密的消息（%d 次），这里没有设置 EncodingAESKey，打不开", n)
		c.Fix = "把" + where + "里的 EncodingAESKey（43 位）填到 " + a.Prefix + "_AES_KEY，重启服务"
		return c
	}
	if n := since(sawPlain); n > 0 {
		c.Text = fmt.Sprintf("微信发来的是明文的消息（%d 次），这里设置了 EncodingAESKey，只收加密的", n)
		c.Fix = "在" + where + "把消息加解密方式改为“安全模式”"
		return c
	}
	if n := since(sawBadCipher); n > 0 {
		c.Text = fmt.Sprintf("EncodingAESKey 不一致：签名对（Token 没错），但有 %d 次消息解不开", n)
		c.Fix = "把" + where + "里的 EncodingAESKey 重新复制到 " + a.Prefix + "_AES_KEY，重启服务；刚换过的话，旧的填到 " + a.Prefix + "_AES_KEY_PREVIOUS"
		return c
	}
	if n := since(sawOtherApp); n > 0 {
		c.Text = fmt.Sprintf("AppID 不一致：消息解开了，但有 %d 次是发给另一个账号的", n)
		c.Fix = "检查 " + a.Prefix + "_APPID 是不是这个账号的 AppID"
		return c
	}
	if n := since(sawStale); n > 0 {
		c.Text = fmt.Sprintf("签名对，但有 %d 次推送的时间和这台机器相差超过 5 分钟", n)
		c.Fix = "打开这台机器的时间同步（NTP）；时钟没问题的话，是有人在重放旧的推送，不用管"
		return c
	}
	if n := since(sawBadSignature); n > 0 && !seen[sawEcho].Last.After(seen[sawBadSignature].Last) {
		c.Text = fmt.Sprintf("Token 多半不一致：收到 %d 次写法像微信、签名却不对的请求，之后没有一次是对的", n)
		c.Fix = "把" + where + "里的 Token 重新复制到 " + a.Prefix + "_TOKEN，重启服务；两边一致的话，是有人在试探，收到下一次推送后这里会变回正常"
		if seen[sawPush].Times > 0 { // it worked today
			c.State = Warn
		}
		return c
	}
	c.State, c.At = OK, nil
	switch echo := seen[sawEcho].Last; {
	case !good.IsZero():
		c.At, c.Text = &good, "最近一次推送的签名和密文都对"
	case !echo.IsZero():
		c.At, c.Text = &echo, "微信验证服务器地址时签名对（Token 没错）；还没有收到过消息，EncodingAESKey 对不对要等第一条消息"
	default:
		c.State, c.Text = Off, "还没有收到过推送，收到第一次就知道对不对"
	}
	return c
}

// refused tells of knocks that say nothing about our settings.
func refused(apps []App, seen map[string]map[string]Sight) Check {
	c := Check{Key: "refused", Title: "被拒绝的请求", State: OK, Text: "最近 24 小时没有拒绝过请求"}
	var strangers, forged, all int64
	for _, a := range apps {
		for what, s := range seen[a.AppID] {
			switch what {
			case sawPush, sawEcho, sawServed, sawSpooled, sawDrained:
				continue
			case sawStranger:
				strangers += s.Times
			case sawBadSignature:
				forged += s.Times
			}
			all += s.Times
		}
	}
	if all > 0 {
		c.Text = fmt.Sprintf("最近 24 小时拒绝了 %d 次请求：写法不像微信的 %d 次，签名不对的 %d 次，其他 %d 次", all, strangers, forged, all-strangers-forged)
		c.Fix = "拒绝的请求没有造成影响；和设置有关的，在上一项里说"
	}
	if all > 1000 {
		c.State = Warn
		c.Fix = "有人在大量试探：没有造成影响，要清静就在反向代理上限制 /hook/ 的频率"
	}
	return c
}
