package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

const numberLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // 32 of them: no modulo bias

// number makes 6 digits of the day and 19 random letters (95 bits): 25 letters and digits, which suit
// out_trade_no (6–32), virtual payment (8–32) and, with a letter in front, their refund numbers.
func number(now time.Time) string {
	raw := make([]byte, 19)
	_, _ = rand.Read(raw)
	for i, b := range raw {
		raw[i] = numberLetters[b&31]
	}
	return now.In(model.Shanghai).Format("060102") + string(raw)
}

// plain makes text from outside fit a column of ASCII letters: what is no printable ASCII becomes '?'.
func plain(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
	if len(s) > n {
		return s[:n]
	}
	return s
}

func short(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// tx runs fn in a transaction, again where the database asks for it.
func (s *Service) tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return store.Tx(ctx, s.db, fn)
}

// unknownOrder is one answer for "not there" and "not yours".
func unknownOrder() error {
	return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个订单")
}

// lockOrder reads the order under its lock.
func lockOrder(tx *gorm.DB, id int64) (model.Order, error) {
	var o model.Order
	if err := store.Lock(tx).Take(&o, id).Error; err != nil {
		return o, missing(err, "order", id)
	}
	return o, nil
}

// lockPayment reads the payment under its lock; the order's must be held.
func lockPayment(tx *gorm.DB, id int64) (model.Payment, error) {
	var p model.Payment
	if err := store.Lock(tx).Take(&p, id).Error; err != nil {
		return p, missing(err, "payment", id)
	}
	return p, nil
}

// attempts reads all payments of an order; in a transaction that holds the order's lock they cannot be
// joined by another.
func attempts(db *gorm.DB, orderID int64) ([]model.Payment, error) {
	list := []model.Payment{}
	if err := db.Where("order_id = ?", orderID).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("payments of order %d: %w", orderID, err)
	}
	return list, nil
}

func refundsOf(db *gorm.DB, orderID int64) ([]model.Refund, error) {
	list := []model.Refund{}
	if err := db.Where("order_id = ?", orderID).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("refunds of order %d: %w", orderID, err)
	}
	return list, nil
}

// paymentByNo finds an attempt; nil when the number is not ours.
func paymentByNo(db *gorm.DB, no string) (*model.Payment, error) {
	var p model.Payment
	err := db.Where("out_trade_no = ?", no).Take(&p).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("payment %s: %w", no, err)
	}
	return &p, nil
}

// byNo finds an order of this account behind any of its attempts' numbers.
func (s *Service) byNo(db *gorm.DB, no string) (model.Order, error) {
	var o model.Order
	if len(no) > 64 || plain(no, 64) != no {
		return o, unknownOrder()
	}
	err := db.Where("out_trade_no = ? AND appid = ?", no, s.AppID).Take(&o).Error
	if err == nil {
		return o, nil
	}
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return o, fmt.Errorf("order %s: %w", no, err)
	}
	p, err := paymentByNo(db, no)
	if err != nil {
		return o, err
	}
	if p == nil {
		return o, unknownOrder()
	}
	if err := db.Where("appid = ?", s.AppID).Take(&o, p.OrderID).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return o, unknownOrder()
		}
		return o, missing(err, "order", p.OrderID)
	}
	return o, nil
}

func missing(err error, thing string, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("%s %d: %w", thing, id, model.ErrNotFound)
	}
	return fmt.Errorf("%s %d: %w", thing, id, err)
}

// saveOrder writes o, which was in status from, and the step's history.
func (s *Service) saveOrder(tx *gorm.DB, o *model.Order, from model.OrderStatus, who model.Actor, why string) error {
	if !from.CanBecome(o.Status) {
		return fmt.Errorf("order %d: no step from %s to %s", o.ID, from, o.Status)
	}
	res := tx.Model(&model.Order{}).Where("id = ? AND status = ?", o.ID, from).
		Select("status", "via", "open_key", "paid_by", "paid_at", "refunded", "close_at", "closing_at", "closed_at", "proof", "updated_at").Updates(o)
	if err := moved(res, "order", o.ID); err != nil {
		return err
	}
	if s.Coupons != nil {
		if err := s.Coupons.Follow(tx, *o); err != nil {
			return err
		}
	}
	if err := s.followSeat(tx, from, *o); err != nil {
		return err
	}
	return s.change(tx, model.ThingOrder, o.ID, o.ID, string(from), string(o.Status), who, why)
}

// savePayment writes p, which was in status from, and the step's history.
func (s *Service) savePayment(tx *gorm.DB, p *model.Payment, from model.PaymentStatus, who model.Actor, why string) error {
	if !from.CanBecome(p.Status) {
		return fmt.Errorf("payment %d: no step from %s to %s", p.ID, from, p.Status)
	}
	if !p.Status.Live() {
		p.CheckAt = nil
	}
	res := tx.Model(&model.Payment{}).Where("id = ? AND status = ?", p.ID, from).
		Select("status", "prepay_id", "prepaid_at", "handed_at", "call_until", "fault", "transaction_id", "trade_state", "payer_total", "paid_at", "check_at", "updated_at").Updates(p)
	if err := moved(res, "payment", p.ID); err != nil {
		return err
	}
	return s.change(tx, model.ThingPayment, p.ID, p.OrderID, string(from), string(p.Status), who, why)
}

// saveRefund writes r, which was in status from, and the step's history.
func (s *Service) saveRefund(tx *gorm.DB, r *model.Refund, from model.RefundState, who model.Actor, why string) error {
	if !from.CanBecome(r.Status) {
		return fmt.Errorf("refund %d: no step from %s to %s", r.ID, from, r.Status)
	}
	res := tx.Model(&model.Refund{}).Where("id = ? AND status = ?", r.ID, from).
		Select("status", "proposed_by", "approved_by", "decided_why", "open_key", "refund_id", "error", "next_at", "sent_at", "succeeded_at", "updated_at").Updates(r)
	if err := moved(res, "refund", r.ID); err != nil {
		return err
	}
	return s.change(tx, model.ThingRefund, r.ID, r.OrderID, string(from), string(r.Status), who, why)
}

func moved(res *gorm.DB, thing string, id int64) error {
	if res.Error != nil {
		return fmt.Errorf("%s %d: %w", thing, id, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("%s %d: %w: it moved meanwhile", thing, id, model.ErrUnavailable)
	}
	return nil
}

func (s *Service) change(tx *gorm.DB, thing string, id, orderID int64, from, to string, who model.Actor, why string) error {
	c := model.Change{Thing: thing, ThingID: id, OrderID: orderID, From: from, To: to, Who: string(who), Why: short(why, 300), HappenAt: s.time()}
	if err := tx.Table("order_changes").Create(&c).Error; err != nil {
		return fmt.Errorf("history of %s %d: %w", thing, id, err)
	}
	return nil
}

// keep stores what a channel said, word for word; the same words again only raise the count.
func (s *Service) keep(tx *gorm.DB, n model.PayNotice) error {
	now := s.time()
	n.NoticeID, n.OutTradeNo, n.OutRefundNo = plain(n.NoticeID, 64), plain(n.OutTradeNo, 64), plain(n.OutRefundNo, 64)
	n.Raw = strings.ToValidUTF8(n.Raw, "\uFFFD")
	if len(n.Raw) > maxRaw {
		n.Raw = strings.ToValidUTF8(n.Raw[:maxRaw], "")
	}
	n.Digest = digest(string(n.Source), string(n.Via), n.OutTradeNo, n.OutRefundNo, n.Raw)
	n.Times, n.FirstAt, n.LastAt = 1, now, now
	res := tx.Model(&model.PayNotice{}).Where("digest = ?", n.Digest).
		Updates(map[string]any{"times": gorm.Expr("times + 1"), "last_at": now})
	if res.Error != nil {
		return fmt.Errorf("keep notice of %s: %w", n.OutTradeNo, res.Error)
	}
	if res.RowsAffected > 0 {
		return nil
	}
	if err := tx.Create(&n).Error; err != nil {
		if _, dup := store.Duplicate(err); dup {
			return nil
		}
		return fmt.Errorf("keep notice of %s: %w", n.OutTradeNo, err)
	}
	return nil
}

const maxRaw = 64 << 10 // a notice is about 2 KB
