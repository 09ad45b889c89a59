package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/material"
)

// registerMaterial is the Official Account's material. The upload is a plain route, as that of media is.
func (d *Door) registerMaterial(r *gin.Engine, api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/materials" + path, Summary: summary, Tags: []string{"materials"}, MaxBodyBytes: 64 << 10}
	}
	verb(d, api, model.RightRead, op("listMaterials", "GET", "", "The account's material, the latest first, and what refers to it"), d.listMaterials)
	verb(d, api, model.RightRead, op("materialsFile", "GET", ".csv", "The same as CSV"), d.materialsFile)
	verb(d, api, model.RightRead, op("materialSummary", "GET", "/summary", "How much there is of each kind, and how much there may be"), d.materialSummary)
	verb(d, api, model.RightEdit, op("renameMaterial", "PUT", "/{id}", "Give material a name of ours"), d.renameMaterial)
	verb(d, api, model.RightEdit, op("deleteMaterial", "DELETE", "/{id}", "Take material away, at WeChat too; refused while something refers to it"), d.deleteMaterial)
	verb(d, api, model.RightRead, op("materialSync", "GET", "/sync", "The latest walk through all material at WeChat"), d.materialSync)
	verb(d, api, model.RightEdit, op("startMaterialSync", "POST", "/sync", "Walk through all material, or go on at once with a walk that waits"), d.startMaterialSync)
	verb(d, api, model.RightEdit, op("stopMaterialSync", "POST", "/sync/stop", "End the walk; what it found stays"), d.stopMaterialSync)

	r.POST("/console/v1/materials", d.Guard(model.RightEdit, "multipart/form-data", "application/json"), d.uploadMaterial)
	text := func(name, about string, most int) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: about, Schema: &huma.Schema{Type: "string", MaxLength: &most}}
	}
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[materialBody](), true, "Material")
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "uploadMaterial", Method: "POST", Path: "/console/v1/materials", Summary: "Upload a file to the account's material; it is checked against WeChat's limits before anything is sent", Tags: []string{"materials"},
		Extensions: map[string]any{"x-right": string(model.RightEdit)},
		Parameters: []*huma.Param{
			{Name: "kind", In: "query", Required: true, Schema: &huma.Schema{Type: "string", Enum: []any{"image", "voice", "video", "thumb"}}},
			{Name: "permanent", In: "query", Description: "false: it lives three days", Schema: &huma.Schema{Type: "boolean", Default: true}},
			text("title", "a name of ours; of a permanent video needed, and fans read it", 200), text("intro", "of a video", 1000),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}}}}},
		Responses: map[string]*huma.Response{"201": {Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}},
	})
}

type materialBody struct {
	ID        int64               `json:"id"`
	MediaID   string              `json:"media_id" doc:"what replies and menus hold"`
	Kind      model.MaterialKind  `json:"kind" enum:"image,voice,video,thumb,news"`
	State     model.MaterialState `json:"state" enum:"permanent,temporary,expired,gone"`
	Label     string              `json:"label" doc:"our name, or else WeChat's"`
	Title     string              `json:"title" doc:"our name"`
	Intro     string              `json:"intro"`
	Format    string              `json:"format" doc:"empty when only WeChat has the file"`
	Bytes     int64               `json:"bytes"`
	Seconds   float64             `json:"seconds" doc:"of a sound"`
	Articles  int                 `json:"articles" doc:"of news"`
	URL       string              `json:"url" doc:"at WeChat"`
	Picture   string              `json:"picture" doc:"address of ours to show it by; empty when there is none"`
	File      string              `json:"file" doc:"address of our own copy, good for a few hours; empty when there is none"`
	ExpiresAt *time.Time          `json:"expires_at" doc:"of temporary material"`
	Renews    bool                `json:"renews" doc:"while something uses it, it is uploaded again before it ends"`
	Renewals  int                 `json:"renewals"`
	LastError string              `json:"last_error" doc:"why the last renewal or copy failed"`
	By        string              `json:"by" doc:"who uploaded it here; empty when it came from WeChat"`
	At        time.Time           `json:"at" doc:"when it was last changed at WeChat"`
	GoneAt    *time.Time          `json:"gone_at"`
	Uses      []model.MaterialUse `json:"uses"`
}

func (d *Door) viewMaterial(m model.Material, uses []model.MaterialUse, covers map[string]string) materialBody {
	b := materialBody{ID: m.ID, MediaID: m.MediaID, Kind: m.Kind, State: m.State(d.Materials.Now()), Label: m.Label(), Title: m.Title, Intro: m.Intro, Format: m.Format, Bytes: m.Bytes, Seconds: m.Seconds,
		Articles: m.Articles, URL: m.URL, ExpiresAt: m.ExpiresAt, Renews: m.Renews(), Renewals: m.Renewals, LastError: m.LastError, By: m.OperatorName, At: m.ChangedAt.UTC(), GoneAt: m.GoneAt, Uses: uses}
	if b.Uses == nil {
		b.Uses = []model.MaterialUse{}
	}
	if m.File != nil {
		if address := "/media/" + *m.File; m.Kind == model.MaterialImage || m.Kind == model.MaterialThumb {
			b.Picture, b.File = address, address
		} else {
			b.File = strings.TrimPrefix(d.Media.Sign(address), strings.TrimRight(d.PublicURL, "/")) // the console plays what is its own
		}
	} else {
		b.Picture = covers[m.CoverID]
	}
	return b
}

func (d *Door) viewMaterials(ctx context.Context, ms []model.Material) (map[int64]materialBody, error) {
	uses, err := d.Materials.UsesOf(ctx, ms...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range ms {
		if m.CoverID != "" {
			ids = append(ids, m.CoverID)
		}
	}
	covers := map[string]string{}
	if len(ids) > 0 {
		of, err := d.Materials.List(ctx, material.Filter{IDs: ids}, 0, len(ids))
		if err != nil {
			return nil, err
		}
		for _, c := range of {
			if c.File != nil {
				covers[c.MediaID] = "/media/" + *c.File
			}
		}
	}
	out := map[int64]materialBody{}
	for _, m := range ms {
		out[m.ID] = d.viewMaterial(m, uses[m.ID], covers)
	}
	return out, nil
}

// MaterialFilter is what the list, on the screen or as CSV, can be narrowed by.
type MaterialFilter struct {
	Q       string `query:"q" maxLength:"100" doc:"in a name, or the beginning of a media_id"`
	Kind    string `query:"kind" enum:"image,voice,video,thumb,news,picture" doc:"picture: image and thumb"`
	State   string `query:"state" enum:"usable,permanent,temporary,expiring,ending,expired,gone" doc:"empty: all that is there; usable: all that fans get"`
	Used    string `query:"used" enum:"true,false"`
	MediaID string `query:"media_id" maxLength:"128" doc:"only the one with this name of WeChat's, gone or not"`
}

func (f MaterialFilter) filter() material.Filter {
	out := material.Filter{State: f.State, Word: f.Q}
	switch f.Kind {
	case "":
	case "picture":
		out.Kinds = []model.MaterialKind{model.MaterialImage, model.MaterialThumb}
	default:
		out.Kinds = []model.MaterialKind{model.MaterialKind(f.Kind)}
	}
	if f.Used != "" {
		used := f.Used == "true"
		out.Used = &used
	}
	if f.MediaID != "" {
		out.IDs = []string{f.MediaID}
	}
	return out
}

type materialsOut struct{ Body respond.Page[materialBody] }

func (d *Door) listMaterials(ctx context.Context, in *struct {
	Paging
	MaterialFilter
}) (*materialsOut, error) {
	scope := strings.Join([]string{"console.materials", in.Q, in.Kind, in.State, in.Used, in.MediaID}, "\x00")
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	ms, err := d.Materials.List(ctx, in.filter(), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	views, err := d.viewMaterials(ctx, ms)
	if err != nil {
		return nil, err
	}
	page := pageOf(ms, in.PageSize, scope, func(m model.Material) int64 { return m.ID }, func(m model.Material) materialBody { return views[m.ID] })
	return &materialsOut{page}, nil
}

func (d *Door) materialsFile(_ context.Context, in *struct{ MaterialFilter }) (*huma.StreamResponse, error) {
	states := map[model.MaterialState]string{model.MaterialStays: "永久", model.MaterialEnds: "临时", model.MaterialExpired: "已失效", model.MaterialGone: "已删除"}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		before := int64(0)
		sendCSV(c, "materials.csv", []string{"编号", "名字", "类型", "状态", "格式", "字节", "秒", "失效时间", "用在", "上传人", "时间", "media_id"}, func() ([][]string, error) {
			ms, err := d.Materials.List(c.Request.Context(), in.filter(), before, 200)
			if err != nil {
				return nil, err
			}
			views, err := d.viewMaterials(c.Request.Context(), ms)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(ms))
			for _, m := range ms {
				before = m.ID
				v := views[m.ID]
				ends, uses := "", make([]string, 0, len(v.Uses))
				if m.ExpiresAt != nil {
					ends = m.ExpiresAt.In(model.Shanghai).Format(time.DateTime)
				}
				for _, u := range v.Uses {
					uses = append(uses, u.Title)
				}
				rows = append(rows, []string{fmt.Sprint(m.ID), v.Label, model.MaterialLimits[m.Kind].Name, states[v.State], m.Format, fmt.Sprint(m.Bytes), fmt.Sprintf("%.1f", m.Seconds), ends,
					strings.Join(uses, "；"), m.OperatorName, m.ChangedAt.In(model.Shanghai).Format(time.DateTime), m.MediaID})
			}
			return rows, nil
		})
	}}, nil
}

type materialCountBody struct {
	Kind      model.MaterialKind `json:"kind" enum:"image,voice,video,thumb,news"`
	Permanent int64              `json:"permanent"`
	Temporary int64              `json:"temporary"`
	Shared    int64              `json:"shared" doc:"permanent ones of all kinds that share the limit"`
	Most      int64              `json:"most" doc:"WeChat's limit of permanent ones"`
	Bytes     int64              `json:"max_bytes" doc:"WeChat's limit of one file; 0: none can be uploaded"`
	Seconds   float64            `json:"max_seconds" doc:"0: no limit"`
	Formats   []string           `json:"formats"`
}

type materialSummaryOut struct {
	Body struct {
		Counts   []materialCountBody `json:"counts"`
		Expiring int64               `json:"expiring" doc:"temporary ones in use that end within a day, or ended, and that are not renewed by themselves"`
	}
}

func (d *Door) materialSummary(ctx context.Context, _ *struct{}) (*materialSummaryOut, error) {
	counts, err := d.Materials.Counts(ctx)
	if err != nil {
		return nil, err
	}
	out := &materialSummaryOut{}
	for _, c := range counts {
		l := model.MaterialLimits[c.Kind]
		formats := l.Formats
		if formats == nil {
			formats = []string{}
		}
		out.Body.Counts = append(out.Body.Counts, materialCountBody{Kind: c.Kind, Permanent: c.Permanent, Temporary: c.Temporary, Shared: c.Shared, Most: c.Most, Bytes: l.Bytes, Seconds: l.Seconds, Formats: formats})
	}
	out.Body.Expiring, err = d.Materials.Expiring(ctx)
	return out, err
}

// MaterialID names material in a path.
type MaterialID struct {
	ID int64 `path:"id" minimum:"1"`
}

type materialOut struct{ Body materialBody }

func (d *Door) renameMaterial(ctx context.Context, in *struct {
	MaterialID
	Body struct {
		Title string `json:"title" maxLength:"200" doc:"empty: WeChat's name is shown"`
	}
}) (*materialOut, error) {
	m, err := d.Materials.Rename(ctx, OperatorFrom(ctx), in.ID, in.Body.Title)
	if err != nil {
		return nil, err
	}
	views, err := d.viewMaterials(ctx, []model.Material{m})
	return &materialOut{views[m.ID]}, err
}

func (d *Door) deleteMaterial(ctx context.Context, in *MaterialID) (*struct{}, error) {
	return nil, d.Materials.Delete(ctx, OperatorFrom(ctx), in.ID)
}

type materialSyncBody struct {
	ID        int64      `json:"id" doc:"0: there was none yet"`
	State     string     `json:"state" enum:"running,done,failed,stopped,"`
	Phase     string     `json:"phase" enum:"image,voice,video,news,gone,copies,"`
	Total     int64      `json:"total" doc:"as WeChat says; 0 until it was asked"`
	Seen      int64      `json:"seen"`
	Fresh     int64      `json:"fresh" doc:"at WeChat and not here before"`
	Gone      int64      `json:"gone" doc:"here and no longer at WeChat"`
	Copied    int64      `json:"copied" doc:"files fetched"`
	ResumeAt  *time.Time `json:"resume_at" doc:"set while it waits"`
	LastError string     `json:"last_error"`
	By        string     `json:"by"`
	StartedAt *time.Time `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
}

type materialSyncOut struct{ Body materialSyncBody }

func viewMaterialSync(s model.MaterialSync) *materialSyncOut {
	b := materialSyncBody{ID: s.ID, State: s.State, Phase: s.Phase, Total: s.Total, Seen: s.Seen, Fresh: s.Fresh, Gone: s.Gone, Copied: s.Copied, ResumeAt: s.ResumeAt, LastError: s.LastError, By: s.By, EndedAt: s.EndedAt}
	if s.ID > 0 {
		b.StartedAt = &s.StartedAt
	}
	return &materialSyncOut{b}
}

func (d *Door) materialSync(ctx context.Context, _ *struct{}) (*materialSyncOut, error) {
	s, err := d.Materials.LastSync(ctx)
	return viewMaterialSync(s), err
}

func (d *Door) startMaterialSync(ctx context.Context, _ *struct{}) (*materialSyncOut, error) {
	s, err := d.Materials.StartSync(ctx, OperatorFrom(ctx))
	return viewMaterialSync(s), err
}

func (d *Door) stopMaterialSync(ctx context.Context, _ *struct{}) (*materialSyncOut, error) {
	if err := d.Materials.StopSync(ctx, OperatorFrom(ctx)); err != nil {
		return nil, err
	}
	return d.materialSync(ctx, nil)
}

// materialMost is the most bytes read of an upload: more than WeChat takes of any kind, so that the refusal can say by
// how much it is too large.
const materialMost = 32 << 20

func (d *Door) uploadMaterial(c *gin.Context) {
	u := model.MaterialUpload{Kind: model.MaterialKind(c.Query("kind")), Permanent: c.Query("permanent") != "false", Title: c.Query("title"), Intro: c.Query("intro")}
	part := respond.File(c, materialMost, uploadTime)
	if part == nil {
		respond.Fail(c, noFile())
		return
	}
	u.Name = part.FileName()
	var m model.Material
	var err error
	if u.Data, err = io.ReadAll(io.LimitReader(part, materialMost+1)); err == nil {
		m, err = d.Materials.Upload(c.Request.Context(), OperatorFrom(c.Request.Context()), u)
	}
	if respond.EndUpload(c, err) {
		c.JSON(http.StatusCreated, d.viewMaterial(m, nil, nil))
	}
}
