package model

import (
	"cmp"
	"math"
	"slices"
)

// AttributionModel says how the credit for a conversion is shared among the touches before it.
type AttributionModel string

// The five models.
const (
	AttributeLast     AttributionModel = "last"     // all to the latest
	AttributeFirst    AttributionModel = "first"    // all to the earliest
	AttributeLinear   AttributionModel = "linear"   // equal parts
	AttributePosition AttributionModel = "position" // 40 first, 40 last, 20 in the middle
	AttributeDecay    AttributionModel = "decay"    // half as much for every seven days of age
)

// sameTouch is how long touches of one channel are one touch, the first.
const sameTouch = 30 * 60 * 1000

const decayHalf = 7 * 24 * 3600 * 1000

// Touch is an event that says where its person came from.
type Touch struct {
	ID       int64 // of the event: between touches of one instant heard at one
	At       int64 // Unix milliseconds
	Received int64
	Channel  string
	Direct   bool // an opening without any origin
	Event    Event
}

// Touches gives those of a person's touches that count for a conversion at an instant: within lookback,
// in order of time (then of hearing, then of keeping), touches of one channel within thirty minutes as one; direct
// openings only when nothing else remains.
func Touches(all []Touch, conversion, lookback int64) []Touch {
	var real, direct []Touch
	for _, t := range all {
		if t.At > conversion || conversion-t.At > lookback {
			continue
		}
		if t.Direct {
			direct = append(direct, t)
		} else {
			real = append(real, t)
		}
	}
	if len(real) == 0 {
		real = direct
	}
	slices.SortStableFunc(real, func(a, b Touch) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Received, b.Received), cmp.Compare(a.ID, b.ID))
	})
	out := real[:0:0]
	kept := map[string]int64{}
	for _, t := range real {
		if at, ok := kept[t.Channel]; ok && t.At-at <= sameTouch {
			continue
		}
		kept[t.Channel] = t.At
		out = append(out, t)
	}
	return out
}

// Weights gives each touch's share of one conversion, in proportion to each other.
func (m AttributionModel) Weights(touches []Touch, conversion int64) []float64 {
	n := len(touches)
	w := make([]float64, n)
	switch m {
	case AttributeFirst:
		if n > 0 {
			w[0] = 1
		}
	case AttributeLinear:
		for i := range w {
			w[i] = 1
		}
	case AttributePosition:
		for i := range w {
			w[i] = 2
		}
		switch {
		case n > 2:
			w[0], w[n-1] = 4*float64(n-2), 4*float64(n-2)
		case n == 2:
			w[0], w[1] = 1, 1
		}
	case AttributeDecay:
		for i, t := range touches {
			w[i] = math.Exp2(-float64(conversion-t.At) / decayHalf)
		}
	default:
		if n > 0 {
			w[n-1] = 1
		}
	}
	return w
}

// Split shares amount in proportion to weights by largest remainder, so that the parts sum to the whole;
// what is left over goes to the largest remainders, of equals to the earliest.
func Split(amount int64, weights []float64) []int64 {
	out := make([]int64, len(weights))
	var total float64
	for _, w := range weights {
		total += w
	}
	if total == 0 {
		return out
	}
	rest := amount
	type part struct {
		i int
		r float64
	}
	parts := make([]part, len(weights))
	for i, w := range weights {
		exact := float64(amount) * w / total
		whole := math.Floor(exact + 1e-9)
		out[i] = int64(whole)
		rest -= out[i]
		parts[i] = part{i, math.Round((exact-whole)*1e9) / 1e9} // rounded: equal shares must be equal remainders
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case a.r > b.r:
			return -1
		case a.r < b.r:
			return 1
		}
		return 0
	})
	for k := 0; rest > 0; k = (k + 1) % len(parts) {
		if weights[parts[k].i] > 0 {
			out[parts[k].i]++
			rest--
		}
	}
	return out
}
