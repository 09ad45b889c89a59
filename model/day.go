package model

import "time"

// Shanghai is the zone of every "day" in a report: +08:00, no summer time. It is fixed, so that a
// machine without a zone database counts the same days.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// Day names the Asia/Shanghai day t falls on, as 2026-11-24.
func Day(t time.Time) string { return t.In(Shanghai).Format(time.DateOnly) }

// ParseDay gives the instant a day begins in Asia/Shanghai. The error is ErrInvalid.
func ParseDay(day string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, day, Shanghai)
	if err != nil {
		return time.Time{}, Refuse(ErrInvalid, CodeInvalid, "日期应为 2026-01-31 的写法")
	}
	return t, nil
}

// MonthNumber is the Asia/Shanghai month of t, as 202601.
func MonthNumber(t time.Time) int {
	t = t.In(Shanghai)
	return t.Year()*100 + int(t.Month())
}

// MonthStart is the instant a month begins in Asia/Shanghai; zero for a number that is no month.
func MonthStart(month int) time.Time {
	y, m := month/100, month%100
	if y < 2011 || y > 2200 || m < 1 || m > 12 {
		return time.Time{}
	}
	return time.Date(y, time.Month(m), 1, 0, 0, 0, 0, Shanghai)
}

// MonthName writes a month as 2026-01.
func MonthName(month int) string { return MonthStart(month).Format("2006-01") }

// UTC is t in UTC, nil where it is.
func UTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// Milli cuts t to the milliseconds the databases keep, in UTC, so that what is read back equals what was written.
func Milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
