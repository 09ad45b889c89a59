package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerPoster(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/posters" + path, Summary: summary, Tags: []string{"posters"}, MaxBodyBytes: 16 << 10}
	}
	create := op("createPoster", "POST", "", "Make a poster")
	create.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightRead, op("posters", "GET", "", "Posters, the newest first"), d.posters)
	verb(d, api, model.RightEdit, create, d.createPoster)
	verb(d, api, model.RightEdit, op("previewPoster", "POST", "/preview", "Draw a poster that is not kept"), d.previewPoster)
	verb(d, api, model.RightEdit, op("changePoster", "PUT", "/{id}", "Change a poster"), d.changePoster)
	verb(d, api, model.RightEdit, op("deletePoster", "DELETE", "/{id}", "Forget a poster"), d.deletePoster)
	verb(d, api, model.RightRead, op("posterPicture", "GET", "/{id}/picture.png", "A poster as PNG"), d.posterPicture)
}

type posterIn struct {
	CampaignID int64            `json:"campaign_id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"0: none"`
	Title      string           `json:"title" maxLength:"400" doc:"up to three lines"`
	Note       string           `json:"note,omitempty" maxLength:"400" doc:"beside the code; empty: 长按识别二维码"`
	Colour     string           `json:"colour" maxLength:"7" doc:"#1a2b3c"`
	Picture    string           `json:"picture,omitempty" maxLength:"64" doc:"address of an uploaded picture; empty: the colour alone"`
	Kind       model.PosterKind `json:"kind" enum:"code,link"`
	Ref        string           `json:"ref" maxLength:"64" doc:"scene, or link code"`
	Version    int64            `json:"version,omitempty" doc:"the one that was changed"`
}

func (b posterIn) poster(id int64) model.Poster {
	return model.Poster{ID: id, CampaignID: b.CampaignID, Title: b.Title, Note: b.Note, Colour: b.Colour, Picture: b.Picture, Kind: b.Kind, Ref: b.Ref, Version: b.Version}
}

type posterBody struct {
	ID         int64            `json:"id"`
	CampaignID int64            `json:"campaign_id"`
	Title      string           `json:"title"`
	Note       string           `json:"note"`
	Colour     string           `json:"colour"`
	Picture    string           `json:"picture"`
	Kind       model.PosterKind `json:"kind" enum:"code,link"`
	Ref        string           `json:"ref"`
	Version    int64            `json:"version"`
	CreatedBy  string           `json:"created_by"`
	UpdatedBy  string           `json:"updated_by"`
	UpdatedAt  time.Time        `json:"updated_at"`
}

func viewPoster(p model.Poster) posterBody {
	return posterBody{p.ID, p.CampaignID, p.Title, p.Note, p.Colour, p.Picture, p.Kind, p.Ref, p.Version, p.CreatedBy, p.UpdatedBy, p.UpdatedAt.UTC()}
}

type (
	posterOut  struct{ Body posterBody }
	postersOut struct {
		Body struct {
			respond.Page[posterBody]
			FontFault string `json:"font_fault" doc:"why posters cannot be written on this server; empty: they can"`
		}
	}
)

// PosterPath names a poster.
type PosterPath struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) posters(ctx context.Context, in *struct {
	PageIn
	CampaignID int64 `query:"campaign_id" minimum:"0" maximum:"9007199254740991" doc:"those of one campaign; 0: all"`
}) (*postersOut, error) {
	return page(&in.PageIn, fmt.Sprint("posters\x00", in.CampaignID), func(before int64, limit int) ([]posterBody, error) {
		all, err := d.Posters.List(ctx, in.CampaignID, before, limit)
		out := make([]posterBody, 0, len(all))
		for _, p := range all {
			out = append(out, viewPoster(p))
		}
		return out, err
	}, func(p posterBody) int64 { return p.ID }, func(p respond.Page[posterBody]) *postersOut {
		out := &postersOut{}
		out.Body.Page, out.Body.FontFault = p, d.Posters.FontFault()
		return out
	})
}

func (d *Door) createPoster(ctx context.Context, in *struct{ Body posterIn }) (*posterOut, error) {
	p, err := d.Posters.Create(ctx, OperatorFrom(ctx), in.Body.poster(0))
	if err != nil {
		return nil, err
	}
	return &posterOut{viewPoster(p)}, nil
}

func (d *Door) changePoster(ctx context.Context, in *struct {
	PosterPath
	Body posterIn
}) (*posterOut, error) {
	p, err := d.Posters.Change(ctx, OperatorFrom(ctx), in.Body.poster(in.ID))
	if err != nil {
		return nil, err
	}
	return &posterOut{viewPoster(p)}, nil
}

func (d *Door) deletePoster(ctx context.Context, in *PosterPath) (*struct{}, error) {
	return nil, d.Posters.Delete(ctx, OperatorFrom(ctx), in.ID)
}

func (d *Door) previewPoster(ctx context.Context, in *struct{ Body posterIn }) (*huma.StreamResponse, error) {
	return d.drawn(ctx, in.Body.poster(0))
}

func (d *Door) posterPicture(ctx context.Context, in *PosterPath) (*huma.StreamResponse, error) {
	p, err := d.Posters.One(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return d.drawn(ctx, p)
}

// drawn sends a poster. Whoever downloads it names it: after its title, which a header cannot hold.
func (d *Door) drawn(ctx context.Context, p model.Poster) (*huma.StreamResponse, error) {
	png, err := d.Posters.Draw(ctx, p)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "image/png")
		_, _ = hc.BodyWriter().Write(png) // the caller hung up: nobody is left to be told
	}}, nil
}
