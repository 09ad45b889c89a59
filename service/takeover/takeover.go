// Package takeover leads from WeChat's own console to this house: what the console answers and shows is read, turned
// into drafts of ours with its pictures and sounds copied into the material, and then the server URL is switched on
// and waited for. Nothing it does changes anything for fans. It owns the takeovers table.
package takeover

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat is what its console answers: service/wechat.
type WeChat interface {
	RepliesLive(ctx context.Context) (model.LiveReplies, error)
	MediaTemporary(ctx context.Context, mediaID string) ([]byte, error)
}

// Replies keeps the rules: service/reply.
type Replies interface {
	Desk(ctx context.Context) ([]model.Rule, error)
	CreateIn(tx *gorm.DB, by model.Operator, r model.Rule) (id int64, err error)
}

// LiveMenu is the menu fans see, as a draft of ours.
type LiveMenu struct {
	model.Menu
	Open      bool
	Answers   []model.MenuAnswer
	Notes     []string
	Temporary map[string]model.MaterialKind // media_ids in it that end within three days
}

// Menus keeps the menu: service/menu.
type Menus interface {
	Live(ctx context.Context) (LiveMenu, error)
	Desk(ctx context.Context) (model.Menu, error)
	SaveIn(tx *gorm.DB, by model.Operator, m model.Menu) error
}

// Materials keeps our copies and WeChat's permanent material: service/material.
type Materials interface {
	Upload(ctx context.Context, by model.Operator, u model.MaterialUpload) (model.Material, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service takes over the account appid.
type Service struct {
	db        *gorm.DB
	appid     string
	wechat    WeChat
	replies   Replies
	menus     Menus
	materials Materials
	audit     Auditor
	now       func() time.Time // the real clock: a callback is waited for by it
}

// New makes the service.
func New(db *gorm.DB, appid string, wechat WeChat, replies Replies, menus Menus, materials Materials, audit Auditor) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, replies: replies, menus: menus, materials: materials, audit: audit, now: time.Now}
}

// row is how far an account is. Sources tells which rule of ours was made of which of theirs.
type row struct {
	AppID        string `gorm:"column:appid;primaryKey"`
	Sources      string
	Notes        string // of the last import
	Rules        int64
	Files        int64
	Menu         bool
	ImportedAt   *time.Time
	ImportedBy   string
	WaitingSince *time.Time
	WaitingBy    string
	UpdatedAt    time.Time
}

func (row) TableName() string { return "takeovers" }

func (r *row) sources() (map[string]int64, error) {
	out := map[string]int64{}
	if r.Sources == "" {
		return out, nil
	}
	if err := json.Unmarshal([]byte(r.Sources), &out); err != nil {
		return nil, fmt.Errorf("takeover: %w", err)
	}
	return out, nil
}

// State is how far the account is.
type State struct {
	ImportedAt   *time.Time
	ImportedBy   string
	Rules, Files int64 // of all imports
	Menu         bool
	Notes        []string   // what the last import could not take over, or what differs
	WaitingSince *time.Time // nil: nobody said that the URL is being switched
	WaitingBy    string
}

// State reads it.
func (s *Service) State(ctx context.Context) (State, error) {
	r, err := s.read(s.db.WithContext(ctx))
	if err != nil {
		return State{}, err
	}
	out := State{ImportedAt: model.UTC(r.ImportedAt), ImportedBy: r.ImportedBy, Rules: r.Rules, Files: r.Files, Menu: r.Menu, WaitingSince: model.UTC(r.WaitingSince), WaitingBy: r.WaitingBy, Notes: []string{}}
	if r.Notes != "" {
		if err := json.Unmarshal([]byte(r.Notes), &out.Notes); err != nil {
			return State{}, fmt.Errorf("takeover: %w", err)
		}
	}
	return out, nil
}

func (s *Service) read(tx *gorm.DB) (row, error) {
	var rows []row
	if err := tx.Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
		return row{}, fmt.Errorf("takeover: %w", err)
	}
	if len(rows) == 0 {
		return row{AppID: s.appid}, nil
	}
	return rows[0], nil
}

// change locks the account's row, made where there is none, and writes what fn makes of it.
func (s *Service) change(ctx context.Context, fn func(tx *gorm.DB, r *row) error) error {
	var err error
	for range 4 {
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			var rows []row
			if err := store.Lock(tx).Where("appid = ?", s.appid).Limit(1).Find(&rows).Error; err != nil {
				return fmt.Errorf("takeover: %w", err)
			}
			now := model.Milli(s.now())
			r := row{AppID: s.appid, UpdatedAt: now}
			if len(rows) > 0 {
				r = rows[0]
			} else if err := tx.Create(&r).Error; err != nil { // of two at once, the second finds it there and begins again
				return fmt.Errorf("takeover: %w", err)
			}
			if err := fn(tx, &r); err != nil {
				return err
			}
			r.UpdatedAt = now
			return tx.Model(&row{}).Where("appid = ?", s.appid).Select("*").Omit("appid").Updates(&r).Error
		})
		if _, dup := store.Duplicate(err); !dup {
			return err
		}
	}
	return err
}

// Wait notes that the URL is being switched now: what WeChat sends from here on is what is waited for.
func (s *Service) Wait(ctx context.Context, by model.Operator) error {
	return s.change(ctx, func(tx *gorm.DB, r *row) error {
		now := model.Milli(s.now())
		r.WaitingSince, r.WaitingBy = &now, by.Name
		return s.trail(tx, by, "takeover.wait", nil)
	})
}

// Revealed notes in the trail that an operator looked at the Token and the EncodingAESKey.
func (s *Service) Revealed(ctx context.Context, by model.Operator) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.trail(tx, by, "takeover.reveal", nil) })
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, after map[string]any) error {
	a := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "takeover", ObjectID: s.appid}
	if after != nil {
		a.After = model.AuditJSON(after)
	}
	return s.audit.Audit(tx, a)
}
