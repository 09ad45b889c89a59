package csvfile

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"
)

// Twice reads file from its beginning with check, and once it is known to be good, again with take: a bad row of a
// hundred thousand changes nothing. told hears of both readings: twice the file in all.
func Twice(ctx context.Context, file io.ReadSeeker, shape Shape, told func(bytes int), check, take func(Row) error) error {
	for _, fn := range []func(Row) error{check, take} {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := Read(ctx, file, shape, told, fn); err != nil {
			return err
		}
	}
	return nil
}

// Done says what an import did.
type Done struct{ Rows, Added, Had int }

// Time reads a time with its zone; zero where the column is empty.
func (r Row) Time(column string) (time.Time, error) {
	v := r.Get(column)
	if v == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil || t.Year() < 2000 {
		return t, r.Bad(column, "应为带时区的时间，如 2026-01-31T08:00:00+08:00")
	}
	return t, nil
}

// Number reads a whole number from 1 to most; 0 where the column is empty.
func (r Row) Number(column string, most int64) (int64, error) {
	v := r.Get(column)
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, r.Bad(column, "应为 1 到 "+strconv.FormatInt(most, 10)+" 的整数")
	}
	return n, nil
}

// Yuan reads an amount in yuan, as people write it, in fen; 0 where the column is empty.
func (r Row) Yuan(column string) (fen int64, err error) {
	v := strings.TrimPrefix(r.Get(column), "¥")
	if v == "" {
		return 0, nil
	}
	yuan, cents, _ := strings.Cut(v, ".")
	if len(cents) == 1 {
		cents += "0"
	}
	if cents == "" {
		cents = "00"
	}
	n, err := strconv.ParseUint(yuan+cents, 10, 40)
	if err != nil || len(cents) != 2 || yuan == "" {
		return 0, r.Bad(column, "应为以元为单位的金额，如 99 或 99.50")
	}
	return int64(n), nil //nolint:gosec // below 2⁴⁰
}
