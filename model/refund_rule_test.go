package model

import (
	"strings"
	"testing"
	"time"
)

func TestRefundRule(t *testing.T) {
	day, n := 24*time.Hour, func(n int) *int { return &n }
	for name, x := range map[string]struct {
		rule     RefundRule
		age      time.Duration
		seconds  int
		finished int
		verdict  RefundVerdict
		words    string
	}{
		"at once":              {RefundRule{Days: 7}, 0, 0, 0, RefundAllowed, "符合"},
		"the last moment":      {RefundRule{Days: 7}, 7 * day, 90000, 90, RefundAllowed, "符合"},
		"a moment later":       {RefundRule{Days: 7}, 7*day + 1, 0, 0, RefundNot, "超过 7 天"},
		"never":                {RefundRule{Days: 0}, 0, 0, 0, RefundNot, "不支持"},
		"as much as allowed":   {RefundRule{Days: 7, Minutes: n(10), Lessons: n(1)}, 0, 600, 1, RefundAllowed, "符合"},
		"a second too much":    {RefundRule{Days: 7, Minutes: n(10), Over: RefundOverPerson}, 0, 601, 0, RefundByPerson, "看了 11 分钟"},
		"a lesson too many":    {RefundRule{Days: 7, Lessons: n(0), Over: RefundOverPerson}, 0, 0, 1, RefundByPerson, "学完 1 课"},
		"too much, no person":  {RefundRule{Days: 7, Lessons: n(0), Over: RefundOverRefuse}, 0, 0, 1, RefundNot, "不能再申请"},
		"too late comes first": {RefundRule{Days: 1, Lessons: n(0), Over: RefundOverPerson}, 2 * day, 0, 1, RefundNot, "超过 1 天"},
	} {
		if v, words := x.rule.Judge(x.age, x.seconds, x.finished); v != x.verdict || !strings.Contains(words, x.words) {
			t.Errorf("%s: %s %s", name, v, words)
		}
	}
	for want, r := range map[string]RefundRule{
		"不支持退款": {}, "付款 7 天内可以退款": DefaultRefundRule(),
		"付款 3 天内、看过不超过 30 分钟、学完不超过 2 课，可以退款；学得更多的由客服判断": {Days: 3, Minutes: n(30), Lessons: n(2), Over: RefundOverPerson},
		"付款 3 天内、学完不超过 0 课，可以退款；学得更多的不能退":               {Days: 3, Lessons: n(0), Over: RefundOverRefuse},
	} {
		if got := r.Words(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	bad := Refuse(ErrInvalid, CodeInvalid, "")
	RefundRule{Days: 366, Minutes: n(-1), Lessons: n(-1), Over: "x"}.Check(bad)
	DefaultRefundRule().Check(bad)
	if len(bad.Fields) != 4 {
		t.Errorf("%+v", bad.Fields)
	}
}
