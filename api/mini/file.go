package mini

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
)

// file serves GET /media/{name}: a public picture, or anything at a signed address. What is served is what
// its bytes were found to be and nothing else, and is never a page.
func (d *Door) file(c *gin.Context) {
	m, err := d.Media.Admit(c.Request.Context(), c.Param("name"), c.Query("e"), c.Query("s"))
	if err != nil {
		respond.Fail(c, err)
		return
	}
	// A browser of our own pages may load nothing from elsewhere; a phone is sent to the storage itself, if it has an
	// address of its own.
	if c.Request.Method == http.MethodGet && c.GetHeader("Sec-Fetch-Site") != "same-origin" {
		address, err := d.Media.Elsewhere(c.Request.Context(), m)
		if err != nil {
			respond.Fail(c, err)
			return
		}
		if address != "" {
			c.Header("Cache-Control", "private, max-age=900")
			c.Header("Referrer-Policy", "no-referrer")
			c.Redirect(http.StatusFound, address)
			return
		}
	}
	f, err := d.Media.File(m)
	if err != nil {
		respond.Fail(c, err)
		return
	}
	defer func() { _ = f.Close() }()
	h := c.Writer.Header()
	h.Set("Content-Type", m.MIME)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("ETag", `"`+m.SHA256+`"`)
	if m.Kind == model.MediaPDF {
		h.Set("Content-Disposition", "attachment; filename="+m.Name)
	}
	if m.Public {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "private, max-age=900")
	}
	http.ServeContent(&patient{ResponseWriter: c.Writer, rc: http.NewResponseController(c.Writer)}, c.Request, "", m.CreatedAt, f)
}

// patient gives a reader half a minute for every piece: a film may take an hour, a reader who stopped
// reading may not.
type patient struct {
	http.ResponseWriter
	rc *http.ResponseController
}

const pieceTime = 30 * time.Second

func (p *patient) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(pieceTime)) // a writer without deadlines has its own limit
	return p.ResponseWriter.Write(b)
}

// ReadFrom must not be inherited: it would send the whole file under one deadline.
func (p *patient) ReadFrom(r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{p}, r, make([]byte, 64<<10))
}
