// Package operator holds the people at the console: who they are, whether they are logged in, what they
// may do, and the trail of what they changed. It owns the tables operators, operator_sessions,
// audit_entries and settings.
package operator

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// Limiter counts tries: service/limit.
type Limiter interface {
	// Try counts one try of key, of n in per with burst at once; ok false means refused for wait.
	Try(ctx context.Context, key string, n int, per time.Duration, burst int) (wait time.Duration, ok bool)
	Forget(ctx context.Context, key string)
}

// Options are what the house decides.
type Options struct {
	// TwoPerson is the setting two_person where no owner has chosen: off in the demonstration.
	TwoPerson bool
	// AppIDs are the accounts whose changes the trail shows, beside those of the house itself.
	AppIDs []string
}

// Service is the verbs.
type Service struct {
	db      *gorm.DB
	limits  Limiter
	options Options
	gate    *gate
	unknown string // the hash a name nobody has is checked against
	now     func() time.Time
}

// New makes the service. Sessions keep the real clock, whatever the business clock says.
func New(db *gorm.DB, limits Limiter, o Options) *Service {
	return &Service{db: db, limits: limits, options: o, gate: newGate(2, 64), unknown: unknownHash(), now: time.Now}
}

// First makes the first operator, an owner, when there is no operator at all. Several instances may ask
// together; it is then made once. made tells whether this call did.
func (s *Service) First(ctx context.Context, name, password string) (made bool, err error) {
	var n int64
	if err := s.db.WithContext(ctx).Model(&model.Operator{}).Count(&n).Error; err != nil {
		return false, fmt.Errorf("count operators: %w", err)
	}
	if n > 0 || name == "" {
		return false, nil
	}
	_, err = s.Add(ctx, model.Operator{Name: "system"}, name, password, model.RoleOwner)
	var r *model.Refusal
	if errors.As(err, &r) && r.Code == "name_taken" {
		return false, nil
	}
	return err == nil, err
}

// Add makes an operator. Errors: ErrInvalid for name, password or role; ErrConflict "name_taken".
func (s *Service) Add(ctx context.Context, by model.Operator, name, password string, role model.Role) (model.Operator, error) {
	bad := model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容")
	if t := model.CheckOperatorName(name); t != "" {
		bad.Field("name", t)
	}
	if t := model.CheckOperatorPassword(name, password); t != "" {
		bad.Field("password", t)
	}
	if !role.Valid() {
		bad.Field("role", "没有这个角色")
	}
	if len(bad.Fields) > 0 {
		return model.Operator{}, bad
	}
	sealed, err := s.seal(ctx, password)
	if err != nil {
		return model.Operator{}, err
	}
	now := model.Milli(s.now())
	o := model.Operator{Name: name, NameKey: model.OperatorNameKey(name), PasswordHash: sealed, Role: role, CreatedAt: now, UpdatedAt: now}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		o.ID = 0
		if err := tx.Create(&o).Error; err != nil {
			if _, ok := store.Duplicate(err); ok {
				return model.Refuse(model.ErrConflict, "name_taken", "已经有同名的操作员").Field("name", "名字已被使用")
			}
			return fmt.Errorf("create operator: %w", err)
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "operator.add", Object: "operator", ObjectID: id(o.ID), After: model.AuditJSON(view(o))})
	})
	return o, err
}

// List gives every operator, the oldest first.
func (s *Service) List(ctx context.Context) ([]model.Operator, error) {
	out := []model.Operator{}
	if err := s.db.WithContext(ctx).Order("id").Find(&out).Error; err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	return out, nil
}

// Change is what an owner alters about another operator; nil leaves it as it is.
type Change struct {
	Role     *model.Role
	Disabled *bool
	Password *string
}

// Change alters operator n and ends all their sessions. Nobody alters themselves this way, and the last
// enabled owner stays one. Errors: ErrInvalid, ErrForbidden, ErrNotFound, ErrConflict "last_owner".
func (s *Service) Change(ctx context.Context, by model.Operator, n int64, c Change) (model.Operator, error) {
	if by.ID == n {
		return model.Operator{}, model.Refuse(model.ErrForbidden, model.CodeForbidden, "不能改自己的角色或停用自己；改密码请用“修改密码”")
	}
	if c.Role != nil && !c.Role.Valid() {
		return model.Operator{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("role", "没有这个角色")
	}
	var sealed string
	if c.Password != nil {
		var o model.Operator
		if err := s.db.WithContext(ctx).Where("id = ?", n).Take(&o).Error; err != nil {
			return model.Operator{}, missing(err, n)
		}
		if t := model.CheckOperatorPassword(o.Name, *c.Password); t != "" {
			return model.Operator{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("password", t)
		}
		var err error
		if sealed, err = s.seal(ctx, *c.Password); err != nil {
			return model.Operator{}, err
		}
	}
	var o model.Operator
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		var owners []int64 // locked first, so that two owners cannot demote each other at once
		if err := store.Lock(tx).Model(&model.Operator{}).Where("role = ? AND disabled_at IS NULL", model.RoleOwner).Order("id").Pluck("id", &owners).Error; err != nil {
			return fmt.Errorf("lock owners: %w", err)
		}
		if by.ID != 0 && !contains(owners, by.ID) {
			return model.Refuse(model.ErrForbidden, model.CodeForbidden, "您已不是所有者")
		}
		o = model.Operator{}
		if err := store.Lock(tx).Where("id = ?", n).Take(&o).Error; err != nil {
			return missing(err, n)
		}
		before, now := view(o), model.Milli(s.now())
		if c.Role != nil {
			o.Role = *c.Role
		}
		if c.Disabled != nil {
			switch {
			case *c.Disabled && o.DisabledAt == nil:
				o.DisabledAt = &now
			case !*c.Disabled:
				o.DisabledAt = nil
			}
		}
		if len(owners) == 1 && owners[0] == n && (o.Role != model.RoleOwner || !o.Enabled()) {
			return model.Refuse(model.ErrConflict, "last_owner", "至少要留下一位所有者")
		}
		if c.Password != nil {
			o.PasswordHash = sealed
		}
		o.UpdatedAt = now
		if err := tx.Model(&o).Select("role", "disabled_at", "password_hash", "updated_at").Updates(o).Error; err != nil {
			return fmt.Errorf("update operator %d: %w", n, err)
		}
		if err := s.endAll(tx, n); err != nil {
			return err
		}
		after := view(o)
		if c.Password != nil {
			after["new_login"] = "密码已重设"
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "operator.change", Object: "operator", ObjectID: id(n), Before: model.AuditJSON(before), After: model.AuditJSON(after)})
	})
	return o, err
}

// ChangeOwnPassword needs the old one, ends all sessions of by and opens a new one. A wrong old password
// counts as a failed login. Errors: ErrInvalid, TooMany.
func (s *Service) ChangeOwnPassword(ctx context.Context, by model.Operator, old, password, address string) (token string, err error) {
	key := "login:name:" + fold(model.OperatorNameKey(by.Name)) + ":own"
	if wait, ok := s.limits.Try(ctx, key, nameRate.n, nameRate.per, nameRate.burst); !ok {
		return "", TooMany{After: wait}
	}
	var o model.Operator
	if err := s.db.WithContext(ctx).Where("id = ?", by.ID).Take(&o).Error; err != nil {
		return "", missing(err, by.ID)
	}
	good, err := s.check(ctx, o.PasswordHash, old)
	if err != nil {
		return "", err
	}
	if !good {
		return "", model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("old_password", "原密码不对")
	}
	if t := model.CheckOperatorPassword(o.Name, password); t != "" {
		return "", model.Refuse(model.ErrInvalid, model.CodeInvalid, "请检查填写的内容").Field("new_password", t)
	}
	sealed, err := s.seal(ctx, password)
	if err != nil {
		return "", err
	}
	err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
		res := tx.Model(&model.Operator{}).Where("id = ? AND password_hash = ? AND disabled_at IS NULL", o.ID, o.PasswordHash).
			Updates(map[string]any{"password_hash": sealed, "updated_at": model.Milli(s.now())})
		if res.Error != nil {
			return fmt.Errorf("update operator %d: %w", o.ID, res.Error)
		}
		if res.RowsAffected != 1 {
			return model.Refuse(model.ErrConflict, model.CodeConflict, "密码刚刚被改过，请重新登录")
		}
		if err := s.endAll(tx, o.ID); err != nil {
			return err
		}
		if token, err = s.begin(tx, o.ID, address); err != nil {
			return err
		}
		return s.Audit(tx, model.AuditEntry{OperatorID: by.ID, OperatorName: by.Name, Action: "operator.password", Object: "operator", ObjectID: id(o.ID)})
	})
	if err == nil {
		s.limits.Forget(ctx, key)
	}
	return token, err
}

// EnabledAmong tells how many of ids are enabled operators who may confirm; with tx inside a transaction.
func (s *Service) EnabledAmong(tx *gorm.DB, ids []int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	var n int64
	err := tx.Model(&model.Operator{}).Where("id IN ? AND disabled_at IS NULL AND role IN ?", ids, model.RolesWith(model.RightConfirm)).Count(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count operators: %w", err)
	}
	return int(n), nil
}

// RandomPassword makes one that is worth printing once: 20 characters, 100 bits.
func RandomPassword() string {
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		panic(err) // the system has no randomness: nothing here may go on
	}
	return strings.NewReplacer("-", "x", "_", "y").Replace(base64.RawURLEncoding.EncodeToString(raw))[:20]
}

func (s *Service) seal(ctx context.Context, password string) (string, error) {
	sealed, err := s.gate.seal(ctx, password)
	if errors.Is(err, errBusy) {
		return "", TooMany{After: time.Second}
	}
	return sealed, err
}

func (s *Service) check(ctx context.Context, sealed, password string) (bool, error) {
	good, err := s.gate.check(ctx, sealed, password)
	if errors.Is(err, errBusy) {
		return false, TooMany{After: time.Second}
	}
	return good, err
}

func view(o model.Operator) map[string]any {
	return map[string]any{"name": o.Name, "role": o.Role, "disabled": !o.Enabled()}
}

func missing(err error, n int64) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return model.Refuse(model.ErrNotFound, model.CodeNotFound, "没有这位操作员")
	}
	return fmt.Errorf("operator %d: %w", n, err)
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

func contains(all []int64, n int64) bool {
	for _, x := range all {
		if x == n {
			return true
		}
	}
	return false
}
