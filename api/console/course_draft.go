package console

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/course"
)

func (d *Door) registerCourseDraft(api huma.API) {
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1/courses/{id}" + path, Summary: what, Tags: []string{"courses"}}
	}
	drop := op("dropCourseDraft", "DELETE", "/draft", "Throw the draft away; the course stays as it is")
	drop.DefaultStatus = http.StatusNoContent
	verb(d, api, model.RightEdit, op("beginCourseDraft", "POST", "/draft", "Copy a published course to be edited aside, as a course of its own number; the draft there is, if any"), d.beginCourseDraft)
	verb(d, api, model.RightRead, op("courseDraft", "GET", "/draft", "How the draft differs from what is live, in words"), d.courseDraft)
	verb(d, api, model.RightEdit, drop, d.dropCourseDraft)
	verb(d, api, model.RightEdit, op("publishCourseDraft", "POST", "/draft/publish", "Put the draft live; the lessons keep their numbers, and learners their progress"), d.publishCourseDraft)
	verb(d, api, model.RightRead, op("courseVersions", "GET", "/versions", "Published versions, the newest first"), d.courseVersions)
	verb(d, api, model.RightEdit, op("restoreCourse", "POST", "/versions/{n}/restore", "Put version n live again, as a new version; price and refund rule stay"), d.restoreCourse)
}

func (d *Door) beginCourseDraft(ctx context.Context, in *movedCourse) (*courseOut, error) {
	c, err := d.Courses.BeginDraft(ctx, OperatorFrom(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return d.wholeCourse(ctx, c.ID)
}

type courseDraftOut struct {
	Body struct {
		ID          int64     `json:"id" doc:"the draft's own, by which it is edited"`
		Seen        string    `json:"seen" doc:"send it back on publishing"`
		Changes     []string  `json:"changes" doc:"against what is live"`
		LiveChanged bool      `json:"live_changed" doc:"the live course was changed since the draft was begun"`
		UpdatedBy   string    `json:"updated_by"`
		UpdatedAt   time.Time `json:"updated_at"`
	}
}

func (d *Door) courseDraft(ctx context.Context, in *IDPath) (*courseDraftOut, error) {
	s, err := d.Courses.Draft(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &courseDraftOut{}
	b := &out.Body
	b.ID, b.Seen, b.Changes, b.LiveChanged, b.UpdatedBy, b.UpdatedAt = s.ID, s.Seen, s.Changes, s.LiveChanged, s.UpdatedBy, s.UpdatedAt
	return out, nil
}

func (d *Door) dropCourseDraft(ctx context.Context, in *IDPath) (*struct{}, error) {
	return nil, d.Courses.DropDraft(ctx, OperatorFrom(ctx), in.ID)
}

func viewCourseVersion(v course.Version) VersionBody {
	return VersionBody{Version: v.Version, Note: v.Note, RestoredFrom: v.RestoredFrom, Diff: v.Diff, By: v.By, At: v.At, Live: v.Live}
}

func (d *Door) publishCourseDraft(ctx context.Context, in *struct {
	IDPath
	Body struct {
		Note string `json:"note,omitempty" maxLength:"1000"`
		Seen string `json:"seen" maxLength:"64" doc:"as the draft was read; another state is not published"`
	}
}) (*versionOut, error) {
	v, err := d.Courses.PublishDraft(ctx, OperatorFrom(ctx), in.ID, in.Body.Note, in.Body.Seen)
	if err != nil {
		return nil, err
	}
	return &versionOut{viewCourseVersion(v)}, nil
}

func (d *Door) courseVersions(ctx context.Context, in *struct {
	IDPath
	PageIn
}) (*versionsOut, error) {
	return page(&in.PageIn, "course_versions", func(before int64, limit int) ([]VersionBody, error) {
		all, err := d.Courses.Versions(ctx, in.ID, before, limit)
		out := make([]VersionBody, 0, len(all))
		for _, v := range all {
			out = append(out, viewCourseVersion(v))
		}
		return out, err
	}, func(v VersionBody) int64 { return v.Version }, func(p respond.Page[VersionBody]) *versionsOut { return &versionsOut{p} })
}

func (d *Door) restoreCourse(ctx context.Context, in *struct {
	IDPath
	N int64 `path:"n" minimum:"1"`
	NoteIn
}) (*versionOut, error) {
	v, err := d.Courses.Restore(ctx, OperatorFrom(ctx), in.ID, in.N, in.Body.Note)
	if err != nil {
		return nil, err
	}
	return &versionOut{viewCourseVersion(v)}, nil
}
