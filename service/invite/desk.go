package invite

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Board is what a task brought so far.
type Board struct {
	Inviters, WithFriends                   int64
	Staying, Held, Counted, Used, Left, Old int64 // friends; Old: followed before, or the inviter's own
	Refused                                 int64 // by an operator
	Given                                   int64
}

// Board counts a task.
func (s *Service) Board(ctx context.Context, i model.Invite) (Board, error) {
	var b Board
	db := s.DB.WithContext(ctx)
	if err := db.Model(&model.Inviter{}).Where("invite_id = ?", i.ID).Count(&b.Inviters).Error; err != nil {
		return b, fmt.Errorf("inviters of task %d: %w", i.ID, err)
	}
	if err := db.Model(&model.InviteRewarded{}).Where("invite_id = ?", i.ID).Count(&b.Given).Error; err != nil {
		return b, fmt.Errorf("rewards of task %d: %w", i.ID, err)
	}
	if err := db.Model(&model.Invited{}).Where("invite_id = ? AND state <> ?", i.ID, model.InvitedRefused).Distinct("inviter_id").Count(&b.WithFriends).Error; err != nil {
		return b, fmt.Errorf("inviters of task %d: %w", i.ID, err)
	}
	var rows []struct {
		State model.InvitedState
		Why   string
		Used  bool
		N     int64
	}
	if err := db.Model(&model.Invited{}).Select("state, why, reward_id > 0 AS used, COUNT(*) AS n").Where("invite_id = ?", i.ID).Group("state, why, reward_id > 0").Scan(&rows).Error; err != nil {
		return b, fmt.Errorf("friends of task %d: %w", i.ID, err)
	}
	for _, r := range rows {
		switch {
		case r.Used:
			b.Used += r.N
		case r.State == model.InvitedStaying:
			b.Staying += r.N
		case r.State == model.InvitedHeld:
			b.Held += r.N
		case r.State == model.InvitedCounted:
			b.Counted += r.N
		case r.State == model.InvitedLeft:
			b.Left += r.N
		case r.Why == model.InvitedOld || r.Why == model.InvitedSelf:
			b.Old += r.N
		default:
			b.Refused += r.N
		}
	}
	return b, nil
}

// Waiting counts what an operator has to look at: suspicious friends, and tasks whose reward cannot be given.
func (s *Service) Waiting(ctx context.Context) (int64, error) {
	var held, faults int64
	db := s.DB.WithContext(ctx)
	if err := db.Model(&model.Invited{}).Where("appid = ? AND state = ?", s.AppID, model.InvitedHeld).Count(&held).Error; err != nil {
		return 0, fmt.Errorf("suspicious friends: %w", err)
	}
	if err := db.Model(&model.Invite{}).Where("appid = ? AND fault <> ''", s.AppID).Count(&faults).Error; err != nil {
		return 0, fmt.Errorf("faults of tasks: %w", err)
	}
	return held + faults, nil
}

// Wait is a task that an operator has to look at.
type Wait struct {
	CampaignID int64
	Held       int64 // suspicious friends
	Fault      string
}

// Waits lists the tasks Waiting counts.
func (s *Service) Waits(ctx context.Context) ([]Wait, error) {
	db := s.DB.WithContext(ctx)
	var held []struct{ InviteID, N int64 }
	if err := db.Model(&model.Invited{}).Select("invite_id, COUNT(*) AS n").Where("appid = ? AND state = ?", s.AppID, model.InvitedHeld).Group("invite_id").Scan(&held).Error; err != nil {
		return nil, fmt.Errorf("suspicious friends: %w", err)
	}
	ids, n := []int64{0}, map[int64]int64{}
	for _, h := range held {
		ids = append(ids, h.InviteID)
		n[h.InviteID] = h.N
	}
	var tasks []model.Invite
	if err := db.Where("appid = ? AND (fault <> '' OR id IN ?)", s.AppID, ids).Order("id DESC").Find(&tasks).Error; err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	out := make([]Wait, 0, len(tasks))
	for _, i := range tasks {
		out = append(out, Wait{i.CampaignID, n[i.ID], i.Fault})
	}
	return out, nil
}

// Row is an inviter with how far they are.
type Row struct {
	model.Inviter
	FollowerID int64
	Tally      model.InviteTally
}

// Inviters lists a task's inviters, the latest first, below the number before (0: from the top).
func (s *Service) Inviters(ctx context.Context, i model.Invite, before int64, limit int) ([]Row, error) {
	db := s.DB.WithContext(ctx)
	q := db.Where("invite_id = ?", i.ID)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []model.Inviter
	if err := q.Order("id DESC").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("inviters of task %d: %w", i.ID, err)
	}
	ids, openids := []int64{}, []string{}
	for _, x := range list {
		ids, openids = append(ids, x.ID), append(openids, x.OpenID)
	}
	all, err := tallies(db, ids)
	if err != nil {
		return nil, err
	}
	fans, err := s.Followers.Numbers(db, openids)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(list))
	for _, x := range list {
		out = append(out, Row{x, fans[x.OpenID], all[x.ID]})
	}
	return out, nil
}

// Friend is one who was brought.
type Friend struct {
	model.Invited
	FollowerID int64
	InviterFan int64 // the inviter's number among the followers
}

// Friends lists those a task brought, the latest first, below the number before (0: from the top); state "" is all,
// inviterID 0 everybody's.
func (s *Service) Friends(ctx context.Context, i model.Invite, state model.InvitedState, inviterID, before int64, limit int) ([]Friend, error) {
	db := s.DB.WithContext(ctx)
	q := db.Where("invite_id = ?", i.ID)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if inviterID > 0 {
		q = q.Where("inviter_id = ?", inviterID)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	var list []model.Invited
	if err := q.Order("id DESC").Limit(limit).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("friends of task %d: %w", i.ID, err)
	}
	openids, ids := []string{}, []int64{0}
	for _, f := range list {
		openids, ids = append(openids, f.OpenID), append(ids, f.InviterID)
	}
	var who []model.Inviter
	if err := db.Where("id IN ?", ids).Find(&who).Error; err != nil {
		return nil, fmt.Errorf("inviters of task %d: %w", i.ID, err)
	}
	by := map[int64]string{}
	for _, x := range who {
		by[x.ID] = x.OpenID
		openids = append(openids, x.OpenID)
	}
	fans, err := s.Followers.Numbers(db, openids)
	if err != nil {
		return nil, err
	}
	out := make([]Friend, 0, len(list))
	for _, f := range list {
		out = append(out, Friend{f, fans[f.OpenID], fans[by[f.InviterID]]})
	}
	return out, nil
}

// Decide lets suspicious friends count, or refuses them, and says how many those were. Those decided already, gone or
// rewarded are passed over. ErrNotFound: there is no such task.
func (s *Service) Decide(ctx context.Context, by model.Operator, campaignID int64, friends []int64, allow bool) (int64, error) {
	i, err := s.mustOf(ctx, campaignID)
	if err != nil {
		return 0, err
	}
	if len(friends) == 0 || len(friends) > 500 {
		return 0, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请选 1 到 500 位").Field("ids", "请选 1 到 500 位")
	}
	var n int64
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		set := map[string]any{"state": model.InvitedRefused, "why": model.InvitedByHand, "decided_by": by.Name, "updated_at": model.Milli(s.Now())}
		if allow {
			set["state"], set["allowed"] = model.InvitedStaying, true
			delete(set, "why")
		}
		res := tx.Model(&model.Invited{}).Where("invite_id = ? AND id IN ? AND state = ? AND reward_id = 0", i.ID, friends, model.InvitedHeld).Updates(set)
		if res.Error != nil {
			return res.Error
		}
		if n = res.RowsAffected; n == 0 {
			return nil
		}
		return s.noted(tx, by, campaignID, "invite.decide", map[string]any{"allow": allow, "friends": n})
	})
	if err != nil {
		return 0, fmt.Errorf("friends of campaign %d: %w", campaignID, err)
	}
	return n, nil
}

// Block takes an inviter out: nothing of theirs counts from now on, and those that count and were not rewarded are
// refused. On false they may go on; what was refused stays so. Twice is once.
func (s *Service) Block(ctx context.Context, by model.Operator, campaignID, inviterID int64, on bool) error {
	i, err := s.mustOf(ctx, campaignID)
	if err != nil {
		return err
	}
	err = store.Tx(ctx, s.DB, func(tx *gorm.DB) error {
		var who model.Inviter
		if err := store.Lock(tx).Where("invite_id = ?", i.ID).Limit(1).Find(&who, inviterID).Error; err != nil {
			return err
		}
		if who.ID == 0 {
			return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这位邀请人")
		}
		if who.Blocked == on {
			return nil
		}
		now := model.Milli(s.Now())
		if err := tx.Model(&model.Inviter{}).Where("id = ?", who.ID).UpdateColumn("blocked", on).Error; err != nil {
			return err
		}
		if on {
			if err := tx.Model(&model.Invited{}).Where("inviter_id = ? AND reward_id = 0 AND state <> ?", who.ID, model.InvitedRefused).
				Updates(map[string]any{"state": model.InvitedRefused, "why": model.InvitedByHand, "decided_by": by.Name, "updated_at": now}).Error; err != nil {
				return err
			}
		}
		action := "invite.exclude"
		if !on {
			action = "invite.readmit"
		}
		return s.noted(tx, by, campaignID, action, map[string]any{"inviter": who.ID})
	})
	if err != nil {
		return fmt.Errorf("inviter %d: %w", inviterID, err)
	}
	return nil
}

func (s *Service) mustOf(ctx context.Context, campaignID int64) (model.Invite, error) {
	i, err := s.Of(ctx, campaignID)
	if err == nil && i.ID == 0 {
		err = model.Refuse(model.ErrNotFound, model.CodeNotFound, "这个活动还没有裂变任务")
	}
	return i, err
}

func (s *Service) noted(tx *gorm.DB, by model.Operator, campaignID int64, action string, after map[string]any) error {
	return s.Audit.Audit(tx, model.AuditEntry{AppID: s.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "campaign", ObjectID: strconv.FormatInt(campaignID, 10), After: model.AuditJSON(after)})
}

// gone begins what stands in the place of an openid that was forgotten: a line for each, so that counts stay.
const gone = "gone-"

// Erase forgets who invited and who came; the counts stay. It belongs to the caller's transaction.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	for _, table := range []string{"inviters", "invited", "invite_rewards"} {
		var ids []int64
		if err := tx.Table(table).Where("appid = ? AND openid = ?", appid, string(openid)).Pluck("id", &ids).Error; err != nil {
			return fmt.Errorf("erase %s: %w", table, err)
		}
		slices.Sort(ids)
		for _, id := range ids {
			set := map[string]any{"openid": gone + strconv.FormatInt(id, 10)}
			if table == "inviters" {
				set["person_id"], set["media_id"], set["media_until"] = 0, "", nil
			}
			if err := tx.Table(table).Where("id = ?", id).Updates(set).Error; err != nil {
				return fmt.Errorf("erase %s: %w", table, err)
			}
		}
	}
	return nil
}
