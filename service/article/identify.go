package article

import (
	"context"
	"fmt"

	"loudou/model"
	"loudou/service/store"
)

// Identify gives the number of the article that a row of WeChat's statistics is about, 0 when it is none of
// ours. What decides is (msg_data_id, index). An article whose number WeChat never told us (it was sent from
// WeChat's own console) is found by its address, else by its title when only one of its day bears it; the
// number is kept with it then, so that it is looked for once.
func (s *Service) Identify(ctx context.Context, t model.ArticleTotal) (int64, error) {
	msgDataID, index, ok := t.MsgKey()
	if !ok {
		return 0, nil
	}
	db := s.db.WithContext(ctx)
	var ids []int64
	if err := db.Model(&model.Article{}).Where("appid = ? AND msg_data_id = ? AND msg_index = ?", s.appid, msgDataID, index).Limit(1).Pluck("id", &ids).Error; err != nil {
		return 0, fmt.Errorf("article of %s: %w", t.MsgID, err)
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	from := model.DayStart(t.PublishDay)
	var nameless []model.Article
	if err := db.Select("id", "url", "title", "published_at").Where("appid = ? AND state = ? AND msg_data_id IS NULL AND published_at >= ? AND published_at < ?", s.appid, model.ArticlePublished, model.Milli(from.AddDate(0, 0, -7)), model.Milli(from.AddDate(0, 0, 8))).
		Order("id").Limit(500).Find(&nameless).Error; err != nil {
		return 0, fmt.Errorf("article of %s: %w", t.MsgID, err)
	}
	id := match(nameless, t)
	if id == 0 {
		return 0, nil
	}
	err := db.Model(&model.Article{}).Where("id = ? AND msg_data_id IS NULL", id).Updates(map[string]any{"msg_data_id": msgDataID, "msg_index": index}).Error
	if _, dup := store.Duplicate(err); dup { // another instance was faster
		err = nil
	}
	if err != nil {
		return 0, fmt.Errorf("article of %s: %w", t.MsgID, err)
	}
	return id, nil
}

func match(nameless []model.Article, t model.ArticleTotal) int64 {
	if key := model.ArticleURLKey(t.URL); key != "" {
		for _, a := range nameless {
			if model.ArticleURLKey(a.URL) == key {
				return a.ID
			}
		}
	}
	var same []int64
	for _, a := range nameless {
		if a.Title == t.Title && a.PublishedAt != nil && model.DayNumber(*a.PublishedAt) == t.PublishDay {
			same = append(same, a.ID)
		}
	}
	if len(same) == 1 {
		return same[0]
	}
	return 0
}
