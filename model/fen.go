package model

import "fmt"

// Fen is money: integer fen (分), never yuan. Yuan exists only on a screen.
type Fen int64

// Yuan renders f for a person, with two decimals and without the sign of the currency: 19900 → "199.00".
func (f Fen) Yuan() string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	return fmt.Sprintf("%s%d.%02d", sign, f/100, f%100)
}
