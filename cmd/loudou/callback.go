package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"loudou/api/hook"
	"loudou/model"
	"loudou/service/campaign"
	"loudou/service/figure"
	"loudou/service/follower"
	"loudou/service/inbox"
	"loudou/service/invite"
	"loudou/service/learner"
	"loudou/service/menu"
	"loudou/service/release"
	"loudou/service/reply"
	"loudou/service/scene"
	"loudou/service/statistic"
	"loudou/service/takeover"
	"loudou/service/wechat"
)

// listening is what answers WeChat and what acts on its pushes.
type listening struct {
	official  *wechat.Client // nil: not set up
	replies   *reply.Service
	menus     *menu.Service
	followers *follower.Service
	scenes    *scene.Service
	campaigns *campaign.Service
	takeovers *takeover.Service
	invites   *invite.Service
	releases  *release.Service
	inbox     *inbox.Service
	pushes    *hook.Push // its Orders are set by who sells
	links     *hook.Link
}

// callback connects what answers WeChat: the receivers, the inbox, and those who act on pushes.
func (h *house) callback() error {
	cfg := h.cfg
	var account officialAccount = noOfficial{}
	if cfg.OfficialAppID != "" && cfg.OfficialSecret != "" {
		c, err := wechat.New(wechat.Options{AppID: cfg.OfficialAppID, Secret: cfg.OfficialSecret, API: cfg.WeChatAPI, Redis: h.redis})
		if err != nil {
			return err
		}
		h.official, account = c, official{c}
	}
	h.replies = reply.New(h.db, cfg.OfficialAppID, h.jobs, h.operators, account, h.clock.now)
	h.menus = menu.New(h.db, cfg.OfficialAppID, account, h.jobs, h.operators, h.clock.now)
	h.releases = release.New(h.db, cfg.OfficialAppID, h.replies, h.menus, h.jobs, h.operators, h.clock.now)
	h.followers = follower.New(h.db, cfg.OfficialAppID, h.jobs, h.persons, account, h.operators, h.clock.now)
	h.scenes = scene.New(h.db, cfg.OfficialAppID, account, h.followers, figure.NewCatalogue(h.db, "campaigns", cfg.OfficialAppID), h.jobs, h.operators, h.clock.now)
	h.campaigns = campaign.New(h.db, cfg.OfficialAppID, h.events, h.persons, h.operators, map[model.CampaignKind]campaign.Catalogue{
		model.CampaignArticle: figure.NewCatalogue(h.db, "articles", cfg.OfficialAppID), model.CampaignCourse: figure.NewCatalogue(h.db, "courses", cfg.MiniAppID), model.CampaignCoupon: figure.NewCatalogue(h.db, "coupons", cfg.MiniAppID), model.CampaignRule: figure.NewCatalogue(h.db, "reply_rules", cfg.OfficialAppID),
	}, h.clock.now)
	var err error
	h.inbox, err = inbox.New(h.db, h.replies, h.persons, h.jobs, inbox.Options{AppID: cfg.OfficialAppID, SpoolDir: filepath.Join(cfg.Data, "spool"), Now: h.clock.now})
	if err != nil {
		return err
	}
	h.replies.Knows(h.inbox)
	h.menus.Counts(h.inbox)
	h.followers.Greets(h.replies)
	if !h.redis.Embedded { // the in-process one would only tell this process what it knows
		h.replies.Remembers(h.redis)
	}
	h.library(account)
	h.replies.Looks(reply.Things{Codes: h.scenes.Ends, OnSale: h.onSale, Menu: h.menus.LiveMenu, Material: h.materials.Facts, Dead: h.dead, MiniAppID: cfg.MiniAppID})
	h.send(account)
	h.takeOver(account)
	h.invite(account)
	// The replies come last: they count hits in rows that many share, and so hold them for the shortest time.
	h.inbox.Takes(h.followers, h.scenes, &inbox.Facts{AppID: cfg.OfficialAppID, Events: h.facts, Origins: h.scenes}, h.drafts, h.broadcasts, h.notices, h.invites, h.replies)

	h.begin = append(h.begin, h.replies.Begin)
	h.background = append(h.background, h.replies.Run, h.inbox.Run)
	h.jobs.Handle(inbox.HandJob, h.inbox.Hand)
	h.jobs.Handle(reply.SendJob, h.replies.Send)
	h.jobs.Handle(follower.InfoJob, h.followers.Info)
	h.jobs.Handle(menu.PlanJob, h.menus.RunPlan)
	h.jobs.Handle(release.Job, h.releases.Run)
	h.jobs.Handle(follower.SyncJob, h.followers.Sync)
	h.jobs.Every("follower.sync", time.Minute, h.followers.ResumeSync)
	h.jobs.Handle(follower.BulkJob, h.followers.Bulk)
	h.jobs.Every("follower.bulk", time.Minute, h.followers.ResumeBulk)
	h.jobs.Every("inbox.sweep", 24*time.Hour, h.forgets(h.inbox.Sweep))
	h.jobs.Every("reply.sweep", 24*time.Hour, h.forgets(h.replies.SweepSends))
	h.jobs.Handle(follower.LabelJob, h.followers.PutLabels)
	h.jobs.Every("follower.labels", 5*time.Second, h.followers.PlanLabels)
	h.jobs.Handle(scene.BatchJob, h.scenes.MakeBatch)
	h.jobs.Every("scene.batches", time.Minute, h.scenes.ResumeBatches)
	h.jobs.Every("scene.renew", time.Hour, h.scenes.Renew)
	if h.official != nil {
		h.statistics = statistic.New(h.db, cfg.OfficialAppID, h.official, h.articles, h.clock.now)
		h.jobs.Every("statistic.fetch", 30*time.Minute, h.statistics.Run)
		h.jobs.Every("follower.tags", 6*time.Hour, h.followers.RefreshTags)
	}
	h.erasers = append([]learner.Eraser{h.eraseFan}, h.erasers...) // before the persons: it asks them for the openids

	h.links = &hook.Link{Campaigns: h.campaigns, Secure: strings.HasPrefix(cfg.PublicURL, "https://")}
	h.pushes = &hook.Push{Inbox: h.inbox, XPay: h.xpay, Count: h.countPushes()}
	if h.pushes.Official, err = h.receiver("LOUDOU_OFFICIAL", cfg.OfficialAppID, cfg.OfficialToken, cfg.OfficialAESKey, cfg.OfficialAESKeyPrevious, cfg.OfficialMode); err != nil {
		return err
	}
	h.pushes.Mini, err = h.receiver("LOUDOU_MINI", cfg.MiniAppID, cfg.MiniToken, cfg.MiniAESKey, cfg.MiniAESKeyPrevious, cfg.MiniMode)
	return err
}

// forgets makes a walk that goes by what the owner set: how long the words of fans, and ours to them, are kept.
func (h *house) forgets(sweep func(ctx context.Context, keep time.Duration) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		keep, err := h.operators.MessageKept(ctx)
		if err != nil {
			return err
		}
		return sweep(ctx, keep)
	}
}

// onSale says of courses whether the Mini Program shows them.
func (h *house) onSale(ctx context.Context, ids []int64) (map[int64]bool, error) {
	named, err := h.courses.Named(ctx, ids)
	out := map[int64]bool{}
	for id, c := range named {
		out[id] = c.Status == model.CourseOnSale || c.Status == model.CourseStopped
	}
	return out, err
}

// receiver is nil where the settings name no account or no token.
func (h *house) receiver(name, appid, token, key, previous, mode string) (*wechat.Receiver, error) {
	if appid == "" || token == "" {
		return nil, nil
	}
	o := wechat.ReceiverOptions{AppID: appid, Token: token, AESKey: key, PreviousAESKey: previous, Mode: wechat.Mode(mode)}
	if !h.redis.Embedded { // the in-process one would only tell this process what it knows
		o.Nonces = wechat.NewRedisNonces(h.redis)
	}
	r, err := wechat.NewReceiver(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// eraseFan forgets a person in everything the callback keeps, found by the openids of the account.
func (h *house) eraseFan(tx *gorm.DB, personID int64) error {
	openids, err := h.persons.OpenIDs(tx, personID)
	if err != nil {
		return err
	}
	for _, one := range openids {
		for _, erase := range []func(*gorm.DB, string, model.OpenID) error{h.followers.Erase, h.scenes.Erase, h.replies.Erase, h.invites.Erase, h.broadcasts.Erase, h.notices.Erase, h.comments.Erase, h.inbox.Erase} {
			if err := erase(tx, one.AppID, model.OpenID(one.Value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// countPushes registers what the callback counts and gives the counter of refusals.
func (h *house) countPushes() func(door, reason string) {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "loudou_push_refused_total", Help: "pushes refused"}, []string{"door", "reason"})
	number := func(name, help string, get func() float64) {
		h.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, get))
	}
	count := func(name, help string, get func() int64) {
		h.metrics.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(get()) }))
	}
	h.metrics.registry.MustRegister(refused, pushKinds{h.inbox})
	count("loudou_push_stored_total", "pushes stored", h.inbox.Stored.Load)
	count("loudou_push_repeated_total", "pushes that were kept already", h.inbox.Repeated.Load)
	count("loudou_push_spooled_total", "pushes that went to the spool; above zero: raise an alarm", h.inbox.Spooled.Load)
	count("loudou_push_drained_total", "pushes stored from the spool", h.inbox.Drained.Load)
	count("loudou_push_failed_total", "pushes kept nowhere or set aside; above zero: raise an alarm", h.inbox.Failed.Load)
	number("loudou_push_spool_waiting", "pushes in the spool", func() float64 { return float64(h.inbox.Waiting()) })
	start := time.Now()
	number("loudou_push_last_seconds", "seconds since the last push came in here; before the first, since the start", func() float64 {
		last := h.inbox.LastPush()
		if last.IsZero() {
			last = start
		}
		return time.Since(last).Seconds()
	})
	number("loudou_reply_version", "version of the rules that answers here", func() float64 { return float64(h.replies.Live()) })
	return func(door, reason string) { refused.WithLabelValues(door, reason).Inc() }
}

// pushKinds tells the pushes taken by kind; the inbox bounds how many kinds there are.
type pushKinds struct{ inbox *inbox.Service }

var pushKind = prometheus.NewDesc("loudou_push_total", "pushes taken, by kind", []string{"kind"}, nil)

func (k pushKinds) Describe(ch chan<- *prometheus.Desc) { ch <- pushKind }

func (k pushKinds) Collect(ch chan<- prometheus.Metric) {
	for kind, n := range k.inbox.Kinds() {
		ch <- prometheus.MustNewConstMetric(pushKind, prometheus.CounterValue, float64(n), strings.ToValidUTF8(kind, "?"))
	}
}

// officialAccount is what the services around the callback ask of WeChat.
type officialAccount interface {
	reply.Sender
	menu.Live
	follower.Asker
	scene.Maker
	sendAccount
	takeover.WeChat
}

// official turns the gateway's words into those the services ask in.
type official struct{ *wechat.Client }

func (o official) FollowerInfo(ctx context.Context, openid model.OpenID) (model.FollowerInfo, error) {
	u, err := o.UserInfo(ctx, openid)
	return followerInfo(u), err
}

func followerInfo(u wechat.UserInfo) model.FollowerInfo {
	out := model.FollowerInfo{OpenID: u.OpenID, Subscribed: u.Subscribed, SubscribedAt: u.SubscribeAt, UnionID: u.UnionID, SubscribeScene: u.SubscribeScene, Scene: u.QRScene, Remark: u.Remark, Unreadable: u.Unreadable}
	for _, id := range u.TagIDs {
		out.TagIDs = append(out.TagIDs, int64(id))
	}
	return out
}

func (o official) FollowerInfos(ctx context.Context, openids []model.OpenID) ([]model.FollowerInfo, error) {
	users, err := o.UserBatch(ctx, openids)
	out := make([]model.FollowerInfo, 0, len(users))
	for _, u := range users {
		out = append(out, followerInfo(u))
	}
	return out, err
}

func (o official) FollowerPage(ctx context.Context, from string) ([]model.OpenID, string, int, error) {
	return o.UserList(ctx, from)
}

func (o official) BlockedPage(ctx context.Context, from string) ([]model.OpenID, string, error) {
	return o.Blocked(ctx, from)
}

func (o official) MakeCode(ctx context.Context, name string, life time.Duration) (ticket, url string, expires *time.Time, err error) {
	c, err := o.CreateQRCode(ctx, name, life)
	return c.Ticket, c.URL, c.ExpiresAt, err
}
