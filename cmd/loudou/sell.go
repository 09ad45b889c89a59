package main

import (
	"context"
	"errors"

	"loudou/model"
	"loudou/service/coupon"
	"loudou/service/figure"
	"loudou/service/gift"
	"loudou/service/ledger"
	"loudou/service/order"
	"loudou/service/reconcile"
	"loudou/service/redeem"
	"loudou/service/store/seal"
	"loudou/service/wxpay"
	"loudou/service/xpay"
)

// sell connects orders with the roads money takes. A road whose settings are missing is simply closed.
func (h *house) sell() error {
	cfg := h.cfg
	base := cfg.PublicURL
	if base == "" {
		base = "http://" + cfg.Addr
	}
	channels := map[model.Via]order.Channel{}
	if cfg.PayMchID != "" {
		var err error
		h.pay, err = wxpay.New(wxpay.Options{
			API: cfg.PayAPI, AppID: cfg.MiniAppID, MchID: cfg.PayMchID, Serial: cfg.PaySerial, PrivateKey: cfg.PayPrivateKey,
			APIv3Key: cfg.PayAPIv3Key, PublicKeyID: cfg.PayPublicKeyID, PublicKey: cfg.PayPublicKey,
		})
		if err != nil {
			return err
		}
		channels[model.ViaJSAPI] = wxpay.Channel{Client: h.pay, NotifyURL: base + "/hook/pay", RefundNotifyURL: base + "/hook/refund", Shipped: h.shipped}
	}
	if h.xpay != nil {
		channels[model.ViaXPay] = xpay.Channel{Client: h.xpay}
	}
	h.ledger = ledger.New(h.db, cfg.MiniAppID, h.operators, h.clock.now)
	h.coupons = coupon.New(h.db, cfg.MiniAppID, figure.NewCatalogue(h.db, "courses", cfg.MiniAppID), h.operators, h.clock.now)
	h.gifts = gift.New(gift.Options{DB: h.db, AppID: cfg.MiniAppID, Courses: h.courses, Learners: h.learners, Grants: h.grants, Facts: h.events, Now: h.clock.now})
	box, err := seal.New([]byte(cfg.Secret), order.SealPurpose)
	if err != nil {
		return err
	}
	h.orders = order.New(order.Options{
		DB: h.db, AppID: cfg.MiniAppID, Shop: h.courses, Learners: h.learners, Channels: channels, Grants: h.grants, Gifts: h.gifts, Inbox: h.ledger, Facts: h.facts, Coupons: h.coupons, Seats: h.courses, Studies: study{h},
		Auditor: h.operators, Queue: h.jobs, Articles: figure.NewCatalogue(h.db, "articles", cfg.OfficialAppID), Campaigns: figure.NewCatalogue(h.db, "campaigns", cfg.OfficialAppID), Now: h.clock.now, RefundLimit: model.Fen(cfg.RefundLimit), Seal: box,
	})
	h.gifts.Orders = h.orders
	bills := map[model.Via]reconcile.Channel{}
	for via, ch := range channels {
		if c, ok := ch.(reconcile.Channel); ok {
			bills[via] = c
		}
	}
	h.redeems = redeem.New(redeem.Options{DB: h.db, AppID: cfg.MiniAppID, Courses: h.courses, Learners: h.learners, Grants: h.grants, Orders: h.orders, Facts: h.events, Audit: h.operators, Now: h.clock.now})
	h.reconcile = reconcile.New(reconcile.Options{DB: h.db, Channels: bills, Orders: h.orders, Inbox: h.ledger, Queue: h.jobs, AppID: cfg.MiniAppID, Now: h.clock.now})
	h.certificate()
	h.learning()
	h.money = h.orders
	h.pushes.Orders = h.orders
	h.erasers = append(h.erasers, h.orders.Erase)
	return nil
}

// study puts together what service/course and service/progress know of a learner's way through a course. A bundle is studied
// in the courses that came with it; one that is the learner's by another reason too was not studied on its account.
type study struct{ h *house }

func (s study) Study(ctx context.Context, learnerID, courseID int64) (model.Study, error) {
	var out model.Study
	c, err := s.h.courses.Get(ctx, courseID)
	if err != nil {
		return out, err
	}
	if !c.Bundle {
		err := s.add(ctx, learnerID, courseID, &out)
		return out, err
	}
	members, err := s.h.grants.Bought(ctx, learnerID, courseID)
	if err != nil {
		return out, err
	}
	for _, id := range members {
		if err := s.add(ctx, learnerID, id, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (s study) add(ctx context.Context, learnerID, courseID int64, out *model.Study) error {
	lessons, err := s.h.courses.Lessons(ctx, courseID)
	if err != nil {
		return err
	}
	done, err := s.h.progress.OfCourse(ctx, learnerID, courseID)
	if err != nil {
		return err
	}
	for _, l := range lessons {
		out.Lessons++
		out.TotalSeconds += l.Seconds
		if p, begun := done[l.ID]; begun {
			out.Watch(p, l)
		}
	}
	return nil
}

// shipped tells WeChat that a course was opened, where the Mini Program is under 发货信息管理: the money stays
// frozen until then.
func (h *house) shipped(ctx context.Context, o model.Order, p model.Payment) error {
	if h.mini == nil || p.TransactionID == nil || p.OpenID == "" {
		return nil
	}
	managed, err := h.mini.TradeManaged(ctx)
	if errors.Is(err, model.ErrUnavailable) {
		return err
	}
	if err != nil || !managed { // an account that may not even ask has no such duty
		return nil //nolint:nilerr // see above
	}
	return h.mini.UploadShippingInfo(ctx, *p.TransactionID, p.OpenID, "课程《"+o.Title+"》")
}
