// Package signup keeps the sign-up lists (报名) of campaigns: what is asked, who signed up, who waits for a place and who
// was there. It owns the tables signup_forms and signups.
//
// What people write is shown to operators and to its writer, never to other fans: it therefore goes through no content
// check of WeChat's. Places are given out under the lock of the form's row, so any number of instances give each once.
// A phone number is asked for by WeChat's button and lies sealed with its learner; a sign-up only says that it was given.
package signup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Campaigns are service/campaign; ErrNotFound for one that is not there.
type Campaigns interface {
	One(ctx context.Context, id int64) (model.Campaign, error)
	In(tx *gorm.DB, id int64) (model.Campaign, error)
}

// Learners are service/learner.
type Learners interface {
	// Lock holds the learner's row, so that nobody is erased while signing up.
	Lock(tx *gorm.DB, learnerID int64) (model.Learner, error)
	// Phones opens the numbers of those who gave one.
	Phones(ctx context.Context, learnerIDs []int64) (map[int64]model.Phone, error)
}

// Facts takes events of ours in: service/event.
type Facts interface {
	Add(tx *gorm.DB, e model.Event) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB        *gorm.DB
	AppID     string // of the campaigns
	Campaigns Campaigns
	Learners  Learners
	Facts     Facts
	Audit     Auditor
	Now       func() time.Time // the business clock
}

// Service keeps sign-up lists.
type Service struct{ Options }

// New makes the service.
func New(o Options) *Service { return &Service{o} }

// List is a campaign's form with its campaign. Form.ID is 0 where none was made.
type List struct {
	Campaign model.Campaign
	Form     model.SignupForm
	Phase    model.SignupPhase
}

// Mine is how a learner stands with a list.
type Mine struct {
	List
	Signup *model.Signup // nil: never signed up
	Ahead  int64         // how many wait before them, while they wait
	Phone  *model.Phone  // nil: we have none
}

// Of gives a campaign's form. ErrNotFound for a campaign that is not there.
func (s *Service) Of(ctx context.Context, campaignID int64) (List, error) {
	c, err := s.Campaigns.One(ctx, campaignID)
	if err != nil {
		return List{}, err
	}
	f, err := s.form(s.DB.WithContext(ctx), campaignID)
	return List{c, f, f.Phase(c, s.Now())}, err
}

func (s *Service) form(db *gorm.DB, campaignID int64) (model.SignupForm, error) {
	var f model.SignupForm
	err := db.Where("appid = ? AND campaign_id = ?", s.AppID, campaignID).Take(&f).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.SignupForm{}, nil
	}
	if err != nil {
		return f, fmt.Errorf("form of campaign %d: %w", campaignID, err)
	}
	return f, nil
}

// lock reads a campaign's list and holds the form's row: whoever gives or frees a place does it alone.
func (s *Service) lock(tx *gorm.DB, campaignID int64) (List, error) {
	c, err := s.Campaigns.In(tx, campaignID)
	if err != nil {
		return List{}, err
	}
	f, err := s.form(store.Lock(tx), campaignID)
	return List{c, f, f.Phase(c, s.Now())}, err
}

func none(campaignID int64) error {
	return fmt.Errorf("sign-up of campaign %d: %w", campaignID, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个活动没有开放报名"))
}

// Look shows a learner the list and what they handed in. ErrNotFound where nobody may sign up and they have not.
func (s *Service) Look(ctx context.Context, who model.Caller, campaignID int64) (Mine, error) {
	l, err := s.Of(ctx, campaignID)
	if err != nil {
		return Mine{}, err
	}
	return s.mine(ctx, who, l)
}

func (s *Service) mine(ctx context.Context, who model.Caller, l List) (Mine, error) {
	out := Mine{List: l}
	db := s.DB.WithContext(ctx)
	var rows []model.Signup
	if err := db.Where("campaign_id = ? AND learner_id = ?", l.Campaign.ID, who.LearnerID).Limit(1).Find(&rows).Error; err != nil {
		return out, fmt.Errorf("sign-up of learner %d: %w", who.LearnerID, err)
	}
	if len(rows) == 0 && l.Phase == model.SignupOff {
		return out, none(l.Campaign.ID)
	}
	if len(rows) > 0 {
		out.Signup = &rows[0]
		if out.Signup.State == model.SignupWaiting {
			if err := db.Model(&model.Signup{}).Where("campaign_id = ? AND state = ? AND line < ?", l.Campaign.ID, model.SignupWaiting, out.Signup.Line).Count(&out.Ahead).Error; err != nil {
				return out, fmt.Errorf("who waits before learner %d: %w", who.LearnerID, err)
			}
		}
	}
	phones, err := s.Learners.Phones(ctx, []int64{who.LearnerID})
	if err != nil {
		return out, err
	}
	if p, ok := phones[who.LearnerID]; ok {
		out.Phone = &p
	}
	return out, nil
}

// shut says why nobody may sign up or change now; nil while they may.
func (l List) shut() error {
	from, _ := l.Form.Span(l.Campaign)
	switch l.Phase {
	case model.SignupOff:
		return none(l.Campaign.ID)
	case model.SignupBefore:
		return model.Refuse(model.ErrConflict, model.CodeConflict, "报名还没有开始，"+from.In(model.Shanghai).Format("1 月 2 日 15:04")+" 开始")
	case model.SignupOver:
		return over()
	}
	return nil
}

func over() error { return model.Refuse(model.ErrConflict, model.CodeConflict, "报名已经结束") }

// Put signs somebody up, or changes what they handed in; again with the same answers changes nothing. Who comes when all
// places are taken waits. The event campaign_join is recorded the first time alone. Errors: ErrInvalid for the answers,
// ErrConflict outside the list's time, ErrNotFound where there is none.
func (s *Service) Put(ctx context.Context, who model.Caller, campaignID int64, given map[int][]string) (Mine, error) {
	var list List
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		learner, err := s.Learners.Lock(tx, who.LearnerID)
		if err != nil {
			return err
		}
		if list, err = s.lock(tx, campaignID); err != nil {
			return err
		}
		if err := list.shut(); err != nil {
			return err
		}
		f := &list.Form
		answers, err := f.Answer(given, len(learner.Phone) > 0)
		if err != nil {
			return err
		}
		now := model.Milli(s.Now())
		g := model.Signup{AppID: s.AppID, CampaignID: campaignID, LearnerID: who.LearnerID, PersonID: who.PersonID, State: model.SignupCancelled, CreatedAt: now}
		err = tx.Where("campaign_id = ? AND learner_id = ?", campaignID, who.LearnerID).Take(&g).Error
		if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		g.Hand(answers)
		g.UpdatedAt = now
		if g.State == model.SignupCancelled {
			f.LastLine++
			g.Line, g.State, g.Came, g.CameBy, g.CameAt, g.JoinedAt = f.LastLine, model.SignupWaiting, model.SignupUnmarked, "", nil, nil
			if f.Left() != 0 {
				// A place may have become free while nobody could take it: a list that was over and runs again.
				if err := s.moveUp(tx, f); err != nil {
					return err
				}
			}
			if f.Left() != 0 {
				g.State, g.JoinedAt = model.SignupJoined, &now
				f.Taken++
			}
			if err := s.count(tx, f); err != nil {
				return err
			}
		}
		if g.ID > 0 {
			return tx.Model(&g).Select("state", "line", "answers", "words", "came", "came_by", "came_at", "joined_at", "updated_at").Updates(&g).Error
		}
		if err := tx.Create(&g).Error; err != nil {
			return err
		}
		return s.Facts.Add(tx, model.Event{Key: fmt.Sprintf("signup:%d:%d", campaignID, who.LearnerID), AppID: who.AppID, Type: model.EventCampaignJoin, OccurredAt: now, PersonID: who.PersonID, CampaignID: campaignID})
	})
	if err != nil {
		return Mine{}, fmt.Errorf("sign learner %d up for campaign %d: %w", who.LearnerID, campaignID, err)
	}
	return s.mine(ctx, who, list)
}

// Cancel gives a place back, which goes to who waits longest, or leaves the waiting; twice is once. It is open until the end,
// also while the list is switched off. ErrConflict after that, ErrNotFound for who never signed up.
func (s *Service) Cancel(ctx context.Context, who model.Caller, campaignID int64) (Mine, error) {
	var list List
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		if _, err := s.Learners.Lock(tx, who.LearnerID); err != nil {
			return err
		}
		var err error
		if list, err = s.lock(tx, campaignID); err != nil {
			return err
		}
		var g model.Signup
		err = tx.Where("campaign_id = ? AND learner_id = ?", campaignID, who.LearnerID).Take(&g).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "您没有报名")
		}
		if err != nil || g.State == model.SignupCancelled {
			return err
		}
		if _, to := list.Form.Span(list.Campaign); !s.Now().Before(to) {
			return over()
		}
		if g.State == model.SignupJoined {
			list.Form.Taken--
		}
		g.State, g.JoinedAt, g.UpdatedAt = model.SignupCancelled, nil, model.Milli(s.Now())
		g.Came, g.CameBy, g.CameAt = model.SignupUnmarked, "", nil // only who has a place is marked
		if err := tx.Model(&g).Select("state", "came", "came_by", "came_at", "joined_at", "updated_at").Updates(&g).Error; err != nil {
			return err
		}
		return s.moveUp(tx, &list.Form)
	})
	if err != nil {
		return Mine{}, fmt.Errorf("cancel learner %d's sign-up for campaign %d: %w", who.LearnerID, campaignID, err)
	}
	return s.mine(ctx, who, list)
}

// moveUp gives free places to those who wait longest, and keeps the form's counts. The form's row must be locked.
func (s *Service) moveUp(tx *gorm.DB, f *model.SignupForm) error {
	waiting := tx.Model(&model.Signup{}).Where("campaign_id = ? AND state = ?", f.CampaignID, model.SignupWaiting).Session(&gorm.Session{})
	if free := f.Left(); free != 0 {
		last := f.LastLine
		if free > 0 {
			var lines []int64
			if err := waiting.Order("line").Offset(int(free)-1).Limit(1).Pluck("line", &lines).Error; err != nil {
				return fmt.Errorf("who waits for campaign %d: %w", f.CampaignID, err)
			}
			if len(lines) > 0 {
				last = lines[0]
			}
		}
		now := model.Milli(s.Now())
		res := waiting.Where("line <= ?", last).Updates(map[string]any{"state": model.SignupJoined, "joined_at": now, "updated_at": now})
		if res.Error != nil {
			return fmt.Errorf("move up in campaign %d: %w", f.CampaignID, res.Error)
		}
		f.Taken += res.RowsAffected
	}
	return s.count(tx, f)
}

// count keeps how many places are taken and who came last.
func (s *Service) count(tx *gorm.DB, f *model.SignupForm) error {
	if err := tx.Model(&model.SignupForm{}).Where("id = ?", f.ID).UpdateColumns(map[string]any{"taken": f.Taken, "last_line": f.LastLine}).Error; err != nil {
		return fmt.Errorf("places of campaign %d: %w", f.CampaignID, err)
	}
	return nil
}

// Erase takes a person off every list. While a list still runs, their place goes to who waits longest.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	var campaigns []int64
	if err := tx.Model(&model.Signup{}).Where("person_id = ? AND appid = ?", personID, s.AppID).Order("campaign_id").Pluck("campaign_id", &campaigns).Error; err != nil {
		return fmt.Errorf("sign-ups of person %d: %w", personID, err)
	}
	for i, id := range campaigns {
		if i > 0 && id == campaigns[i-1] {
			continue
		}
		if err := s.eraseFrom(tx, personID, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) eraseFrom(tx *gorm.DB, personID, campaignID int64) error {
	l, err := s.lock(tx, campaignID)
	if err != nil {
		return err
	}
	theirs := tx.Where("person_id = ? AND campaign_id = ?", personID, campaignID).Session(&gorm.Session{})
	var joined int64
	if err := theirs.Model(&model.Signup{}).Where("state = ?", model.SignupJoined).Count(&joined).Error; err != nil {
		return fmt.Errorf("sign-ups of person %d: %w", personID, err)
	}
	if err := theirs.Delete(&model.Signup{}).Error; err != nil {
		return fmt.Errorf("sign-ups of person %d: %w", personID, err)
	}
	l.Form.Taken -= joined
	if l.Phase == model.SignupOver {
		return s.count(tx, &l.Form)
	}
	return s.moveUp(tx, &l.Form)
}
