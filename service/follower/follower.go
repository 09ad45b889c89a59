// Package follower knows who follows the Official Account, since when, and how they came: it owns the
// followers, follower_changes, follower_syncs, follower_labels, tags and follower_tags tables. What came first is judged by WeChat's clock, not by the order of
// arrival: a retry of an old follow never undoes a later unfollow.
package follower

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Asker asks WeChat about followers, and labels them there: service/wechat. A call names at most 50 fans for a
// tag and 20 for the black list.
type Asker interface {
	FollowerInfo(ctx context.Context, openid model.OpenID) (model.FollowerInfo, error)
	// FollowerInfos asks about at most 100. One about whom the answer cannot be read comes as Unreadable.
	FollowerInfos(ctx context.Context, openids []model.OpenID) ([]model.FollowerInfo, error)
	// FollowerPage gives at most 10 000 openids behind from, and where the next page begins: "" at the end.
	FollowerPage(ctx context.Context, from string) (openids []model.OpenID, next string, total int, err error)
	BlockedPage(ctx context.Context, from string) (openids []model.OpenID, next string, err error)
	Tags(ctx context.Context) ([]model.Tag, error)
	TagCreate(ctx context.Context, name string) (int64, error)
	TagRename(ctx context.Context, id int64, name string) error
	TagDelete(ctx context.Context, id int64) error
	TagFans(ctx context.Context, id int64, openids []model.OpenID, on bool) error
	Remark(ctx context.Context, openid model.OpenID, remark string) error
	Block(ctx context.Context, openids []model.OpenID, on bool) error
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Persons joins an openid with a unionid: service/person.
type Persons interface {
	Ensure(tx *gorm.DB, appid string, openid model.OpenID, unionid string) (int64, error)
	EnsureKnown(tx *gorm.DB, appid string, unions map[model.OpenID]string) (map[model.OpenID]int64, error)
}

// Jobs are run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	// Dead tells that the job of this key was given up.
	Dead(tx *gorm.DB, kind, key string) (bool, error)
}

// Greeter says something to a new follower once it is known how they came: service/reply.
type Greeter interface {
	Greet(tx *gorm.DB, follow *model.Push, pushKey, source string, at time.Time) error
}

// InfoJob is the kind of the job that asks WeChat who a new follower is.
const InfoJob = "follower.info"

// Service keeps followers of the account appid.
type Service struct {
	db      *gorm.DB
	appid   string
	jobs    Jobs
	persons Persons
	ask     Asker
	audit   Auditor
	greet   Greeter
	now     func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, jobs Jobs, persons Persons, ask Asker, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, jobs: jobs, persons: persons, ask: ask, audit: audit, now: now}
}

// Greets names who says something to new followers.
func (s *Service) Greets(g Greeter) { s.greet = g }

type row struct {
	ID             int64  `gorm:"primaryKey"`
	AppID          string `gorm:"column:appid"`
	OpenID         string `gorm:"column:openid"`
	PersonID       int64
	UnionID        string `gorm:"column:unionid"`
	Subscribed     bool
	SubscribedAt   *time.Time
	UnsubscribedAt *time.Time
	ChangedAt      time.Time
	SubscribeScene string
	Scene          string
	Follows        int64
	Remark         string
	Blocked        bool
	SeenSync       int64 // the last full sync that met them
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

func (row) TableName() string { return "followers" }

type changeRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	OpenID       string `gorm:"column:openid"`
	Kind         string
	Scene        string
	PushKey      string // of the push, or what else makes it unique
	OperatorName string
	HappenedAt   time.Time
}

func (changeRow) TableName() string { return "follower_changes" }

// Take keeps follows and unfollows, each once, in the transaction that keeps the push.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	for _, k := range kept {
		if k.AppID != s.appid || k.MsgType != "event" {
			continue
		}
		switch k.Event {
		case "subscribe":
			if err := s.change(tx, k, "follow"); err != nil {
				return err
			}
		case "unsubscribe":
			if err := s.change(tx, k, "unfollow"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) change(tx *gorm.DB, k *model.Kept, kind string) error {
	c := changeRow{AppID: s.appid, OpenID: string(k.FromUserName), Kind: kind, Scene: model.Cut(k.Scene(), model.SceneMost), PushKey: k.PushKey, HappenedAt: k.At}
	if err := tx.Create(&c).Error; err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	now := model.Milli(s.now())
	var have []row
	if err := store.Lock(tx).Where("appid = ? AND openid = ?", s.appid, c.OpenID).Limit(1).Find(&have).Error; err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if len(have) == 0 {
		r := row{AppID: s.appid, OpenID: c.OpenID, PersonID: k.PersonID, Subscribed: kind == "follow", ChangedAt: k.At, CreatedAt: now, UpdatedAt: now}
		if kind == "follow" {
			r.SubscribedAt, r.Scene, r.Follows = &k.At, c.Scene, 1
		} else {
			r.UnsubscribedAt = &k.At
		}
		if err := tx.Create(&r).Error; err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	} else {
		set := map[string]any{"updated_at": now, "person_id": k.PersonID}
		if kind == "follow" {
			set["follows"] = gorm.Expr("follows + 1")
		}
		if !k.At.Before(have[0].ChangedAt) { // an older event that arrives late changes the history alone
			set["changed_at"], set["subscribed"] = k.At, kind == "follow"
			if kind == "follow" {
				set["subscribed_at"], set["scene"] = k.At, c.Scene
			} else {
				set["unsubscribed_at"] = k.At
			}
		}
		if err := tx.Model(&row{}).Where("id = ?", have[0].ID).Updates(set).Error; err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	if kind == "unfollow" {
		return nil
	}
	return s.jobs.Add(tx, InfoJob, s.appid+":"+c.OpenID, infoJob{AppID: s.appid, OpenID: c.OpenID, PushKey: k.PushKey, CreateTime: k.CreateTime, Scene: c.Scene, At: k.At}, time.Time{})
}

type infoJob struct {
	AppID  string `json:"appid"`
	OpenID string `json:"openid"`
	// Of the follow that asked.
	PushKey    string    `json:"push_key,omitempty"`
	CreateTime int64     `json:"create_time,omitempty"`
	Scene      string    `json:"scene,omitempty"`
	At         time.Time `json:"at,omitzero"`
}

// follow is the push that asked.
func (j *infoJob) follow() *model.Push {
	return &model.Push{AppID: j.AppID, FromUserName: model.OpenID(j.OpenID), MsgType: "event", Event: "subscribe", CreateTime: j.CreateTime}
}

// Info asks WeChat who a follower is and joins the unionid: the job InfoJob. Twice is safe.
func (s *Service) Info(ctx context.Context, payload json.RawMessage) error {
	var j infoJob
	if err := json.Unmarshal(payload, &j); err != nil {
		return fmt.Errorf("ask about a follower: %w: %w", model.ErrInvalid, err)
	}
	asked := model.Milli(s.now())
	info, err := s.ask.FollowerInfo(ctx, model.OpenID(j.OpenID))
	if err != nil {
		if errors.Is(err, model.ErrInvalid) || errors.Is(err, model.ErrForbidden) || errors.Is(err, model.ErrNotFound) {
			return nil // WeChat will not say: an account without the right, or a stranger's openid
		}
		return fmt.Errorf("ask about a follower: %w", err)
	}
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		person, err := s.persons.Ensure(tx, j.AppID, model.OpenID(j.OpenID), info.UnionID)
		if err != nil {
			return err
		}
		set := map[string]any{"person_id": person, "updated_at": model.Milli(s.now())}
		if info.UnionID != "" {
			set["unionid"] = info.UnionID
		}
		if info.SubscribeScene != "" {
			set["subscribe_scene"] = info.SubscribeScene
		}
		if info.Subscribed {
			set["remark"] = model.Cut(info.Remark, remarkMost)
		}
		if err := tx.Model(&row{}).Where("appid = ? AND openid = ?", j.AppID, j.OpenID).Updates(set).Error; err != nil {
			return fmt.Errorf("follower: %w", err)
		}
		if info.Subscribed {
			if err := s.wears(tx, []model.FollowerInfo{info}, asked); err != nil {
				return err
			}
		}
		if s.greet == nil || j.PushKey == "" || j.Scene != "" || info.SubscribeScene == "" {
			return nil // a scene code has its own answer
		}
		return s.greet.Greet(tx, j.follow(), j.PushKey, info.SubscribeScene, j.At)
	})
}

// Count gives those who follow now, and all we ever knew.
func (s *Service) Count(ctx context.Context) (following, all int64, err error) {
	db := s.db.WithContext(ctx).Model(&row{}).Where("appid = ?", s.appid)
	if err := db.Session(&gorm.Session{}).Count(&all).Error; err != nil {
		return 0, 0, fmt.Errorf("count followers: %w", err)
	}
	if err := db.Session(&gorm.Session{}).Where("subscribed = ?", true).Count(&following).Error; err != nil {
		return 0, 0, fmt.Errorf("count followers: %w", err)
	}
	return following, all, nil
}

// Erase forgets a fan. It belongs to the caller's transaction.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	if err := tx.Where("appid = ? AND follower_id IN (SELECT id FROM followers WHERE appid = ? AND openid = ?)", appid, appid, string(openid)).Delete(&wornRow{}).Error; err != nil {
		return fmt.Errorf("erase follower: %w", err)
	}
	if err := tx.Where("appid = ? AND follower_id IN (SELECT id FROM followers WHERE appid = ? AND openid = ?)", appid, appid, string(openid)).Delete(&bulkChosenRow{}).Error; err != nil {
		return fmt.Errorf("forget whom a bulk chose: %w", err)
	}
	if err := tx.Where("appid = ? AND follower_id IN (SELECT id FROM followers WHERE appid = ? AND openid = ?)", appid, appid, string(openid)).Delete(&bulkFanRow{}).Error; err != nil {
		return fmt.Errorf("erase follower: %w", err)
	}
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&labelRow{}).Error; err != nil {
		return fmt.Errorf("erase follower: %w", err)
	}
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&changeRow{}).Error; err != nil {
		return fmt.Errorf("erase follower: %w", err)
	}
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&row{}).Error; err != nil {
		return fmt.Errorf("erase follower: %w", err)
	}
	return nil
}
