package model

import (
	"errors"
	"time"
)

// CallError says why a call to WeChat did not succeed. errors.Is sees its kind; errors.As finds a *Refusal with
// Text. Nothing in it is secret, so it may be logged.
type CallError struct {
	Call    string // the path that was called, as /cgi-bin/menu/create
	Code    string // WeChat's code or errcode; empty when no answer came
	Said    string // WeChat's own words, or what broke on the way
	Text    string // Chinese, may be shown
	Kind    error  // one of the five kinds
	Unknown bool   // the call may have taken effect: ask, or repeat with the same number and parameters
}

func (e *CallError) Error() string {
	s := e.Call
	if e.Code != "" {
		s += ": " + e.Code
	}
	if e.Said != "" {
		s += ": " + e.Said
	}
	if e.Unknown {
		s += " (outcome unknown)"
	}
	return s
}

// Unwrap gives the refusal a person may read, and through it the kind.
func (e *CallError) Unwrap() error { return Refuse(e.Kind, kindCode(e.Kind), e.Text) }

func kindCode(kind error) string {
	switch kind {
	case ErrInvalid:
		return CodeInvalid
	case ErrForbidden:
		return CodeForbidden
	case ErrNotFound:
		return CodeNotFound
	case ErrConflict:
		return CodeConflict
	}
	return CodeUnavailable
}

// OutcomeUnknown tells whether err leaves open that WeChat did what was asked: nothing was heard, or nothing that
// can be believed. False for a refusal, and for a call that never left the house.
func OutcomeUnknown(err error) bool {
	var c *CallError
	return errors.As(err, &c) && c.Unknown
}

// CallCode is WeChat's code inside err, or "".
func CallCode(err error) string {
	var c *CallError
	if errors.As(err, &c) {
		return c.Code
	}
	return ""
}

// Hopeless tells what trying a publication again will not heal: a conflict does where it is WeChat's own word, while one
// of ours says that somebody else is at it just now.
func Hopeless(err error) bool {
	return errors.Is(err, ErrInvalid) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) && CallCode(err) != ""
}

// CallPause is how long to leave WeChat alone after its error code: until its day begins anew when the day's calls
// are used up. now is the real clock.
func CallPause(code string, now time.Time) time.Duration {
	switch code {
	case "45009":
		if midnight, err := ParseDay(Day(now.Add(24 * time.Hour))); err == nil {
			return midnight.Add(5 * time.Minute).Sub(now)
		}
	case "45011":
		return time.Minute + 5*time.Second
	}
	return 30 * time.Second
}
