package hook

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/campaign"
)

// Link is the door of tracked links: readers come through it on their way to somewhere else.
type Link struct {
	Campaigns *campaign.Service
	Secure    bool // the public URL is https: the cookie says so
}

// Mount adds /r/{code}.
func (d *Link) Mount(r *gin.Engine, _ huma.API) {
	r.GET("/r/:code", d.follow)
	r.HEAD("/r/:code", d.follow)
}

// clientCookie carries a number of ours, so that two clicks of one browser are one person.
const clientCookie = "loudou_c"

var clientForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// follow counts the click and answers 302 to the stored target, and to nothing else.
func (d *Link) follow(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	v := campaign.Visit{Code: c.Param("code"), ID: random(), Robot: Robot(c.Request)}
	if cookie, err := c.Request.Cookie(clientCookie); err == nil && clientForm.MatchString(cookie.Value) {
		v.Client = cookie.Value
	} else {
		v.Client = random()
	}
	to, err := d.Campaigns.Follow(c.Request.Context(), v)
	switch {
	case to == "" && errors.Is(err, model.ErrNotFound):
		d.page(c, http.StatusNotFound, "没有这个链接，可能已经失效")
		return
	case to == "":
		d.page(c, http.StatusServiceUnavailable, "暂时打不开，请稍后再试")
		return
	case err != nil:
		slog.Error("click not counted", "err", err, "request_id", respond.RequestID(c.Request.Context()))
	}
	if !v.Robot {
		http.SetCookie(c.Writer, &http.Cookie{Name: clientCookie, Value: v.Client, Path: "/r/", MaxAge: 400 * 24 * 3600, HttpOnly: true, Secure: d.Secure, SameSite: http.SameSiteLaxMode})
	}
	h.Set("Location", to)
	c.Status(http.StatusFound)
	c.Writer.WriteHeaderNow()
}

func (d *Link) page(c *gin.Context, status int, text string) {
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	c.Data(status, "text/html; charset=utf-8", []byte(`<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>`+text+
		`</title><body style="font:16px/1.6 sans-serif;display:grid;place-items:center;min-height:90vh;color:#333"><p>`+text+`</p></body></html>`))
}

func random() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails: the runtime ends the process instead
	return hex.EncodeToString(raw)
}

var robots = regexp.MustCompile(`(?i)bot|spider|crawl|slurp|preview|facebookexternalhit|headless|curl/|wget/|python-requests|go-http-client`)

// Robot tells a person's tap from a preview, a prefetch or a crawler.
func Robot(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if v := strings.ToLower(r.Header.Get(name)); strings.Contains(v, "prefetch") || strings.Contains(v, "preview") || strings.Contains(v, "prerender") {
			return true
		}
	}
	return r.Method != http.MethodGet || robots.MatchString(r.UserAgent())
}
