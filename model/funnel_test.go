package model

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t *testing.T, s string) int64 {
	t.Helper()
	if len(s) == len("03-02 10:00") {
		s += ":00"
	}
	v, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-"+s, Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v.UnixMilli()
}

// The eight people of the definitions: 6 → 5 → 2.
func TestFunnelExample(t *testing.T) {
	f := Funnel{Steps: 3, Window: 7 * 24 * 3600 * 1000, From: at(t, "03-02 00:00"), To: at(t, "03-09 00:00"), Order: FunnelOrdered}
	for who, x := range map[string]struct {
		events string
		want   int
	}{
		"a": {"o 03-02 10:00,c 03-02 10:05,p 03-02 10:20", 3},
		"b": {"c 03-02 09:00,o 03-02 09:30,p 03-02 09:40", 1},
		"c": {"o 03-08 23:50,c 03-09 00:10,p 03-15 23:50", 3},
		"d": {"o 03-08 23:50,c 03-09 00:10,p 03-15 23:50:01", 2},
		"e": {"o 03-01 23:59,c 03-02 00:01,p 03-02 00:02", 0},
		"f": {"o 03-02 08:00,o 03-08 09:00,c 03-09 08:30", 2},
		"g": {"c 03-04 12:00,p 03-04 12:05", 0},
		"h": {"o 03-05 12:00,c 03-05 12:00", 2},
	} {
		var events []FunnelEvent
		for i, e := range strings.Split(x.events, ",") {
			events = append(events, FunnelEvent{ID: int64(i), At: at(t, e[2:]), Mask: map[byte]uint32{'o': 1, 'c': 2, 'p': 4}[e[0]]})
		}
		got := f.Reach(events)
		if len(got) != x.want {
			t.Errorf("%s reached %d, want %d", who, len(got), x.want)
		}
		if who == "f" && got[0].At != at(t, "03-08 09:00") {
			t.Error("f: the entry that gets further counts")
		}
	}
}

// brute finds the furthest attempt by trying every assignment of events to steps.
func brute(f Funnel, events []FunnelEvent) (reached int, entry, last int64) {
	order := slices.Clone(events)
	slices.SortStableFunc(order, func(a, b FunnelEvent) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(bits.TrailingZeros32(a.Mask), bits.TrailingZeros32(b.Mask)), cmp.Compare(a.ID, b.ID))
	})
	var try func(path []int)
	try = func(path []int) {
		first := order[path[0]]
		end := int64(0)
		for _, j := range path {
			end = max(end, order[j].At)
		}
		if len(path) > reached || len(path) == reached && (first.At < entry || first.At == entry && end < last) {
			reached, entry, last = len(path), first.At, end
		}
		k := len(path)
		if k == f.Steps {
			return
		}
		for j, e := range order {
			if !e.is(k) || slices.Contains(path, j) || e.At > first.At+f.Window || e.At < first.At {
				continue
			}
			if f.Order != FunnelAny && e.At < order[path[k-1]].At || f.Order == FunnelStrict && j != path[k-1]+1 {
				continue
			}
			if f.Same {
				agree := true
				for _, p := range append(slices.Clone(path), j) {
					for _, q := range append(slices.Clone(path), j) {
						agree = agree && (order[p].Same == 0 || order[q].Same == 0 || order[p].Same == order[q].Same)
					}
				}
				if !agree {
					continue
				}
			}
			try(append(slices.Clone(path), j))
		}
	}
	for i, e := range order {
		if e.is(0) && e.At >= f.From && e.At < f.To {
			try([]int{i})
		}
	}
	return reached, entry, last
}

func TestFunnelAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Funnel{
			Steps: rapid.IntRange(2, 4).Draw(t, "steps"), Window: rapid.Int64Range(0, 12).Draw(t, "window"),
			From: 3, To: 3 + rapid.Int64Range(1, 12).Draw(t, "days"),
			Order: rapid.SampledFrom([]FunnelOrder{FunnelOrdered, FunnelStrict, FunnelAny}).Draw(t, "order"),
		}
		f.Same = f.Order != FunnelStrict && rapid.Bool().Draw(t, "same")
		n := rapid.IntRange(0, 8).Draw(t, "n")
		var events []FunnelEvent
		for i := range n {
			events = append(events, FunnelEvent{ID: int64(i + 1), At: rapid.Int64Range(0, 15).Draw(t, "at"), Mask: rapid.Uint32Range(1, 1<<f.Steps-1).Draw(t, "mask")})
			if f.Same {
				events[i].Same = rapid.Int64Range(0, 2).Draw(t, "same value")
			}
		}
		slices.SortStableFunc(events, func(a, b FunnelEvent) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
		got := f.Reach(events)
		reached, entry, last := brute(f, events)
		if len(got) != reached {
			t.Fatalf("%s: reached %d, brute force %d", fmt.Sprint(f, events), len(got), reached)
		}
		if reached > 0 && (got[0].At != entry || latest(got) != last) {
			t.Fatalf("%s: entry %d last %d, brute force %d %d", fmt.Sprint(f, events), got[0].At, latest(got), entry, last)
		}
		seen := map[int64]bool{}
		for k, e := range got {
			if seen[e.ID] || !e.is(k) {
				t.Fatalf("%v: step %d is %v", got, k, e)
			}
			seen[e.ID] = true
		}
	})
}

func TestAttributionExample(t *testing.T) {
	lookback := int64(30 * 24 * 3600 * 1000)
	touch := func(when, channel string) Touch { return Touch{At: at(t, when), Channel: channel} }
	all := []Touch{touch("03-01 10:00", "A"), touch("03-08 10:00", "G"), touch("03-15 10:00", "P"), {At: at(t, "03-16 09:59"), Direct: true}}
	shares := func(m AttributionModel, paid string, amount int64) string {
		conv := at(t, paid)
		ts := Touches(all, conv, lookback)
		out := ""
		for i, n := range Split(amount, m.Weights(ts, conv)) {
			if n > 0 {
				out += fmt.Sprintf("%s%d ", ts[i].Channel, n)
			}
		}
		return strings.TrimSpace(out)
	}
	for m, want := range map[AttributionModel]string{
		AttributeLast: "P21000", AttributeFirst: "A21000", AttributeLinear: "A7000 G7000 P7000", AttributePosition: "A8400 G4200 P8400", AttributeDecay: "A3000 G6000 P12000",
	} {
		if got := shares(m, "03-16 10:00", 21000); got != want {
			t.Errorf("%s: %s, want %s", m, got, want)
		}
	}
	if got := shares(AttributeFirst, "04-02 10:00", 21000); got != "G21000" {
		t.Errorf("after 32 days: %s", got)
	}
	if got := shares(AttributeLinear, "04-02 10:00", 21000); got != "G10500 P10500" {
		t.Errorf("after 32 days: %s", got)
	}
	if got := shares(AttributeLinear, "03-16 10:00", 10); got != "A4 G3 P3" {
		t.Errorf("ten fen: %s", got)
	}
}

func TestTouches(t *testing.T) {
	min := int64(60_000)
	list := []Touch{{At: 0, Channel: "a"}, {At: 20 * min, Channel: "a"}, {At: 25 * min, Channel: "b"}, {At: 40 * min, Channel: "a"}, {At: 41 * min, Direct: true}}
	got := ""
	for _, x := range Touches(list, 60*min, 90*min) {
		got += fmt.Sprintf("%s%d ", x.Channel, x.At/min)
	}
	if got != "a0 b25 a40 " {
		t.Errorf("touches %s", got)
	}
	if got := Touches(list[4:], 60*min, 90*min); len(got) != 1 || !got[0].Direct {
		t.Errorf("only direct: %v", got)
	}
}

func TestSplitSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, 1<<40).Draw(t, "amount")
		w := rapid.SliceOfN(rapid.Float64Range(0.001, 1000), 1, 12).Draw(t, "weights")
		var sum int64
		for _, n := range Split(amount, w) {
			if n < 0 {
				t.Fatal("negative part")
			}
			sum += n
		}
		if sum != amount {
			t.Fatalf("parts sum to %d of %d", sum, amount)
		}
	})
}
