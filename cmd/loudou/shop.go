package main

import (
	"context"
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/course"
	"loudou/service/grant"
	"loudou/service/learner"
	"loudou/service/media"
	"loudou/service/progress"
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
		Grants: h.grants, Audit: h.operators, Jobs: h.jobs, Now: h.clock.now,
	}
	if h.xpay != nil {
		goods.Goods = h.xpay
	}
	h.courses = course.New(h.db, goods)
	h.jobs.Handle(course.GoodsJob, h.courses.PublishGoods)

	files := media.Options{AppID: cfg.MiniAppID, Dir: filepath.Join(cfg.Data, "media"), PublicURL: cfg.PublicURL, Secret: []byte(cfg.Secret), Official: cfg.OfficialAppID, Audit: h.operators, Now: h.clock.now}
	if cfg.OfficialAppID != "" && cfg.OfficialSecret != "" {
		files.Material = material{h}
	}
	h.media, err = media.New(h.db, files)
	if err != nil {
		return err
	}
	h.jobs.Every("media.sweep", 6*time.Hour, h.media.Sweep)
	h.progress = progress.New(h.db, h.courses, h.events, h.clock.now)

	who := learner.Options{
		AppID: cfg.MiniAppID, Secret: []byte(cfg.Secret), WeChat: noMini{}, Persons: h.persons, Money: h, Once: learner.NewMemory(h.redis), Now: h.clock.now,
		Erasers: func() []learner.Eraser { return h.erasers },
	}
	h.erasers = append(h.erasers, h.progress.Erase, h.persons.Erase)
	if h.mini != nil {
		who.WeChat = h.mini
	}
	h.learners, err = learner.New(h.db, who)
	return err
}

// material is the Official Account's permanent material as service/media asks for it.
// The gateway is connected later than the shop.
type material struct{ h *house }

func (m material) AddPicture(ctx context.Context, name string, picture []byte) (string, error) {
	up, err := m.h.official.UploadMedia(ctx, name, picture, true)
	return up.MediaID, err
}

// noMini answers logins while the settings name no Mini Program.
type noMini struct{}

func (noMini) Code2Session(context.Context, string) (model.MiniSession, error) {
	return model.MiniSession{}, model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "小程序还没有配置")
}

// MoneyOpen asks whoever sells, who is built after the learners sold to.
func (h *house) MoneyOpen(tx *gorm.DB, learnerID int64) (bool, error) {
	if h.money == nil {
		return false, nil // nothing is sold here
	}
	return h.money.MoneyOpen(tx, learnerID)
}
