package api

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/api/static"
)

// docsPolicy: the page's own files and nothing from anywhere else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the document and its page, which needs no network but ourselves.
func mountDocs(r *gin.Engine, a huma.API, files fs.FS) error {
	document := sync.OnceValues(func() ([]byte, error) { return json.Marshal(a.OpenAPI()) }) // after every door is mounted
	r.GET("/openapi.json", func(c *gin.Context) {
		b, err := document()
		if err != nil {
			respond.Fail(c, fmt.Errorf("openapi: %w", err))
			return
		}
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, "application/json", b)
	})
	if files == nil {
		return nil
	}
	pages, err := static.Read(files)
	if err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	page := func(c *gin.Context) {
		name := c.Param("file")
		if name == "" {
			name = "index.html"
		}
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", docsPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		if !pages.Serve(c, name) {
			respond.Fail(c, respond.Status(http.StatusNotFound))
		}
	}
	for _, path := range []string{"/docs", "/docs/:file"} {
		r.GET(path, page)
		r.HEAD(path, page)
	}
	return nil
}
