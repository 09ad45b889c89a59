package model

import (
	"errors"
	"testing"
	"time"
)

func TestTaskSeriesFalls(t *testing.T) {
	// 2026-11-27 is a Friday.
	for _, c := range []struct {
		repeat TaskRepeat
		day    int
		want   bool
	}{
		{TaskDaily, 20261127, true}, {TaskDaily, 20261128, true}, {TaskDaily, 20261126, false},
		{TaskWeekdays, 20261127, true}, {TaskWeekdays, 20261128, false}, {TaskWeekdays, 20261129, false}, {TaskWeekdays, 20261130, true},
		{TaskWeekly, 20261127, true}, {TaskWeekly, 20261204, true}, {TaskWeekly, 20261203, false},
		{TaskOnce, 20261127, false},
	} {
		if got := (TaskSeries{Repeat: c.repeat, FirstDay: 20261127}).Falls(c.day); got != c.want {
			t.Errorf("%q on %d: %v", c.repeat, c.day, got)
		}
	}
}

func TestTaskClock(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	var k Task
	k.Begin(at("2026-11-27T09:00:00+08:00"))
	k.Begin(at("2026-11-27T09:30:00+08:00")) // twice is once
	if got := k.Actual(at("2026-11-27T09:40:00+08:00")); got != 40 {
		t.Error("running", got)
	}
	k.Rest(at("2026-11-27T10:00:00+08:00"))
	k.Begin(at("2026-11-27T23:30:00+08:00"))
	// Forgotten over night: counted to midnight.
	k.Finish(at("2026-11-28T08:00:00+08:00"))
	if got := k.Actual(at("2026-11-29T08:00:00+08:00")); got != 90 || k.State != TaskDone || k.StartedAt != nil {
		t.Error("finished", got, k)
	}
	k.Finish(at("2026-11-28T09:00:00+08:00"))
	if k.DoneAt.Hour() != at("2026-11-28T08:00:00+08:00").Hour() {
		t.Error("finishing twice moved the time", k.DoneAt)
	}
	short := Task{Spent: 3}
	if short.Actual(time.Time{}) != 1 || (Task{}).Actual(time.Time{}) != 0 {
		t.Error("measured time must not vanish")
	}
}

func TestTaskCheck(t *testing.T) {
	minute := 24 * 60
	f := TaskFields{Title: "  ", Start: &minute, Estimated: -1, KPI: "luck"}
	var r *Refusal
	if err := f.Check(); !errors.As(err, &r) || len(r.Fields) != 4 {
		t.Error(err)
	}
	f = TaskFields{Title: " 写稿 ", KPI: "read_rate", Estimated: 90}
	if err := f.Check(); err != nil || f.Title != "写稿" {
		t.Error(err, f.Title)
	}
}
