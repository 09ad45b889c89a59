package console

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
)

func (d *Door) registerCertificate(api huma.API) {
	op := func(id, method, path, what string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/console/v1" + path, Summary: what, Tags: []string{"courses"}}
	}
	verb(d, api, model.RightRead, op("courseCertificates", "GET", "/courses/{id}/certificates", "Certificates (结业证书) learners took, the newest first"), d.courseCertificates)
	verb(d, api, model.RightEdit, op("withdrawCertificate", "POST", "/certificates/{serial}/withdraw", "Make a certificate prove nothing any more"), d.withdrawCertificate)
	verb(d, api, model.RightEdit, op("reinstateCertificate", "POST", "/certificates/{serial}/reinstate", "Let a withdrawn certificate count again"), d.reinstateCertificate)
}

type certificateBody struct {
	ID           int64      `json:"id"`
	Serial       string     `json:"serial"`
	Name         string     `json:"name"`
	CourseTitle  string     `json:"course_title"`
	Lessons      int        `json:"lessons"`
	LearnerID    int64      `json:"learner_id"`
	URL          string     `json:"url" doc:"the page that proves it"`
	IssuedAt     time.Time  `json:"issued_at"`
	WithdrawnAt  *time.Time `json:"withdrawn_at" nullable:"true"`
	WithdrawnBy  string     `json:"withdrawn_by"`
	WithdrawnWhy string     `json:"withdrawn_why"`
}

func (d *Door) viewCertificate(c model.Certificate) certificateBody {
	return certificateBody{ID: c.ID, Serial: c.Serial, Name: c.Name, CourseTitle: c.CourseTitle, Lessons: c.Lessons, LearnerID: c.LearnerID, URL: d.Certificates.Address(c), IssuedAt: c.CreatedAt,
		WithdrawnAt: c.WithdrawnAt, WithdrawnBy: c.WithdrawnBy, WithdrawnWhy: c.WithdrawnWhy}
}

type certificateOut struct{ Body certificateBody }

type certificatesOut struct{ Body respond.Page[certificateBody] }

func (d *Door) courseCertificates(ctx context.Context, in *struct {
	IDPath
	PageIn
}) (*certificatesOut, error) {
	return page(&in.PageIn, "course_certificates", func(before int64, limit int) ([]certificateBody, error) {
		all, err := d.Certificates.OfCourse(ctx, in.ID, before, limit)
		out := make([]certificateBody, 0, len(all))
		for _, c := range all {
			out = append(out, d.viewCertificate(c))
		}
		return out, err
	}, func(c certificateBody) int64 { return c.ID }, func(p respond.Page[certificateBody]) *certificatesOut { return &certificatesOut{p} })
}

// SerialPath is a certificate's number in an address.
type SerialPath struct {
	Serial string `path:"serial" maxLength:"32"`
}

func (d *Door) withdrawCertificate(ctx context.Context, in *struct {
	SerialPath
	Body struct {
		Reason string `json:"reason" maxLength:"1000"`
	}
}) (*certificateOut, error) {
	c, err := d.Certificates.Withdraw(ctx, OperatorFrom(ctx), in.Serial, in.Body.Reason, true)
	if err != nil {
		return nil, err
	}
	return &certificateOut{d.viewCertificate(c)}, nil
}

func (d *Door) reinstateCertificate(ctx context.Context, in *struct {
	SerialPath
	Body *struct{} `required:"false"`
}) (*certificateOut, error) {
	c, err := d.Certificates.Withdraw(ctx, OperatorFrom(ctx), in.Serial, "", false)
	if err != nil {
		return nil, err
	}
	return &certificateOut{d.viewCertificate(c)}, nil
}
