// Package connection tells an operator how the house is connected: pushes and how fast they were
// answered, access tokens, database, Redis, the spool, and what WeChat's rules ask. Each check says its
// state, what that means and what to do. It owns the table answer_minutes.
package connection

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// State is how a check stands.
type State string

// The states: fine; look at it; broken; not set up.
const (
	OK   State = "ok"
	Warn State = "warn"
	Bad  State = "bad"
	Off  State = "off"
)

// Check is one line of the page: Text says what is, Fix what to do when it is not fine.
type Check struct {
	Key, Title string
	State      State
	Text, Fix  string
	At         *time.Time // when it last happened, where that says something
}

// Token is what an app's access token looks like now: service/wechat.
type Token struct {
	Age       time.Duration // zero: none was asked for yet
	CallsHour int           // token calls of this instance in the last hour
	LastError string        // already free of secrets
	Stopped   []string      // calls WeChat takes no more today, by path
}

// App is one app whose token is looked at; Token nil: not set up.
type App struct {
	Key, Title string
	Token      func() Token
}

// Options are what the house hands over; nil functions are parts that are not there.
type Options struct {
	Instance string // tells this process's rows apart
	Redis    redis.UniversalClient
	Embedded bool // Redis is the in-process one
	Apps     []App
	// Repeated counts pushes and notices that came again and heard the same answer, since the start.
	Repeated func() int64
	// Spooled counts pushes that wait on disk for the database.
	Spooled   func() int64
	DeadJobs  func(ctx context.Context) (int64, error)
	PublicURL string
	PayMchID  string
	XPay      bool // virtual payment is set up
	Notes     []string
}

// Service is the verbs.
type Service struct {
	db      *gorm.DB
	o       Options
	answers answers
	now     func() time.Time // the real clock
}

// New makes the service.
func New(db *gorm.DB, o Options) *Service {
	s := &Service{db: db, o: o, now: time.Now}
	s.answers.now = s.now
	return s
}

// Checks looks at everything; it answers within three seconds whatever is away.
func (s *Service) Checks(ctx context.Context) []Check {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	database, reach := s.database(ctx)
	var out []Check
	if reach {
		out = append(out, s.pushes(ctx)...)
	}
	for _, a := range s.o.Apps {
		out = append(out, token(a))
	}
	out = append(out, database)
	if reach {
		out = append(out, s.clock(ctx))
	}
	out = append(out, s.redis(ctx), s.spool())
	if reach && s.o.DeadJobs != nil {
		out = append(out, s.dead(ctx))
	}
	out = append(out, s.public(), s.pay(), s.xpay())
	for i, n := range s.o.Notes {
		out = append(out, Check{Key: fmt.Sprintf("note_%d", i+1), Title: "测试设置", State: Warn, Text: n, Fix: "正式使用前去掉这个设置"})
	}
	return out
}

func (s *Service) pushes(ctx context.Context) []Check {
	now := s.now()
	sum, err := s.read(ctx, now.Add(-24*time.Hour), now.Add(-time.Hour))
	if err != nil {
		return []Check{{Key: "push", Title: "微信推送", State: Bad, Text: "读不出推送的记录", Fix: "先看数据库这一项"}}
	}
	push := Check{Key: "push", Title: "微信推送", State: OK, At: sum.last, Text: fmt.Sprintf("最近 24 小时回应了 %d 次推送", sum.day.answers)}
	switch {
	case sum.last == nil:
		push.State, push.Text = Warn, "还没有收到过微信的推送"
		push.Fix = "在公众号后台“设置与开发 → 基本配置”填好服务器地址（" + s.o.PublicURL + "/hook/official）、Token 和 EncodingAESKey，并启用"
	case now.Sub(*sum.last) > 24*time.Hour:
		push.State, push.Text = Warn, "超过 24 小时没有收到微信的推送"
		push.Fix = "给公众号发一句话试试；收不到就检查后台的服务器配置是否还启用、域名和证书是否到期"
	}
	answer := Check{Key: "answer", Title: "回应速度", State: OK}
	if n := sum.hour.total(); n == 0 {
		answer.Text = "最近一小时没有推送"
	} else {
		p50, p95 := sum.hour.quantile(0.5), sum.hour.quantile(0.95)
		answer.Text = fmt.Sprintf("最近一小时 %d 次：一半在 %s内，95%% 在 %s内（微信最多等 5 秒）", n, short(p50), short(p95))
		switch {
		case p95 > 4500*time.Millisecond:
			answer.State, answer.Fix = Bad, "粉丝会看到“该公众号提供的服务出现故障”：看数据库和磁盘是否变慢"
		case p95 > time.Second:
			answer.State, answer.Fix = Warn, "变慢了：看数据库和这台机器的负载"
		}
	}
	repeat := Check{Key: "repeat", Title: "重复的推送和通知", State: OK, Text: fmt.Sprintf("最近 24 小时微信重发了 %d 次，都得到同样的回应，没有重复处理", sum.day.repeats)}
	if sum.day.answers >= 100 && sum.day.repeats*20 > sum.day.answers {
		repeat.State, repeat.Fix = Warn, "重发偏多，说明有回应没有及时送到：看回应速度和网络"
	}
	refused := Check{Key: "refused", Title: "被拒绝的推送", State: OK, Text: "最近 24 小时没有拒绝过推送"}
	if sum.day.refused > 0 {
		refused.State, refused.Text = Warn, fmt.Sprintf("最近 24 小时拒绝了 %d 次签名、时间或密文不对的请求", sum.day.refused)
		refused.Fix = "如果粉丝的消息没有回应，检查 Token 和 EncodingAESKey 是否和公众号后台一致；如果一切正常，多半是别人在试探，不用管"
	}
	return []Check{push, answer, repeat, refused}
}

func token(a App) Check {
	c := Check{Key: "token_" + a.Key, Title: a.Title + "的 access_token", State: Off, Text: "没有设置 AppID 和 AppSecret"}
	if a.Token == nil {
		return c
	}
	t := a.Token()
	switch {
	case t.LastError != "":
		c.State, c.Text = Bad, "最近一次没有取到："+t.LastError
		c.Fix = "检查 AppID、AppSecret 是否正确，服务器的出口 IP 是否在白名单里（40164）"
	case t.Age == 0:
		c.State, c.Text = OK, "还没有用到"
	default:
		c.State, c.Text = OK, fmt.Sprintf("%s前取得，最近一小时取了 %d 次", ago(t.Age), t.CallsHour)
	}
	if len(t.Stopped) > 0 && c.State == OK {
		c.State, c.Text = Warn, c.Text+"；今天的调用次数已用完："+strings.Join(t.Stopped, "、")
		c.Fix = "微信每天 0 点重新计数，在那之前这些功能会停下，其他功能照常"
	}
	if c.State == OK && t.CallsHour > 20 {
		c.State, c.Fix = Warn, "取得太频繁：是不是有别的程序也在用这个 AppSecret 取 token"
	}
	return c
}

func (s *Service) database(ctx context.Context) (Check, bool) {
	name := "SQLite（内置）"
	if store.IsMySQL(s.db) {
		name = "MySQL"
	}
	c := Check{Key: "database", Title: "数据库", State: OK}
	start := time.Now()
	var one int
	if err := s.db.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error; err != nil {
		c.State, c.Text = Bad, name+" 连接不上"
		c.Fix = "看数据库服务是否在运行、磁盘是否写满；恢复后这里会自己变好，推送先存在本机磁盘上"
		return c, false
	}
	took := time.Since(start)
	c.Text = fmt.Sprintf("%s，回应用时 %s", name, short(took))
	if took > 200*time.Millisecond {
		c.State, c.Fix = Warn, "数据库变慢了：看它的负载和慢查询"
	}
	return c, true
}

// clock compares this machine's clock with the database's: leases and expiry are judged by the latter.
func (s *Service) clock(ctx context.Context) Check {
	c := Check{Key: "clock", Title: "时钟", State: OK}
	query := "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
	if store.IsMySQL(s.db) {
		query = "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
	}
	var ms int64
	if err := s.db.WithContext(ctx).Raw(query).Scan(&ms).Error; err != nil {
		c.State, c.Text = Warn, "问不到数据库的时间"
		return c
	}
	skew := s.now().Sub(time.UnixMilli(ms)).Abs()
	c.Text = "和数据库的时钟相差 " + short(skew)
	if skew > 30*time.Second {
		c.State, c.Fix = Bad, "签名和租约都看时间：打开两台机器的时间同步（NTP）"
	}
	return c
}

func (s *Service) redis(ctx context.Context) Check {
	c := Check{Key: "redis", Title: "Redis", State: OK}
	if s.o.Redis == nil {
		c.State, c.Text = Off, "没有设置"
		return c
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	start := time.Now()
	if err := s.o.Redis.Ping(ctx).Err(); err != nil {
		c.State, c.Text = Warn, "连接不上：实时数字会停住，频率限制改由本机计算；钱和记录不受影响"
		c.Fix = "看 Redis 是否在运行；恢复后计数会自己补上"
		return c
	}
	c.Text = "回应用时 " + short(time.Since(start))
	if s.o.Embedded {
		c.Text = "内置（单机），" + c.Text
	}
	return c
}

func (s *Service) spool() Check {
	c := Check{Key: "spool", Title: "本机暂存的推送", State: OK, Text: "没有等待入库的推送"}
	if s.o.Spooled == nil {
		c.State, c.Text = Off, "没有启用"
		return c
	}
	if n := s.o.Spooled(); n > 0 {
		c.State, c.Text = Warn, fmt.Sprintf("有 %d 个推送已回应，存在本机磁盘上等数据库恢复", n)
		c.Fix = "先恢复数据库，暂存的会自己入库；在那之前不要删 data 目录"
	}
	return c
}

func (s *Service) dead(ctx context.Context) Check {
	c := Check{Key: "jobs", Title: "后台任务", State: OK, Text: "没有失败的任务"}
	n, err := s.o.DeadJobs(ctx)
	switch {
	case err != nil:
		c.State, c.Text = Warn, "数不出失败的任务"
	case n > 0:
		c.State, c.Text, c.Fix = Warn, fmt.Sprintf("有 %d 个任务试了多次仍失败", n), "在下面的后台任务里看原因，处理好以后点“再试”"
	}
	return c
}

func (s *Service) public() Check {
	c := Check{Key: "public_url", Title: "对外地址", State: OK, Text: s.o.PublicURL}
	if s.o.PublicURL == "" {
		c.State, c.Text, c.Fix = Warn, "没有设置", "设置 LOUDOU_PUBLIC_URL 为微信能访问到的 https 地址，支付通知和链接都用它"
	}
	return c
}

func (s *Service) pay() Check {
	if s.o.PayMchID == "" {
		return Check{Key: "pay", Title: "微信支付", State: Off, Text: "没有设置商户号", Fix: "需要在小程序里用微信支付收款时，设置 LOUDOU_PAY_…"}
	}
	return Check{Key: "pay", Title: "微信支付", State: OK, Text: "商户号 " + s.o.PayMchID}
}

// xpay states WeChat's rule: facts/wechat-pay, announcement of 27 Feb 2026.
func (s *Service) xpay() Check {
	c := Check{Key: "virtual_payment", Title: "小程序虚拟支付", State: OK, Text: "已设置。微信要求：从 2026 年 4 月 1 日起，小程序里的虚拟商品（包括录播课程、音视频）在所有终端都要用虚拟支付"}
	if !s.o.XPay {
		c.State = Warn
		c.Text = "没有设置。微信要求：从 2026 年 4 月 1 日起，小程序里的虚拟商品（包括录播课程、音视频）在所有终端都要用虚拟支付，否则会被警告、限制或停用"
		c.Fix = "请先读微信的《虚拟支付业务运营指南》，确认你卖的课程属于哪一种；需要时在小程序后台开通虚拟支付，设置 LOUDOU_XPAY_…"
	}
	return c
}

// short writes a time as a person reads it.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "1 毫秒"
	case d < time.Second:
		return fmt.Sprintf("%d 毫秒", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f 秒", d.Seconds())
}

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d 秒", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", int(d.Minutes()))
	}
	return fmt.Sprintf("%.1f 小时", d.Hours())
}

// Sweep forgets minutes older than a week.
func (s *Service) Sweep(ctx context.Context) error {
	line := model.Milli(s.now().Add(-7 * 24 * time.Hour))
	if err := s.db.WithContext(ctx).Where("minute < ?", line).Delete(&minute{}).Error; err != nil {
		return fmt.Errorf("sweep answers: %w", err)
	}
	return nil
}
