package learner

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

// A number is kept sealed, a code is asked for once, a new one takes the old one's place, and erasing leaves nothing.
func TestPhone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, w, _ := service(t, db)
		ctx := context.Background()
		l, err := s.Login(ctx, "a1", "android")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Phone(ctx, l.LearnerID); ok || err != nil {
			t.Errorf("before it was given: %v %v", ok, err)
		}
		if p, err := s.KeepPhone(ctx, l.LearnerID, "p1"); err != nil || p.Masked() != "138****0001" {
			t.Fatalf("%+v %v", p, err)
		}
		calls := w.calls.Load()
		if _, err := s.KeepPhone(ctx, l.LearnerID, "p1"); !errors.Is(err, model.ErrInvalid) || w.calls.Load() != calls {
			t.Errorf("a code used twice: %v, %d calls", err, w.calls.Load()-calls)
		}
		if _, err := s.KeepPhone(ctx, l.LearnerID, "x"); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("a code WeChat refuses: %v", err)
		}
		if p, ok, err := s.Phone(ctx, l.LearnerID); !ok || err != nil || p.Number != "13800000001" || p.Country != "86" {
			t.Errorf("%+v %v %v", p, ok, err)
		}
		if _, err := s.KeepPhone(ctx, l.LearnerID, "p2"); err != nil {
			t.Fatal(err)
		}
		var row model.Learner
		if err := db.Take(&row, l.LearnerID).Error; err != nil || len(row.Phone) == 0 || bytes.Contains(row.Phone, []byte("139")) {
			t.Errorf("it lies in clear: %q %v", row.Phone, err)
		}
		// Another column's seal does not open as a phone, nor a phone's as a session_key.
		if _, err := s.vault.open(row.Phone, row.AppID, row.OpenID); err == nil {
			t.Error("a phone number opened as a session_key")
		}
		if err := s.EraseMe(ctx, model.Caller{LearnerID: l.LearnerID, AppID: "wxmini"}); err != nil {
			t.Fatal(err)
		}
		if err := db.Take(&row, l.LearnerID).Error; err != nil || len(row.Phone) != 0 {
			t.Errorf("after erasing: %q %v", row.Phone, err)
		}
		if _, err := s.KeepPhone(ctx, l.LearnerID, "p3"); err == nil {
			t.Error("an erased learner has a phone")
		}
	})
}
