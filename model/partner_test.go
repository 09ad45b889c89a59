package model

import (
	"fmt"
	"testing"
	"time"
)

func bp(n int64) *int64 { return &n }

func TestPartnerCheck(t *testing.T) {
	now := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	good := Partner{Name: " 老王读书会 ", SettleFrom: 202603}
	if err := good.Check(now); err != nil || good.Name != "老王读书会" {
		t.Errorf("%q %v", good.Name, err)
	}
	for what, p := range map[string]Partner{
		"no name":       {Name: " ", SettleFrom: 202603},
		"two lines":     {Name: "a\nb", SettleFrom: 202603},
		"over all":      {Name: "a", ShareBP: bp(10_001), SettleFrom: 202603},
		"below nothing": {Name: "a", ShareBP: bp(-1), SettleFrom: 202603},
		"next month":    {Name: "a", SettleFrom: 202604},
		"no month":      {Name: "a", SettleFrom: 202600},
		"long ago":      {Name: "a", SettleFrom: 202402},
	} {
		if err := p.Check(now); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

// The narrowest thing decides, and the touch goes to who owned it then.
func TestOwners(t *testing.T) {
	at := func(day int) *time.Time { x := time.Date(2026, 3, day, 0, 0, 0, 0, time.UTC); return &x }
	o := NewOwners([]PartnerThing{
		{PartnerID: 1, Kind: PartnerChannel, Ref: "门店"}, {PartnerID: 2, Kind: PartnerCode, Ref: "柜台"}, {PartnerID: 3, Kind: PartnerCampaign, Ref: "7"}, {PartnerID: 4, Kind: PartnerLink, Ref: "abc"},
		{PartnerID: 5, Kind: PartnerCode, Ref: "海报", EndedAt: at(10)}, {PartnerID: 6, Kind: PartnerCode, Ref: "海报", BeginsAt: at(10)},
	})
	for _, x := range []struct {
		what string
		e    Event
		day  int
		want int64
	}{
		{"its channel", Event{Type: EventScan, Code: "别的", Channel: "门店"}, 1, 1},
		{"the code before the channel", Event{Type: EventScan, Code: "柜台", Channel: "门店"}, 1, 2},
		{"the code before the campaign", Event{Type: EventScan, Code: "柜台", CampaignID: 7}, 1, 2},
		{"the campaign before the channel", Event{Type: EventMPOpen, CampaignID: 7, Channel: "门店"}, 1, 3},
		{"a link", Event{Type: EventLinkClick, Code: "abc"}, 1, 4},
		{"an opening by a link", Event{Type: EventMPOpen, Code: "abc"}, 1, 4},
		{"a link named like a code", Event{Type: EventLinkClick, Code: "柜台"}, 1, 0},
		{"nobody's", Event{Type: EventScan, Code: "x", Channel: "门店2", CampaignID: 8}, 1, 0},
		{"before it changed hands", Event{Type: EventScan, Code: "海报"}, 9, 5},
		{"as it changed hands", Event{Type: EventScan, Code: "海报"}, 10, 6},
	} {
		if got := o.Of(x.e, at(x.day).UnixMilli()); got != x.want {
			t.Errorf("%s: %d, want %d", x.what, got, x.want)
		}
	}
}

func TestSettlement(t *testing.T) {
	day := func(s string) time.Time { x, _ := time.ParseInLocation("2006-01-02 15:04", s, Shanghai); return x }
	words := func(s PartnerSettlement) string {
		pay := "–"
		if s.Payable != nil {
			pay = fmt.Sprint(*s.Payable)
		}
		return fmt.Sprintf("%d orders %d-%d%+d=%d pay %s", s.Orders, s.Gross, s.Refunded, s.Correction, s.Net(), pay)
	}
	p := Partner{ID: 9, ShareBP: bp(1500)}
	march := []PartnerOrder{{"A", day("2026-03-01 00:00"), 10_003, 0}, {"B", day("2026-03-31 23:59"), 5_000, 1_000}, {"", day("2026-03-02 00:00"), 99, 0}, {"C", day("2026-03-05 00:00"), 700, 0}}
	lines := SettleLines(p, march, nil, map[string]bool{"C": true}, nil)
	m3 := PartnerSettlement{Month: 202603, ShareBP: p.ShareBP}
	if m3.Settle(lines); words(m3) != "2 orders 15003-1000+0=14003 pay 2100" { // 2100.45
		t.Error(words(m3))
	}
	// In April the terms are others, A is refunded whole, more of B too; D was heard of late, E is April's.
	p.ShareBP = bp(2000)
	april := append(march, PartnerOrder{"D", day("2026-03-30 10:00"), 300, 0}, PartnerOrder{"E", day("2026-04-02 10:00"), 1_000, 0})
	taken := map[string]bool{"A": true, "B": true, "C": true}
	next := SettleLines(p, april, lines, taken, map[string]int64{"A": 10_003, "B": 1_500, "C": 700})
	m4 := PartnerSettlement{Month: 202604, ShareBP: p.ShareBP}
	// 300 + 1000 at 20 % is 260; 10503 back at 15 % is 1575.45, below zero −1575.
	if m4.Settle(next); words(m4) != "1 orders 1000-0-10203=-9203 pay -1315" {
		t.Error(words(m4))
	}
	// What was corrected is not corrected again.
	if again := SettleLines(p, nil, append(lines, next...), taken, map[string]int64{"A": 10_003, "B": 1_500}); len(again) != 0 {
		t.Errorf("%+v", again)
	}
	if none := (PartnerSettlement{Month: 202605}); true {
		if none.Settle([]PartnerLine{{First: bp(1), PaidAt: day("2026-05-02 10:00"), Gross: 5}}); none.Payable != nil || none.Net() != 5 {
			t.Error(words(none))
		}
	}
	for _, x := range [][3]int64{{10_000, 1, 1}, {5_000, 1, 1}, {4_999, 1, 0}, {-5_000, 1, 0}, {-5_001, 1, -1}, {-10_000, 1, -1}, {0, 500, 0}} {
		if got := shareOf(x[0], x[1]); got != x[2] {
			t.Errorf("%d fen at %d: %d, want %d", x[0], x[1], got, x[2])
		}
	}
}
