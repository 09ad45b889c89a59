package follower

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

type tagRow struct {
	AppID     string `gorm:"column:appid"`
	TagID     int64
	Name      string
	Fans      int64
	UpdatedAt time.Time
}

func (tagRow) TableName() string { return "tags" }

type wornRow struct {
	AppID      string `gorm:"column:appid"`
	TagID      int64
	FollowerID int64
}

func (wornRow) TableName() string { return "follower_tags" }

// Tags lists the account's tags as they were last known, by number.
func (s *Service) Tags(ctx context.Context) ([]model.Tag, error) {
	var rows []tagRow
	if err := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("tag_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("tags: %w", err)
	}
	out := make([]model.Tag, 0, len(rows))
	for _, r := range rows {
		out = append(out, model.Tag{ID: r.TagID, Name: r.Name, Fans: r.Fans})
	}
	return out, nil
}

// worn gives the tags of followers by their numbers.
func (s *Service) worn(ctx context.Context, followers []int64) (map[int64][]model.Tag, error) {
	out := map[int64][]model.Tag{}
	if len(followers) == 0 {
		return out, nil
	}
	var rows []struct {
		FollowerID int64
		TagID      int64
		Name       *string // nil: a tag we have not met yet
	}
	if err := s.db.WithContext(ctx).Table("follower_tags w").Select("w.follower_id, w.tag_id, t.name").Joins("LEFT JOIN tags t ON t.appid = w.appid AND t.tag_id = w.tag_id").
		Where("w.appid = ? AND w.follower_id IN ?", s.appid, followers).Order("w.tag_id").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("tags of followers: %w", err)
	}
	for _, r := range rows {
		t := model.Tag{ID: r.TagID, Name: fmt.Sprintf("标签 %d", r.TagID)}
		if r.Name != nil {
			t.Name = *r.Name
		}
		out[r.FollowerID] = append(out[r.FollowerID], t)
	}
	return out, nil
}

// wears makes the followers bear exactly the tags that WeChat says they do. WeChat was asked at asked: whose tags
// we have changed there since then is newer than the answer, and stays.
func (s *Service) wears(tx *gorm.DB, infos []model.FollowerInfo, asked time.Time) error {
	want := map[string][]int64{}
	openids := make([]string, 0, len(infos))
	for _, i := range infos {
		openids = append(openids, string(i.OpenID))
		want[string(i.OpenID)] = i.TagIDs
	}
	var fans []row
	if err := tx.Select("id", "openid").Where("appid = ? AND openid IN ?", s.appid, openids).Find(&fans).Error; err != nil {
		return fmt.Errorf("tags of followers: %w", err)
	}
	ids := make([]int64, 0, len(fans))
	for _, f := range fans {
		ids = append(ids, f.ID)
	}
	var had []wornRow
	if err := tx.Where("appid = ? AND follower_id IN ?", s.appid, ids).Find(&had).Error; err != nil {
		return fmt.Errorf("tags of followers: %w", err)
	}
	// Read behind the tags, so that a change seen among them is seen here as well.
	var newer []string
	if err := tx.Model(&changeRow{}).Where("appid = ? AND openid IN ? AND kind IN ? AND happened_at >= ?", s.appid, openids, []string{model.FollowerTag, model.FollowerUntag}, asked).
		Pluck("openid", &newer).Error; err != nil {
		return fmt.Errorf("tags changed lately: %w", err)
	}
	fans = slices.DeleteFunc(fans, func(f row) bool { return slices.Contains(newer, f.OpenID) })
	has := map[int64][]int64{}
	for _, w := range had {
		has[w.FollowerID] = append(has[w.FollowerID], w.TagID)
	}
	var add []wornRow
	for _, f := range fans {
		for _, t := range want[f.OpenID] {
			if !slices.Contains(has[f.ID], t) {
				add = append(add, wornRow{s.appid, t, f.ID})
			}
		}
		for _, t := range has[f.ID] {
			if slices.Contains(want[f.OpenID], t) {
				continue
			}
			if err := tx.Where("appid = ? AND tag_id = ? AND follower_id = ?", s.appid, t, f.ID).Delete(&wornRow{}).Error; err != nil {
				return fmt.Errorf("take a tag: %w", err)
			}
		}
	}
	return s.give(tx, add)
}

// nothing lets a row that is there already stand.
var nothing = clause.OnConflict{DoNothing: true}

// give adds tags to followers; one that is borne already stays.
func (s *Service) give(tx *gorm.DB, add []wornRow) error {
	slices.SortFunc(add, func(a, b wornRow) int {
		return cmp.Or(cmp.Compare(a.TagID, b.TagID), cmp.Compare(a.FollowerID, b.FollowerID))
	})
	for part := range slices.Chunk(slices.Compact(add), 300) {
		if err := tx.Clauses(nothing).Create(&part).Error; err != nil {
			return fmt.Errorf("give tags: %w", err)
		}
	}
	return nil
}
