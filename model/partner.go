package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Partner (合作方) brings people here by codes, links, campaigns and channels of its own, and may have a share of what
// they pay.
type Partner struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Name       string // unique per account
	Contact    string
	Note       string
	ShareBP    *int64 `gorm:"column:share_bp"` // of net revenue, in basis points: 1500 is 15 %; nil: nothing is shared
	SettleFrom int    // the first month to settle, 202601
	LinkHash   *string
	LinkAt     *time.Time
	LinkBy     string
	Version    int64
	CreatedBy  string
	UpdatedBy  string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (Partner) TableName() string { return "partners" }

// Bounds of a partner.
const (
	partnerName    = 40
	partnerContact = 100
	partnerNote    = 500
	partnerBack    = 24 // months
)

// Check trims the texts and refuses what is no partner. ErrInvalid names the fields.
func (p *Partner) Check(now time.Time) error {
	p.Name, p.Contact, p.Note = strings.TrimSpace(p.Name), strings.TrimSpace(p.Contact), strings.TrimSpace(p.Note)
	odd := func(s string) bool {
		return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	}
	bad := Refuse(ErrInvalid, CodeInvalid, "请检查标出的项")
	if n := utf8.RuneCountInString(p.Name); n < 1 || n > partnerName || odd(p.Name) {
		bad.Field("name", fmt.Sprintf("名称 1 到 %d 个字，一行", partnerName))
	}
	if utf8.RuneCountInString(p.Contact) > partnerContact || odd(p.Contact) {
		bad.Field("contact", fmt.Sprintf("联系人最多 %d 个字，一行", partnerContact))
	}
	if utf8.RuneCountInString(p.Note) > partnerNote {
		bad.Field("note", fmt.Sprintf("说明最多 %d 个字", partnerNote))
	}
	if p.ShareBP != nil && (*p.ShareBP < 0 || *p.ShareBP > 10_000) {
		bad.Field("share_bp", "分成应在 0 到 100% 之间")
	}
	if this := MonthNumber(now); MonthStart(p.SettleFrom).IsZero() || p.SettleFrom > this || p.SettleFrom < MonthNumber(MonthStart(this).AddDate(0, -partnerBack, 0)) {
		bad.Field("settle_from", fmt.Sprintf("应为本月或之前 %d 个月里的一个月", partnerBack))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// PartnerKind is a kind of thing a partner owns.
type PartnerKind string

// The kinds, the narrowest first.
const (
	PartnerCode     PartnerKind = "code"     // a scene code, by its scene
	PartnerLink     PartnerKind = "link"     // a tracked link, by its code
	PartnerCampaign PartnerKind = "campaign" // by its number
	PartnerChannel  PartnerKind = "channel"  // by its name
)

// PartnerKinds lists the kinds.
var PartnerKinds = []PartnerKind{PartnerCode, PartnerLink, PartnerCampaign, PartnerChannel}

// PartnerThing is a thing that was a partner's from one instant, included, to another.
type PartnerThing struct {
	ID        int64  `gorm:"primaryKey"`
	AppID     string `gorm:"column:appid"`
	PartnerID int64
	Kind      PartnerKind
	Ref       string
	BeginsAt  *time.Time // nil: ever since there is such a thing
	EndedAt   *time.Time // nil: to this day
	Live      *int64     // 1 while it is somebody's, else nil: a thing has one owner at a time
	CreatedBy string
	EndedBy   string
	CreatedAt time.Time
}

// TableName keeps the table's name apart from the type's.
func (PartnerThing) TableName() string { return "partner_things" }

// at tells whether the thing was the partner's at an instant, in Unix milliseconds.
func (t PartnerThing) at(ms int64) bool {
	return (t.BeginsAt == nil || ms >= t.BeginsAt.UnixMilli()) && (t.EndedAt == nil || ms < t.EndedAt.UnixMilli())
}

// Owners tells whose an event is.
type Owners map[PartnerKind]map[string][]PartnerThing

// NewOwners puts things in order.
func NewOwners(things []PartnerThing) Owners {
	o := Owners{}
	for _, t := range things {
		if o[t.Kind] == nil {
			o[t.Kind] = map[string][]PartnerThing{}
		}
		o[t.Kind][t.Ref] = append(o[t.Kind][t.Ref], t)
	}
	return o
}

// Of gives the partner an event at an instant belongs to; 0: none. The narrowest thing decides: a code or link before
// its campaign, the campaign before the channel, so that nothing belongs to two.
func (o Owners) Of(e Event, ms int64) int64 {
	find := func(kind PartnerKind, ref string) int64 {
		for _, t := range o[kind][ref] {
			if t.at(ms) {
				return t.PartnerID
			}
		}
		return 0
	}
	if e.Code != "" {
		kinds := []PartnerKind{PartnerCode, PartnerLink}
		if e.Type == EventLinkClick {
			kinds = []PartnerKind{PartnerLink}
		}
		for _, k := range kinds {
			if id := find(k, e.Code); id != 0 {
				return id
			}
		}
	}
	if e.CampaignID != 0 {
		if id := find(PartnerCampaign, fmt.Sprint(e.CampaignID)); id != 0 {
			return id
		}
	}
	if e.Channel != "" {
		return find(PartnerChannel, e.Channel)
	}
	return 0
}

// PartnerOrder is a paid order that goes to a partner, in fen.
type PartnerOrder struct {
	OutTradeNo string
	PaidAt     time.Time
	Gross      int64
	Refunded   int64 // until the end of the days asked for
}

// PartnerFigures are a partner's people in a month, as they were when it was settled.
type PartnerFigures struct {
	Scans       int64  `json:"scans"`
	Clicks      int64  `json:"clicks"`
	People      int64  `json:"people"`
	NewFollows  int64  `json:"new_follows"`
	Returned    int64  `json:"returned"`
	Stayed7     *int64 `json:"stayed_7" doc:"null: watched for less than that when it was settled"`
	Stayed7Of   int64  `json:"stayed_7_of"`
	Stayed30    *int64 `json:"stayed_30"`
	Stayed30Of  int64  `json:"stayed_30_of"`
	CourseViews int64  `json:"course_views"`
}

// PartnerSettlement (结算单) is what a month came to. It never changes: what happens later to its orders is a correction
// in a later one.
type PartnerSettlement struct {
	ID         int64 `gorm:"primaryKey"`
	PartnerID  int64
	Month      int    // 202601
	ShareBP    *int64 `gorm:"column:share_bp"` // the terms when it was settled
	Orders     int64  // paid in the month
	Gross      int64
	Refunded   int64  // of those orders, in the month
	Correction int64  // to months before: less what was refunded since, and orders that were heard of late
	Payable    *int64 // nil: nothing is shared
	Figures    []byte // PartnerFigures
	SettledAt  time.Time
}

// TableName keeps the table's name apart from the type's.
func (PartnerSettlement) TableName() string { return "partner_settlements" }

// Net is what the month came to before the share is taken of it.
func (s PartnerSettlement) Net() int64 { return s.Gross - s.Refunded + s.Correction }

// PartnerLine is an order's part of a settlement.
type PartnerLine struct {
	ID           int64 `gorm:"primaryKey"`
	SettlementID int64
	PartnerID    int64
	AppID        string `gorm:"column:appid"`
	OutTradeNo   string
	First        *int64 // 1 where the order was settled, nil where it was corrected: it is settled once, to one partner
	PaidAt       time.Time
	ShareBP      *int64 `gorm:"column:share_bp"` // the terms it was settled by; a correction keeps them
	Gross        int64
	Refunded     int64 // what this line adds
}

// TableName keeps the table's name apart from the type's.
func (PartnerLine) TableName() string { return "partner_lines" }

// Settle adds the lines of a month up. Each line's share is taken by the terms it was settled by, each term's sum
// rounded half up to the fen.
func (s *PartnerSettlement) Settle(lines []PartnerLine) {
	s.Orders, s.Gross, s.Refunded, s.Correction, s.Payable = 0, 0, 0, 0, nil
	byTerms := map[int64]int64{}
	for _, l := range lines {
		if l.First != nil && MonthNumber(l.PaidAt) == s.Month {
			s.Orders, s.Gross, s.Refunded = s.Orders+1, s.Gross+l.Gross, s.Refunded+l.Refunded
		} else {
			s.Correction += l.Gross - l.Refunded
		}
		if l.ShareBP != nil {
			byTerms[*l.ShareBP] += l.Gross - l.Refunded
		}
	}
	if s.ShareBP == nil && len(byTerms) == 0 {
		return
	}
	s.Payable = new(int64)
	for bp, net := range byTerms {
		*s.Payable += shareOf(net, bp)
	}
}

// shareOf is bp basis points of an amount, rounded half up, below zero too.
func shareOf(fen, bp int64) int64 {
	n := fen*bp + 5_000
	if n < 0 && n%10_000 != 0 {
		return n/10_000 - 1
	}
	return n / 10_000
}

// SettleLines gives the lines a month adds: the orders that are in no settlement yet, and what was refunded since of
// those that are. had are the partner's lines before, taken everyone's orders that are settled already, refunded what
// each order of had has been refunded by the end of the month.
func SettleLines(p Partner, orders []PartnerOrder, had []PartnerLine, taken map[string]bool, refunded map[string]int64) []PartnerLine {
	one := int64(1)
	var out []PartnerLine
	for _, o := range orders {
		if o.OutTradeNo != "" && !taken[o.OutTradeNo] {
			out = append(out, PartnerLine{PartnerID: p.ID, AppID: p.AppID, OutTradeNo: o.OutTradeNo, First: &one, PaidAt: o.PaidAt, ShareBP: p.ShareBP, Gross: o.Gross, Refunded: o.Refunded})
		}
	}
	known, first := map[string]int64{}, map[string]PartnerLine{}
	for _, l := range had {
		known[l.OutTradeNo] += l.Refunded
		if l.First != nil {
			first[l.OutTradeNo] = l
		}
	}
	for no, l := range first {
		if more := refunded[no] - known[no]; more > 0 {
			out = append(out, PartnerLine{PartnerID: p.ID, AppID: p.AppID, OutTradeNo: no, PaidAt: l.PaidAt, ShareBP: l.ShareBP, Refunded: more})
		}
	}
	slices.SortFunc(out, func(a, b PartnerLine) int {
		if c := a.PaidAt.Compare(b.PaidAt); c != 0 {
			return c
		}
		return strings.Compare(a.OutTradeNo, b.OutTradeNo)
	})
	return out
}
