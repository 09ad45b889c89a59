package course

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// A published course is drafted by copying it: the draft is a course row with lessons of its own that only the console
// sees, so everything that edits a course edits a draft. Publishing writes its content over the course; the lessons keep
// their numbers, and with them what learners did in them.

// DraftState is the draft of a course, seen from the course.
type DraftState struct {
	ID          int64 // the draft's own number, by which it is edited
	Seen        string
	Changes     []string // against what is live now
	LiveChanged bool     // somebody changed the live course since the draft was begun
	UpdatedBy   string
	UpdatedAt   time.Time
}

// BeginDraft copies a published course to be edited aside, or gives the draft there is.
func (s *Service) BeginDraft(ctx context.Context, by model.Operator, id int64) (model.Course, error) {
	var d model.Course
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		locked := locking(tx)
		c, err := s.course(locked, id)
		if err != nil {
			return err
		}
		if c.Status == model.CourseDraft {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "还没上架的课程直接改就行，不用另起草稿")
		}
		if d, err = s.draftOf(locked, id); err == nil || !errors.Is(err, model.ErrNotFound) {
			return err
		}
		lessons, err := s.lessonsOf(locked(), id)
		if err != nil {
			return err
		}
		now := model.Milli(s.o.Now())
		d = c
		d.ID, d.Status, d.Version, d.UpdatedBy, d.PublishedAt, d.CreatedAt, d.UpdatedAt = 0, model.CourseDraft, 1, by.Name, nil, now, now
		d.GoodsID, d.GoodsStatus, d.GoodsError, d.Sale, d.SeatsTaken = "", model.GoodsNone, "", model.Sale{}, 0
		d.DraftOf, d.DraftBase = &id, model.ContentOf(c, lessons).Hash()
		if err := tx.Create(&d).Error; err != nil {
			return err
		}
		for _, l := range lessons {
			from := l.ID
			l.ID, l.CourseID, l.DraftOf, l.Version = 0, d.ID, &from, 1
			if err := tx.Create(&l).Error; err != nil {
				return err
			}
		}
		return s.audit(tx, by, "course.draft_begin", id, nil, nil)
	})
	return d, err
}

// Draft tells how the draft of a course stands against it. ErrNotFound where there is none.
func (s *Service) Draft(ctx context.Context, id int64) (DraftState, error) {
	p, err := s.both(func() *gorm.DB { return s.db.WithContext(ctx) }, id)
	if err != nil {
		return DraftState{}, err
	}
	return DraftState{ID: p.draft.ID, Seen: p.seen(), Changes: model.CourseDiff(p.was, p.is), LiveChanged: p.was.Hash() != p.draft.DraftBase, UpdatedBy: p.by, UpdatedAt: p.at}, nil
}

// DropDraft throws the draft of a course away; the course stays as it is.
func (s *Service) DropDraft(ctx context.Context, by model.Operator, id int64) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p, err := s.both(locking(tx), id)
		if err != nil {
			return err
		}
		if err := s.audit(tx, by, "course.draft_drop", id, map[string]any{"changes": model.CourseDiff(p.was, p.is)}, nil); err != nil {
			return err
		}
		return dropDraft(tx, p.draft.ID)
	})
}

// PublishDraft puts the draft of a course live and keeps it as the next version. seen is the state the operator looked
// at; ErrConflict when draft or course changed since, so that nobody publishes what nobody read.
func (s *Service) PublishDraft(ctx context.Context, by model.Operator, id int64, note, seen string) (Version, error) {
	var v Version
	note, err := goodNote(note)
	if err != nil {
		return v, err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p, err := s.both(locking(tx), id)
		if err != nil {
			return err
		}
		if seen != p.seen() {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "您看过区别以后草稿或线上的课又被改过，没有发布；请看过新的区别再发布").Field("seen", "内容已变化")
		}
		if v, err = s.goLive(tx, by, p.live, p.was, p.is, note, 0); err != nil {
			return err
		}
		return dropDraft(tx, p.draft.ID)
	})
	return v, err
}

// twin is a course and its draft.
type twin struct {
	live, draft model.Course
	was, is     model.CourseContent
	by          string // who touched the draft last, and when
	at          time.Time
}

// seen names the two contents an operator compared.
func (p twin) seen() string { return p.was.Hash()[:16] + p.is.Hash()[:16] }

// reading begins a query: with the rows locked, or just to look.
type reading func() *gorm.DB

func locking(tx *gorm.DB) reading { return func() *gorm.DB { return store.Lock(tx) } }

// both reads a course and its draft, the course first.
func (s *Service) both(read reading, id int64) (twin, error) {
	var p twin
	var err error
	if p.live, err = s.course(read, id); err != nil {
		return p, err
	}
	if p.draft, err = s.draftOf(read, id); err != nil {
		return p, err
	}
	live, err := s.lessonsOf(read(), id)
	if err != nil {
		return p, err
	}
	lessons, err := s.lessonsOf(read(), p.draft.ID)
	p.was, p.is, p.by, p.at = model.ContentOf(p.live, live), model.ContentOf(p.draft, lessons), p.draft.UpdatedBy, p.draft.UpdatedAt
	for _, l := range lessons {
		if l.UpdatedAt.After(p.at) {
			p.by, p.at = l.UpdatedBy, l.UpdatedAt
		}
	}
	return p, err
}

// course reads a course that is no draft of another.
func (s *Service) course(read reading, id int64) (model.Course, error) {
	var c model.Course
	err := read().Where("id = ? AND appid = ? AND draft_of IS NULL", id, s.o.AppID).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, notFound(id)
	}
	return c, err
}

func (s *Service) draftOf(read reading, id int64) (model.Course, error) {
	var d model.Course
	err := read().Where("draft_of = ? AND appid = ?", id, s.o.AppID).Take(&d).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return d, fmt.Errorf("draft of course %d: %w", id, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这门课没有草稿，可能已经发布或放弃了"))
	}
	return d, err
}

// lessonsOf reads a course's lessons, whole and in order.
func (s *Service) lessonsOf(q *gorm.DB, courseID int64) ([]model.Lesson, error) {
	var ls []model.Lesson
	err := q.Where("course_id = ? AND appid = ? AND deleted_at IS NULL", courseID, s.o.AppID).Order("position, id").Find(&ls).Error
	return ls, err
}

// dropDraft removes the rows: nobody but the console ever saw them.
func dropDraft(tx *gorm.DB, draftID int64) error {
	if err := tx.Where("course_id = ? AND draft_of IS NOT NULL", draftID).Delete(&model.Lesson{}).Error; err != nil {
		return err
	}
	return tx.Where("id = ? AND draft_of IS NOT NULL", draftID).Delete(&model.Course{}).Error
}

// DraftID is the number of a course's draft; 0: there is none.
func (s *Service) DraftID(ctx context.Context, id int64) (int64, error) {
	var ids []int64
	err := s.db.WithContext(ctx).Model(&model.Course{}).Where("draft_of = ? AND appid = ?", id, s.o.AppID).Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
