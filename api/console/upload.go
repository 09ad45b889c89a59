package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/media"
)

// registerUpload adds uploads in parts, for what is too large to send again from the start. A part is a plain route,
// since it is no JSON; the document is told about it by hand.
func (d *Door) registerUpload(r *gin.Engine, api huma.API) {
	tags := []string{"media"}
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "beginUpload", Method: "POST", Path: "/console/v1/uploads", Summary: "Begin to upload a file in parts, or go on with the one begun of the same file", Tags: tags}, d.beginUpload)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "uploadState", Method: "GET", Path: "/console/v1/uploads/{id}", Summary: "How far an upload came", Tags: tags}, d.uploadState)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "abandonUpload", Method: "DELETE", Path: "/console/v1/uploads/{id}", Summary: "End an upload nobody wants any more", Tags: tags, DefaultStatus: http.StatusNoContent}, d.abandonUpload)
	r.PUT("/console/v1/uploads/:id/parts/:start", d.Guard(model.RightEdit, "application/octet-stream", "application/json"), d.uploadPart)
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[uploadBody](), true, "UploadBody")
	text := &huma.Schema{Type: "string"}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "uploadPart", Method: "PUT", Path: "/console/v1/uploads/{id}/parts/{start}", Tags: tags,
		Summary:    "The part that begins at start: part_bytes of the file, or what is left. The answer says where to go on; the last part's has the file",
		Extensions: map[string]any{"x-right": string(model.RightEdit)},
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Schema: text}, {Name: "start", In: "path", Required: true, Schema: &huma.Schema{Type: "integer"}},
			{Name: "X-Part-SHA256", In: "header", Required: true, Description: "of the part, 64 hex digits", Schema: text},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
		Responses:   map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}},
	})
}

type uploadBody struct {
	ID        string             `json:"id"`
	Bytes     int64              `json:"bytes" doc:"of the whole file"`
	Got       int64              `json:"got" doc:"bytes that are here: where the next part begins"`
	PartBytes int64              `json:"part_bytes" doc:"size of every part but the last"`
	Status    model.UploadStatus `json:"status" enum:"open,done,refused"`
	Why       string             `json:"why,omitempty" doc:"why it was refused, in Chinese"`
	ExpiresAt time.Time          `json:"expires_at" doc:"until when the next part is waited for"`
	Media     *mediaBody         `json:"media,omitempty" doc:"the file, once all is here"`
}

type uploadOut struct{ Body uploadBody }

func (d *Door) viewUpload(ctx context.Context, u model.Upload) (uploadBody, error) {
	b := uploadBody{ID: u.UKey, Bytes: u.Bytes, Got: u.Got, PartBytes: media.PartBytes, Status: u.Status, Why: u.Why, ExpiresAt: u.ExpiresAt}
	if u.Status == model.UploadDone {
		m, err := d.Media.Uploaded(ctx, u)
		if err != nil {
			return b, err
		}
		v := d.viewMedia(m)
		b.Media = &v
	}
	return b, nil
}

func (d *Door) shownUpload(ctx context.Context, u model.Upload, err error) (*uploadOut, error) {
	if err != nil {
		return nil, err
	}
	b, err := d.viewUpload(ctx, u)
	if err != nil {
		return nil, err
	}
	return &uploadOut{Body: b}, nil
}

func (d *Door) beginUpload(ctx context.Context, in *struct {
	Body struct {
		Purpose     string `json:"purpose" enum:"cover,lesson"`
		Title       string `json:"title" maxLength:"300" doc:"the file's name, for display"`
		Bytes       int64  `json:"bytes" minimum:"1" maximum:"9007199254740991"`
		Fingerprint string `json:"fingerprint" maxLength:"64" doc:"SHA-256, 64 hex digits, of what the sender knows the file by: the same operator and fingerprint go on with the same upload"`
	}
}) (*uploadOut, error) {
	b := in.Body
	u, err := d.Media.Begin(ctx, OperatorFrom(ctx), media.Purpose(b.Purpose), b.Title, b.Fingerprint, b.Bytes)
	return d.shownUpload(ctx, u, err)
}

// UploadPath names an upload.
type UploadPath struct {
	ID string `path:"id" maxLength:"32"`
}

func (d *Door) uploadState(ctx context.Context, in *UploadPath) (*uploadOut, error) {
	u, err := d.Media.Uploading(ctx, OperatorFrom(ctx), in.ID)
	return d.shownUpload(ctx, u, err)
}

func (d *Door) abandonUpload(ctx context.Context, in *UploadPath) (*struct{}, error) {
	return nil, d.Media.Abandon(ctx, OperatorFrom(ctx), in.ID)
}

// partTime is how long one part may take to arrive.
const partTime = 3 * time.Minute

func (d *Door) uploadPart(c *gin.Context) {
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Now().Add(partTime))        // a connection without deadlines needs none
	_ = control.SetWriteDeadline(time.Now().Add(2 * uploadTime)) // the last part is answered once the file is made
	if c.ContentType() != "application/octet-stream" {           // JSON passes the lock only to be told here that a part is missing
		respond.Fail(c, noFile())
		return
	}
	start, err := strconv.ParseInt(c.Param("start"), 10, 64)
	if err != nil || start < 0 || len(c.Param("id")) > 32 {
		respond.Fail(c, respond.Status(http.StatusNotFound))
		return
	}
	part, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, media.PartBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		respond.Fail(c, respond.Status(http.StatusRequestEntityTooLarge))
		return
	}
	if err != nil {
		respond.Fail(c, model.Refuse(model.ErrInvalid, model.CodeInvalid, "这一段没有传完，会自动重传"))
		return
	}
	ctx := c.Request.Context()
	u, err := d.Media.Part(ctx, OperatorFrom(ctx), c.Param("id"), start, c.GetHeader("X-Part-SHA256"), part)
	var b uploadBody
	if err == nil {
		b, err = d.viewUpload(ctx, u)
	}
	if err != nil {
		respond.Fail(c, err)
		return
	}
	c.JSON(http.StatusOK, b)
}
