package order

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
	"loudou/service/store/seal"
)

// SealPurpose is what openids of erased buyers are sealed for.
const SealPurpose = "loudou refund openid v1"

// remembering is a channel that knows erased buyers again where their money is asked about or goes back: virtual payment
// does neither without the openid.
type remembering struct {
	Channel
	box seal.Box
}

func (r remembering) known(p model.Payment) model.Payment {
	if p.OpenID == "" && len(p.OpenIDSealed) > 0 {
		if openid, err := r.box.Open(p.OpenIDSealed, row(p)); err == nil { // else it stays unknown, and the channel says so
			p.OpenID = model.OpenID(openid)
		}
	}
	return p
}

func (r remembering) Query(ctx context.Context, p model.Payment) (model.Transaction, error) {
	return r.Channel.Query(ctx, r.known(p))
}

func (r remembering) Refund(ctx context.Context, p model.Payment, x model.Refund) (model.RefundNews, error) {
	return r.Channel.Refund(ctx, r.known(p), x)
}

func (r remembering) QueryRefund(ctx context.Context, p model.Payment, x model.Refund) (model.RefundNews, error) {
	return r.Channel.QueryRefund(ctx, r.known(p), x)
}

func row(p model.Payment) string { return "payments\x00" + strconv.FormatInt(p.ID, 10) }

// keepForRefunds seals the openids of virtual payments whose money could still go back, before they are blanked.
func (s *Service) keepForRefunds(tx *gorm.DB, orders *gorm.DB) error {
	var paid []model.Payment
	if err := store.Lock(tx).Where("order_id IN (?) AND via = ? AND status = ? AND openid <> '' AND paid_at > ?", orders, model.ViaXPay, model.PaymentSuccess, s.time().Add(-model.RefundTerm)).Order("id").Find(&paid).Error; err != nil {
		return fmt.Errorf("erase payments: %w", err)
	}
	for _, p := range paid {
		sealed, err := s.Seal.Seal(string(p.OpenID), row(p))
		if err != nil {
			return fmt.Errorf("erase payment %d: %w", p.ID, err)
		}
		if err := tx.Model(&model.Payment{}).Where("id = ?", p.ID).Update("openid_sealed", sealed).Error; err != nil {
			return fmt.Errorf("erase payment %d: %w", p.ID, err)
		}
	}
	return nil
}

// Forget drops sealed openids whose refund term is over; for the timetable. Twice is safe.
func (s *Service) Forget(ctx context.Context) error {
	db := s.db.WithContext(ctx)
	var over []int64
	if err := db.Model(&model.Payment{}).Where("appid = ? AND openid_sealed IS NOT NULL AND paid_at <= ?", s.AppID, s.time().Add(-model.RefundTerm)).Pluck("id", &over).Error; err != nil {
		return fmt.Errorf("sealed openids: %w", err)
	}
	for part := range slices.Chunk(over, 500) {
		if err := db.Model(&model.Payment{}).Where("id IN ?", part).Update("openid_sealed", nil).Error; err != nil {
			return fmt.Errorf("forget sealed openids: %w", err)
		}
	}
	return nil
}
