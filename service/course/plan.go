package course

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
)

// Reached is what one learner may do with one lesson now.
type Reached struct {
	Actions []model.CourseAction // learn, trial; none: Why says why
	Why     string               // in Chinese
	OpensAt *time.Time           // where the plan knows it
}

// Plan says of every lesson of a page what the caller may do with it: the release plan holds for owners, a trial
// is open to anybody. lessons are all the course has, in order.
func (s *Service) Plan(ctx context.Context, c model.Caller, course Shown, lessons []model.Lesson) (map[int64]Reached, error) {
	out := make(map[int64]Reached, len(lessons))
	locked := map[int64]Reached{}
	if course.Owned {
		var err error
		if locked, err = s.locked(ctx, c, course.ID, lessons); err != nil {
			return nil, err
		}
	}
	for _, l := range lessons {
		r := Reached{Actions: []model.CourseAction{}}
		switch {
		case course.Owned && (l.Trial || locked[l.ID].Why == ""):
			r.Actions = append(r.Actions, model.ActionLearn)
		case course.Owned:
			r.Why, r.OpensAt = locked[l.ID].Why, locked[l.ID].OpensAt
		case l.Trial:
			r.Actions = append(r.Actions, model.ActionTrial)
		default:
			if r.Why = "购买后可以学"; l.Release.Words() != "" {
				r.Why += "，" + l.Release.Words()
			}
		}
		out[l.ID] = r
	}
	return out, nil
}

// plan says which lessons of a course that is the caller's are still locked.
func (s *Service) plan(ctx context.Context, c model.Caller, courseID int64) (map[int64]Reached, error) {
	lessons, err := s.Lessons(ctx, courseID)
	if err != nil {
		return nil, err
	}
	return s.locked(ctx, c, courseID, lessons)
}

// locked asks for what the lessons' releases need to know, and for nothing where none waits.
func (s *Service) locked(ctx context.Context, c model.Caller, courseID int64, lessons []model.Lesson) (map[int64]Reached, error) {
	out := map[int64]Reached{}
	byDays, inOrder := false, false
	for _, l := range lessons {
		byDays, inOrder = byDays || l.Release.How == model.ReleaseByDays, inOrder || l.Release.How == model.ReleaseOrder
	}
	since, done := time.Time{}, map[int64]bool{}
	if byDays {
		mine, err := s.o.Grants.Courses(ctx, c.LearnerID)
		if err != nil {
			return nil, fmt.Errorf("grants of learner %d: %w", c.LearnerID, err)
		}
		since = mine[courseID]
	}
	if inOrder {
		var err error
		if done, err = s.o.Progress.Finished(ctx, c.LearnerID, courseID); err != nil {
			return nil, err
		}
	}
	for i := range lessons {
		l := lessons[i]
		if l.Trial || done[l.ID] { // who finished it keeps it, however the plan was changed since
			continue
		}
		reach := model.Reach{Since: since}
		if i > 0 {
			reach.Before, reach.Done = &lessons[i-1], done[lessons[i-1].ID]
		}
		if why, opens := l.Release.Locked(reach, s.o.Now()); why != "" {
			out[l.ID] = Reached{Why: why, OpensAt: opens}
		}
	}
	return out, nil
}
