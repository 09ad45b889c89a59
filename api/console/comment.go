package console

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerComment(api huma.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/articles/{id}/comments" + path, Summary: summary, Tags: []string{"comments"}, MaxBodyBytes: 16 << 10}
	}
	verb(d, api, model.RightRead, op("listComments", "GET", "", "What readers wrote under an article, as it was read from WeChat last"), d.listComments)
	verb(d, api, model.RightEdit, op("refreshComments", "POST", "/refresh", "Read an article's comments from WeChat"), d.refreshComments)
	verb(d, api, model.RightEdit, op("switchComments", "PUT", "/switch", "Open or close the comments of an article"), d.switchComments)
	verb(d, api, model.RightEdit, op("electComment", "PUT", "/{comment}/elected", "Pick a comment, or take the pick back"), d.electComment)
	verb(d, api, model.RightEdit, op("replyComment", "PUT", "/{comment}/reply", "Answer a comment"), d.replyComment)
	verb(d, api, model.RightEdit, op("unreplyComment", "DELETE", "/{comment}/reply", "Take our answer away"), d.unreplyComment)
	verb(d, api, model.RightEdit, op("deleteComment", "DELETE", "/{comment}", "Take a comment away for good"), d.deleteComment)
}

type commentBody struct {
	ID        int64      `json:"id"`
	OpenID    string     `json:"openid" doc:"masked"`
	Content   string     `json:"content"`
	Elected   bool       `json:"elected"`
	Reply     string     `json:"reply"`
	RepliedAt *time.Time `json:"replied_at"`
	At        time.Time  `json:"at"`
}

// ArticleComments names an article in a path.
type ArticleComments struct {
	ID int64 `path:"id" minimum:"1"`
}

// OneComment names a comment of an article in a path.
type OneComment struct {
	ArticleComments
	Comment int64 `path:"comment" minimum:"1"`
}

type threadBody struct {
	Out       bool       `json:"out" doc:"WeChat has told under which number the article went out; before, there are no comments"`
	Open      string     `json:"open" enum:"open,closed," doc:"as set here last; empty: never set here, as the draft said"`
	ChangedBy string     `json:"changed_by"`
	LastError string     `json:"last_error" doc:"why the last reading failed"`
	ReadAt    *time.Time `json:"read_at"`
	Total     int64      `json:"total"`
	Elected   int64      `json:"elected"`
	Answered  int64      `json:"answered"`
	ReplyMost int        `json:"reply_most" doc:"characters of an answer"`
}

type commentsOut struct {
	Body struct {
		respond.Page[commentBody]
		Thread threadBody `json:"thread"`
	}
}

func (d *Door) listComments(ctx context.Context, in *struct {
	ArticleComments
	Paging
	Kind string `query:"kind" enum:"elected,ordinary,unanswered" doc:"empty: all"`
}) (*commentsOut, error) {
	scope := fmt.Sprintf("console.comments\x00%d\x00%s", in.ID, in.Kind)
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	t, err := d.Comments.Thread(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := d.Comments.List(ctx, in.ID, in.Kind, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	out := &commentsOut{}
	out.Body.Page = pageOf(list, in.PageSize, scope, func(c model.Comment) int64 { return c.ID }, func(c model.Comment) commentBody {
		return commentBody{ID: c.ID, OpenID: c.OpenID.Masked(), Content: c.Content, Elected: c.Elected, Reply: c.Reply, RepliedAt: c.RepliedAt, At: c.CreatedAt}
	})
	out.Body.Thread = threadBody{Out: t.Out, Open: t.Open, ChangedBy: t.ChangedBy, LastError: t.LastError, ReadAt: t.ReadAt, Total: t.Total, Elected: t.Elected, Answered: t.Answered, ReplyMost: model.CommentReplyMost}
	return out, nil
}

func (d *Door) refreshComments(ctx context.Context, in *ArticleComments) (*struct{}, error) {
	return nil, d.Comments.Refresh(ctx, in.ID)
}

func (d *Door) switchComments(ctx context.Context, in *struct {
	ArticleComments
	Body struct {
		Open bool `json:"open"`
	}
}) (*struct{}, error) {
	return nil, d.Comments.Switch(ctx, OperatorFrom(ctx), in.ID, in.Body.Open)
}

func (d *Door) electComment(ctx context.Context, in *struct {
	OneComment
	Body struct {
		Elected bool `json:"elected"`
	}
}) (*struct{}, error) {
	return nil, d.Comments.Elect(ctx, OperatorFrom(ctx), in.ID, in.Comment, in.Body.Elected)
}

func (d *Door) replyComment(ctx context.Context, in *struct {
	OneComment
	Body struct {
		Content string `json:"content" maxLength:"1000"`
	}
}) (*struct{}, error) {
	return nil, d.Comments.Reply(ctx, OperatorFrom(ctx), in.ID, in.Comment, in.Body.Content)
}

func (d *Door) unreplyComment(ctx context.Context, in *OneComment) (*struct{}, error) {
	return nil, d.Comments.Unreply(ctx, OperatorFrom(ctx), in.ID, in.Comment)
}

func (d *Door) deleteComment(ctx context.Context, in *OneComment) (*struct{}, error) {
	return nil, d.Comments.Delete(ctx, OperatorFrom(ctx), in.ID, in.Comment)
}
