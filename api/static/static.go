// Package static serves built files out of the binary: with a tag for each (an embedded file has no date
// a browser could ask by), and gzipped for who takes it.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// Files are all files of a folder, read once.
type Files map[string]*file

type file struct {
	body []byte
	tag  string
	kind string
	zip  func() []byte // made when first asked for; nil when it would not be smaller
}

// Read reads every file under files.
func Read(files fs.FS) (Files, error) {
	out := Files{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		f := &file{body: body, tag: hex.EncodeToString(sum[:12]), kind: kind(name)}
		f.zip = sync.OnceValue(func() []byte { return zipped(f) })
		out[name] = f
		return nil
	})
	return out, err
}

// kind does not look at the machine's own table of types.
func kind(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".webmanifest":
		return "application/json"
	case ".txt", "":
		return "text/plain; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func zipped(f *file) []byte {
	if !strings.HasPrefix(f.kind, "text/") && f.kind != "image/svg+xml" && f.kind != "application/json" {
		return nil
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(f.body); err != nil {
		return nil
	}
	if err := w.Close(); err != nil || b.Len() >= len(f.body) {
		return nil
	}
	return b.Bytes()
}

// Has tells whether there is a file of that name.
func (fs Files) Has(name string) bool { return fs[name] != nil }

// Serve answers with the file, or 304 when the caller has it; false when there is none of that name.
func (fs Files) Serve(c *gin.Context, name string) bool {
	f := fs[name]
	if f == nil {
		return false
	}
	h := c.Writer.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	body, tag := f.body, `"`+f.tag+`"`
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") && c.GetHeader("Range") == "" {
		if z := f.zip(); z != nil {
			body, tag = z, `"`+f.tag+`z"`
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("ETag", tag)
	if strings.Contains(c.GetHeader("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return true
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeaderNow()
		return true
	}
	_, _ = c.Writer.Write(body) // the caller may have hung up
	return true
}
