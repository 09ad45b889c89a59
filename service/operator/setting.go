package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
	"loudou/service/store"
)

const settingTwoPerson = "two_person"

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
}

// Settings reads them; db may be a transaction.
func (s *Service) Settings(db *gorm.DB) (Settings, error) {
	out := Settings{TwoPerson: s.options.TwoPerson}
	var row setting
	switch err := db.Where("name = ?", settingTwoPerson).Take(&row).Error; {
	case err == nil:
		out.TwoPerson = row.Value == "on"
	case !errors.Is(err, gorm.ErrRecordNotFound):
		return out, fmt.Errorf("setting %s: %w", settingTwoPerson, err)
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
		row := setting{Name: settingTwoPerson, Value: "off", UpdatedBy: by.Name, UpdatedAt: model.Milli(s.now())}
		if on {
			row.Value = "on"
		}
		err = tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"value", "updated_by", "updated_at"})}).Create(&row).Error
		if err != nil {
			return fmt.Errorf("setting %s: %w", settingTwoPerson, err)
		}
		if out, err = s.Settings(tx); err != nil {
			return err
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "setting.change", Object: "setting", ObjectID: settingTwoPerson,
			Before: model.AuditJSON(map[string]bool{settingTwoPerson: before.TwoPerson}), After: model.AuditJSON(map[string]bool{settingTwoPerson: on})})
	})
	return out, err
}
