package partner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// settleAfter is how long after a month's end it is settled: by then the last day's bill is there, and what a notice
// did not tell has been asked for.
const settleAfter = 12 * time.Hour

// setUp is how long a new partner is left to be given what it owns, before the timetable settles its months.
const setUp = 24 * time.Hour

// Settlements lists what a partner's months came to, the latest first.
func (s *Service) Settlements(ctx context.Context, id int64) ([]model.PartnerSettlement, error) {
	out := []model.PartnerSettlement{}
	if err := s.db.WithContext(ctx).Where("partner_id = ?", id).Order("month DESC").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("settlements of partner %d: %w", id, err)
	}
	return out, nil
}

// Settlement gives a partner's month with the orders in it. ErrNotFound while it is not settled.
func (s *Service) Settlement(ctx context.Context, id int64, month int) (model.PartnerSettlement, []model.PartnerLine, error) {
	var out model.PartnerSettlement
	err := s.db.WithContext(ctx).Where("partner_id = ? AND month = ?", id, month).Take(&out).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return out, nil, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个月还没有结算单")
	}
	var lines []model.PartnerLine
	if err == nil {
		err = s.db.WithContext(ctx).Where("settlement_id = ?", out.ID).Order("paid_at, out_trade_no").Find(&lines).Error
	}
	if err != nil {
		return out, nil, fmt.Errorf("settlement of partner %d: %w", id, err)
	}
	return out, lines, nil
}

// Settle settles what is due of every partner that has been there for a day. One that fails does not keep the others
// waiting.
func (s *Service) Settle(ctx context.Context) error {
	var all []model.Partner
	if err := s.db.WithContext(ctx).Where("appid = ? AND created_at <= ?", s.appid, model.Milli(s.now().Add(-setUp))).Order("id").Find(&all).Error; err != nil {
		return fmt.Errorf("settle partners: %w", err)
	}
	var failed error
	for _, p := range all {
		if err := s.due(ctx, p); err != nil {
			failed = err
		}
	}
	return failed
}

// SettleOne settles what is due of one partner now.
func (s *Service) SettleOne(ctx context.Context, by model.Operator, id int64) error {
	p, err := s.One(ctx, id)
	if err != nil {
		return err
	}
	if err := s.due(ctx, p); err != nil {
		return err
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.audited(tx, by, "partner.settle", id, nil, nil) })
}

// due settles every month of a partner that is over and not settled yet, in their order: a correction looks back on
// what was settled before.
func (s *Service) due(ctx context.Context, p model.Partner) error {
	last := model.MonthNumber(model.MonthStart(model.MonthNumber(s.now().Add(-settleAfter))).AddDate(0, -1, 0))
	var newest int
	if err := s.db.WithContext(ctx).Model(&model.PartnerSettlement{}).Select("COALESCE(MAX(month), 0)").Where("partner_id = ?", p.ID).Scan(&newest).Error; err != nil {
		return fmt.Errorf("settle partner %d: %w", p.ID, err)
	}
	month := p.SettleFrom
	if newest > 0 {
		month = model.MonthNumber(model.MonthStart(newest).AddDate(0, 1, 0))
	}
	for ; month <= last; month = model.MonthNumber(model.MonthStart(month).AddDate(0, 1, 0)) {
		if err := s.settle(ctx, p, month); err != nil {
			return fmt.Errorf("settle partner %d, %d: %w", p.ID, month, err)
		}
	}
	return nil
}

func (s *Service) settle(ctx context.Context, p model.Partner, month int) error {
	from := model.MonthStart(month)
	first, last := model.DayNumber(from), model.DayNumber(from.AddDate(0, 1, -1))
	figures, err := s.figures.PartnerMonth(ctx, p, first, last)
	if err != nil {
		return err
	}
	// From the first month on: an order may have been heard of after its own month was settled.
	orders, err := s.figures.PartnerOrders(ctx, p, model.DayNumber(model.MonthStart(p.SettleFrom)), last)
	if err != nil {
		return err
	}
	refunded, err := s.figures.Refunded(ctx, last)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now, err := s.lock(tx, p.ID)
		if err != nil {
			return err
		}
		var there int64
		if err := tx.Model(&model.PartnerSettlement{}).Where("partner_id = ? AND month = ?", p.ID, month).Count(&there).Error; err != nil {
			return err
		}
		if there > 0 || now.SettleFrom != p.SettleFrom { // settled, or changed, while we counted
			return nil
		}
		var had []model.PartnerLine
		if err := tx.Where("partner_id = ?", p.ID).Find(&had).Error; err != nil {
			return err
		}
		taken, err := s.taken(tx, orders)
		if err != nil {
			return err
		}
		x := model.PartnerSettlement{PartnerID: p.ID, Month: month, ShareBP: now.ShareBP, Figures: raw, SettledAt: model.Milli(s.now())}
		lines := model.SettleLines(now, orders, had, taken, refunded)
		x.Settle(lines)
		if err := tx.Create(&x).Error; err != nil {
			return err
		}
		for i := range lines {
			lines[i].SettlementID = x.ID
		}
		for part := range slices.Chunk(lines, 200) {
			if err := tx.Create(&part).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if key, dup := store.Duplicate(err); dup && !isLine(key) {
		return nil // another instance settled it just now
	}
	return err
}

// isLine tells a clash of two partners over an order, which the next round sees settled, from one over the month.
func isLine(key string) bool { return strings.Contains(key, "partner_lines") }

// taken tells which of the orders are settled already, whoever's they were.
func (s *Service) taken(tx *gorm.DB, orders []model.PartnerOrder) (map[string]bool, error) {
	out := map[string]bool{}
	for part := range slices.Chunk(orders, 500) {
		nos := make([]string, 0, len(part))
		for _, o := range part {
			nos = append(nos, o.OutTradeNo)
		}
		var found []string
		if err := tx.Model(&model.PartnerLine{}).Where("appid = ? AND out_trade_no IN ? AND first = 1", s.appid, nos).Pluck("out_trade_no", &found).Error; err != nil {
			return nil, err
		}
		for _, no := range found {
			out[no] = true
		}
	}
	return out, nil
}
