package figure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// Keys of orders no touch can be named for.
const (
	Unattributed = "unattributed" // no touch at all
	Direct       = "direct"       // only openings without an origin
	Unmarked     = "none"         // a touch, which carries nothing at the level asked for
)

// Levels at which the credit can be shown.
var Levels = []string{"channel", "article", "campaign", "code", "sharer"}

// Credit is what a key is credited with. Orders counts each order once: under a model that shares, with the
// key of its largest share.
type Credit struct {
	Key      string `json:"key"`
	Orders   int64  `json:"orders"`
	Gross    int64  `json:"gross"`
	Refunded int64  `json:"refunded"`
	Net      int64  `json:"net"`
}

// sale is a paid order with the share each key has in it.
type sale struct {
	payment
	keys    []string
	weights []float64
}

func keyOf(t model.Touch, level string) string {
	if t.Direct {
		return Direct
	}
	id := func(n int64) string {
		if n == 0 {
			return Unmarked
		}
		return strconv.FormatInt(n, 10)
	}
	text := func(s string) string {
		if s == "" {
			return Unmarked
		}
		return s
	}
	switch level {
	case "article":
		return id(t.Event.ArticleID)
	case "campaign":
		return id(t.Event.CampaignID)
	case "code":
		return text(t.Event.Code)
	case "sharer":
		return text(t.Event.ShareID)
	}
	return t.Channel
}

// keyer names what a touch's credit goes to.
type keyer func(model.Touch) string

// levelKey gives the credit to what a touch carries at a level.
func levelKey(level string) keyer {
	return func(t model.Touch) string { return keyOf(t, level) }
}

// Attribution shares the orders paid in the range, and the refunds made in it, among the touches before
// each order. The rows sum exactly to the totals.
func (s *Service) Attribution(ctx context.Context, span Span, m model.AttributionModel, level string, lookback time.Duration) ([]Credit, error) {
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*Credit{}
	if err := s.credits(ctx, p, span, m, levelKey(level), lookback, func(key string, _ int, part Credit) {
		c := byKey[key]
		if c == nil {
			c = &Credit{Key: key}
			byKey[key] = c
		}
		c.add(part)
	}); err != nil {
		return nil, err
	}
	out := make([]Credit, 0, len(byKey))
	for _, c := range byKey {
		if c.Orders != 0 || c.Gross != 0 || c.Refunded != 0 {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b Credit) int { return cmp.Or(cmp.Compare(b.Gross, a.Gross), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

func (c *Credit) add(part Credit) {
	c.Orders, c.Gross, c.Refunded = c.Orders+part.Orders, c.Gross+part.Gross, c.Refunded+part.Refunded
	c.Net = c.Gross - c.Refunded
}

// credits tells fn, for every key and day, what the key has in each order paid and each refund made on it.
func (s *Service) credits(ctx context.Context, p *model.People, span Span, m model.AttributionModel, key keyer, lookback time.Duration, fn func(key string, day int, part Credit)) error {
	sales, err := s.sales(ctx, p, span, m, key, lookback)
	if err != nil {
		return err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, 1, span.Last)
	if err != nil {
		return err
	}
	byNo := map[string]sale{}
	for _, x := range sales {
		if x.OutTradeNo != "" { // an import may have none, and a refund without a number is not its
			byNo[x.OutTradeNo] = x
		}
		if x.Day < span.First || x.Day > span.Last {
			continue
		}
		orders, gross := model.Split(1, x.weights), model.Split(x.Amount, x.weights)
		for i, key := range x.keys {
			fn(key, x.Day, Credit{Orders: orders[i], Gross: gross[i]})
		}
	}
	back := map[string]int64{} // refunded before, by order: a refund's parts are what it adds to the split
	for _, r := range refunds {
		x, ok := byNo[r.OutTradeNo]
		before := back[r.OutTradeNo]
		back[r.OutTradeNo] += r.Amount
		if r.Day < span.First {
			continue
		}
		if !ok {
			fn(Unattributed, r.Day, Credit{Refunded: r.Amount})
			continue
		}
		was, is := model.Split(before, x.weights), model.Split(before+r.Amount, x.weights)
		for i, key := range x.keys {
			fn(key, r.Day, Credit{Refunded: is[i] - was[i]})
		}
	}
	return nil
}

// sales lists the orders paid in the range, and those a refund in the range belongs to, with their shares.
func (s *Service) sales(ctx context.Context, p *model.People, span Span, m model.AttributionModel, key keyer, lookback time.Duration) ([]sale, error) {
	paid, err := s.payments(ctx, p, model.EventPaid, 1, span.Last)
	if err != nil {
		return nil, err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, span.First, span.Last)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, r := range refunds {
		wanted[r.OutTradeNo] = r.OutTradeNo != ""
	}
	who := roaring.New()
	kept := paid[:0]
	first, last := int64(0), int64(0)
	for _, x := range paid {
		if x.Day < span.First && !wanted[x.OutTradeNo] {
			continue
		}
		kept = append(kept, x)
		if x.Person > 0 {
			who.Add(uint32(x.Person)) //nolint:gosec // a person's number
		}
		if first == 0 {
			first = x.At
		}
		last = x.At
	}
	touches, err := s.touches(ctx, p, who, first-lookback.Milliseconds(), last)
	if err != nil {
		return nil, err
	}
	out := make([]sale, 0, len(kept))
	for _, x := range kept {
		o := sale{payment: x}
		o.keys, o.weights = shares(touches[x.Person], x.At, m, key, lookback)
		out = append(out, o)
	}
	return out, nil
}

// shares gives the keys that have a part in what a person of these touches did at an instant, and how much.
func shares(all []model.Touch, at int64, m model.AttributionModel, key keyer, lookback time.Duration) (keys []string, weights []float64) {
	ts := model.Touches(all, at, lookback.Milliseconds())
	if len(ts) == 0 {
		return []string{Unattributed}, []float64{1}
	}
	for _, t := range ts {
		keys = append(keys, key(t))
	}
	return keys, m.Weights(ts, at)
}

// touchTypes are the events that may say where a person came from.
var touchTypes = []model.EventType{model.EventScan, model.EventLinkClick, model.EventMenuClick, model.EventArticleClick, model.EventCampaignSeen, model.EventMPOpen}

// touches reads what led the people of a set here, between two instants.
func (s *Service) touches(ctx context.Context, p *model.People, who *roaring.Bitmap, from, to int64) (map[int64][]model.Touch, error) {
	kinds := numbersOf(touchTypes)
	out := map[int64][]model.Touch{}
	for part := range slices.Chunk(numbersBehind(p, who), 500) {
		var rows []struct {
			ID, PersonID, OccurredAt, ReceivedAt int64
			Type                                 int
			ArticleID, CampaignID                int64
			Channel, Code, ShareID               string
			Scene                                int
		}
		q := fmt.Sprintf("SELECT id, person_id, occurred_at, received_at, type, article_id, campaign_id, channel, code, share_id, scene FROM events WHERE person_id IN (%s) AND occurred_at BETWEEN %d AND %d AND type IN (%s) AND day > 0%s", list(part), from, to, kinds, s.ours())
		if err := s.db.WithContext(ctx).Raw(q).Scan(&rows).Error; err != nil {
			return nil, fmt.Errorf("read touches: %w", err)
		}
		for _, r := range rows {
			e := model.Event{Type: model.EventTypeOf(r.Type), ArticleID: r.ArticleID, CampaignID: r.CampaignID, Channel: r.Channel, Code: r.Code, ShareID: r.ShareID, Scene: r.Scene}
			channel, direct, ok := e.Touch()
			if id := p.Of(r.PersonID); ok && id > 0 {
				out[id] = append(out[id], model.Touch{ID: r.ID, At: r.OccurredAt, Received: r.ReceivedAt, Channel: channel, Direct: direct, Event: e})
			}
		}
	}
	return out, nil
}

// articleShare is what one article is credited with.
type articleShare struct{ buyers, gross, refunded int64 }

// articleLookback is how long a touch of an article's counts for what is paid after it. It is no article's own: the page of
// an article and the attribution by article must name the same fen.
const articleLookback = 30 * day

// articleMoney is the last non-direct touch at level article, for one article: in a range, and in another from since to the
// end of that one.
func (s *Service) articleMoney(ctx context.Context, p *model.People, id int64, span Span, since int) (in, life articleShare, err error) {
	wide := days(min(span.First, since), span.Last)
	sales, err := s.sales(ctx, p, wide, model.AttributeLast, levelKey("article"), articleLookback)
	if err != nil {
		return in, life, err
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, wide.First, wide.Last)
	if err != nil {
		return in, life, err
	}
	key := strconv.FormatInt(id, 10)
	sum := func(first int) (out articleShare) {
		mine, buyers := map[string]bool{}, roaring.New()
		for _, x := range sales {
			if x.keys[len(x.keys)-1] != key {
				continue
			}
			mine[x.OutTradeNo] = x.OutTradeNo != ""
			if x.Day >= first {
				out.gross += x.Amount
				if x.Person > 0 {
					buyers.Add(uint32(x.Person)) //nolint:gosec // a person's number
				}
			}
		}
		for _, r := range refunds {
			if r.Day >= first && mine[r.OutTradeNo] {
				out.refunded += r.Amount
			}
		}
		out.buyers = card(buyers)
		return out
	}
	return sum(span.First), sum(since), nil
}
