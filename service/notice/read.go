package notice

import (
	"context"
	"fmt"

	"loudou/model"
)

// Sums are how many fans stand in each state; a state nobody is in is absent.
type Sums map[model.NoticeSendState]int64

// with adds those of n whose rows were swept.
func (s Sums) with(n model.Notice) Sums {
	for state, k := range n.Sums() {
		s[state] += k
	}
	return s
}

// View is a notice with what stands around it.
type View struct {
	model.Notice
	Sums      Sums
	Previews  []model.NoticePreview // of this content, the newest first
	TwoPerson bool                  // a preview and another person's yes are needed
	AgainID   int64                 // the notice for those whom this one failed to reach; 0: none
}

// Get reads one notice.
func (s *Service) Get(ctx context.Context, id int64) (View, error) {
	db := s.db.WithContext(ctx)
	v := View{Previews: []model.NoticePreview{}}
	if err := missing(db.Where("appid = ? AND id = ?", s.appid, id).Take(&v.Notice).Error, id); err != nil {
		return v, err
	}
	if err := db.Where("notice_id = ? AND content_hash = ?", id, v.ContentHash).Order("id DESC").Limit(20).Find(&v.Previews).Error; err != nil {
		return v, fmt.Errorf("notice %d: %w", id, err)
	}
	if err := db.Model(&model.Notice{}).Select("COALESCE(MAX(id), 0)").Where("appid = ? AND again_of = ?", s.appid, id).Scan(&v.AgainID).Error; err != nil {
		return v, fmt.Errorf("notice %d: %w", id, err)
	}
	sums, err := s.sums(ctx, []int64{id})
	if err != nil {
		return v, err
	}
	v.Sums = sums[id].with(v.Notice)
	v.TwoPerson, err = s.operators.TwoPerson(db)
	return v, err
}

func (s *Service) sums(ctx context.Context, ids []int64) (map[int64]Sums, error) {
	out := map[int64]Sums{}
	for _, id := range ids {
		out[id] = Sums{}
	}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		NoticeID int64
		State    model.NoticeSendState
		N        int64
	}
	if err := s.db.WithContext(ctx).Model(&model.NoticeSend{}).Select("notice_id, state, COUNT(*) AS n").Where("notice_id IN ?", ids).Group("notice_id, state").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("sums of notices: %w", err)
	}
	for _, r := range rows {
		out[r.NoticeID][r.State] = r.N
	}
	return out, nil
}

// Line is a notice in a list.
type Line struct {
	model.Notice
	Sums Sums
}

// List gives notices, the newest first: at most limit with ids below before (0: from the top).
func (s *Service) List(ctx context.Context, state model.NoticeState, before int64, limit int) ([]Line, error) {
	q := s.db.WithContext(ctx).Where("appid = ?", s.appid).Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []model.Notice
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	ids := make([]int64, len(rows))
	for i, n := range rows {
		ids[i] = n.ID
	}
	sums, err := s.sums(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Line, len(rows))
	for i, n := range rows {
		out[i] = Line{n, sums[n.ID].with(n)}
	}
	return out, nil
}

// Log gives the fans of notice id, those confirmed first first: at most limit with row numbers above after.
func (s *Service) Log(ctx context.Context, id int64, state model.NoticeSendState, after int64, limit int) ([]model.NoticeSend, error) {
	q := s.db.WithContext(ctx).Where("appid = ? AND notice_id = ? AND id > ?", s.appid, id, after).Order("id").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	rows := []model.NoticeSend{}
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("log of notice %d: %w", id, err)
	}
	return rows, nil
}

// Waiting counts the notices that wait for another person's yes.
func (s *Service) Waiting(ctx context.Context) (int64, error) { return s.WaitingFor(ctx, 0) }

// WaitingFor counts those of Waiting that operatorID may confirm: whoever asked cannot.
func (s *Service) WaitingFor(ctx context.Context, operatorID int64) (int64, error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Notice{}).Where("appid = ? AND state = ? AND asked_by_id <> ?", s.appid, model.NoticeWaiting, operatorID).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("waiting notices: %w", err)
	}
	return n, nil
}
