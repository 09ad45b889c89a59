// Package scene makes QR codes with a scene and knows where a fan came from: it owns the scene_codes and
// scene_scans tables.
package scene

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Maker makes the code at WeChat: service/wechat. life 0 is permanent.
type Maker interface {
	MakeCode(ctx context.Context, scene string, life time.Duration) (ticket, url string, expires *time.Time, err error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// life is the longest a temporary code may last; Renew makes it anew in time.
const life = 30 * 24 * time.Hour

// Service keeps the codes of the account appid.
type Service struct {
	db    *gorm.DB
	appid string
	make  Maker
	audit Auditor
	now   func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, maker Maker, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, make: maker, audit: audit, now: now}
}

type codeRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Scene        string
	Permanent    bool
	Channel      string
	CampaignID   int64
	Ticket       string
	URL          string
	ExpiresAt    *time.Time
	OperatorID   int64
	OperatorName string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

func (codeRow) TableName() string { return "scene_codes" }

type scanRow struct {
	ID         int64  `gorm:"primaryKey"`
	AppID      string `gorm:"column:appid"`
	Scene      string
	OpenID     string `gorm:"column:openid"`
	NewFan     bool
	PushKey    string
	HappenedAt time.Time
}

func (scanRow) TableName() string { return "scene_scans" }

// Create makes a code. The row stands before WeChat is asked, so a kill in between loses nothing: asking
// again for the same scene goes on with it. Errors: ErrInvalid; ErrConflict when the scene is taken by
// other settings; WeChat's own.
func (s *Service) Create(ctx context.Context, by model.Operator, c model.SceneCode) (model.SceneCode, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	switch {
	case c.Scene == "" || len(c.Scene) > 64:
		bad.Field("scene", "场景值应为 1 到 64 个字节，一个汉字 3 个字节")
	case !utf8.ValidString(c.Scene) || strings.TrimSpace(c.Scene) != c.Scene || strings.ContainsFunc(c.Scene, unicode.IsControl):
		bad.Field("scene", "场景值首尾不能有空格，也不能有换行")
	}
	if len(c.Channel) > 64 {
		bad.Field("channel", "渠道最多 64 字节")
	}
	if c.CampaignID < 0 {
		bad.Field("campaign_id", "没有这个活动")
	}
	if len(bad.Fields) > 0 {
		return model.SceneCode{}, bad
	}
	now := model.Milli(s.now())
	r := codeRow{AppID: s.appid, Scene: c.Scene, Permanent: c.Permanent, Channel: c.Channel, CampaignID: c.CampaignID, OperatorID: by.ID, OperatorName: by.Name, CreatedAt: now, UpdatedAt: now}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: "scene.create", Object: "scene_code", ObjectID: r.Scene})
	})
	if _, dup := store.Duplicate(err); dup {
		var had codeRow
		if err := s.db.WithContext(ctx).Where("appid = ? AND scene = ?", s.appid, c.Scene).Take(&had).Error; err != nil {
			return model.SceneCode{}, fmt.Errorf("scene %s: %w", c.Scene, err)
		}
		if had.Ticket != "" || had.Permanent != c.Permanent {
			return model.SceneCode{}, model.Refuse(model.ErrConflict, model.CodeConflict, "场景值「"+c.Scene+"」已经有二维码了").Field("scene", "已被使用")
		}
		r, err = had, nil
	}
	if err != nil {
		return model.SceneCode{}, fmt.Errorf("scene %s: %w", c.Scene, err)
	}
	if err := s.ask(ctx, &r); err != nil {
		return model.SceneCode{}, err
	}
	return r.view(), nil
}

func (s *Service) ask(ctx context.Context, r *codeRow) error {
	d := life
	if r.Permanent {
		d = 0
	}
	ticket, url, expires, err := s.make.MakeCode(ctx, r.Scene, d)
	if err != nil {
		return fmt.Errorf("scene %s: %w", r.Scene, err)
	}
	r.Ticket, r.URL, r.UpdatedAt = ticket, url, model.Milli(s.now())
	if expires != nil {
		at := model.Milli(*expires)
		r.ExpiresAt = &at
	}
	if err := s.db.WithContext(context.WithoutCancel(ctx)).Model(&codeRow{}).Where("id = ?", r.ID).Select("ticket", "url", "expires_at", "updated_at").Updates(r).Error; err != nil {
		return fmt.Errorf("scene %s: %w", r.Scene, err)
	}
	return nil
}

// Renew makes temporary codes anew that end within three days, and those WeChat was never asked for.
func (s *Service) Renew(ctx context.Context) error {
	var rows []codeRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND (ticket = '' OR (permanent = ? AND expires_at < ?))", s.appid, false, model.Milli(time.Now().Add(72*time.Hour))).Limit(200).Find(&rows).Error; err != nil {
		return fmt.Errorf("renew scene codes: %w", err)
	}
	for i := range rows {
		if err := s.ask(ctx, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// List gives codes with their scans, the latest first, below the row numbered before (0: from the top).
func (s *Service) List(ctx context.Context, before int64, limit int) ([]model.SceneCode, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []codeRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list scene codes: %w", err)
	}
	return s.counted(ctx, rows)
}

// One gives a code with its scans. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (model.SceneCode, error) {
	var rows []codeRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Limit(1).Find(&rows).Error; err != nil {
		return model.SceneCode{}, fmt.Errorf("scene code %d: %w", id, err)
	}
	if len(rows) == 0 {
		return model.SceneCode{}, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个二维码")
	}
	out, err := s.counted(ctx, rows)
	if err != nil {
		return model.SceneCode{}, err
	}
	return out[0], nil
}

// counted gives codes their scans of all time.
func (s *Service) counted(ctx context.Context, rows []codeRow) ([]model.SceneCode, error) {
	scenes := make([]string, 0, len(rows))
	for _, r := range rows {
		scenes = append(scenes, r.Scene)
	}
	var sums []struct {
		Scene   string
		Scans   int64
		NewFans int64
	}
	if len(scenes) > 0 {
		if err := s.db.WithContext(ctx).Model(&scanRow{}).Select("scene, COUNT(*) AS scans, SUM(new_fan) AS new_fans").Where("appid = ? AND scene IN ?", s.appid, scenes).Group("scene").Scan(&sums).Error; err != nil {
			return nil, fmt.Errorf("count scans: %w", err)
		}
	}
	out := make([]model.SceneCode, 0, len(rows))
	for i := range rows {
		v := rows[i].view()
		for _, n := range sums {
			if n.Scene == v.Scene {
				v.Scans, v.NewFans = n.Scans, n.NewFans
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func (r *codeRow) view() model.SceneCode {
	return model.SceneCode{ID: r.ID, AppID: r.AppID, Scene: r.Scene, Permanent: r.Permanent, Channel: r.Channel, CampaignID: r.CampaignID, Ticket: r.Ticket, URL: r.URL, ExpiresAt: r.ExpiresAt, By: r.OperatorName, CreatedAt: r.CreatedAt.UTC()}
}

// Take keeps scans, of new fans and old, in the transaction that keeps the push.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	var rows []scanRow
	for _, k := range kept {
		if scene := k.Scene(); scene != "" && k.AppID == s.appid {
			rows = append(rows, scanRow{AppID: s.appid, Scene: model.Cut(scene, model.SceneMost), OpenID: string(k.FromUserName), NewFan: k.Event == "subscribe", PushKey: k.PushKey, HappenedAt: k.At})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("keep scans: %w", err)
	}
	return nil
}

// Origin gives the channel and campaign a scene stands for; empty for a scene that is not ours.
func (s *Service) Origin(tx *gorm.DB, appid, scene string) (channel string, campaignID int64, err error) {
	var r codeRow
	err = tx.Select("channel", "campaign_id").Where("appid = ? AND scene = ?", appid, scene).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("scene %s: %w", scene, err)
	}
	return r.Channel, r.CampaignID, nil
}

// Ends gives of those scenes that have a code of ours when it ends: nil for a permanent one.
func (s *Service) Ends(ctx context.Context, scenes []string) (map[string]*time.Time, error) {
	out := map[string]*time.Time{}
	for part := range slices.Chunk(scenes, 500) {
		var rows []codeRow
		if err := s.db.WithContext(ctx).Select("scene", "expires_at").Where("appid = ? AND scene IN ?", s.appid, part).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("ends of scene codes: %w", err)
		}
		for _, r := range rows {
			out[r.Scene] = r.ExpiresAt
		}
	}
	return out, nil
}

// Erase forgets who scanned; the counts stay. It belongs to the caller's transaction.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	if err := tx.Model(&scanRow{}).Where("appid = ? AND openid = ?", appid, string(openid)).Update("openid", "").Error; err != nil {
		return fmt.Errorf("erase scans: %w", err)
	}
	return nil
}
