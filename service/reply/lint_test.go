package reply

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"loudou/model"
)

// The linter looks at ten thousand rules in one walk, and at each of them as if it were alone.
func TestLint(t *testing.T) {
	rules := mixed(10_000)
	day := model.Active{From: "09:00", To: "18:00"}
	add := func(r model.Rule, change func(*model.Rule)) int {
		r.ID = int64(20_000 + len(rules))
		r.Name = fmt.Sprint("r", r.ID)
		change(&r)
		rules = append(rules, r)
		return len(rules) - 1
	}
	keep := func(*model.Rule) {}
	add(rule(0, 50, contains("报名")), func(r *model.Rule) { r.Name = "报名" })
	add(rule(0, 60, contains("直播")), func(r *model.Rule) { r.Active = day })
	want := map[int]string{
		add(rule(0, 0, contains("怎么报名")), keep):                                                            "「报名」",
		add(rule(0, 99, contains("想报名")), keep):                                                            "",
		add(rule(0, 0, contains("看直播")), keep):                                                             "",
		add(rule(0, 99, regex("(立即|马上)报名")), keep):                                                         "包含先于正则",
		add(rule(0, 0, regex("(报名|报价)表")), keep):                                                           "",
		add(rule(0, 0, exact("报名")), keep):                                                                 "",
		add(rule(0, 0, exact("报名表")), func(r *model.Rule) { r.Active = day }):                              "",
		add(named(0, model.RuleDefault, keep), keep):                                                       "总是先回答",
		add(named(0, model.RuleDefault, func(r *model.Rule) { r.MessageTypes = []string{"image"} }), keep): "",
		add(rule(0, 0, contains("怎么报名")), func(r *model.Rule) { r.Enabled = false }):                       "",
	}
	s := New(nil, "wx", nil, nil, nil, func() time.Time { return noon })
	start := time.Now()
	got := s.lint(context.Background(), rules)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	for i, text := range want {
		switch {
		case text == "" && len(got[i]) > 0:
			t.Errorf("%+v: %v", rules[i].Keywords, got[i])
		case text != "" && (len(got[i]) == 0 || !strings.Contains(got[i][0].Text, text)):
			t.Errorf("%+v: %v, want %s", rules[i].Keywords, got[i], text)
		}
	}
	t.Logf("10 000 rules in %v", time.Since(start))
}
