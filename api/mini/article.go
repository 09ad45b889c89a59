package mini

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerArticle(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniArticles", Method: "GET", Path: "/mini/v1/articles", Summary: "Published articles, the latest first"}, d.articles)
	verb(d, api, huma.Operation{OperationID: "miniArticle", Method: "GET", Path: "/mini/v1/articles/{id}", Summary: "A published article"}, d.article)
}

// ArticleCard is an article in a list. It is exported because the document leaves out fields of an embedded
// type that is not.
type ArticleCard struct {
	ID          int64      `json:"id"`
	Title       string     `json:"title"`
	Digest      string     `json:"digest"`
	Author      string     `json:"author"`
	Cover       string     `json:"cover" doc:"address a phone can load; may be empty"`
	URL         string     `json:"url" doc:"the article at WeChat; may be empty"`
	CourseID    *int64     `json:"course_id,omitempty" doc:"where its card leads"`
	PublishedAt *time.Time `json:"published_at,omitempty"`
}

func (d *Door) viewArticle(a model.Article) ArticleCard {
	return ArticleCard{ID: a.ID, Title: a.Title, Digest: a.Digest, Author: a.Author, Cover: d.Media.Public(a.Cover), URL: a.URL, CourseID: a.CourseID, PublishedAt: a.PublishedAt}
}

type articlesOut struct{ Body respond.Page[ArticleCard] }

func (d *Door) articles(ctx context.Context, in *struct {
	PageSize  int    `query:"page_size" default:"20" minimum:"1" maximum:"50"`
	PageToken string `query:"page_token" maxLength:"64"`
}) (*articlesOut, error) {
	const scope = "mini.articles"
	after, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	list, err := d.Articles.Published(ctx, after, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	next := int64(0)
	if len(list) > in.PageSize {
		list = list[:in.PageSize]
		next = list[len(list)-1].ID
	}
	items := make([]ArticleCard, 0, len(list))
	for _, a := range list {
		items = append(items, d.viewArticle(a))
	}
	return &articlesOut{Body: respond.NewPage(items, respond.PageToken(scope, next))}, nil
}

type articleOut struct {
	Body struct {
		ArticleCard
		Content string `json:"content" doc:"HTML, cleaned"`
	}
}

func (d *Door) article(ctx context.Context, in *IDPath) (*articleOut, error) {
	a, err := d.Articles.PublishedOne(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &articleOut{}
	out.Body.ArticleCard, out.Body.Content = d.viewArticle(a), d.Media.SignHTML(a.Content)
	return out, nil
}
