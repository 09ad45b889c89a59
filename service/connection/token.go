package connection

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fixes by WeChat's code: what to do when a token is refused.
var fixes = map[string]string{
	"40013": "AppID 不对：和公众平台“设置与开发 → 基本配置”里的对一遍",
	"40125": "AppSecret 不对：可能被重置过，在公众平台重置后填到 %s_SECRET，重启服务",
	"40243": "AppSecret 被冻结：在公众平台“设置与开发 → 基本配置”解冻",
	"50007": "账号被冻结：看公众平台的通知",
	"45009": "今天取 token 的次数用完了，零点后恢复：是不是有别的程序也在用这个 AppSecret",
	"40164": "把“IP 白名单”一项里的地址加上",
}

func token(ctx context.Context, a App) Check {
	c := Check{Key: "token_" + a.Key, Title: a.Title + "的 access_token", State: Off, Text: "没有设置 AppID 和 AppSecret"}
	if a.Token == nil {
		return c
	}
	t := a.Token(ctx)
	switch {
	case t.LastError != "":
		c.State, c.Text = Bad, "最近一次没有取到："+t.LastError
		c.Fix = "看这台机器能不能访问 api.weixin.qq.com；会自动再取"
		if f, ok := fixes[t.LastCode]; ok {
			c.Fix = strings.ReplaceAll(f, "%s", a.Prefix)
		}
		if t.Left > 0 {
			c.Text += fmt.Sprintf("；手上的还能用 %s", ago(t.Left))
		}
		return c
	case t.Age == 0:
		c.State, c.Text = OK, "还没有用到"
		return c
	}
	from := "由这个实例向微信取得"
	if t.Found {
		from = "从 Redis 读到（各实例共用，由另一个实例或上次运行取得）"
	}
	c.State, c.Text = OK, fmt.Sprintf("%s前取得，还有 %s到期；%s；最近一小时取了 %d 次", ago(t.Age), ago(t.Left), from, t.CallsHour)
	if t.CallsHour > 10 {
		c.State, c.Fix = Warn, "取得太频繁：是不是有别的程序也在用这个 AppSecret 取 token"
	}
	return c
}

var address = regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]{2,}`)

// calls are the lines about WeChat's interfaces, from what all instances wrote down.
func (s *Service) calls(ctx context.Context) []Check {
	rows, err := s.callDays(ctx)
	if err != nil {
		return []Check{{Key: "quota", Title: "接口调用", State: Warn, Text: "读不出接口调用的记录", Fix: "先看数据库这一项"}}
	}
	out := []Check{s.whitelist(rows)}
	quota := Check{Key: "quota", Title: "接口调用次数", State: OK, Text: "今天还没有调用过微信的接口"}
	list, err := s.Usages(ctx)
	if err != nil {
		return out
	}
	var calls, errs int64
	var short, stopped []string
	for _, u := range list {
		calls += u.Calls
		errs += u.Errors
		switch {
		case u.StoppedUntil != nil:
			stopped = append(stopped, u.Path)
		case u.Short():
			short = append(short, fmt.Sprintf("%s（还剩 %d 次）", u.Path, u.Quota.Remain))
		}
	}
	if calls > 0 {
		quota.Text = fmt.Sprintf("今天调用了 %d 次，其中 %d 次没有成功；每个接口的用量在下面的表里", calls, errs)
	}
	if len(short) > 0 {
		quota.State, quota.Text = Warn, quota.Text+"。快用完的："+strings.Join(short, "、")
		quota.Fix = "微信每天 0 点重新计数；每天都不够时，可在公众平台申请提额，或每月 10 次清零"
	}
	if len(stopped) > 0 {
		quota.State, quota.Text = Warn, quota.Text+"。今天的次数已用完："+strings.Join(stopped, "、")
		quota.Fix = "微信每天 0 点重新计数，在那之前这些功能会停下，其他功能照常"
	}
	return append(out, quota)
}

// whitelist looks for addresses WeChat refused today (40164). Instances may go out by different ones, so each
// counts until an instance on the same machine has been let through again.
func (s *Service) whitelist(rows []callDay) Check {
	c := Check{Key: "whitelist", Title: "IP 白名单", State: OK, Text: "微信没有因为 IP 地址拒绝过调用"}
	good := map[string]time.Time{} // by app and machine
	for _, r := range rows {
		if k := r.AppID + machine(r.Instance); r.OKAt != nil && r.OKAt.After(good[k]) {
			good[k] = *r.OKAt
		}
	}
	var list []string
	for _, r := range rows {
		if r.ErrorCode != "40164" || r.ErrorAt == nil || good[r.AppID+machine(r.Instance)].After(*r.ErrorAt) {
			continue
		}
		ip := address.FindString(r.ErrorText)
		if ip == "" {
			ip = "（微信没有说是哪个，看服务器的出口地址）"
		}
		if !slices.Contains(list, ip) {
			list = append(list, ip)
		}
		if c.At == nil || r.ErrorAt.After(*c.At) {
			c.At = r.ErrorAt
		}
	}
	if len(list) > 0 {
		slices.Sort(list)
		c.State, c.Text = Bad, "微信拒绝了来自 "+strings.Join(list, "、")+" 的调用（40164）"
		c.Fix = "在公众平台“设置与开发 → 基本配置 → IP 白名单”加上 " + strings.Join(list, "、") + "，几分钟后自动恢复；有几台机器，每台的出口地址都要加"
	}
	return c
}

// machine is the part of an instance's name that stays when it starts again.
func machine(instance string) string {
	host, _, _ := strings.Cut(instance, ":")
	return host
}

// degraded tells of the last day's degraded periods, and lists those of the last month.
func (s *Service) degraded(ctx context.Context) (Check, []Outage) {
	c := Check{Key: "degraded", Title: "降级运行", State: OK, Text: "最近 24 小时没有降级"}
	list, err := s.Outages(ctx, s.now().Add(-30*24*time.Hour))
	if err != nil {
		c.State, c.Text = Warn, "读不出降级的记录"
		return c, nil
	}
	var spooled, drained int64
	n, open := 0, 0
	for _, o := range list {
		if o.EndedAt == nil {
			open++
		} else if s.now().Sub(*o.EndedAt) > 24*time.Hour {
			continue
		}
		n++
		spooled += o.Spooled
		drained += o.Drained
		if c.At == nil || o.BeganAt.After(*c.At) {
			at := o.BeganAt.UTC()
			c.At = &at
		}
	}
	if n > 0 {
		c.State, c.Text = Warn, fmt.Sprintf("最近 24 小时降级了 %d 段，期间 %d 个推送先存在本机，已有 %d 个补存入库；粉丝照常收到回应", n, spooled, drained)
		c.Fix = "已经恢复，不用处理；常常发生就看数据库和 Redis 为什么中断"
	}
	if open > 0 {
		c.State, c.Text = Bad, "正在降级运行。"+c.Text
		c.Fix = "看数据库和 Redis 两项，恢复后会自己补上"
	}
	return c, list
}
