package follower

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// keep makes some followers what WeChat says they are, and counts each once. asked is when their page was
// asked for: whoever left since then has left.
func (s *Service) keep(tx *gorm.DB, r *syncRow, infos []model.FollowerInfo, asked time.Time) error {
	now := model.Milli(s.now())
	openids := make([]model.OpenID, 0, len(infos))
	for _, i := range infos {
		openids = append(openids, i.OpenID)
	}
	have, err := s.rowsOf(store.Lock(tx), openids)
	if err != nil {
		return err
	}
	var fresh, unchanged, unreadable int64
	var same []int64 // nothing to write but the mark
	var put []row
	var known []model.FollowerInfo
	unions := map[model.OpenID]string{}
	infos = slices.DeleteFunc(slices.Clone(infos), func(i model.FollowerInfo) bool {
		h, ok := have[i.OpenID]
		left := !i.Unreadable && !i.Subscribed || ok && !h.Subscribed && !h.ChangedAt.Before(asked) // while we asked
		return left || ok && h.SeenSync == r.ID                                                     // or counted already
	})
	for _, i := range infos {
		h, ok := have[i.OpenID]
		if !ok || h.PersonID == 0 || i.UnionID != "" && i.UnionID != h.UnionID {
			unions[i.OpenID] = i.UnionID
		}
	}
	persons := map[model.OpenID]int64{}
	if len(unions) > 0 {
		if persons, err = s.persons.EnsureKnown(tx, s.appid, unions); err != nil {
			return err
		}
	}
	for _, i := range infos {
		h, ok := have[i.OpenID]
		if i.Unreadable {
			unreadable++
		} else {
			known = append(known, i)
		}
		if !ok {
			fresh++
			put = append(put, s.found(r, i, persons[i.OpenID], now))
			continue
		}
		set := h.differs(i)
		if h.Subscribed {
			unchanged++
		} else {
			fresh++
			set["subscribed"] = true
			at := now
			if i.SubscribedAt != nil {
				at = model.Milli(*i.SubscribedAt)
			}
			set["subscribed_at"] = at
			if at.Before(h.ChangedAt) {
				at = h.ChangedAt
			}
			set["changed_at"] = at
		}
		if id := persons[i.OpenID]; id != 0 && id != h.PersonID {
			set["person_id"] = id
		}
		if len(set) == 0 {
			same = append(same, h.ID)
			continue
		}
		set["seen_sync"], set["updated_at"] = r.ID, now
		if err := tx.Model(&row{}).Where("id = ?", h.ID).Updates(set).Error; err != nil {
			return fmt.Errorf("follower %d: %w", h.ID, err)
		}
	}
	if len(same) > 0 {
		if err := tx.Model(&row{}).Where("id IN ?", same).Update("seen_sync", r.ID).Error; err != nil {
			return fmt.Errorf("mark followers: %w", err)
		}
	}
	if len(put) > 0 {
		if err := tx.Create(&put).Error; err != nil {
			return fmt.Errorf("new followers: %w", err)
		}
	}
	if len(known) > 0 {
		if err := s.wears(tx, known, asked); err != nil {
			return err
		}
	}
	res := tx.Model(&syncRow{}).Where("id = ? AND state = ?", r.ID, syncRunning).Updates(map[string]any{
		"seen": gorm.Expr("seen + ?", fresh+unchanged), "fresh": gorm.Expr("fresh + ?", fresh), "unchanged": gorm.Expr("unchanged + ?", unchanged),
		"unreadable": gorm.Expr("unreadable + ?", unreadable), "resume_at": nil, "last_error": "", "updated_at": now})
	if res.Error != nil {
		return fmt.Errorf("count the sync: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return errStopped
	}
	return nil
}

// found is the row of a follower whom nobody told us of.
func (s *Service) found(r *syncRow, i model.FollowerInfo, person int64, now time.Time) row {
	at := now
	if i.SubscribedAt != nil {
		at = model.Milli(*i.SubscribedAt)
	}
	return row{AppID: s.appid, OpenID: string(i.OpenID), PersonID: person, UnionID: i.UnionID, Subscribed: true, SubscribedAt: &at, ChangedAt: at, SubscribeScene: model.Cut(i.SubscribeScene, 64),
		Scene: model.Cut(i.Scene, model.SceneMost), Follows: 1, Remark: model.Cut(i.Remark, remarkMost), SeenSync: r.ID, CreatedAt: now, UpdatedAt: now}
}

// differs lists what WeChat says otherwise than the row. It may know less than a push told: that stays.
func (r *row) differs(i model.FollowerInfo) map[string]any {
	set := map[string]any{}
	if i.Unreadable {
		return set
	}
	if remark := model.Cut(i.Remark, remarkMost); remark != r.Remark {
		set["remark"] = remark
	}
	if i.UnionID != "" && i.UnionID != r.UnionID {
		set["unionid"] = i.UnionID
	}
	if i.SubscribeScene != "" && i.SubscribeScene != r.SubscribeScene {
		set["subscribe_scene"] = model.Cut(i.SubscribeScene, 64)
	}
	if i.Scene != "" && r.Scene == "" {
		set["scene"] = model.Cut(i.Scene, model.SceneMost)
	}
	if r.SubscribedAt == nil && i.SubscribedAt != nil {
		set["subscribed_at"] = model.Milli(*i.SubscribedAt)
	}
	return set
}

// gone says of those whom no page held that they have left, when nobody knows. Who followed after the walk began
// may stand on a page that was asked for before.
func (s *Service) gone(ctx context.Context, r *syncRow) error {
	now := model.Milli(s.now())
	left := 0
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var rows []row
		if err := store.Lock(tx).Select("id", "openid").Where("appid = ? AND subscribed = ? AND seen_sync <> ? AND changed_at < ?", s.appid, true, r.ID, r.StartedAt).Order("id").Limit(500).Find(&rows).Error; err != nil {
			return fmt.Errorf("those who left: %w", err)
		}
		if left = len(rows); left == 0 {
			return nil
		}
		if err := tx.Model(&row{}).Where("id IN ?", idsOf(rows)).Updates(map[string]any{"subscribed": false, "unsubscribed_at": now, "changed_at": now, "seen_sync": r.ID, "updated_at": now}).Error; err != nil {
			return fmt.Errorf("those who left: %w", err)
		}
		history := make([]changeRow, 0, len(rows))
		for _, f := range rows {
			history = append(history, changeRow{AppID: s.appid, OpenID: f.OpenID, Kind: model.FollowerGone, PushKey: fmt.Sprintf("sync:%d:%s", r.ID, strconv.FormatInt(f.ID, 10)), HappenedAt: now})
		}
		if err := tx.CreateInBatches(&history, 200).Error; err != nil {
			return fmt.Errorf("those who left: %w", err)
		}
		return tx.Model(&syncRow{}).Where("id = ?", r.ID).Updates(map[string]any{"gone": gorm.Expr("gone + ?", left), "updated_at": now}).Error
	})
	if err != nil {
		return err
	}
	set := map[string]any{"updated_at": now}
	if left == 0 {
		set["phase"] = phaseBlocked
	}
	return s.set(ctx, r, set)
}

// blackList makes our marks those of WeChat's black list.
func (s *Service) blackList(ctx context.Context) error {
	listed := map[string]bool{}
	for from := ""; ; {
		openids, next, err := s.ask.BlockedPage(ctx, from)
		if err != nil {
			return fmt.Errorf("black list: %w", err)
		}
		for _, o := range openids {
			listed[string(o)] = true
		}
		for len(openids) > 0 {
			n := min(300, len(openids))
			if err := s.db.WithContext(ctx).Model(&row{}).Where("appid = ? AND openid IN ? AND blocked = ?", s.appid, openids[:n], false).Update("blocked", true).Error; err != nil {
				return fmt.Errorf("black list: %w", err)
			}
			openids = openids[n:]
		}
		if next == "" {
			break
		}
		from = next
	}
	var marked []row
	if err := s.db.WithContext(ctx).Select("id", "openid").Where("appid = ? AND blocked = ?", s.appid, true).Find(&marked).Error; err != nil {
		return fmt.Errorf("black list: %w", err)
	}
	for _, m := range marked {
		if listed[m.OpenID] {
			continue
		}
		if err := s.db.WithContext(ctx).Model(&row{}).Where("id = ?", m.ID).Update("blocked", false).Error; err != nil {
			return fmt.Errorf("black list: %w", err)
		}
	}
	return nil
}
