package mini

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/event"
)

// registerEvents mounts POST /mini/v1/events as a plain gin route: it is the busiest one of the house, and
// each of its events is judged alone, which no schema can say. The document describes it all the same.
func (d *Door) registerEvents(r *gin.Engine, api huma.API) {
	r.POST("/mini/v1/events", func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if d.admit(c) {
			d.takeEvents(c)
		}
	})
	schemas := api.OpenAPI().Components.Schemas
	body := schemas.Schema(reflect.TypeFor[eventsBody](), true, "")
	answer := schemas.Schema(reflect.TypeFor[event.Receipt](), true, "")
	fault := schemas.Schema(reflect.TypeFor[respond.Error](), true, "")
	says := func(text string, s *huma.Schema) *huma.Response {
		return &huma.Response{Description: text, Content: map[string]*huma.MediaType{"application/json": {Schema: s}}}
	}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "miniEvents", Method: "POST", Path: "/mini/v1/events", Tags: []string{"mini"},
		Summary:     "Send events; answered only after they are durable",
		Description: "Each event is judged alone; sending the same ids again is safe. No object, 0 or more than 50 events, or over 256 KiB: 400 for all.",
		Security:    []map[string][]string{{bearer: {}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
		Responses: map[string]*huma.Response{
			"200":     says("What became of them", answer),
			"default": says("Error", fault),
		},
	})
}

// eventsBody documents what event.Service reads by itself.
type eventsBody struct {
	SentAt time.Time   `json:"sent_at" doc:"the phone's clock when it sent"`
	Events []eventBody `json:"events" minItems:"1" maxItems:"50"`
}

type eventBody struct {
	ID         string         `json:"id" format:"uuid" doc:"made by the phone, version 7 preferred"`
	Type       string         `json:"type" enum:"mp_open,article_click,course_view,trial_play,lesson_play,exercise,comment,search,share,campaign_seen,campaign_join,campaign_done"`
	OccurredAt time.Time      `json:"occurred_at"`
	ArticleID  int64          `json:"article_id,omitempty" minimum:"1"`
	CourseID   int64          `json:"course_id,omitempty" minimum:"1"`
	LessonID   int64          `json:"lesson_id,omitempty" minimum:"1"`
	CampaignID int64          `json:"campaign_id,omitempty" minimum:"1"`
	Channel    string         `json:"channel,omitempty" maxLength:"64"`
	Code       string         `json:"code,omitempty" maxLength:"64" doc:"the QR or link code that led here"`
	ShareID    string         `json:"share_id,omitempty" maxLength:"64"`
	Scene      int            `json:"scene,omitempty" doc:"WeChat's entry number"`
	Seconds    int            `json:"seconds,omitempty" minimum:"0" maximum:"86400" doc:"looked at or played, this event only"`
	Props      map[string]any `json:"props,omitempty" doc:"at most 4 KiB"`
}

// takeEvents answers after the events are durable: 200, or 503 with Retry-After when there is no room.
func (d *Door) takeEvents(c *gin.Context) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, event.MaxBody+1))
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		respond.Fail(c, respond.Status(http.StatusBadRequest))
		return
	}
	if large != nil {
		body = make([]byte, event.MaxBody+1) // too long whatever it says
	}
	who := CallerFrom(c.Request.Context())
	r, err := d.Events.Take(c.Request.Context(), event.Sender{AppID: who.AppID, PersonID: who.PersonID}, body)
	if err != nil {
		if errors.Is(err, model.ErrUnavailable) {
			c.Header("Retry-After", "2")
		}
		respond.Fail(c, err)
		return
	}
	out := make([]byte, 0, 64)
	out = append(out, `{"accepted":`...)
	out = strconv.AppendInt(out, int64(r.Accepted), 10)
	out = append(out, `,"duplicate":`...)
	out = strconv.AppendInt(out, int64(r.Duplicate), 10)
	out = append(out, `,"rejected":[`...)
	for i, x := range r.Rejected {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"index":`...)
		out = strconv.AppendInt(out, int64(x.Index), 10)
		out = append(out, `,"reason":"`...)
		out = append(out, x.Reason...)
		out = append(out, `"}`...)
	}
	out = append(out, `]}`...)
	c.Data(http.StatusOK, "application/json", out)
}
