package respond

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	uploadParts = 10       // of a form that are looked through for the file
	uploadRest  = 64 << 10 // what a form may hold beside it
)

// File gives the part "file" of a form that holds a file of at most most bytes and may take within to arrive; nil where
// there is none. Reading more than most fails with http.MaxBytesError, which EndUpload answers.
func File(c *gin.Context, most int64, within time.Duration) *multipart.Part {
	_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(within)) // a connection without deadlines needs none
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, most+uploadRest)
	parts, err := c.Request.MultipartReader() // JSON passes the lock only to be told here that a file is missing
	for n := 0; err == nil && n < uploadParts; n++ {
		var part *multipart.Part
		if part, err = parts.NextPart(); err == nil && part.FormName() == "file" {
			return part
		}
	}
	return nil
}

// EndUpload answers an upload that failed with err; for one that did not it reads off what follows the file, and gives true.
func EndUpload(c *gin.Context, err error) bool {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		Fail(c, Status(http.StatusRequestEntityTooLarge))
	case err != nil:
		Fail(c, err)
	default:
		_, _ = io.Copy(io.Discard, io.LimitReader(c.Request.Body, uploadRest))
		return true
	}
	return false
}
