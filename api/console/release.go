package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/release"
)

func (d *Door) registerRelease(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/releases" + path, Summary: summary, Tags: []string{"releases"}}
	}
	verb(d, api, model.RightRead, op("releaseDesk", "GET", "/desk", "What menu and rules on the desk would change together, in words"), d.releaseDesk)
	verb(d, api, model.RightRead, op("releases", "GET", "", "What was published together, newest first"), d.listReleases)
	verb(d, api, model.RightRead, op("waitingReleases", "GET", "/waiting", "What goes out together at a time, and what failed to"), d.waitingReleases)
	make := op("makeRelease", "POST", "", "Publish menu and rules together, at once or at a time")
	make.DefaultStatus = http.StatusCreated
	verb(d, api, model.RightEdit, make, d.makeRelease)
	verb(d, api, model.RightEdit, op("changeRelease", "PUT", "/{id}", "Move one that waits or failed to another time"), d.changeRelease)
	verb(d, api, model.RightEdit, op("dropRelease", "DELETE", "/{id}", "Take one back: what it holds lies on the desk again"), d.dropRelease)
	verb(d, api, model.RightRead, op("releaseBack", "GET", "/{id}/back", "What rolling one back would change now, in words"), d.releaseBack)
	verb(d, api, model.RightEdit, op("restoreRelease", "POST", "/{id}/restore", "Roll one back: menu and rules together, at once"), d.restoreRelease)
}

type publishedTogether struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at" doc:"when it goes out, or did"`
	Note         string    `json:"note"`
	Words        []string  `json:"words" doc:"what it changes; once done, what it changed"`
	State        string    `json:"state" enum:"waiting,running,done,failed"`
	AtOnce       bool      `json:"at_once"`
	Revision     int64     `json:"revision"`
	Tries        int64     `json:"tries"`
	Error        string    `json:"error"`
	MenuVersion  int64     `json:"menu_version" doc:"0: the menu was left alone"`
	ReplyVersion int64     `json:"reply_version"`
	RestoredFrom int64     `json:"restored_from"`
	By           string    `json:"by"`
	UpdatedAt    time.Time `json:"updated_at"`
}

func viewRelease(r release.Release) publishedTogether { return publishedTogether(r) }

func viewReleases(all []release.Release) []publishedTogether {
	out := make([]publishedTogether, 0, len(all))
	for _, r := range all {
		out = append(out, viewRelease(r))
	}
	return out
}

type releaseOut struct{ Body publishedTogether }

type releasesOut struct {
	Body respond.Page[publishedTogether]
}

type releaseDeskOut struct {
	Body struct {
		Menu     []string `json:"menu"`
		Replies  []string `json:"replies"`
		Faults   []string `json:"faults" doc:"what WeChat would refuse of the menu"`
		Revision int64    `json:"menu_revision" doc:"send both back with a release, to be told when somebody changed a draft since"`
		Seen     string   `json:"replies_seen"`
	}
}

func (d *Door) releaseDesk(ctx context.Context, _ *struct{}) (*releaseDeskOut, error) {
	desk, err := d.Releases.Desk(ctx)
	if err != nil {
		return nil, err
	}
	out := &releaseDeskOut{}
	b := &out.Body
	b.Menu, b.Replies, b.Faults, b.Revision, b.Seen = append([]string{}, desk.Menu...), append([]string{}, desk.Rules...), append([]string{}, desk.Faults...), desk.Revision, desk.Seen
	return out, nil
}

func (d *Door) listReleases(ctx context.Context, in *PageIn) (*releasesOut, error) {
	return page(in, "releases", func(before int64, limit int) ([]publishedTogether, error) {
		all, err := d.Releases.History(ctx, before, limit)
		return viewReleases(all), err
	}, func(r publishedTogether) int64 { return r.ID }, func(p respond.Page[publishedTogether]) *releasesOut { return &releasesOut{p} })
}

type waitingReleasesOut struct {
	Body struct {
		Items []publishedTogether `json:"items"`
	}
}

func (d *Door) waitingReleases(ctx context.Context, _ *struct{}) (*waitingReleasesOut, error) {
	all, err := d.Releases.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	out := &waitingReleasesOut{}
	out.Body.Items = viewReleases(all)
	return out, nil
}

func (d *Door) makeRelease(ctx context.Context, in *struct {
	Body struct {
		Note     string     `json:"note,omitempty" maxLength:"1000"`
		At       *time.Time `json:"at,omitempty" doc:"absent: at once"`
		Revision *int64     `json:"menu_revision,omitempty" doc:"of the drafts that were looked at; others are not published"`
		Seen     string     `json:"replies_seen,omitempty" maxLength:"64"`
	}
}) (*releaseOut, error) {
	r, err := d.Releases.Make(ctx, OperatorFrom(ctx), in.Body.At, in.Body.Note, release.Seen{Menu: in.Body.Revision, Rules: in.Body.Seen})
	if err != nil {
		return nil, err
	}
	return &releaseOut{viewRelease(r)}, nil
}

func (d *Door) changeRelease(ctx context.Context, in *struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Note     string    `json:"note,omitempty" maxLength:"1000"`
		At       time.Time `json:"at"`
		Revision int64     `json:"revision"`
	}
}) (*releaseOut, error) {
	r, err := d.Releases.Change(ctx, OperatorFrom(ctx), in.ID, in.Body.Revision, in.Body.At, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &releaseOut{viewRelease(r)}, nil
}

type droppedOut struct {
	Body struct {
		Left []string `json:"left" doc:"what was not laid on the desk again, because somebody wrote on it since"`
	}
}

func (d *Door) dropRelease(ctx context.Context, in *struct {
	ID       int64 `path:"id" minimum:"1"`
	Revision int64 `query:"revision" required:"true"`
}) (*droppedOut, error) {
	left, err := d.Releases.Drop(ctx, OperatorFrom(ctx), in.ID, in.Revision)
	if err != nil {
		return nil, err
	}
	out := &droppedOut{}
	out.Body.Left = append([]string{}, left...)
	return out, nil
}

type releaseBackOut struct {
	Body struct {
		Words []string `json:"words"`
	}
}

func (d *Door) releaseBack(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*releaseBackOut, error) {
	words, err := d.Releases.Back(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &releaseBackOut{}
	out.Body.Words = words
	return out, nil
}

func (d *Door) restoreRelease(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
	NoteIn
}) (*releaseOut, error) {
	r, err := d.Releases.Restore(ctx, OperatorFrom(ctx), in.ID, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &releaseOut{viewRelease(r)}, nil
}
