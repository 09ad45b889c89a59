package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"loudou/model"
)

// Unequal is money that the orders and the events state differently. It is shown, never changed.
type Unequal struct {
	Day, What, No string
	Table, Events int64 // fen
}

// FirstDay is the day of the oldest event that counts; today when there is none.
func (s *Service) FirstDay(ctx context.Context) (string, error) {
	first := 0
	for _, t := range model.EventTypes() {
		var d int
		if err := s.db.WithContext(ctx).Raw("SELECT COALESCE(MIN(day), 0) FROM events WHERE type = ? AND day > 0"+s.ours(), t.Number()).Scan(&d).Error; err != nil {
			return "", fmt.Errorf("first day: %w", err)
		}
		if d > 0 && (first == 0 || d < first) {
			first = d
		}
	}
	if first == 0 {
		return model.Day(s.now()), nil
	}
	return model.DayName(first), nil
}

// CompareOrders compares, to the fen, the paid orders and succeeded refunds of a range with their events.
// Imported events have no order and are left out.
func (s *Service) CompareOrders(ctx context.Context, span Span) ([]Unequal, error) {
	type line struct {
		No     string
		Amount int64
	}
	sums := func(q string, args ...any) (map[string]int64, error) {
		var rows []line
		if err := s.db.WithContext(ctx).Raw(q, args...).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("compare orders: %w", err)
		}
		out := map[string]int64{}
		for _, r := range rows {
			out[r.No] += r.Amount
		}
		return out, nil
	}
	from, to := span.From.UTC(), span.To.UTC()
	var out []Unequal
	for _, x := range []struct {
		what, table string
		typ         model.EventType
	}{
		{"支付", "SELECT out_trade_no AS no, amount FROM orders WHERE appid = ? AND paid_at >= ? AND paid_at < ?", model.EventPaid},
		{"退款", "SELECT o.out_trade_no AS no, r.amount FROM refunds r JOIN orders o ON o.id = r.order_id WHERE o.appid = ? AND r.succeeded_at >= ? AND r.succeeded_at < ? AND r.status = 'success' AND r.kind = 'order'", model.EventRefunded},
	} {
		table, err := sums(x.table, s.miniApp, from, to)
		if err != nil {
			return nil, err
		}
		events, err := sums("SELECT out_trade_no AS no, amount FROM events WHERE type = ? AND day BETWEEN ? AND ? AND imported = 0"+s.ours(), x.typ.Number(), span.First, span.Last)
		if err != nil {
			return nil, err
		}
		for no := range union(table, events) {
			if table[no] != events[no] {
				out = append(out, Unequal{Day: model.DayName(span.First) + "…" + model.DayName(span.Last), What: x.what, No: no, Table: table[no], Events: events[no]})
			}
		}
	}
	slices.SortFunc(out, func(a, b Unequal) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.No, b.No)) })
	return out, nil
}

func union(a, b map[string]int64) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}
