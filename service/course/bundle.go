package course

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// BundlesOf gives the places a course has in bundles, those it was taken out of too. db may be a transaction.
func (s *Service) BundlesOf(db *gorm.DB, courseID int64) ([]model.BundleItem, error) {
	var items []model.BundleItem
	if err := db.Where("course_id = ? AND appid = ?", courseID, s.o.AppID).Order("bundle_id").Find(&items).Error; err != nil {
		return nil, fmt.Errorf("bundles of course %d: %w", courseID, err)
	}
	return items, nil
}

// BundleItems gives what is in bundles, and what was taken out of them, in order. db may be a transaction.
func (s *Service) BundleItems(db *gorm.DB, ids []int64) ([]model.BundleItem, error) {
	var items []model.BundleItem
	if err := db.Where("bundle_id IN ? AND appid = ?", ids, s.o.AppID).Order("bundle_id, position, id").Find(&items).Error; err != nil {
		return nil, fmt.Errorf("items of bundles: %w", err)
	}
	return items, nil
}

// Bundles names the bundles a course is in.
func (s *Service) Bundles(ctx context.Context, courseID int64) ([]model.Course, error) {
	items, err := s.BundlesOf(s.db.WithContext(ctx), courseID)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, i := range items {
		if i.LeftAt == nil {
			ids = append(ids, i.BundleID)
		}
	}
	named, err := s.Named(ctx, ids)
	out := []model.Course{}
	for _, id := range ids {
		if c, ok := named[id]; ok {
			out = append(out, c)
		}
	}
	return out, err
}

// Members gives a bundle's courses, in order.
func (s *Service) Members(ctx context.Context, r Row) ([]Row, error) {
	named, err := s.Named(ctx, r.Members)
	if err != nil {
		return nil, err
	}
	cs := make([]model.Course, 0, len(r.Members))
	for _, id := range r.Members {
		if c, ok := named[id]; ok {
			cs = append(cs, c)
		}
	}
	return s.counted(ctx, cs)
}

// ShownMembers gives a bundle's courses as the caller sees them, in order.
func (s *Service) ShownMembers(ctx context.Context, c model.Caller, r Row) ([]Shown, error) {
	shown := []Shown{}
	if len(r.Members) == 0 {
		return shown, nil
	}
	rows, err := s.Members(ctx, r)
	if err != nil {
		return nil, err
	}
	mine, err := s.o.Grants.Courses(ctx, c.LearnerID)
	if err != nil {
		return nil, fmt.Errorf("grants of learner %d: %w", c.LearnerID, err)
	}
	for _, m := range rows {
		shown = append(shown, s.show(m, c, m.ownedBy(mine)))
	}
	return shown, nil
}

// AddMember puts a course at the end of a bundle; it is open at once to everybody who has the bundle. One that is in it
// already stays where it is. ErrNotFound, ErrInvalid for a course that cannot be a member.
func (s *Service) AddMember(ctx context.Context, by model.Operator, bundleID, courseID int64) error {
	return s.onBundle(ctx, bundleID, func(tx *gorm.DB, items []model.BundleItem) error {
		bad := func(text string) error {
			return model.Refuse(model.ErrInvalid, model.CodeInvalid, "不能加进专栏，请检查标出的项").Field("course_id", text)
		}
		m, err := s.course(locking(tx), courseID)
		switch {
		case err != nil:
			return bad("没有这门课程")
		case m.Bundle:
			return bad("专栏里只能放课程，不能放专栏")
		case m.Status != model.CourseOnSale && m.Status != model.CourseStopped:
			return bad("课程要先上架；上架后停售的也可以放，它就只随专栏卖")
		}
		now := model.Milli(s.o.Now())
		in, last := 0, 0
		var had *model.BundleItem
		for n, i := range items {
			if i.CourseID == courseID {
				had = &items[n]
			}
			if i.LeftAt == nil {
				in, last = in+1, max(last, i.Position)
			}
		}
		if had != nil && had.LeftAt == nil {
			return nil
		}
		if in >= model.MaxMembers {
			return bad(fmt.Sprintf("一个专栏最多 %d 门课", model.MaxMembers))
		}
		if had != nil {
			err = tx.Model(&model.BundleItem{}).Where("id = ?", had.ID).Updates(map[string]any{"left_at": nil, "position": last + 1, "updated_at": now}).Error
		} else {
			err = tx.Create(&model.BundleItem{AppID: s.o.AppID, BundleID: bundleID, CourseID: courseID, Position: last + 1, CreatedAt: now, UpdatedAt: now}).Error
		}
		if err != nil {
			return fmt.Errorf("course %d into bundle %d: %w", courseID, bundleID, err)
		}
		return s.audit(tx, by, "bundle.attach", bundleID, nil, map[string]any{"course_id": courseID, "title": m.Title})
	})
}

// RemoveMember takes a course out of a bundle. Who has ordered the bundle by now keeps it; who orders it from now on does
// not get it. A bundle on sale keeps one course at least.
func (s *Service) RemoveMember(ctx context.Context, by model.Operator, bundleID, courseID int64) error {
	return s.onBundle(ctx, bundleID, func(tx *gorm.DB, items []model.BundleItem) error {
		items = inside(items)
		at := slices.IndexFunc(items, func(i model.BundleItem) bool { return i.CourseID == courseID })
		if at < 0 {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "专栏里没有这门课，可能已经移出了")
		}
		c, err := s.course(locking(tx), bundleID)
		if err != nil {
			return err
		}
		if len(items) == 1 && c.Status == model.CourseOnSale {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "在卖的专栏里至少要有一门课；先加别的课，或者先停售")
		}
		now := model.Milli(s.o.Now())
		if err := tx.Model(&model.BundleItem{}).Where("id = ? AND left_at IS NULL", items[at].ID).Updates(map[string]any{"left_at": now, "updated_at": now}).Error; err != nil {
			return fmt.Errorf("course %d out of bundle %d: %w", courseID, bundleID, err)
		}
		return s.audit(tx, by, "bundle.detach", bundleID, map[string]any{"course_id": courseID}, nil)
	})
}

// OrderMembers puts a bundle's courses in the order of ids, which must name each of them once.
func (s *Service) OrderMembers(ctx context.Context, by model.Operator, bundleID int64, ids []int64) error {
	return s.onBundle(ctx, bundleID, func(tx *gorm.DB, items []model.BundleItem) error {
		items = inside(items)
		have, place := []int64{}, map[int64]int64{}
		for _, i := range items {
			have, place[i.CourseID] = append(have, i.CourseID), i.ID
		}
		given := slices.Clone(ids)
		slices.Sort(given)
		if !slices.Equal(given, slices.Sorted(slices.Values(have))) {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "专栏里的课程已变化，请刷新后再排序").Field("course_ids", "应恰好包含专栏的每门课一次")
		}
		for n, id := range ids {
			if err := tx.Model(&model.BundleItem{}).Where("id = ?", place[id]).UpdateColumn("position", n+1).Error; err != nil {
				return fmt.Errorf("order of bundle %d: %w", bundleID, err)
			}
		}
		return s.audit(tx, by, "bundle.order", bundleID, map[string]any{"course_ids": have}, map[string]any{"course_ids": ids})
	})
}

// onBundle does something to what a locked bundle holds.
func (s *Service) onBundle(ctx context.Context, id int64, do func(tx *gorm.DB, items []model.BundleItem) error) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		c, err := s.course(locking(tx), id)
		if err != nil {
			return err
		}
		if !c.Bundle {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "这是一门课程，不是专栏")
		}
		items, err := s.BundleItems(store.Lock(tx), []int64{id})
		if err != nil {
			return err
		}
		return do(tx, items)
	})
}

func inside(items []model.BundleItem) []model.BundleItem {
	return slices.DeleteFunc(items, func(i model.BundleItem) bool { return i.LeftAt != nil })
}

// filled refuses to sell a bundle with nothing in it.
func (s *Service) filled(tx *gorm.DB, c model.Course) error {
	if !c.Bundle {
		return nil
	}
	items, err := s.BundleItems(tx, []int64{c.ID})
	if err == nil && len(inside(items)) == 0 {
		err = model.Refuse(model.ErrConflict, model.CodeConflict, "专栏里还没有课程，先把课程加进来再上架")
	}
	return err
}
