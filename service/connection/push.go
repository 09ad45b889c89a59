package connection

import (
	"fmt"
	"time"
)

// pushes are the lines about what WeChat tells us and how we answered.
func (s *Service) pushes(sum sums) []Check {
	var out []Check
	for _, a := range s.o.Apps {
		if a.Key == "official" || a.Hook {
			out = append(out, s.push(a, sum.seen[a.AppID]))
		}
	}
	out = append(out, answer(sum))
	repeat := Check{Key: "repeat", Title: "重发的推送和通知", State: OK, Text: "最近 24 小时没有重发"}
	if n := sum.day.repeats; n > 0 {
		repeat.Text = fmt.Sprintf("最近 24 小时同样的消息又来了 %d 次，都没有重复处理；公众号的推送里有 %d 次直接给了存好的回应", n, sum.seen[s.o.AppID][sawServed].Times)
	}
	if sum.day.answers >= 100 && sum.day.repeats*20 > sum.day.answers {
		repeat.State, repeat.Fix = Warn, "重发偏多，说明有回应没有及时送到：看回应速度和网络"
	}
	out = append(out, repeat)
	for _, a := range s.o.Apps {
		if a.Key == "official" || a.Hook {
			out = append(out, secret(a, sum.seen[a.AppID]))
		}
	}
	return append(out, refused(s.o.Apps, sum.seen))
}

func (s *Service) push(a App, seen map[string]Sight) Check {
	got := seen[sawPush]
	c := Check{Key: "push", Title: "微信推送", State: OK, Text: fmt.Sprintf("最近 24 小时收到 %d 次推送", got.Times)}
	if a.Key != "official" {
		c.Key, c.Title = "push_"+a.Key, a.Title+"的推送"
	}
	if !got.Last.IsZero() {
		c.At = &got.Last
	}
	address := s.o.PublicURL + "/hook/" + a.Key
	switch {
	case got.Last.IsZero() && a.Key != "official":
		c.State, c.Text = Off, "还没有收到过；小程序不用消息推送就不用管"
		c.Fix = "要用虚拟支付或小程序客服消息时，在小程序后台“开发管理 → 消息推送”填 " + address
	case got.Last.IsZero() && !seen[sawEcho].Last.IsZero():
		c.State, c.Text = Warn, "微信验证过服务器地址，还没有推送过消息"
		c.Fix = "在公众平台启用服务器配置，再给公众号发一句话试试"
	case got.Last.IsZero():
		c.State, c.Text = Warn, "还没有收到过微信的推送"
		c.Fix = "在公众平台“设置与开发 → 基本配置”填好服务器地址（" + address + "）、Token 和 EncodingAESKey，并启用"
	case a.Key == "official" && s.now().Sub(got.Last) > 24*time.Hour:
		c.State, c.Text = Warn, "超过 24 小时没有收到微信的推送"
		c.Fix = "给公众号发一句话试试；收不到就检查公众平台的服务器配置是否还启用、域名和证书是否到期"
	}
	return c
}

func answer(sum sums) Check {
	c := Check{Key: "answer", Title: "回应速度", State: OK, Text: "最近一小时没有推送"}
	n := sum.hour.total()
	if n == 0 {
		return c
	}
	p50, p95 := sum.hour.quantile(0.5), sum.hour.quantile(0.95)
	c.Text = fmt.Sprintf("最近一小时 %d 次：一半在 %s内，95%% 在 %s内（微信最多等 5 秒）", n, short(p50), short(p95))
	switch {
	case p95 > 4500*time.Millisecond:
		c.State, c.Fix = Bad, "粉丝会看到“该公众号提供的服务出现故障”：看数据库和磁盘是否变慢"
	case p95 > time.Second:
		c.State, c.Fix = Warn, "变慢了：看数据库和这台机器的负载"
	}
	return c
}

func (s *Service) figures(sum sums) *Figures {
	seen := sum.seen[s.o.AppID]
	f := &Figures{
		Pushes: seen[sawPush].Times, Answers: sum.hour.total(), P50: sum.hour.quantile(0.5), P95: sum.hour.quantile(0.95),
		Repeats: sum.day.repeats, Served: seen[sawServed].Times, Spooled: seen[sawSpooled].Times, Drained: seen[sawDrained].Times,
	}
	if last := seen[sawPush].Last; !last.IsZero() {
		f.LastPush = &last
	}
	if s.o.Waiting != nil {
		f.Waiting = s.o.Waiting()
	}
	return f
}
