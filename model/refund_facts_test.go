package model

import (
	"strings"
	"testing"
	"time"
)

func TestRefundFacts(t *testing.T) {
	now := time.Now()
	done := RefundFacts{Rule: DefaultRefundRule(), Study: Study{Lessons: 3, TotalSeconds: 1800}}
	done.Judge()
	done.Watch(Progress{Position: 700, FinishedAt: &now, UpdatedAt: now}, Lesson{Seconds: 600})
	if done.WatchedSeconds != 600 || done.Finished != 1 || done.Begun != 1 || !done.LastStudied.Equal(now) || len(done.Hints()) != 0 {
		t.Errorf("one lesson of three: %+v %v", done, done.Hints())
	}
	done.Watch(Progress{Position: 600, FinishedAt: &now, UpdatedAt: now.Add(-time.Hour)}, Lesson{Seconds: 600})
	if !done.LastStudied.Equal(now) || len(done.Hints()) != 1 {
		t.Errorf("two of three: %+v %v", done, done.Hints())
	}
	bad := RefundFacts{Age: 9 * 24 * time.Hour, Rule: DefaultRefundRule(), Apple: true, EarlierRefunds: 2, Study: Study{TotalSeconds: 100, WatchedSeconds: 51}}
	bad.Judge()
	if h := strings.Join(bad.Hints(), "|"); strings.Count(h, "|") != 3 || !strings.Contains(h, "Apple") {
		t.Errorf("hints = %s", h)
	}
}
