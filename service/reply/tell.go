package reply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"loudou/model"
)

// Tell queues a message of the house to a fan, once for a key, in the caller's transaction. It goes out only if a window
// is open and has something left; else it is marked so and never sent. Only kinds that go as customer-service messages.
func (s *Service) Tell(tx *gorm.DB, openid model.OpenID, key string, m model.Message) error {
	m.Delay = 0
	if faults := m.Faults(1); len(faults) > 0 || m.Custom(openid) == nil {
		return fmt.Errorf("message %s: %w: %v", key, model.ErrInvalid, faults)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("message %s: %w", key, err)
	}
	sum := sha256.Sum256([]byte(key))
	now := model.Milli(s.now())
	r := sendRow{AppID: s.appid, PushKey: "in:" + hex.EncodeToString(sum[:24]), Seq: 1, OpenID: string(openid), Message: string(text), State: sendQueued, OpenedAt: now, EndsAt: now, CreatedAt: now}
	res := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if res.Error != nil {
		return fmt.Errorf("message %s: %w", key, res.Error)
	}
	if res.RowsAffected == 0 {
		return nil
	}
	// Behind the passive answer of the push that led to it.
	return s.jobs.Add(tx, SendJob, s.appid+":"+r.PushKey, sendPayload{s.appid, r.PushKey, 0}, time.Now().Add(200*time.Millisecond))
}
