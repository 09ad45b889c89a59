package notice

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// accepted keeps that WeChat took it, whatever the row says meanwhile. The end may have been told already.
func (s *Service) accepted(ctx context.Context, id int64, msgID string) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		now := model.Milli(s.now())
		to := map[string]any{"state": model.NoticeSent, "code": "", "reason": "", "uncertain_at": nil, "sent_at": now, "updated_at": now}
		if msgID != "" && len(msgID) <= 32 {
			to["msg_id"] = msgID
		}
		res := tx.Model(&model.NoticeSend{}).Where("id = ? AND state IN ?", id, []model.NoticeSendState{model.NoticeToSend, model.NoticeCalling, model.NoticeUnknown}).Updates(to)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		var r model.NoticeSend
		if err := tx.Where("id = ?", id).Take(&r).Error; err != nil {
			return fmt.Errorf("notice send %d: %w", id, err)
		}
		if r.EarlyMsgID == "" || msgID != "" && msgID != r.EarlyMsgID {
			return nil
		}
		return s.told(tx, r.EarlyMsgID, r.EarlyStatus, tx.Where("id = ?", id))
	})
}

// told writes the end of the rows at says, told as status: a template message's Status, or a subscription notice's
// ErrorCode and ErrorStatus.
func (s *Service) told(tx *gorm.DB, msgID, status string, at *gorm.DB) error {
	state, code, reason := ended(status)
	return tx.Model(&model.NoticeSend{}).Where(at).Where("appid = ?", s.appid).
		Updates(map[string]any{"state": state, "code": code, "reason": model.Cut(reason, 300), "msg_id": msgID, "uncertain_at": nil, "updated_at": model.Milli(s.now())}).Error
}

// ended is what WeChat's word at the end of a notice means. Mind the blank it puts into one of them.
func ended(status string) (state model.NoticeSendState, code, reason string) {
	word := strings.ToLower(strings.Join(strings.Fields(status), " "))
	first, rest, _ := strings.Cut(word, " ")
	switch {
	case word == "success", first == "0":
		return model.NoticeDelivered, "", ""
	case strings.Contains(word, "user block"):
		return model.NoticeRefused, "user block", "粉丝关掉了这个公众号的通知"
	case first == "43101":
		return model.NoticeRefused, first, "粉丝拒收，或没有剩余的订阅次数"
	case strings.Contains(word, "system failed"):
		return model.NoticeMissed, "system failed", "微信发送失败（非粉丝拒收）"
	}
	if first != "" && strings.Trim(first, "-0123456789") == "" {
		return model.NoticeMissed, model.Cut(first, 32), "微信返回 " + first + " " + rest
	}
	return model.NoticeMissed, "", "微信返回 " + status
}

// Take hears how notices ended, in the transaction that keeps the push: TEMPLATESENDJOBFINISH and subscribe_msg_sent_event.
// What was not sent here is none of ours.
func (s *Service) Take(tx *gorm.DB, kept []*model.Kept) error {
	for _, k := range kept {
		if k.AppID != s.appid {
			continue
		}
		switch k.Event {
		case "TEMPLATESENDJOBFINISH":
			msgID := k.Get("MsgID")
			if msgID == "" {
				msgID = k.MsgID // some events spell it so
			}
			if err := s.hear(tx, string(k.FromUserName), "", msgID, k.Get("Status")); err != nil {
				return err
			}
		case "subscribe_msg_sent_event":
			const list = "SubscribeMsgSentEvent.List."
			templates, ids, codes, words := k.All(list+"TemplateId"), k.All(list+"MsgID"), k.All(list+"ErrorCode"), k.All(list+"ErrorStatus")
			for i, id := range ids {
				if i >= len(templates) || i >= len(codes) {
					break
				}
				status := codes[i]
				if i < len(words) {
					status += " " + words[i]
				}
				if err := s.hear(tx, string(k.FromUserName), templates[i], id, status); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hear writes one end: to the row of that msgid; or, should the answer to the call not be kept yet, beside the call. A
// subscription notice whose answer had no msgid, or was never heard, is known by fan and template.
func (s *Service) hear(tx *gorm.DB, openid, template, msgID, status string) error {
	if msgID == "" || len(msgID) > 32 || openid == "" {
		return nil
	}
	status = model.Cut(status, 120)
	kin := tx.Model(&model.Notice{}).Select("id").Where("appid = ? AND kind = ?", s.appid, model.NoticeTemplated)
	if template != "" {
		kin = tx.Model(&model.Notice{}).Select("id").Where("appid = ? AND kind = ? AND template_id = ?", s.appid, model.NoticeSubscribe, template)
	}
	early := map[string]any{"early_msg_id": msgID, "early_status": status}
	if err := tx.Model(&model.NoticeSend{}).Where("appid = ? AND openid = ? AND uncertain_at IS NOT NULL AND notice_id IN (?)", s.appid, openid, kin).Updates(early).Error; err != nil {
		return fmt.Errorf("notice %s: %w", msgID, err)
	}
	if err := s.told(tx, msgID, status, tx.Where("appid = ? AND msg_id = ? AND state = ?", s.appid, msgID, model.NoticeSent)); err != nil {
		return fmt.Errorf("notice %s: %w", msgID, err)
	}
	if template == "" {
		return nil
	}
	var known int64
	if err := tx.Model(&model.NoticeSend{}).Where("appid = ? AND msg_id = ?", s.appid, msgID).Limit(1).Count(&known).Error; err != nil || known > 0 {
		return err
	}
	var nameless []int64
	err := tx.Model(&model.NoticeSend{}).Where("appid = ? AND openid = ? AND state IN ? AND msg_id IS NULL", s.appid, openid, []model.NoticeSendState{model.NoticeSent, model.NoticeUnknown}).
		Where("notice_id IN (?)", kin).Order("id").Limit(1).Pluck("id", &nameless).Error
	if err != nil || len(nameless) == 0 {
		return err
	}
	return s.told(tx, msgID, status, tx.Where("id = ?", nameless[0]))
}

// Erase forgets a person: the sums of the notices stay, and nothing more is sent.
func (s *Service) Erase(tx *gorm.DB, appid string, openid model.OpenID) error {
	mine := func() *gorm.DB {
		return tx.Model(&model.NoticeSend{}).Where("appid = ? AND openid = ?", appid, string(openid))
	}
	if err := mine().Where("state = ?", model.NoticeToSend).Updates(s.failed("", "个人信息已删除，没有发")).Error; err != nil {
		return fmt.Errorf("erase notices: %w", err)
	}
	if err := mine().Updates(map[string]any{"follower_id": gorm.Expr("-id"), "openid": ""}).Error; err != nil {
		return fmt.Errorf("erase notices: %w", err)
	}
	if err := tx.Where("appid = ? AND openid = ?", appid, string(openid)).Delete(&model.NoticePreview{}).Error; err != nil {
		return fmt.Errorf("erase previews: %w", err)
	}
	return nil
}
