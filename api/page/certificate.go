package page

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/certificate"
	"loudou/service/limit"
)

// looksPerAddress bounds guessing at serials, right ones and wrong ones alike.
var looksPerAddress = limit.Rate{N: 30, Per: time.Minute, Burst: 30}

// Certificate is the door of the page that proves a certificate.
type Certificate struct {
	Certificates *certificate.Service
	Limits       *limit.Limiter
}

// Mount adds /c/{serial}.
func (d *Certificate) Mount(r *gin.Engine, _ huma.API) { r.GET("/c/:serial", d.show) }

var proof = template.Must(template.ParseFS(files, "certificate.html"))

// proofView is what anybody with the address sees. A withdrawn one shows no name any more.
type proofView struct {
	Style                     template.CSS
	Fault                     string
	Withdrawn                 bool
	Name, Course, Serial, Day string
	Lessons                   int
}

func (d *Certificate) show(c *gin.Context) {
	private(c.Writer.Header())
	ctx := c.Request.Context()
	if wait, ok := d.Limits.Allow(ctx, "certificate:address:"+network(c.ClientIP()), looksPerAddress); !ok {
		retryAfter(c, wait)
		d.render(c, http.StatusTooManyRequests, proofView{Fault: "查得太频繁，请过一分钟再看"})
		return
	}
	found, err := d.Certificates.Prove(ctx, c.Param("serial"))
	switch {
	case errors.Is(err, model.ErrNotFound):
		d.render(c, http.StatusNotFound, proofView{Fault: "没有这张证书：请核对编号"})
	case err != nil:
		slog.Error("certificate's page", "err", err, "request_id", respond.RequestID(ctx))
		d.render(c, http.StatusServiceUnavailable, proofView{Fault: "暂时查不了，请稍后再试"})
	case found.WithdrawnAt != nil:
		d.render(c, http.StatusOK, proofView{Withdrawn: true, Name: "已撤销"})
	default:
		d.render(c, http.StatusOK, proofView{Name: found.Name, Course: "《" + found.CourseTitle + "》", Serial: grouped(found.Serial), Day: found.CreatedAt.In(model.Shanghai).Format("2006 年 1 月 2 日"), Lessons: found.Lessons})
	}
}

// grouped writes a serial in fours, as it is easily read out.
func grouped(serial string) string {
	var parts []string
	for len(serial) > 4 {
		parts, serial = append(parts, serial[:4]), serial[4:]
	}
	return strings.Join(append(parts, serial), "-")
}

func (d *Certificate) render(c *gin.Context, status int, v proofView) {
	v.Style = template.CSS(style) //nolint:gosec // our own file
	send(c, "certificate's page", proof, status, v)
}
