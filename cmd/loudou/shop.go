package main

import (
	"context"
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/bucket"
	"loudou/service/course"
	"loudou/service/grant"
	"loudou/service/learner"
	"loudou/service/media"
	"loudou/service/progress"
	"loudou/service/statistic"
	"loudou/service/store"
	"loudou/service/wechat"
	"loudou/service/xpay"
)

// shop connects what the Mini Program shows: courses, files, grants, learners and their progress. The
// gateways stay nil where the settings name no account.
func (h *house) shop() error {
	cfg := h.cfg
	var err error
	if cfg.MiniAppID != "" && cfg.MiniSecret != "" {
		if h.mini, err = wechat.New(wechat.Options{AppID: cfg.MiniAppID, Secret: cfg.MiniSecret, API: cfg.WeChatAPI, Redis: h.redis}); err != nil {
			return err
		}
	}
	if cfg.XPayOfferID != "" && h.mini != nil {
		h.xpay, err = xpay.New(xpay.Options{AppID: cfg.MiniAppID, OfferID: cfg.XPayOfferID, AppKey: cfg.XPayAppKey, SandboxAppKey: cfg.XPaySandboxKey, Env: xpay.Env(cfg.XPayEnv), Caller: h.mini})
		if err != nil {
			return err
		}
	}
	h.grants = grant.New(h.db, h.clock.now)
	h.grants.Schedule(h.jobs)

	goods := course.Options{
		AppID: cfg.MiniAppID, PublicURL: cfg.PublicURL, Selling: model.Selling{JSAPI: cfg.PayMchID != "", XPay: h.xpay != nil},
		Grants: h.grants, Progress: finished{h}, Audit: h.operators, Jobs: h.jobs, Now: h.clock.by(store.NewClock(h.db)),
	}
	if h.xpay != nil {
		goods.Goods = h.xpay
	}
	h.courses = course.New(h.db, goods)
	h.grants.Bundles = h.courses
	h.jobs.Handle(course.GoodsJob, h.courses.PublishGoods)

	files := media.Options{AppID: cfg.MiniAppID, Dir: filepath.Join(cfg.Data, "media"), PublicURL: cfg.PublicURL, Secret: []byte(cfg.Secret), Audit: h.operators, Now: h.clock.now}
	if cfg.S3URL != "" {
		h.bucket, err = bucket.New(bucket.Options{URL: cfg.S3URL, Name: cfg.S3Bucket, Region: cfg.S3Region, AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey, Lookup: cfg.S3Lookup})
		if err != nil {
			return err
		}
		files.Storage = h.bucket
	}
	h.media, err = media.New(h.db, files)
	if err != nil {
		return err
	}
	h.jobs.Every("media.sweep", 6*time.Hour, h.media.Sweep)
	h.progress = progress.New(h.db, h.courses, h.events, h.clock.now)

	who := learner.Options{
		AppID: cfg.MiniAppID, Secret: []byte(cfg.Secret), WeChat: noMini{}, Persons: h.persons, Money: h, Once: learner.NewMemory(h.redis), Now: h.clock.now,
		Erasers: func() []learner.Eraser { return h.erasers }, Audit: h.operators.Audit,
	}
	h.erasers = append(h.erasers, h.progress.Erase, h.persons.Erase)
	if h.mini != nil {
		who.WeChat = h.mini
		h.miniStatistics = statistic.NewMini(h.db, cfg.MiniAppID, h.mini, h.clock.now)
		h.jobs.Every("statistic.mini", 30*time.Minute, h.miniStatistics.Run)
	}
	h.learners, err = learner.New(h.db, who)
	h.giving = &grant.Desk{Service: h.grants, AppID: cfg.MiniAppID, Learners: h.learners, Courses: h.courses, Audit: h.operators.Audit}
	return err
}

// finished is service/progress as service/course asks for it, which is built before it.
type finished struct{ h *house }

func (f finished) Finished(ctx context.Context, learnerID, courseID int64) (map[int64]bool, error) {
	return f.h.progress.Finished(ctx, learnerID, courseID)
}

// noMini answers logins while the settings name no Mini Program.
type noMini struct{}

func (noMini) Code2Session(context.Context, string) (model.MiniSession, error) {
	return model.MiniSession{}, model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "小程序还没有配置")
}

func (noMini) PhoneNumber(context.Context, string) (model.Phone, error) {
	return model.Phone{}, model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "小程序还没有配置")
}

// MoneyOpen asks whoever sells, who is built after the learners sold to.
func (h *house) MoneyOpen(tx *gorm.DB, learnerID int64) (bool, error) {
	if h.money == nil {
		return false, nil // nothing is sold here
	}
	return h.money.MoneyOpen(tx, learnerID)
}
