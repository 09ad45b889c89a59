package follower

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
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
		like := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(f.Word)
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
