package grant

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Learners locks a learner's row; service/learner. ErrNotFound when erased or unknown.
type Learners interface {
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Courses names courses; service/course.
type Courses interface {
	Named(ctx context.Context, ids []int64) (map[int64]model.Course, error)
}

// Desk is the operators' side: a course given by hand, and taken back.
type Desk struct {
	*Service
	AppID    string
	Learners Learners
	Courses  Courses
	Audit    func(tx *gorm.DB, a model.AuditEntry) error
}

// Give is a course an operator gives.
type Give struct {
	LearnerID, CourseID int64
	Days                int    // how long it opens the course; 0: for ever
	Why                 string // who reads it is the next operator
	Key                 string // made by the client; the same key again is the same gift
}

const daysMax = 3650

// check names what is wrong.
func (g *Give) check() error {
	g.Why = strings.TrimSpace(g.Why)
	r := model.Refuse(model.ErrInvalid, model.CodeInvalid, "还不能送，请检查标出的项")
	if n := utf8.RuneCountInString(g.Why); n == 0 || n > 100 {
		r.Field("why", "请写原因，最多 100 个字")
	}
	if g.Days < 0 || g.Days > daysMax {
		r.Field("days", fmt.Sprintf("0 到 %d 天；0 表示一直有效", daysMax))
	}
	if len(r.Fields) > 0 {
		return r
	}
	return nil
}

// Give opens a course to a learner by hand. Who can study it for ever already is refused; so is a draft, which has no
// page to study on. ErrInvalid, ErrNotFound, ErrConflict.
func (d *Desk) Give(ctx context.Context, by model.Operator, in Give) (model.Grant, error) {
	var out model.Grant
	if err := in.check(); err != nil {
		return out, err
	}
	named, err := d.Courses.Named(ctx, []int64{in.CourseID})
	if err != nil {
		return out, err
	}
	if c, known := named[in.CourseID]; !known || c.Status == model.CourseDraft {
		return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "还不能送，请检查标出的项").Field("course_id", "没有这门课程，或者还没有上架过")
	}
	key := fmt.Sprintf("gift:%d:%x", in.LearnerID, sha256.Sum256([]byte(in.Key)))[:64] // the column's width; 2⁻²⁰⁰ is once enough
	err = store.Tx(ctx, d.db, func(tx *gorm.DB) error {
		if _, err := d.Learners.Lock(tx, in.LearnerID); err != nil {
			return err
		}
		out = model.Grant{} // run again after a deadlock, it begins anew
		err := tx.Where("reason_key = ?", key).Take(&out).Error
		if err == nil {
			if out.CourseID != in.CourseID || out.Why != words(by, in.Why) || !sameEnd(out.EndsAt, term(out.StartsAt, in.Days)) {
				return model.Refuse(model.ErrConflict, model.CodeKeyReused, "上一次已经送出，和这次填的不一样。请关掉重新打开，先看看这位学员有什么")
			}
			if out.Status != model.GrantActive {
				return model.Refuse(model.ErrConflict, model.CodeKeyReused, "这一次送出的已经收回了，要再送请重新打开")
			}
			return nil
		}
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("gift %s: %w", key, err)
		}
		had, err := d.list(tx, in.LearnerID, in.CourseID)
		if err != nil {
			return err
		}
		for _, g := range had {
			if g.Covers(d.now()) && g.EndsAt == nil {
				return model.Refuse(model.ErrConflict, model.CodeConflict, "这位学员已经可以一直学这门课，不用再送")
			}
		}
		g := model.Grant{AppID: d.AppID, LearnerID: in.LearnerID, CourseID: in.CourseID, Reason: model.GrantByGift, ReasonKey: key, Why: words(by, in.Why), StartsAt: d.now()}
		g.EndsAt = term(g.StartsAt, in.Days)
		if err := d.Open(tx, g, model.OperatorActor(by.ID)); err != nil {
			return err
		}
		if err := tx.Where("reason_key = ?", key).Take(&out).Error; err != nil {
			return fmt.Errorf("gift %s: %w", key, err)
		}
		return d.audited(tx, by, "grant.give", out, in.Why)
	})
	return out, err
}

// term is when so many days are over; nil for ever, which 0 stands for.
func term(from time.Time, days int) *time.Time {
	if days <= 0 {
		return nil
	}
	end := from.AddDate(0, 0, days)
	return &end
}

func sameEnd(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Sub(*b).Abs() < time.Second)
}

func words(by model.Operator, why string) string { return by.Name + " 送的：" + why }

// TakeBack ends a grant that was given by hand or brought along; one that money or a code opened ends by its own
// road. Ended already: nothing happens. ErrNotFound, ErrInvalid, ErrConflict.
func (d *Desk) TakeBack(ctx context.Context, by model.Operator, id int64, why string) error {
	why = strings.TrimSpace(why)
	if n := utf8.RuneCountInString(why); n == 0 || n > 100 {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "还不能收回，请检查标出的项").Field("why", "请写原因，最多 100 个字")
	}
	return store.Tx(ctx, d.db, func(tx *gorm.DB) error {
		var g model.Grant
		err := store.Lock(tx).Where("appid = ?", d.AppID).Take(&g, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("grant %d: %w", id, model.ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("grant %d: %w", id, err)
		}
		if g.Reason != model.GrantByGift && g.Reason != model.GrantByImport {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这一条不是手工开的，不能这样收回；买的课请走退款")
		}
		if !g.Status.CanBecome(model.GrantRevoked) {
			return nil
		}
		if err := d.step(tx, g, model.GrantRevoked, model.OperatorActor(by.ID), why); err != nil {
			return err
		}
		return d.audited(tx, by, "grant.take_back", g, why)
	})
}

func (d *Desk) audited(tx *gorm.DB, by model.Operator, action string, g model.Grant, why string) error {
	after, err := json.Marshal(map[string]any{"learner_id": g.LearnerID, "course_id": g.CourseID, "ends_at": g.EndsAt})
	if err != nil {
		return err
	}
	return d.Audit(tx, model.AuditEntry{AppID: d.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "grant", ObjectID: strconv.FormatInt(g.ID, 10), After: string(after), Reason: why})
}

// Import joins the caller's transaction and opens a course that a learner had in an older shop. The same learner,
// course and beginning again is no second grant: fresh says whether it was new.
func (d *Desk) Import(tx *gorm.DB, learnerID, courseID int64, from time.Time, until *time.Time, note string) (fresh bool, err error) {
	why := "从原来的系统带来"
	if note != "" {
		why += "：" + note
	}
	return d.open(tx, model.Grant{
		AppID: d.AppID, LearnerID: learnerID, CourseID: courseID, Reason: model.GrantByImport,
		ReasonKey: fmt.Sprintf("import:%d:%d:%d", learnerID, courseID, model.Milli(from).UnixMilli()), Why: why, StartsAt: from, EndsAt: until,
	}, model.ActorImport)
}
