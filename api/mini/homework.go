package mini

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"loudou/api/respond"
	"loudou/model"
	"loudou/service/limit"
)

// registerHomework adds the upload of a picture as a plain route, since it is no JSON; the document is told by hand.
func (d *Door) registerHomework(r *gin.Engine, api huma.API) {
	verb(d, api, huma.Operation{OperationID: "miniHomework", Method: "GET", Path: "/mini/v1/lessons/{id}/homework", Summary: "The homework (作业) of a lesson of an owned course, how the learner stands with it, and good ones of others"}, d.homeworkOf)
	verb(d, api, huma.Operation{OperationID: "miniHandIn", Method: "POST", Path: "/mini/v1/lessons/{id}/homework/submissions", Summary: "Hand in homework; again, until it is marked; WeChat's content check follows", DefaultStatus: http.StatusCreated}, d.handInHomework)
	r.POST("/mini/v1/lessons/:id/homework/pictures", d.uploadHomework)
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[homeworkPicture](), true, "MiniHomeworkPicture")
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "miniHomeworkPicture", Method: "POST", Path: "/mini/v1/lessons/{id}/homework/pictures", Tags: []string{"mini"},
		Summary:    "Upload a picture to be handed in within a day: jpg, png or webp of at most 10 MB, judged by its bytes; where and with what it was taken is cut off",
		Security:   []map[string][]string{{bearer: {}}},
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "integer"}}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: "object", Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: "string", Format: "binary"}}}}}},
		Responses: map[string]*huma.Response{"201": {Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}},
	})
}

var (
	// homeworkPerLearner bounds what one learner hands in, and what is asked of WeChat for them.
	homeworkPerLearner = limit.Rate{N: 20, Per: time.Hour, Burst: 5}
	picturesPerLearner = limit.Rate{N: 100, Per: time.Hour, Burst: 30}
)

const (
	maxPicture  = 10 << 20
	pictureTime = 2 * time.Minute
)

type homeworkPicture struct {
	ID  int64  `json:"id"`
	URL string `json:"url" doc:"address good for a few hours"`
}

type submissionBody struct {
	ID       int64               `json:"id"`
	Number   int                 `json:"number" doc:"which hand-in of the learner it is"`
	Content  string              `json:"content"`
	Pictures []homeworkPicture   `json:"pictures"`
	State    model.HomeworkState `json:"state" enum:"waiting,marked,returned,replaced"`
	Late     bool                `json:"late"`
	Score    *int                `json:"score,omitempty" doc:"0–100; absent: passed without one, or not marked"`
	Words    string              `json:"words,omitempty" doc:"the teacher's"`
	MarkedAt *time.Time          `json:"marked_at,omitempty"`
	Featured bool                `json:"featured" doc:"shown to the others who have the course"`
	Mine     bool                `json:"mine"`
	At       time.Time           `json:"at"`
}

func (d *Door) viewSubmission(who model.Caller, s model.HomeworkSubmission) submissionBody {
	b := submissionBody{ID: s.ID, Number: s.Number, Content: s.Content, Pictures: make([]homeworkPicture, 0, len(s.Pictures)), State: s.State, Late: s.Late, Score: s.Score, Words: s.Words, MarkedAt: s.MarkedAt,
		Featured: s.Featured && s.Passed(), Mine: s.LearnerID == who.LearnerID, At: s.CreatedAt.UTC()}
	for _, p := range s.Pictures {
		b.Pictures = append(b.Pictures, homeworkPicture{ID: p.ID, URL: d.Media.Sign(p.Address)})
	}
	if !b.Mine { // others see the work and its mark, not whose it is nor what the teacher wrote to them
		b.Number, b.Late, b.Words, b.MarkedAt = 0, false, "", nil
	}
	return b
}

type homeworkOut struct {
	Body struct {
		LessonID     int64            `json:"lesson_id"`
		Title        string           `json:"title"`
		Task         string           `json:"task" doc:"plain text"`
		NeedText     bool             `json:"need_text"`
		NeedPictures bool             `json:"need_pictures"`
		MostPictures int              `json:"most_pictures"`
		Counts       bool             `json:"counts" doc:"the lesson is finished by passing it"`
		DueAt        *time.Time       `json:"due_at,omitempty" doc:"later is taken too, and called late"`
		Last         *submissionBody  `json:"last,omitempty" doc:"the latest hand-in of this learner"`
		Featured     []submissionBody `json:"featured" doc:"good ones (精选), the newest first"`
		Actions      []string         `json:"actions" doc:"hand_in: what the learner may do now"`
		Reason       string           `json:"reason,omitempty" doc:"why nothing can be handed in, in Chinese"`
	}
}

func (d *Door) homeworkOf(ctx context.Context, in *IDPath) (*homeworkOut, error) {
	who := CallerFrom(ctx)
	desk, err := d.Homework.See(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	out := &homeworkOut{}
	b, h := &out.Body, desk.Homework
	b.LessonID, b.Title, b.Task, b.NeedText, b.NeedPictures, b.MostPictures, b.Counts, b.DueAt = h.LessonID, h.Title, h.Task, h.NeedText, h.NeedPictures, model.HomeworkPictures, h.Counts, desk.DueAt
	if desk.Last != nil {
		last := d.viewSubmission(who, *desk.Last)
		b.Last = &last
	}
	b.Featured = make([]submissionBody, 0, len(desk.Featured))
	for _, s := range desk.Featured {
		b.Featured = append(b.Featured, d.viewSubmission(who, s))
	}
	if b.Actions, b.Reason = []string{}, desk.Why; desk.Why == "" {
		b.Actions = append(b.Actions, "hand_in")
	}
	return out, nil
}

type submissionOut struct{ Body submissionBody }

func (d *Door) handInHomework(ctx context.Context, in *struct {
	IDPath
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"64" pattern:"^[!-~]+$"`
	Body struct {
		_        struct{} `additionalProperties:"true"`
		Content  string   `json:"content,omitempty" maxLength:"8000"`
		Pictures []int64  `json:"pictures,omitempty" maxItems:"20" doc:"numbers of uploaded pictures, in their order"`
	}
}) (*submissionOut, error) {
	who := CallerFrom(ctx)
	if wait, ok := d.Limits.Allow(ctx, "homework:"+strconv.FormatInt(who.LearnerID, 10), homeworkPerLearner); !ok {
		return nil, respond.TooMany(wait)
	}
	s, err := d.Homework.HandIn(ctx, who, in.Key, in.ID, in.Body.Content, in.Body.Pictures)
	if err != nil {
		return nil, err
	}
	return &submissionOut{d.viewSubmission(who, s)}, nil
}

// uploadHomework takes one picture: a multipart form with the part file, as wx.uploadFile sends it.
func (d *Door) uploadHomework(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if !d.admit(c) {
		return
	}
	ctx := c.Request.Context()
	who := CallerFrom(ctx)
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 {
		respond.Fail(c, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个课时"))
		return
	}
	if wait, ok := d.Limits.Allow(ctx, "homework.picture:"+strconv.FormatInt(who.LearnerID, 10), picturesPerLearner); !ok {
		tooMany(c, wait)
		return
	}
	part := respond.File(c, maxPicture, pictureTime)
	if part == nil {
		respond.Fail(c, model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有收到图片").Field("file", "请选择一张图片"))
		return
	}
	p, err := d.Homework.Upload(ctx, who, id, part)
	if respond.EndUpload(c, err) {
		c.JSON(http.StatusCreated, homeworkPicture{ID: p.ID, URL: d.Media.Sign(p.Address)})
	}
}
