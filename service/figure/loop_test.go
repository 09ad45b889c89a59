package figure_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

// growth is a small world worked by hand: a, b, c and only they are new in the week of 03-02; z was here before.
func growth(h *house) {
	course := model.Event{CourseID: 3}
	h.does("z", model.EventMPOpen, "02-20 10:00")
	h.does("a", model.EventFollow, "03-02 10:00")
	h.does("a", model.EventMPOpen, "03-02 10:30")
	h.does("b", model.EventMPOpen, "03-03 09:00")
	h.does("c", model.EventMPOpen, "03-08 23:59")
	h.does("z", model.EventMPOpen, "03-04 10:00")
	// a: two days, the second at the last instant of the seven. b: the second a second too late. c: two days, one by
	// two short lessons that make thirty seconds together.
	h.does("a", model.EventExercise, "03-02 11:00")
	h.does("a", model.EventExercise, "03-09 10:00")
	h.does("b", model.EventExercise, "03-03 10:00")
	h.does("b", model.EventExercise, "03-10 09:00:01")
	h.does("c", model.EventLessonPlay, "03-09 08:00", model.Event{Seconds: 20})
	h.does("c", model.EventLessonPlay, "03-09 09:00", model.Event{Seconds: 10})
	h.does("c", model.EventSearch, "03-10 08:00")
	h.does("z", model.EventSearch, "03-10 08:00") // not of the cohort
	h.does("a", model.EventCourseView, "03-03 10:00", course)
	h.does("b", model.EventCourseView, "03-03 10:00", course)
	// Paid at the last instant of thirty days, and a second after it.
	h.does("a", model.EventPaid, "04-01 10:00", model.Event{Amount: 100, OutTradeNo: "oA"})
	h.does("b", model.EventPaid, "04-02 09:00:01", model.Event{Amount: 100, OutTradeNo: "oB"})
	// a's share brings d; e followed the day before; a himself, z and staff are nobody new; f came after a's sixty days.
	s1 := model.Event{ShareID: "S1"}
	h.does("a", model.EventShare, "03-05 10:00", model.Event{ShareID: "S1", CourseID: 3})
	h.does("e", model.EventFollow, "04-01 10:00")
	for who, at := range map[string]string{"a": "03-06 10:00", "z": "03-06 10:00", "d": "04-10 10:00", "e": "04-02 10:00", "f": "05-02 10:00", "x": "03-06 11:00"} {
		h.does(who, model.EventMPOpen, at, s1)
	}
	h.does("c", model.EventShare, "03-09 10:00", model.Event{ShareID: "S2"}) // after the range, in the cohort's sixty days
	h.does("g", model.EventMPOpen, "03-20 10:00", model.Event{ShareID: "S2"})
	h.does("g", model.EventMPOpen, "03-21 10:00", s1) // brought once: by c
	h.does("d", model.EventPaid, "04-12 10:00", model.Event{Amount: 19900, OutTradeNo: "oD"})
	h.does("d", model.EventRefunded, "04-20 10:00", model.Event{Amount: 5000, OutTradeNo: "oD"})
	h.does("d", model.EventPaid, "05-15 10:00", model.Event{Amount: 19900, OutTradeNo: "oD2"}) // after thirty days
	staff := h.person("x")
	if err := h.db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, staff, true) }); err != nil {
		h.t.Fatal(err)
	}
	h.settle()
}

func TestLoop(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		growth(h)
		got, err := h.figures.Loop(t.Context(), h.span("03-04", "03-04"))
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		c := got[0]
		if s := fmt.Sprint(c.Cohort, " ", c.Size, c.Active.People, c.Retained.People, c.Paid.People, c.Referrers.People, c.Brought.People); s != "2026-03-02 3 2 3 1 2 2" {
			t.Error(s)
		}
		if c.Referrers.State != figure.Final || c.Referrers.MaturesAt.Format("2006-01-02") != "2026-05-08" {
			t.Errorf("%+v", c.Referrers)
		}
		for part, want := range map[figure.LoopPart]string{figure.LoopAll: "a b c", figure.LoopActive: "a c", figure.LoopPaid: "a", figure.LoopReferrers: "a c", figure.LoopBrought: "d g"} {
			if got := h.names(h.figures.LoopPeople(t.Context(), h.when("03-05 12:00"), part, 0, 50)); got != want {
				t.Errorf("%s: %s, want %s", part, got, want)
			}
		}
		first, more, err := h.figures.LoopPeople(t.Context(), h.when("03-02 00:00"), figure.LoopAll, 0, 2)
		if err != nil || !more || len(first) != 2 || !first[0].Entered.Equal(h.when("03-02 10:00")) {
			t.Errorf("%+v %v %v", first, more, err)
		}
		if got := h.names(h.figures.LoopPeople(t.Context(), h.when("03-02 00:00"), figure.LoopAll, first[1].PersonID, 2)); got != "c" {
			t.Errorf("second page: %s", got)
		}
		// A later cohort whose windows are open says until when.
		got, err = h.figures.Loop(t.Context(), h.span("04-06", "05-20"))
		if err != nil || len(got) != 7 || got[0].Size != 1 || got[0].Paid.State != figure.Final || got[0].Referrers.State != figure.Maturing || got[6].Active.State != figure.Running {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// names lists people by the name of the world, in the order of their numbers.
func (h *house) names(people []figure.Entrant, _ bool, err error) string {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	out := ""
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "x", "z"} {
		for _, p := range people {
			if p.PersonID == h.person(name) {
				out += " " + name
			}
		}
	}
	return out[min(1, len(out)):]
}

func TestShareChains(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		growth(h)
		week := h.span("03-02", "03-08")
		for by, key := range map[string]string{figure.ShareByCourse: "3", figure.ShareByArticle: "0", figure.ShareBySharer: fmt.Sprint(h.person("a"))} {
			got, _, err := h.figures.Shares(t.Context(), week, by)
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: %+v %v", by, got, err)
			}
			c := got[0]
			// Returned: d, e, f, g and z. New: d and f. d paid 199 yuan in time, of which 50 went back.
			if s := fmt.Sprint(c.Key, " ", c.Shares, c.Sharers, c.Returns, c.New, c.Buyers, c.Orders, c.Net); s != key+" 1 1 5 2 1 1 14900" {
				t.Errorf("%s: %s", by, s)
			}
			if by == figure.ShareByCourse && (c.Reached == nil || *c.Reached != 2 || c.K == nil || *c.K != 1) || by != figure.ShareByCourse && c.K != nil {
				t.Errorf("%s: reached %v, K %v", by, c.Reached, c.K)
			}
		}
		if got := h.names(h.figures.SharePeople(t.Context(), week, figure.ShareByCourse, 3, 0, 50)); got != "d f" {
			t.Error(got)
		}
		if got := h.names(h.figures.SharePeople(t.Context(), week, figure.ShareByCourse, 4, 0, 50)); got != "" {
			t.Error(got)
		}
		if _, _, err := h.figures.Shares(t.Context(), week, "x"); err == nil {
			t.Error("an unknown level was answered")
		}
	})
}

// Those who share can be as many as the fans: the rows that brought most are given, and how many there are beside.
func TestManySharers(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		err := db.Transaction(func(tx *gorm.DB) error {
			for i := range 503 {
				e := model.Event{Key: fmt.Sprint("many:", i), AppID: "mini", Type: model.EventShare, OccurredAt: h.when("03-05 10:00"), PersonID: int64(5000 + i), ShareID: fmt.Sprint("M", i)}
				if err := h.events.Add(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		h.does("last", model.EventShare, "03-05 10:00", model.Event{ShareID: "L"})
		h.does("new", model.EventMPOpen, "03-06 10:00", model.Event{ShareID: "L"})
		h.settle()
		list, left, err := h.figures.Shares(t.Context(), h.span("03-02", "03-08"), figure.ShareBySharer)
		if err != nil || len(list) != 500 || left != 4 || list[0].New != 1 {
			t.Errorf("%d rows, %d left, %v", len(list), left, err)
		}
	})
}
