package model

import (
	"errors"
	"strings"
	"testing"
)

// Only a text WeChat passed is shown without somebody having looked, and only where the house wants it so.
func TestRemarkJudge(t *testing.T) {
	for _, c := range []struct {
		v    TextVerdict
		how  RemarkHow
		want RemarkState
	}{
		{TextPass, RemarkFirst, RemarkWaiting}, {TextPass, RemarkAfter, RemarkShown}, {TextPass, RemarkOff, RemarkWaiting},
		{TextReview, RemarkAfter, RemarkWaiting}, {TextRisky, RemarkAfter, RemarkRefused}, {TextRisky, RemarkFirst, RemarkRefused},
		{TextUnknown, RemarkAfter, RemarkWaiting}, {"", RemarkAfter, RemarkWaiting}, {"new word", RemarkAfter, RemarkWaiting},
	} {
		r := Remark{State: RemarkChecking}
		if r.Judge(c.v, c.how); r.State != c.want {
			t.Errorf("%s %s: %s", c.v, c.how, r.State)
		}
	}
	for _, s := range []RemarkState{RemarkWaiting, RemarkShown, RemarkRefused} {
		r := Remark{State: s}
		if r.Judge(TextRisky, RemarkAfter); r.State != s {
			t.Errorf("%s was judged again: %s", s, r.State)
		}
	}
}

func TestRemarkText(t *testing.T) {
	if got, err := RemarkText("content", "  讲得\n清楚  "); err != nil || got != "讲得\n清楚" {
		t.Error(got, err)
	}
	for _, bad := range []string{"", " \n ", "a\x00b", "\xff", strings.Repeat("长", 501)} {
		if _, err := RemarkText("content", bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
