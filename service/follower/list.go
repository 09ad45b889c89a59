package follower

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// remarkMost is what the column holds; WeChat's own limit is 30 characters.
const remarkMost = 120

// List gives followers, the latest known first, below the row numbered before (0: from the top), with
// their tags.
func (s *Service) List(ctx context.Context, f model.FollowerFilter, before int64, limit int) ([]model.Follower, error) {
	q := s.where(ctx, f).Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var rows []row
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list followers: %w", err)
	}
	return s.dressed(ctx, rows)
}

// where is the condition a filter makes.
func (s *Service) where(ctx context.Context, f model.FollowerFilter) *gorm.DB {
	db := s.db.WithContext(ctx)
	q := db.Model(&row{}).Where("appid = ?", s.appid)
	if f.Following != nil {
		q = q.Where("subscribed = ?", *f.Following)
	}
	if f.Blocked != nil {
		q = q.Where("blocked = ?", *f.Blocked)
	}
	if f.Source != "" {
		q = q.Where("subscribe_scene = ?", f.Source)
	}
	if f.Scene != "" {
		q = q.Where("scene = ?", f.Scene)
	}
	if f.From != nil {
		q = q.Where("subscribed_at >= ?", model.Milli(*f.From))
	}
	if f.To != nil {
		q = q.Where("subscribed_at < ?", model.Milli(*f.To))
	}
	if f.TagID > 0 {
		q = q.Where("id IN (?)", db.Model(&wornRow{}).Select("follower_id").Where("appid = ? AND tag_id = ?", s.appid, f.TagID))
	}
	if f.Word != "" {
		like := store.EscapeLike(f.Word)
		if openid := ascii(f.Word); len(openid) >= 6 && openid == f.Word {
			q = q.Where("(remark LIKE ? ESCAPE '!' OR openid LIKE ? ESCAPE '!')", "%"+like+"%", like+"%")
		} else {
			q = q.Where("remark LIKE ? ESCAPE '!'", "%"+like+"%")
		}
	}
	return q
}

// ascii leaves what an openid may hold: the column knows no other letters.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, s)
}

// dressed gives rows as followers, with their tags.
func (s *Service) dressed(ctx context.Context, rows []row) ([]model.Follower, error) {
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	worn, err := s.worn(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]model.Follower, 0, len(rows))
	for i := range rows {
		f := rows[i].follower()
		f.Tags = worn[f.ID]
		out = append(out, f)
	}
	return out, nil
}

// Get gives one follower by number, and the history of follows and unfollows, the latest first.
func (s *Service) Get(ctx context.Context, id int64) (model.Follower, []model.FollowerChange, error) {
	r, err := s.one(ctx, id)
	if err != nil {
		return model.Follower{}, nil, err
	}
	var changes []changeRow
	if err := s.db.WithContext(ctx).Where("appid = ? AND openid = ? AND kind IN ?", s.appid, r.OpenID, []string{model.FollowerFollow, model.FollowerUnfollow, model.FollowerGone}).
		Order("happened_at DESC, id DESC").Limit(500).Find(&changes).Error; err != nil {
		return model.Follower{}, nil, fmt.Errorf("history of follower %d: %w", id, err)
	}
	out := make([]model.FollowerChange, 0, len(changes))
	for _, c := range changes {
		out = append(out, model.FollowerChange{Kind: c.Kind, Scene: c.Scene, By: c.OperatorName, At: c.HappenedAt.UTC()})
	}
	all, err := s.dressed(ctx, []row{r})
	if err != nil {
		return model.Follower{}, nil, err
	}
	return all[0], out, nil
}

// OfPersons gives the followers among persons, by person; of two of the same person the one who follows.
func (s *Service) OfPersons(ctx context.Context, persons []int64) (map[int64]model.Follower, error) {
	out := map[int64]model.Follower{}
	if len(persons) == 0 {
		return out, nil
	}
	var rows []row
	if err := s.db.WithContext(ctx).Where("appid = ? AND person_id IN ?", s.appid, persons).Order("subscribed, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("followers among persons: %w", err)
	}
	for i := range rows {
		out[rows[i].PersonID] = rows[i].follower()
	}
	return out, nil
}

func (s *Service) one(ctx context.Context, id int64) (row, error) {
	var r row
	if err := s.db.WithContext(ctx).Where("appid = ? AND id = ?", s.appid, id).Take(&r).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return r, model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这位粉丝")
		}
		return r, fmt.Errorf("follower %d: %w", id, err)
	}
	return r, nil
}

func (r *row) follower() model.Follower {
	return model.Follower{ID: r.ID, AppID: r.AppID, OpenID: model.OpenID(r.OpenID), PersonID: r.PersonID, UnionID: r.UnionID, Subscribed: r.Subscribed,
		SubscribedAt: r.SubscribedAt, UnsubscribedAt: r.UnsubscribedAt, SubscribeScene: r.SubscribeScene, Scene: r.Scene, Follows: r.Follows, Remark: r.Remark, Blocked: r.Blocked}
}

// First tells whether a follow, known by its push, is the first thing we ever knew of the fan, and whether they follow
// now. It belongs to the transaction that keeps the push, behind Take.
func (s *Service) First(tx *gorm.DB, openid model.OpenID, pushKey string) (first, following bool, err error) {
	var have []row
	if err := tx.Where("appid = ? AND openid = ?", s.appid, string(openid)).Limit(1).Find(&have).Error; err != nil {
		return false, false, fmt.Errorf("a follow: %w", err)
	}
	if len(have) == 0 {
		return false, false, nil
	}
	var before int64
	if err := tx.Model(&changeRow{}).Where("appid = ? AND openid = ? AND push_key <> ? AND kind IN ?", s.appid, string(openid), pushKey,
		[]string{model.FollowerFollow, model.FollowerUnfollow, model.FollowerGone}).Count(&before).Error; err != nil {
		return false, false, fmt.Errorf("a follow: %w", err)
	}
	return before == 0 && have[0].Follows == 1, have[0].Subscribed, nil
}

// Following gives of these fans those who follow now.
func (s *Service) Following(tx *gorm.DB, openids []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(openids) == 0 {
		return out, nil
	}
	var some []string
	if err := tx.Model(&row{}).Where("appid = ? AND openid IN ? AND subscribed = ?", s.appid, openids, true).Pluck("openid", &some).Error; err != nil {
		return nil, fmt.Errorf("who follows: %w", err)
	}
	for _, o := range some {
		out[o] = true
	}
	return out, nil
}

// Fans gives the followers among openids, without their tags.
func (s *Service) Fans(ctx context.Context, openids []model.OpenID) (map[model.OpenID]model.Follower, error) {
	out := map[model.OpenID]model.Follower{}
	if len(openids) == 0 {
		return out, nil
	}
	rows, err := s.rowsOf(s.db.WithContext(ctx), openids)
	if err != nil {
		return nil, err
	}
	for openid, r := range rows {
		out[openid] = r.follower()
	}
	return out, nil
}

// Numbers gives the followers' numbers by openid.
func (s *Service) Numbers(db *gorm.DB, openids []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(openids) == 0 {
		return out, nil
	}
	var rows []row
	if err := db.Select("id", "openid").Where("appid = ? AND openid IN ?", s.appid, openids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("numbers of followers: %w", err)
	}
	for _, r := range rows {
		out[r.OpenID] = r.ID
	}
	return out, nil
}

// Reachable gives those a filter meets whom a notice can reach: who follow and are not blocked, the oldest first, with
// number, openid and remark alone.
func (s *Service) Reachable(ctx context.Context, f model.FollowerFilter) ([]model.Follower, error) {
	var rows []row
	if err := s.reachable(ctx, f).Select("id", "openid", "remark").Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("reachable followers: %w", err)
	}
	out := make([]model.Follower, len(rows))
	for i, r := range rows {
		out[i] = model.Follower{ID: r.ID, AppID: s.appid, OpenID: model.OpenID(r.OpenID), Remark: r.Remark, Subscribed: true}
	}
	return out, nil
}

// CountReachable counts those whom Reachable gives.
func (s *Service) CountReachable(ctx context.Context, f model.FollowerFilter) (int64, error) {
	var n int64
	if err := s.reachable(ctx, f).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("reachable followers: %w", err)
	}
	return n, nil
}

func (s *Service) reachable(ctx context.Context, f model.FollowerFilter) *gorm.DB {
	return s.where(ctx, f).Where("subscribed = ? AND blocked = ?", true, false)
}

// Among gives the followers of these numbers, without their tags.
func (s *Service) Among(ctx context.Context, ids []int64) (map[int64]model.Follower, error) {
	out := map[int64]model.Follower{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []row
	if err := s.db.WithContext(ctx).Where("appid = ? AND id IN ?", s.appid, ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("followers: %w", err)
	}
	for i := range rows {
		out[rows[i].ID] = rows[i].follower()
	}
	return out, nil
}
