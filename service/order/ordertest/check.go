// Package ordertest checks what must be true of money after every fault and attack.
package ordertest

import (
	"context"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Check fails t for every broken invariant of orders, payments, refunds, grants and their history.
func Check(t testing.TB, db *gorm.DB) {
	t.Helper()
	faults, err := Faults(db)
	if err != nil {
		t.Fatalf("invariants could not be checked: %v", err)
	}
	for _, f := range faults {
		t.Error("invariant broken: " + f)
	}
}

// Faults lists what is broken, in one consistent view of db:
// I1 money held ⇔ exactly one grant with that order as its reason, or an unopened gift, and no other status has an
// active one;
// I2 the sum of successful refunds is what the order says and never above what was paid, and what is open
// fits beside it; I3 money in = orders + returned + in the inbox; I7 every status has its history, whose
// steps join; I6 uses of coupons = orders that carry them, and the stock counts just those, as a course its seats; and as with I1 a code
// is redeemed ⇔ exactly one grant of the same learner and course has it as its reason.
func Faults(db *gorm.DB) (faults []string, err error) {
	err = store.Snapshot(context.Background(), db, func(tx *gorm.DB) error {
		faults = nil
		c := checker{tx: tx}
		for _, step := range []func() error{c.read, c.grants, c.refunded, c.money, c.history, c.coupons, c.seats, c.codes, c.given} {
			if err := step(); err != nil {
				return err
			}
		}
		faults = c.faults
		return nil
	})
	return faults, err
}

type checker struct {
	tx       *gorm.DB
	faults   []string
	orders   []model.Order
	payments []model.Payment
	refunds  []model.Refund
	held     []model.Grant
	inbox    []model.MoneyEntry
	gifts    []model.Gift
}

func (c *checker) say(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) read() error {
	for _, list := range []any{&c.orders, &c.payments, &c.refunds, &c.held, &c.inbox} {
		if err := c.tx.Order("id").Find(list).Error; err != nil {
			return err
		}
	}
	if c.tx.Migrator().HasTable("gifts") {
		return c.tx.Order("id").Find(&c.gifts).Error
	}
	return nil
}

func (c *checker) grants() error {
	byOrder := map[int64][]model.Grant{}
	for _, g := range c.held {
		if g.Reason == model.GrantByOrder || g.Reason == model.GrantByFriend {
			byOrder[g.OrderID] = append(byOrder[g.OrderID], g)
		}
	}
	open := map[string]int64{}
	for _, o := range c.orders {
		grants := byOrder[o.ID]
		delete(byOrder, o.ID)
		switch {
		case o.Kind == model.OrderForGift: // see given
		case o.Status.Holding() && len(grants) != 1:
			c.say("I1 order %s is %s with %d grants", o.OutTradeNo, o.Status, len(grants))
		case o.Status.Holding() && grants[0].Status == model.GrantRevoked:
			c.say("I1 order %s is %s, its grant revoked", o.OutTradeNo, o.Status)
		case o.Status == model.OrderRefunded && (len(grants) != 1 || grants[0].Status != model.GrantRevoked):
			c.say("I1 order %s is refunded, its grant is not revoked", o.OutTradeNo)
		case !o.Status.Holding() && o.Status != model.OrderRefunded && len(grants) > 0:
			c.say("I1 order %s is %s and has a grant", o.OutTradeNo, o.Status)
		}
		if o.Status.Open() != (o.OpenKey != nil) {
			c.say("order %s is %s, its open key %v", o.OutTradeNo, o.Status, o.OpenKey)
		}
		if o.OpenKey != nil {
			if other, had := open[*o.OpenKey]; had {
				c.say("orders %d and %d are both open for %s", other, o.ID, *o.OpenKey)
			}
			open[*o.OpenKey] = o.ID
		}
	}
	for id := range byOrder {
		c.say("I1 a grant has order %d as its reason, which is not there", id)
	}
	return nil
}

func (c *checker) refunded() error {
	success, reserved := map[int64]model.Fen{}, map[int64]model.Fen{}
	for _, r := range c.refunds {
		if r.Kind != model.RefundOfOrder {
			continue
		}
		if r.Status == model.RefundSuccess {
			success[r.OrderID] += r.Amount
		}
		if r.Status.Holds() {
			reserved[r.OrderID] += r.Amount
		}
	}
	for _, o := range c.orders {
		if success[o.ID] != o.Refunded {
			c.say("I2 order %s says %d refunded, its refunds %d", o.OutTradeNo, o.Refunded, success[o.ID])
		}
		if reserved[o.ID] > o.Amount {
			c.say("I2 order %s of %d has refunds of %d", o.OutTradeNo, o.Amount, reserved[o.ID])
		}
		if (o.Status == model.OrderRefunded) != (o.Amount > 0 && o.Refunded == o.Amount) {
			c.say("I2 order %s is %s with %d of %d refunded", o.OutTradeNo, o.Status, o.Refunded, o.Amount)
		}
	}
	return nil
}

func (c *checker) money() error {
	orders := map[int64]model.Order{}
	for _, o := range c.orders {
		orders[o.ID] = o
	}
	back := map[int64]model.Refund{}
	for _, r := range c.refunds {
		if r.Kind == model.RefundOfOrphan {
			back[r.PaymentID] = r
		}
	}
	told := map[string]bool{}
	for _, e := range c.inbox {
		told[e.OutTradeNo] = true
	}
	paid := map[int64]int{}
	seen := map[string]string{}
	for _, p := range c.payments {
		o, r := orders[p.OrderID], back[p.ID]
		if p.TransactionID != nil {
			key := string(p.Via) + *p.TransactionID
			if seen[key] != "" {
				c.say("I3 transaction %s is booked on %s and %s", *p.TransactionID, seen[key], p.OutTradeNo)
			}
			seen[key] = p.OutTradeNo
		}
		if p.Status.Booked() && p.TransactionID == nil {
			c.say("I3 payment %s is %s without a transaction", p.OutTradeNo, p.Status)
		}
		switch p.Status {
		case model.PaymentSuccess:
			paid[o.ID]++
			if o.PaidBy != p.OutTradeNo || !o.Status.Holding() && o.Status != model.OrderRefunded || p.Total != o.Amount {
				c.say("I3 payment %s of %d is in, its order %s is %s, paid by %q", p.OutTradeNo, p.Total, o.OutTradeNo, o.Status, o.PaidBy)
			}
		case model.PaymentOrphan:
			if (r.ID == 0 || r.Status == model.RefundSuccess) && !told[p.OutTradeNo] {
				c.say("I3 payment %s is unwanted, and neither on its way back nor in the inbox", p.OutTradeNo)
			}
		case model.PaymentReturned:
			if r.Status != model.RefundSuccess {
				c.say("I3 payment %s is returned, its refund %q", p.OutTradeNo, r.Status)
			}
		case model.PaymentMismatch:
			if !told[p.OutTradeNo] {
				c.say("I3 payment %s does not fit, and nobody was told", p.OutTradeNo)
			}
		}
	}
	for _, o := range c.orders {
		if o.PaidBy != "" && paid[o.ID] != 1 {
			c.say("I3 order %s is paid by %s, and %d payments are in", o.OutTradeNo, o.PaidBy, paid[o.ID])
		}
	}
	return nil
}

func (c *checker) history() error {
	type key struct {
		thing string
		id    int64
	}
	last := map[key]string{}
	for _, table := range []string{"order_changes", "grant_changes", "gift_changes"} {
		if !c.tx.Migrator().HasTable(table) {
			continue
		}
		var list []model.Change
		if err := c.tx.Table(table).Order("id").Find(&list).Error; err != nil {
			return err
		}
		for _, h := range list {
			k := key{h.Thing, h.ThingID}
			if h.From != last[k] {
				c.say("I7 %s %d goes from %q, its history was at %q", h.Thing, h.ThingID, h.From, last[k])
			}
			if h.Who == "" || h.Why == "" {
				c.say("I7 %s %d became %s by %q because %q", h.Thing, h.ThingID, h.To, h.Who, h.Why)
			}
			last[k] = h.To
		}
	}
	look := func(thing string, id int64, status string) {
		if got := last[key{thing, id}]; got != status {
			c.say("I7 %s %d is %s, its history says %q", thing, id, status, got)
		}
	}
	for _, o := range c.orders {
		look(model.ThingOrder, o.ID, string(o.Status))
	}
	for _, p := range c.payments {
		look(model.ThingPayment, p.ID, string(p.Status))
	}
	for _, r := range c.refunds {
		look(model.ThingRefund, r.ID, string(r.Status))
	}
	for _, g := range c.gifts {
		look(model.ThingGift, g.ID, string(g.Status))
	}
	for _, g := range c.held {
		look(model.ThingGrant, g.ID, string(g.Status))
	}
	return nil
}
