package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRememberedCounts(t *testing.T) {
	asked, fail := int64(0), true
	count := remembered(time.Hour, func(context.Context) (int64, error) {
		asked++
		if fail {
			return 0, errors.New("away")
		}
		return asked, nil
	})
	if _, err := count(context.Background()); err == nil {
		t.Error("a failure was hidden")
	}
	fail = false
	for range 3 {
		if n, err := count(context.Background()); n != 2 || err != nil {
			t.Error("a failure is not remembered, a number is:", n, err)
		}
	}
}
