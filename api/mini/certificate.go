package mini

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/course"
	"loudou/service/limit"
)

func (d *Door) registerCertificate(api huma.API) {
	take := huma.Operation{OperationID: "miniTakeCertificate", Method: "POST", Path: "/mini/v1/courses/{id}/certificate", Summary: "Take the certificate (结业证书) of a finished course; again gives the same one", DefaultStatus: http.StatusCreated}
	verb(d, api, take, d.takeCertificate)
	verb(d, api, huma.Operation{OperationID: "miniCertificates", Method: "GET", Path: "/mini/v1/me/certificates", Summary: "The learner's certificates, the newest first"}, d.myCertificates)
}

// namesPerLearner bounds what is asked of WeChat for one learner's name.
var namesPerLearner = limit.Rate{N: 20, Per: time.Hour, Burst: 10}

type certificateBody struct {
	Serial      string    `json:"serial"`
	CourseID    int64     `json:"course_id"`
	CourseTitle string    `json:"course_title" doc:"as it was called then"`
	Name        string    `json:"name"`
	Lessons     int       `json:"lessons"`
	URL         string    `json:"url" doc:"the page that proves it, to whoever has the address"`
	IssuedAt    time.Time `json:"issued_at"`
	Withdrawn   bool      `json:"withdrawn"`
}

func (d *Door) viewCertificate(c model.Certificate) certificateBody {
	return certificateBody{Serial: c.Serial, CourseID: c.CourseID, CourseTitle: c.CourseTitle, Name: c.Name, Lessons: c.Lessons, URL: d.Certificates.Address(c), IssuedAt: c.CreatedAt.UTC(), Withdrawn: c.WithdrawnAt != nil}
}

type certificateOut struct{ Body certificateBody }

type certificatesOut struct {
	Body struct {
		Items []certificateBody `json:"items"`
	}
}

func (d *Door) takeCertificate(ctx context.Context, in *struct {
	IDPath
	Body struct {
		_    struct{} `additionalProperties:"true"`
		Name string   `json:"name" maxLength:"200" doc:"to be printed, and seen by whoever has the address; WeChat is asked whether it may be shown"`
	}
}) (*certificateOut, error) {
	who := CallerFrom(ctx)
	if wait, ok := d.Limits.Allow(ctx, "certificate:"+strconv.FormatInt(who.LearnerID, 10), namesPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	c, err := d.Certificates.Take(ctx, who, in.ID, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return &certificateOut{d.viewCertificate(c)}, nil
}

func (d *Door) myCertificates(ctx context.Context, _ *struct{}) (*certificatesOut, error) {
	all, err := d.Certificates.Mine(ctx, CallerFrom(ctx).LearnerID)
	if err != nil {
		return nil, err
	}
	out := &certificatesOut{}
	out.Body.Items = make([]certificateBody, 0, len(all))
	for _, c := range all {
		out.Body.Items = append(out.Body.Items, d.viewCertificate(c))
	}
	return out, nil
}

// certificateOf shows the learner's certificate on the course's page, or the way to it.
func (d *Door) certificateOf(ctx context.Context, who model.Caller, course course.Shown, out *courseOut) error {
	c, err := d.Certificates.Of(ctx, who.LearnerID, course.ID)
	if err != nil {
		return err
	}
	if c != nil {
		v := d.viewCertificate(*c)
		out.Body.Certificate = &v
		return nil
	}
	finished := course.Certificate && len(out.Body.Lessons) > 0
	for _, l := range out.Body.Lessons {
		finished = finished && l.Finished
	}
	if finished {
		out.Body.Actions = append(out.Body.Actions, model.ActionCertificate)
	}
	return nil
}
