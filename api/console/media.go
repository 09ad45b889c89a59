package console

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/media"
)

// registerMedia adds the list as an operation, and the upload as a plain route, since a film must not pass
// through memory; the document is told about it by hand.
func (d *Door) registerMedia(r *gin.Engine, api huma.API) {
	tags := []string{"media"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "listMedia", Method: "GET", Path: "/console/v1/media", Summary: "Uploaded files, the newest first", Tags: tags}, d.listMedia)
	r.POST("/console/v1/media", d.Guard(model.RightEdit, "multipart/form-data", "application/json"), d.upload)
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[mediaBody](), true, "Media")
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "upload", Method: "POST", Path: "/console/v1/media", Summary: "Upload a picture, a sound, a film or a PDF; its kind comes from its bytes", Tags: tags,
		Extensions: map[string]any{"x-right": string(model.RightEdit)},
		Parameters: []*huma.Param{{Name: "purpose", In: "query", Description: "cover: a picture anybody may see; lesson: opened only by signed addresses", Schema: &huma.Schema{Type: "string", Enum: []any{"cover", "lesson"}, Default: "cover"}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}}}}},
		Responses: map[string]*huma.Response{"201": {Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}},
	})
}

type mediaBody struct {
	ID        int64           `json:"id"`
	Address   string          `json:"address" doc:"what a course's cover or a lesson's media holds"`
	URL       string          `json:"url" doc:"address to look at it; a private file's is good for a few hours"`
	Kind      model.MediaKind `json:"kind" enum:"image,audio,video,pdf"`
	Bytes     int64           `json:"bytes"`
	Width     int             `json:"width" doc:"pixels; 0 unless a picture"`
	Height    int             `json:"height"`
	Title     string          `json:"title"`
	Public    bool            `json:"public"`
	CreatedAt time.Time       `json:"created_at"`
}

func (d *Door) viewMedia(m model.Media) mediaBody {
	b := mediaBody{ID: m.ID, Address: "/media/" + m.Name, Kind: m.Kind, Bytes: m.Bytes, Width: m.Width, Height: m.Height, Title: m.Title, Public: m.Public, CreatedAt: m.CreatedAt}
	if b.URL = d.Media.Public(b.Address); !m.Public {
		b.URL = d.Media.Sign(b.Address)
	}
	return b
}

type mediaListOut struct{ Body respond.Page[mediaBody] }

func (d *Door) listMedia(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"100"`
	PageToken string `query:"page_token" maxLength:"64"`
	Kind      string `query:"kind" enum:"image,audio,video,pdf"`
	Public    bool   `query:"public" doc:"only what anybody may see"`
}) (*mediaListOut, error) {
	scope := "console.media\x00" + in.Kind
	if in.Public {
		scope += "\x00public"
	}
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	ms, next, err := d.Media.List(ctx, media.Filter{Kind: model.MediaKind(in.Kind), Public: in.Public, Before: before, Limit: in.PageSize})
	if err != nil {
		return nil, err
	}
	items := make([]mediaBody, 0, len(ms))
	for _, m := range ms {
		items = append(items, d.viewMedia(m))
	}
	return &mediaListOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

// uploadTime is how long the largest file may take to arrive.
const uploadTime = 15 * time.Minute

func (d *Door) upload(c *gin.Context) {
	part := respond.File(c, media.MaxUpload, uploadTime)
	if part == nil {
		respond.Fail(c, noFile())
		return
	}
	m, err := d.Media.Upload(c.Request.Context(), OperatorFrom(c.Request.Context()), media.Purpose(c.DefaultQuery("purpose", string(media.PurposeCover))), part.FileName(), part)
	if respond.EndUpload(c, err) {
		c.JSON(http.StatusCreated, d.viewMedia(m))
	}
}

func noFile() error {
	return model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有收到文件").Field("file", "请选择一个文件")
}
