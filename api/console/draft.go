package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/draft"
)

func (d *Door) registerDraft(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/" + path, Summary: summary, Tags: []string{"drafts"}}
	}
	remove := op("deleteDraft", "DELETE", "drafts/{id}", "Take a draft out of WeChat's box, or what was published from it off the account for good")
	remove.DefaultStatus = http.StatusNoContent
	verb(d, api, model.RightRead, op("listDrafts", "GET", "drafts", "Our articles at WeChat: in the draft box, published, sent"), d.listDrafts)
	verb(d, api, model.RightEdit, op("pushDraft", "POST", "articles/{id}/draft", "Put an article into WeChat's draft box, or bring the draft up to date"), d.pushDraft)
	verb(d, api, model.RightEdit, op("publishDraft", "POST", "drafts/{id}/publish", "Publish a draft without telling the followers"), d.publishDraft)
	verb(d, api, model.RightEdit, op("askDraft", "POST", "drafts/{id}/ask", "Ask WeChat how the publication goes"), d.askDraft)
	verb(d, api, model.RightEdit, remove, d.deleteDraft)
}

type draftBody struct {
	ID        int64            `json:"id"`
	ArticleID int64            `json:"article_id"`
	Title     string           `json:"title"`
	State     model.DraftState `json:"state" enum:"in_box,publishing,published,failed,sending,sent,deleted"`
	Stale     bool             `json:"stale" doc:"the article was changed since it was put there"`
	URL       string           `json:"url" doc:"where readers find it"`
	MsgDataID string           `json:"msg_data_id"`
	Error     string           `json:"error" doc:"what went wrong last, in words"`
	By        string           `json:"by"`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
}

type draftOut struct{ Body draftBody }

type draftsOut struct{ Body respond.Page[draftBody] }

func viewDraft(x model.Draft, hash string) draftBody {
	return draftBody{ID: x.ID, ArticleID: x.ArticleID, Title: x.Title, State: x.State, Stale: hash != "" && hash != x.ArticleHash && (x.State == model.DraftInBox || x.State == model.DraftFailed),
		URL: x.URL, MsgDataID: x.MsgDataID, Error: x.LastError, By: x.OperatorName, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt}
}

func (d *Door) draftAnswer(ctx context.Context, x model.Draft, err error) (*draftOut, error) {
	if err != nil {
		return nil, err
	}
	hashes, err := d.Articles.Hashes(ctx, []int64{x.ArticleID})
	if err != nil {
		return nil, err
	}
	return &draftOut{viewDraft(x, hashes[x.ArticleID])}, nil
}

func (d *Door) listDrafts(ctx context.Context, in *struct {
	Paging
	ArticleID int64 `query:"article_id" minimum:"1"`
	InBox     bool  `query:"in_box" doc:"only what can be published or sent now"`
}) (*draftsOut, error) {
	scope := "drafts"
	if in.InBox {
		scope += " box"
	}
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Drafts.List(ctx, draft.Filter{ArticleID: in.ArticleID, InBox: in.InBox}, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ArticleID)
	}
	hashes, err := d.Articles.Hashes(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &draftsOut{Body: pageOf(rows, in.PageSize, scope, func(x model.Draft) int64 { return x.ID }, func(x model.Draft) draftBody { return viewDraft(x, hashes[x.ArticleID]) })}, nil
}

func (d *Door) pushDraft(ctx context.Context, in *struct {
	ArticleID
	Body struct {
		Comments bool `json:"comments,omitempty" doc:"readers may comment"`
		FansOnly bool `json:"fans_only,omitempty" doc:"followers alone may"`
	}
}) (*draftOut, error) {
	x, err := d.Drafts.Push(ctx, OperatorFrom(ctx), in.ID, draft.Options{Comments: in.Body.Comments, FansOnly: in.Body.FansOnly})
	return d.draftAnswer(ctx, x, err)
}

func (d *Door) publishDraft(ctx context.Context, in *ArticleID) (*draftOut, error) {
	x, err := d.Drafts.Publish(ctx, OperatorFrom(ctx), in.ID)
	return d.draftAnswer(ctx, x, err)
}

func (d *Door) askDraft(ctx context.Context, in *ArticleID) (*draftOut, error) {
	x, err := d.Drafts.Ask(ctx, in.ID)
	return d.draftAnswer(ctx, x, err)
}

func (d *Door) deleteDraft(ctx context.Context, in *ArticleID) (*struct{}, error) {
	return nil, d.Drafts.Delete(ctx, OperatorFrom(ctx), in.ID)
}
