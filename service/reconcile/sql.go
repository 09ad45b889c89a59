package reconcile

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// keep stores rows; a number that is there already is the same row, seen again.
func keep(tx *gorm.DB, rows []model.BillRow) error {
	err := tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "via"}, {Name: "kind"}, {Name: "number"}},
		DoUpdates: clause.AssignmentColumns([]string{"appid", "mchid", "transaction_id", "out_trade_no", "refund_id", "out_refund_no", "payer", "currency", "status", "amount", "fee", "rate",
			"traded_at", "fence"}),
	}).Create(&rows).Error
	if err != nil {
		return fmt.Errorf("bill rows: %w", err)
	}
	return nil
}

// judged writes the verdicts of rows in one statement.
func judged(tx *gorm.DB, rows []model.BillRow) error {
	if len(rows) == 0 {
		return nil
	}
	err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"verdict", "order_id"})}).Create(&rows).Error
	if err != nil {
		return fmt.Errorf("verdicts: %w", err)
	}
	return nil
}

// Bill gives the bill of a day. ErrNotFound when nobody has asked for it yet.
func (s *Service) Bill(ctx context.Context, via model.Via, day int) (model.Bill, error) {
	var b model.Bill
	err := s.db.WithContext(ctx).Where("via = ? AND day = ?", via, day).Take(&b).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return b, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这一天还没有对账")
	}
	if err != nil {
		return b, fmt.Errorf("bill %s %d: %w", via, day, err)
	}
	return b, nil
}

// Filter chooses bills; zero fields choose all.
type Filter struct {
	Via      model.Via
	From, To int // days, both in
	Only     string
	Before   int64 // day·10 + channel of the last one seen; 0 from the newest
	Limit    int
}

// OnlyOpen is Filter.Only for days with an open difference or without a bill.
const OnlyOpen = "open"

// Bills lists days, newest first.
func (s *Service) Bills(ctx context.Context, f Filter) ([]model.Bill, error) {
	q := s.db.WithContext(ctx).Order("day DESC, id DESC")
	if f.Via != "" {
		q = q.Where("via = ?", f.Via)
	}
	if f.From > 0 {
		q = q.Where("day >= ?", f.From)
	}
	if f.To > 0 {
		q = q.Where("day <= ?", f.To)
	}
	if f.Only == OnlyOpen {
		q = q.Where("(differs + missing_here + missing_there > 0 OR state NOT IN ?)", []model.BillState{model.BillDone, model.BillNone})
	}
	if f.Before > 0 {
		var last model.Bill
		if err := s.db.WithContext(ctx).Where("id = ?", f.Before).Limit(1).Find(&last).Error; err != nil {
			return nil, fmt.Errorf("bills: %w", err)
		}
		q = q.Where("(day < ? OR day = ? AND id < ?)", last.Day, last.Day, last.ID)
	}
	if f.Limit > 0 {
		q = q.Limit(f.Limit)
	}
	list := []model.Bill{}
	if err := q.Find(&list).Error; err != nil {
		return nil, fmt.Errorf("bills: %w", err)
	}
	return list, nil
}

// Difference is one that is open or was, with its entry in the money inbox.
type Difference struct {
	model.BillDifference
	EntryID     int64
	EntryState  model.MoneyState
	Todo        string
	ResolvedBy  model.Actor
	ResolvedWhy string
}

// Differences lists those of a bill, open ones first.
func (s *Service) Differences(ctx context.Context, billID int64) ([]Difference, error) {
	return s.differences(ctx, "d.bill_id = ?", billID)
}

// OfOrder gives what bills say of an order, and what did not fit.
func (s *Service) OfOrder(ctx context.Context, orderID int64) ([]model.BillRow, []Difference, error) {
	rows := []model.BillRow{}
	if err := s.db.WithContext(ctx).Where("order_id = ?", orderID).Order("traded_at, id").Find(&rows).Error; err != nil {
		return nil, nil, fmt.Errorf("bill rows of order %d: %w", orderID, err)
	}
	list, err := s.differences(ctx, "d.order_id = ?", orderID)
	return rows, list, err
}

func (s *Service) differences(ctx context.Context, where string, args ...any) ([]Difference, error) {
	list := []Difference{}
	err := s.db.WithContext(ctx).Table("bill_differences d").
		Select("d.*, COALESCE(m.id, 0) AS entry_id, COALESCE(m.state, '') AS entry_state, COALESCE(m.todo, '') AS todo, COALESCE(m.resolved_by, '') AS resolved_by, COALESCE(m.resolved_why, '') AS resolved_why").
		Joins("LEFT JOIN money_inbox m ON m.ukey = d.inbox_key").Where(where, args...).
		Order("CASE WHEN d.solved_at IS NULL THEN 0 ELSE 1 END, d.id").Limit(1000).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("bill differences: %w", err)
	}
	return list, nil
}

// Line is a row of a bill, or what a bill lacks, as the accountant reads it. Such a one has no time and no fee.
type Line struct {
	model.BillRow
	Day     int
	OrderNo string
	Title   string
	What    string // why it does not fit
}

// Lines hands the rows of the bills f chooses to line, day by day in the bill's order, and behind each day what
// its bill lacks. It reads 500 at a time.
func (s *Service) Lines(ctx context.Context, f Filter, line func(Line) error) error {
	f.Limit = 0
	bills, err := s.Bills(ctx, f)
	if err != nil {
		return err
	}
	for i := len(bills) - 1; i >= 0; i-- { // oldest first
		b := bills[i]
		diffs, err := s.differences(ctx, "d.bill_id = ? AND d.solved_at IS NULL", b.ID)
		if err != nil {
			return err
		}
		why := map[string]string{}
		var lacking []model.BillRow
		for _, d := range diffs {
			if d.Verdict == model.BillMissingThere {
				lacking = append(lacking, model.BillRow{Via: b.Via, Kind: d.Kind, TransactionID: d.TransactionID, OutTradeNo: d.OutTradeNo, OutRefundNo: d.OutRefundNo, Amount: d.Ours,
					Verdict: d.Verdict, OrderID: d.OrderID, Number: d.UKey})
			}
			why[d.UKey] = d.What
		}
		tell := func(rows []model.BillRow) error {
			ids := []int64{0}
			for _, r := range rows {
				ids = append(ids, r.OrderID)
			}
			var orders []model.Order
			if err := s.db.WithContext(ctx).Select("id", "out_trade_no", "title").Where("id IN ?", ids).Find(&orders).Error; err != nil {
				return fmt.Errorf("orders of bill rows: %w", err)
			}
			by := make(map[int64]model.Order, len(orders))
			for _, o := range orders {
				by[o.ID] = o
			}
			for _, r := range rows {
				l := Line{BillRow: r, Day: b.Day, OrderNo: by[r.OrderID].OutTradeNo, Title: by[r.OrderID].Title, What: why[keyOf(r.Via, r.Kind, r.Number)]}
				if r.Verdict == model.BillMissingThere {
					l.What = why[r.Number]
				}
				if err := line(l); err != nil {
					return err
				}
			}
			return nil
		}
		for last := int64(0); ; {
			var rows []model.BillRow
			if err := s.db.WithContext(ctx).Where("bill_id = ? AND id > ?", b.ID, last).Order("id").Limit(batch).Find(&rows).Error; err != nil {
				return fmt.Errorf("bill rows: %w", err)
			}
			if len(rows) == 0 {
				break
			}
			last = rows[len(rows)-1].ID
			if err := tell(rows); err != nil {
				return err
			}
		}
		if err := tell(lacking); err != nil {
			return err
		}
	}
	return nil
}
