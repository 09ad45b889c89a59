// Package api mounts the doors: console for operators, mini for the Mini Program, hook for WeChat, and
// the machine doors. It gives each request an id, turns a panic into 500, and writes one line per request.
package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
)

// Mounter is a door: it adds its routes to the engine and its operations to the document.
type Mounter interface {
	Mount(r *gin.Engine, api huma.API)
}

// Options is what the router itself needs.
type Options struct {
	Version        string
	TrustedProxies []string // CIDRs whose X-Forwarded-For counts; none by default
	// Ready says what is missing, in words; empty when all is there.
	Ready func(ctx context.Context) []string
	// Notes are facts readyz tells beside: a moved business clock, lifted limits.
	Notes []string
	// Observe is told every answered request by its route.
	Observe func(route, method string, status int, d time.Duration)
	// NoRoute answers what no door knows: the console's pages.
	NoRoute gin.HandlerFunc
	// Docs is the page at /docs; nil leaves it out.
	Docs fs.FS
}

// New builds the engine and the document of all doors.
func New(o Options, doors ...Mounter) (*gin.Engine, huma.API, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash, r.RedirectFixedPath = false, false
	r.ContextWithFallback = true
	if err := r.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, nil, err
	}
	r.Use(requestID, accessLog(o.Observe), recovery)
	r.NoMethod(func(c *gin.Context) { respond.Fail(c, respond.Status(http.StatusMethodNotAllowed)) })
	r.NoRoute(func(c *gin.Context) {
		p := c.Request.URL.Path
		if o.NoRoute != nil && (p == "/console" || strings.HasPrefix(p, "/console/")) && !strings.HasPrefix(p, "/console/v1") {
			o.NoRoute(c)
			return
		}
		respond.Fail(c, respond.Status(http.StatusNotFound))
	})
	if o.NoRoute != nil {
		r.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, "/console/") })
	}
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	r.GET("/readyz", func(c *gin.Context) {
		missing := o.Ready(c.Request.Context())
		if missing == nil {
			missing = []string{}
		}
		status := http.StatusOK
		if len(missing) > 0 {
			status = http.StatusServiceUnavailable
		}
		c.JSON(status, gin.H{"ready": len(missing) == 0, "missing": missing, "notes": append([]string{}, o.Notes...)})
	})
	a := respond.NewAPI(r, o.Version)
	for _, d := range doors {
		d.Mount(r, a)
	}
	if err := mountDocs(r, a, o.Docs); err != nil {
		return nil, nil, err
	}
	return r, a, nil
}

func requestID(c *gin.Context) {
	raw := make([]byte, 8)
	_, _ = rand.Read(raw)
	id := hex.EncodeToString(raw)
	c.Header("X-Request-Id", id)
	c.Request = c.Request.WithContext(respond.WithRequestID(c.Request.Context(), id))
}

// accessLog writes one line per request, without the query: it holds signatures, codes and openids.
func accessLog(observe func(string, string, int, time.Duration)) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		route := c.FullPath()
		if route == "" {
			route = "none"
		}
		d := time.Since(start)
		if observe != nil {
			observe(route, c.Request.Method, c.Writer.Status(), d)
		}
		level := slog.LevelInfo
		if route == "/healthz" || route == "/readyz" || strings.HasPrefix(c.Request.URL.Path, "/console/assets") || route == "/console/v1/live" {
			level = slog.LevelDebug
		}
		slog.Log(c.Request.Context(), level, "request", "method", c.Request.Method, "route", route, "status", c.Writer.Status(), "ms", d.Milliseconds(), "bytes", c.Writer.Size(), "request_id", respond.RequestID(c.Request.Context()))
	}
}

// recovery answers a panic with 500. The stack goes to the log alone, never to the caller.
func recovery(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(r)
			}
			slog.ErrorContext(c.Request.Context(), "panic", "route", c.FullPath(), "request_id", respond.RequestID(c.Request.Context()), "panic", r, "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				respond.Fail(c, respond.Status(http.StatusInternalServerError))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// Limit refuses a body above n bytes before anything reads it.
func Limit(n int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > n {
			respond.Fail(c, respond.Status(http.StatusRequestEntityTooLarge))
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, n)
	}
}
