package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"loudou/api/console"
	"loudou/model"
	"loudou/service/connection"
	"loudou/service/order"
	"loudou/service/wechat"
)

// connect makes the connection page's service of whatever the house has.
func (h *house) connect() {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	// A container starts again under the same name and number, and must not write over what it counted before.
	instance := fmt.Sprintf("%.40s:%d:%s", host, os.Getpid(), strconv.FormatInt(time.Now().UnixMilli(), 36))
	h.connection = connection.New(h.db, connection.Options{
		Instance: instance, AppID: h.cfg.OfficialAppID, Redis: h.redis, Embedded: h.redis.Embedded,
		DeadJobs:  func(ctx context.Context) (int64, error) { return h.jobs.Count(ctx, model.JobDead) },
		PublicURL: h.cfg.PublicURL, PayMchID: h.cfg.PayMchID, XPay: h.cfg.XPayOfferID != "", Notes: h.notes(),
		Apps: []connection.App{
			app("official", "公众号", h.cfg.OfficialAppID, h.pushes.Official != nil, h.official),
			app("mini", "小程序", h.cfg.MiniAppID, h.pushes.Mini != nil, h.mini),
		},
		Repeated: h.inbox.Repeated.Load, Served: h.inbox.Served.Load, Spooled: h.inbox.Spooled.Load, Drained: h.inbox.Drained.Load, Waiting: h.inbox.Waiting,
	})
	appids := map[string]string{"official": h.cfg.OfficialAppID, "mini": h.cfg.MiniAppID}
	h.pushes.Tell = func(door, what string) { h.connection.Saw(appids[door], what) }
	h.background = append(h.background, h.connection.Run)
	h.jobs.Every("connection.sweep", 6*time.Hour, h.connection.Sweep)
	h.jobs.Every("connection.quotas", 3*time.Hour, h.connection.AskQuotasInTime)
}

// app shows how an app's token and calls do; c is nil without its settings.
func app(key, title, appid string, hook bool, c *wechat.Client) connection.App {
	out := connection.App{Key: key, Title: title, AppID: appid, Prefix: "LOUDOU_" + strings.ToUpper(key), Hook: hook}
	if c == nil {
		return out
	}
	out.Token = func(ctx context.Context) connection.Token {
		h := c.Tokens().Health(ctx)
		return connection.Token{Age: h.Age, Left: max(time.Until(h.Expires), 0), Found: h.From == wechat.TokenFound, CallsHour: h.CallsHour, LastError: h.LastError, LastCode: h.LastCode}
	}
	out.Calls = func() []connection.Call {
		var list []connection.Call
		for _, p := range c.Paths() {
			list = append(list, connection.Call{Path: p.Path, Calls: p.Calls, Errors: p.Errors, LastAt: p.LastAt, OKAt: p.LastOKAt, ErrorAt: p.LastErrorAt, ErrorCode: p.LastCode, Error: p.LastError, StoppedUntil: p.StoppedUntil})
		}
		return list
	}
	out.Quota = func(ctx context.Context, path string) (connection.Quota, error) {
		q, err := c.GetQuota(ctx, path)
		return connection.Quota{Limit: q.DailyLimit, Used: q.Used, Remain: q.Remain}, err
	}
	return out
}

// todos are the lines of the console's first page; each number is that of the list behind it.
func (h *house) todos() []console.Todo {
	return []console.Todo{
		{Key: "money_inbox", Title: "对不上的钱", Link: "/inbox?state=open", Count: func(ctx context.Context) (int64, error) {
			g, err := h.ledger.Guards(ctx)
			return g.OpenEntries, err
		}},
		{Key: "refunds_asked", Title: "待处理的退款申请", Link: "/inbox?tab=refunds&status=asked", Count: h.orders.RefundsAsked},
		{Key: "abandoned", Title: "没付成的订单", Link: "/abandoned", Count: func(ctx context.Context) (int64, error) {
			open := false
			n, _, err := h.orders.AbandonedSum(ctx, order.AbandonedFilter{Days: console.AbandonedDays, Done: &open})
			return n, err
		}},
		{Key: "remarks", Title: "待看的评论", Link: "/remarks?state=waiting", Count: h.remarks.Waiting},
		{Key: "homework", Title: "待批改的作业", Link: "/homework?state=waiting", Count: h.homework.Waiting},
		{Key: "articles_waiting", Title: "待确认的文章", Link: "/articles?status=waiting", Count: h.articles.Waiting, Mine: h.articles.WaitingFor},
		{Key: "broadcasts_waiting", Title: "待确认的群发", Link: "/broadcasts?state=waiting", Count: h.broadcasts.Waiting, Mine: h.broadcasts.WaitingFor},
		{Key: "notices_waiting", Title: "待确认的通知", Link: "/notices?state=waiting", Count: h.notices.Waiting, Mine: h.notices.WaitingFor},
		{Key: "reports_waiting", Title: "待确认的工作汇报", Link: "/reports", Count: h.reports.Waiting, Mine: h.reports.WaitingFor},
		{Key: "reports_open", Title: "还没提交的工作汇报", Link: "/reports", Count: h.reports.Open},
		{Key: "groups", Title: "快用完的群码", Link: "/groups", Count: h.groups.Short},
		{Key: "alerts", Title: "不寻常的数字", Link: "/alerts", Count: h.alerts.Waiting},
		{Key: "reviews_open", Title: "到期的复盘", Link: "/reviews?stage=open", Count: h.reviews.Waiting},
		{Key: "invites", Title: "裂变任务里要看的", Link: "/campaigns", Count: h.invites.Waiting},
		{Key: "reply_drafts", Title: "没发布的回复改动", Link: "/replies", Count: func(ctx context.Context) (int64, error) {
			changes, _, err := h.replies.Pending(ctx)
			return int64(len(changes)), err
		}},
		{Key: "menu_draft", Title: "没发布的菜单改动", Link: "/menu", Count: func(ctx context.Context) (int64, error) {
			d, err := h.menus.Draft(ctx)
			return int64(len(d.Changes)), err
		}},
		{Key: "releases", Title: "没发布成的一起发布", Link: "/release", Count: h.releases.Failed},
		{Key: "menu_plans", Title: "没发布成的定时菜单", Link: "/menu", Count: h.menus.Failed},
		{Key: "materials_ending", Title: "快失效的素材", Link: "/materials?state=ending&used=true", Count: remembered(time.Minute, h.materials.Expiring)},
		{Key: "unanswered", Title: "近 7 天没接住的话", Link: "/replies", Count: remembered(time.Minute, func(ctx context.Context) (int64, error) {
			all, err := h.inbox.Unanswered(ctx, 7)
			return int64(len(all)), err
		})},
		{Key: "connection", Title: "连接的故障", Link: "/connection", Count: remembered(time.Minute, func(ctx context.Context) (int64, error) {
			n := int64(0)
			for _, c := range h.connection.Checks(ctx) {
				if c.State == connection.Bad {
					n++
				}
			}
			return n, nil
		})},
		{Key: "dead_jobs", Title: "失败的后台任务", Link: "/connection?status=dead", Count: func(ctx context.Context) (int64, error) { return h.jobs.Count(ctx, model.JobDead) }},
	}
}

// remembered keeps a count for a while: the first page asks every few seconds, and these read many rows or go out to
// others. A failure is not remembered.
func remembered(life time.Duration, count func(ctx context.Context) (int64, error)) func(ctx context.Context) (int64, error) {
	var mu sync.Mutex
	var at time.Time
	var n int64
	return func(ctx context.Context) (int64, error) {
		mu.Lock()
		defer mu.Unlock()
		if !at.IsZero() && time.Since(at) < life {
			return n, nil
		}
		got, err := count(ctx)
		if err == nil {
			n, at = got, time.Now()
		}
		return got, err
	}
}

// guards are what must never be, counted by who keeps the money's books.
func (h *house) guards(ctx context.Context) (console.Guards, error) {
	g, err := h.ledger.Guards(ctx)
	return console.Guards{PaidWithoutGrant: g.PaidWithoutGrant, GrantWithoutReason: g.GrantWithoutReason}, err
}

// observe counts every answered request, and those of WeChat's doors for the connection page too.
func (h *house) observe(route, method string, status int, d time.Duration) {
	h.metrics.request(route, method, status, d)
	if method == http.MethodPost && strings.HasPrefix(route, "/hook/") {
		h.connection.Answered(status, d)
	}
}
