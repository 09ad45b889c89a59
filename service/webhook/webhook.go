// Package webhook tells the company's own programs what happened: orders placed, paid and refunded, fans who came and
// left. It owns the tables webhooks and webhook_sends.
//
// What is to be told is written in the transaction of the fact itself, once per address by a unique key, so nothing
// that was acknowledged is lost and nothing that was rolled back is told. Sending is a job after the commit, tried for
// a day and four hours; a kill between the answer and our note of it sends again, with the same webhook-id, by which
// the receiver knows. Bodies hold numbers, never names, openids or texts.
//
// Signatures are those of Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature: v1,…), so that
// receivers have libraries for them. A secret is made from LOUDOU_SECRET and stored nowhere.
package webhook

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/outward"
)

// Jobs is service/job.
type Jobs interface {
	Add(tx *gorm.DB, kind, key string, payload any, runAt time.Time) error
}

// Auditor is service/operator.
type Auditor interface {
	Audit(tx *gorm.DB, a model.AuditEntry) error
}

// Options are the needs of the service.
type Options struct {
	DB     *gorm.DB
	AppID  string
	Secret []byte // LOUDOU_SECRET
	Jobs   Jobs
	Audit  Auditor
	Now    func() time.Time
	// Inside allows addresses of this machine, and http: only beside a fake WeChat.
	Inside bool
}

// Service keeps the addresses and sends to them.
type Service struct {
	o      Options
	client *http.Client

	mu    sync.Mutex
	known []model.Webhook // those in force, as read at knownAt
	until time.Time
}

// tries is how long one try may take: below what a job may take.
const tries = 10 * time.Second

// New makes the service.
func New(o Options) *Service {
	return &Service{o: o, client: outward.Client(tries, o.Inside)}
}

// most is how many addresses an account may have.
const most = 10

// Draft is what an operator types.
type Draft struct {
	URL, Note string
	Types     string // of events, a blank between
	Enabled   bool
}

func (d Draft) onto(w *model.Webhook) {
	w.URL, w.Note, w.Types, w.Enabled = d.URL, d.Note, d.Types, d.Enabled
	if d.Enabled {
		w.WhyOff = ""
	}
}

// Create keeps a new address. ErrInvalid, ErrConflict when there are ten.
func (s *Service) Create(ctx context.Context, by model.Operator, d Draft) (model.Webhook, error) {
	now := model.Milli(s.o.Now())
	w := model.Webhook{AppID: s.o.AppID, Turn: 1, UpdatedBy: by.Name, CreatedAt: now, UpdatedAt: now}
	d.onto(&w)
	if err := w.Check(s.o.Inside); err != nil {
		return w, err
	}
	err := store.Tx(ctx, s.o.DB, func(tx *gorm.DB) error {
		w.ID = 0
		var n int64
		if err := tx.Model(&model.Webhook{}).Where("appid = ? AND removed_at IS NULL", s.o.AppID).Count(&n).Error; err != nil {
			return fmt.Errorf("webhooks: %w", err)
		}
		if n >= most {
			return model.Refuse(model.ErrConflict, model.CodeConflict, fmt.Sprintf("最多 %d 个推送地址", most))
		}
		if err := tx.Create(&w).Error; err != nil {
			return fmt.Errorf("new webhook: %w", err)
		}
		return s.audited(tx, by, "webhook.create", w)
	})
	s.forget()
	return w, err
}

// Change saves an operator's changes. ErrInvalid, ErrNotFound.
func (s *Service) Change(ctx context.Context, by model.Operator, id int64, d Draft) (model.Webhook, error) {
	return s.change(ctx, by, id, "webhook.change", func(w *model.Webhook) error {
		d.onto(w)
		return w.Check(s.o.Inside)
	})
}

// NewSecret makes the address' secret another one; what waits is signed with it.
func (s *Service) NewSecret(ctx context.Context, by model.Operator, id int64) (model.Webhook, error) {
	return s.change(ctx, by, id, "webhook.secret", func(w *model.Webhook) error { w.Turn++; return nil })
}

// Remove ends an address; what waits for it is dropped. The list of what was sent stays for its thirty days.
func (s *Service) Remove(ctx context.Context, by model.Operator, id int64) error {
	_, err := s.change(ctx, by, id, "webhook.remove", func(w *model.Webhook) error {
		at := model.Milli(s.o.Now())
		w.RemovedAt, w.Enabled = &at, false
		return nil
	})
	return err
}

func (s *Service) change(ctx context.Context, by model.Operator, id int64, action string, fn func(*model.Webhook) error) (model.Webhook, error) {
	var w model.Webhook
	err := store.Tx(ctx, s.o.DB, func(tx *gorm.DB) error {
		w = model.Webhook{}
		err := store.Lock(tx).Where("appid = ? AND removed_at IS NULL", s.o.AppID).Take(&w, id).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("webhook %d: %w", id, model.ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("webhook %d: %w", id, err)
		}
		if err := fn(&w); err != nil {
			return err
		}
		w.UpdatedBy, w.UpdatedAt = by.Name, model.Milli(s.o.Now())
		if err := tx.Save(&w).Error; err != nil {
			return fmt.Errorf("webhook %d: %w", id, err)
		}
		return s.audited(tx, by, action, w)
	})
	s.forget()
	return w, err
}

func (s *Service) audited(tx *gorm.DB, by model.Operator, action string, w model.Webhook) error {
	after, err := json.Marshal(map[string]any{"url": w.URL, "types": w.Types, "enabled": w.Enabled, "turn": w.Turn})
	if err != nil {
		return err
	}
	return s.o.Audit.Audit(tx, model.AuditEntry{AppID: s.o.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: action, Object: "webhook", ObjectID: strconv.FormatInt(w.ID, 10), After: string(after)})
}

// List gives the addresses, the newest first.
func (s *Service) List(ctx context.Context) ([]model.Webhook, error) {
	var out []model.Webhook
	err := s.o.DB.WithContext(ctx).Where("appid = ? AND removed_at IS NULL", s.o.AppID).Order("id DESC").Find(&out).Error
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	return out, nil
}

// Secret is what the receiver checks signatures with: whsec_ and base64.
func (s *Service) Secret(w model.Webhook) (string, error) {
	key, err := s.key(w)
	return "whsec_" + base64.StdEncoding.EncodeToString(key), err
}

// Reveal gives the secret of one address; that it was seen is written down. ErrNotFound.
func (s *Service) Reveal(ctx context.Context, by model.Operator, id int64) (string, error) {
	w, err := s.change(ctx, by, id, "webhook.reveal", func(*model.Webhook) error { return nil })
	if err != nil {
		return "", err
	}
	return s.Secret(w)
}

func (s *Service) key(w model.Webhook) ([]byte, error) {
	return hkdf.Key(sha256.New, s.o.Secret, nil, fmt.Sprintf("loudou webhook v1 %s %d %d", w.AppID, w.ID, w.Turn), 32)
}

// inForce are the addresses that are on. Read again after a second: a fact in that second may be told to an address
// just switched off, where sending looks again and drops it.
func (s *Service) inForce(tx *gorm.DB) ([]model.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.known, nil
	}
	var list []model.Webhook
	if err := tx.Where("appid = ? AND enabled AND removed_at IS NULL", s.o.AppID).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	s.known, s.until = list, time.Now().Add(time.Second)
	return list, nil
}

func (s *Service) forget() {
	s.mu.Lock()
	s.until = time.Time{}
	s.mu.Unlock()
}
