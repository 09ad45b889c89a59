package model

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestIteration(t *testing.T) {
	i := Iteration{Title: " 第三课重录 ", FirstDay: 20260201, LastDay: 20260228}
	if err := i.Check(); err != nil || i.Title != "第三课重录" || i.Days() != 28 {
		t.Error(err, i)
	}
	// Done in the evening of the 31st in Shanghai: the first whole day of the new version is the next one.
	if first, last := i.After(time.Date(2026, 3, 31, 15, 0, 0, 0, time.UTC)); first != 20260401 || last != 20260428 {
		t.Error(first, last)
	}
	for name, bad := range map[string]Iteration{
		"title": {Title: " ", FirstDay: 20260201, LastDay: 20260228},
		"note":  {Title: "改", Note: strings.Repeat("字", 501), FirstDay: 20260201, LastDay: 20260228},
		"to":    {Title: "改", FirstDay: 20260201, LastDay: 20260131},
	} {
		var said *Refusal
		if err := bad.Check(); !errors.As(err, &said) || len(said.Fields) != 1 || said.Fields[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (Iteration{Before: "{"}).Frozen(); len(got) != 0 {
		t.Error(got)
	}
}
