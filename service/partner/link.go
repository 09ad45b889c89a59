package partner

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// secretBytes of a link's secret: 128 bits, which nobody guesses.
const secretBytes = 16

// NewLink makes a partner's link and gives its secret, this once: only its hash is kept. The one before is dead from
// now on.
func (s *Service) NewLink(ctx context.Context, by model.Operator, id int64) (string, error) {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails: the runtime ends the process instead
	secret := base64.RawURLEncoding.EncodeToString(raw)
	hash := hashOf(raw)
	return secret, s.link(ctx, by, id, "partner.link", &hash)
}

// EndLink withdraws a partner's link; twice is once.
func (s *Service) EndLink(ctx context.Context, by model.Operator, id int64) error {
	return s.link(ctx, by, id, "partner.unlink", nil)
}

func (s *Service) link(ctx context.Context, by model.Operator, id int64, action string, hash *string) error {
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		p, err := s.lock(tx, id)
		if err != nil || hash == nil && p.LinkHash == nil {
			return err
		}
		now := model.Milli(s.now())
		p.LinkHash, p.LinkAt, p.LinkBy = hash, &now, by.Name
		if err := tx.Model(&p).Select("link_hash", "link_at", "link_by").Updates(&p).Error; err != nil {
			return err
		}
		return s.audited(tx, by, action, id, nil, map[string]any{"name": p.Name})
	})
	if err != nil {
		return fmt.Errorf("link of partner %d: %w", id, err)
	}
	return nil
}

// Open gives the partner whose link has this secret. ErrNotFound for one that never was, or is withdrawn.
func (s *Service) Open(ctx context.Context, secret string) (model.Partner, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != secretBytes {
		return model.Partner{}, fmt.Errorf("partner's link: %w", model.ErrNotFound)
	}
	var p model.Partner
	if err := s.db.WithContext(ctx).Where("appid = ? AND link_hash = ?", s.appid, hashOf(raw)).Take(&p).Error; err != nil {
		if errors.Is(err, gorm.ErrRecordNotFound) {
			err = model.ErrNotFound
		}
		return p, fmt.Errorf("partner's link: %w", err)
	}
	return p, nil
}

func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
