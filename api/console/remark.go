package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/remark"
)

func (d *Door) registerRemark(api huma.API) {
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: what, Tags: []string{"remarks"}, MaxBodyBytes: 16 << 10}
	}
	remove := op("deleteRemark", "DELETE", "/remarks/{id}", "Take a comment away for good")
	remove.DefaultStatus = http.StatusNoContent
	verb(d, api, model.RightRead, op("remarks", "GET", "/remarks", "What learners wrote under courses (评论), the newest first"), d.remarks)
	verb(d, api, model.RightRead, op("remarkSetting", "GET", "/remark-setting", "When comments are looked at"), d.remarkSetting)
	verb(d, api, model.RightEdit, op("changeRemarkSetting", "PUT", "/remark-setting", "Say when comments are looked at"), d.changeRemarkSetting)
	verb(d, api, model.RightEdit, op("showRemark", "POST", "/remarks/{id}/show", "Let a comment be seen"), d.showRemark)
	verb(d, api, model.RightEdit, op("refuseRemark", "POST", "/remarks/{id}/refuse", "Keep a comment from being seen"), d.refuseRemark)
	verb(d, api, model.RightEdit, op("pinRemark", "PUT", "/remarks/{id}/pinned", "Put a comment first, or take it from there"), d.pinRemark)
	verb(d, api, model.RightEdit, op("replyRemark", "PUT", "/remarks/{id}/reply", "Answer a comment; empty: take the answer away"), d.replyRemark)
	verb(d, api, model.RightEdit, remove, d.deleteRemark)
}

type remarkBody struct {
	ID          int64             `json:"id"`
	CourseID    int64             `json:"course_id"`
	CourseTitle string            `json:"course_title"`
	LessonID    int64             `json:"lesson_id" doc:"0: under the course"`
	LearnerID   int64             `json:"learner_id"`
	Content     string            `json:"content"`
	State       model.RemarkState `json:"state" enum:"checking,waiting,shown,refused"`
	Why         string            `json:"why" doc:"why it is refused, or has to be looked at"`
	Pinned      bool              `json:"pinned"`
	Answer      string            `json:"answer"`
	AnsweredBy  string            `json:"answered_by"`
	AnsweredAt  *time.Time        `json:"answered_at" nullable:"true"`
	ReviewedBy  string            `json:"reviewed_by"`
	At          time.Time         `json:"at"`
}

func viewRemark(r model.Remark, title string) remarkBody {
	return remarkBody{ID: r.ID, CourseID: r.CourseID, CourseTitle: title, LessonID: r.LessonID, LearnerID: r.LearnerID, Content: r.Content, State: r.State, Why: r.Why, Pinned: r.Pinned,
		Answer: r.Answer, AnsweredBy: r.AnsweredBy, AnsweredAt: r.AnsweredAt, ReviewedBy: r.ReviewedBy, At: r.CreatedAt.UTC()}
}

type (
	remarkOut  struct{ Body remarkBody }
	remarksOut struct{ Body respond.Page[remarkBody] }
)

func (d *Door) remarks(ctx context.Context, in *struct {
	PageIn
	CourseID int64  `query:"course_id" minimum:"0" maximum:"9007199254740991"`
	State    string `query:"state" enum:"checking,waiting,shown,refused"`
}) (*remarksOut, error) {
	return page(&in.PageIn, fmt.Sprintf("remarks %d %s", in.CourseID, in.State), func(before int64, limit int) ([]remarkBody, error) {
		all, err := d.Remarks.List(ctx, remark.Filter{CourseID: in.CourseID, State: model.RemarkState(in.State), Before: before, Limit: limit})
		if err != nil {
			return nil, err
		}
		ids := make([]int64, 0, len(all))
		for _, r := range all {
			ids = append(ids, r.CourseID)
		}
		named, err := d.Courses.Named(ctx, ids)
		out := make([]remarkBody, 0, len(all))
		for _, r := range all {
			out = append(out, viewRemark(r, named[r.CourseID].Title))
		}
		return out, err
	}, func(r remarkBody) int64 { return r.ID }, func(p respond.Page[remarkBody]) *remarksOut { return &remarksOut{p} })
}

type remarkSettingOut struct {
	Body struct {
		How model.RemarkHow `json:"how" enum:"first,after,off" doc:"first: shown once an operator let it; after: as soon as WeChat's check passed; off: nobody may write"`
	}
}

func (d *Door) remarkSetting(ctx context.Context, _ *struct{}) (*remarkSettingOut, error) {
	how, err := d.Remarks.How(ctx)
	out := &remarkSettingOut{}
	out.Body.How = how
	return out, err
}

func (d *Door) changeRemarkSetting(ctx context.Context, in *struct {
	Body struct {
		How model.RemarkHow `json:"how" enum:"first,after,off"`
	}
}) (*remarkSettingOut, error) {
	if err := d.Remarks.SetHow(ctx, OperatorFrom(ctx), in.Body.How); err != nil {
		return nil, err
	}
	return d.remarkSetting(ctx, nil)
}

func (d *Door) remarkAnswer(ctx context.Context, r model.Remark, err error) (*remarkOut, error) {
	if err != nil {
		return nil, err
	}
	named, err := d.Courses.Named(ctx, []int64{r.CourseID})
	return &remarkOut{viewRemark(r, named[r.CourseID].Title)}, err
}

func (d *Door) showRemark(ctx context.Context, in *struct {
	IDPath
	Body *struct{} `required:"false"`
}) (*remarkOut, error) {
	r, err := d.Remarks.Show(ctx, OperatorFrom(ctx), in.ID)
	return d.remarkAnswer(ctx, r, err)
}

func (d *Door) refuseRemark(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Reason string `json:"reason" maxLength:"1000" doc:"its writer reads it"`
	}
}) (*remarkOut, error) {
	r, err := d.Remarks.Refuse(ctx, OperatorFrom(ctx), in.ID, in.Body.Reason)
	return d.remarkAnswer(ctx, r, err)
}

func (d *Door) pinRemark(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Pinned bool `json:"pinned"`
	}
}) (*remarkOut, error) {
	r, err := d.Remarks.Pin(ctx, OperatorFrom(ctx), in.ID, in.Body.Pinned)
	return d.remarkAnswer(ctx, r, err)
}

func (d *Door) replyRemark(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Content string `json:"content" maxLength:"4000"`
	}
}) (*remarkOut, error) {
	r, err := d.Remarks.Reply(ctx, OperatorFrom(ctx), in.ID, in.Body.Content)
	return d.remarkAnswer(ctx, r, err)
}

func (d *Door) deleteRemark(ctx context.Context, in *IDPath) (*struct{}, error) {
	return nil, d.Remarks.Delete(ctx, OperatorFrom(ctx), in.ID)
}
