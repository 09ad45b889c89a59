package console

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerJob(api huma.API) {
	tags := []string{"jobs"}
	verb(d, api, model.RightRead, huma.Operation{OperationID: "listJobs", Method: "GET", Path: "/console/v1/jobs", Summary: "Work to do after a commit: waiting, running, dead", Tags: tags}, d.listJobs)
	verb(d, api, model.RightEdit, huma.Operation{OperationID: "retryJob", Method: "POST", Path: "/console/v1/jobs/{id}/retry", Summary: "Let a dead job run again", Tags: tags, DefaultStatus: http.StatusNoContent}, d.retryJob)
}

type jobBody struct {
	ID        int64          `json:"id"`
	Kind      string         `json:"kind"`
	Key       string         `json:"key"`
	Status    model.JobState `json:"status" enum:"waiting,running,dead"`
	Tries     int            `json:"tries"`
	LastError string         `json:"last_error"`
	RunAt     time.Time      `json:"run_at"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// viewJob leaves the payload out: it may hold what only the job needs.
func viewJob(j model.Job) jobBody {
	return jobBody{ID: j.ID, Kind: j.Kind, Key: j.JobKey, Status: j.State, Tries: j.Attempts, LastError: j.LastError, RunAt: j.RunAt, CreatedAt: j.CreatedAt, UpdatedAt: j.UpdatedAt}
}

type jobsOut struct{ Body respond.Page[jobBody] }

func (d *Door) listJobs(ctx context.Context, in *struct {
	Paging
	Status string `query:"status" enum:"waiting,running,dead"`
}) (*jobsOut, error) {
	scope := "jobs " + in.Status
	before, err := respond.FromPageToken(scope, in.PageToken)
	if err != nil {
		return nil, err
	}
	rows, err := d.Jobs.List(ctx, model.JobState(in.Status), before, in.PageSize+1)
	if err != nil {
		return nil, err
	}
	return &jobsOut{Body: pageOf(rows, in.PageSize, scope, func(j model.Job) int64 { return j.ID }, viewJob)}, nil
}

func (d *Door) retryJob(ctx context.Context, in *struct {
	ID int64 `path:"id" minimum:"1"`
}) (*struct{}, error) {
	by := OperatorFrom(ctx)
	entry := model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "job.retry", Object: "job", ObjectID: strconv.FormatInt(in.ID, 10)}
	return nil, d.Operators.Audited(ctx, entry, func(tx *gorm.DB) error { return d.Jobs.Retry(tx, in.ID) })
}
