package model

import (
	"errors"
	"fmt"
	"testing"
)

func TestCallError(t *testing.T) {
	for kind, code := range map[error]string{ErrInvalid: "invalid", ErrForbidden: "forbidden", ErrNotFound: "not_found", ErrConflict: "conflict", ErrUnavailable: "unavailable"} {
		err := fmt.Errorf("order 7: %w", &CallError{Call: "/v3/x", Code: "SOME_CODE", Said: "no", Text: "不行", Kind: kind, Unknown: kind == ErrUnavailable})
		var r *Refusal
		if !errors.Is(err, kind) || !errors.As(err, &r) || r.Code != code || r.Text != "不行" {
			t.Errorf("%v: %v", kind, r)
		}
		if CallCode(err) != "SOME_CODE" || OutcomeUnknown(err) != (kind == ErrUnavailable) {
			t.Errorf("%v: code %q, unknown %v", kind, CallCode(err), OutcomeUnknown(err))
		}
	}
	if OutcomeUnknown(ErrUnavailable) || CallCode(nil) != "" {
		t.Error("an error that is no call's")
	}
}
