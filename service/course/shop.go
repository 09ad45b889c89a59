package course

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Shown is a course as one person on one terminal sees it.
type Shown struct {
	Row
	Owned bool
	Offer model.CourseOffer
}

// Shop lists what is on sale to the caller, the newest first, and the id to go on from (0: no more).
func (s *Service) Shop(ctx context.Context, c model.Caller, f Filter) ([]Shown, int64, error) {
	q := s.sold(ctx)
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
		shown = append(shown, s.show(r, c, r.ownedBy(mine)))
	}
	return shown, next, nil
}

// sold are the courses of the shop: on sale, those to come included, and not past their end.
func (s *Service) sold(ctx context.Context) *gorm.DB {
	return s.db.WithContext(ctx).Where("appid = ? AND status = ? AND (sale_until IS NULL OR sale_until > ?)", s.o.AppID, model.CourseOnSale, model.Milli(s.o.Now()))
}

// Category is a name operators gave to courses, and how many of them are on sale.
type Category struct {
	Name    string
	Courses int
}

// Categories lists those with courses on sale, the fullest first.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	out := []Category{}
	err := s.sold(ctx).Model(&model.Course{}).Select("category AS name, COUNT(*) AS courses").Where("category <> ''").
		Group("category").Order("courses DESC, name").Limit(100).Scan(&out).Error
	if err != nil {
		return nil, fmt.Errorf("categories: %w", err)
	}
	return out, nil
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

// ownedBy tells whether mine, the courses somebody may open, has r, or all that r would open.
func (r Row) ownedBy(mine map[int64]time.Time) bool {
	if _, owned := mine[r.ID]; owned || len(r.Members) == 0 {
		return owned
	}
	return !slices.ContainsFunc(r.Members, func(id int64) bool { _, owned := mine[id]; return !owned })
}

// Open gives a lesson whole to the caller, and tells whether the course is owned. ErrForbidden for a paid
// lesson of a course the caller does not own, and for one the plan has not released yet; ErrNotFound where even the course's page is not shown.
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
	case owned && !l.Trial:
		if l.Release.How == model.ReleaseAtOnce {
			return l, true, nil
		}
		plan, err := s.plan(ctx, c, l.CourseID)
		if err != nil {
			return model.Lesson{}, false, err
		}
		if locked := plan[l.ID]; locked.Why != "" {
			return model.Lesson{}, false, fmt.Errorf("lesson %d: %w", lessonID, model.Refuse(model.ErrForbidden, model.CodeForbidden, "这一课还没有开放："+locked.Why))
		}
	case !owned && !l.Trial:
		return model.Lesson{}, false, fmt.Errorf("lesson %d: %w", lessonID, model.Refuse(model.ErrForbidden, model.CodeForbidden, "购买课程后才能学习这一课"))
	}
	return l, owned, nil
}

// Playing tells how a phone plays a course.
func (s *Service) Playing(ctx context.Context, courseID int64) (model.Playing, error) {
	var c model.Course
	err := s.db.WithContext(ctx).Select("watermark", "no_forward").Where("id = ? AND appid = ?", courseID, s.o.AppID).Take(&c).Error
	if err != nil {
		return model.Playing{}, fmt.Errorf("course %d: %w", courseID, err)
	}
	return c.Playing, nil
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
	r.Status, r.SaleFrom, r.SaleUntil, r.Seats = model.CourseOnSale, nil, nil, nil
	return r.Offer(s.o.Selling, platform, false, r.HasTrial, s.o.Now())
}

// Waiting is a course as somebody sees it who has unpaid orders of it, and those of them this terminal can pay. A full
// course is not full to whoever keeps one of its seats: what they ordered can be paid, and nothing beside it be ordered.
func (s *Service) Waiting(x Shown, c model.Caller, unpaid []model.Order) (Shown, []model.Order) {
	roads := s.o.Selling.Vias(c.Platform)
	payable := []model.Order{}
	self := false
	for _, o := range unpaid {
		if slices.Contains(roads, o.Via) {
			payable, self = append(payable, o), self || o.Kind == model.OrderForSelf
		}
	}
	if len(payable) == 0 {
		return x, payable
	}
	if x.Full() {
		x.SeatsTaken--
		x = s.show(x.Row, c, x.Owned)
		x.Offer.Actions = slices.DeleteFunc(x.Offer.Actions, func(a model.CourseAction) bool {
			return a == model.ActionGift || a == model.ActionBuy && !self
		})
	}
	x.Offer.Actions = append(x.Offer.Actions, model.ActionPay)
	return x, payable
}

func (s *Service) show(r Row, c model.Caller, owned bool) Shown {
	return Shown{Row: r, Owned: owned, Offer: r.Offer(s.o.Selling, c.Platform, owned, r.HasTrial, s.o.Now())}
}

// rows reads one page of courses in q.
func (s *Service) rows(ctx context.Context, q *gorm.DB, f Filter) ([]Row, int64, error) {
	if f.Q != "" {
		like := "%" + store.EscapeLike(f.Q) + "%"
		q = q.Where("(title LIKE ? ESCAPE '!' OR teacher LIKE ? ESCAPE '!' OR category LIKE ? ESCAPE '!')", like, like, like)
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

// counted adds the number of lessons, whether one may be tried, and what a bundle holds.
func (s *Service) counted(ctx context.Context, cs []model.Course) ([]Row, error) {
	rows := make([]Row, len(cs))
	bundles, ids := []int64{}, make([]int64, len(cs))
	for i, c := range cs {
		rows[i].Course, ids[i] = c, c.ID
		if c.Bundle {
			bundles = append(bundles, c.ID)
		}
	}
	if len(cs) == 0 {
		return rows, nil
	}
	members := map[int64][]int64{}
	if len(bundles) > 0 {
		items, err := s.BundleItems(s.db.WithContext(ctx), bundles)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			if i.LeftAt == nil {
				members[i.BundleID], ids = append(members[i.BundleID], i.CourseID), append(ids, i.CourseID)
			}
		}
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
	lessons := map[int64]int{}
	for _, n := range counts {
		lessons[n.CourseID] = n.N
		for i := range rows {
			if rows[i].ID == n.CourseID {
				rows[i].LessonCount, rows[i].HasTrial = n.N, n.Trials > 0
			}
		}
	}
	for i := range rows {
		rows[i].Members = members[rows[i].ID]
		for _, id := range rows[i].Members {
			rows[i].LessonCount += lessons[id]
		}
	}
	return rows, nil
}
