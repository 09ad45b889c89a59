package figure_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

// follows is what a follow through a code leaves: a follow and a scan.
func (h *house) follows(who, at, code string) {
	h.does(who, model.EventFollow, at, model.Event{Code: code})
	h.does(who, model.EventScan, at, model.Event{Code: code})
}

// sceneWords spells a line's day as scans/scanners new+returned stayed… views orders gross-refunded=net.
func sceneWords(d figure.SceneDay) string {
	out := fmt.Sprintf("%d/%d %d+%d", d.Scans, d.Scanners, d.NewFollows, d.Returned)
	for _, s := range d.Stayed {
		people := "–"
		if s.People != nil {
			people = fmt.Sprint(*s.People)
		}
		out += fmt.Sprintf(" %d:%s/%d", s.Days, people, s.Of)
		if s.State != figure.Final {
			out += " " + string(s.State) + " " + s.MaturesAt.In(model.Shanghai).Format("01-02 15:04")
		}
	}
	return out + fmt.Sprintf(" v%d o%d %d-%d=%d %s", d.CourseViews, d.Orders, d.Gross, d.Refunded, d.Net, d.State)
}

func TestSceneLine(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c, article := h.course("写作课"), h.article("文章甲")
		view := func(who, at string) { h.does(who, model.EventCourseView, at, model.Event{CourseID: c, Seconds: 20}) }
		pay := func(who, at, no string, fen model.Fen) {
			h.does(who, model.EventPaid, at, model.Event{CourseID: c, Amount: fen, OutTradeNo: no})
		}
		// a leaves the next morning, comes back after three days and leaves for good after eighteen.
		h.follows("a", "03-02 10:00", "poster")
		h.does("a", model.EventUnfollow, "03-03 09:00")
		h.follows("a", "03-05 10:00", "poster")
		h.does("a", model.EventUnfollow, "03-20 10:00")
		pay("a", "03-03 08:00", "NA", 100)
		// b stays, and scans twice more.
		h.follows("b", "03-02 11:00", "poster")
		h.does("b", model.EventScan, "03-02 11:05", model.Event{Code: "poster"})
		h.does("b", model.EventScan, "03-04 09:00", model.Event{Code: "poster"})
		view("b", "03-02 11:10")
		view("b", "03-04 10:00")
		pay("b", "03-02 12:00", "NB", 19900)
		h.does("b", model.EventRefunded, "03-04 12:00", model.Event{Amount: 5000, OutTradeNo: "NB"})
		// c follows already, scans, and comes back through an article.
		h.does("c", model.EventFollow, "02-01 10:00")
		view("c", "03-02 11:59")
		h.does("c", model.EventScan, "03-02 12:00", model.Event{Code: "poster"})
		h.does("c", model.EventArticleClick, "03-03 08:00", model.Event{ArticleID: article})
		view("c", "03-03 09:00")
		pay("c", "03-03 10:00", "NC", 9900)
		// d had followed and left before; e came through another code an hour earlier.
		h.does("d", model.EventFollow, "02-01 10:00")
		h.does("d", model.EventUnfollow, "02-10 10:00")
		h.follows("d", "03-03 10:00", "poster")
		h.follows("e", "03-02 09:00", "card")
		h.does("e", model.EventUnfollow, "03-02 10:00")
		h.follows("e", "03-02 11:00", "poster")
		// f follows in the last second of a day and leaves in the first of the day after the next.
		h.follows("f", "03-04 23:59:59", "poster")
		h.does("f", model.EventUnfollow, "03-06 00:00")
		// y scanned within thirty days, z did not; y's order is older than the range and its refund is not.
		h.does("y", model.EventScan, "02-10 10:00", model.Event{Code: "poster"})
		h.does("z", model.EventScan, "01-31 09:00", model.Event{Code: "poster"})
		view("y", "03-03 10:00")
		view("z", "03-03 10:00")
		pay("y", "02-12 10:00", "NY", 10000)
		h.does("y", model.EventRefunded, "03-03 11:00", model.Event{Amount: 10000, OutTradeNo: "NY"})
		// Staff, and another account's code of the same name.
		h.follows("tester", "03-02 10:00", "poster")
		tester := h.person("tester")
		if err := db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, tester, true) }); err != nil {
			t.Fatal(err)
		}
		foreign := model.Event{Key: "foreign", Type: model.EventScan, AppID: "wx-other", Code: "poster", OccurredAt: h.when("03-02 10:00"), PersonID: h.person("b")}
		if err := db.Transaction(func(tx *gorm.DB) error { return h.events.Add(tx, foreign) }); err != nil {
			t.Fatal(err)
		}
		h.settle()
		const month = 30 * 24 * time.Hour
		line := func(from, to string, m model.AttributionModel) figure.SceneLine {
			l, err := h.figures.Scene(t.Context(), "mini", "poster", h.span(from, to), m, month)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		same := func(what string, d figure.SceneDay, want string) {
			t.Helper()
			if got := sceneWords(d); got != want {
				t.Errorf("%s:\n got %s\nwant %s", what, got, want)
			}
		}
		l := line("03-02", "03-04", model.AttributeLast)
		same("03-02", l.Days[0], "5/4 2+0 1:1/2 7:2/2 30:1/2 v1 o1 19900-0=19900 final")
		same("03-03", l.Days[1], "1/1 0+1 1:0/0 7:0/0 30:0/0 v1 o1 100-10000=-9900 final")
		same("03-04", l.Days[2], "2/2 1+0 1:1/1 7:0/1 30:0/1 v1 o0 0-5000=-5000 final")
		same("range", l.Total, "8/6 3+1 1:2/3 7:2/3 30:1/3 v3 o2 20000-15000=5000 final")
		same("first touch", line("03-02", "03-04", model.AttributeFirst).Total, "8/6 3+1 1:2/3 7:2/3 30:1/3 v4 o3 29900-15000=14900 final")
		same("equal parts", line("03-02", "03-04", model.AttributeLinear).Total, "8/6 3+1 1:2/3 7:2/3 30:1/3 v4 o3 24950-15000=9950 final")
		// a comes back on a later day: that is no new follow, and new to no range that begins after the first.
		same("03-05", line("03-05", "03-05", model.AttributeLast).Total, "1/1 0+1 1:0/0 7:0/0 30:0/0 v0 o0 0-0=0 final")
		same("03-02…03-05", line("03-02", "03-05", model.AttributeLast).Total, "9/6 3+1 1:2/3 7:2/3 30:1/3 v3 o2 20000-15000=5000 final")
		// The money is the code's row of the attribution page.
		for _, m := range []model.AttributionModel{model.AttributeLast, model.AttributeFirst, model.AttributeLinear, model.AttributePosition, model.AttributeDecay} {
			rows, err := h.figures.Attribution(t.Context(), h.span("03-02", "03-04"), m, "code", month)
			if err != nil {
				t.Fatal(err)
			}
			d := line("03-02", "03-04", m).Total
			for _, r := range rows {
				if r.Key == "poster" && (r.Orders != d.Orders || r.Gross != d.Gross || r.Refunded != d.Refunded || r.Net != d.Net) {
					t.Errorf("%s: %+v beside %+v", m, r, d)
				}
			}
		}
		// Windows that are still open are not a zero.
		h.now = h.when("03-05 12:00")
		l = line("03-02", "03-04", model.AttributeLast)
		same("03-02, seen on 03-05", l.Days[0], "5/4 2+0 1:1/2 7:–/0 maturing 03-10 00:00 30:–/0 maturing 04-02 00:00 v1 o1 19900-0=19900 final")
		same("03-04, seen on 03-05", l.Days[2], "2/2 1+0 1:–/0 maturing 03-06 00:00 7:–/0 maturing 03-12 00:00 30:–/0 maturing 04-04 00:00 v1 o0 0-5000=-5000 final")
		same("range, seen on 03-05", l.Total, "8/6 3+1 1:1/2 maturing 03-06 00:00 7:–/0 maturing 03-12 00:00 30:–/0 maturing 04-04 00:00 v3 o2 20000-15000=5000 final")
		h.now = h.when("03-04 12:00")
		if l = line("03-02", "03-04", model.AttributeLast); l.Days[2].State != figure.Running || l.Days[1].State != figure.Final || l.Total.State != figure.Running {
			t.Errorf("at noon of 03-04: %s, %s, %s", l.Days[1].State, l.Days[2].State, l.Total.State)
		}
		if got := sceneWords(line("03-04", "03-04", model.AttributeLast).Days[0]); !strings.HasSuffix(got, "running") {
			t.Error(got)
		}
	})
}

// Five hundred scans of two codes, 300 of them new, 50 repeated, 20 who leave the next day, and everything told twice:
// the numbers are those of once, by code and by day (official-account check 23).
func TestSceneLineToldTwice(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		var facts []model.Event
		tell := func(who, key string, typ model.EventType, at time.Time, code string) {
			facts = append(facts, model.Event{Key: string(typ) + ":" + key, Type: typ, AppID: "mini", OccurredAt: at, PersonID: h.person(who), Code: code})
		}
		monday := h.when("03-02 09:00")
		for i := range 450 {
			code, who, at := []string{"north", "south"}[i%2], fmt.Sprint("p", i), monday.AddDate(0, 0, i%5).Add(time.Duration(i)*time.Second)
			switch {
			case i < 300: // new
				tell(who, fmt.Sprint("new", i), model.EventFollow, at, code)
				if i < 20 {
					tell(who, fmt.Sprint("gone", i), model.EventUnfollow, at.Add(24*time.Hour), "")
				}
			default: // follows already
				tell(who, fmt.Sprint("old", i), model.EventFollow, h.when("01-05 09:00"), "")
			}
			tell(who, fmt.Sprint("scan", i), model.EventScan, at, code)
			if i < 50 {
				tell(who, fmt.Sprint("again", i), model.EventScan, at.Add(time.Hour), code)
			}
		}
		for range 2 {
			if err := db.Transaction(func(tx *gorm.DB) error { return h.events.AddAll(tx, facts) }); err != nil {
				t.Fatal(err)
			}
			h.settle()
		}
		for code, want := range map[string]string{
			"north": "250/225 150+0 1:140/150 7:140/150 30:140/150 v0 o0 0-0=0 final",
			"south": "250/225 150+0 1:140/150 7:140/150 30:140/150 v0 o0 0-0=0 final",
		} {
			l, err := h.figures.Scene(t.Context(), "mini", code, h.span("03-02", "03-06"), model.AttributeLast, 30*24*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if got := sceneWords(l.Total); got != want {
				t.Errorf("%s: %s, want %s", code, got, want)
			}
			// Each day has ninety people of the 450, half of them of each code, thirty new, two of whom leave.
			for _, d := range l.Days {
				if d.Scans != 50 || d.Scanners != 45 || d.NewFollows != 30 || *d.Stayed[0].People != 28 {
					t.Errorf("%s: %s", code, sceneWords(d))
				}
			}
		}
	})
}
