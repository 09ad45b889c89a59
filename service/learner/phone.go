package learner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// KeepPhone exchanges the code of the phone button and keeps the number, sealed, in place of the one before. A code is asked
// for once: each success costs. Errors: ErrInvalid for the code, ErrNotFound for an erased learner, ErrUnavailable.
func (s *Service) KeepPhone(ctx context.Context, learnerID int64, code string) (model.Phone, error) {
	bad := func() error {
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "没有取到手机号，请再点一次").Field("code", "手机号凭证无效或已使用")
	}
	if !s.o.Once.First(ctx, "phone:"+s.o.AppID+":"+fingerprint(code), codeMemory) {
		return model.Phone{}, bad()
	}
	phone, err := s.o.WeChat.PhoneNumber(ctx, code)
	if errors.Is(err, model.ErrInvalid) {
		return model.Phone{}, bad()
	}
	if err != nil {
		return model.Phone{}, fmt.Errorf("phone of learner %d: %w", learnerID, err)
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		l, err := s.Lock(tx, learnerID)
		if err != nil {
			return err
		}
		sealed, err := s.vault.seal(phone.Country+" "+phone.Number, phoneOf(l.AppID), l.OpenID)
		if err != nil {
			return err
		}
		return tx.Model(&model.Learner{}).Where("id = ?", l.ID).Updates(map[string]any{"phone": sealed, "updated_at": model.Milli(s.o.Now())}).Error
	})
	if err != nil {
		return model.Phone{}, fmt.Errorf("keep phone of learner %d: %w", learnerID, err)
	}
	return phone, nil
}

// phoneOf binds a sealed number to its column: it opens as nothing else.
func phoneOf(appid string) string { return appid + "/phone" }

// Phone gives the number a learner gave; ok is false where there is none, or it was sealed with another secret.
func (s *Service) Phone(ctx context.Context, learnerID int64) (phone model.Phone, ok bool, err error) {
	all, err := s.Phones(ctx, []int64{learnerID})
	phone, ok = all[learnerID]
	return phone, ok, err
}

// Phones gives the numbers learners gave, by learner; who gave none that can be opened is not among them.
func (s *Service) Phones(ctx context.Context, learnerIDs []int64) (map[int64]model.Phone, error) {
	out := map[int64]model.Phone{}
	var list []model.Learner
	if err := s.db.WithContext(ctx).Where("id IN ? AND appid = ? AND erased_at IS NULL AND phone IS NOT NULL", append(slices.Clone(learnerIDs), 0), s.o.AppID).Find(&list).Error; err != nil {
		return nil, fmt.Errorf("phones of %d learners: %w", len(learnerIDs), err)
	}
	for _, l := range list {
		plain, err := s.vault.open(l.Phone, phoneOf(l.AppID), l.OpenID)
		if err != nil || len(l.Phone) == 0 {
			continue // as good as none: the learner can give it again
		}
		var phone model.Phone
		phone.Country, phone.Number, _ = strings.Cut(plain, " ")
		out[l.ID] = phone
	}
	return out, nil
}

// RevealPhone is Phone for an operator's eyes, in clear: who saw it is written down first. ErrNotFound where there is none.
func (s *Service) RevealPhone(ctx context.Context, by model.Operator, learnerID int64) (model.Phone, error) {
	phone, ok, err := s.Phone(ctx, learnerID)
	if err != nil {
		return phone, err
	}
	if !ok {
		return phone, model.Refuse(model.ErrNotFound, model.CodeNotFound, "这位学员没有留手机号")
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		return s.o.Audit(tx, model.AuditEntry{AppID: s.o.AppID, OperatorID: by.ID, OperatorName: by.Name, Action: "learner.phone", Object: "learner", ObjectID: strconv.FormatInt(learnerID, 10)})
	})
	if err != nil {
		return model.Phone{}, fmt.Errorf("write down who saw the phone of learner %d: %w", learnerID, err)
	}
	return phone, nil
}
