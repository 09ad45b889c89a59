package model

import "testing"

func TestAlertRules(t *testing.T) {
	r := AlertRule{Kind: AlertFigure, Percent: 50, Least: 10}
	week := []float64{40, 44, 36, 40}
	for name, x := range map[string]struct {
		value  float64
		before []float64
		want   bool
	}{
		"inside": {44, week, false}, "above, not far": {65, week, false}, "far above": {66, week, true}, "below, not far": {19, week, false}, "far below": {18, week, true},
		"too few weeks": {500, week[:3], false}, "far above, small": {9, []float64{1, 1, 1, 1}, false}, "from nothing": {10, []float64{0, 0, 0, 0}, true}, "nothing as usual": {0, []float64{0, 0, 0, 0}, false},
	} {
		if _, _, got := r.Unusual(x.value, x.before); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	refunds := AlertRule{Kind: AlertRefunds, Percent: 20, Least: 3}
	for _, x := range []struct {
		n, of int64
		want  bool
	}{{2, 2, false}, {3, 15, true}, {3, 16, false}, {4, 20, true}, {3, 0, true}} {
		if refunds.Many(x.n, x.of) != x.want {
			t.Error(x)
		}
	}
	leavers := AlertRule{Kind: AlertLeavers, Percent: 100, Least: 10}
	if leavers.Above(9, 1) || leavers.Above(19, 10) || !leavers.Above(20, 10) || !leavers.Above(10, 0) {
		t.Error("leavers")
	}
	for _, rule := range AlertRules {
		if err := rule.Check(); err != nil {
			t.Errorf("%s %s: %v", rule.Kind, rule.Figure, err)
		}
	}
	if (&AlertRule{Kind: AlertCallback, Percent: 5, Least: 1, Millis: 700}).Check() == nil || (&AlertRule{Kind: AlertRefunds, Percent: 101, Least: 1}).Check() == nil || (&AlertRule{Kind: AlertFigure, Percent: 1}).Check() == nil {
		t.Error("rules that are none")
	}
}
