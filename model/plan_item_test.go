package model

import (
	"errors"
	"reflect"
	"testing"
)

func TestPlanStage(t *testing.T) {
	for _, c := range []struct {
		hand, article ArticleState
		send          BroadcastState
		want          ArticleState
	}{
		{ArticleIdea, "", "", ArticleIdea},
		{ArticleLayout, ArticleDraft, "", ArticleDraft}, // what is linked decides
		{ArticleIdea, ArticleConfirmed, "", ArticleConfirmed},
		{ArticleIdea, ArticlePublished, BroadcastDraft, ArticlePublished},
		{ArticleDraft, "", BroadcastWaiting, ArticleWaiting},
		{ArticleDraft, ArticleConfirmed, BroadcastDone, ArticlePublished},
		{ArticleDraft, "", BroadcastScheduled, ArticleConfirmed},
		{ArticleDraft, "", BroadcastFailed, ArticleDraft},
	} {
		if got := (PlanFields{Hand: c.hand}).Stage(c.article, c.send); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for _, s := range []ArticleState{ArticleWaiting, ArticleConfirmed, ArticlePublished, ""} {
		f := PlanFields{Day: 20261127, Slot: 1, Title: "x", Hand: s}
		if err := f.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q was typed by hand", s)
		}
	}
}

func TestPlanGapsAndClashes(t *testing.T) {
	columns := []PlanColumn{{Weekday: 1, Slot: 1, Column: "干货"}, {Weekday: 3, Slot: 1, Column: "故事"}, {Weekday: 3, Slot: 2, Column: "问答"}, {Weekday: 7, Slot: 1, Column: "福利"}}
	item := func(id int64, day, slot int) PlanItem {
		return PlanItem{ID: id, PlanFields: PlanFields{Day: day, Slot: slot}}
	}
	items := []PlanItem{item(1, 20261125, 1), item(2, 20261125, 1), item(3, 20261126, 1)} // Wednesday twice, Thursday
	got := PlanGaps(columns, items, 20261123, 20261129, 20261124)
	want := []PlanGap{{20261125, columns[2]}, {20261129, columns[3]}} // Monday is over
	if !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	if got := PlanClashes(items); !reflect.DeepEqual(got, map[int64]bool{1: true, 2: true}) {
		t.Error(got)
	}
}
