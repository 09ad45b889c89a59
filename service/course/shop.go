package course

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
)

// Shown is a course as one person on one terminal sees it.
type Shown struct {
	Row
	Owned bool
	Offer model.CourseOffer
}

// Shop lists what is on sale to the caller, the newest first, and the id to go on from (0: no more).
func (s *Service) Shop(ctx context.Context, c model.Caller, f Filter) ([]Shown, int64, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND status = ?", s.o.AppID, model.CourseOnSale)
	rows, next, err := s.rows(ctx, q, f)
	if err != nil {
		return nil, 0, err
	}
	mine, err := s.o.Grants.Courses(ctx, c.LearnerID)
	if err != nil {
		return nil, 0, fmt.Errorf("grants of learner %d: %w", c.LearnerID, err)
	}
	shown := make([]Shown, 0, len(rows))
	for _, r := range rows {
		_, owned := mine[r.ID]
		shown = append(shown, s.show(r, c, owned))
	}
	return shown, next, nil
}

// Page gives one course and its lessons to the caller. ErrNotFound for a draft, and for a withdrawn
// course the caller does not own.
func (s *Service) Page(ctx context.Context, c model.Caller, id int64) (Shown, []model.Lesson, error) {
	r, err := s.Get(ctx, id)
	if err != nil {
		return Shown{}, nil, err
	}
	owned, err := s.o.Grants.Owns(ctx, c.LearnerID, id)
	if err != nil {
		return Shown{}, nil, fmt.Errorf("grant of course %d: %w", id, err)
	}
	if !r.Visible(owned) {
		return Shown{}, nil, notFound(id)
	}
	ls, err := s.Lessons(ctx, id)
	if err != nil {
		return Shown{}, nil, err
	}
	return s.show(r, c, owned), ls, nil
}

// Mine lists the courses the caller may open, the latest bought first.
func (s *Service) Mine(ctx context.Context, c model.Caller) ([]Shown, error) {
	since, err := s.o.Grants.Courses(ctx, c.LearnerID)
	if err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", c.LearnerID, err)
	}
	shown := []Shown{}
	ids := slices.SortedFunc(maps.Keys(since), func(a, b int64) int {
		return cmp.Or(since[b].Compare(since[a]), cmp.Compare(b, a))
	})
	named, err := s.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	cs := make([]model.Course, 0, len(ids))
	for _, id := range ids {
		if co, ok := named[id]; ok && co.Status != model.CourseDraft {
			cs = append(cs, co)
		}
	}
	rows, err := s.counted(ctx, cs)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		shown = append(shown, s.show(r, c, true))
	}
	return shown, nil
}

// Open gives a lesson whole to the caller, and tells whether the course is owned. ErrForbidden for a paid
// lesson of a course the caller does not own; ErrNotFound where even the course's page is not shown.
func (s *Service) Open(ctx context.Context, c model.Caller, lessonID int64) (model.Lesson, bool, error) {
	l, err := s.GetLesson(ctx, lessonID)
	if err != nil {
		return l, false, err
	}
	var co model.Course
	err = s.db.WithContext(ctx).Omit("intro").Where("id = ? AND appid = ?", l.CourseID, s.o.AppID).Take(&co).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Lesson{}, false, lessonNotFound(lessonID)
	}
	if err != nil {
		return model.Lesson{}, false, fmt.Errorf("course %d: %w", l.CourseID, err)
	}
	owned, err := s.o.Grants.Owns(ctx, c.LearnerID, l.CourseID)
	if err != nil {
		return model.Lesson{}, false, fmt.Errorf("grant of course %d: %w", l.CourseID, err)
	}
	switch {
	case !co.Visible(owned):
		return model.Lesson{}, false, lessonNotFound(lessonID)
	case !owned && !l.Trial:
		return model.Lesson{}, false, fmt.Errorf("lesson %d: %w", lessonID, model.Refuse(model.ErrForbidden, model.CodeForbidden, "购买课程后才能学习这一课"))
	}
	return l, owned, nil
}

// Live tells which lessons the courses with these ids still have.
func (s *Service) Live(ctx context.Context, courseIDs []int64) (func(courseID, lessonID int64) bool, error) {
	live := map[[2]int64]bool{}
	if len(courseIDs) > 0 {
		var ls []model.Lesson
		err := s.db.WithContext(ctx).Select("id", "course_id").Where("appid = ? AND course_id IN ? AND deleted_at IS NULL", s.o.AppID, courseIDs).Find(&ls).Error
		if err != nil {
			return nil, fmt.Errorf("live lessons: %w", err)
		}
		for _, l := range ls {
			live[[2]int64{l.CourseID, l.ID}] = true
		}
	}
	return func(courseID, lessonID int64) bool { return live[[2]int64{courseID, lessonID}] }, nil
}

// Preview is what a stranger with this terminal is offered, should the course be on sale.
func (s *Service) Preview(r Row, platform model.Platform) model.CourseOffer {
	r.Status = model.CourseOnSale
	return r.Offer(s.o.Selling, platform, false, r.HasTrial)
}

func (s *Service) show(r Row, c model.Caller, owned bool) Shown {
	return Shown{Row: r, Owned: owned, Offer: r.Offer(s.o.Selling, c.Platform, owned, r.HasTrial)}
}

// rows reads one page of courses in q.
func (s *Service) rows(ctx context.Context, q *gorm.DB, f Filter) ([]Row, int64, error) {
	if f.Q != "" {
		like := "%" + escapeLike(f.Q) + "%"
		q = q.Where("(title LIKE ? ESCAPE '!' OR teacher LIKE ? ESCAPE '!')", like, like)
	}
	if f.Category != "" {
		q = q.Where("category = ?", f.Category)
	}
	if f.Before > 0 {
		q = q.Where("id < ?", f.Before)
	}
	var cs []model.Course
	if err := q.Omit("intro").Order("id DESC").Limit(f.Limit + 1).Find(&cs).Error; err != nil {
		return nil, 0, fmt.Errorf("list courses: %w", err)
	}
	next := int64(0)
	if len(cs) > f.Limit {
		cs = cs[:f.Limit]
		next = cs[len(cs)-1].ID
	}
	rows, err := s.counted(ctx, cs)
	return rows, next, err
}

// counted adds the number of lessons, and whether one may be tried.
func (s *Service) counted(ctx context.Context, cs []model.Course) ([]Row, error) {
	rows := make([]Row, len(cs))
	if len(cs) == 0 {
		return rows, nil
	}
	ids := make([]int64, len(cs))
	for i, c := range cs {
		rows[i].Course, ids[i] = c, c.ID
	}
	var counts []struct {
		CourseID int64
		N        int
		Trials   int
	}
	err := s.db.WithContext(ctx).Model(&model.Lesson{}).Select("course_id, COUNT(*) AS n, SUM(CASE WHEN trial THEN 1 ELSE 0 END) AS trials").
		Where("course_id IN ? AND deleted_at IS NULL", ids).Group("course_id").Scan(&counts).Error
	if err != nil {
		return nil, fmt.Errorf("count lessons: %w", err)
	}
	for _, n := range counts {
		for i := range rows {
			if rows[i].ID == n.CourseID {
				rows[i].LessonCount, rows[i].HasTrial = n.N, n.Trials > 0
			}
		}
	}
	return rows, nil
}

// escapeLike makes typed text data inside LIKE … ESCAPE '!'.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}
