package invite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// tally counts an inviter's friends and rewards.
func tally(tx *gorm.DB, inviterID int64) (model.InviteTally, error) {
	all, err := tallies(tx, []int64{inviterID})
	return all[inviterID], err
}

func tallies(tx *gorm.DB, inviters []int64) (map[int64]model.InviteTally, error) {
	out := map[int64]model.InviteTally{}
	if len(inviters) == 0 {
		return out, nil
	}
	var rows []struct {
		InviterID int64
		State     model.InvitedState
		Used      bool
		N         int64
	}
	if err := tx.Model(&model.Invited{}).Select("inviter_id, state, reward_id > 0 AS used, COUNT(*) AS n").Where("inviter_id IN ?", inviters).Group("inviter_id, state, reward_id > 0").Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("friends: %w", err)
	}
	for _, r := range rows {
		t := out[r.InviterID]
		switch {
		case r.Used:
			t.Used += r.N
		case r.State == model.InvitedStaying:
			t.Staying += r.N
		case r.State == model.InvitedHeld:
			t.Held += r.N
		case r.State == model.InvitedCounted:
			t.Counted += r.N
		case r.State == model.InvitedLeft:
			t.Left += r.N
		default:
			t.Refused += r.N
		}
		out[r.InviterID] = t
	}
	var won []struct{ InviterID, N int64 }
	if err := tx.Model(&model.InviteRewarded{}).Select("inviter_id, COUNT(*) AS n").Where("inviter_id IN ?", inviters).Group("inviter_id").Scan(&won).Error; err != nil {
		return nil, fmt.Errorf("rewards: %w", err)
	}
	for _, w := range won {
		t := out[w.InviterID]
		t.Rewards = w.N
		out[w.InviterID] = t
	}
	return out, nil
}

// Settle counts friends who have stayed long enough, gives the rewards that are due, and puts codes of campaigns that
// are over out of use: a line of the timetable. A task whose reward cannot be given says why and is tried again.
func (s *Service) Settle(ctx context.Context) error {
	var tasks []model.Invite
	if err := s.DB.WithContext(ctx).Where("appid = ? AND state <> ?", s.AppID, model.InviteDraft).Order("id").Find(&tasks).Error; err != nil {
		return fmt.Errorf("tasks: %w", err)
	}
	var failed error
	for _, i := range tasks {
		if err := s.settle(ctx, i); err != nil {
			failed = err // the others do not wait for it
		}
	}
	return failed
}

func (s *Service) settle(ctx context.Context, i model.Invite) error {
	if err := s.count(ctx, i); err != nil {
		return err
	}
	c, err := s.Campaigns.One(ctx, i.CampaignID)
	if err != nil {
		return fmt.Errorf("campaign of task %d: %w", i.ID, err)
	}
	if st := c.State(s.Now()); st == model.CampaignOver || st == model.CampaignStopped {
		if err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error { return s.Codes.Retire(tx, i.CampaignID) }); err != nil {
			return err
		}
	}
	// Who has had all there is for one person does not stand in the way of those behind.
	full := s.DB.Model(&model.InviteRewarded{}).Select("inviter_id").Where("invite_id = ?", i.ID).Group("inviter_id").Having("COUNT(*) >= ?", i.PerPerson)
	var due []int64
	if err := s.DB.WithContext(ctx).Model(&model.Invited{}).Where("invite_id = ? AND state = ? AND reward_id = 0 AND inviter_id NOT IN (?)", i.ID, model.InvitedCounted, full).
		Group("inviter_id").Having("COUNT(*) >= ?", i.Need).Order("MIN(followed_at), inviter_id").Limit(500).Pluck("inviter_id", &due).Error; err != nil {
		return fmt.Errorf("inviters of task %d: %w", i.ID, err)
	}
	fault := ""
	for _, id := range due {
		for more := true; more; {
			var err error
			more, err = s.give(ctx, i.ID, id)
			if errors.Is(err, model.ErrConflict) || errors.Is(err, model.ErrNotFound) {
				fault, more = model.WordsOf(err, "奖励发不出去"), false
				continue
			}
			if err != nil {
				return err
			}
		}
		if fault != "" {
			break
		}
	}
	if fault == i.Fault || fault == "" && strings.HasPrefix(i.Fault, noPoster) {
		return nil
	}
	if err := s.DB.WithContext(ctx).Model(&model.Invite{}).Where("id = ?", i.ID).UpdateColumn("fault", model.Cut(fault, 500)).Error; err != nil {
		return fmt.Errorf("task %d: %w", i.ID, err)
	}
	return nil
}

// count makes those count who have stayed long enough and follow still.
func (s *Service) count(ctx context.Context, i model.Invite) error {
	for {
		var some []model.Invited
		err := store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
			some = nil
			if err := store.Lock(tx).Where("invite_id = ? AND state = ? AND followed_at <= ?", i.ID, model.InvitedStaying, model.Milli(s.Now().Add(-i.Hold()))).Order("id").Limit(200).Find(&some).Error; err != nil {
				return err
			}
			openids := make([]string, 0, len(some))
			for _, f := range some {
				openids = append(openids, f.OpenID)
			}
			here, err := s.Followers.Following(tx, openids)
			if err != nil {
				return err
			}
			now := model.Milli(s.Now())
			for _, f := range some {
				set := map[string]any{"state": model.InvitedCounted, "updated_at": now}
				if !here[f.OpenID] {
					set["state"], set["left_at"] = model.InvitedLeft, now // WeChat never told us when
				}
				if err := tx.Model(&model.Invited{}).Where("id = ? AND state = ?", f.ID, model.InvitedStaying).Updates(set).Error; err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("count friends of task %d: %w", i.ID, err)
		}
		if len(some) < 200 {
			return nil
		}
	}
}

// give gives an inviter one reward if one is due, and tells whether to look again.
func (s *Service) give(ctx context.Context, taskID, inviterID int64) (more bool, err error) {
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		more = false
		var i model.Invite
		if err := store.Lock(tx).Take(&i, taskID).Error; err != nil { // one reward of a task after the other
			return err
		}
		var who model.Inviter
		if err := store.Lock(tx).Take(&who, inviterID).Error; err != nil {
			return err
		}
		t, err := tally(tx, who.ID)
		if err != nil {
			return err
		}
		var given int64
		if err := tx.Model(&model.InviteRewarded{}).Where("invite_id = ?", i.ID).Count(&given).Error; err != nil {
			return err
		}
		if who.Blocked || !i.Due(t, given) {
			return nil
		}
		var friends []model.Invited
		if err := tx.Where("inviter_id = ? AND state = ? AND reward_id = 0", who.ID, model.InvitedCounted).Order("followed_at, id").Find(&friends).Error; err != nil {
			return err
		}
		openids := make([]string, 0, len(friends))
		for _, f := range friends {
			openids = append(openids, f.OpenID)
		}
		here, err := s.Followers.Following(tx, openids) // a leaving that no push told of
		if err != nil {
			return err
		}
		var gone []int64
		friends = slices.DeleteFunc(friends, func(f model.Invited) bool {
			if here[f.OpenID] {
				return false
			}
			gone = append(gone, f.ID)
			return true
		})
		if len(gone) > 0 { // the inviter's count says so too
			if err := tx.Model(&model.Invited{}).Where("id IN ? AND reward_id = 0", gone).Updates(map[string]any{"state": model.InvitedLeft, "left_at": model.Milli(s.Now()), "updated_at": model.Milli(s.Now())}).Error; err != nil {
				return err
			}
		}
		if len(friends) < i.Need {
			return nil
		}
		code, err := s.Prizes[i.Reward].Give(tx, i.RewardRef)
		if err != nil {
			return err
		}
		won := model.InviteRewarded{AppID: s.AppID, InviteID: i.ID, InviterID: who.ID, OpenID: who.OpenID, Nth: int(t.Rewards) + 1, Slot: int(given) + 1, Reward: i.Reward, Code: code, CreatedAt: model.Milli(s.Now())}
		if err := tx.Create(&won).Error; err != nil {
			return err
		}
		ids := make([]int64, 0, i.Need)
		for _, f := range friends[:i.Need] {
			ids = append(ids, f.ID)
		}
		res := tx.Model(&model.Invited{}).Where("id IN ? AND state = ? AND reward_id = 0", ids, model.InvitedCounted).Updates(map[string]any{"reward_id": won.ID, "updated_at": won.CreatedAt})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected != int64(len(ids)) {
			return fmt.Errorf("friends of inviter %d: %w: one left meanwhile", who.ID, model.ErrUnavailable)
		}
		more = true
		return s.tell(tx, i, who, fmt.Sprintf("invite:reward:%d", won.ID), "恭喜，你得到一份"+i.Reward.Name()+"。")
	})
	if _, dup := store.Duplicate(err); dup {
		return true, nil // another instance gave it: look again
	}
	if err != nil {
		return false, fmt.Errorf("reward of inviter %d: %w", inviterID, err)
	}
	return more, nil
}
