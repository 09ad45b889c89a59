package page

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// send answers with a page; name is what a log calls it. v is whole before the first byte leaves.
func send(c *gin.Context, name string, t *template.Template, status int, v any) {
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		slog.Error(name, "err", err)
		c.String(http.StatusInternalServerError, "页面出错，请稍后再试")
		return
	}
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
}

// retryAfter tells a program when to come again.
func retryAfter(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
}
