package ordertest

import "loudou/model"

// given: a paid gift order has exactly one gift, which waits without a grant until it opened its course to exactly
// one learner; one given back is void, or its grant revoked. No other order has a gift.
func (c *checker) given() error {
	gifts, grants := map[int64]model.Gift{}, map[int64][]model.Grant{}
	codes := map[string]bool{}
	for _, g := range c.gifts {
		if gifts[g.OrderID].ID != 0 || codes[g.Code] || len(g.Code) != model.GiftCodeLength {
			c.say("order %d has two gifts, or a code is bad", g.OrderID)
		}
		gifts[g.OrderID], codes[g.Code] = g, true
		if (g.Status == model.GiftOpened) != (g.LearnerID != 0 && g.OpenedAt != nil) {
			c.say("gift %d is %s, opened by %d", g.ID, g.Status, g.LearnerID)
		}
	}
	for _, g := range c.held {
		if g.Reason == model.GrantByFriend {
			grants[g.OrderID] = append(grants[g.OrderID], g)
		}
	}
	refunding := map[int64]bool{}
	for _, r := range c.refunds {
		if r.Kind == model.RefundOfOrder && r.Status.Open() {
			refunding[r.OrderID] = true
		}
	}
	for _, o := range c.orders {
		g, had := gifts[o.ID]
		delete(gifts, o.ID)
		if o.Kind != model.OrderForGift {
			if had {
				c.say("I1 order %s is no gift and has one", o.OutTradeNo)
			}
			continue
		}
		opened := grants[o.ID]
		switch {
		case had != (o.Status.Holding() || o.Status == model.OrderRefunded):
			c.say("I1 gift order %s is %s, its gift %q", o.OutTradeNo, o.Status, g.Status)
		case !had:
		case (g.Status == model.GiftOpened) != (len(opened) == 1), len(opened) > 1:
			c.say("I1 gift of order %s is %s with %d grants", o.OutTradeNo, g.Status, len(opened))
		case len(opened) == 1 && (opened[0].LearnerID != g.LearnerID || opened[0].CourseID != g.CourseID):
			c.say("I1 gift of order %s was opened by %d, the course by %d", o.OutTradeNo, g.LearnerID, opened[0].LearnerID)
		case o.Status == model.OrderRefunded && g.Status != model.GiftVoid && (len(opened) != 1 || opened[0].Status != model.GrantRevoked):
			c.say("I1 gift order %s is refunded, its gift is %s", o.OutTradeNo, g.Status)
		case o.Status.Holding() && (g.Status == model.GiftVoid || len(opened) == 1 && opened[0].Status == model.GrantRevoked):
			c.say("I1 gift order %s is %s, its gift gone", o.OutTradeNo, o.Status)
		case g.Status == model.GiftFrozen && !refunding[o.ID], g.Status == model.GiftWaiting && refunding[o.ID]:
			c.say("gift of order %s is %s, a refund open: %v", o.OutTradeNo, g.Status, refunding[o.ID])
		}
		if len(opened) > 0 && !had {
			c.say("I1 order %s opened a course as a gift it never was", o.OutTradeNo)
		}
	}
	for id := range gifts {
		c.say("I1 a gift has order %d, which is not there", id)
	}
	return nil
}
