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

// Milli cuts t to the milliseconds the databases keep, in UTC, so that what is read back equals what was written.
func Milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
