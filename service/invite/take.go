package invite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

// wordsLife is for how long the keywords are remembered: every sentence of every fan asks for them.
const wordsLife = 5 * time.Second

// forget has the keywords read again.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words = nil
}

// word tells whether somebody typed the keyword of a task that is on. A task switched on elsewhere is known within
// seconds.
func (s *Service) word(tx *gorm.DB, typed string) (string, bool, error) {
	key := model.InviteKey(typed)
	if key == "" || len(key) > 60 {
		return "", false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.words == nil || time.Now().After(s.until) {
		var all []string
		if err := tx.Model(&model.Invite{}).Where("appid = ? AND live_key IS NOT NULL", s.AppID).Pluck("live_key", &all).Error; err != nil {
			return "", false, fmt.Errorf("keywords of tasks: %w", err)
		}
		s.words, s.until = map[string]bool{}, time.Now().Add(wordsLife)
		for _, w := range all {
			s.words[w] = true
		}
	}
	return key, s.words[key], nil
}

// Take acts on keywords, follows by inviters' codes and those who leave, in the transaction that keeps the pushes. It
// stands behind the followers, whom it asks, and before the rules, in whose place it answers a keyword.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	// In the order things happened: who follows and leaves within one batch has left.
	kept = slices.SortedStableFunc(slices.Values(kept), func(a, b *model.Kept) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	for _, k := range kept {
		if k.AppID != s.AppID || k.PersonID == 0 {
			continue
		}
		var err error
		switch {
		case k.MsgType == "text":
			err = s.asked(tx, k)
		case k.Event == "subscribe" && strings.HasPrefix(k.Scene(), model.InviteScene):
			err = s.followed(tx, k)
		case k.Event == "unsubscribe":
			err = s.left(tx, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// asked gives a fan who typed a task's keyword their progress, and their poster while the campaign runs.
func (s *Service) asked(tx *gorm.DB, k *model.Kept) error {
	key, known, err := s.word(tx, k.Content)
	if err != nil || !known {
		return err
	}
	var i model.Invite
	if err := tx.Where("appid = ? AND live_key = ?", s.AppID, key).Limit(1).Find(&i).Error; err != nil {
		return fmt.Errorf("task of %s: %w", key, err)
	}
	if i.ID == 0 {
		return nil // switched off a moment ago
	}
	running, err := s.running(tx, i, k.At)
	if err != nil {
		return err
	}
	var who model.Inviter
	if err := tx.Where("invite_id = ? AND openid = ?", i.ID, string(k.FromUserName)).Limit(1).Find(&who).Error; err != nil {
		return fmt.Errorf("inviter: %w", err)
	}
	if who.ID == 0 {
		if !running {
			return nil // the rules may have something to say
		}
		who = model.Inviter{AppID: s.AppID, InviteID: i.ID, OpenID: string(k.FromUserName), PersonID: k.PersonID, Scene: model.InviteScene + strings.ToLower(model.NewCode(10)), CreatedAt: model.Milli(s.Now())}
		res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&who)
		if res.Error != nil {
			return fmt.Errorf("new inviter: %w", res.Error)
		}
		if res.RowsAffected == 0 {
			who = model.Inviter{}
			if err := tx.Where("invite_id = ? AND openid = ?", i.ID, string(k.FromUserName)).Take(&who).Error; err != nil {
				return fmt.Errorf("inviter: %w", err)
			}
		}
	}
	text, err := s.progress(tx, i, who, running)
	if err != nil {
		return err
	}
	poster := running && !who.Blocked
	if poster {
		text += "\n你的海报马上发给你。"
	}
	m := model.Message{Type: "text", Content: model.Cut(text, model.MaxText)}
	if k.Heard {
		if err := s.Teller.Tell(tx, k.FromUserName, "invite:asked:"+k.PushKey, m); err != nil {
			return err
		}
	} else {
		k.Restate(m, i.Keyword)
	}
	if !poster {
		return nil
	}
	return s.Jobs.Add(tx, PosterJob, s.AppID+":"+k.PushKey, posterPayload{who.ID, k.PushKey}, time.Time{})
}

// running tells whether the task's campaign runs at a time.
func (s *Service) running(tx *gorm.DB, i model.Invite, at time.Time) (bool, error) {
	c, err := s.Campaigns.In(tx, i.CampaignID)
	if err != nil {
		return false, fmt.Errorf("campaign of task %d: %w", i.ID, err)
	}
	return i.State == model.InviteOn && c.State(at) == model.CampaignRunning, nil
}

// followed writes down a friend who follows by an inviter's code. Once a task, whatever they do.
func (s *Service) followed(tx *gorm.DB, k *model.Kept) error {
	var who model.Inviter
	// Held: two friends of one inviter at once are one after the other, or both would be below the speed.
	if err := store.Lock(tx).Where("appid = ? AND scene = ?", s.AppID, k.Scene()).Limit(1).Find(&who).Error; err != nil {
		return fmt.Errorf("inviter of %s: %w", k.Scene(), err)
	}
	if who.ID == 0 {
		return nil
	}
	var i model.Invite
	if err := tx.Take(&i, who.InviteID).Error; err != nil {
		return fmt.Errorf("task %d: %w", who.InviteID, err)
	}
	running, err := s.running(tx, i, k.At)
	if err != nil || !running {
		return err
	}
	first, following, err := s.Followers.First(tx, k.FromUserName, k.PushKey)
	if err != nil {
		return err
	}
	now := model.Milli(s.Now())
	var had model.Invited
	if err := tx.Where("invite_id = ? AND openid = ?", i.ID, string(k.FromUserName)).Limit(1).Find(&had).Error; err != nil {
		return fmt.Errorf("friend: %w", err)
	}
	if had.ID != 0 {
		// Back again by the same code: their time begins anew.
		if had.InviterID != who.ID || !following {
			return nil
		}
		if err := tx.Model(&model.Invited{}).Where("id = ? AND state = ? AND reward_id = 0", had.ID, model.InvitedLeft).
			Updates(map[string]any{"state": s.back(had), "followed_at": k.At, "left_at": nil, "updated_at": now}).Error; err != nil {
			return fmt.Errorf("friend %d: %w", had.ID, err)
		}
		return nil
	}
	f := model.InvitedFollow{Same: string(k.FromUserName) == who.OpenID || k.PersonID == who.PersonID, First: first}
	for _, c := range []struct {
		to    *int64
		where string
		args  []any
	}{
		{&f.Lately, "followed_at > ? AND followed_at <= ?", []any{model.Milli(k.At.Add(-time.Duration(i.SpeedMinutes) * time.Minute)), k.At}},
		{&f.Came, "1 = 1", nil},
		{&f.Left, "state = ?", []any{model.InvitedLeft}},
	} {
		if err := tx.Model(&model.Invited{}).Where("inviter_id = ? AND state <> ?", who.ID, model.InvitedRefused).Where(c.where, c.args...).Count(c.to).Error; err != nil {
			return fmt.Errorf("friends of inviter %d: %w", who.ID, err)
		}
	}
	one := model.Invited{AppID: s.AppID, InviteID: i.ID, InviterID: who.ID, OpenID: string(k.FromUserName), FollowedAt: k.At, UpdatedAt: now}
	one.State, one.Why = i.Judge(f)
	switch {
	case one.State == model.InvitedRefused:
	case who.Blocked:
		one.State, one.Why = model.InvitedRefused, model.InvitedByHand
	case !following: // the news of their leaving was faster
		one.State, one.LeftAt = model.InvitedLeft, &k.At
	}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&one)
	if res.Error != nil {
		return fmt.Errorf("new friend: %w", res.Error)
	}
	if res.RowsAffected == 0 || one.State != model.InvitedStaying {
		return nil
	}
	return s.tell(tx, i, who, fmt.Sprintf("invite:friend:%d", one.ID), "有一位新朋友扫你的码关注了。")
}

// back is the state of one who left and is here again.
func (s *Service) back(had model.Invited) model.InvitedState {
	if had.Why != "" && !had.Allowed {
		return model.InvitedHeld
	}
	return model.InvitedStaying
}

// left takes a friend back who leaves before a reward was given for them.
func (s *Service) left(tx *gorm.DB, k *model.Kept) error {
	if err := tx.Model(&model.Invited{}).
		Where("appid = ? AND openid = ? AND reward_id = 0 AND followed_at <= ? AND state IN ?", s.AppID, string(k.FromUserName), k.At, []model.InvitedState{model.InvitedStaying, model.InvitedHeld, model.InvitedCounted}).
		Updates(map[string]any{"state": model.InvitedLeft, "left_at": k.At, "updated_at": model.Milli(s.Now())}).Error; err != nil {
		return fmt.Errorf("friend who left: %w", err)
	}
	return nil
}

// tell says how far an inviter is, inside a window they opened.
func (s *Service) tell(tx *gorm.DB, i model.Invite, who model.Inviter, key, head string) error {
	if who.Blocked || strings.HasPrefix(who.OpenID, gone) {
		return nil
	}
	running, err := s.running(tx, i, s.Now())
	if err != nil {
		return err
	}
	text, err := s.progress(tx, i, who, running)
	if err != nil {
		return err
	}
	text, _, _ = strings.Cut(text, "\n规则：") // they have read those
	return s.Teller.Tell(tx, model.OpenID(who.OpenID), key, model.Message{Type: "text", Content: model.Cut(head+text, model.MaxText)})
}

func (s *Service) progress(tx *gorm.DB, i model.Invite, who model.Inviter, running bool) (string, error) {
	if who.Blocked {
		return "你的活动资格已被取消。", nil
	}
	t, err := tally(tx, who.ID)
	if err != nil {
		return "", err
	}
	var given int64
	if err := tx.Model(&model.InviteRewarded{}).Where("invite_id = ?", i.ID).Count(&given).Error; err != nil {
		return "", fmt.Errorf("rewards of task %d: %w", i.ID, err)
	}
	var won []model.InviteRewarded
	if err := tx.Where("inviter_id = ?", who.ID).Order("nth").Find(&won).Error; err != nil {
		return "", fmt.Errorf("rewards of inviter %d: %w", who.ID, err)
	}
	codes := make([]string, 0, len(won))
	for j := range won {
		codes = append(codes, won[j].ShownCode())
	}
	return i.Progress(t, given, running, codes), nil
}
