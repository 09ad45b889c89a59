package course

import (
	"context"
	"fmt"

	"loudou/model"
)

// TextVersions tells the version of every lesson there is.
func (s *Service) TextVersions(ctx context.Context) (map[int64]int64, error) {
	var rows []struct{ ID, Version int64 }
	if err := s.db.WithContext(ctx).Model(&model.Lesson{}).Select("id, version").Where("appid = ? AND deleted_at IS NULL AND draft_of IS NULL", s.o.AppID).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("versions of lessons: %w", err)
	}
	out := make(map[int64]int64, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Version
	}
	return out, nil
}

// OverlapText gives a lesson's text to be compared with others. ErrNotFound where it is gone.
func (s *Service) OverlapText(ctx context.Context, id int64) (model.OverlapSource, error) {
	l, err := s.GetLesson(ctx, id)
	return model.OverlapSource{Title: l.Title, CourseID: l.CourseID, Content: l.Content, Version: l.Version}, err
}
