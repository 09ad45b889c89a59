package model_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"loudou/model"
)

func TestRefusalKeepsItsKindThroughWrapping(t *testing.T) {
	err := fmt.Errorf("order 7: %w", model.Refuse(model.ErrConflict, model.CodeOwned, "您已拥有这门课程").Field("course_id", "已拥有"))
	if !errors.Is(err, model.ErrConflict) {
		t.Error("kind lost")
	}
	var r *model.Refusal
	if !errors.As(err, &r) || r.Code != "owned" || len(r.Fields) != 1 {
		t.Errorf("refusal = %+v", r)
	}
}

func TestYuan(t *testing.T) {
	for f, want := range map[model.Fen]string{0: "0.00", 5: "0.05", 19900: "199.00", -150: "-1.50"} {
		if got := f.Yuan(); got != want {
			t.Errorf("%d = %s, want %s", f, got, want)
		}
	}
}

func TestDayIsShanghai(t *testing.T) {
	// 16:00 UTC is midnight in Shanghai, so it belongs to the next day.
	if got := model.Day(time.Date(2026, 3, 8, 16, 0, 0, 0, time.UTC)); got != "2026-03-09" {
		t.Error(got)
	}
	if _, err := model.ParseDay("2026-02-30"); !errors.Is(err, model.ErrInvalid) {
		t.Error(err)
	}
}
