// Package model holds the things Loudou is about and what is always true of them: orders, payments,
// grants, followers, courses, events. It knows no database handle, no clock and no HTTP, so its rules
// are tested in microseconds.
package model

import (
	"errors"
	"fmt"
)

// The five kinds every error of ours belongs to; api/respond turns a kind into a status. An error of no
// kind is a fault of ours (500). Wrap with %w and the number of the thing.
var (
	ErrInvalid     = errors.New("invalid")     // 400
	ErrForbidden   = errors.New("forbidden")   // 403
	ErrNotFound    = errors.New("not found")   // 404
	ErrConflict    = errors.New("conflict")    // 409
	ErrUnavailable = errors.New("unavailable") // 503; trying again later may help
)

// Codes of refusals, stable names a client may test for.
const (
	CodeInvalid            = "invalid"
	CodeUnauthorized       = "unauthorized"
	CodeForbidden          = "forbidden"
	CodeNotFound           = "not_found"
	CodeConflict           = "conflict"
	CodeKeyReused          = "key_reused"
	CodeInProgress         = "in_progress"
	CodeOwned              = "owned"
	CodeOrderOpen          = "order_open"
	CodeDiscountNotPayable = "discount_not_payable"
	CodeNotSellable        = "not_sellable"
	CodeMoneyOpen          = "money_open"
	CodeCSRF               = "csrf"
	CodeTooLarge           = "too_large"
	CodeTooMany            = "too_many"
	CodeUnavailable        = "unavailable"
)

// FieldError names one field of the input and what is wrong with it, in Chinese for a person.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Refusal is the only error whose text may reach a person. Kind is one of the five above.
type Refusal struct {
	Kind   error
	Code   string // stable English
	Text   string // Chinese
	Fields []FieldError
}

// Refuse makes a refusal of the given kind; text is Chinese and may be shown.
func Refuse(kind error, code, text string) *Refusal {
	return &Refusal{Kind: kind, Code: code, Text: text}
}

// WordsOf gives what a person may read of err: the text of the refusal in it, or otherwise, also where the refusal
// has none.
func WordsOf(err error, otherwise string) string {
	var r *Refusal
	if errors.As(err, &r) && r.Text != "" {
		return r.Text
	}
	return otherwise
}

// Field adds a field's fault and returns r, so that faults can be listed in one expression.
func (r *Refusal) Field(name, text string) *Refusal {
	r.Fields = append(r.Fields, FieldError{Field: name, Message: text})
	return r
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s %v", r.Code, r.Text, r.Fields) }

// Unwrap lets errors.Is see the kind.
func (r *Refusal) Unwrap() error { return r.Kind }
