package console

import (
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"loudou/api/respond"
)

// Paging is the part of every list's query; exported, for huma fills only exported embedded structs.
type Paging struct {
	PageSize  int    `query:"page_size" minimum:"1" maximum:"200" default:"50"`
	PageToken string `query:"page_token" maxLength:"200"`
}

// pageOf cuts rows, read with one more than was asked, to a page whose token names its last row.
func pageOf[R, T any](rows []R, size int, scope string, id func(R) int64, view func(R) T) respond.Page[T] {
	next := ""
	if len(rows) > size {
		rows = rows[:size]
		next = respond.PageToken(scope, id(rows[size-1]))
	}
	items := make([]T, 0, len(rows))
	for _, r := range rows {
		items = append(items, view(r))
	}
	return respond.NewPage(items, next)
}

// sendCSV answers with a file that Excel opens without garbling. next gives rows until it gives none.
func sendCSV(c *gin.Context, name string, head []string, next func() ([][]string, error)) {
	rows, err := next() // the first ones before the status is said
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	if _, err := io.WriteString(c.Writer, "\ufeff"); err != nil {
		return
	}
	w := csv.NewWriter(c.Writer)
	w.UseCRLF = true
	write := func(row []string) {
		out := make([]string, len(row))
		for i, t := range row {
			out[i] = respond.Cell(t)
		}
		_ = w.Write(out) // Flush's error says the same
	}
	write(head)
	for len(rows) > 0 {
		for _, r := range rows {
			write(r)
		}
		w.Flush()
		if w.Error() != nil {
			return // the caller hung up
		}
		if rows, err = next(); err != nil {
			slog.ErrorContext(c.Request.Context(), "file cut off", "file", name, "err", err)
			panic(http.ErrAbortHandler) // a cut connection, not a short file that looks whole
		}
	}
	w.Flush()
}
