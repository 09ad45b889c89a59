package figure_test

import (
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func (h *house) partner(name string, things ...model.PartnerThing) model.Partner {
	h.t.Helper()
	p := model.Partner{AppID: "mini", Name: name, SettleFrom: 202603, Version: 1, CreatedAt: h.now, UpdatedAt: h.now}
	if err := h.db.Create(&p).Error; err != nil {
		h.t.Fatal(err)
	}
	one := int64(1)
	for _, x := range things {
		x.AppID, x.PartnerID, x.CreatedAt, x.Live = "mini", p.ID, h.now, &one
		if x.EndedAt != nil {
			x.Live = nil
		}
		if err := h.db.Create(&x).Error; err != nil {
			h.t.Fatal(err)
		}
	}
	return p
}

// A partner's line is the scene code's, over all that it owns: with one code it is that code's to the fen, and with
// more nothing is counted for two.
func TestPartnerLine(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c := h.course("写作课")
		owns := func(kind model.PartnerKind, ref string) model.PartnerThing {
			return model.PartnerThing{Kind: kind, Ref: ref}
		}
		moved := h.when("03-04 00:00")
		old, now := owns(model.PartnerCode, "moved"), owns(model.PartnerCode, "moved")
		old.EndedAt, now.BeginsAt = &moved, &moved
		a := h.partner("甲", owns(model.PartnerCode, "poster"))
		b := h.partner("乙", owns(model.PartnerChannel, "门店"), owns(model.PartnerLink, "link22222"), old)
		d := h.partner("丙", now)
		none := h.partner("丁")
		view := func(who, at string) { h.does(who, model.EventCourseView, at, model.Event{CourseID: c, Seconds: 20}) }
		pay := func(who, at, no string, fen model.Fen) {
			h.does(who, model.EventPaid, at, model.Event{CourseID: c, Amount: fen, OutTradeNo: no})
		}
		follow := func(who, at string, e model.Event) {
			h.does(who, model.EventFollow, at, e)
			h.does(who, model.EventScan, at, e)
		}
		follow("a", "03-02 10:00", model.Event{Code: "poster", Channel: "门店"}) // a code of 甲 in a channel of 乙: 甲's
		view("a", "03-02 10:10")
		pay("a", "03-02 11:00", "NA", 19900)
		h.does("a", model.EventRefunded, "03-20 12:00", model.Event{Amount: 900, OutTradeNo: "NA"})
		follow("b", "03-02 10:00", model.Event{Code: "柜台", Channel: "门店"})
		h.does("b", model.EventUnfollow, "03-05 10:00")
		h.does("b", model.EventLinkClick, "03-03 10:00", model.Event{Code: "link22222"})
		pay("b", "03-03 11:00", "NB", 5000)
		follow("c", "03-03 10:00", model.Event{Code: "moved"}) // while it was 乙's
		pay("c", "03-05 10:00", "NC", 700)                     // paid when it was 丙's, but led here before
		follow("e", "03-05 10:00", model.Event{Code: "moved"})
		pay("e", "03-05 11:00", "NE", 300)
		follow("f", "03-05 10:00", model.Event{Code: "other", Channel: "别处"})
		pay("f", "03-05 11:00", "NF", 100)
		h.settle()
		sp := h.span("03-01", "03-31")
		lines, err := h.figures.Partners(t.Context(), "mini", []int64{a.ID, b.ID, d.ID, none.ID}, sp)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{
			"1/1 1+0 1:1/1 7:1/1 30:1/1 v1 o1 19900-900=19000 final",
			"2/2 2+0 1:2/2 7:1/2 30:1/2 v0 o2 5700-0=5700 final",
			"1/1 1+0 1:1/1 7:1/1 30:1/1 v0 o1 300-0=300 final",
			"0/0 0+0 1:0/0 7:0/0 30:0/0 v0 o0 0-0=0 final",
		} {
			if got := sceneWords(lines[i].Total); got != want {
				t.Errorf("%d:\n got %s\nwant %s", i, got, want)
			}
		}
		if lines[1].Total.Clicks != 1 || lines[0].Total.Clicks != 0 {
			t.Errorf("clicks %d, %d", lines[1].Total.Clicks, lines[0].Total.Clicks)
		}
		scene, err := h.figures.Scene(t.Context(), "mini", "poster", sp, model.AttributeLast, 30*24*time.Hour)
		if err != nil || sceneWords(scene.Total) != sceneWords(lines[0].Total) {
			t.Errorf("the code itself: %s, %v", sceneWords(scene.Total), err)
		}
		// The orders behind the money, and what was refunded of them by then.
		for _, x := range []struct {
			p           model.Partner
			first, last int
			want        string
		}{{a, 20260301, 20260331, "NA 19900-900"}, {a, 20260301, 20260319, "NA 19900-0"}, {b, 20260301, 20260331, "NB 5000-0 NC 700-0"}, {b, 20260304, 20260331, "NC 700-0"}, {none, 20260301, 20260331, ""}} {
			orders, err := h.figures.PartnerOrders(t.Context(), x.p, x.first, x.last)
			got := ""
			for i, o := range orders {
				if i > 0 {
					got += " "
				}
				got += fmt.Sprintf("%s %d-%d", o.OutTradeNo, o.Gross, o.Refunded)
			}
			if err != nil || got != x.want {
				t.Errorf("%s %d: %q, want %q %v", x.p.Name, x.first, got, x.want, err)
			}
		}
		f, err := h.figures.PartnerMonth(t.Context(), b, 20260301, 20260331)
		if err != nil || f.Scans != 2 || f.Clicks != 1 || f.NewFollows != 2 || *f.Stayed7 != 1 || f.Stayed7Of != 2 {
			t.Errorf("%+v %v", f, err)
		}
	})
}
