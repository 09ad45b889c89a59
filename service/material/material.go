// Package material keeps the library of the Official Account's material (素材库): what lies at WeChat, with copies of
// our own so that pages show it, and what refers to it. It owns the materials and material_syncs tables.
//
// A row is known by account and media_id, uniquely: an upload, a walk through WeChat's list and a picture chosen for an
// article meet in the same row. Material is uploaded first and kept after, since WeChat alone gives its name; a kill
// between the two leaves something at WeChat that the next walk finds.
package material

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat is where material lies: service/wechat.
type WeChat interface {
	UploadMaterial(ctx context.Context, u model.MaterialUpload) (model.MaterialAt, error)
	MaterialCount(ctx context.Context) (map[model.MaterialKind]int64, error)
	MaterialPage(ctx context.Context, kind model.MaterialKind, offset int) (items []model.MaterialItem, total int, err error)
	MaterialGet(ctx context.Context, mediaID string) (model.MaterialContent, error)
	MaterialDelete(ctx context.Context, mediaID string) error
}

// Files keeps our copies: service/media.
type Files interface {
	Copy(ctx context.Context, title string, b []byte) (model.Media, error)
	Drop(ctx context.Context, m model.Media) error
	Find(ctx context.Context, name string) (model.Media, error)
	Bytes(m model.Media) ([]byte, error)
	Picture(ctx context.Context, address string) (model.Media, []byte, error)
}

// Jobs run after the commit: service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
	// Dead tells whether the job of this key was given up.
	Dead(tx *gorm.DB, kind, key string) (bool, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Uses tells everything that refers to material now.
type Uses func(ctx context.Context) ([]model.MaterialUse, error)

// Service keeps the library of the account appid.
type Service struct {
	db     *gorm.DB
	appid  string
	wechat WeChat
	files  Files
	jobs   Jobs
	audit  Auditor
	uses   Uses
	now    func() time.Time
}

// New makes the service; now is the business clock.
func New(db *gorm.DB, appid string, wechat WeChat, files Files, jobs Jobs, audit Auditor, uses Uses, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, wechat: wechat, files: files, jobs: jobs, audit: audit, uses: uses, now: now}
}

// format tells by its bytes what a file is; "" when WeChat takes nothing like it.
func format(b []byte) string {
	switch http.DetectContentType(b) {
	case "image/jpeg":
		return "jpg"
	case "image/png":
		return "png"
	case "image/gif":
		return "gif"
	case "image/bmp":
		return "bmp"
	case "image/webp":
		return "webp"
	}
	if len(b) >= 12 && string(b[4:8]) == "ftyp" {
		return "mp4"
	}
	return model.SoundFormat(b)
}

// Upload checks a file against WeChat's limits, keeps a copy and puts it into the account's material. The same file as
// permanent material of the kind that is there already is not uploaded again: its row is given. Errors: ErrInvalid by
// field, ErrConflict when the account is full, ErrUnavailable.
func (s *Service) Upload(ctx context.Context, by model.Operator, u model.MaterialUpload) (model.Material, error) {
	u.Title, u.Intro = strings.TrimSpace(u.Title), strings.TrimSpace(u.Intro)
	kind := format(u.Data)
	seconds := model.SoundSeconds(u.Data)
	if err := u.Check(kind, seconds); err != nil {
		return model.Material{}, err
	}
	copied, err := s.files.Copy(ctx, u.Name, u.Data)
	if err != nil {
		return model.Material{}, err
	}
	m, err := s.put(ctx, by, u, copied, kind, seconds)
	if err != nil || m.File == nil || *m.File != copied.Name {
		err = errors.Join(err, s.files.Drop(context.WithoutCancel(ctx), copied))
	}
	return m, err
}

// named gives a copy the name that people know it by, with the ending that is true: WeChat tells the format by it.
func named(copied model.Media) string {
	stem := strings.TrimSpace(strings.TrimSuffix(copied.Title, path.Ext(copied.Title)))
	if stem == "" {
		return copied.Name
	}
	return stem + path.Ext(copied.Name)
}

// put uploads our copy and keeps the row.
func (s *Service) put(ctx context.Context, by model.Operator, u model.MaterialUpload, copied model.Media, kind string, seconds float64) (model.Material, error) {
	if u.Permanent {
		same, err := s.same(ctx, u.Kind, copied.SHA256)
		if err != nil || same.ID > 0 {
			return same, err
		}
		if err := s.room(ctx, u.Kind); err != nil {
			return model.Material{}, err
		}
	}
	var err error
	if u.Data, err = s.files.Bytes(copied); err != nil { // what is kept, without what cleaning took away
		return model.Material{}, err
	}
	u.Name = named(copied)
	at, err := s.wechat.UploadMaterial(ctx, u)
	if err != nil {
		return model.Material{}, fmt.Errorf("upload material: %w", err)
	}
	now := model.Milli(s.now())
	m := model.Material{AppID: s.appid, MediaID: at.MediaID, CurrentID: at.MediaID, Kind: u.Kind, Permanent: u.Permanent, Name: u.Name, Title: u.Title, Intro: u.Intro, URL: model.Cut(at.URL, 500),
		Format: kind, Bytes: copied.Bytes, Seconds: seconds, SHA256: copied.SHA256, File: &copied.Name, OperatorName: by.Name, ChangedAt: now, CreatedAt: now, UpdatedAt: now}
	if !u.Permanent {
		ends := model.Milli(at.At.Add(model.MaterialLife))
		m.ExpiresAt = &ends
	}
	return s.keep(context.WithoutCancel(ctx), by, m)
}

// keep writes a row of what was just uploaded; a walk may have met it before.
func (s *Service) keep(ctx context.Context, by model.Operator, m model.Material) (model.Material, error) {
	for try := 0; ; try++ {
		err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			var had []model.Material
			if err := tx.Where("appid = ? AND media_id = ?", s.appid, m.MediaID).Limit(1).Find(&had).Error; err != nil {
				return err
			}
			m.ID = 0
			if len(had) > 0 {
				m.ID, m.CreatedAt = had[0].ID, had[0].CreatedAt
				if err := tx.Model(&m).Select("title", "intro", "format", "bytes", "seconds", "sha256", "file", "operator_name", "updated_at").Updates(&m).Error; err != nil {
					return err
				}
			} else if err := tx.Create(&m).Error; err != nil {
				return err
			}
			return s.trail(tx, by, "material.upload", m, nil, map[string]any{"kind": m.Kind, "permanent": m.Permanent, "title": m.Label(), "bytes": m.Bytes, "media_id": m.MediaID})
		})
		key, dup := store.Duplicate(err)
		if dup && strings.Contains(key, "file") { // the same picture of ours, at the same moment: the first one stays
			var first model.Material
			err := s.db.WithContext(ctx).Where("appid = ? AND file = ?", s.appid, *m.File).Take(&first).Error
			return first, err
		}
		if dup && try < 3 {
			continue
		}
		if err != nil {
			return m, fmt.Errorf("keep material: %w", err)
		}
		return m, nil
	}
}

// same finds the permanent material of a kind with these bytes; its ID is 0 when there is none.
func (s *Service) same(ctx context.Context, kind model.MaterialKind, sum string) (model.Material, error) {
	var rows []model.Material
	err := s.db.WithContext(ctx).Where("appid = ? AND sha256 = ? AND kind = ? AND permanent = ? AND gone_at IS NULL", s.appid, sum, kind, true).Order("id").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return model.Material{}, err
	}
	return rows[0], nil
}

// room refuses when the account holds as much permanent material of the kind as WeChat lets it.
func (s *Service) room(ctx context.Context, kind model.MaterialKind) error {
	l := model.MaterialLimits[kind]
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Material{}).Where("appid = ? AND kind IN ? AND permanent = ? AND gone_at IS NULL", s.appid, l.Shares, true).Count(&n).Error; err != nil {
		return fmt.Errorf("count material: %w", err)
	}
	if n >= l.Most {
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("永久%s已有 %d 个，微信最多 %d 个，先删掉一些，或传成临时素材", l.Name, n, l.Most))
	}
	return nil
}

// AsMaterial puts the public picture at an address of ours into the permanent material, once, and gives WeChat's
// media_id. Errors: ErrNotFound, ErrInvalid when it is no picture WeChat takes, ErrUnavailable without an account.
func (s *Service) AsMaterial(ctx context.Context, by model.Operator, address string) (string, error) {
	copied, b, err := s.files.Picture(ctx, address)
	if err != nil {
		return "", err
	}
	var rows []model.Material
	if err := s.db.WithContext(ctx).Where("appid = ? AND file = ?", s.appid, copied.Name).Limit(1).Find(&rows).Error; err != nil {
		return "", fmt.Errorf("material of media %s: %w", copied.Name, err)
	}
	if len(rows) > 0 && rows[0].Permanent && rows[0].GoneAt == nil {
		return rows[0].MediaID, nil
	}
	u := model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: copied.Title, Data: b}
	if len(rows) > 0 { // another row has this copy, of material that ended: this one gets its own
		m, err := s.Upload(ctx, by, u)
		return m.MediaID, err
	}
	kind := format(b)
	if err := u.Check(kind, 0); err != nil {
		return "", err
	}
	m, err := s.put(ctx, by, u, copied, kind, 0)
	return m.MediaID, err
}

// Rename gives material a name of ours; WeChat keeps the file's. Of a video fans go on reading the first title.
func (s *Service) Rename(ctx context.Context, by model.Operator, id int64, title string) (model.Material, error) {
	title = strings.TrimSpace(title)
	if utf8.RuneCountInString(title) > 64 || !utf8.ValidString(title) || strings.ContainsRune(title, 0) {
		return model.Material{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "名字不合规").Field("title", "名字最多 64 个字")
	}
	m, err := s.Get(ctx, id)
	if err != nil || m.Title == title {
		return m, err
	}
	before := m.Label()
	m.Title, m.UpdatedAt = title, model.Milli(s.now())
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		if err := tx.Model(&m).Select("title", "updated_at").Updates(&m).Error; err != nil {
			return fmt.Errorf("rename material %d: %w", id, err)
		}
		return s.trail(tx, by, "material.rename", m, map[string]any{"title": before}, map[string]any{"title": m.Label()})
	})
	return m, err
}

// Delete takes material away, at WeChat too; what refers to it refuses. Temporary material WeChat cannot delete: it
// leaves the library and ends by itself. Errors: ErrConflict names what uses it, ErrUnavailable.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	m, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if m.GoneAt != nil {
		return nil
	}
	uses, err := s.UsesOf(ctx, m)
	if err != nil {
		return err
	}
	if of := uses[m.ID]; len(of) > 0 {
		var names []string
		for _, u := range of[:min(5, len(of))] {
			names = append(names, u.Title)
		}
		more := ""
		if len(of) > 5 {
			more = fmt.Sprintf("等 %d 处", len(of))
		}
		return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("「%s」还在用：%s%s，先换掉再删除", m.Label(), strings.Join(names, "、"), more))
	}
	if m.Permanent {
		if err := s.wechat.MaterialDelete(ctx, m.CurrentID); err != nil && model.CallCode(err) != "40007" {
			return fmt.Errorf("delete material %d: %w", id, err)
		}
	}
	now := model.Milli(s.now())
	return store.Tx(context.WithoutCancel(ctx), s.db, func(tx *gorm.DB) error {
		if err := tx.Model(&model.Material{}).Where("id = ?", m.ID).Updates(map[string]any{"gone_at": now, "updated_at": now}).Error; err != nil {
			return fmt.Errorf("delete material %d: %w", id, err)
		}
		return s.trail(tx, by, "material.delete", m, map[string]any{"kind": m.Kind, "title": m.Label(), "media_id": m.MediaID}, nil)
	})
}

func (s *Service) trail(tx *gorm.DB, by model.Operator, action string, m model.Material, before, after map[string]any) error {
	a := model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "material", ObjectID: fmt.Sprint(m.ID)}
	if before != nil {
		a.Before = model.AuditJSON(before)
	}
	if after != nil {
		a.After = model.AuditJSON(after)
	}
	return s.audit.Audit(tx, a)
}

func missing(err error, id int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这个素材")
	}
	if err != nil {
		return fmt.Errorf("material %d: %w", id, err)
	}
	return nil
}
