// Package iteration is the next version (下一版) of a course: a task made from the figures of those who began the course
// in a range, which later shows the same figures of those who began it since. It owns the table course_iterations.
package iteration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Figures counts; service/figure.
type Figures interface {
	// CourseMeasures are the figures of those who began the course in the days first … last; lesson 0: no lesson's.
	CourseMeasures(ctx context.Context, course, lesson int64, first, last int) ([]model.Measure, error)
}

// Tasks plans the work; service/plan.
type Tasks interface {
	// Prepare checks f and names its owner: by, where f says none.
	Prepare(ctx context.Context, by model.Operator, f model.TaskFields) (model.TaskFields, error)
	// Add keeps a task on day, 0 for none, in the caller's transaction.
	Add(tx *gorm.DB, by model.Operator, f model.TaskFields, day int) (model.Task, error)
	// Tasks gives those with these ids, removed ones too.
	Tasks(ctx context.Context, ids []int64) (map[int64]model.Task, error)
}

// Auditor keeps the trail; service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service makes iterations and shows what they did.
type Service struct {
	db      *gorm.DB
	appid   string
	figures Figures
	tasks   Tasks
	audit   Auditor
	now     func() time.Time
}

// New makes the service for the Mini Program appid, whose courses they are; now is the business clock.
func New(db *gorm.DB, appid string, figures Figures, tasks Tasks, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, figures: figures, tasks: tasks, audit: audit, now: now}
}

// Input is what an operator writes of a next version.
type Input struct {
	LessonID          int64 // 0: the whole course
	FirstDay, LastDay int   // whose beginners it is judged by
	Title, Note       string
	Day               int // of the task; 0: none yet
	Estimated         int // minutes
}

// View is an iteration with its task and what is known by now.
type View struct {
	model.Iteration
	Task      model.Task
	Then      []model.Measure // frozen when it was made
	Again     []model.Measure // of the same beginners, counted now
	After     []model.Measure // of those who began since it was done; nil while there are none
	AfterFrom int             // 0 until the task is done
	AfterTo   int
	Gone      bool // the lesson is no longer in the course: nothing can be counted
}

// Begin freezes the figures and plans the task: important, not urgent. ErrConflict where the same days already have a
// next version of this title.
func (s *Service) Begin(ctx context.Context, by model.Operator, courseID int64, in Input) (View, error) {
	it := model.Iteration{AppID: s.appid, CourseID: courseID, LessonID: in.LessonID, Title: in.Title, Note: in.Note, FirstDay: in.FirstDay, LastDay: in.LastDay, CreatedBy: by.Name, CreatedAt: model.Milli(s.now())}
	if err := it.Check(); err != nil {
		return View{}, err
	}
	if it.FirstDay > model.DayNumber(s.now()) {
		return View{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("from", "这段时间还没有到，没有数字可记")
	}
	fields, err := s.tasks.Prepare(ctx, by, model.TaskFields{Title: it.Title, Important: true, Estimated: in.Estimated})
	if err != nil {
		return View{}, err
	}
	measures, err := s.figures.CourseMeasures(ctx, courseID, in.LessonID, it.FirstDay, it.LastDay)
	if err != nil {
		return View{}, err
	}
	raw, err := json.Marshal(measures)
	if err != nil {
		return View{}, fmt.Errorf("figures of course %d: %w", courseID, err)
	}
	it.Before = string(raw)
	var task model.Task
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		it.ID = 0
		var err error
		if task, err = s.tasks.Add(tx, by, fields, in.Day); err != nil {
			return err
		}
		it.TaskID = task.ID
		if err := tx.Create(&it).Error; err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "course.iterate", Object: "course", ObjectID: strconv.FormatInt(courseID, 10),
			After: model.AuditJSON(map[string]any{"title": it.Title, "lesson_id": it.LessonID, "from": model.DayName(it.FirstDay), "to": model.DayName(it.LastDay), "task_id": it.TaskID})})
	})
	if _, dup := store.Duplicate(err); dup {
		return View{}, model.Refuse(model.ErrConflict, model.CodeConflict, "这段时间已经有一个同名的下一版任务").Field("title", "这段时间已经有一个同名的下一版任务")
	}
	if err != nil {
		return View{}, fmt.Errorf("next version of course %d: %w", courseID, err)
	}
	return View{Iteration: it, Task: task, Then: measures, Again: measures}, nil
}

// most bounds how many of a course are shown: each is counted twice.
const most = 20

// List gives a course's iterations, the newest first.
func (s *Service) List(ctx context.Context, courseID int64) ([]View, error) {
	var rows []model.Iteration
	if err := s.db.WithContext(ctx).Where("appid = ? AND course_id = ?", s.appid, courseID).Order("created_at DESC, id DESC").Limit(most).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("next versions of course %d: %w", courseID, err)
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.TaskID)
	}
	tasks, err := s.tasks.Tasks(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]View, 0, len(rows))
	for _, r := range rows {
		v, err := s.view(ctx, r, tasks[r.TaskID])
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) view(ctx context.Context, it model.Iteration, task model.Task) (View, error) {
	v := View{Iteration: it, Task: task, Then: it.Frozen()}
	var err error
	if v.Again, err = s.figures.CourseMeasures(ctx, it.CourseID, it.LessonID, it.FirstDay, it.LastDay); errors.Is(err, model.ErrNotFound) {
		v.Gone, v.Again = true, nil
		return v, nil
	}
	if err != nil {
		return v, err
	}
	if task.DoneAt == nil || task.State != model.TaskDone {
		return v, nil
	}
	v.AfterFrom, v.AfterTo = it.After(*task.DoneAt)
	if v.AfterFrom > model.DayNumber(s.now()) {
		return v, nil
	}
	v.After, err = s.figures.CourseMeasures(ctx, it.CourseID, it.LessonID, v.AfterFrom, v.AfterTo)
	return v, err
}
