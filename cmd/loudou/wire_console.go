package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
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
	instance := fmt.Sprintf("%s:%d", host, os.Getpid())
	h.connection = connection.New(h.db, connection.Options{
		Instance: instance[max(0, len(instance)-64):], Redis: h.redis, Embedded: h.redis.Embedded,
		DeadJobs:  func(ctx context.Context) (int64, error) { return h.jobs.Count(ctx, model.JobDead) },
		PublicURL: h.cfg.PublicURL, PayMchID: h.cfg.PayMchID, XPay: h.cfg.XPayOfferID != "", Notes: h.notes(),
		Apps:     []connection.App{app("official", "公众号", h.official), app("mini", "小程序", h.mini)},
		Repeated: h.inbox.Repeated.Load, Spooled: h.inbox.Waiting,
	})
	h.background = append(h.background, h.connection.Run)
	h.jobs.Every("connection.sweep", 6*time.Hour, h.connection.Sweep)
}

// app shows how an app's token and calls do; c is nil without its settings.
func app(key, title string, c *wechat.Client) connection.App {
	if c == nil {
		return connection.App{Key: key, Title: title}
	}
	return connection.App{Key: key, Title: title, Token: func() connection.Token {
		h := c.Health()
		t := connection.Token{Age: h.Token.Age, CallsHour: h.Token.CallsHour, LastError: h.Token.LastError}
		for _, p := range h.Paths {
			if !p.StoppedUntil.IsZero() {
				t.Stopped = append(t.Stopped, p.Path)
			}
		}
		return t
	}}
}

// todos are the lines of the console's first page; each number is that of the list behind it.
func (h *house) todos() []console.Todo {
	return []console.Todo{
		{Key: "money_inbox", Title: "对不上的钱", Link: "/inbox?state=open", Count: func(ctx context.Context) (int64, error) {
			g, err := h.ledger.Guards(ctx)
			return g.OpenEntries, err
		}},
		{Key: "refunds_asked", Title: "待处理的退款申请", Link: "/inbox?tab=refunds&status=asked", Count: func(ctx context.Context) (int64, error) {
			list, _, err := h.orders.Refunds(ctx, order.RefundFilter{Status: model.RefundAsked, Limit: 999})
			return int64(len(list)), err
		}},
		{Key: "articles_waiting", Title: "待确认的文章", Link: "/articles?status=waiting", Count: h.articles.Waiting, Mine: h.articles.WaitingFor},
		{Key: "broadcasts_waiting", Title: "待确认的群发", Link: "/broadcasts?state=waiting", Count: h.broadcasts.Waiting, Mine: h.broadcasts.WaitingFor},
		{Key: "reply_drafts", Title: "没发布的回复改动", Link: "/replies", Count: func(ctx context.Context) (int64, error) {
			changes, _, err := h.replies.Pending(ctx)
			return int64(len(changes)), err
		}},
		{Key: "menu_draft", Title: "没发布的菜单改动", Link: "/menu", Count: func(ctx context.Context) (int64, error) {
			d, err := h.menus.Draft(ctx)
			return int64(len(d.Changes)), err
		}},
		{Key: "menu_plans", Title: "没发布成的定时菜单", Link: "/menu", Count: h.menus.Failed},
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
