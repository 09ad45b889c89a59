package modeltest

import (
	"fmt"
	"slices"
)

// Bar prints a line of `make bench`: name, ours, its unit, the reference of the same run (0: none), the ratio
// or the figure itself, what it must reach (0: it is only told), and whether it does. upper says that it must
// not be above the bar.
func Bar(name, unit string, ours, reference, ratio, limit float64, upper bool) {
	word := "ok"
	if limit > 0 && (upper && ratio > limit || !upper && ratio < limit) {
		word = "below"
	}
	want, ref := "-", "-"
	if limit > 0 {
		want = short(limit)
	}
	if reference > 0 {
		ref = short(reference)
	}
	fmt.Printf("BAR %-50s %10s %-9s %10s %8s %7s  %s\n", name, short(ours), unit, ref, short(ratio), want, word)
}

func short(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Quantile gives the value that a part f of v does not exceed; v is not changed.
func Quantile(v []float64, f float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(int(f*float64(len(v))), len(v)-1)]
}
