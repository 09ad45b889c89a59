package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// materialKinds are the formats WeChat takes as a picture of the material. Source: 新增永久素材.
var materialKinds = map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true}

// AsMaterial puts picture n into the Official Account's permanent material, once, and gives WeChat's
// media_id: a reply names its pictures by it. Two at once may upload twice; both get the one that was kept.
// Errors: ErrNotFound, ErrInvalid when it is no picture WeChat takes, ErrUnavailable without an Official Account.
func (s *Service) AsMaterial(ctx context.Context, by model.Operator, n int64) (string, error) {
	if s.o.Material == nil {
		return "", model.Refuse(model.ErrUnavailable, model.CodeUnavailable, "还没有设置公众号，图片没有地方可传")
	}
	var m model.Media
	err := s.db.WithContext(ctx).Where("id = ? AND appid = ?", n, s.o.AppID).Take(&m).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", missing()
	}
	if err != nil {
		return "", fmt.Errorf("material of media %d: %w", n, err)
	}
	if id, err := s.material(s.db.WithContext(ctx), n); id != "" || err != nil {
		return id, err
	}
	if m.Kind != model.MediaImage || !m.Public || !materialKinds[m.MIME] {
		return "", refuse("公众号只收 jpg、png 和 gif 图片")
	}
	f, err := s.File(m)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	picture, err := io.ReadAll(io.LimitReader(f, limits[model.MediaImage]))
	if err != nil {
		return "", fmt.Errorf("material of media %d: %w", n, err)
	}
	id, err := s.o.Material.AddPicture(ctx, m.Name, picture)
	if err != nil {
		return "", fmt.Errorf("material of media %d: %w", n, err)
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		row := model.MediaMaterial{AppID: s.o.Official, MediaID: n, MaterialID: id, CreatedAt: model.Milli(s.o.Now())}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return s.o.Audit.Audit(tx, model.AuditEntry{AppID: s.o.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: "media.material", Object: "media", ObjectID: m.Name,
			After: model.AuditJSON(map[string]any{"title": m.Title, "material_id": id})})
	})
	if _, dup := store.Duplicate(err); dup {
		return s.material(s.db.WithContext(ctx), n)
	}
	if err != nil {
		return "", fmt.Errorf("keep material of media %d: %w", n, err)
	}
	return id, nil
}

// material gives the media_id of picture n at the present Official Account, "" while it has none.
func (s *Service) material(tx *gorm.DB, n int64) (string, error) {
	ids, err := s.materials(tx.Where("media_id = ?", n))
	return ids[n], err
}

// Materials gives the media_ids of those of ms that are material of the present Official Account, by Media.ID.
func (s *Service) Materials(ctx context.Context, ms []model.Media) (map[int64]string, error) {
	ids := make([]int64, 0, len(ms))
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	if len(ids) == 0 {
		return map[int64]string{}, nil
	}
	return s.materials(s.db.WithContext(ctx).Where("media_id IN ?", ids))
}

func (s *Service) materials(q *gorm.DB) (map[int64]string, error) {
	var rows []model.MediaMaterial
	if err := q.Where("appid = ?", s.o.Official).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read material: %w", err)
	}
	out := make(map[int64]string, len(rows))
	for _, r := range rows {
		out[r.MediaID] = r.MaterialID
	}
	return out, nil
}

// OfMaterial gives the picture behind a media_id, none when it is not one of ours.
func (s *Service) OfMaterial(ctx context.Context, id string) ([]model.Media, error) {
	ms := []model.Media{}
	db := s.db.WithContext(ctx)
	err := db.Where("appid = ? AND id IN (?)", s.o.AppID, db.Model(&model.MediaMaterial{}).Select("media_id").Where("appid = ? AND material_id = ?", s.o.Official, id)).
		Limit(1).Find(&ms).Error
	if err != nil {
		return nil, fmt.Errorf("media of material: %w", err)
	}
	return ms, nil
}

// Permanent gives of media_ids those that are known to stay: pictures that were chosen here.
func (s *Service) Permanent(ctx context.Context, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for part := range slices.Chunk(ids, 500) {
		var known []string
		if err := s.db.WithContext(ctx).Model(&model.MediaMaterial{}).Where("appid = ? AND material_id IN ?", s.o.Official, part).Pluck("material_id", &known).Error; err != nil {
			return nil, fmt.Errorf("permanent material: %w", err)
		}
		for _, id := range known {
			out[id] = true
		}
	}
	return out, nil
}

// Picture gives the row and bytes of a public picture at an address of ours. ErrNotFound, ErrInvalid when it is none.
func (s *Service) Picture(ctx context.Context, address string) (model.Media, []byte, error) {
	m, err := s.Find(ctx, model.MediaName(address))
	if err != nil {
		return m, nil, err
	}
	if m.Kind != model.MediaImage || !m.Public {
		return m, nil, refuse("这不是一张公开的图片")
	}
	f, err := s.File(m)
	if err != nil {
		return m, nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limits[model.MediaImage]))
	if err != nil {
		return m, nil, fmt.Errorf("picture %s: %w", m.Name, err)
	}
	return m, b, nil
}
