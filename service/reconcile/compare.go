package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// compare goes through the bill's rows, then through what we have of the day and the bill has not, and closes
// the differences that are none any more.
func (s *Service) compare(ctx context.Context, ch Channel, b *model.Bill) error {
	if err := s.compareRows(ctx, b); err != nil {
		return err
	}
	if err := s.missingThere(ctx, ch.MchID(), b); err != nil {
		return err
	}
	if err := s.solve(ctx, b); err != nil {
		return err
	}
	if b.State == model.BillFetched {
		b.State = model.BillDone
	}
	now := model.Milli(s.Now())
	b.ComparedAt = &now
	if err := s.count(ctx, b); err != nil {
		return err
	}
	if err := s.save(s.db.WithContext(ctx), b); err != nil {
		return err
	}
	return s.yesterday(ctx, *b)
}

// finding is what a batch of rows brings: differences with their entries in the money inbox (none where the
// one who settles has made it).
type finding struct {
	model.BillDifference
	entry *model.MoneyEntry
}

func (s *Service) compareRows(ctx context.Context, b *model.Bill) error {
	for last := int64(0); ; {
		if err := s.hold(ctx, *b); err != nil {
			return err
		}
		var rows []model.BillRow
		if err := s.db.WithContext(ctx).Where("bill_id = ? AND id > ?", b.ID, last).Order("id").Limit(batch).Find(&rows).Error; err != nil {
			return fmt.Errorf("bill rows: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		last = rows[len(rows)-1].ID
		old := make([]model.BillRow, len(rows))
		copy(old, rows)
		found, healed, err := s.judge(ctx, rows)
		if err != nil {
			return err
		}
		b.Healed += healed
		var changed []model.BillRow
		for i, r := range rows {
			if r.Verdict != old[i].Verdict || r.OrderID != old[i].OrderID {
				changed = append(changed, r)
			}
		}
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			if err := judged(tx, changed); err != nil {
				return err
			}
			if err := s.note(tx, b, found); err != nil || healed == 0 {
				return err
			}
			return tx.Model(&model.Bill{}).Where("id = ? AND fence = ?", b.ID, b.Fence).Updates(map[string]any{"healed": b.Healed}).Error
		})
		if err != nil {
			return err
		}
	}
}

// judge gives each row its verdict. Rows that bring news go to the one who settles.
func (s *Service) judge(ctx context.Context, rows []model.BillRow) (found []finding, healed int64, err error) {
	db := s.db.WithContext(ctx)
	var nos, refundNos, keys []string
	for _, r := range rows {
		nos = append(nos, r.OutTradeNo)
		if keys = append(keys, keyOf(r.Via, r.Kind, r.Number)); r.Kind == model.BillRefund {
			refundNos = append(refundNos, r.OutRefundNo)
		}
	}
	var payments []model.Payment
	if err := db.Where("out_trade_no IN ?", nos).Find(&payments).Error; err != nil {
		return nil, 0, fmt.Errorf("payments: %w", err)
	}
	byNo := make(map[string]*model.Payment, len(payments))
	for i := range payments {
		byNo[payments[i].OutTradeNo] = &payments[i]
	}
	var refunds []model.Refund
	if len(refundNos) > 0 {
		if err := db.Where("out_refund_no IN ?", refundNos).Find(&refunds).Error; err != nil {
			return nil, 0, fmt.Errorf("refunds: %w", err)
		}
	}
	byRefund := make(map[string]*model.Refund, len(refunds))
	for i := range refunds {
		byRefund[refunds[i].OutRefundNo] = &refunds[i]
	}
	var had []model.BillDifference
	if err := db.Where("ukey IN ? AND solved_at IS NULL", keys).Find(&had).Error; err != nil {
		return nil, 0, fmt.Errorf("bill differences: %w", err)
	}
	known := make(map[string]model.BillDifference, len(had))
	for _, d := range had {
		known[d.UKey] = d
	}
	for i := range rows {
		r := &rows[i]
		d, news, err := s.judgeOne(ctx, r, byNo[r.OutTradeNo], byRefund[r.OutRefundNo], known[keyOf(r.Via, r.Kind, r.Number)])
		if err != nil {
			return nil, 0, err
		}
		if news {
			healed++
		}
		if d != nil {
			found = append(found, *d)
		}
	}
	return found, healed, nil
}

// judgeOne compares one row. news: we learned of it here. had is the difference it was before, if any: a row
// that differs as it did is not told of again.
func (s *Service) judgeOne(ctx context.Context, r *model.BillRow, p *model.Payment, f *model.Refund, had model.BillDifference) (d *finding, news bool, err error) {
	r.OrderID = 0
	if p != nil {
		r.OrderID = p.OrderID
	}
	if p == nil && f == nil && r.AppID != "" && r.AppID != s.AppID {
		r.Verdict = model.BillOther
		return nil, false, nil
	}
	diff := finding{BillDifference: model.BillDifference{
		UKey: keyOf(r.Via, r.Kind, r.Number), Kind: r.Kind, OrderID: r.OrderID, TransactionID: r.TransactionID, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Theirs: r.Amount,
	}}
	if r.Kind == model.BillPay {
		news, err = s.judgePay(ctx, r, p, &diff, had)
	} else {
		news, err = s.judgeRefund(ctx, r, p, f, &diff, had)
	}
	if err != nil {
		return nil, false, err
	}
	if r.Verdict == model.BillEqual {
		fault := r.FeeDiffers()
		if fault == "" {
			return nil, news, nil
		}
		r.Verdict, diff.What, diff.Ours = model.BillDiffers, fault, r.Amount
		diff.entry = &model.MoneyEntry{Kind: model.MoneyBill, UKey: "bill-fee:" + diff.UKey, OrderID: r.OrderID, Via: r.Via, OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo,
			TransactionID: r.TransactionID, Amount: r.Fee, What: fault, Todo: "到商户平台核对这笔手续费和签约费率；有优惠或补扣就写明原因了结"}
		diff.InboxKey = diff.entry.UKey
	}
	diff.Verdict = r.Verdict
	return &diff, news, nil
}

func (s *Service) judgePay(ctx context.Context, r *model.BillRow, p *model.Payment, d *finding, had model.BillDifference) (bool, error) {
	r.Verdict = model.BillEqual
	buyer, fault := model.OpenID(""), "微信账单里有这笔付款，本店没有这个单号"
	if p != nil {
		buyer, d.Ours = p.OpenID, p.Total
		fault = p.Differs(r.Transaction(buyer))
		if fault == "" && p.Status.Booked() {
			return false, nil
		}
	}
	verdict, key := model.BillDiffers, "mismatch:"+r.OutTradeNo
	if p == nil {
		verdict, key = model.BillMissingHere, "stray:"+r.TransactionID
	}
	if fault == "" || had.ID == 0 || had.What != model.Cut(fault, 500) {
		out, err := s.Orders.Settle(ctx, r.Transaction(buyer), model.ActorBill, "")
		if err != nil {
			return false, err
		}
		switch out {
		case model.SettlePaid, model.SettleLate, model.SettleOrphan, model.SettleKept:
			return true, nil
		case model.SettleKnown: // came meanwhile
			return false, nil
		}
		if fault == "" {
			fault = "付款与订单不符"
		}
	}
	r.Verdict, d.What, d.InboxKey = verdict, model.Cut(fault, 500), key
	return false, nil
}

func (s *Service) judgeRefund(ctx context.Context, r *model.BillRow, p *model.Payment, f *model.Refund, d *finding, had model.BillDifference) (bool, error) {
	r.Verdict = model.BillEqual
	n := r.RefundNews()
	verdict, key, fault := model.BillMissingHere, "refund-stray:"+r.OutTradeNo+":"+r.OutRefundNo, "微信账单里有这笔退款，不是本店发起的"
	if f != nil {
		d.Ours, r.OrderID = f.Amount, f.OrderID
		d.OrderID = f.OrderID
		trial := *f
		var out model.RefundOutcome
		out, fault = trial.Book(n, s.Now())
		switch {
		case out == model.BookMismatch:
			verdict, key = model.BillDiffers, "refund-mismatch:"+r.OutRefundNo
		case n.Status != model.RefundStatusSuccess || f.Status == model.RefundSuccess:
			return false, nil // the bill is not corrected later: what we know since counts
		}
	}
	if had.ID == 0 || had.What != model.Cut(fault, 500) {
		if f == nil && n.Status != model.RefundStatusSuccess {
			n.Status = model.RefundStatusProcessing
		}
		out, err := s.Orders.Book(ctx, n, model.ActorBill, "")
		if err != nil {
			return false, err
		}
		if out == model.BookSuccess {
			if r.OrderID == 0 && p != nil {
				r.OrderID = p.OrderID
			}
			return true, nil
		}
		if out == model.BookKnown || out == model.BookMoved {
			return false, nil
		}
		if fault == "" {
			fault = "退款与本店不符"
		}
	}
	r.Verdict, d.What, d.InboxKey = verdict, model.Cut(fault, 500), key
	return false, nil
}

func keyOf(via model.Via, kind model.BillKind, number string) string {
	return string(kind) + ":" + string(via) + ":" + number
}

// note keeps what was found. A difference that is there already stays the same row.
func (s *Service) note(tx *gorm.DB, b *model.Bill, found []finding) error {
	now := model.Milli(s.Now())
	for _, f := range found {
		d := f.BillDifference
		d.BillID, d.Fence, d.CreatedAt, d.UpdatedAt = b.ID, b.Fence, now, now
		var solved int64
		if err := tx.Model(&model.BillDifference{}).Where("ukey = ? AND solved_at IS NOT NULL", d.UKey).Count(&solved).Error; err != nil {
			return fmt.Errorf("bill difference %s: %w", d.UKey, err)
		}
		err := tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "ukey"}},
			DoUpdates: clause.AssignmentColumns([]string{"bill_id", "verdict", "order_id", "ours", "theirs", "what", "inbox_key", "fence", "solved_at"}),
		}).Create(&d).Error
		if err != nil {
			return fmt.Errorf("bill difference %s: %w", d.UKey, err)
		}
		if f.entry != nil {
			if solved > 0 { // other words open an entry again that was done
				f.entry.What = model.Cut("又出现了（"+model.Day(s.Now())+"）："+f.entry.What, 500)
			}
			if err := s.Inbox.Add(tx, *f.entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// missingThere looks for payments and refunds of the day that no bill has.
func (s *Service) missingThere(ctx context.Context, mchid string, b *model.Bill) error {
	from := model.DayStart(b.Day)
	to := from.AddDate(0, 0, 1)
	for last := int64(0); ; {
		var list []model.Payment
		err := s.db.WithContext(ctx).Table("payments p").Select("p.*").
			Where("p.via = ? AND p.paid_at >= ? AND p.paid_at < ? AND p.status IN ? AND p.id > ? AND (p.mchid = ? OR ? = '')", b.Via, from.UTC(), to.UTC(),
				[]model.PaymentStatus{model.PaymentSuccess, model.PaymentOrphan, model.PaymentReturned}, last, mchid, mchid).
			Where("NOT EXISTS (SELECT 1 FROM bill_rows r WHERE r.via = p.via AND r.kind = 'pay' AND r.number = p.transaction_id)").
			Order("p.id").Limit(batch).Find(&list).Error
		if err != nil {
			return fmt.Errorf("payments without a row: %w", err)
		}
		if len(list) == 0 {
			break
		}
		last = list[len(list)-1].ID
		nos := make([]string, 0, len(list))
		for _, p := range list {
			nos = append(nos, p.OutTradeNo)
		}
		var told []string // their row names another transaction_id, which is a difference already
		if err := s.db.WithContext(ctx).Model(&model.BillRow{}).Where("bill_id = ? AND kind = ? AND out_trade_no IN ?", b.ID, model.BillPay, nos).Pluck("out_trade_no", &told).Error; err != nil {
			return fmt.Errorf("bill rows: %w", err)
		}
		var found []finding
		for _, p := range list {
			if slices.Contains(told, p.OutTradeNo) {
				continue
			}
			id := ""
			if p.TransactionID != nil {
				id = *p.TransactionID
			}
			d := model.BillDifference{UKey: keyOf(b.Via, model.BillPay, id), Kind: model.BillPay, OrderID: p.OrderID, TransactionID: id, OutTradeNo: p.OutTradeNo, Ours: p.Total,
				What: "本店记有这笔付款，微信账单里没有"}
			found = append(found, lacking(b, d, "点「问微信」看这笔付款还在不在；不在就联系微信支付客服，在就等下次对账"))
		}
		if err := s.noteAll(ctx, b, found); err != nil {
			return err
		}
	}
	for last := int64(0); ; {
		var list []model.Refund
		err := s.db.WithContext(ctx).Table("refunds f").Select("f.*").
			Where("f.via = ? AND f.sent_at >= ? AND f.sent_at < ? AND f.status = ? AND f.id > ?", b.Via, from.UTC(), to.UTC(), model.RefundSuccess, last).
			Where("EXISTS (SELECT 1 FROM payments p WHERE p.id = f.payment_id AND (p.mchid = ? OR ? = ''))", mchid, mchid).
			Where("NOT EXISTS (SELECT 1 FROM bill_rows r WHERE r.via = f.via AND r.kind = 'refund' AND r.number = f.out_refund_no)").
			Order("f.id").Limit(batch).Find(&list).Error
		if err != nil {
			return fmt.Errorf("refunds without a row: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		last = list[len(list)-1].ID
		var found []finding
		for _, f := range list {
			d := model.BillDifference{UKey: keyOf(b.Via, model.BillRefund, f.OutRefundNo), Kind: model.BillRefund, OrderID: f.OrderID, OutTradeNo: f.OutTradeNo, OutRefundNo: f.OutRefundNo, Ours: f.Amount,
				What: "本店记有这笔退款，微信账单里没有"}
			found = append(found, lacking(b, d, "点「问微信」看这笔退款成功没有；属实就等下次对账，不属实就联系微信支付客服"))
		}
		if err := s.noteAll(ctx, b, found); err != nil {
			return err
		}
	}
}

func lacking(b *model.Bill, d model.BillDifference, todo string) finding {
	d.Verdict, d.InboxKey = model.BillMissingThere, "bill:"+d.UKey
	return finding{d, &model.MoneyEntry{Kind: model.MoneyBill, UKey: d.InboxKey, OrderID: d.OrderID, Via: b.Via, OutTradeNo: d.OutTradeNo, OutRefundNo: d.OutRefundNo,
		TransactionID: d.TransactionID, Amount: d.Ours, What: d.What + "（" + model.DayName(b.Day) + "）", Todo: todo}}
}

func (s *Service) noteAll(ctx context.Context, b *model.Bill, found []finding) error {
	if err := s.hold(ctx, *b); err != nil {
		return err
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.note(tx, b, found) })
}

// solve closes the bill's differences that this comparison did not find again.
func (s *Service) solve(ctx context.Context, b *model.Bill) error {
	return s.close(ctx, "bill_id = ? AND fence <> ? AND solved_at IS NULL", b.ID, b.Fence)
}

func (s *Service) close(ctx context.Context, where string, args ...any) error {
	for {
		var list []model.BillDifference
		if err := s.db.WithContext(ctx).Where(where, args...).Order("id").Limit(batch).Find(&list).Error; err != nil {
			return fmt.Errorf("bill differences: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			now := model.Milli(s.Now())
			for _, d := range list {
				if err := tx.Model(&model.BillDifference{}).Where("id = ? AND solved_at IS NULL", d.ID).Updates(map[string]any{"solved_at": now, "updated_at": now}).Error; err != nil {
					return err
				}
				if err := s.Inbox.Done(tx, d.InboxKey, model.ActorBill, "再次对账，已相符"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// count fills the bill's numbers from its rows and open differences.
func (s *Service) count(ctx context.Context, b *model.Bill) error {
	db := s.db.WithContext(ctx)
	var by []struct {
		Verdict model.BillVerdict
		N       int64
	}
	if err := db.Model(&model.BillRow{}).Select("verdict, COUNT(*) AS n").Where("bill_id = ?", b.ID).Group("verdict").Scan(&by).Error; err != nil {
		return fmt.Errorf("count bill: %w", err)
	}
	b.Equal, b.Other, b.Differs, b.MissingHere, b.MissingThere = 0, 0, 0, 0, 0
	for _, v := range by {
		switch v.Verdict {
		case model.BillEqual:
			b.Equal = v.N
		case model.BillOther:
			b.Other = v.N
		}
	}
	by = by[:0]
	if err := db.Model(&model.BillDifference{}).Select("verdict, COUNT(*) AS n").Where("bill_id = ? AND solved_at IS NULL", b.ID).Group("verdict").Scan(&by).Error; err != nil {
		return fmt.Errorf("count bill: %w", err)
	}
	for _, v := range by {
		switch v.Verdict {
		case model.BillDiffers:
			b.Differs = v.N
		case model.BillMissingHere:
			b.MissingHere = v.N
		case model.BillMissingThere:
			b.MissingThere = v.N
		}
	}
	return nil
}

// yesterday looks again at what the bill of the day before did not have: a payment at midnight stands in one or
// the other.
func (s *Service) yesterday(ctx context.Context, b model.Bill) error {
	before, err := s.Bill(ctx, b.Via, model.DayNumber(model.DayStart(b.Day).AddDate(0, 0, -1)))
	if err != nil || before.MissingThere == 0 {
		if errors.Is(err, model.ErrNotFound) {
			return nil
		}
		return err
	}
	err = s.close(ctx, `bill_id = ? AND verdict = ? AND solved_at IS NULL AND EXISTS (SELECT 1 FROM bill_rows r WHERE r.via = ? AND r.kind = bill_differences.kind
		AND r.number = CASE WHEN bill_differences.kind = 'pay' THEN bill_differences.transaction_id ELSE bill_differences.out_refund_no END)`, before.ID, model.BillMissingThere, b.Via)
	if err != nil {
		return err
	}
	if err := s.count(ctx, &before); err != nil {
		return err
	}
	return s.db.WithContext(ctx).Model(&model.Bill{}).Where("id = ?", before.ID).Updates(map[string]any{"missing_there": before.MissingThere}).Error
}
