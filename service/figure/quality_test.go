package figure_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

func (h *house) lesson(course int64, position int, kind model.LessonKind, seconds int) int64 {
	h.t.Helper()
	l := model.Lesson{AppID: "mini", CourseID: course, Position: position, Title: fmt.Sprint("第", position, "课"), Kind: kind, Seconds: seconds, Version: 1, CreatedAt: h.now, UpdatedAt: h.now}
	if err := h.db.Create(&l).Error; err != nil {
		h.t.Fatal(err)
	}
	return l.ID
}

// owns gives a person's learner the course.
func (h *house) owns(who string, course int64, at string) int64 {
	h.t.Helper()
	id := h.person(who)
	g := model.Grant{AppID: "mini", LearnerID: 1000 + id, CourseID: course, Reason: model.GrantByGift, ReasonKey: fmt.Sprintf("gift:%d:%d", id, course), Status: model.GrantActive, StartsAt: h.when(at), CreatedAt: h.when(at), UpdatedAt: h.when(at)}
	if err := h.db.Create(&g).Error; err != nil {
		h.t.Fatal(err)
	}
	return id
}

// studied writes down how far a person came: begun, last step, position, finished.
func (h *house) studied(who string, course, lesson int64, begun, last string, position int, finished bool) {
	h.t.Helper()
	id := h.person(who)
	r := model.Progress{AppID: "mini", LearnerID: 1000 + id, PersonID: id, CourseID: course, LessonID: lesson, Position: position, CreatedAt: h.when(begun), UpdatedAt: h.when(last)}
	if finished {
		r.FinishedAt = &r.UpdatedAt
	}
	if err := h.db.Create(&r).Error; err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) refunded(who string, course int64, no, reason string, amount int64, at string, status model.RefundState) {
	h.t.Helper()
	o := model.Order{AppID: "mini", OutTradeNo: no, LearnerID: 1, PersonID: h.person(who), CourseID: course, Amount: model.Fen(amount), Status: model.OrderRefunded, ExpiresAt: h.now, CreatedAt: h.now, UpdatedAt: h.now}
	if err := h.db.Create(&o).Error; err != nil {
		h.t.Fatal(err)
	}
	when := h.when(at)
	r := model.Refund{OutRefundNo: "r" + no, OrderID: o.ID, OutTradeNo: no, Kind: model.RefundOfOrder, Amount: model.Fen(amount), Reason: reason, Status: status, SucceededAt: &when, CreatedAt: when, UpdatedAt: when}
	if err := h.db.Create(&r).Error; err != nil {
		h.t.Fatal(err)
	}
}

// now is 20 May 2026, noon in Shanghai.
func TestQuality(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		c, other := h.course("写作"), h.course("别的")
		l1, l2, l3 := h.lesson(c, 1, model.LessonVideo, 100), h.lesson(c, 2, model.LessonText, 0), h.lesson(c, 3, model.LessonAudio, 200)
		gone := h.lesson(c, 4, model.LessonText, 0)
		if err := db.Model(&model.Lesson{}).Where("id = ?", gone).Update("deleted_at", h.now).Error; err != nil {
			t.Fatal(err)
		}
		// a finished all of it.
		h.owns("a", c, "04-01 10:00")
		for _, l := range []int64{l1, l2, l3} {
			h.studied("a", c, l, "04-02 10:00", "04-03 10:00", 100, true)
		}
		// b stopped in the second lesson, long ago; what is no longer in the course says nothing.
		h.owns("b", c, "04-01 10:00")
		h.studied("b", c, l1, "04-05 10:00", "04-05 10:00", 100, true)
		h.studied("b", c, l2, "04-06 10:00", "04-06 10:00", 0, false)
		h.studied("b", c, gone, "04-07 10:00", "04-07 10:00", 0, true)
		// d tried the first lesson, then bought, and stands at 45 of 100 seconds; the last step was 13 days ago.
		h.studied("d", c, l1, "03-01 10:00", "05-07 11:00", 45, false)
		h.owns("d", c, "04-20 10:00")
		// e only tried; f tried and bought but never came back; g began in May: none of them began in April.
		h.studied("e", c, l1, "04-05 10:00", "04-05 10:00", 50, false)
		h.studied("f", c, l1, "04-05 10:00", "04-05 10:00", 50, false)
		h.owns("f", c, "04-06 10:00")
		h.owns("g", c, "04-01 10:00")
		h.studied("g", c, l1, "05-01 00:00", "05-01 00:00", 100, false)
		// h is on the last second of the first lesson and went straight to the third; stopped exactly 14 days ago.
		h.owns("h", c, "04-01 10:00")
		h.studied("h", c, l1, "04-30 23:59", "04-30 23:59", 100, false)
		h.studied("h", c, l3, "05-01 10:00", "05-06 12:00", 20, false)
		// x is one of us.
		staff := h.owns("x", c, "04-01 10:00")
		h.studied("x", c, l1, "04-05 10:00", "04-05 10:00", 100, true)
		if err := db.Transaction(func(tx *gorm.DB) error { return h.persons.SetStaff(tx, staff, true) }); err != nil {
			t.Fatal(err)
		}
		h.does("a", model.EventExercise, "04-10 10:00", model.Event{CourseID: c, LessonID: l2})
		h.does("b", model.EventComment, "04-10 10:00", model.Event{CourseID: c})
		h.does("x", model.EventComment, "04-10 10:00", model.Event{CourseID: c})
		h.does("b", model.EventExercise, "05-10 10:00", model.Event{CourseID: c, LessonID: l1})
		h.does("a", model.EventPaid, "04-01 10:00", model.Event{CourseID: c, OutTradeNo: "oA", Amount: 1000})
		h.does("b", model.EventPaid, "04-01 10:00", model.Event{CourseID: c, OutTradeNo: "oB", Amount: 1000})
		h.does("b", model.EventRefunded, "05-02 10:00", model.Event{CourseID: c, OutTradeNo: "oB", Amount: 500})
		h.refunded("b", c, "oB", " 听不懂 ", 500, "04-20 10:00", model.RefundSuccess)
		h.refunded("d", c, "oD", "听不懂", 700, "04-21 10:00", model.RefundSuccess)
		h.refunded("e", c, "oE", "", 300, "04-22 10:00", model.RefundSuccess)
		h.refunded("g", c, "oG", "听不懂", 300, "05-01 00:00", model.RefundSuccess) // a day late
		h.refunded("a", c, "oX", "买错了", 300, "04-22 10:00", model.RefundClosed)  // never went back
		h.refunded("x", c, "oS", "试一试", 300, "04-22 10:00", model.RefundSuccess)
		h.refunded("a", other, "oO", "买错了", 300, "04-22 10:00", model.RefundSuccess)
		h.settle()

		span := h.span("04-01", "04-30")
		q, err := h.figures.Quality(t.Context(), c, span)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"learners": "4 final", "completed_rate": "0.25 (1/4) maturing", "stop_rate": "0.5 (2/4) final", "learning": "1 final", "exercisers": "1 final", "commenters": "1 final", "refund_rate": "0.25 (500/2000) maturing",
			"orders": "2 final", "start_rate": "0 (0/2) final",
		} {
			if got := show(q.Figures[name]); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		for i, want := range []string{
			"reached 4 finished 2 on 3 stopped 0 exercised 0 places [0 0 0 0 1 0 0 0 0 1]",
			"reached 2 finished 1 on 1 stopped 1 exercised 1 places []",
			"reached 2 finished 1 on – stopped 1 exercised 0 places [0 1 0 0 0 0 0 0 0 0]",
		} {
			l, on := q.Lessons[i], "–"
			if l.WentOn != nil {
				on = fmt.Sprint(*l.WentOn)
			}
			if got := fmt.Sprintf("reached %d finished %d on %s stopped %d exercised %d places %v", l.Reached, l.Finished, on, l.Stopped, l.Exercised, l.Places); got != want {
				t.Errorf("lesson %d: %s\nwant %s", i+1, got, want)
			}
		}
		if len(q.Lessons) != 3 {
			t.Error(q.Lessons)
		}
		if got := fmt.Sprint(q.Refunds); got != "[{听不懂 2 2 1200} { 1 1 300}]" {
			t.Error(got)
		}
		ask := func(w figure.QualityWhich) (out string) {
			people, more, err := h.figures.QualityPeople(t.Context(), c, span, w, 0, 10)
			if err != nil || more {
				t.Fatal(err, more)
			}
			names := map[int64]string{}
			for _, n := range []string{"a", "b", "d", "e", "f", "g", "h", "x"} {
				names[h.person(n)] = n
			}
			for _, p := range people {
				out += names[p.PersonID]
			}
			return out
		}
		for _, x := range []struct {
			which figure.QualityWhich
			want  string
		}{
			{figure.QualityWhich{Part: figure.QualityLearners}, "abdh"}, {figure.QualityWhich{Part: figure.QualityCompleted}, "a"}, {figure.QualityWhich{Part: figure.QualityStopped}, "bh"}, {figure.QualityWhich{Part: figure.QualityLearning}, "d"},
			{figure.QualityWhich{Part: figure.QualityLeft, Lesson: l1}, "d"}, {figure.QualityWhich{Part: figure.QualityWentOn, Lesson: l1}, "abh"}, {figure.QualityWhich{Part: figure.QualityPlace, Lesson: l1, Tenth: 5}, "d"},
			{figure.QualityWhich{Part: figure.QualityExercisers, Lesson: l2}, "a"}, {figure.QualityWhich{Part: figure.QualityCommenters}, "b"},
			{figure.QualityWhich{Part: figure.QualityRefunded}, "bde"}, {figure.QualityWhich{Part: figure.QualityRefunded, Reason: "听不懂"}, "bd"}, {figure.QualityWhich{Part: figure.QualityRefunded, Bare: true}, "e"},
			{figure.QualityWhich{Part: figure.QualityPlace, Lesson: l1}, ""}, {figure.QualityWhich{Part: figure.QualityLeft}, ""},
		} {
			if got := ask(x.which); got != x.want {
				t.Errorf("%+v: %q, want %q", x.which, got, x.want)
			}
		}
		if _, err := h.figures.Quality(t.Context(), 999, span); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
		if _, err := h.figures.CourseMeasures(t.Context(), c, gone, 20260401, 20260430); !errors.Is(err, model.ErrNotFound) {
			t.Error(err)
		}
		m, err := h.figures.CourseMeasures(t.Context(), c, l1, 20260401, 20260430)
		if err != nil || len(m) != 9 || m[8].Name != "lesson_left_rate" || *m[8].Numerator != 1 || *m[8].Denominator != 4 || m[4].Name != "stop_rate" || *m[4].Value != .5 {
			t.Errorf("%v %+v", err, m)
		}
		// Nobody yet: no figure is made up.
		q, err = h.figures.Quality(t.Context(), other, h.span("01-01", "01-02"))
		if err != nil || len(q.Lessons) != 0 || len(q.Refunds) != 0 || q.Figures["stop_rate"].Value != nil {
			t.Error(err, q)
		}
		h.now = h.now.Add(24 * time.Hour) // d's last step is 14 days ago now
		if got := ask(figure.QualityWhich{Part: figure.QualityStopped}); got != "bdh" {
			t.Error(got)
		}
	})
}
