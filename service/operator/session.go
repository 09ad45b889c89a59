package operator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// ErrLogin is a name and password that do not belong together, whichever of the two was wrong.
var ErrLogin = errors.New("name or password wrong")

// TooMany asks the caller to come back after After.
type TooMany struct{ After time.Duration }

func (t TooMany) Error() string { return "too many tries" }

type rate struct {
	n     int
	per   time.Duration
	burst int
}

// A name takes 10 guesses at once and 3 more an hour: 82 a day reach the hash. An address takes 20 at
// once and 60 an hour, good ones included.
var (
	nameRate    = rate{3, time.Hour, 10}
	addressRate = rate{60, time.Hour, 20}
)

// Login opens a session. old is the cookie the caller already had: its session ends, so that no value
// from before the login is worth anything after it. Errors: ErrLogin, TooMany.
func (s *Service) Login(ctx context.Context, name, password, address, old string) (model.Operator, string, error) {
	address = network(address)
	nameKey := model.OperatorNameKey(name)
	if wait, ok := s.limits.Try(ctx, "login:address:"+fold(address), addressRate.n, addressRate.per, addressRate.burst); !ok {
		return model.Operator{}, "", TooMany{After: wait}
	}
	known, err := s.knownAt(ctx, nameKey, address)
	if err != nil {
		return model.Operator{}, "", err
	}
	key := "login:name:" + fold(nameKey)
	if known {
		key += ":" + fold(address) // who has logged in from here before is not shut out by strangers' guesses
	}
	if wait, ok := s.limits.Try(ctx, key, nameRate.n, nameRate.per, nameRate.burst); !ok {
		return model.Operator{}, "", TooMany{After: wait}
	}
	var o model.Operator
	err = s.db.WithContext(ctx).Where("name_key = ?", nameKey).Take(&o).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Operator{}, "", fmt.Errorf("find operator: %w", err)
	}
	sealed := s.unknown
	if o.ID != 0 {
		sealed = o.PasswordHash
	}
	good, err := s.check(ctx, sealed, password)
	if err != nil {
		return model.Operator{}, "", err
	}
	if !good || o.ID == 0 || !o.Enabled() {
		return model.Operator{}, "", ErrLogin
	}
	var token string
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		// The password was checked outside: what it was checked against must still hold.
		var still model.Operator
		if err := store.Lock(tx).Where("id = ?", o.ID).Take(&still).Error; err != nil {
			return missing(err, o.ID)
		}
		if still.PasswordHash != sealed || !still.Enabled() {
			return ErrLogin
		}
		o = still
		if err := s.end(tx, old); err != nil {
			return err
		}
		var err error
		if token, err = s.begin(tx, o.ID, address); err != nil {
			return err
		}
		now := model.Milli(s.now())
		if err := tx.Model(&model.Operator{}).Where("id = ?", o.ID).Update("login_at", now).Error; err != nil {
			return fmt.Errorf("operator %d: %w", o.ID, err)
		}
		o.LoginAt = &now
		return s.Audit(tx, model.AuditEntry{OperatorID: o.ID, OperatorName: o.Name, Action: "operator.login", Object: "operator", ObjectID: id(o.ID)})
	})
	if err != nil {
		return model.Operator{}, "", err
	}
	s.limits.Forget(ctx, key)
	return o, token, nil
}

// Session finds the operator a cookie's value belongs to. ok is false when it opens nothing, any more;
// every instance asks the database each time, so what ends anywhere has ended everywhere.
func (s *Service) Session(ctx context.Context, token string) (o model.Operator, ok bool, err error) {
	if len(token) != tokenLen {
		return model.Operator{}, false, nil
	}
	var sess model.OperatorSession
	db, now := s.db.WithContext(ctx), model.Milli(s.now())
	switch err := db.Where("token_hash = ?", hash(token)).Take(&sess).Error; {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return model.Operator{}, false, nil
	case err != nil:
		return model.Operator{}, false, fmt.Errorf("session: %w", err)
	}
	if !sess.Live(now) {
		return model.Operator{}, false, nil
	}
	switch err := db.Where("id = ? AND disabled_at IS NULL", sess.OperatorID).Take(&o).Error; {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return model.Operator{}, false, nil
	case err != nil:
		return model.Operator{}, false, fmt.Errorf("session: %w", err)
	}
	if now.Sub(sess.SeenAt) > time.Minute {
		// A database that may only be read must not lock the console: the mark is then left out.
		if err := db.Model(&model.OperatorSession{}).Where("token_hash = ? AND seen_at < ?", sess.TokenHash, now).Update("seen_at", now).Error; err != nil {
			slog.WarnContext(ctx, "session mark not kept", "err", err)
		}
	}
	return o, true, nil
}

// Logout ends the session of a cookie's value; ending nothing is no error.
func (s *Service) Logout(ctx context.Context, token string) error {
	return store.Tx(ctx, s.db, func(tx *gorm.DB) error { return s.end(tx, token) })
}

// Sweep removes sessions that ended more than thirty days ago; until then their addresses count as known.
func (s *Service) Sweep(ctx context.Context) error {
	line := model.Milli(s.now().Add(-30 * 24 * time.Hour))
	if err := s.db.WithContext(ctx).Where("expires_at < ? OR ended_at < ?", line, line).Delete(&model.OperatorSession{}).Error; err != nil {
		return fmt.Errorf("sweep sessions: %w", err)
	}
	return nil
}

// CSRF is the token a session's writes must carry: derived from the cookie's value, so it is kept
// nowhere, and the database alone does not give it away.
func CSRF(token string) string {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("loudou csrf"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// SameCSRF compares in constant time.
func SameCSRF(token, got string) bool {
	return subtle.ConstantTimeCompare([]byte(CSRF(token)), []byte(got)) == 1
}

const tokenLen = 43 // 32 bytes in base64url

func (s *Service) begin(tx *gorm.DB, operatorID int64, address string) (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	token, now := base64.RawURLEncoding.EncodeToString(raw), model.Milli(s.now())
	sess := model.OperatorSession{TokenHash: hash(token), OperatorID: operatorID, Address: network(address), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(model.SessionMax)}
	if err := tx.Create(&sess).Error; err != nil {
		return "", fmt.Errorf("create session: %w", err)
	}
	return token, nil
}

func (s *Service) end(tx *gorm.DB, token string) error {
	if len(token) != tokenLen {
		return nil
	}
	return s.endWhere(tx, "token_hash = ?", hash(token))
}

func (s *Service) endAll(tx *gorm.DB, operatorID int64) error {
	return s.endWhere(tx, "operator_id = ?", operatorID)
}

func (s *Service) endWhere(tx *gorm.DB, where string, arg any) error {
	if err := tx.Model(&model.OperatorSession{}).Where(where+" AND ended_at IS NULL", arg).Update("ended_at", model.Milli(s.now())).Error; err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

func (s *Service) knownAt(ctx context.Context, nameKey, address string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Table("operator_sessions").Joins("JOIN operators ON operators.id = operator_sessions.operator_id").
		Where("operators.name_key = ? AND operator_sessions.address = ?", nameKey, address).Limit(1).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("known address: %w", err)
	}
	return n > 0, nil
}

// network is what counts as one address: an IPv4 address, or the /64 a household gets of IPv6.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// fold makes any text a short key.
func fold(text string) string { return hash(text)[:24] }

// unknownHash is a well-formed hash of a password nobody knows.
func unknownHash() string {
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		panic(err)
	}
	b64 := base64.RawStdEncoding
	return strings.Join([]string{"", "argon2id", fmt.Sprintf("v=%d", 19), fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonLanes), b64.EncodeToString(raw[:16]), b64.EncodeToString(raw[16:])}, "$")
}
