package mini

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/limit"
)

func (d *Door) registerRemark(api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniRemarks", Method: "GET", Path: "/mini/v1/courses/{id}/remarks", Summary: "Comments (评论) under a course, the newest first; the first page has the pinned ones and the learner's own that are not shown"}, d.remarks)
	verb(d, api, huma.Operation{OperationID: "miniWriteRemark", Method: "POST", Path: "/mini/v1/courses/{id}/remarks", Summary: "Write a comment under an owned course; WeChat's content check follows", DefaultStatus: http.StatusCreated}, d.writeRemark)
	verb(d, api, huma.Operation{OperationID: "miniWithdrawRemark", Method: "DELETE", Path: "/mini/v1/remarks/{id}", Summary: "Delete one's own comment", DefaultStatus: http.StatusNoContent}, d.withdrawRemark)
}

// remarksPerLearner bounds what one learner writes, and what is asked of WeChat for them.
var remarksPerLearner = limit.Rate{N: 20, Per: time.Hour, Burst: 5}

type remarkBody struct {
	ID         int64             `json:"id"`
	LessonID   int64             `json:"lesson_id,omitempty" doc:"absent: under the course"`
	Content    string            `json:"content"`
	State      model.RemarkState `json:"state" enum:"checking,waiting,shown,refused"`
	Why        string            `json:"why,omitempty" doc:"of a refused one, to its writer"`
	Mine       bool              `json:"mine"`
	Pinned     bool              `json:"pinned"`
	Answer     string            `json:"answer,omitempty" doc:"ours"`
	AnsweredAt *time.Time        `json:"answered_at,omitempty"`
	At         time.Time         `json:"at"`
}

func viewRemark(who model.Caller, r model.Remark) remarkBody {
	b := remarkBody{ID: r.ID, LessonID: r.LessonID, Content: r.Content, State: r.State, Mine: r.LearnerID == who.LearnerID, Pinned: r.Pinned, Answer: r.Answer, AnsweredAt: r.AnsweredAt, At: r.CreatedAt.UTC()}
	if r.State == model.RemarkRefused {
		b.Why = r.Why
	}
	return b
}

func viewRemarks(who model.Caller, rs []model.Remark) []remarkBody {
	out := make([]remarkBody, 0, len(rs))
	for _, r := range rs {
		out = append(out, viewRemark(who, r))
	}
	return out
}

type (
	remarkOut  struct{ Body remarkBody }
	remarksOut struct {
		Body struct {
			Open   bool         `json:"open" doc:"comments may be written by who has the course"`
			Pinned []remarkBody `json:"pinned"`
			Own    []remarkBody `json:"own" doc:"the learner's that others do not see"`
			respond.Page[remarkBody]
		}
	}
)

func (d *Door) remarks(ctx context.Context, in *struct {
	IDPath
	LessonID  int64  `query:"lesson_id" minimum:"0" maximum:"9007199254740991" doc:"only those under this lesson"`
	PageSize  int    `query:"page_size" minimum:"1" maximum:"100" default:"20"`
	PageToken string `query:"page_token" maxLength:"200"`
}) (*remarksOut, error) {
	scope := fmt.Sprintf("remarks %d %d", in.ID, in.LessonID)
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	who := CallerFrom(ctx)
	seen, err := d.Remarks.Read(ctx, who, in.ID, in.LessonID, before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(seen.Items) > in.PageSize {
		seen.Items = seen.Items[:in.PageSize]
		next = respond.PageToken(scope, seen.Items[in.PageSize-1].ID)
	}
	out := &remarksOut{}
	out.Body.Open, out.Body.Pinned, out.Body.Own = seen.Open, viewRemarks(who, seen.Pinned), viewRemarks(who, seen.Own)
	out.Body.Page = respond.NewPage(viewRemarks(who, seen.Items), next)
	return out, nil
}

func (d *Door) writeRemark(ctx context.Context, in *struct {
	IDPath
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"64" pattern:"^[!-~]+$"`
	Body struct {
		_        struct{} `additionalProperties:"true"`
		Content  string   `json:"content" maxLength:"4000"`
		LessonID int64    `json:"lesson_id,omitempty" minimum:"0" maximum:"9007199254740991"`
	}
}) (*remarkOut, error) {
	who := CallerFrom(ctx)
	if wait, ok := d.Limits.Allow(ctx, "remark:"+strconv.FormatInt(who.LearnerID, 10), remarksPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	r, err := d.Remarks.Write(ctx, who, in.Key, in.ID, in.Body.LessonID, in.Body.Content)
	if err != nil {
		return nil, err
	}
	return &remarkOut{viewRemark(who, r)}, nil
}

func (d *Door) withdrawRemark(ctx context.Context, in *IDPath) (*struct{}, error) {
	return nil, d.Remarks.Withdraw(ctx, CallerFrom(ctx), in.ID)
}
