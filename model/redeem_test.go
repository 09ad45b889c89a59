package model

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNewCode(t *testing.T) {
	seen := map[rune]int{}
	all := map[string]bool{}
	for range 2000 {
		c := NewCode(RedeemCodeLength)
		if len(c) != RedeemCodeLength || strings.Trim(c, CodeLetters) != "" || all[c] || TypedCode(strings.ToLower(c)) != c {
			t.Fatalf("%q", c)
		}
		all[c] = true
		for _, r := range c {
			seen[r]++
		}
	}
	for _, r := range CodeLetters { // 800 expected each
		if seen[r] < 600 || seen[r] > 1000 {
			t.Errorf("%c came %d times of 24000", r, seen[r])
		}
	}
	if strings.ContainsAny(CodeLetters, "01ILOU") {
		t.Error("letters that look alike")
	}
}

func TestRedeemBy(t *testing.T) {
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	b := RedeemBatch{StartsAt: now.Add(-time.Hour), EndsAt: now.Add(time.Hour)}
	code := func(s RedeemStatus, learner int64) RedeemCode {
		return RedeemCode{ID: 1, Status: s, LearnerID: learner}
	}
	for name, x := range map[string]struct {
		code  RedeemCode
		at    time.Time
		kind  error
		again bool
	}{
		"unused":                    {code(RedeemUnused, 0), now, nil, false},
		"first moment":              {code(RedeemUnused, 0), b.StartsAt, nil, false},
		"too early":                 {code(RedeemUnused, 0), b.StartsAt.Add(-1), ErrConflict, false},
		"last moment":               {code(RedeemUnused, 0), b.EndsAt.Add(-1), nil, false},
		"too late":                  {code(RedeemUnused, 0), b.EndsAt, ErrConflict, false},
		"mine, told again":          {code(RedeemRedeemed, 7), now, nil, true},
		"mine, told again too late": {code(RedeemRedeemed, 7), b.EndsAt, nil, true},
		"another's":                 {code(RedeemRedeemed, 8), now, ErrConflict, false},
		"withdrawn":                 {code(RedeemWithdrawn, 0), now, ErrNotFound, false},
		"never made":                {RedeemCode{}, now, ErrNotFound, false},
	} {
		again, err := b.RedeemBy(x.code, 7, x.at)
		if again != x.again || (x.kind == nil) != (err == nil) || x.kind != nil && !errors.Is(err, x.kind) {
			t.Errorf("%s: %v %v", name, again, err)
		}
	}
	if c := (&RedeemCode{Code: "ABCDEFGHJKMN"}); c.Shown() != "ABCD-EFGH-JKMN" || c.Masked() != "ABCD-••••-••••" {
		t.Error(c.Shown(), c.Masked())
	}
}

func TestRedeemBatchCheck(t *testing.T) {
	now := time.Now()
	good := RedeemBatch{CourseID: 1, Size: 1, StartsAt: now, EndsAt: now.Add(time.Hour), Note: "给老学员"}
	if err := good.Check(now); err != nil {
		t.Error(err)
	}
	for field, spoil := range map[string]func(*RedeemBatch){
		"course_id": func(b *RedeemBatch) { b.CourseID = 0 }, "size": func(b *RedeemBatch) { b.Size = MaxRedeemBatch + 1 }, "access_days": func(b *RedeemBatch) { b.AccessDays = -1 },
		"ends_at": func(b *RedeemBatch) { b.EndsAt = b.StartsAt }, "note": func(b *RedeemBatch) { b.Note = "" },
	} {
		b := good
		spoil(&b)
		var r *Refusal
		if err := b.Check(now); !errors.As(err, &r) || len(r.Fields) != 1 || r.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	past := good
	past.StartsAt, past.EndsAt = now.Add(-2*time.Hour), now.Add(-time.Hour)
	if past.Check(now) == nil {
		t.Error("codes that are over before they are made")
	}
}
