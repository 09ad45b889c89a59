// Package poster draws posters with a code to be scanned and keeps how each is made. It owns the posters table.
package poster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Pictures gives uploaded pictures: service/media.
type Pictures interface {
	Picture(ctx context.Context, address string) (model.Media, []byte, error)
}

// Codes tells what a code holds, and whether a campaign is there.
type Codes interface {
	// Says gives the address in a code or link. ErrNotFound, ErrConflict while WeChat has not made the code.
	Says(ctx context.Context, kind model.PosterKind, ref string) (string, error)
	HasCampaign(ctx context.Context, id int64) (bool, error)
}

// Auditor keeps who changed what: service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Service keeps and draws the posters of the account appid.
type Service struct {
	db       *gorm.DB
	appid    string
	pictures Pictures
	codes    Codes
	audit    Auditor
	fonts    *library
	drawing  chan struct{}
	now      func() time.Time
}

// drawings is how many posters are drawn at once: each takes some megabytes and a good part of a second.
const drawings = 2

// New makes the service; font is the file posters are written with, "" for one of the system's.
func New(db *gorm.DB, appid string, pictures Pictures, codes Codes, audit Auditor, font string, now func() time.Time) *Service {
	return &Service{db: db, appid: appid, pictures: pictures, codes: codes, audit: audit, fonts: &library{path: font, folders: folders()}, drawing: make(chan struct{}, drawings), now: now}
}

// FontFault says in words why posters cannot be written; "" when they can.
func (s *Service) FontFault() string {
	_, err := s.fonts.get()
	var r *model.Refusal
	if errors.As(err, &r) {
		return r.Text
	}
	return ""
}

// Draw gives a poster as PNG, whether it is kept or not. ErrInvalid names the fields, letters that the font does not
// have among them; ErrConflict without a font.
func (s *Service) Draw(ctx context.Context, p model.Poster) ([]byte, error) {
	says, f, err := s.check(ctx, &p)
	if err != nil {
		return nil, err
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var ground image.Image
	if p.Picture != "" {
		_, raw, err := s.pictures.Picture(ctx, p.Picture)
		if err != nil {
			return nil, fmt.Errorf("poster's picture: %w", err)
		}
		if ground, _, err = image.Decode(bytes.NewReader(raw)); err != nil {
			return nil, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项").Field("picture", "这张图片打不开，请换一张")
		}
	}
	return paint(p, ground, says, f)
}

func (s *Service) check(ctx context.Context, p *model.Poster) (says string, f *fonts, err error) {
	if err := p.Check(); err != nil {
		return "", nil, err
	}
	if f, err = s.fonts.get(); err != nil {
		return "", nil, err
	}
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查标出的项")
	if l := lacks(f.title, p.Title); l != "" {
		bad.Field("title", "字体里没有这些字，换一个写法："+l)
	}
	if l := lacks(f.text, p.Note); l != "" {
		bad.Field("note", "字体里没有这些字，换一个写法："+l)
	}
	says, err = s.codes.Says(ctx, p.Kind, p.Ref)
	switch {
	case errors.Is(err, model.ErrNotFound):
		bad.Field("ref", "没有这个二维码或链接")
	case err != nil:
		return "", nil, fmt.Errorf("poster's code: %w", err)
	}
	if p.CampaignID != 0 {
		ok, err := s.codes.HasCampaign(ctx, p.CampaignID)
		if err != nil {
			return "", nil, fmt.Errorf("poster's campaign: %w", err)
		}
		if !ok {
			bad.Field("campaign_id", "没有这个活动")
		}
	}
	if p.Picture != "" {
		if _, _, err := s.pictures.Picture(ctx, p.Picture); errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrInvalid) {
			bad.Field("picture", "没有这张图片，请重新上传")
		} else if err != nil {
			return "", nil, fmt.Errorf("poster's picture: %w", err)
		}
	}
	if len(bad.Fields) > 0 {
		return "", nil, bad
	}
	return says, f, nil
}

// Create keeps a poster. Errors as in Draw.
func (s *Service) Create(ctx context.Context, by model.Operator, p model.Poster) (model.Poster, error) {
	if _, _, err := s.check(ctx, &p); err != nil {
		return p, err
	}
	now := model.Milli(s.now())
	p.AppID, p.Version, p.CreatedBy, p.UpdatedBy, p.CreatedAt, p.UpdatedAt = s.appid, 1, by.Name, by.Name, now, now
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p.ID = 0
		if err := tx.Create(&p).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "poster.create", p.ID, nil, view(p))
	})
	if err != nil {
		return p, fmt.Errorf("create poster: %w", err)
	}
	return p, nil
}

// Change makes a poster anew, from p's ID and Version on. ErrConflict with who and when, if it was changed since.
func (s *Service) Change(ctx context.Context, by model.Operator, p model.Poster) (model.Poster, error) {
	if _, _, err := s.check(ctx, &p); err != nil {
		return p, err
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		had, err := s.lock(tx, p.ID)
		if err != nil {
			return err
		}
		if had.Version != p.Version {
			return model.Refuse(model.ErrConflict, model.CodeConflict, had.UpdatedBy+" 在 "+had.UpdatedAt.In(model.Shanghai).Format("1 月 2 日 15:04")+" 改过这张海报，请刷新后再改")
		}
		before := view(had)
		p.AppID, p.CreatedBy, p.CreatedAt = had.AppID, had.CreatedBy, had.CreatedAt
		p.Version, p.UpdatedBy, p.UpdatedAt = had.Version+1, by.Name, model.Milli(s.now())
		if err := tx.Model(&p).Select("campaign_id", "title", "note", "colour", "picture", "kind", "ref", "version", "updated_by", "updated_at").Updates(&p).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "poster.change", p.ID, before, view(p))
	})
	if err != nil {
		return p, fmt.Errorf("poster %d: %w", p.ID, err)
	}
	return p, nil
}

// Delete forgets a poster; twice is once.
func (s *Service) Delete(ctx context.Context, by model.Operator, id int64) error {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		had, err := s.lock(tx, id)
		if errors.Is(err, model.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Delete(&model.Poster{}, id).Error; err != nil {
			return err
		}
		return s.audited(tx, by, "poster.delete", id, view(had), nil)
	})
	if err != nil {
		return fmt.Errorf("poster %d: %w", id, err)
	}
	return nil
}

func (s *Service) lock(tx *gorm.DB, id int64) (model.Poster, error) {
	var p model.Poster
	return p, gone(store.Lock(tx).Where("appid = ?", s.appid).Take(&p, id).Error)
}

func gone(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这张海报")
	}
	return err
}

// One gives a poster. ErrNotFound.
func (s *Service) One(ctx context.Context, id int64) (model.Poster, error) {
	var p model.Poster
	if err := gone(s.db.WithContext(ctx).Where("appid = ?", s.appid).Take(&p, id).Error); err != nil {
		return p, fmt.Errorf("poster %d: %w", id, err)
	}
	return p, nil
}

// List gives posters, the latest made first, below the number before (0: from the top); campaign 0 is all.
func (s *Service) List(ctx context.Context, campaign, before int64, limit int) ([]model.Poster, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid)
	if campaign > 0 {
		q = q.Where("campaign_id = ?", campaign)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	out := []model.Poster{}
	if err := q.Order("id DESC").Limit(limit).Find(&out).Error; err != nil {
		return nil, fmt.Errorf("posters: %w", err)
	}
	return out, nil
}

func view(p model.Poster) map[string]any {
	return map[string]any{"title": p.Title, "note": p.Note, "colour": p.Colour, "picture": p.Picture, "kind": p.Kind, "ref": p.Ref, "campaign_id": p.CampaignID}
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, id int64, before, after map[string]any) error {
	return s.audit.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "poster", ObjectID: strconv.FormatInt(id, 10), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
}
