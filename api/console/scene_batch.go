package console

import (
	"archive/zip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerSceneBatch(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/scene-batches" + path, Summary: summary, Tags: []string{"scenes"}, MaxBodyBytes: 256 << 10}
	}
	create := op("createSceneBatch", "POST", "", "Make many QR codes at once")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("sceneBatches", "GET", "", "QR codes made at once, the newest first"), d.sceneBatches)
	verb(d, api, model.RightEdit, create, d.createSceneBatch)
	verb(d, api, model.RightRead, op("sceneBatch", "GET", "/{id}", "One batch, and how far it got"), d.sceneBatch)
	verb(d, api, model.RightEdit, op("resumeSceneBatch", "POST", "/{id}/resume", "Go on with a batch that failed or waits"), d.resumeSceneBatch)
	verb(d, api, model.RightRead, op("sceneBatchFile", "GET", "/{id}/codes.csv", "Names and addresses of a batch as CSV"), d.sceneBatchFile)
	verb(d, api, model.RightRead, op("sceneBatchPictures", "GET", "/{id}/codes.zip", "A batch's codes as pictures"), d.sceneBatchPictures)
}

type sceneBatchBody struct {
	ID        int64                 `json:"id"`
	Name      string                `json:"name"`
	Size      int64                 `json:"size"`
	Made      int64                 `json:"made" doc:"those WeChat has answered for"`
	State     model.SceneBatchState `json:"state" enum:"running,done,failed"`
	ResumeAt  *time.Time            `json:"resume_at" doc:"it waits for WeChat until then"`
	LastError string                `json:"last_error"`
	CreatedBy string                `json:"created_by"`
	CreatedAt time.Time             `json:"created_at"`
}

func viewSceneBatch(b model.SceneBatch) sceneBatchBody {
	return sceneBatchBody{ID: b.ID, Name: b.Name, Size: b.Size, Made: b.Made, State: b.State, ResumeAt: b.ResumeAt, LastError: b.LastError, CreatedBy: b.By, CreatedAt: b.CreatedAt}
}

type (
	sceneBatchOut   struct{ Body sceneBatchBody }
	sceneBatchesOut struct {
		Body respond.Page[sceneBatchBody]
	}
)

func (d *Door) sceneBatches(ctx context.Context, in *PageIn) (*sceneBatchesOut, error) {
	return page(in, "scene_batches", func(before int64, limit int) ([]sceneBatchBody, error) {
		all, err := d.Scenes.Batches(ctx, before, limit)
		out := make([]sceneBatchBody, 0, len(all))
		for _, b := range all {
			out = append(out, viewSceneBatch(b))
		}
		return out, err
	}, func(b sceneBatchBody) int64 { return b.ID }, func(p respond.Page[sceneBatchBody]) *sceneBatchesOut { return &sceneBatchesOut{p} })
}

func (d *Door) createSceneBatch(ctx context.Context, in *struct {
	Body struct {
		Name       string   `json:"name" maxLength:"400"`
		Scenes     []string `json:"scenes" maxItems:"2000" doc:"one code each, at most 1000"`
		Permanent  bool     `json:"permanent,omitempty"`
		Channel    string   `json:"channel,omitempty" maxLength:"64"`
		CampaignID int64    `json:"campaign_id,omitempty" minimum:"1" maximum:"9007199254740991"`
		TagID      int64    `json:"tag_id,omitempty" minimum:"1" maximum:"9007199254740991"`
	}
}) (*sceneBatchOut, error) {
	b := in.Body
	made, err := d.Scenes.CreateBatch(ctx, OperatorFrom(ctx), b.Name, b.Scenes, model.SceneCode{Permanent: b.Permanent, Channel: b.Channel, CampaignID: b.CampaignID, TagID: b.TagID})
	if err != nil {
		return nil, err
	}
	return &sceneBatchOut{viewSceneBatch(made)}, nil
}

// SceneBatchPath names a batch of QR codes.
type SceneBatchPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) sceneBatch(ctx context.Context, in *SceneBatchPath) (*sceneBatchOut, error) {
	b, err := d.Scenes.Batch(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &sceneBatchOut{viewSceneBatch(b)}, nil
}

func (d *Door) resumeSceneBatch(ctx context.Context, in *SceneBatchPath) (*sceneBatchOut, error) {
	if err := d.Scenes.GoOn(ctx, OperatorFrom(ctx), in.ID); err != nil {
		return nil, err
	}
	return d.sceneBatch(ctx, in)
}

func (d *Door) sceneBatchFile(ctx context.Context, in *SceneBatchPath) (*huma.StreamResponse, error) {
	if _, err := d.Scenes.Batch(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		after := int64(0)
		sendCSV(c, fmt.Sprintf("scene-codes-%d.csv", in.ID), []string{"编号", "名称", "地址", "微信原图", "渠道", "有效期到"}, func() ([][]string, error) {
			list, err := d.Scenes.Sheet(c.Request.Context(), in.ID, after, 500)
			if err != nil {
				return nil, err
			}
			rows := make([][]string, 0, len(list))
			for _, x := range list {
				after = x.ID
				until := "永久"
				if !x.Permanent {
					until = ""
				}
				if x.ExpiresAt != nil {
					until = x.ExpiresAt.In(model.Shanghai).Format(time.DateTime)
				}
				rows = append(rows, []string{fmt.Sprint(x.ID), x.Scene, x.URL, viewSceneCode(x).ImageURL, x.Channel, until})
			}
			return rows, nil
		})
	}}, nil
}

// sceneBatchPictures sends a PNG of each code there is with its name under it, named after its place and scene. One that WeChat has not
// answered for yet is left out.
func (d *Door) sceneBatchPictures(ctx context.Context, in *SceneBatchPath) (*huma.StreamResponse, error) {
	b, err := d.Scenes.Batch(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if b.Made == 0 {
		return nil, model.Refuse(model.ErrConflict, model.CodeConflict, "这一批还没有一个码做好，请稍后再下载")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Type", "application/zip")
		c.Header("Content-Disposition", fmt.Sprintf(`attachment; filename="scene-codes-%d.zip"`, in.ID))
		z := zip.NewWriter(c.Writer)
		place, after := 0, int64(0)
		for {
			list, err := d.Scenes.Sheet(c.Request.Context(), in.ID, after, 100)
			for _, x := range list {
				after = x.ID
				place++
				if x.URL == "" || err != nil {
					continue
				}
				err = d.addPicture(z, fmt.Sprintf("%04d %s.png", place, fileName(x.Scene)), x)
			}
			if err != nil { // the file ends without its directory, so nobody takes it for whole
				slog.Warn("pictures of a batch", "batch", in.ID, "err", err)
				return
			}
			if len(list) == 0 {
				break
			}
		}
		if err := z.Close(); err != nil {
			slog.Warn("pictures of a batch", "batch", in.ID, "err", err)
		}
	}}, nil
}

func (d *Door) addPicture(z *zip.Writer, name string, c model.SceneCode) error {
	png, err := d.Posters.Label(c.URL, c.Scene)
	if err != nil {
		return fmt.Errorf("picture %s: %w", name, err)
	}
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: c.CreatedAt})
	if err == nil {
		_, err = w.Write(png)
	}
	return err
}

// fileName is a scene without what a file's name may not hold on any system.
func fileName(scene string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, scene), ". ")
}
