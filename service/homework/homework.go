// Package homework sets tasks (作业) under lessons, takes in what learners hand in, and marks it. It owns the tables
// homeworks, homework_submissions and homework_pictures; the pictures' files lie with service/media.
//
// What is handed in is seen by its writer and by operators. Others who have the course see it once an operator put it
// among the good ones (精选) and WeChat's content check passed its text and every picture; the check is a job after the
// commit, of the pictures WeChat tells later by a push. What it calls risky comes back to its writer.
package homework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Lessons are service/course.
type Lessons interface {
	// Open gives a lesson to those who may, and whether they have its course; its errors are the answer.
	Open(ctx context.Context, c model.Caller, lessonID int64) (l model.Lesson, owned bool, err error)
	// GetLesson gives one to the console.
	GetLesson(ctx context.Context, id int64) (model.Lesson, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: one hand-in of a learner at a time, and nobody is erased at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Access is service/grant.
type Access interface {
	// Courses lists what a learner may open, with the time each was first opened.
	Courses(ctx context.Context, learnerID int64) (map[int64]time.Time, error)
}

// Progress is service/progress.
type Progress interface {
	// Finish keeps that somebody finished a lesson; twice is once.
	Finish(tx *gorm.DB, c model.Caller, l model.Lesson) error
}

// Quizzes is service/quiz.
type Quizzes interface {
	// Passed tells whether a learner passed the quiz of a lesson.
	Passed(tx *gorm.DB, learnerID, lessonID int64) (bool, error)
}

// Files is service/media.
type Files interface {
	// TakePicture keeps a learner's picture, cleaned, and what own writes in the same transaction; ErrInvalid for what is none.
	TakePicture(ctx context.Context, r io.Reader, own func(tx *gorm.DB, m model.Media) error) (model.Media, error)
	// Forget removes files by address; twice is once.
	Forget(ctx context.Context, addresses []string) error
	// Sign gives an address that opens a file for a few hours.
	Sign(address string) string
}

// Checks asks WeChat whether something may be shown. An error is a passing one: ask again later.
type Checks interface {
	Judge(ctx context.Context, openid model.OpenID, text string) (model.TextVerdict, error)
	// AskPicture has WeChat look at the picture at url, and gives the number by which it tells what it thinks; "" with a
	// verdict where it will not look.
	AskPicture(ctx context.Context, openid model.OpenID, url string) (traceID string, v model.TextVerdict, err error)
}

// Jobs is service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB       *gorm.DB
	AppID    string // of the Mini Program
	Lessons  Lessons
	Learners Learners
	Access   Access
	Progress Progress
	Quizzes  Quizzes
	Files    Files
	Checks   Checks
	Jobs     Jobs
	Audit    Auditor
	Now      func() time.Time
}

// Service sets homework and takes it in.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Desk is how a learner stands with the homework of a lesson.
type Desk struct {
	Homework model.Homework
	DueAt    *time.Time
	Last     *model.HomeworkSubmission  // the latest hand-in; nil: none yet
	Featured []model.HomeworkSubmission // of others and the learner's own, the newest first
	Why      string                     // why nothing can be handed in now, in Chinese; "" where it can
}

// See gives the homework of a lesson to who has its course. ErrNotFound where there is none, ErrForbidden for who does
// not have the course.
func (s *Service) See(ctx context.Context, who model.Caller, lessonID int64) (Desk, error) {
	_, h, err := s.open(ctx, who, lessonID)
	if err != nil {
		return Desk{}, err
	}
	d := Desk{Homework: h}
	db := s.DB.WithContext(ctx)
	if d.DueAt, err = s.due(ctx, who, h); err != nil {
		return d, err
	}
	var last, good []model.HomeworkSubmission
	if err := db.Where("homework_id = ? AND learner_id = ?", h.ID, who.LearnerID).Order("number DESC").Limit(1).Find(&last).Error; err != nil {
		return d, fmt.Errorf("homework of lesson %d: %w", lessonID, err)
	}
	if err := db.Where("homework_id = ? AND featured = ?", h.ID, true).Order("id DESC").Limit(20).Find(&good).Error; err != nil {
		return d, fmt.Errorf("homework of lesson %d: %w", lessonID, err)
	}
	if err := withPictures(db, last, good); err != nil {
		return d, err
	}
	if len(last) > 0 {
		d.Last = &last[0]
	}
	d.Featured, d.Why = slices.DeleteFunc(good, func(x model.HomeworkSubmission) bool { return !x.Passed() }), why(h, d.Last)
	return d, nil
}

// why says why a learner whose latest hand-in is last (nil: none) cannot hand in; "" where they can.
func why(h model.Homework, last *model.HomeworkSubmission) string {
	switch {
	case h.Closed:
		return "这份作业已经关闭"
	case last != nil && last.State == model.HomeworkMarked:
		return "作业已批改"
	case last != nil && last.Number >= model.HomeworkMostHanded:
		return "交的次数太多了"
	}
	return ""
}

// refusal is why, as the answer to who tries.
func refusal(h model.Homework, last *model.HomeworkSubmission) error {
	if text := why(h, last); text != "" {
		return model.Refuse(model.ErrConflict, model.CodeConflict, text)
	}
	return nil
}

// open gives a lesson and its homework to who has the course.
func (s *Service) open(ctx context.Context, who model.Caller, lessonID int64) (model.Lesson, model.Homework, error) {
	l, owned, err := s.Lessons.Open(ctx, who, lessonID)
	if err != nil {
		return l, model.Homework{}, err
	}
	if !owned {
		return l, model.Homework{}, fmt.Errorf("homework of lesson %d: %w", lessonID, model.Refuse(model.ErrForbidden, model.CodeForbidden, "有了这门课才能做作业"))
	}
	h, err := s.of(s.DB.WithContext(ctx), lessonID)
	return l, h, err
}

// of gives the homework of a lesson. ErrNotFound.
func (s *Service) of(db *gorm.DB, lessonID int64) (model.Homework, error) {
	var h model.Homework
	err := db.Where("lesson_id = ? AND appid = ?", lessonID, s.AppID).Take(&h).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return h, fmt.Errorf("homework of lesson %d: %w", lessonID, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这一课没有作业"))
	}
	return h, err
}

func (s *Service) due(ctx context.Context, who model.Caller, h model.Homework) (*time.Time, error) {
	if h.DueDays == 0 {
		return nil, nil
	}
	since, err := s.Access.Courses(ctx, who.LearnerID)
	if err != nil {
		return nil, err
	}
	return h.DueAt(since[h.CourseID]), nil
}

// Upload keeps a picture that is to be handed in. What is not handed in within a day is forgotten; ErrConflict for who
// has too many of those.
func (s *Service) Upload(ctx context.Context, who model.Caller, lessonID int64, r io.Reader) (model.HomeworkPicture, error) {
	_, h, err := s.open(ctx, who, lessonID)
	if err != nil {
		return model.HomeworkPicture{}, err
	}
	if err := refusal(h, nil); err != nil {
		return model.HomeworkPicture{}, err
	}
	if err := s.room(s.DB.WithContext(ctx), who); err != nil {
		return model.HomeworkPicture{}, err
	}
	p := model.HomeworkPicture{AppID: s.AppID, LessonID: lessonID, LearnerID: who.LearnerID, PersonID: who.PersonID, CreatedAt: model.Milli(s.Now())}
	_, err = s.Files.TakePicture(ctx, r, func(tx *gorm.DB, m model.Media) error {
		p.ID, p.Address = 0, "/media/"+m.Name
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		if err := s.room(tx, who); err != nil {
			return err
		}
		return tx.Create(&p).Error
	})
	return p, err
}

// room refuses who has many pictures lying here that they did not hand in.
func (s *Service) room(db *gorm.DB, who model.Caller) error {
	var n int64
	if err := db.Model(&model.HomeworkPicture{}).Where("person_id = ? AND learner_id = ? AND submission_id = 0", who.PersonID, who.LearnerID).Count(&n).Error; err != nil {
		return fmt.Errorf("pictures of learner %d: %w", who.LearnerID, err)
	}
	if n >= model.HomeworkMostUnsent {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "传了没交的图片太多，请先提交，或者明天再传")
	}
	return nil
}

// HandIn takes a hand-in: text and pictures, in their order, that were uploaded for this lesson or were in the last one. One that waits is
// replaced by it; after a mark there is none. key is the phone's: again with the same is the same hand-in, with another
// ErrConflict key_reused. Errors: ErrInvalid for what was handed in, those of opening the lesson.
func (s *Service) HandIn(ctx context.Context, who model.Caller, key string, lessonID int64, typed string, pictures []int64) (model.HomeworkSubmission, error) {
	_, h, err := s.open(ctx, who, lessonID)
	if err != nil {
		return model.HomeworkSubmission{}, err
	}
	due, err := s.due(ctx, who, h)
	if err != nil {
		return model.HomeworkSubmission{}, err
	}
	text := model.HomeworkText(typed)
	if err := h.HandIn(text, len(pictures)); err != nil {
		return model.HomeworkSubmission{}, err
	}
	var sub model.HomeworkSubmission
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		if sub, err = s.before(tx, who, key, h.ID, text, pictures); err != nil || sub.ID > 0 {
			return err
		}
		sub, err = s.take(tx, who, h, key, text, pictures, due)
		return err
	})
	if err != nil {
		return sub, fmt.Errorf("homework of lesson %d: %w", lessonID, err)
	}
	return sub, nil
}

// before finds the hand-in of a key; none: ID is 0.
func (s *Service) before(tx *gorm.DB, who model.Caller, key string, homeworkID int64, text string, pictures []int64) (model.HomeworkSubmission, error) {
	var had []model.HomeworkSubmission
	if err := tx.Where("learner_id = ? AND idem_key = ?", who.LearnerID, key).Limit(1).Find(&had).Error; err != nil || len(had) == 0 {
		return model.HomeworkSubmission{}, err
	}
	if err := withPictures(tx, had); err != nil {
		return had[0], err
	}
	same, err := samePictures(tx, had[0].Pictures, pictures)
	if err != nil {
		return had[0], err
	}
	if had[0].HomeworkID != homeworkID || had[0].Content != text || !same {
		return had[0], model.Refuse(model.ErrConflict, model.CodeKeyReused, "这个 Idempotency-Key 已经用于另一次提交")
	}
	return had[0], nil
}

// samePictures tells whether a hand-in has the pictures of these numbers: one that was handed in before has another
// number in it, and the same file.
func samePictures(tx *gorm.DB, have []model.HomeworkPicture, numbers []int64) (bool, error) {
	var asked []model.HomeworkPicture
	if err := tx.Where("id IN ?", append([]int64{0}, numbers...)).Find(&asked).Error; err != nil {
		return false, err
	}
	files := map[int64]string{}
	for _, p := range asked {
		files[p.ID] = p.Address
	}
	return slices.EqualFunc(have, numbers, func(p model.HomeworkPicture, id int64) bool { return p.Address == files[id] }), nil
}

// take writes a hand-in, under the learner's lock.
func (s *Service) take(tx *gorm.DB, who model.Caller, h model.Homework, key, text string, pictures []int64, due *time.Time) (model.HomeworkSubmission, error) {
	now := model.Milli(s.Now())
	sub := model.HomeworkSubmission{AppID: s.AppID, HomeworkID: h.ID, CourseID: h.CourseID, LessonID: h.LessonID, LearnerID: who.LearnerID, PersonID: who.PersonID, IdemKey: key,
		Content: text, State: model.HomeworkWaiting, Late: due != nil && !now.Before(*due), CreatedAt: now}
	if text == "" {
		sub.Verdict = model.TextPass
	}
	var last model.HomeworkSubmission // number 0 where there is none
	if err := store.Lock(tx).Where("homework_id = ? AND learner_id = ?", h.ID, who.LearnerID).Order("number DESC").Limit(1).Find(&last).Error; err != nil {
		return sub, err
	}
	if err := refusal(h, &last); err != nil {
		return sub, err
	}
	sub.Number = last.Number + 1
	if last.State == model.HomeworkWaiting {
		if err := tx.Model(&last).UpdateColumn("state", model.HomeworkReplaced).Error; err != nil {
			return sub, err
		}
	}
	if err := tx.Create(&sub).Error; err != nil {
		return sub, err
	}
	for i, id := range pictures {
		if err := s.put(tx, sub, last.ID, i, id); err != nil {
			return sub, err
		}
	}
	one := []model.HomeworkSubmission{sub}
	if err := withPictures(tx, one); err != nil {
		return sub, err
	}
	return one[0], s.Jobs.Add(tx, CheckJob, strconv.FormatInt(sub.ID, 10), payload{sub.ID}, time.Time{})
}

// put gives a hand-in a picture that was uploaded for it, or one of the last hand-in (0: none) once more: the same file, and
// what WeChat thinks of it.
func (s *Service) put(tx *gorm.DB, sub model.HomeworkSubmission, last int64, position int, id int64) error {
	mine := tx.Where("id = ? AND learner_id = ? AND lesson_id = ? AND appid = ?", id, sub.LearnerID, sub.LessonID, s.AppID).Session(&gorm.Session{})
	res := mine.Model(&model.HomeworkPicture{}).Where("submission_id = 0").UpdateColumns(map[string]any{"submission_id": sub.ID, "position": position})
	if res.Error != nil || res.RowsAffected == 1 {
		return res.Error
	}
	var had []model.HomeworkPicture
	if err := mine.Where("submission_id = ? AND submission_id > 0", last).Limit(1).Find(&had).Error; err != nil {
		return err
	}
	if len(had) == 0 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("pictures", "有一张图片已经过期，请重新选")
	}
	p := had[0]
	p.ID, p.SubmissionID, p.Position, p.TraceID, p.AskedAt, p.CreatedAt = 0, sub.ID, position, "", nil, sub.CreatedAt
	return tx.Create(&p).Error
}

// withPictures gives hand-ins their pictures, in their order.
func withPictures(db *gorm.DB, lists ...[]model.HomeworkSubmission) error {
	at := map[int64][]*model.HomeworkSubmission{}
	ids := []int64{}
	for _, list := range lists {
		for i := range list {
			list[i].Pictures = []model.HomeworkPicture{}
			at[list[i].ID] = append(at[list[i].ID], &list[i])
			ids = append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var all []model.HomeworkPicture
	if err := db.Where("submission_id IN ?", ids).Order("submission_id, position").Find(&all).Error; err != nil {
		return fmt.Errorf("pictures of homework: %w", err)
	}
	for _, p := range all {
		for _, sub := range at[p.SubmissionID] {
			sub.Pictures = append(sub.Pictures, p)
		}
	}
	return nil
}

// Standing is how a learner stands with one homework, in a list of lessons.
type Standing struct {
	Title  string
	State  model.HomeworkState // of the latest hand-in; "" none yet
	Counts bool
}

// OfCourse tells which lessons of a course have homework, and how a learner stands with each. One that was closed is there
// for who handed something in, and counts no more.
func (s *Service) OfCourse(ctx context.Context, learnerID, courseID int64) (map[int64]Standing, error) {
	var hs []model.Homework
	db := s.DB.WithContext(ctx)
	if err := db.Where("appid = ? AND course_id = ?", s.AppID, courseID).Find(&hs).Error; err != nil {
		return nil, fmt.Errorf("homework of course %d: %w", courseID, err)
	}
	out := make(map[int64]Standing, len(hs))
	if len(hs) == 0 {
		return out, nil
	}
	var subs []model.HomeworkSubmission
	if err := db.Select("lesson_id", "number", "state").Where("learner_id = ? AND course_id = ?", learnerID, courseID).Order("number").Find(&subs).Error; err != nil {
		return nil, fmt.Errorf("homework of course %d: %w", courseID, err)
	}
	for _, h := range hs {
		out[h.LessonID] = Standing{Title: h.Title, Counts: h.Counts && !h.Closed}
	}
	for _, x := range subs {
		if at, ok := out[x.LessonID]; ok {
			at.State = x.State
			out[x.LessonID] = at
		}
	}
	for _, h := range hs {
		if h.Closed && out[h.LessonID].State == "" {
			delete(out, h.LessonID)
		}
	}
	return out, nil
}

// QuizPassed tells whether a learner passed the quiz of a lesson.
func (s *Service) QuizPassed(tx *gorm.DB, learnerID, lessonID int64) (bool, error) {
	return s.Quizzes.Passed(tx, learnerID, lessonID)
}

// Holds tells whether a lesson is not finished for a learner because its homework was not passed.
func (s *Service) Holds(tx *gorm.DB, learnerID, lessonID int64) (bool, error) {
	var n int64
	if err := tx.Model(&model.Homework{}).Where("lesson_id = ? AND appid = ? AND counts = ? AND closed = ?", lessonID, s.AppID, true, false).Count(&n).Error; err != nil || n == 0 {
		return false, err
	}
	err := tx.Model(&model.HomeworkSubmission{}).Where("learner_id = ? AND lesson_id = ? AND state = ?", learnerID, lessonID, model.HomeworkMarked).Count(&n).Error
	return n == 0, err
}
