package main

import (
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/coupon"
	"loudou/service/invite"
	"loudou/service/redeem"
)

// invite connects the campaigns' tasks of bringing new followers; who draws and who gives rewards come later.
func (h *house) invite(account sendAccount) {
	h.invites = invite.New(invite.Options{
		DB: h.db, AppID: h.cfg.OfficialAppID, Campaigns: h.campaigns, Followers: h.followers, Codes: h.scenes, WeChat: account, Teller: h.replies, Jobs: h.jobs, Audit: h.operators, Now: h.clock.now,
	})
	h.jobs.Handle(invite.PosterJob, h.invites.Poster)
	h.jobs.Every("invite.settle", 20*time.Second, h.invites.Settle)
}

// couponPrize gives a coupon of one use.
type couponPrize struct{ *coupon.Service }

func (p couponPrize) Give(tx *gorm.DB, ref int64) (string, error) { return p.Issue(tx, ref) }

// coursePrize gives a redeem code.
type coursePrize struct{ *redeem.Service }

func (p coursePrize) Give(tx *gorm.DB, ref int64) (string, error) { return p.HandOut(tx, ref) }

// prizes are what tasks give.
func (h *house) prizes() map[model.InviteReward]invite.Prizes {
	return map[model.InviteReward]invite.Prizes{model.InviteCoupon: couponPrize{h.coupons}, model.InviteCourse: coursePrize{h.redeems}}
}
