package figure_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

func fen(n int64) *model.Fen {
	f := model.Fen(n)
	return &f
}

func (h *house) campaign(name string, first, last int, cost *model.Fen) model.Campaign {
	h.t.Helper()
	c := model.Campaign{AppID: "mini", Name: name, FirstDay: first, LastDay: last, Cost: cost, Version: 1, CreatedAt: h.now, UpdatedAt: h.now}
	if err := h.db.Create(&c).Error; err != nil {
		h.t.Fatal(err)
	}
	return c
}

// What a touch of the campaign led to is its own when it was the last one; before it began, and a week after it ended,
// nothing is.
func TestCampaignBoard(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c := h.campaign("春", 20260306, 20260308, fen(900))
		other := h.campaign("夏", 20260401, 20260402, nil)
		mine := model.Event{CampaignID: c.ID, Code: "c1"}
		h.does("a", model.EventScan, "03-06 10:00", mine)
		h.does("a", model.EventFollow, "03-06 10:00", mine)
		h.does("a", model.EventPaid, "03-07 10:00", model.Event{Amount: 10000, OutTradeNo: "oA"})
		h.does("a", model.EventRefunded, "04-20 10:00", model.Event{Amount: 1000, OutTradeNo: "oA"}) // long after: still of that order
		h.does("b", model.EventScan, "03-05 10:00", mine)                                            // before it began
		h.does("b", model.EventPaid, "03-06 10:00", model.Event{Amount: 500, OutTradeNo: "oB"})
		h.does("c", model.EventFollow, "01-01 10:00") // known long since: no new follower
		h.does("c", model.EventScan, "03-08 23:00", mine)
		h.does("c", model.EventFollow, "03-08 23:00", mine)
		h.does("c", model.EventPaid, "03-15 23:59", model.Event{Amount: 300, OutTradeNo: "oC"}) // the last day of the week after
		h.does("d", model.EventLinkClick, "03-07 10:00", mine)
		h.does("d", model.EventScan, "03-08 10:00", model.Event{CampaignID: other.ID, Code: "c2"}) // another's touch came later
		h.does("d", model.EventPaid, "03-08 11:00", model.Event{Amount: 700, OutTradeNo: "oD"})
		h.does("e", model.EventScan, "03-08 10:00", mine)
		h.does("e", model.EventPaid, "03-16 00:00", model.Event{Amount: 900, OutTradeNo: "oE"}) // too late
		h.does("f", model.EventCampaignSeen, "03-07 10:00", mine)
		h.does("f", model.EventCampaignJoin, "03-07 10:01", mine)
		h.does("f", model.EventMPOpen, "03-07 10:00", mine)
		h.does("f", model.EventMPOpen, "03-07 12:00") // direct: does not take the order away
		h.does("f", model.EventPaid, "03-07 12:01", model.Event{Amount: 200, OutTradeNo: "oF"})
		h.does("g", model.EventCampaignSeen, "03-07 10:00", mine)
		h.does("x", model.EventScan, "03-07 10:00", mine)
		staff := h.person("x")
		if err := h.db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, staff, true) }); err != nil {
			t.Fatal(err)
		}
		h.settle()
		b, err := h.figures.Campaign(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"scans": "3", "clicks": "1", "scanned": "4", "seen": "2", "joined": "1", "visitors": "1", "join_rate": "0.5 (1/2)", "done_rate": "0 (0/1)",
			"new_followers": "1", "buyers": "3", "orders": "3", "net": "9500", "cac": "900 (900/1)", "cost_per_buyer": "300 (900/3)", "roi": "9.55556 (8600/900)",
		} {
			if got := show(b.Figures[name]); got != want+" final" && got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		var net int64
		for _, d := range b.Days {
			net += d.Net
		}
		if len(b.Days) != 10 || net != 9500 || !b.Days[3].After || b.Days[2].After || b.Days[0].NewFollowers != 1 {
			t.Errorf("%d days, net %d: %+v", len(b.Days), net, b.Days)
		}
		for part, want := range map[figure.CampaignPart]string{figure.CampaignBuyers: "a c f", figure.CampaignFollowers: "a", figure.CampaignJoined: "f", figure.CampaignScanned: "a c d e"} {
			if got := h.names(h.figures.CampaignPeople(t.Context(), c, part, 0, 50)); got != want {
				t.Errorf("%s: %s, want %s", part, got, want)
			}
		}
		// One whose cost nobody entered has none, and one that has not begun has nothing.
		if b, err = h.figures.Campaign(t.Context(), other); err != nil || b.Figures["roi"].State != figure.Missing || b.Figures["cac"].Value != nil {
			t.Errorf("%+v %v", b.Figures["roi"], err)
		}
		later := h.campaign("秋", 20260901, 20260902, nil)
		if b, err = h.figures.Campaign(t.Context(), later); err != nil || b.State != figure.Running || len(b.Days) != 0 || b.Followers.Baseline != nil {
			t.Errorf("%+v %v", b, err)
		}
	})
}

// The example of the definitions, halved: Friday to Sunday 60, 90, 75 new followers against Fridays 20 22 18 20,
// Saturdays 30 28 32 30 and Sundays 25 27 25 23: lift 225 − 75 = 150, the weeks before between 73 and 77.
func TestCampaignLift(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		person := int64(10_000)
		follow := func(day string, n int) {
			var facts []model.Event
			for range n {
				person++
				facts = append(facts, model.Event{Key: fmt.Sprint("f:", person), AppID: "mini", Type: model.EventFollow, PersonID: person, OccurredAt: h.when(day + " 12:00")})
			}
			if err := db.Transaction(func(tx *gorm.DB) error { return h.events.AddAll(tx, facts) }); err != nil {
				t.Fatal(err)
			}
		}
		for day, n := range map[string]int{
			"04-10": 20, "04-17": 22, "04-24": 18, "05-01": 20, "04-11": 30, "04-18": 28, "04-25": 32, "05-02": 30, "04-12": 25, "04-19": 27, "04-26": 25, "05-03": 23,
			"05-08": 60, "05-09": 90, "05-10": 75, "04-14": 99, "03-01": 1, // a Tuesday, which no day of the campaign is; and one that makes the weeks before ours
		} {
			follow(day, n)
		}
		h.settle()
		c := h.campaign("母亲节", 20260508, 20260510, fen(45000))
		b, err := h.figures.Campaign(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		l := b.Followers
		if l.Baseline == nil || l.Value != 225 || *l.Baseline != 75 || *l.Lift != 150 || l.Weeks != 4 || *l.Low != 73 || *l.High != 77 {
			t.Fatalf("%+v", l)
		}
		// Days on which another campaign ran are no comparison; with three such weeks there is none at all.
		h.campaign("清明", 20260410, 20260410, nil)
		if b, err = h.figures.Campaign(t.Context(), c); err != nil || *b.Followers.Baseline != 75 || b.Followers.Weeks != 3 || *b.Followers.Low != 73 {
			t.Errorf("%+v %v", b.Followers, err)
		}
		h.campaign("一周", 20260417, 20260426, nil)
		if b, err = h.figures.Campaign(t.Context(), c); err != nil || b.Followers.Baseline != nil || b.Followers.Lift != nil || b.Followers.Value != 225 {
			t.Errorf("%+v %v", b.Followers, err)
		}
	})
}
