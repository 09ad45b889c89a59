package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"loudou/api"
	"loudou/api/console"
	"loudou/api/hook"
	"loudou/api/mini"
	"loudou/api/page"
	"loudou/config"
	"loudou/model"
	"loudou/model/migration"
	"loudou/service/account"
	"loudou/service/article"
	"loudou/service/bucket"
	"loudou/service/certificate"
	"loudou/service/connection"
	"loudou/service/coupon"
	"loudou/service/course"
	"loudou/service/event"
	"loudou/service/figure"
	"loudou/service/gift"
	"loudou/service/grant"
	"loudou/service/homework"
	"loudou/service/iteration"
	"loudou/service/job"
	"loudou/service/learner"
	"loudou/service/ledger"
	"loudou/service/limit"
	"loudou/service/media"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/overlap"
	"loudou/service/partner"
	"loudou/service/person"
	"loudou/service/plan"
	"loudou/service/poster"
	"loudou/service/privacy"
	"loudou/service/progress"
	"loudou/service/question"
	"loudou/service/quiz"
	"loudou/service/reconcile"
	"loudou/service/redeem"
	"loudou/service/remark"
	"loudou/service/report"
	"loudou/service/review"
	"loudou/service/search"
	"loudou/service/signup"
	"loudou/service/statistic"
	"loudou/service/store"
	"loudou/service/webhook"
	"loudou/service/wechat"
	"loudou/service/wxpay"
	"loudou/service/xpay"
	"loudou/web"
)

// house is everything, connected. Services do not know each other: what one needs of another is stated
// there as a small interface and handed over here.
type house struct {
	certificates *certificate.Service
	quizzes      *quiz.Service
	remarks      *remark.Service
	signups      *signup.Service
	homework     *homework.Service

	cfg   config.Config
	clock *clock
	db    *gorm.DB
	redis *store.Redis
	jobs  *job.Service

	operators      *operator.Service
	persons        *person.Service
	events         *event.Service
	webhooks       *webhook.Service
	facts          facts
	figures        *figure.Service
	articles       *article.Service
	plan           *plan.Service
	overlap        *overlap.Service
	partners       *partner.Service
	reports        *report.Service
	reviews        *review.Service
	posters        *poster.Service
	statistics     *statistic.Service
	miniStatistics *statistic.Mini
	connection     *connection.Service

	mini      *wechat.Client // nil without a Mini Program
	xpay      *xpay.Client   // nil without virtual payment
	grants    *grant.Service
	giving    *grant.Desk
	courses   *course.Service
	media     *media.Service
	bucket    *bucket.Bucket // nil: files lie on this machine's disk
	progress  *progress.Service
	learners  *learner.Service
	money     learner.Money // knows of open orders and refunds
	pay       *wxpay.Client // nil without WeChat Pay
	orders    *order.Service
	coupons   *coupon.Service
	redeems   *redeem.Service
	gifts     *gift.Service
	ledger    *ledger.Service
	reconcile *reconcile.Service
	erasers   []learner.Eraser // one for every owner of a table that knows a person
	listening
	sending
	watching

	handler http.Handler
	openapi huma.API
	metrics *metrics

	// begin steps run once the schema is there, before the background starts; each may run on several
	// instances at once, and again.
	begin []func(context.Context) error
	// background are loops that run while the service serves; each ends with its context.
	background []func(context.Context)
	// closers run last, in reverse.
	closers []func() error
	// begun tells that the begin steps are through.
	begun atomic.Bool
}

// build connects the house. Nothing is reached yet: the database and Redis may come later.
func build(cfg config.Config) (*house, error) {
	h := &house{cfg: cfg, clock: newClock(cfg.Start()), metrics: newMetrics()}
	var err error
	if h.db, err = store.OpenDB(cfg.Database); err != nil {
		return nil, err
	}
	pool, err := h.db.DB()
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, pool.Close)
	if h.redis, err = store.OpenRedis(cfg.Redis); err != nil {
		return nil, err
	}
	h.closers = append(h.closers, h.redis.Close)
	h.jobs = job.New(h.db)
	h.background = append(h.background, h.jobs.Run)
	h.metrics.jobs(h.jobs)

	// Services.
	limits := limit.New(h.redis, cfg.Limits == "off")
	h.operators = operator.New(h.db, limits, operator.Options{TwoPerson: true, AppIDs: []string{cfg.OfficialAppID, cfg.MiniAppID}})
	h.begin = append(h.begin, func(ctx context.Context) error {
		_, err := h.operators.First(ctx, cfg.OperatorName, cfg.OperatorPassword)
		return err
	})
	h.jobs.Every("operator.sweep", 6*time.Hour, h.operators.Sweep)

	h.persons = person.New(h.db, h.clock.now)
	h.events = event.New(h.db, h.redis, event.Options{
		Articles: figure.NewCatalogue(h.db, "articles", h.cfg.OfficialAppID), Courses: figure.NewCatalogue(h.db, "courses", h.cfg.MiniAppID), Lessons: figure.NewCatalogue(h.db, "lessons", h.cfg.MiniAppID),
		Campaigns: figure.NewCatalogue(h.db, "campaigns", h.cfg.OfficialAppID),
		Now:       h.clock.now, PerPerson: h.eventsPerPerson(),
	})
	h.background = append(h.background, h.events.Run)
	h.webhooks = webhook.New(webhook.Options{DB: h.db, AppID: cfg.OfficialAppID, Secret: []byte(cfg.Secret), Jobs: h.jobs, Audit: h.operators, Now: h.clock.now, Inside: cfg.Loopback()})
	h.jobs.HandleSlow(webhook.Job, h.webhooks.Send)
	h.jobs.Every("webhook.sweep", 6*time.Hour, h.webhooks.Sweep)
	h.facts = facts{h.events, h.webhooks}
	h.jobs.Every("event.reconcile", 6*time.Hour, h.events.Nightly)
	h.jobs.Every("event.pack", time.Hour, h.events.Pack)
	h.erasers = append(h.erasers, h.events.Erase)
	h.metrics.events(h.events)
	h.figures = figure.New(h.db, h.cfg.OfficialAppID, h.cfg.MiniAppID, h.persons, h.events, h.clock.now)

	if err := h.shop(); err != nil {
		return nil, err
	}
	h.articles = article.New(h.db, cfg.OfficialAppID, h.operators, h.courses, h.clock.now)
	if err := h.callback(); err != nil {
		return nil, err
	}
	if err := h.sell(); err != nil {
		return nil, err
	}
	h.plan = plan.New(h.db, cfg.OfficialAppID, h.operators, h.articles, h.broadcasts, h.clock.now)
	h.jobs.Every("plan.repeat", time.Minute, h.plan.Make)
	h.partner()
	h.signUp()
	h.lookBack()
	h.posters = poster.New(h.db, cfg.OfficialAppID, h.media, postable{h}, h.operators, cfg.PosterFont, h.clock.now)
	h.invites.Posters, h.invites.Prizes = h.posters, h.prizes()
	h.overlap = overlap.New(h.db, cfg.OfficialAppID, h.courses, h.articles, h.operators, h.clock.now)
	h.jobs.Every("overlap.sweep", 20*time.Second, h.overlap.Sweep)
	h.connect()
	h.alert()

	// Doors.
	doors := []api.Mounter{
		h.pushes,
		h.links,
		&page.Partner{Partners: h.partners, Figures: h.figures, Limits: limits},
		&page.Certificate{Certificates: h.certificates, Limits: limits},
		&page.Group{Groups: h.groups, Limits: limits, Secure: strings.HasPrefix(cfg.PublicURL, "https://"), Robot: hook.Robot},
		&console.Door{
			Certificates: h.certificates,
			Quizzes:      h.quizzes,
			Remarks:      h.remarks,
			Signups:      h.signups,
			Homework:     h.homework,

			Replies:   h.replies,
			Menus:     h.menus,
			Releases:  h.releases,
			Followers: h.followers,
			Scenes:    h.scenes,
			Coupons:   h.coupons,
			Redeems:   h.redeems,
			Gifts:     h.gifts,
			Learners:  h.learners,
			Privacy:   privacy.New(h.db, cfg.OfficialAppID, cfg.MiniAppID, h.persons, h.learners, h.operators, h.clock.now),
			Campaigns: h.campaigns,
			Invites:   h.invites,
			Alerts:    h.alerts,
			Groups:    h.groups,
			Partners:  h.partners,
			Posters:   h.posters,
			Inbox:     h.inbox,
			Operators: h.operators,
			Articles:  h.articles,
			Drafts:    h.drafts,
			Jobs:      h.jobs,
			Courses:   h.courses,
			Media:     h.media,
			Materials: h.materials,
			Comments:  h.comments,
			Figures:   h.figures,
			Questions: question.New(h.db, cfg.OfficialAppID, h.operators, h.clock.now),
			Search:    search.New(h.db, cfg.OfficialAppID, cfg.MiniAppID),
			Events:    h.events,
			Persons:   h.persons,
			Orders:    h.orders,
			Grants:    h.giving,
			Webhooks:  h.webhooks,
			Ledger:    h.ledger,
			Reconcile: h.reconcile,

			MiniStatistics: h.miniStatistics,

			Broadcasts: h.broadcasts,
			Notices:    h.notices,
			Plan:       h.plan,
			Overlap:    h.overlap,
			Iterations: iteration.New(h.db, cfg.MiniAppID, h.figures, h.plan, h.operators, h.clock.now),
			Reports:    h.reports,
			Reviews:    h.reviews,
			Statistics: h.statistics,
			Connection: h.connection,
			Takeovers:  h.takeovers,
			Switching:  h.switching(),
			Todos:      h.todos(),
			Guards:     h.guards,
			Guide: func(ctx context.Context) (figure.Begun, error) {
				return h.figures.Begun(ctx, cfg.OfficialAppID, cfg.MiniAppID)
			},
			PublicURL: cfg.PublicURL,
			MiniAppID: cfg.MiniAppID,
		},
		&mini.Door{Learners: h.learners, Courses: h.courses, Progress: h.progress, Media: h.media, Articles: h.articles, Limits: limits, Events: h.events, Orders: h.orders, Coupons: h.coupons, Redeems: h.redeems, Gifts: h.gifts, Certificates: h.certificates, Quizzes: h.quizzes, Remarks: h.remarks, Signups: h.signups, Homework: h.homework},
		&hook.Pay{WxPay: h.pay, Orders: h.orders, Count: func(reason string) { h.pushes.Count("pay", reason) }},
	}

	pages, err := console.Pages(web.Dist())
	if err != nil {
		return nil, err
	}
	engine, document, err := api.New(api.Options{
		NoRoute: pages, Docs: web.Docs(),
		Version: version, TrustedProxies: cfg.TrustedProxies, Ready: h.missing, Notes: h.notes(), Observe: h.observe,
	}, doors...)
	if err != nil {
		return nil, err
	}
	h.handler, h.openapi = engine, document
	return h, nil
}

// eventsPerPerson is how many events a second one person may send; a phone sends a few.
func (h *house) eventsPerPerson() int {
	if h.cfg.Limits == "off" {
		return 0
	}
	return 50
}

// missing says in words what the service lacks now; empty when it is ready.
func (h *house) missing(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	list, err := migration.Status(ctx, h.db)
	if err != nil {
		return []string{"数据库连接不上"}
	}
	for _, c := range list {
		if !c.Applied {
			return []string{fmt.Sprintf("数据库结构缺少第 %04d 号变更，运行 loudou migrate up", c.Number)}
		}
	}
	if !h.begun.Load() {
		return []string{"正在启动"}
	}
	return nil
}

// notes are told by readyz beside: settings that are for tests only.
func (h *house) notes() []string {
	var out []string
	if h.cfg.Now != "" {
		out = append(out, "业务时钟从 "+h.cfg.Now+" 开始（LOUDOU_NOW）")
	}
	if h.cfg.Limits == "off" {
		out = append(out, "频率限制已关闭（LOUDOU_LIMITS=off）")
	}
	return out
}

// ready brings the schema up and finds the account's number, waiting for a database that is not there yet. It gives ctx's
// error when that ended first, and ErrConflict when the two appids are two accounts in this database.
func (h *house) ready(ctx context.Context) error {
	for told := false; ; {
		err := migration.Up(ctx, h.db)
		if err == nil {
			var number int
			if number, err = account.Number(ctx, h.db, h.cfg.OfficialAppID, h.cfg.MiniAppID); err == nil {
				h.events.Serve(number)
				return nil
			}
		}
		if errors.Is(err, model.ErrConflict) {
			return err
		}
		if !told {
			slog.Warn("waiting for the database", "err", err)
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// close ends what build opened.
func (h *house) close() {
	for i := len(h.closers) - 1; i >= 0; i-- {
		if err := h.closers[i](); err != nil {
			slog.Warn("close", "err", err)
		}
	}
}
