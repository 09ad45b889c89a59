package ordertest

import (
	"fmt"

	"loudou/model"
)

// codes: a code was redeemed exactly when it opened its course to who redeemed it, and a batch has the codes it
// was made with.
func (c *checker) codes() error {
	if !c.tx.Migrator().HasTable("redeem_codes") {
		return nil
	}
	var batches []model.RedeemBatch
	var codes []model.RedeemCode
	for _, list := range []any{&batches, &codes} {
		if err := c.tx.Find(list).Error; err != nil {
			return err
		}
	}
	byKey := map[string]model.Grant{}
	for _, g := range c.held {
		if g.Reason == model.GrantByRedeem {
			byKey[g.ReasonKey] = g
		}
	}
	byID, made := map[int64]model.RedeemBatch{}, map[int64]int{}
	for _, b := range batches {
		byID[b.ID] = b
	}
	for _, x := range codes {
		made[x.BatchID]++
		key := fmt.Sprintf("redeem:%d", x.ID)
		g, opened := byKey[key]
		delete(byKey, key)
		switch {
		case (x.Status == model.RedeemRedeemed) != opened:
			c.say("I1 code %d is %s, it opened a course: %v", x.ID, x.Status, opened)
		case (x.Status == model.RedeemRedeemed) != (x.LearnerID != 0 && x.RedeemedAt != nil), (x.Status == model.RedeemWithdrawn) != (x.WithdrawnAt != nil):
			c.say("code %d is %s: %+v", x.ID, x.Status, x)
		case opened && (g.LearnerID != x.LearnerID || g.CourseID != byID[x.BatchID].CourseID):
			c.say("I1 code %d of learner %d opened course %d to learner %d", x.ID, x.LearnerID, g.CourseID, g.LearnerID)
		}
	}
	for key := range byKey {
		c.say("I1 a grant has %s as its reason, which is not there", key)
	}
	for _, b := range batches {
		if made[b.ID] != b.Size {
			c.say("redeem batch %d of %d has %d codes", b.ID, b.Size, made[b.ID])
		}
	}
	return nil
}
