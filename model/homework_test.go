package model

import (
	"strings"
	"testing"
	"time"
)

func TestHomeworkHandIn(t *testing.T) {
	both := Homework{NeedText: true, NeedPictures: true}
	for name, c := range map[string]struct {
		h        Homework
		text     string
		pictures int
		good     bool
	}{
		"words and a picture":   {both, "写了", 1, true},
		"no words":              {both, "", 1, false},
		"no picture":            {both, "写了", 0, false},
		"a picture alone":       {Homework{NeedPictures: true}, "", 9, true},
		"ten pictures":          {Homework{NeedPictures: true}, "", 10, false},
		"words alone":           {Homework{NeedText: true}, "写了", 0, true},
		"too many words":        {Homework{NeedText: true}, strings.Repeat("长", 2001), 0, false},
		"a character of no use": {Homework{NeedText: true}, "写\x00了", 0, false},
	} {
		if err := c.h.HandIn(c.text, c.pictures); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Three days after the day one got the course means: until that day is over in Shanghai.
func TestHomeworkDue(t *testing.T) {
	since := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC) // 2 March there
	if at := (Homework{DueDays: 3}).DueAt(since); at == nil || Day(at.Add(-time.Second)) != "2026-03-05" || Day(*at) != "2026-03-06" {
		t.Errorf("due %v", at)
	}
	if at := (Homework{}).DueAt(since); at != nil {
		t.Errorf("due %v without an end", at)
	}
}

// Others see what passed WeChat's check whole, and the worst word counts.
func TestHomeworkVerdict(t *testing.T) {
	for want, s := range map[string]HomeworkSubmission{
		"pass":     {Verdict: TextPass, Pictures: []HomeworkPicture{{Verdict: TextPass}}},
		"checking": {Verdict: TextPass, Pictures: []HomeworkPicture{{Verdict: TextPass}, {}}},
		"unknown":  {Verdict: TextUnknown, Pictures: []HomeworkPicture{{}}},
		"review":   {Verdict: TextReview},
		"risky":    {Verdict: TextPass, Pictures: []HomeworkPicture{{Verdict: TextRisky}, {Verdict: TextReview}}},
	} {
		if s.Check() != want || s.Passed() != (want == "pass") {
			t.Errorf("%+v: %s", s, s.Check())
		}
	}
}
