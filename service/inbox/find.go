package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"loudou/model"
)

// Filter says which pushes are looked for; what is empty is no condition.
type Filter struct {
	Word     string // in what was said, or in an event's key; folded as keywords are
	MsgType  string // text, image, voice …
	Event    string // as WeChat spells it; with neither, every message and no event
	OpenID   model.OpenID
	From, To *time.Time // To is the moment after
	Answered string     // yes: a rule or a task answered; no: nothing did; missed: no keyword met the text
}

// Found is one push as it is shown.
type Found struct {
	ID       int64
	OpenID   model.OpenID
	MsgType  string
	Event    string
	Text     string // what was said, or the event's key; empty too when it is not kept any more
	Kept     bool   // its body still is
	RuleID   int64
	Keyword  string
	Answered bool
	At       time.Time
}

// Search is what one look gave. Next is the push to go on after, 0 at the end; with fewer found than asked and a Next, the
// look ended because it had read enough, at To.
type Search struct {
	Items []Found
	Next  int64
	To    time.Time
}

const (
	findRead  = 50_000                  // pushes one look reads at most
	findFor   = 1500 * time.Millisecond // and for how long, on a machine that is busy
	findBatch = 2_000
)

// Search looks for pushes, the latest first, after the push before (0: from the top), and gives at most limit. The database
// gives them in order by an index (account and kind, or account and fan, and time); the words are compared here, so both
// databases say the same and fold as the rules do. One look reads at most 50 000 pushes and begins no batch
// after a second and a half, however rare the word is.
// ErrInvalid when the push before is gone.
func (s *Service) Search(ctx context.Context, f Filter, before int64, limit int) (Search, error) {
	var out Search
	var at time.Time
	if before > 0 {
		var rows []row
		if err := s.db.WithContext(ctx).Select("happened_at").Where("appid = ? AND id = ?", s.appid, before).Limit(1).Find(&rows).Error; err != nil {
			return out, fmt.Errorf("find pushes: %w", err)
		}
		if len(rows) == 0 { // erased in between
			return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "翻页位置无效，请从第一页开始").Field("page_token", "无效")
		}
		at = rows[0].HappenedAt
	}
	word := model.Fold(f.Word)
	for read, began := 0, time.Now(); read < findRead && (read == 0 || time.Since(began) < findFor); {
		rows, err := s.findBatch(ctx, f, at, before)
		if err != nil {
			return out, err
		}
		read += len(rows)
		for _, r := range rows {
			out.Next, out.To, before, at = r.ID, r.HappenedAt.UTC(), r.ID, r.HappenedAt
			if !f.meets(&r, word) {
				continue
			}
			if out.Items = append(out.Items, r.found()); len(out.Items) == limit {
				return out, nil
			}
		}
		if len(rows) < findBatch {
			out.Next = 0
			return out, nil
		}
	}
	return out, nil
}

// findRow is a push without its bodies, which are long.
type findRow struct {
	ID         int64
	OpenID     string `gorm:"column:openid"`
	MsgType    string
	Event      string
	EventKey   string
	Content    string
	RuleID     int64
	Keyword    string
	Replied    bool
	Kept       bool
	HappenedAt time.Time
}

// findBatch reads on in the order of an index. What the index does not hold is not asked here: the number of rows read,
// not of rows met, is what a look costs.
func (s *Service) findBatch(ctx context.Context, f Filter, at time.Time, before int64) ([]findRow, error) {
	q := s.db.WithContext(ctx).Table("pushes").
		Select("id, openid, msg_type, event, event_key, content, rule_id, keyword, answer <> '' AS replied, raw <> '' AS kept, happened_at").
		Where("appid = ?", s.appid)
	if f.OpenID != "" {
		q = q.Where("openid = ?", string(f.OpenID)) // few enough of one fan
	} else {
		q = q.Where("event = ?", f.Event)
	}
	if f.From != nil {
		q = q.Where("happened_at >= ?", model.Milli(f.From.UTC()))
	}
	switch {
	case before > 0:
		q = q.Where("happened_at <= ? AND (happened_at < ? OR id < ?)", at, at, before)
	case f.To != nil:
		q = q.Where("happened_at < ?", model.Milli(f.To.UTC()))
	}
	var rows []findRow
	if err := q.Order("happened_at DESC, id DESC").Limit(findBatch).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("find pushes: %w", err)
	}
	return rows, nil
}

func (f *Filter) meets(r *findRow, word string) bool {
	switch {
	case r.Event != f.Event, f.Event == "" && r.MsgType == "event", f.MsgType != "" && r.MsgType != f.MsgType:
		return false
	case f.Answered == "yes" && !r.answered(), f.Answered == "no" && r.answered():
		return false
	case f.Answered == "missed" && (r.MsgType != "text" || r.Keyword != ""):
		return false
	}
	return word == "" || strings.Contains(model.Fold(r.text()), word)
}

func (r *findRow) answered() bool { return r.RuleID != 0 || r.Replied }

func (r *findRow) text() string {
	if r.MsgType == "event" {
		return r.EventKey
	}
	return r.Content
}

func (r *findRow) found() Found {
	return Found{ID: r.ID, OpenID: model.OpenID(r.OpenID), MsgType: r.MsgType, Event: r.Event, Text: r.text(), Kept: r.Kept, RuleID: r.RuleID, Keyword: r.Keyword, Answered: r.answered(), At: r.HappenedAt.UTC()}
}
