// Package invite keeps a campaign's task of bringing new followers (裂变): who asked for a poster, whom their code
// brought, who of those counts, and what was given for it. It owns the invites, inviters, invited and invite_rewards
// tables.
//
// A friend counts who never followed before, has stayed as long as the task says, and follows still; there is one line a
// task and friend, so whatever they do they count once. Friends are taken for a reward by one conditional update, and
// the reward has its number among the inviter's and among the task's as unique keys: on any number of instances it is
// given once. A fan is told in the answer to what they send, or inside a window they opened; nobody is written to
// otherwise.
package invite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Campaigns is service/campaign.
type Campaigns interface {
	One(ctx context.Context, id int64) (model.Campaign, error)
	In(tx *gorm.DB, id int64) (model.Campaign, error)
}

// Followers is service/follower.
type Followers interface {
	// First tells of a follow whether it is the first thing known of the fan, and whether they follow now.
	First(tx *gorm.DB, openid model.OpenID, pushKey string) (first, following bool, err error)
	Following(tx *gorm.DB, openids []string) (map[string]bool, error)
	Numbers(db *gorm.DB, openids []string) (map[string]int64, error)
}

// Codes is service/scene.
type Codes interface {
	ForFan(ctx context.Context, scene string, campaignID int64) (model.SceneCode, error)
	Retire(tx *gorm.DB, campaignID int64) error
}

// Posters is service/poster.
type Posters interface {
	One(ctx context.Context, id int64) (model.Poster, error)
	Draw(ctx context.Context, p model.Poster) ([]byte, error)
	FontFault() string
}

// WeChat takes the poster's picture: service/wechat.
type WeChat interface {
	UploadMaterial(ctx context.Context, u model.MaterialUpload) (model.MaterialAt, error)
}

// Teller writes to a fan inside the windows they opened: service/reply.
type Teller interface {
	Tell(tx *gorm.DB, openid model.OpenID, key string, m model.Message) error
}

// Prizes gives one kind of reward: service/coupon, service/redeem.
type Prizes interface {
	// Give makes or takes one and gives its code. ErrConflict in words when none can be given.
	Give(tx *gorm.DB, ref int64) (code string, err error)
	// Ready says in words why none could be given now; ErrNotFound for one that is not there.
	Ready(ctx context.Context, ref int64) (string, error)
}

// Jobs are run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service. Posters and Prizes may be given after New, before anything runs.
type Options struct {
	DB        *gorm.DB
	AppID     string // the Official Account's
	Campaigns Campaigns
	Followers Followers
	Codes     Codes
	Posters   Posters
	WeChat    WeChat
	Teller    Teller
	Prizes    map[model.InviteReward]Prizes
	Jobs      Jobs
	Audit     Auditor
	Now       func() time.Time // the business clock
}

// Service keeps the tasks of the account AppID.
type Service struct {
	Options
	mu    sync.Mutex
	words map[string]bool // keywords of the tasks that were on lately; nil: not known
	until time.Time
}

// New makes the service.
func New(o Options) *Service { return &Service{Options: o} }

// Input is what an operator writes.
type Input struct {
	Keyword   string
	PosterID  int64
	Need      int
	Reward    model.InviteReward
	RewardRef int64
	PerPerson int
	Total     int
	HoldHours int
	SpeedMost int
	// SpeedMinutes is how long a speed is looked at.
	SpeedMinutes int
	Version      int64 // the one the change was made on; 0 for a new task
}

// Of gives a campaign's task; the zero one when it has none.
func (s *Service) Of(ctx context.Context, campaignID int64) (model.Invite, error) {
	var i model.Invite
	if err := s.DB.WithContext(ctx).Where("appid = ? AND campaign_id = ?", s.AppID, campaignID).Limit(1).Find(&i).Error; err != nil {
		return i, fmt.Errorf("task of campaign %d: %w", campaignID, err)
	}
	return i, nil
}

// Save makes or changes a campaign's task. While it is on, only the caps and the speed change: what was promised to fans
// stays. ErrInvalid names the fields; ErrConflict with who and when, if it was changed since.
func (s *Service) Save(ctx context.Context, by model.Operator, campaignID int64, in Input) (model.Invite, error) {
	if _, err := s.Campaigns.One(ctx, campaignID); err != nil {
		return model.Invite{}, err
	}
	var i model.Invite
	draft := model.Invite{Keyword: in.Keyword, PosterID: in.PosterID, Need: in.Need, Reward: in.Reward, RewardRef: in.RewardRef, PerPerson: in.PerPerson, Total: in.Total, HoldHours: in.HoldHours, SpeedMost: in.SpeedMost, SpeedMinutes: in.SpeedMinutes}
	if err := draft.Check(); err != nil {
		return i, err
	}
	if err := s.there(ctx, draft); err != nil {
		return i, err
	}
	now := model.Milli(s.Now())
	err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		i = model.Invite{}
		if err := store.Lock(tx).Where("appid = ? AND campaign_id = ?", s.AppID, campaignID).Limit(1).Find(&i).Error; err != nil {
			return err
		}
		before := view(i)
		if i.ID == 0 && in.Version != 0 || i.Version != in.Version {
			return changed(i)
		}
		if i.State == model.InviteOn && (i.Key() != draft.Key() || i.Need != draft.Need || i.Reward != draft.Reward || i.HoldHours != draft.HoldHours || draft.PerPerson < i.PerPerson || draft.Total < i.Total) {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "任务开着的时候，口令、人数、奖励种类和留存时间不能改，名额只能加：规则已经告诉粉丝了。要改先关掉任务")
		}
		// Off, it still pays what was earned: what makes rewards cheaper to earn, or worth more, is money's to decide.
		if i.State != model.InviteDraft && draft.Gives(i) && !by.Role.May(model.RightMoney) {
			return model.Refuse(model.ErrForbidden, model.CodeForbidden, "任务开过以后，改人数、留存、名额、奖励和防刷的限制要由能管钱的人来")
		}
		var given int64
		if err := tx.Model(&model.InviteRewarded{}).Where("invite_id = ?", i.ID).Count(&given).Error; err != nil {
			return err
		}
		if int64(draft.Total) < given {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("total", fmt.Sprintf("已经发出 %d 份，不能更少", given))
		}
		draft.ID, draft.AppID, draft.CampaignID, draft.State, draft.LiveKey, draft.CreatedAt = i.ID, s.AppID, campaignID, i.State, i.LiveKey, i.CreatedAt
		draft.Version, draft.UpdatedBy, draft.UpdatedAt = i.Version+1, by.Name, now
		i = draft
		if i.ID == 0 {
			i.State, i.CreatedAt = model.InviteDraft, now
			if err := tx.Create(&i).Error; err != nil {
				return err
			}
			return s.audited(tx, by, "invite.create", i, nil)
		}
		if err := tx.Model(&i).Select("keyword", "poster_id", "need", "reward", "reward_ref", "per_person", "total", "hold_hours", "speed_most", "speed_minutes", "fault", "version", "updated_by", "updated_at").Updates(&i).Error; err != nil {
			return err
		}
		// The poster may be another: those WeChat keeps are drawn anew.
		if err := tx.Model(&model.Inviter{}).Where("invite_id = ?", i.ID).Updates(map[string]any{"media_id": "", "media_until": nil}).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "invite.change", i, before)
	})
	if _, dup := store.Duplicate(err); dup {
		return i, model.Refuse(model.ErrConflict, model.CodeConflict, "别人刚给这个活动建了任务，请刷新")
	}
	if err != nil {
		return i, fmt.Errorf("task of campaign %d: %w", campaignID, err)
	}
	return i, nil
}

// there refuses a poster or a reward that is not.
func (s *Service) there(ctx context.Context, i model.Invite) error {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项")
	if _, err := s.Posters.One(ctx, i.PosterID); errors.Is(err, model.ErrNotFound) {
		bad.Field("poster_id", "没有这张海报，可能刚被删了")
	} else if err != nil {
		return err
	}
	why, err := s.Prizes[i.Reward].Ready(ctx, i.RewardRef)
	switch {
	case errors.Is(err, model.ErrNotFound):
		bad.Field("reward_ref", "没有这一项，可能刚被删了")
	case err != nil:
		return err
	case why != "":
		bad.Field("reward_ref", why)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Switch turns a task on or off. On needs the operator's word that they know WeChat's rule against inducing shares and
// follows: it is kept with their name. ErrConflict when the word is another task's, or nothing could be drawn or given.
func (s *Service) Switch(ctx context.Context, by model.Operator, campaignID, version int64, on, knows bool) (model.Invite, error) {
	c, err := s.Campaigns.One(ctx, campaignID)
	if err != nil {
		return model.Invite{}, err
	}
	var i model.Invite
	if on {
		if !knows {
			return i, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请先确认知道微信的规定").Field("knows", "请勾选")
		}
		if st := c.State(s.Now()); st == model.CampaignOver || st == model.CampaignStopped {
			return i, model.Refuse(model.ErrConflict, model.CodeConflict, "活动已经结束了")
		}
		if f := s.Posters.FontFault(); f != "" {
			return i, model.Refuse(model.ErrConflict, model.CodeConflict, "海报画不出来："+f)
		}
		if i, err = s.Of(ctx, campaignID); err != nil {
			return i, err
		}
		if i.ID == 0 {
			return i, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个活动还没有裂变任务")
		}
		if err := s.there(ctx, i); err != nil {
			return i, err
		}
	}
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		i = model.Invite{}
		if err := store.Lock(tx).Where("appid = ? AND campaign_id = ?", s.AppID, campaignID).Limit(1).Find(&i).Error; err != nil {
			return err
		}
		if i.ID == 0 {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个活动还没有裂变任务")
		}
		if i.Version != version {
			return changed(i)
		}
		before := view(i)
		action := "invite.open"
		if key := i.Key(); on {
			i.State, i.LiveKey = model.InviteOn, &key
		} else {
			action, i.State, i.LiveKey = "invite.close", model.InviteOff, nil
		}
		i.Version, i.UpdatedBy, i.UpdatedAt = i.Version+1, by.Name, model.Milli(s.Now())
		if err := tx.Model(&i).Select("state", "live_key", "version", "updated_by", "updated_at").Updates(&i).Error; err != nil {
			return err
		}
		return s.audited(tx, by, action, i, before)
	})
	if _, dup := store.Duplicate(err); dup {
		return i, model.Refuse(model.ErrConflict, model.CodeConflict, "口令「"+i.Keyword+"」正被另一个活动的任务用着").Field("keyword", "换一个口令，或先关掉那个任务")
	}
	if err != nil {
		return i, fmt.Errorf("task of campaign %d: %w", campaignID, err)
	}
	s.forget()
	return i, nil
}

func changed(i model.Invite) error {
	if i.ID == 0 {
		return model.Refuse(model.ErrConflict, model.CodeConflict, "这个任务不在了，请刷新")
	}
	return model.Refuse(model.ErrConflict, model.CodeConflict, i.UpdatedBy+" 在 "+i.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这个任务，请刷新后再改")
}

func view(i model.Invite) map[string]any {
	if i.ID == 0 {
		return nil
	}
	return map[string]any{"keyword": i.Keyword, "poster_id": i.PosterID, "need": i.Need, "reward": i.Reward, "reward_ref": i.RewardRef, "per_person": i.PerPerson, "rewards": i.Total, "hold_hours": i.HoldHours,
		"speed_most": i.SpeedMost, "speed_minutes": i.SpeedMinutes, "state": i.State}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, i model.Invite, before map[string]any) error {
	return s.Audit.Audit(tx, model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "campaign", ObjectID: strconv.FormatInt(i.CampaignID, 10), Before: model.AuditJSON(before), After: model.AuditJSON(view(i))})
}
