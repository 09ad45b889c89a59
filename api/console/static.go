package console

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/api/static"
)

// pagePolicy is the console's own: scripts and styles from our files alone, pictures also as data and
// blob (uploads before they are sent), frames of our own (an article's preview).
const pagePolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Pages serves the console's built files under /console/. An unknown path without a dot is a page of the
// router's and gets index.html; a file that is gone is 404, never HTML that a browser would run as script.
func Pages(files fs.FS) (gin.HandlerFunc, error) {
	all, err := static.Read(files)
	if err != nil {
		return nil, err
	}
	return func(c *gin.Context) {
		asked := c.Request.URL.Path
		if c.Request.Method != http.MethodGet && c.Request.Method != http.MethodHead {
			respond.Fail(c, respond.Status(http.StatusMethodNotAllowed))
			return
		}
		if asked == "/console" {
			c.Redirect(http.StatusFound, "/console/")
			return
		}
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		name := strings.TrimPrefix(asked, "/console/")
		if strings.Contains(name, "..") || strings.ContainsAny(name, "\\\x00") {
			respond.Fail(c, respond.Status(http.StatusNotFound))
			return
		}
		if name = strings.TrimPrefix(path.Clean("/"+name), "/"); !all.Has(name) {
			if strings.HasPrefix(name, "assets/") || strings.Contains(path.Base("/"+name), ".") {
				respond.Fail(c, respond.Status(http.StatusNotFound))
				return
			}
			name = "index.html"
		}
		h.Set("Cache-Control", "no-cache")
		if strings.HasPrefix(name, "assets/") {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if !all.Serve(c, name) {
			c.String(http.StatusServiceUnavailable, "控制台的页面还没有构建，请运行 make run 或在 web/console 里运行 npm run build\n")
		}
	}, nil
}
