package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/article"
)

func (d *Door) registerArticle(api huma.API) {
	tags := []string{"articles"}
	const list, one = "/console/v1/articles", "/console/v1/articles/{id}"
	const body = 2 << 20
	verb(d, api, model.RightRead, huma.Operation{OperationID: "listArticles", Method: "GET", Path: list, Summary: "Articles", Tags: tags}, d.listArticles)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "createArticle", Method: "POST", Path: list, Summary: "Add an article", Tags: tags, DefaultStatus: http.StatusCreated, MaxBodyBytes: body}, d.createArticle)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "getArticle", Method: "GET", Path: one, Summary: "One article with its content and confirmations", Tags: tags}, d.getArticle)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "saveArticle", Method: "PUT", Path: one, Summary: "Save an article", Tags: tags, MaxBodyBytes: body}, d.saveArticle)
	verb(d, api, model.RightConfirm, huma.Operation{OperationID: "confirmArticle", Method: "POST", Path: one + "/confirm", Summary: "Say yes to the content it has now", Tags: tags}, d.confirmArticle)
	verb(d, api, model.RightConfirm, huma.Operation{OperationID: "returnArticle", Method: "POST", Path: one + "/return", Summary: "Send it back to its writer with a word", Tags: tags}, d.returnArticle)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "publishArticle", Method: "POST", Path: one + "/publish", Summary: "Publish", Tags: tags}, d.publishArticle)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "unpublishArticle", Method: "POST", Path: one + "/unpublish", Summary: "Take back", Tags: tags}, d.unpublishArticle)
	verb(d, api, model.RightRead, huma.Operation{OperationID: "previewArticle", Method: "GET", Path: one + "/preview", Summary: "The cleaned content as a page for a sandboxed frame", Tags: tags}, d.previewArticle)
}

type articleInput struct {
	Title      string     `json:"title" maxLength:"200"`
	URL        string     `json:"url,omitempty" maxLength:"2000"`
	Digest     string     `json:"digest,omitempty" maxLength:"1000"`
	Author     string     `json:"author,omitempty" maxLength:"200"`
	Cover      *string    `json:"cover,omitempty" maxLength:"2000"`
	Content    *string    `json:"content,omitempty" doc:"公众号 HTML; cleaned by an allow-list before it is kept. Left out: as it is, like cover, column and goal"`
	CourseID   *int64     `json:"course_id,omitempty" minimum:"1" maximum:"9007199254740991" nullable:"true"`
	Column     *string    `json:"column,omitempty" maxLength:"200" doc:"栏目"`
	PlannedAt  *time.Time `json:"planned_at,omitempty" nullable:"true"`
	Goal       *string    `json:"goal,omitempty" maxLength:"500" doc:"fixed at publishing"`
	WindowDays int        `json:"window_days,omitempty" minimum:"1" maximum:"90" doc:"fixed at publishing; 7 unless said"`
	Status     string     `json:"status,omitempty" enum:"idea,draft,layout,waiting"`
	Version    int64      `json:"version,omitempty" minimum:"1" doc:"the version that was changed; another one in the house is 409"`
}

func (in articleInput) read() article.Input {
	return article.Input{Title: in.Title, URL: in.URL, Digest: in.Digest, Author: in.Author, Cover: in.Cover, Content: in.Content, CourseID: in.CourseID,
		ColumnName: in.Column, PlannedAt: in.PlannedAt, Goal: in.Goal, WindowDays: in.WindowDays, State: model.ArticleState(in.Status), Version: in.Version}
}

// ArticleBody is an article without its content. It is exported because the document leaves out the fields of
// an embedded type that is not.
type ArticleBody struct {
	ID          int64              `json:"id"`
	Title       string             `json:"title"`
	URL         string             `json:"url"`
	Digest      string             `json:"digest"`
	Author      string             `json:"author"`
	Cover       string             `json:"cover"`
	CourseID    *int64             `json:"course_id"`
	CourseTitle string             `json:"course_title"`
	Column      string             `json:"column"`
	PlannedAt   *time.Time         `json:"planned_at"`
	Goal        string             `json:"goal"`
	WindowDays  int                `json:"window_days"`
	Status      model.ArticleState `json:"status" enum:"idea,draft,layout,waiting,confirmed,published"`
	Version     int64              `json:"version"`
	CreatedBy   string             `json:"created_by"`
	UpdatedBy   string             `json:"updated_by"`
	PublishedBy string             `json:"published_by"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
	PublishedAt *time.Time         `json:"published_at"`
}

func viewArticle(a model.Article, titles map[int64]string) ArticleBody {
	b := ArticleBody{ID: a.ID, Title: a.Title, URL: a.URL, Digest: a.Digest, Author: a.Author, Cover: a.Cover, CourseID: a.CourseID, Column: a.ColumnName, PlannedAt: a.PlannedAt,
		Goal: a.Goal, WindowDays: a.WindowDays, Status: a.State, Version: a.Version, CreatedBy: a.CreatedBy, UpdatedBy: a.UpdatedBy, PublishedBy: a.PublishedBy,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, PublishedAt: a.PublishedAt}
	if a.CourseID != nil {
		b.CourseTitle = titles[*a.CourseID]
	}
	return b
}

type confirmationBody struct {
	Operator  string    `json:"operator"`
	Version   int64     `json:"version"`
	Comment   string    `json:"comment"`
	CreatedAt time.Time `json:"created_at"`
}

type articleWhole struct {
	ArticleBody
	Content       string             `json:"content"`
	Confirmations []confirmationBody `json:"confirmations" doc:"of the content it has now"`
	Needed        int                `json:"confirmations_needed" doc:"0 while the rule of two people is not in force"`
}

type articleOut struct{ Body articleWhole }

func (d *Door) articleAnswer(ctx context.Context, v article.View, err error) (*articleOut, error) {
	if err != nil {
		return nil, err
	}
	titles, err := d.Articles.Titles(ctx, v.Article)
	if err != nil {
		return nil, err
	}
	out := &articleOut{Body: articleWhole{ArticleBody: viewArticle(v.Article, titles), Content: v.Content, Confirmations: []confirmationBody{}, Needed: v.Needed}}
	for _, c := range v.Confirmations {
		out.Body.Confirmations = append(out.Body.Confirmations, confirmationBody{Operator: c.OperatorName, Version: c.Version, Comment: c.Comment, CreatedAt: c.CreatedAt})
	}
	return out, nil
}

type articlesOut struct{ Body respond.Page[ArticleBody] }

func (d *Door) listArticles(ctx context.Context, in *struct {
	Paging
	Status   string `query:"status" enum:"idea,draft,layout,waiting,confirmed,published"`
	Q        string `query:"q" maxLength:"100" doc:"a word of the title"`
	CourseID int64  `query:"course_id" minimum:"1"`
}) (*articlesOut, error) {
	f := article.Filter{State: model.ArticleState(in.Status), Word: in.Q, CourseID: in.CourseID}
	scope := "articles " + in.Status + "\x00" + in.Q
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Articles.List(ctx, f, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	titles, err := d.Articles.Titles(ctx, rows...)
	if err != nil {
		return nil, err
	}
	view := func(a model.Article) ArticleBody { return viewArticle(a, titles) }
	return &articlesOut{Body: pageOf(rows, in.PageSize, scope, func(a model.Article) int64 { return a.ID }, view)}, nil
}

func (d *Door) createArticle(ctx context.Context, in *struct{ Body articleInput }) (*articleOut, error) {
	v, err := d.Articles.Create(ctx, OperatorFrom(ctx), in.Body.read())
	return d.articleAnswer(ctx, v, err)
}

// ArticleID is the path of one article.
type ArticleID struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

func (d *Door) getArticle(ctx context.Context, in *ArticleID) (*articleOut, error) {
	v, err := d.Articles.Get(ctx, in.ID)
	return d.articleAnswer(ctx, v, err)
}

func (d *Door) saveArticle(ctx context.Context, in *struct {
	ArticleID
	Body articleInput
}) (*articleOut, error) {
	v, err := d.Articles.Save(ctx, OperatorFrom(ctx), in.ID, in.Body.read())
	return d.articleAnswer(ctx, v, err)
}

// articleStep is the body of confirm, return, publish and unpublish; it may be left out.
type articleStep struct {
	ArticleID
	Body *struct {
		Version int64  `json:"version,omitempty" minimum:"1" doc:"the version looked at; another one in the house is 409"`
		Comment string `json:"comment,omitempty" maxLength:"500"`
	}
}

func (in *articleStep) read() (version int64, comment string) {
	if in.Body == nil {
		return 0, ""
	}
	return in.Body.Version, in.Body.Comment
}

func (d *Door) confirmArticle(ctx context.Context, in *articleStep) (*articleOut, error) {
	version, comment := in.read()
	v, err := d.Articles.Confirm(ctx, OperatorFrom(ctx), in.ID, version, comment)
	return d.articleAnswer(ctx, v, err)
}

func (d *Door) returnArticle(ctx context.Context, in *articleStep) (*articleOut, error) {
	version, comment := in.read()
	v, err := d.Articles.Return(ctx, OperatorFrom(ctx), in.ID, version, comment)
	return d.articleAnswer(ctx, v, err)
}

func (d *Door) publishArticle(ctx context.Context, in *articleStep) (*articleOut, error) {
	version, _ := in.read()
	v, err := d.Articles.Publish(ctx, OperatorFrom(ctx), in.ID, version)
	return d.articleAnswer(ctx, v, err)
}

func (d *Door) unpublishArticle(ctx context.Context, in *articleStep) (*articleOut, error) {
	version, _ := in.read()
	v, err := d.Articles.Unpublish(ctx, OperatorFrom(ctx), in.ID, version)
	return d.articleAnswer(ctx, v, err)
}

// previewArticle answers a page that may show its own styles and nothing else: no script, no form, no
// picture from elsewhere, and no way out of its frame.
func (d *Door) previewArticle(ctx context.Context, in *ArticleID) (*huma.StreamResponse, error) {
	v, err := d.Articles.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		c.Header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'")
		c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(`<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>预览</title></head><body>`+v.Content+`</body></html>`))
	}}, nil
}
