package model

import (
	"errors"
	"testing"
	"time"
)

func TestReleaseLocked(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, Shanghai)
	at := func(d time.Duration) *time.Time { x := now.Add(d); return &x }
	first := &Lesson{Title: "第一课"}
	for name, c := range map[string]struct {
		r     Release
		reach Reach
		why   string
		opens bool
	}{
		"at once":            {Release{}, Reach{}, "", false},
		"date to come":       {Release{How: ReleaseByDate, At: at(time.Hour)}, Reach{}, "2026 年 11 月 28 日 11:00 开放", true},
		"date come":          {Release{How: ReleaseByDate, At: at(0)}, Reach{}, "", false},
		"days to go":         {Release{How: ReleaseByDays, Days: 3}, Reach{Since: now.AddDate(0, 0, -2)}, "开课 3 天后开放，11 月 29 日 10:00 起可以学", true},
		"days gone":          {Release{How: ReleaseByDays, Days: 3}, Reach{Since: now.AddDate(0, 0, -3)}, "", false},
		"the one before":     {Release{How: ReleaseOrder}, Reach{Before: first}, "学完上一课「第一课」后开放", false},
		"finished":           {Release{How: ReleaseOrder}, Reach{Before: first, Done: true}, "", false},
		"nothing before it":  {Release{How: ReleaseOrder}, Reach{}, "", false},
		"a date left behind": {Release{How: ReleaseOrder, At: at(time.Hour)}, Reach{}, "", false},
	} {
		why, opens := c.r.Locked(c.reach, now)
		if why != c.why || (opens != nil) != c.opens {
			t.Errorf("%s: %q %v", name, why, opens)
		}
	}
}

func TestReleaseCheck(t *testing.T) {
	for name, c := range map[string]struct {
		r     Release
		trial bool
		field string
	}{
		"none":         {Release{}, true, ""},
		"order":        {Release{How: ReleaseOrder}, false, ""},
		"no date":      {Release{How: ReleaseByDate}, false, "release.at"},
		"no days":      {Release{How: ReleaseByDays}, false, "release.days"},
		"too many":     {Release{How: ReleaseByDays, Days: 4000}, false, "release.days"},
		"another word": {Release{How: "soon"}, false, "release.how"},
		"a trial":      {Release{How: ReleaseOrder}, true, "release.how"},
	} {
		err := Lesson{Title: "课", Kind: LessonText, Trial: c.trial, Release: c.r}.Check()
		var bad *Refusal
		if errors.As(err, &bad); (bad == nil) != (c.field == "") || bad != nil && bad.Fields[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}
