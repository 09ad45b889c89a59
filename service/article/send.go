package article

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Approved is nil when article id, at exactly this content, may leave the house: ErrConflict "not_confirmed" says how
// many are missing while two people must stand behind it.
func (s *Service) Approved(tx *gorm.DB, id int64, contentHash string) error {
	var a model.Article
	if err := tx.Select("id", "content_hash").Where("appid = ? AND id = ?", s.appid, id).Take(&a).Error; err != nil {
		return missing(err, id)
	}
	if a.ContentHash != contentHash {
		return model.Refuse(model.ErrConflict, "changed", "文章在放进草稿箱之后又改过，请先更新草稿")
	}
	needed, err := s.needed(tx)
	if err != nil || needed == 0 {
		return err
	}
	yes, err := s.standing(tx, a)
	if err != nil {
		return err
	}
	if yes < needed {
		return model.Refuse(model.ErrConflict, "not_confirmed", fmt.Sprintf("发布要 %d 位同事确认同一版内容，现在有 %d 位", needed, yes))
	}
	return nil
}

// Out is what WeChat made of an article: where it is read, and the number its readers are counted under.
type Out struct {
	URL       string // "" while it is not known
	MsgDataID string
	Index     int // from 1
	At        time.Time
	By        string
}

// WentOut notes that WeChat has published or sent article id: it is published here too, and has its address, unless
// the writer had put one there. What people said yes to is the same content with the address it got.
func (s *Service) WentOut(tx *gorm.DB, id int64, out Out) error {
	var a model.Article
	if err := store.Lock(tx).Where("appid = ? AND id = ?", s.appid, id).Take(&a).Error; err != nil {
		return missing(err, id)
	}
	before := a
	if a.MsgDataID == nil && out.MsgDataID != "" {
		a.MsgDataID, a.MsgIndex = &out.MsgDataID, &out.Index
	}
	if a.URL == "" && out.URL != "" {
		a.URL = model.Cut(out.URL, 1024)
		a.ContentHash = a.Hash()
		if err := tx.Model(&model.ArticleConfirmation{}).Where("article_id = ? AND content_hash = ?", id, before.ContentHash).Update("content_hash", a.ContentHash).Error; err != nil {
			return fmt.Errorf("confirmations of article %d: %w", id, err)
		}
	}
	now := model.Milli(s.now())
	if a.State != model.ArticlePublished && out.URL != "" {
		at := model.Milli(out.At)
		a.State, a.PublishedAt, a.PublishedBy = model.ArticlePublished, &at, out.By
	}
	a.UpdatedAt = now
	if err := tx.Model(&a).Select("url", "state", "content_hash", "published_at", "published_by", "msg_data_id", "msg_index", "updated_at").Updates(a).Error; err != nil {
		return fmt.Errorf("article %d went out: %w", id, err)
	}
	return s.operators.Audit(tx, model.AuditEntry{AppID: s.appid, OperatorName: out.By, Action: "article.out", Object: "article", ObjectID: strconv.FormatInt(id, 10),
		Before: model.AuditJSON(map[string]any{"status": before.State, "url": before.URL}), After: model.AuditJSON(map[string]any{"status": a.State, "url": a.URL, "msg_data_id": out.MsgDataID})})
}

// Hashes gives the content hash each of these articles has now.
func (s *Service) Hashes(ctx context.Context, ids []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []model.Article
	if err := s.db.WithContext(ctx).Select("id", "content_hash").Where("appid = ? AND id IN ?", s.appid, ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("hashes of articles: %w", err)
	}
	for _, a := range rows {
		out[a.ID] = a.ContentHash
	}
	return out, nil
}

// WentOutSince gives the articles that went out since at whose number WeChat has told, the latest first.
func (s *Service) WentOutSince(ctx context.Context, at time.Time) ([]int64, error) {
	var ids []int64
	err := s.db.WithContext(ctx).Model(&model.Article{}).Where("appid = ? AND state = ? AND msg_data_id IS NOT NULL AND published_at >= ?", s.appid, model.ArticlePublished, model.Milli(at)).
		Order("published_at DESC, id DESC").Limit(200).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("articles that went out: %w", err)
	}
	return ids, nil
}
