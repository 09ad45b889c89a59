// Package certificate gives certificates (结业证书) to learners who finished a course, and proves them to whoever holds
// one's serial. It owns the certificates table.
//
// A certificate says what was true when it was taken: it stays when the course is changed later, when access ends, and
// until an operator withdraws it or the person asks to be forgotten.
package certificate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Courses tells how far a learner is. ErrNotFound for a course they are not shown.
type Courses interface {
	Standing(ctx context.Context, who model.Caller, courseID int64) (model.Standing, error)
}

// Learners is service/learner.
type Learners interface {
	// Lock holds the learner's row: nobody is erased at the same moment.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
}

// Texts asks WeChat whether a name may be shown to everybody.
type Texts interface {
	Fit(ctx context.Context, openid model.OpenID, text string) (bool, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB        *gorm.DB
	AppID     string // of the Mini Program
	PublicURL string // our origin; empty: addresses are without
	Courses   Courses
	Learners  Learners
	Texts     Texts
	Audit     Auditor
	Now       func() time.Time
}

// Service gives certificates.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// Address is the page that proves a certificate.
func (s *Service) Address(c model.Certificate) string {
	return strings.TrimRight(s.PublicURL, "/") + "/c/" + c.Serial
}

// Take gives the caller the certificate of a course in the name they typed; again gives the same one, whatever is typed
// then. Errors: ErrForbidden before every lesson is finished, ErrInvalid for a name that is none or that WeChat
// would not show, ErrUnavailable when WeChat cannot be asked: nothing is given then.
func (s *Service) Take(ctx context.Context, who model.Caller, courseID int64, typed string) (model.Certificate, error) {
	if c, err := s.Of(ctx, who.LearnerID, courseID); err != nil || c != nil {
		if err != nil {
			return model.Certificate{}, err
		}
		return *c, nil
	}
	standing, err := s.Courses.Standing(ctx, who, courseID)
	if err != nil {
		return model.Certificate{}, err
	}
	if err := standing.Earned(); err != nil {
		return model.Certificate{}, fmt.Errorf("certificate of course %d: %w", courseID, err)
	}
	name, err := model.CertificateName(typed)
	if err != nil {
		return model.Certificate{}, err
	}
	fit, err := s.Texts.Fit(ctx, who.OpenID, name)
	if err != nil {
		return model.Certificate{}, fmt.Errorf("name on a certificate: %w", err)
	}
	if !fit {
		return model.Certificate{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "这个姓名没有通过内容检查，请写真实姓名").Field("name", "没有通过微信的内容检查")
	}
	var c model.Certificate
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		c = model.Certificate{AppID: s.AppID, Serial: model.NewCode(model.SerialLetters), CourseID: courseID, CourseTitle: standing.Title, Lessons: standing.Lessons,
			LearnerID: who.LearnerID, PersonID: who.PersonID, Name: name, CreatedAt: model.Milli(s.Now())}
		return tx.Create(&c).Error
	})
	if _, dup := store.Duplicate(err); dup { // asked for twice at once
		if had, err := s.Of(ctx, who.LearnerID, courseID); err != nil || had != nil {
			if err != nil {
				return model.Certificate{}, err
			}
			return *had, nil
		}
	}
	return c, err
}

// Of gives the learner's certificate of a course; nil: they took none.
func (s *Service) Of(ctx context.Context, learnerID, courseID int64) (*model.Certificate, error) {
	var rows []model.Certificate
	err := s.DB.WithContext(ctx).Where("learner_id = ? AND course_id = ? AND appid = ?", learnerID, courseID, s.AppID).Limit(1).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("certificate of course %d: %w", courseID, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

// Mine lists a learner's certificates, the newest first.
func (s *Service) Mine(ctx context.Context, learnerID int64) ([]model.Certificate, error) {
	out := []model.Certificate{}
	if err := s.DB.WithContext(ctx).Where("learner_id = ? AND appid = ?", learnerID, s.AppID).Order("id DESC").Limit(200).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("certificates of learner %d: %w", learnerID, err)
	}
	return out, nil
}

// Prove finds a certificate by its serial, however it was typed. ErrNotFound: there is none such, or no longer.
func (s *Service) Prove(ctx context.Context, typed string) (model.Certificate, error) {
	var c model.Certificate
	serial := model.TypedCode(typed)
	if len(serial) != model.SerialLetters {
		return c, notFound()
	}
	err := s.DB.WithContext(ctx).Where("serial = ? AND appid = ?", serial, s.AppID).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return c, notFound()
	}
	if err != nil {
		return c, fmt.Errorf("certificate: %w", err)
	}
	return c, nil
}

// OfCourse lists a course's certificates, the newest first, older than before (0: from the top).
func (s *Service) OfCourse(ctx context.Context, courseID, before int64, limit int) ([]model.Certificate, error) {
	q := s.DB.WithContext(ctx).Where("course_id = ? AND appid = ?", courseID, s.AppID)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Certificate{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("certificates of course %d: %w", courseID, err)
	}
	return out, nil
}

// Withdraw makes a certificate prove nothing any more, or with on false count again. Doing it twice changes nothing.
func (s *Service) Withdraw(ctx context.Context, by model.Operator, serial, why string, on bool) (model.Certificate, error) {
	var c model.Certificate
	why = strings.TrimSpace(why)
	if on && (why == "" || utf8.RuneCountInString(why) > 200) {
		return c, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请写撤销的原因").Field("reason", "1 到 200 个字")
	}
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		c = model.Certificate{}
		err := store.Lock(tx).Where("serial = ? AND appid = ?", serial, s.AppID).Take(&c).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return notFound()
		}
		if err != nil || (c.WithdrawnAt != nil) == on {
			return err
		}
		action := "certificate.reinstate"
		c.WithdrawnAt, c.WithdrawnBy, c.WithdrawnWhy = nil, "", ""
		if on {
			now := model.Milli(s.Now())
			action, c.WithdrawnAt, c.WithdrawnBy, c.WithdrawnWhy = "certificate.withdraw", &now, by.Name, why
		}
		if err := tx.Model(&model.Certificate{}).Where("id = ?", c.ID).Select("withdrawn_at", "withdrawn_by", "withdrawn_why").Updates(&c).Error; err != nil {
			return err
		}
		return s.Audit.Audit(tx, model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "certificate", ObjectID: c.Serial, Reason: why})
	})
	return c, err
}

// Erase removes a person's certificates: their page proves nothing any more.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	return tx.Where("person_id = ?", personID).Delete(&model.Certificate{}).Error
}

func notFound() error {
	return fmt.Errorf("certificate: %w", model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这张证书"))
}
