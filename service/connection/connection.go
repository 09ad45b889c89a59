// Package connection tells an operator how the house is connected: pushes and how fast they were
// answered, whether Token and EncodingAESKey are right, access tokens, quotas, database, Redis, the spool, and what
// WeChat's rules ask. Each check says its state, what that means and what to do.
//
// The figures are those of all instances: each counts in memory, without making a push wait, and writes whole
// counts every few seconds. It owns the tables answer_minutes, push_minutes, connection_outages, call_days and
// call_quotas.
package connection

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	Left      time.Duration
	Found     bool   // in Redis, where all instances share it; else asked for by this instance
	CallsHour int    // token calls in the last hour, of all instances where they share a Redis
	LastError string // already free of secrets
	LastCode  string // WeChat's, of LastError
}

// App is one app that is looked at; its functions are nil where it is not set up.
type App struct {
	Key, Title string // official 公众号, mini 小程序
	AppID      string
	Prefix     string // of its settings' names: LOUDOU_OFFICIAL
	Hook       bool   // takes pushes: the Token is set
	Token      func(ctx context.Context) Token
	Calls      func() []Call
	Quota      func(ctx context.Context, path string) (Quota, error)
}

// Options are what the house hands over; nil functions are parts that are not there.
type Options struct {
	Instance string // tells this process's rows apart: another one each time it starts
	AppID    string // whose pushes Served, Spooled and Drained are
	Redis    redis.UniversalClient
	Embedded bool // Redis is the in-process one
	Apps     []App
	// Repeated counts pushes and notices that came again, Served those of them that heard the answer kept, Spooled
	// pushes that went to the disk, Drained those stored from there; all since the start.
	Repeated, Served, Spooled, Drained func() int64
	// Waiting counts pushes that wait on disk for the database.
	Waiting   func() int64
	DeadJobs  func(ctx context.Context) (int64, error)
	PublicURL string
	PayMchID  string
	XPay      bool // virtual payment is set up
	Notes     []string
}

// Service is the verbs.
type Service struct {
	db       *gorm.DB
	o        Options
	answers  answers
	flushing chan struct{}                    // one Flush at a time, so that an older count never overwrites a newer one
	bases    map[string]*callBase             // Flush's
	looked   struct{ spooled, drained int64 } // look's
	now      func() time.Time                 // the real clock

	mu      sync.Mutex
	seen    map[seenKey]*seenCount
	told    map[string]int64
	outages []*held
}

// New makes the service.
func New(db *gorm.DB, o Options) *Service {
	s := &Service{db: db, o: o, now: time.Now, flushing: make(chan struct{}, 1), bases: map[string]*callBase{}, seen: map[seenKey]*seenCount{}, told: map[string]int64{}}
	s.answers.now = s.now
	return s
}

// Figures are the numbers of the page, over all instances; a day is the last 24 hours.
type Figures struct {
	LastPush *time.Time // of the Official Account
	Pushes   int64
	Answers  int64 // in the last hour
	P50, P95 time.Duration
	Repeats  int64
	Served   int64
	Spooled  int64
	Drained  int64
	Waiting  int64 // on this instance's disk
}

// Page is all that the connection page shows at once.
type Page struct {
	Checks  []Check
	Figures *Figures // nil: the database is away
	Outages []Outage // of the last 30 days
}

// Checks is Look's lines alone.
func (s *Service) Checks(ctx context.Context) []Check { return s.Look(ctx).Checks }

// Look looks at everything; it answers within three seconds whatever is away.
func (s *Service) Look(ctx context.Context) Page {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	database, reach := s.database(ctx)
	var page Page
	var out []Check
	if reach {
		now := s.now()
		sum, err := s.read(ctx, now.Add(-24*time.Hour), now.Add(-time.Hour))
		if err != nil {
			out = append(out, Check{Key: "push", Title: "微信推送", State: Bad, Text: "读不出推送的记录", Fix: "先看数据库这一项"})
		} else {
			page.Figures = s.figures(sum)
			out = append(out, s.pushes(sum)...)
		}
	}
	for _, a := range s.o.Apps {
		out = append(out, token(ctx, a))
	}
	if reach {
		out = append(out, s.calls(ctx)...)
	}
	out = append(out, database)
	if reach {
		out = append(out, s.clock(ctx))
	}
	out = append(out, s.redis(ctx), s.spool())
	if reach {
		var degraded Check
		degraded, page.Outages = s.degraded(ctx)
		out = append(out, degraded)
	}
	if reach && s.o.DeadJobs != nil {
		out = append(out, s.dead(ctx))
	}
	out = append(out, s.public(), s.pay(), s.xpay())
	for i, n := range s.o.Notes {
		out = append(out, Check{Key: fmt.Sprintf("note_%d", i+1), Title: "测试设置", State: Warn, Text: n, Fix: "正式使用前去掉这个设置"})
	}
	page.Checks = out
	return page
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
	if s.o.Waiting == nil {
		c.State, c.Text = Off, "没有启用"
		return c
	}
	if n := s.o.Waiting(); n > 0 {
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

// Sweep forgets minutes older than a week, calls older than a month, degraded periods older than three.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	week := now.Add(-7 * 24 * time.Hour)
	db := s.db.WithContext(ctx)
	return errors.Join(
		db.Where("minute < ?", model.Milli(week)).Delete(&minute{}).Error,
		s.sweepSeen(ctx, week),
		db.Where("seen_at < ?", model.Milli(now.Add(-outagesKept))).Delete(&Outage{}).Error,
		db.Where("day < ?", model.DayNumber(now.Add(-31*24*time.Hour))).Delete(&callDay{}).Error,
	)
}
