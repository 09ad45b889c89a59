package reply

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"loudou/model"
)

// greetSeq is where the numbers of a greeting's messages begin, behind those of the follow's own answer.
const greetSeq = 100

// greeting picks the rule for fans who came by source, and what it says; -1: none.
func (b *book) greeting(p *model.Push, source string, at time.Time) (int, []model.Message) {
	for _, i := range b.sourced[source] {
		if b.rules[i].Active.Holds(at) {
			return i, b.messages(p, found{ranked: ranked{rule: i}})
		}
	}
	return -1, nil
}

// Greet queues what rules say to a fan who came by source, once WeChat has told it: p is the follow. It
// joins the caller's transaction; told again for the same follow, it does nothing.
func (s *Service) Greet(tx *gorm.DB, p *model.Push, pushKey, source string, at time.Time) error {
	if p.AppID != s.appid {
		return nil
	}
	b := s.book.Load()
	i, messages := b.greeting(p, source, at)
	if i < 0 {
		return nil
	}
	var had int64
	if err := tx.Model(&sendRow{}).Where("appid = ? AND push_key = ? AND seq > ?", s.appid, pushKey, greetSeq).Count(&had).Error; err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	if had > 0 {
		return nil
	}
	k := model.Kept{Push: *p, PushKey: pushKey, At: at, Answer: model.Answer{RuleID: b.rules[i].ID, Later: messages}}
	rows, err := s.queue(tx, &k, greetSeq, time.Time{})
	if err != nil {
		return err
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	return s.count(tx, map[hitKey]hit{{b.rules[i].ID, "", model.Day(at)}: {1, at}})
}
