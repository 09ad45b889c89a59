package course

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
)

// GoodsJob is the kind of the job that PublishGoods does.
const GoodsJob = "course.goods"

type goodsWork struct {
	CourseID int64  `json:"course_id"`
	GoodsID  string `json:"goods_id"`
}

// queueGoods asks for c's goods at its present price; the caller saves c's goods columns in tx. Free
// courses need none.
func (s *Service) queueGoods(tx *gorm.DB, c *model.Course) error {
	if s.o.Goods == nil || c.Price == 0 {
		return nil
	}
	if id := c.ProductID(); c.GoodsID != id || c.GoodsStatus != model.GoodsPublished {
		c.GoodsID, c.GoodsStatus, c.GoodsError = id, model.GoodsPending, ""
	}
	return s.o.Jobs.Add(tx, GoodsJob, c.GoodsID, goodsWork{CourseID: c.ID, GoodsID: c.GoodsID}, s.o.Now())
}

// PublishGoods does the job GoodsJob: makes the course at its price known to virtual payment. Work whose
// price is no longer the course's is dropped. A refusal is kept on the course, where the console shows it.
func (s *Service) PublishGoods(ctx context.Context, payload json.RawMessage) error {
	var w goodsWork
	if err := json.Unmarshal(payload, &w); err != nil {
		return fmt.Errorf("goods job: %w", model.ErrInvalid)
	}
	r, err := s.Get(ctx, w.CourseID)
	if err != nil {
		return err
	}
	if r.GoodsID != w.GoodsID || s.o.Goods == nil {
		return nil
	}
	image := r.Cover
	if strings.HasPrefix(image, "/") {
		image = s.o.PublicURL + image
	}
	status, text := model.GoodsPublished, ""
	err = s.o.Goods.PublishGoods(ctx, w.GoodsID, model.Cut(r.Title, 20), r.Price, image)
	if err != nil {
		if !errors.Is(err, model.ErrInvalid) && !errors.Is(err, model.ErrForbidden) && !errors.Is(err, model.ErrConflict) {
			return fmt.Errorf("goods %s: %w", w.GoodsID, err) // later perhaps
		}
		status, text = model.GoodsFailed, "虚拟支付没有接受这件道具，请检查价格、名称与封面后重新上架"
	}
	kept := s.db.WithContext(ctx).Model(&model.Course{}).Where("id = ? AND goods_id = ?", w.CourseID, w.GoodsID).
		UpdateColumns(map[string]any{"goods_status": status, "goods_error": text}).Error
	if kept != nil {
		return fmt.Errorf("goods %s: %w", w.GoodsID, kept)
	}
	return nil // a refusal stands on the course; the job is done, so that publishing again asks again
}
