package figure

import (
	"cmp"
	"math"
	"slices"

	"loudou/model"
)

// used says whether a value may be compared: settled, and a rate of enough.
func (k helped) used(f Figure) bool {
	return f.Value != nil && f.State == Final && (k.kind != "rate" || f.Denominator != nil && *f.Denominator >= helpsBase)
}

// usual is the spread of the weeks before, and where the values of ours that may be compared stand to it.
func (k helped) usual(by string, weeks []map[string]Figure, ours []Figure) HelpsUsual {
	u := HelpsUsual{By: by}
	var low, high float64
	for _, w := range weeks {
		f := w[k.key]
		if !k.used(f) {
			continue
		}
		if u.N++; u.N == 1 {
			low, high = *f.Value, *f.Value
		}
		low, high = min(low, *f.Value), max(high, *f.Value)
	}
	if u.N >= helpsLeast {
		u.Low, u.High = &low, &high
		for _, f := range ours {
			switch {
			case !k.used(f):
			case *f.Value > high:
				u.Above++
			case *f.Value < low:
				u.Below++
			default:
				u.Within++
			}
		}
	}
	u.LowText, u.HighText = model.ReportNumber(k.kind, u.Low), model.ReportNumber(k.kind, u.High)
	return u
}

// rankOf is Spearman's correlation over the weeks that may be compared; what is level shares the mean of its ranks.
func rankOf(of string, weeks []HelpsWeek, x func(HelpsWeek) float64) HelpsRank {
	var xs, ys []float64
	for _, w := range weeks {
		if w.Used {
			xs, ys = append(xs, x(w)), append(ys, *w.Value)
		}
	}
	out := HelpsRank{Of: of, N: len(xs)}
	if out.N < helpsRank {
		return out
	}
	xs, ys = ranks(xs), ranks(ys)
	mean := float64(out.N+1) / 2
	var xy, xx, yy float64
	for i := range xs {
		a, b := xs[i]-mean, ys[i]-mean
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	if xx == 0 || yy == 0 {
		return out
	}
	rho, chance := xy/math.Sqrt(xx*yy), 1.96/math.Sqrt(float64(out.N-1))
	out.Rho, out.Chance = &rho, &chance
	return out
}

func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			out[order[k]] = float64(i+1+j) / 2
		}
		i = j
	}
	return out
}
