package page

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/group"
	"loudou/service/limit"
)

// groupRate bounds how often one address opens groups: each new browser takes a place in a picture. Behind one address
// of a mobile network stand many phones, which all come after a mass send.
var groupRate = limit.Rate{N: 300, Per: time.Minute, Burst: 300}

// Group is the door of the page on which people join a chat group: a picture and nothing else.
type Group struct {
	Groups *group.Service
	Limits *limit.Limiter
	Secure bool                     // the public URL is https: the cookie says so
	Robot  func(*http.Request) bool // previews and crawlers take no place
}

// Mount adds /g/{code}.
func (d *Group) Mount(r *gin.Engine, _ huma.API) {
	r.GET("/g/:code", d.show)
	r.POST("/g/:code", d.joined)
}

//go:embed group.html
var groupPage string

//go:embed group.css
var groupStyle []byte

var (
	groupView   = template.Must(template.New("group").Parse(groupPage))
	groupPolicy = func() string {
		sum := sha256.Sum256(groupStyle)
		return "default-src 'none'; img-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	}()
	browserForm = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// groupCookie carries a number that means something below its own group's address alone.
const groupCookie = "loudou_g"

type groupSeen struct {
	Style template.CSS
	Fault string
	group.Shown
}

// enter says who opens the page, or answers.
func (d *Group) enter(c *gin.Context) (browser string, ok bool) {
	h := c.Writer.Header()
	private(h)
	h.Set("Content-Security-Policy", groupPolicy)
	if wait, ok := d.Limits.Allow(c.Request.Context(), "group:"+network(c.ClientIP()), groupRate); !ok {
		retryAfter(c, wait)
		d.render(c, http.StatusTooManyRequests, groupSeen{Fault: "打开得太频繁，请过一分钟再看"})
		return "", false
	}
	if cookie, err := c.Request.Cookie(groupCookie); err == nil && browserForm.MatchString(cookie.Value) {
		return cookie.Value, true
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails: the runtime ends the process instead
	return hex.EncodeToString(raw), true
}

func (d *Group) show(c *gin.Context) {
	browser, ok := d.enter(c)
	if !ok {
		return
	}
	count := !d.Robot(c.Request)
	v, err := d.Groups.Show(c.Request.Context(), c.Param("code"), browser, c.Query("c"), count)
	if err != nil {
		d.fail(c, err)
		return
	}
	if count {
		http.SetCookie(c.Writer, &http.Cookie{Name: groupCookie, Value: browser, Path: "/g/" + c.Param("code"), MaxAge: 400 * 24 * 3600, HttpOnly: true, Secure: d.Secure, SameSite: http.SameSiteLaxMode})
	}
	d.render(c, http.StatusOK, groupSeen{Shown: v})
}

// joined keeps that whoever opened the page says they joined, and shows the page again.
func (d *Group) joined(c *gin.Context) {
	browser, ok := d.enter(c)
	if !ok {
		return
	}
	if err := d.Groups.Joined(c.Request.Context(), c.Param("code"), browser); err != nil {
		d.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/g/"+c.Param("code"))
}

func (d *Group) fail(c *gin.Context, err error) {
	if errors.Is(err, model.ErrNotFound) {
		d.render(c, http.StatusNotFound, groupSeen{Fault: "没有这个群，可能已经撤下了"})
		return
	}
	slog.Error("group's page", "err", err, "request_id", respond.RequestID(c.Request.Context()))
	d.render(c, http.StatusServiceUnavailable, groupSeen{Fault: "暂时打不开，请稍后再试"})
}

func (d *Group) render(c *gin.Context, status int, v groupSeen) {
	v.Style = template.CSS(groupStyle) //nolint:gosec // our own file
	send(c, "group's page", groupView, status, v)
}
