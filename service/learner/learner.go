// Package learner knows the accounts of the Mini Program: login by code, the bearer token, the encrypted
// session_key and phone number, and being forgotten. It owns the table learners.
package learner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/store"
)

// WeChat exchanges a login code; service/wechat, for the Mini Program.
type WeChat interface {
	// Code2Session asks once, never twice: a code is good for one call. Errors: ErrInvalid for a code
	// WeChat refuses, ErrForbidden for a person it holds for high-risk, ErrUnavailable for the rest.
	Code2Session(ctx context.Context, code string) (model.MiniSession, error)
	// PhoneNumber exchanges the code of the phone button, once; each success costs. Errors: ErrInvalid, ErrUnavailable.
	PhoneNumber(ctx context.Context, code string) (model.Phone, error)
}

// Persons joins openid and unionid to one person; service/person.
type Persons interface {
	Ensure(tx *gorm.DB, appid string, openid model.OpenID, unionid string) (personID int64, err error)
	// Numbers lists every number one human has been known under.
	Numbers(tx *gorm.DB, personID int64) ([]int64, error)
}

// Money tells whether an order is pending or a refund open for a learner; service/order.
type Money interface {
	MoneyOpen(tx *gorm.DB, learnerID int64) (bool, error)
}

// Once remembers that something was used; it may forget after ttl.
type Once interface {
	// First answers true to the first who asks for key.
	First(ctx context.Context, key string, ttl time.Duration) bool
}

// Eraser removes what one owner of tables knows about a person. Sums stay.
type Eraser func(tx *gorm.DB, personID int64) error

// Options are the needs and settings of Service.
type Options struct {
	AppID   string // of the Mini Program
	Secret  []byte // LOUDOU_SECRET; keys are derived from it, one per use
	WeChat  WeChat
	Persons Persons
	Money   Money
	Once    Once
	// Erasers lists those of all other owners, in their order; learner's own comes last by itself. It is asked
	// at each erasing, since some owners are built after the learners.
	Erasers func() []Eraser
	// Audit keeps who saw a phone number; service/operator.
	Audit func(tx *gorm.DB, a model.AuditEntry) error
	Now   func() time.Time
}

// Service logs learners in and out of existence.
type Service struct {
	db     *gorm.DB
	o      Options
	tokens tokens
	vault  vault
	alive  *alive
	clock  func() time.Time // the real one: tokens do not follow the business clock
}

// New builds the service; it fails only on a secret too short to derive keys from.
func New(db *gorm.DB, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Secret) < 32 {
		return nil, errors.New("learner: the secret is shorter than 32 bytes")
	}
	t, err := newTokens(o.Secret)
	if err != nil {
		return nil, err
	}
	v, err := newVault(o.Secret)
	if err != nil {
		return nil, err
	}
	return &Service{db: db, o: o, tokens: t, vault: v, alive: newAlive(), clock: time.Now}, nil
}

// Login is the answer to a login.
type Login struct {
	Token     string
	ExpiresIn int // seconds
	LearnerID int64
	UnionID   string // empty when WeChat told none
}

// codeMemory is longer than a code lives at WeChat (five minutes).
const codeMemory = 10 * time.Minute

// Login exchanges a wx.login code and gives a token for platform. A code is asked for once: whatever
// became of the first try, the phone must get a new one. Errors: ErrInvalid for the code, ErrUnavailable.
func (s *Service) Login(ctx context.Context, code, platform string) (Login, error) {
	if !model.GoodLoginCode(code) {
		return Login{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "登录失败，请重新进入小程序").Field("code", "登录凭证不合规")
	}
	if !s.o.Once.First(ctx, "login:"+s.o.AppID+":"+fingerprint(code), codeMemory) {
		return Login{}, model.Refuse(model.ErrInvalid, model.CodeInvalid, "登录失败，请重新进入小程序").Field("code", "登录凭证已使用")
	}
	session, err := s.o.WeChat.Code2Session(ctx, code)
	if err != nil {
		return Login{}, loginError(err)
	}
	l, err := s.keep(ctx, session, model.ParsePlatform(platform))
	if err != nil {
		return Login{}, err
	}
	s.alive.forget(l.ID)
	now := s.clock()
	return Login{
		Token:     s.tokens.sign(claims{LearnerID: l.ID, PersonID: l.PersonID, AppID: l.AppID, Platform: l.Platform, IssuedAt: now, ExpiresAt: now.Add(tokenLife)}),
		ExpiresIn: int(tokenLife / time.Second),
		LearnerID: l.ID,
		UnionID:   l.UnionID,
	}, nil
}

// loginError gives WeChat's refusals words; the error itself stays inside.
func loginError(err error) error {
	switch {
	case errors.Is(err, model.ErrInvalid):
		return model.Refuse(model.ErrInvalid, model.CodeInvalid, "登录失败，请重新进入小程序").Field("code", "微信不认这个登录凭证")
	case errors.Is(err, model.ErrForbidden):
		return model.Refuse(model.ErrForbidden, model.CodeForbidden, "微信暂时不允许此账号登录")
	case errors.Is(err, model.ErrUnavailable):
		return err
	}
	return fmt.Errorf("code2session: %w", err)
}

// keep writes the learner's row: one per app and openid, whoever comes first.
func (s *Service) keep(ctx context.Context, session model.MiniSession, platform model.Platform) (model.Learner, error) {
	var l model.Learner
	var err error
	for range 2 { // a second time when two first logins met
		err = store.Tx(ctx, s.db, func(tx *gorm.DB) error {
			l = model.Learner{}
			person, err := s.o.Persons.Ensure(tx, s.o.AppID, session.OpenID, session.UnionID)
			if err != nil {
				return fmt.Errorf("person: %w", err)
			}
			key, err := s.vault.seal(session.SessionKey, s.o.AppID, session.OpenID)
			if err != nil {
				return err
			}
			now := model.Milli(s.o.Now())
			err = store.Lock(tx).Where("appid = ? AND openid = ?", s.o.AppID, session.OpenID).Take(&l).Error
			if errors.Is(err, gorm.ErrRecordNotFound) {
				l = model.Learner{AppID: s.o.AppID, OpenID: session.OpenID, UnionID: session.UnionID, PersonID: person, Platform: platform, SessionKey: key, LoginAt: now, CreatedAt: now, UpdatedAt: now}
				return tx.Create(&l).Error
			}
			if err != nil {
				return err
			}
			l.PersonID, l.Platform, l.SessionKey, l.LoginAt, l.UpdatedAt = person, platform, key, now, now
			if session.UnionID != "" {
				l.UnionID = session.UnionID
			}
			return tx.Model(&model.Learner{}).Where("id = ?", l.ID).
				Select("unionid", "person_id", "platform", "session_key", "login_at", "updated_at").Updates(&l).Error
		})
		if _, twice := store.Duplicate(err); !twice {
			break
		}
	}
	if err != nil {
		return l, fmt.Errorf("keep learner: %w", err)
	}
	return l, nil
}

// ErrToken is every reason a bearer token is not believed; the door answers 401 and says no more.
var ErrToken = errors.New("bearer token refused")

// Authenticate says who a bearer token speaks for. Errors: ErrToken, or the database's.
func (s *Service) Authenticate(ctx context.Context, token string) (model.Caller, error) {
	c, ok := s.tokens.verify(token)
	if !ok || c.AppID != s.o.AppID || !s.clock().Before(c.ExpiresAt) || c.IssuedAt.After(s.clock().Add(time.Minute)) {
		return model.Caller{}, ErrToken
	}
	l, err := s.lookup(ctx, c.LearnerID)
	if err != nil {
		return model.Caller{}, err
	}
	return model.Caller{LearnerID: l.ID, PersonID: l.PersonID, AppID: l.AppID, OpenID: l.OpenID, Platform: c.Platform}, nil
}

// lookup reads the learner behind a token, from memory for a few seconds. Erased or unknown: ErrToken.
func (s *Service) lookup(ctx context.Context, id int64) (model.Learner, error) {
	if l, ok := s.alive.get(id); ok {
		return l, nil
	}
	var l model.Learner
	err := s.db.WithContext(ctx).Select("id", "appid", "openid", "person_id").
		Where("id = ? AND appid = ? AND erased_at IS NULL", id, s.o.AppID).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return l, ErrToken
	}
	if err != nil {
		return l, fmt.Errorf("learner %d: %w", id, err)
	}
	s.alive.put(l)
	return l, nil
}

// Lock takes the learner's row for the transaction, so that an order cannot be placed while the person is
// being erased. ErrNotFound when erased or unknown.
func (s *Service) Lock(tx *gorm.DB, learnerID int64) (model.Learner, error) {
	var l model.Learner
	err := store.Lock(tx).Where("id = ? AND erased_at IS NULL", learnerID).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return l, fmt.Errorf("learner %d: %w", learnerID, model.ErrNotFound)
	}
	return l, err
}

// SessionKey gives the learner's present session_key in clear, for the signature of virtual payment. It
// must not leave the server. ErrConflict when the learner has to log in again.
func (s *Service) SessionKey(ctx context.Context, learnerID int64) (string, error) {
	var l model.Learner
	err := s.db.WithContext(ctx).Where("id = ? AND erased_at IS NULL", learnerID).Take(&l).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", fmt.Errorf("learner %d: %w", learnerID, model.ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("learner %d: %w", learnerID, err)
	}
	key, err := s.vault.open(l.SessionKey, l.AppID, l.OpenID)
	if err != nil {
		return "", model.Refuse(model.ErrConflict, model.CodeUnauthorized, "登录已过期，请重新进入小程序")
	}
	return key, nil
}

// EraseMe erases the caller everywhere. Errors: ErrConflict money_open while an order is pending or a
// refund open.
func (s *Service) EraseMe(ctx context.Context, c model.Caller) error {
	return s.erased(ctx, func(tx *gorm.DB) ([]int64, error) {
		l, err := s.Lock(tx, c.LearnerID)
		if err != nil {
			return nil, err
		}
		return s.eraseHuman(tx, l.PersonID)
	})
}

// ErasePerson erases a human everywhere on their request, also one who never opened the Mini Program; also is written in
// the same transaction. Errors as in EraseMe. Twice is once.
func (s *Service) ErasePerson(ctx context.Context, personID int64, also func(tx *gorm.DB) error) error {
	return s.erased(ctx, func(tx *gorm.DB) ([]int64, error) {
		ids, err := s.eraseHuman(tx, personID)
		if err != nil {
			return nil, err
		}
		return ids, also(tx)
	})
}

func (s *Service) erased(ctx context.Context, do func(tx *gorm.DB) ([]int64, error)) error {
	var ids []int64
	err := store.Tx(ctx, s.db, func(tx *gorm.DB) (err error) {
		ids, err = do(tx)
		return err
	})
	if err == nil {
		for _, id := range ids {
			s.alive.forget(id)
		}
	}
	return err
}

// eraseHuman blots out everything under every number of a person, and names the learners it was. The learners' rows are
// locked first, so that no order is placed meanwhile.
func (s *Service) eraseHuman(tx *gorm.DB, personID int64) ([]int64, error) {
	numbers, err := s.o.Persons.Numbers(tx, personID)
	if err != nil {
		return nil, fmt.Errorf("numbers of person %d: %w", personID, err)
	}
	var ids []int64
	if err := store.Lock(tx).Model(&model.Learner{}).Where("person_id IN ? AND erased_at IS NULL", append(slices.Clone(numbers), 0)).Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("learners of person %d: %w", personID, err)
	}
	for _, id := range ids {
		open, err := s.o.Money.MoneyOpen(tx, id)
		if err != nil {
			return nil, fmt.Errorf("money: %w", err)
		}
		if open {
			return nil, model.Refuse(model.ErrConflict, model.CodeMoneyOpen, "还有未完成的订单或退款，处理完后才能注销")
		}
	}
	for _, erase := range append(s.erasers(), s.Erase) {
		for _, n := range numbers { // a later owner may be the one an earlier asks
			if err := erase(tx, n); err != nil {
				return nil, fmt.Errorf("erase person %d: %w", n, err)
			}
		}
	}
	return ids, nil
}

func (s *Service) erasers() []Eraser {
	if s.o.Erasers == nil {
		return nil
	}
	return slices.Clone(s.o.Erasers())
}

// Erase blots out the person's accounts. The rows stay, with nothing in them that leads to a human.
func (s *Service) Erase(tx *gorm.DB, personID int64) error {
	var ids []int64
	if err := tx.Model(&model.Learner{}).Where("person_id = ? AND erased_at IS NULL", personID).Pluck("id", &ids).Error; err != nil {
		return err
	}
	now := model.Milli(s.o.Now())
	for _, id := range ids {
		err := tx.Model(&model.Learner{}).Where("id = ? AND erased_at IS NULL", id).Updates(map[string]any{
			"openid": "erased-" + strconv.FormatInt(id, 10), "unionid": "", "platform": "", "session_key": nil, "phone": nil, "erased_at": now, "updated_at": now,
		}).Error
		if err != nil {
			return err
		}
		s.alive.forget(id)
	}
	return nil
}
