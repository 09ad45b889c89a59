package reconcile

import (
	"context"
	"fmt"
	"sort"

	"loudou/model"
)

// Fee is what sales of one channel, course or article came to. Fee is WeChat's own where the bill is in; the
// part that is estimated from the rate, until it is, stands in Estimated as well.
type Fee struct {
	Key       string // channel, or the number of the course or article; "0" without one
	Title     string
	Orders    int64
	Gross     model.Fen
	Refunded  model.Fen
	Fee       model.Fen
	Estimated model.Fen // the part of Fee no bill states yet
}

// Net is what is left.
func (f Fee) Net() model.Fen { return f.Gross - f.Refunded - f.Fee }

// Grounds by which fees are shown.
const (
	ByChannel = "channel"
	ByCourse  = "course"
	ByArticle = "article"
)

// Usual rates until a bill has stated the account's own, in parts of a million. Source: 微信支付 0.6 %; 虚拟支付
// 1 % on Android, 12 % on iOS, as published.
const (
	usualJSAPI = 6000
	usualXPay  = 10000
	usualIOS   = 120000
)

// channel is a road with a rate of its own.
type channel struct {
	via model.Via
	ios bool
}

// name of a channel, in Fee.Key.
func (c channel) name() string {
	if c.ios {
		return string(c.via) + ":ios"
	}
	return string(c.via)
}

// Fees sums what was paid and given back on the days from..to (both in), each on its own day, with the fee that
// the bills state and an estimate where there is no bill yet. by is one of the grounds; an article is the one
// the Mini Program named when ordering.
func (s *Service) Fees(ctx context.Context, from, to int, by string) ([]Fee, error) {
	rates, err := s.rates(ctx)
	if err != nil {
		return nil, err
	}
	key := map[string]string{ByChannel: "0", ByCourse: "o.course_id", ByArticle: "o.article_id"}[by]
	if key == "" {
		return nil, fmt.Errorf("fees by %q: %w", by, model.ErrInvalid)
	}
	start, end := model.DayStart(from).UTC(), model.DayStart(to).AddDate(0, 0, 1).UTC()
	type line struct {
		K      int64
		Via    model.Via
		IOS    bool `gorm:"column:ios"`
		Billed bool
		Title  string
		N      int64
		Amount model.Fen
		Fee    model.Fen
	}
	read := func(q string) (list []line, err error) {
		q = "SELECT " + key + " AS k, p.via, CASE WHEN p.via = 'xpay' AND o.platform = 'ios' THEN 1 ELSE 0 END AS ios, CASE WHEN r.id IS NULL THEN 0 ELSE 1 END AS billed, MAX(o.title) AS title, " + q +
			" GROUP BY 1, 2, 3, 4"
		if err := s.db.WithContext(ctx).Raw(q, s.AppID, start, end).Scan(&list).Error; err != nil {
			return nil, fmt.Errorf("fees: %w", err)
		}
		return list, nil
	}
	paid, err := read(`COUNT(*) AS n, SUM(p.total) AS amount, COALESCE(SUM(r.fee), 0) AS fee FROM orders o JOIN payments p ON p.out_trade_no = o.paid_by
		LEFT JOIN bill_rows r ON r.via = p.via AND r.kind = 'pay' AND r.number = p.transaction_id WHERE o.appid = ? AND o.paid_at >= ? AND o.paid_at < ?`)
	if err != nil {
		return nil, err
	}
	back, err := read(`COUNT(*) AS n, SUM(f.amount) AS amount, COALESCE(SUM(r.fee), 0) AS fee FROM refunds f JOIN orders o ON o.id = f.order_id JOIN payments p ON p.id = f.payment_id
		LEFT JOIN bill_rows r ON r.via = p.via AND r.kind = 'refund' AND r.number = f.out_refund_no
		WHERE o.appid = ? AND f.kind = 'order' AND f.status = 'success' AND f.succeeded_at >= ? AND f.succeeded_at < ?`)
	if err != nil {
		return nil, err
	}
	sums := map[string]*Fee{}
	add := func(l line, refund bool) {
		c := channel{l.Via, l.IOS}
		k, title := c.name(), ""
		if by != ByChannel {
			k = fmt.Sprint(l.K)
		}
		if by == ByCourse {
			title = l.Title
		}
		f := sums[k]
		if f == nil {
			f = &Fee{Key: k, Title: title}
			sums[k] = f
		}
		fee := l.Fee
		if !l.Billed {
			if fee = model.RateFee(l.Amount, rates[c]); refund {
				fee = -fee
			}
			f.Estimated += fee
		}
		f.Fee += fee
		if refund {
			f.Refunded += l.Amount
		} else {
			f.Orders, f.Gross = f.Orders+l.N, f.Gross+l.Amount
		}
	}
	for _, l := range paid {
		add(l, false)
	}
	for _, l := range back {
		add(l, true)
	}
	out := make([]Fee, 0, len(sums))
	for _, f := range sums {
		out = append(out, *f)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Gross != out[j].Gross {
			return out[i].Gross > out[j].Gross
		}
		return out[i].Key < out[j].Key
	})
	return out, nil
}

// rates are what the latest bills state, and else the usual ones.
func (s *Service) rates(ctx context.Context) (map[channel]int64, error) {
	out := map[channel]int64{{model.ViaJSAPI, false}: usualJSAPI, {model.ViaXPay, false}: usualXPay, {model.ViaXPay, true}: usualIOS}
	for c := range out {
		var r model.BillRow
		q := s.db.WithContext(ctx).Table("bill_rows r").Select("r.*").Joins("JOIN orders o ON o.id = r.order_id").
			Where("o.appid = ? AND r.via = ? AND r.kind = ? AND r.rate <> ''", s.AppID, c.via, model.BillPay)
		if c.via == model.ViaXPay {
			q = q.Where("(o.platform = 'ios') = ?", c.ios)
		}
		if err := q.Order("r.id DESC").Limit(1).Scan(&r).Error; err != nil {
			return nil, fmt.Errorf("rates: %w", err)
		}
		if rate, ok := model.ParseRate(r.Rate); ok && r.ID > 0 {
			out[c] = rate
		}
	}
	return out, nil
}
