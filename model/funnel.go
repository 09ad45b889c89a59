package model

import (
	"cmp"
	"slices"
)

// FunnelOrder says how the steps after the first must follow.
type FunnelOrder string

// The three ways.
const (
	FunnelOrdered FunnelOrder = "ordered" // each at or after the one before; others in between do not matter
	FunnelStrict  FunnelOrder = "strict"  // as ordered, with no other event of the funnel in between
	FunnelAny     FunnelOrder = "any"     // after the entry, in any order
)

// FunnelEvent is one event of one person, as far as a funnel looks at it.
type FunnelEvent struct {
	ID   int64
	At   int64  // Unix milliseconds
	Mask uint32 // bit k is set when it can be step k
	Same int64  // the property all steps must share; 0: it has none and contradicts nothing
	Ref  int32  // the caller's own mark
}

func (e *FunnelEvent) is(step int) bool { return e.Mask>>step&1 == 1 }

// Funnel is the rule by which a person reaches a step. The entry is an event of step 0 in [From, To);
// every later step lies within Window from the entry, its end included, and may fall after To. The entry
// that gets furthest counts, of equals the earliest. Events of the same instant count as in order; one
// event is one step only.
type Funnel struct {
	Steps    int
	Window   int64 // milliseconds
	From, To int64 // Unix milliseconds
	Order    FunnelOrder
	Same     bool // all steps about the same thing: their Same values agree
}

// Reach gives the events of the counted attempt, one per step reached, in the order of the steps; nil when
// the person did not enter. events are one person's, sorted by time, then id.
func (f Funnel) Reach(events []FunnelEvent) []FunnelEvent {
	if !f.Same {
		return f.best(events)
	}
	var values []int64
	for i := range events {
		if v := events[i].Same; v != 0 && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) < 2 {
		return f.best(events)
	}
	var best []FunnelEvent
	for _, v := range values {
		var part []FunnelEvent
		for _, e := range events {
			if e.Same == v || e.Same == 0 {
				part = append(part, e)
			}
		}
		if got := f.best(part); better(got, best) {
			best = got
		}
	}
	return best
}

// better tells whether a gets further than b, or as far from an earlier entry, or as far from the same
// entry and sooner.
func better(a, b []FunnelEvent) bool {
	if len(a) != len(b) || len(a) == 0 {
		return len(a) > len(b)
	}
	return cmp.Or(cmp.Compare(a[0].At, b[0].At), cmp.Compare(latest(a), latest(b)), cmp.Compare(a[0].ID, b[0].ID)) < 0
}

func latest(path []FunnelEvent) int64 {
	var t int64
	for _, e := range path {
		t = max(t, e.At)
	}
	return t
}

func (f Funnel) best(events []FunnelEvent) []FunnelEvent {
	if f.Order == FunnelStrict {
		events = slices.Clone(events)
		slices.SortStableFunc(events, func(a, b FunnelEvent) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(lowest(a.Mask), lowest(b.Mask)), cmp.Compare(a.ID, b.ID))
		})
	}
	var best []FunnelEvent
	for i := range events {
		e := &events[i]
		if e.At < f.From || !e.is(0) {
			continue
		}
		if e.At >= f.To {
			break
		}
		var got []FunnelEvent
		switch f.Order {
		case FunnelStrict:
			got = f.strict(events, i)
		case FunnelAny:
			got = f.any(events, i)
		default:
			got = f.walk(events, []int{i}, e.At+f.Window)
		}
		if better(got, best) {
			best = got
		}
		if len(best) == f.Steps && best[0].At < e.At {
			break // nothing later can win
		}
	}
	return best
}

func lowest(mask uint32) int {
	for k := range 32 {
		if mask>>k&1 == 1 {
			return k
		}
	}
	return 32
}

// walk takes the earliest event for each next step. Taking the earliest never hinders a later step, save
// among events of one instant that can be several steps: there every different choice is tried.
func (f Funnel) walk(events []FunnelEvent, path []int, until int64) []FunnelEvent {
	k := len(path)
	if k < f.Steps {
		from := path[k-1]
		for from > 0 && events[from-1].At == events[from].At {
			from--
		}
		var choices []int
		for j := from; j < len(events) && events[j].At <= until; j++ {
			if len(choices) > 0 && events[j].At > events[choices[0]].At {
				break
			}
			if !events[j].is(k) || slices.Contains(path, j) || slices.ContainsFunc(choices, func(c int) bool { return events[c].Mask == events[j].Mask }) {
				continue
			}
			choices = append(choices, j)
			if k == f.Steps-1 {
				break
			}
		}
		var best []FunnelEvent
		for _, j := range choices {
			if got := f.walk(events, append(slices.Clone(path), j), until); better(got, best) {
				best = got
			}
		}
		if best != nil {
			return best
		}
	}
	out := make([]FunnelEvent, k)
	for i, j := range path {
		out[i] = events[j]
	}
	return out
}

func (f Funnel) strict(events []FunnelEvent, i int) []FunnelEvent {
	out := []FunnelEvent{events[i]}
	for k := 1; k < f.Steps && i+k < len(events); k++ {
		e := events[i+k]
		if !e.is(k) || e.At > events[i].At+f.Window {
			break
		}
		out = append(out, e)
	}
	return out
}

// any reaches step k when steps 1…k can each be given an event of their own after the entry. The events
// used are the earliest by which that is possible.
func (f Funnel) any(events []FunnelEvent, i int) []FunnelEvent {
	from := i
	for from > 0 && events[from-1].At == events[from].At {
		from--
	}
	until := events[i].At + f.Window
	to := from
	for to < len(events) && events[to].At <= until {
		to++
	}
	owner := f.match(events, i, from, to, f.Steps)
	reached := len(owner)
	// The shortest stretch of events that still reaches as far.
	lo, hi := from, to
	for lo < hi {
		if mid := (lo + hi) / 2; len(f.match(events, i, from, mid, reached)) == reached {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	owner = f.match(events, i, from, lo, reached)
	out := make([]FunnelEvent, len(owner))
	for k, j := range owner {
		out[k] = events[j]
	}
	return out
}

// match gives steps 0…n an event each out of [from, to), as far as that is possible without a gap; step 0
// has the entry.
func (f Funnel) match(events []FunnelEvent, entry, from, to, n int) []int {
	step := map[int]int{entry: 0} // event → the step that has it
	owner := []int{entry}
	for k := 1; k < n; k++ {
		tried := map[int]bool{entry: true}
		var place func(k int) bool
		place = func(k int) bool {
			for j := from; j < to; j++ {
				if tried[j] || !events[j].is(k) {
					continue
				}
				tried[j] = true
				other, taken := step[j]
				if !taken || place(other) {
					step[j] = k
					owner[k] = j
					return true
				}
			}
			return false
		}
		owner = append(owner, -1)
		if !place(k) {
			return owner[:k]
		}
	}
	return owner
}
