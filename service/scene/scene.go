// Package scene makes QR codes with a scene and knows where a fan came from: it owns the scene_codes,
// scene_batches and scene_scans tables.
package scene

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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

// Tagger puts tags on fans: service/follower.
type Tagger interface {
	HasTag(ctx context.Context, id int64) (bool, error)
	// Label has a tag put on a fan after the commit; twice is once.
	Label(tx *gorm.DB, tagID int64, openid model.OpenID) error
}

// Jobs are run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	// Dead tells that the job of this key was given up.
	Dead(tx *gorm.DB, kind, key string) (bool, error)
}

// life is the longest a temporary code may last; Renew makes it anew in time.
const life = 30 * 24 * time.Hour

// Service keeps the codes of the account appid.
type Service struct {
	db    *gorm.DB
	appid string
	make  Maker
	tags  Tagger
	jobs  Jobs
	audit Auditor
	now   func() time.Time

	campaigns Campaigns
}

// Campaigns tells which of the numbers are of campaigns that exist: figure.Catalogue.
type Campaigns interface {
	Among(ctx context.Context, ids []int64) ([]int64, error)
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, maker Maker, tags Tagger, campaigns Campaigns, jobs Jobs, audit Auditor, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, make: maker, tags: tags, campaigns: campaigns, jobs: jobs, audit: audit, now: now}
}

type codeRow struct {
	ID           int64  `gorm:"primaryKey"`
	AppID        string `gorm:"column:appid"`
	Scene        string
	Permanent    bool
	Channel      string
	CampaignID   int64
	TagID        int64
	BatchID      int64
	Revision     int64
	DisabledAt   *time.Time
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
	if f := model.SceneFault(c.Scene); f != "" {
		bad.Field("scene", f)
	}
	if err := s.check(ctx, bad, c); err != nil {
		return model.SceneCode{}, err
	}
	if c.Permanent {
		if err := s.room(s.db.WithContext(ctx), 1); err != nil {
			return model.SceneCode{}, err
		}
	}
	now := model.Milli(s.now())
	r := codeRow{AppID: s.appid, Scene: c.Scene, Permanent: c.Permanent, Channel: c.Channel, CampaignID: c.CampaignID, TagID: c.TagID, Revision: 1, OperatorID: by.ID, OperatorName: by.Name, CreatedAt: now, UpdatedAt: now}
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

// check adds to bad what is wrong with a code's settings, and gives it when there is anything.
func (s *Service) check(ctx context.Context, bad *model.Refusal, c model.SceneCode) error {
	if len(c.Channel) > 64 {
		bad.Field("channel", "渠道最多 64 字节")
	}
	if c.CampaignID != 0 {
		found, err := s.campaigns.Among(ctx, []int64{c.CampaignID})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			bad.Field("campaign_id", "没有这个活动")
		}
	}
	if c.TagID != 0 {
		known, err := s.tags.HasTag(ctx, c.TagID)
		if err != nil {
			return err
		}
		if !known {
			bad.Field("tag_id", "没有这个标签，请刷新标签列表")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// room refuses more permanent codes than WeChat makes for one account.
func (s *Service) room(tx *gorm.DB, more int64) error {
	var have int64
	if err := tx.Model(&codeRow{}).Where("appid = ? AND permanent = ?", s.appid, true).Count(&have).Error; err != nil {
		return fmt.Errorf("count permanent codes: %w", err)
	}
	if have+more > model.ScenePermanentMost {
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("永久二维码全账号最多 10 万个，已有 %d 个，不够再做 %d 个；可以改做 30 天的", have, more)).Field("permanent", "永久码不够了")
	}
	return nil
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

// Renew makes temporary codes anew that end within three days, and those made alone that WeChat was never asked
// for. One that WeChat refuses does not keep the others waiting; of each kind 200 are asked for, those longest left alone
// first.
func (s *Service) Renew(ctx context.Context) error {
	db := s.db.WithContext(ctx).Where("appid = ? AND disabled_at IS NULL", s.appid).Limit(200).Session(&gorm.Session{})
	var ending, never []codeRow
	if err := db.Where("ticket <> '' AND permanent = ? AND expires_at < ?", false, model.Milli(time.Now().Add(72*time.Hour))).Order("updated_at, id").Find(&ending).Error; err != nil {
		return fmt.Errorf("renew scene codes: %w", err)
	}
	if err := db.Where("ticket = '' AND batch_id = 0").Order("updated_at, id").Find(&never).Error; err != nil {
		return fmt.Errorf("renew scene codes: %w", err)
	}
	var refused error
	for _, r := range append(ending, never...) {
		err := s.ask(ctx, &r)
		if err == nil {
			continue
		}
		if !errors.Is(err, model.ErrInvalid) {
			return err
		}
		refused = err
		// To the end of the line: else the first 200 that WeChat does not want keep out all that come behind them.
		if err := s.db.WithContext(ctx).Model(&codeRow{}).Where("id = ?", r.ID).Update("updated_at", model.Milli(s.now())).Error; err != nil {
			return fmt.Errorf("scene %s: %w", r.Scene, err)
		}
	}
	return refused
}

// List gives the operators' codes with their scans, the latest first, below the row numbered before (0: from the top); batch
// narrows it to those made at once.
func (s *Service) List(ctx context.Context, batch, before int64, limit int) ([]model.SceneCode, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND scene NOT LIKE ?", s.appid, model.InviteScene+"%").Order("id DESC").Limit(limit)
	if batch > 0 {
		q = q.Where("batch_id = ?", batch)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []codeRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list scene codes: %w", err)
	}
	return s.counted(ctx, rows)
}

// OfCampaign lists the operators' codes that carry a campaign's number, the latest first, with their scans.
func (s *Service) OfCampaign(ctx context.Context, campaignID int64, limit int) ([]model.SceneCode, error) {
	var rows []codeRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND campaign_id = ? AND scene NOT LIKE ?", s.appid, campaignID, model.InviteScene+"%").Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("codes of campaign %d: %w", campaignID, err)
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

// Address gives what the code of a scene holds. ErrNotFound; ErrConflict while WeChat has not made it.
func (s *Service) Address(ctx context.Context, scene string) (string, error) {
	var r codeRow
	err := s.db.WithContext(ctx).Select("url").Where("appid = ? AND scene = ?", s.appid, scene).Take(&r).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return "", model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个二维码")
	case err != nil:
		return "", fmt.Errorf("scene %s: %w", scene, err)
	case r.URL == "":
		return "", model.Refuse(model.ErrConflict, model.CodeConflict, "这个二维码还没有从微信拿到，稍后再试")
	}
	return r.URL, nil
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
	return model.SceneCode{ID: r.ID, AppID: r.AppID, Scene: r.Scene, Permanent: r.Permanent, Channel: r.Channel, CampaignID: r.CampaignID, TagID: r.TagID, BatchID: r.BatchID, Revision: r.Revision, DisabledAt: r.DisabledAt,
		Ticket: r.Ticket, URL: r.URL, ExpiresAt: r.ExpiresAt, By: r.OperatorName, CreatedAt: r.CreatedAt.UTC()}
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
	return s.label(tx, rows)
}

// label has the tags of codes put on who scanned them.
func (s *Service) label(tx *gorm.DB, scans []scanRow) error {
	scenes := make([]string, 0, len(scans))
	for _, r := range scans {
		scenes = append(scenes, r.Scene)
	}
	var codes []codeRow
	if err := tx.Select("scene", "tag_id").Where("appid = ? AND scene IN ? AND tag_id > 0 AND disabled_at IS NULL", s.appid, scenes).Find(&codes).Error; err != nil {
		return fmt.Errorf("tags of scans: %w", err)
	}
	for _, c := range codes {
		for _, r := range scans {
			if r.Scene != c.Scene {
				continue
			}
			if err := s.tags.Label(tx, c.TagID, model.OpenID(r.OpenID)); err != nil {
				return err
			}
		}
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
