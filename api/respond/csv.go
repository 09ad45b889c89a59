package respond

import (
	"encoding/csv"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// csvMax is the most characters one cell may hold in Excel.
const csvMax = 32_000

// Cell makes text that a spreadsheet shows and never runs: a leading = + - @ (full width too), tab or CR
// gets a ' before it; what is too long is cut, with a mark.
func Cell(text string) string {
	if r := []rune(text); len(r) > csvMax {
		text = string(r[:csvMax]) + "…（已截断）"
	}
	if text != "" && strings.ContainsAny(firstRune(text), "=+-@＝＋－＠\t\r'") {
		return "'" + text
	}
	return text
}

func firstRune(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}

// CSV answers with a whole file that Excel opens without garbling. Text that a person wrote goes through Cell first;
// numbers do not, so that a negative one stays a number.
func CSV(c *gin.Context, name string, rows [][]string) {
	var b strings.Builder
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.WriteAll(rows) // into memory: it cannot fail
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", []byte(b.String()))
}
