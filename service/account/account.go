// Package account numbers the accounts a database holds: each a pair of an Official Account and a Mini Program, served by
// one deployment. It owns the accounts table. What belongs to an article, a course or a person is an account's by that;
// events and what is counted of them carry the number, two bytes where an appid would be twenty in every index.
//
// Twice is safe: an appid keeps the number it first got, and of two deployments that start at once each gets its own.
package account

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Number gives the number of the account with these appids, a new one when neither is known; "" for one that is not set.
// What a database held before it had any account is number 0's, and the first to ask is 0. ErrConflict when the two
// appids are two accounts.
func Number(ctx context.Context, db *gorm.DB, official, mini string) (int, error) {
	if official == "" && mini == "" {
		return 0, nil // nothing is set up yet, and nobody comes in
	}
	for range 10 {
		n, err := number(ctx, db, official, mini)
		if _, taken := store.Duplicate(err); !taken { // else another deployment took the number at this moment
			return n, err
		}
	}
	return 0, errors.New("number of the account: others took every number tried")
}

func number(ctx context.Context, db *gorm.DB, official, mini string) (n int, err error) {
	err = store.Tx(ctx, db, func(tx *gorm.DB) error {
		var found []model.Account
		if err := tx.Where("official_appid = ? OR mini_appid = ?", official, mini).Order("number").Find(&found).Error; err != nil {
			return fmt.Errorf("accounts: %w", err)
		}
		if len(found) > 1 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("公众号 %s 和小程序 %s 在这个数据库里属于两套账号", official, mini))
		}
		if len(found) == 1 {
			a := found[0]
			if a.OfficialAppID == nil && official != "" {
				a.OfficialAppID = &official
			}
			if a.MiniAppID == nil && mini != "" {
				a.MiniAppID = &mini
			}
			n = a.Number
			if a.OfficialAppID == found[0].OfficialAppID && a.MiniAppID == found[0].MiniAppID {
				return nil
			}
			return tx.Model(&model.Account{}).Where("number = ?", n).Select("official_appid", "mini_appid").Updates(&a).Error
		}
		var last *int
		if err := tx.Model(&model.Account{}).Select("MAX(number)").Scan(&last).Error; err != nil {
			return fmt.Errorf("accounts: %w", err)
		}
		a := model.Account{}
		if last != nil {
			a.Number = *last + 1
		}
		if official != "" {
			a.OfficialAppID = &official
		}
		if mini != "" {
			a.MiniAppID = &mini
		}
		n = a.Number
		return tx.Create(&a).Error
	})
	return n, err
}
