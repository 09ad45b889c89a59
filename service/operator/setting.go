package operator

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

const (
	settingTwoPerson   = "two_person"
	settingMessageDays = "message_days"
)

// The bounds of message_days. A week is far beyond what WeChat repeats a push in (15 seconds) and beyond a fan's window
// (48 hours), so nothing that still answers somebody is forgotten; three years is longer than anybody has a reason for.
const (
	MessageDaysLeast   = 7
	MessageDaysMost    = 1095
	MessageDaysDefault = 180
)

type setting struct {
	Name      string `gorm:"primaryKey"`
	Value     string
	UpdatedBy string
	UpdatedAt time.Time
}

// Settings are what an owner may switch at the console.
type Settings struct {
	TwoPerson bool // what is set
	// InForce is TwoPerson while there are two enabled operators who may confirm: with fewer nobody could
	// ever publish.
	InForce bool
	// MessageDays is how long the bodies of messages, and of what was answered, stay.
	MessageDays int
}

// Settings reads them; db may be a transaction.
func (s *Service) Settings(db *gorm.DB) (Settings, error) {
	out := Settings{TwoPerson: s.options.TwoPerson, MessageDays: MessageDaysDefault}
	var rows []setting
	if err := db.Where("name IN ?", []string{settingTwoPerson, settingMessageDays}).Find(&rows).Error; err != nil {
		return out, fmt.Errorf("settings: %w", err)
	}
	for _, row := range rows {
		if row.Name == settingTwoPerson {
			out.TwoPerson = row.Value == "on"
			continue
		}
		days, err := strconv.Atoi(row.Value)
		if err != nil || days < MessageDaysLeast || days > MessageDaysMost {
			return out, fmt.Errorf("setting %s is %q", settingMessageDays, row.Value) // what is forgotten never comes back: rather nothing
		}
		out.MessageDays = days
	}
	var n int64
	if err := db.Model(&model.Operator{}).Where("disabled_at IS NULL AND role IN ?", model.RolesWith(model.RightConfirm)).Count(&n).Error; err != nil {
		return out, fmt.Errorf("count operators: %w", err)
	}
	out.InForce = out.TwoPerson && n >= model.ConfirmationsNeeded
	return out, nil
}

// ReadSettings is Settings outside a transaction.
func (s *Service) ReadSettings(ctx context.Context) (Settings, error) {
	return s.Settings(s.db.WithContext(ctx))
}

// TwoPerson tells whether two people must stand behind what leaves the house, now.
func (s *Service) TwoPerson(tx *gorm.DB) (bool, error) {
	out, err := s.Settings(tx)
	return out.InForce, err
}

// SetTwoPerson switches the rule on or off.
func (s *Service) SetTwoPerson(ctx context.Context, by model.Operator, on bool) (Settings, error) {
	var out Settings
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		before, err := s.Settings(tx)
		if err != nil {
			return err
		}
		value := "off"
		if on {
			value = "on"
		}
		if err := s.set(tx, by, settingTwoPerson, value); err != nil {
			return err
		}
		if out, err = s.Settings(tx); err != nil {
			return err
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "setting.change", Object: "setting", ObjectID: settingTwoPerson,
			Before: model.AuditJSON(map[string]bool{settingTwoPerson: before.TwoPerson}), After: model.AuditJSON(map[string]bool{settingTwoPerson: on})})
	})
	return out, err
}

// MessageKept is how long the bodies of messages stay, now.
func (s *Service) MessageKept(ctx context.Context) (time.Duration, error) {
	out, err := s.ReadSettings(ctx)
	return time.Duration(out.MessageDays) * 24 * time.Hour, err
}

// SetMessageDays says for how many days the bodies of messages stay; the next walk, within a day, goes by it. ErrInvalid outside
// 7 to 1095. What a walk has forgotten does not come back when the days are raised.
func (s *Service) SetMessageDays(ctx context.Context, by model.Operator, days int) (Settings, error) {
	var out Settings
	if days < MessageDaysLeast || days > MessageDaysMost {
		text := fmt.Sprintf("要在 %d 到 %d 天之间", MessageDaysLeast, MessageDaysMost)
		return out, model.Refuse(model.ErrInvalid, model.CodeInvalid, "消息正文的保存天数"+text).Field("message_days", text)
	}
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		before, err := s.Settings(tx)
		if err != nil {
			return err
		}
		if err := s.set(tx, by, settingMessageDays, strconv.Itoa(days)); err != nil {
			return err
		}
		if out, err = s.Settings(tx); err != nil || before.MessageDays == days {
			return err
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "setting.change", Object: "setting", ObjectID: settingMessageDays,
			Before: model.AuditJSON(map[string]int{settingMessageDays: before.MessageDays}), After: model.AuditJSON(map[string]int{settingMessageDays: days})})
	})
	return out, err
}

// set writes one setting over what was there.
func (s *Service) set(db *gorm.DB, by model.Operator, name, value string) error {
	row := setting{Name: name, Value: value, UpdatedBy: by.Name, UpdatedAt: model.Milli(s.now())}
	err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"value", "updated_by", "updated_at"})}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("setting %s: %w", name, err)
	}
	return nil
}

func guideSetting(operatorID int64) string { return fmt.Sprintf("guide_away.%d", operatorID) }

// GuideAway tells whether an operator put the first steps away.
func (s *Service) GuideAway(ctx context.Context, operatorID int64) (bool, error) {
	var row setting
	err := s.db.WithContext(ctx).Where("name = ?", guideSetting(operatorID)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("guide of operator %d: %w", operatorID, err)
	}
	return row.Value == "on", nil
}

// SetGuideAway puts the first steps away for one operator, or calls them back. It changes nothing for anybody else, so
// the trail does not speak of it.
func (s *Service) SetGuideAway(ctx context.Context, by model.Operator, away bool) error {
	value := "off"
	if away {
		value = "on"
	}
	return s.set(s.db.WithContext(ctx), by, guideSetting(by.ID), value)
}
