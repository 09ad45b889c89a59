package model

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Active is when a rule may answer, all of it in Asia/Shanghai; an empty one is always.
type Active struct {
	Days     []int      `json:"days,omitempty"`      // 1 Monday … 7 Sunday; a span across midnight belongs to the day it begins
	From     string     `json:"from,omitempty"`      // 09:00
	To       string     `json:"to,omitempty"`        // 18:00, exclusive; before From: across midnight
	StartsAt *time.Time `json:"starts_at,omitempty"` // inclusive
	EndsAt   *time.Time `json:"ends_at,omitempty"`   // exclusive
}

// minute reads HH:MM as minutes of the day; 24:00 is allowed.
func minute(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	if err1 != nil || err2 != nil || m > 59 || h > 24 || (h == 24 && m > 0) {
		return 0, false
	}
	return int(h*60 + m), true
}

// Holds says whether the window is open at t.
func (a *Active) Holds(t time.Time) bool {
	if a.StartsAt != nil && t.Before(*a.StartsAt) || a.EndsAt != nil && !t.Before(*a.EndsAt) {
		return false
	}
	if a.From == "" && a.To == "" && len(a.Days) == 0 {
		return true
	}
	local := t.In(Shanghai)
	at, day := local.Hour()*60+local.Minute(), local
	from, to := 0, 24*60
	if m, ok := minute(a.From); ok {
		from = m
	}
	if m, ok := minute(a.To); ok {
		to = m
	}
	switch {
	case from < to:
		if at < from || at >= to {
			return false
		}
	case at < to: // the morning part of a span that began yesterday
		day = day.AddDate(0, 0, -1)
	case at < from:
		return false
	}
	if len(a.Days) == 0 {
		return true
	}
	w := int(day.Weekday())
	if w == 0 {
		w = 7
	}
	return slices.Contains(a.Days, w)
}

func (a *Active) check(bad *Refusal) {
	for _, d := range a.Days {
		if d < 1 || d > 7 {
			bad.Field("active.days", "星期应为 1（周一）到 7（周日）")
			break
		}
	}
	from, okFrom := minute(a.From)
	to, okTo := minute(a.To)
	if a.From != "" && !okFrom {
		bad.Field("active.from", "时间应为 09:00 的写法")
	}
	if a.To != "" && !okTo {
		bad.Field("active.to", "时间应为 18:00 的写法")
	}
	if (a.From == "") != (a.To == "") {
		bad.Field("active.from", "开始时间和结束时间要一起填")
	}
	if okFrom && okTo && from == to {
		bad.Field("active.to", "结束时间不能与开始时间相同")
	}
	if a.StartsAt != nil && a.EndsAt != nil && !a.StartsAt.Before(*a.EndsAt) {
		bad.Field("active.ends_at", "结束日期应在开始日期之后")
	}
}

// Always tells a window that is never closed.
func (a *Active) Always() bool {
	return len(a.Days) == 0 && a.From == "" && a.To == "" && a.StartsAt == nil && a.EndsAt == nil
}

// Overlaps says whether both may be open at one moment. It looks at dates, and at one week for the rest: two
// windows whose only common dates hold none of their common hours count as overlapping.
func (a *Active) Overlaps(b *Active) bool {
	if a.EndsAt != nil && b.StartsAt != nil && !b.StartsAt.Before(*a.EndsAt) || b.EndsAt != nil && a.StartsAt != nil && !a.StartsAt.Before(*b.EndsAt) {
		return false
	}
	x, y := Active{Days: a.Days, From: a.From, To: a.To}, Active{Days: b.Days, From: b.From, To: b.To}
	return x.meets(&y) || y.meets(&x)
}

// meets looks at every moment of a week at which a opens.
func (a *Active) meets(b *Active) bool {
	from, _ := minute(a.From) // empty: midnight
	for d := range 7 {
		at := time.Date(2026, 1, 5+d, 0, from, 0, 0, Shanghai) // a Monday and the days after
		if a.Holds(at) && b.Holds(at) {
			return true
		}
	}
	return false
}

// Words says the window in Chinese.
func (a *Active) Words() string {
	if a.Always() {
		return "一直"
	}
	var out []string
	if len(a.Days) > 0 {
		var b strings.Builder
		b.WriteString("周")
		for _, d := range slices.Sorted(slices.Values(a.Days)) {
			if d >= 1 && d <= 7 {
				b.WriteString([]string{"一", "二", "三", "四", "五", "六", "日"}[d-1])
			}
		}
		out = append(out, b.String())
	}
	if a.From != "" && a.To != "" {
		out = append(out, a.From+"–"+a.To)
	}
	day := func(t *time.Time, word string) {
		if t != nil {
			out = append(out, t.In(Shanghai).Format("2006-01-02 15:04")+" "+word)
		}
	}
	day(a.StartsAt, "起")
	day(a.EndsAt, "止")
	return strings.Join(out, " ")
}
