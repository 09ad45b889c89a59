package connection

import (
	"context"
	"fmt"
	"time"

	"loudou/model"
	"loudou/service/store"
)

// Slow counts the answers of all instances since an instant, and those of them that took longer than over, which is one
// of the bounds answers are counted by.
func (s *Service) Slow(ctx context.Context, since time.Time, over time.Duration) (answers, slow int64, err error) {
	if err := s.Flush(ctx); err != nil && !store.Gone(err) {
		return 0, 0, err
	}
	var rows []minute
	if err := s.db.WithContext(ctx).Where("minute >= ?", model.Milli(since)).Find(&rows).Error; err != nil {
		return 0, 0, fmt.Errorf("slow answers: %w", err)
	}
	var all buckets
	for _, r := range rows {
		all.merge(r.Buckets)
	}
	for i, n := range all {
		if i > 0 && bounds[i-1] >= over {
			slow += n
		}
	}
	return all.total(), slow, nil
}
