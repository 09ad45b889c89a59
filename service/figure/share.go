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

// ShareChain is what the shares of one article, course or person led to: share → somebody returns by it → somebody
// new among them → what the new ones paid.
type ShareChain struct {
	Key     string `json:"key" doc:"the thing's number, or the sharer's; 0: a share of nothing we know"`
	Shares  int64  `json:"shares"`
	Sharers int64  `json:"sharers" doc:"people"`
	Returns int64  `json:"returns" doc:"people who opened the Mini Program by one of them, the sharer himself left out"`
	New     int64  `json:"new" doc:"of them: people for whom it was the first thing they ever did here"`
	Buyers  int64  `json:"buyers" doc:"of the new: paid within 30 days of it"`
	Orders  int64  `json:"orders"`
	Net     int64  `json:"net" doc:"fen they paid in those orders, less what was refunded of them"`
	// People whom the thing reached in the range: its clickers or viewers; nil where that has no meaning.
	Reached *int64   `json:"reached,omitempty"`
	K       *float64 `json:"k" doc:"new ÷ reached; for a sharer, new people; null: undefined"`
}

// Levels shares can be looked at by.
const (
	ShareByArticle = "article"
	ShareByCourse  = "course"
	ShareBySharer  = "sharer"
)

// shareTail is how long after the range an opening still belongs to its shares.
const shareTail = 60 * 24 * time.Hour

type chain struct {
	ShareChain
	sharers, returns, fresh, buyers *roaring.Bitmap
	amounts                         map[string]int64 // by order, refunds taken off
}

// mostChains is how many rows Shares gives: those who share can be as many as the fans.
const mostChains = 500

// Shares follows the shares made in the range for sixty days, the rows that brought most first; left is how many rows
// more there are. Rows of buyers can overlap: who was brought is the first share's alone, who returned is everyone's
// whose share was used. ErrInvalid for an unknown level.
func (s *Service) Shares(ctx context.Context, sp Span, by string) (list []ShareChain, left int, err error) {
	chains, _, p, err := s.chains(ctx, sp, by)
	if err != nil {
		return nil, 0, err
	}
	list = make([]ShareChain, 0, len(chains))
	for key, c := range chains {
		x := c.ShareChain
		x.Key, x.Sharers, x.Returns, x.New, x.Buyers, x.Orders = strconv.FormatInt(key, 10), card(c.sharers), card(c.returns), card(c.fresh), card(c.buyers), int64(len(c.amounts))
		for _, n := range c.amounts {
			x.Net += n
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b ShareChain) int {
		return cmp.Or(cmp.Compare(b.New, a.New), cmp.Compare(b.Returns, a.Returns), cmp.Compare(b.Shares, a.Shares), cmp.Compare(a.Key, b.Key))
	})
	left = max(0, len(list)-mostChains)
	list = list[:len(list)-left]
	if by == ShareBySharer {
		return list, left, nil
	}
	for i := range list {
		x := &list[i]
		key, _ := strconv.ParseInt(x.Key, 10, 64)
		if key <= 0 {
			continue
		}
		sc, types := scope{article: key}, []model.EventType{model.EventArticleClick, model.EventMPOpen}
		if by == ShareByCourse {
			sc, types = scope{course: key}, []model.EventType{model.EventCourseView}
		}
		set, err := s.peopleOf(ctx, p, sc, sp, types...)
		if err != nil {
			return nil, 0, err
		}
		n := card(set)
		x.Reached = &n
		if n > 0 {
			k := float64(x.New) / float64(n)
			x.K = &k
		}
	}
	return list, left, nil
}

// SharePeople lists the new people a row of Shares brought. Entered is when they came.
func (s *Service) SharePeople(ctx context.Context, sp Span, by string, key, after int64, limit int) (people []Entrant, more bool, err error) {
	chains, joined, _, err := s.chains(ctx, sp, by)
	if err != nil {
		return nil, false, err
	}
	c, ok := chains[key]
	if !ok {
		return []Entrant{}, false, nil
	}
	return s.entrants(ctx, c.fresh, joined, after, limit)
}

func (s *Service) chains(ctx context.Context, sp Span, by string) (map[int64]*chain, map[int64]int64, *model.People, error) {
	if by != ShareByArticle && by != ShareByCourse && by != ShareBySharer {
		return nil, nil, nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "分享的条件有误").Field("by", "应为 article、course 或 sharer")
	}
	p, err := s.people.People(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	joined, err := s.joined(ctx, p)
	if err != nil {
		return nil, nil, nil, err
	}
	var shares []struct {
		PersonID, ArticleID, CourseID int64
		ShareID                       string
	}
	if err := s.db.WithContext(ctx).Raw("SELECT person_id, article_id, course_id, share_id FROM events WHERE type = ? AND day BETWEEN ? AND ?"+s.ours()+" ORDER BY occurred_at, id", model.EventShare.Number(), sp.First, sp.Last).Scan(&shares).Error; err != nil {
		return nil, nil, nil, fmt.Errorf("shares: %w", err)
	}
	chains, rowOf, madeBy := map[int64]*chain{}, map[string]*chain{}, map[string]int64{}
	for _, x := range shares {
		person := p.Of(x.PersonID)
		if person <= 0 {
			continue
		}
		key := map[string]int64{ShareByArticle: x.ArticleID, ShareByCourse: x.CourseID, ShareBySharer: person}[by]
		c := chains[key]
		if c == nil {
			c = &chain{sharers: roaring.New(), returns: roaring.New(), fresh: roaring.New(), buyers: roaring.New(), amounts: map[string]int64{}}
			chains[key] = c
		}
		c.Shares++
		add(c.sharers, p, person)
		if _, had := rowOf[x.ShareID]; !had && x.ShareID != "" {
			rowOf[x.ShareID], madeBy[x.ShareID] = c, person
		}
	}
	last := model.DayNumber(sp.To.Add(shareTail))
	opens, err := s.openings(ctx, sp.First, last)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, o := range opens {
		if c := rowOf[o.ShareID]; c != nil && p.Of(o.PersonID) != madeBy[o.ShareID] {
			add(c.returns, p, o.PersonID)
		}
	}
	brought, err := s.brought(ctx, p, joined, opens, last)
	if err != nil {
		return nil, nil, nil, err
	}
	for id, b := range brought {
		if c := rowOf[b.share]; c != nil {
			c.fresh.Add(uint32(id)) //nolint:gosec // a person's number
		}
	}
	return chains, joined, p, s.chainMoney(ctx, p, sp, joined, brought, rowOf)
}

// chainMoney adds what the new people paid within thirty days, and takes off what was refunded of it.
func (s *Service) chainMoney(ctx context.Context, p *model.People, sp Span, joined map[int64]int64, brought map[int64]bringing, rowOf map[string]*chain) error {
	if len(brought) == 0 {
		return nil
	}
	today := model.DayNumber(s.now())
	paid, err := s.payments(ctx, p, model.EventPaid, sp.First, min(today, model.DayNumber(sp.To.Add(shareTail+paidWithin))))
	if err != nil {
		return err
	}
	of := map[string]*chain{}
	for _, x := range paid {
		b, ok := brought[x.Person]
		c := rowOf[b.share]
		if !ok || c == nil || x.At < joined[x.Person] || x.At > joined[x.Person]+paidWithin.Milliseconds() {
			continue
		}
		c.buyers.Add(uint32(x.Person)) //nolint:gosec // a person's number
		no := cmp.Or(x.OutTradeNo, "event:"+strconv.FormatInt(x.ID, 10))
		c.amounts[no] += x.Amount
		of[no] = c
	}
	refunds, err := s.payments(ctx, p, model.EventRefunded, sp.First, today)
	if err != nil {
		return err
	}
	for _, r := range refunds {
		if c := of[r.OutTradeNo]; c != nil && r.OutTradeNo != "" {
			c.amounts[r.OutTradeNo] -= r.Amount
		}
	}
	return nil
}
