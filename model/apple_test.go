package model

import (
	"strings"
	"testing"
	"time"
)

func TestAppleQuestion(t *testing.T) {
	one := 1
	rule := RefundRule{Days: 7, Lessons: &one, Over: RefundOverPerson}
	for name, x := range map[string]struct {
		status OrderStatus
		age    time.Duration
		done   Study
		agree  bool
	}{
		"within the rule":       {OrderPaid, 0, Study{Finished: 1}, true},
		"too late":              {OrderPaid, 8 * 24 * time.Hour, Study{}, false},
		"a person would decide": {OrderPaid, 0, Study{Finished: 2}, false},
		"never opened":          {OrderClosed, 0, Study{}, true},
		"given back already":    {OrderRefunded, 0, Study{}, true},
	} {
		q := AppleQuestion{}
		q.Decide(Order{ID: 3, Status: x.status, RefundRule: rule}, x.age, x.done)
		if q.Agree != x.agree || q.OrderID != 3 || q.Info == "" || q.Evidence == "" || strings.HasPrefix(q.Info, "建议") != x.agree {
			t.Errorf("%s: %+v", name, q)
		}
	}
}
