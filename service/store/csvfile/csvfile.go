// Package csvfile reads CSV files that people bring along: a header that names the columns, UTF-8 with or without a
// mark, every fault told with its line and column in Chinese, and memory that does not grow with the file.
package csvfile

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"loudou/model"
)

// BadRow is a row that cannot be taken in: line and column of the file, and why, in Chinese.
type BadRow struct {
	Line   int
	Column string
	Why    string
}

func (b BadRow) Error() string {
	return fmt.Sprintf("第 %d 行，%s 列：%s", b.Line, b.Column, b.Why)
}

// Unwrap makes it invalid input.
func (BadRow) Unwrap() error { return model.ErrInvalid }

// Shape is what a file may hold.
type Shape struct {
	Columns  []string // all there may be
	Required []string // those that must be there
	Lines    bool     // a value may hold line breaks and tabs: texts
}

// Row is one row. It is good until the next one is read.
type Row struct {
	Line   int
	record []string
	at     map[string]int
}

// Get is the value of a column without blanks around it; empty where the file has no such column.
func (r Row) Get(column string) string {
	if i, ok := r.at[column]; ok {
		return strings.TrimSpace(r.record[i])
	}
	return ""
}

// Bad is a fault in this row.
func (r Row) Bad(column, why string) BadRow { return BadRow{r.Line, column, why} }

// Refused tells the first field that a refusal names as this row's. title is this file's column of what the refused
// thing calls its title; other errors pass.
func (r Row) Refused(err error, title string) error {
	var refusal *model.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	if len(refusal.Fields) == 0 {
		return r.Bad(title, refusal.Text)
	}
	f := refusal.Fields[0]
	if f.Field == "title" {
		f.Field = title
	}
	return r.Bad(f.Field, f.Message)
}

// Read gives every row of file to fn and stops at the first error, a BadRow where the file is at fault. told hears how
// many bytes more were read; may be nil.
func Read(ctx context.Context, file io.Reader, shape Shape, told func(bytes int), fn func(Row) error) error {
	buffer := bufio.NewReaderSize(file, 1<<16)
	if mark, _ := buffer.Peek(3); string(mark) == "\ufeff" { // spreadsheets put it first, before a quote even
		_, _ = buffer.Discard(3)
	}
	lines := &bounded{r: buffer, told: told}
	c := csv.NewReader(lines)
	c.ReuseRecord, c.LazyQuotes = true, false
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return BadRow{1, shape.Columns[0], "文件是空的"}
	}
	if err != nil {
		return inWords(err, 1)
	}
	row := Row{Line: 1}
	if row.at, err = shape.head(head); err != nil {
		return err
	}
	for ctx.Err() == nil {
		lines.run = 0
		row.record, err = c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return inWords(err, row.Line+1)
		}
		row.Line, _ = c.FieldPos(0)
		for name, i := range row.at {
			if !shape.text(row.record[i]) {
				return row.Bad(name, "不是 UTF-8 文字")
			}
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// inWords tells the reader's faults in our words.
func inWords(err error, line int) error {
	var bad BadRow
	if errors.As(err, &bad) && bad.Line == 0 {
		bad.Line = line
		return bad
	}
	var p *csv.ParseError
	if errors.As(err, &p) {
		why := "引号不成对"
		if errors.Is(p.Err, csv.ErrFieldCount) {
			why = "列数和第一行不一样"
		}
		return BadRow{p.Line, strconv.Itoa(p.Column), "不是合法的 CSV：" + why}
	}
	return err
}

// head finds the columns.
func (s Shape) head(head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(name)
		if !utf8.ValidString(name) {
			return nil, BadRow{1, strconv.Itoa(i + 1), "不是 UTF-8 编码"}
		}
		if _, twice := at[name]; twice {
			return nil, BadRow{1, name, "这一列出现了两次"}
		}
		if !slices.Contains(s.Columns, name) {
			return nil, BadRow{1, name, "没有这一列；可用的列：" + strings.Join(s.Columns, "、")}
		}
		at[name] = i
	}
	for _, name := range s.Required {
		if _, ok := at[name]; !ok {
			return nil, BadRow{1, name, "缺少这一列"}
		}
	}
	return at, nil
}

func (s Shape) text(v string) bool {
	return utf8.ValidString(v) && strings.IndexFunc(v, func(r rune) bool {
		return unicode.IsControl(r) && !(s.Lines && (r == '\n' || r == '\r' || r == '\t')) || r == unicode.ReplacementChar
	}) < 0
}

// bounded refuses a row that does not end, before it fills the memory, and tells how far it is.
type bounded struct {
	r    *bufio.Reader
	told func(int)
	run  int
}

const longestRow = 4 << 20

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.told != nil && n > 0 {
		b.told(n)
	}
	if b.run += n; b.run > longestRow {
		return 0, BadRow{0, "1", "有一行超过 4 MiB，多半是一个引号没有关上"}
	}
	return n, err
}
