package article

import (
	"context"
	"fmt"

	"loudou/model"
)

// TextVersions tells the version of every article there is.
func (s *Service) TextVersions(ctx context.Context) (map[int64]int64, error) {
	var rows []struct{ ID, Version int64 }
	if err := s.db.WithContext(ctx).Model(&model.Article{}).Select("id, version").Where("appid = ?", s.appid).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("versions of articles: %w", err)
	}
	out := make(map[int64]int64, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Version
	}
	return out, nil
}

// OverlapText gives an article's text to be compared with others. ErrNotFound where it is gone.
func (s *Service) OverlapText(ctx context.Context, id int64) (model.OverlapSource, error) {
	var a model.Article
	if err := s.db.WithContext(ctx).Select("id", "title", "content", "version").Where("appid = ? AND id = ?", s.appid, id).Take(&a).Error; err != nil {
		return model.OverlapSource{}, missing(err, id)
	}
	return model.OverlapSource{Title: a.Title, Content: a.Content, Version: a.Version}, nil
}
