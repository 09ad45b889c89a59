package learner

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/person"
)

// exchange stands for WeChat: it knows some codes and counts the calls. The real client is tested against
// wechattest in its own package.
type exchange struct {
	mu       sync.Mutex
	sessions map[string]model.MiniSession
	err      error
	calls    atomic.Int64
}

func (w *exchange) Code2Session(_ context.Context, code string) (model.MiniSession, error) {
	w.calls.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[code]
	if w.err != nil {
		return s, w.err
	}
	if !ok {
		return s, model.ErrInvalid
	}
	return s, nil
}

func (w *exchange) PhoneNumber(_ context.Context, code string) (model.Phone, error) {
	w.calls.Add(1)
	if w.err != nil {
		return model.Phone{}, w.err
	}
	if code != "p1" && code != "p2" {
		return model.Phone{}, model.ErrInvalid
	}
	return model.Phone{Number: map[string]string{"p1": "13800000001", "p2": "13900000002"}[code], Country: "86"}, nil
}

type purse struct{ open bool }

func (p *purse) MoneyOpen(*gorm.DB, int64) (bool, error) { return p.open, nil }

var secret = []byte("0123456789abcdef0123456789abcdef-test")

func service(t *testing.T, db *gorm.DB) (*Service, *exchange, *purse) {
	t.Helper()
	w := &exchange{sessions: map[string]model.MiniSession{
		"a1": {OpenID: "oA", UnionID: "uA", SessionKey: "key-1"}, "a2": {OpenID: "oA", SessionKey: "key-2"}, "b1": {OpenID: "oB", SessionKey: "key-3"},
	}}
	p := &purse{}
	s, err := New(db, Options{AppID: "wxmini", Secret: secret, WeChat: w, Persons: person.New(db, time.Now), Money: p, Once: NewMemory(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return s, w, p
}

func TestLogin(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, w, _ := service(t, db)
		ctx := context.Background()
		first, err := s.Login(ctx, "a1", "android")
		if err != nil || first.UnionID != "uA" || first.LearnerID == 0 {
			t.Fatalf("%+v %v", first, err)
		}
		again, err := s.Login(ctx, "a2", "ios")
		if err != nil || again.LearnerID != first.LearnerID || again.UnionID != "uA" {
			t.Errorf("second login: %+v %v", again, err)
		}
		if key, err := s.SessionKey(ctx, first.LearnerID); err != nil || key != "key-2" {
			t.Errorf("session key %q %v", key, err)
		}
		var row model.Learner
		if err := db.Take(&row).Error; err != nil || strings.Contains(string(row.SessionKey), "key-2") {
			t.Errorf("session_key lies in clear: %q %v", row.SessionKey, err)
		}
		who, err := s.Authenticate(ctx, first.Token)
		if err != nil || who.OpenID != "oA" || who.Platform != model.PlatformAndroid || who.PersonID == 0 {
			t.Errorf("caller %+v %v", who, err)
		}
		calls := w.calls.Load()
		for _, code := range []string{"a1", "c&appid=x", "c#", strings.Repeat("c", 1000), ""} {
			if _, err := s.Login(ctx, code, ""); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("code %.10q: %v", code, err)
			}
		}
		if w.calls.Load() != calls {
			t.Errorf("WeChat was asked %d times for codes that were used or malformed", w.calls.Load()-calls)
		}
		if _, err := s.Login(ctx, "unknown", ""); !errors.Is(err, model.ErrInvalid) || w.calls.Load() != calls+1 {
			t.Errorf("unknown code: %v", err)
		}
	})
}

func TestFirstLoginsAtOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, w, _ := service(t, db)
		ids := make([]int64, 16)
		var wg sync.WaitGroup
		for i := range ids {
			code := "same" + string(rune('a'+i))
			w.sessions[code] = model.MiniSession{OpenID: "oC", UnionID: "uC", SessionKey: "k"}
			_ = code
		}
		for i := range ids {
			wg.Go(func() {
				l, err := s.Login(context.Background(), "same"+string(rune('a'+i)), "android")
				if err != nil {
					t.Error(err)
				}
				ids[i] = l.LearnerID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("learners %v, want one", ids)
			}
		}
	})
}

func TestOneCodeAtOnceIsOneCall(t *testing.T) {
	s, w, _ := service(t, modeltest.SQLite(t))
	var good atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := s.Login(context.Background(), "b1", ""); err == nil {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 || w.calls.Load() != 1 {
		t.Errorf("%d logins, %d calls; want one of each", good.Load(), w.calls.Load())
	}
}

func TestTokensRefused(t *testing.T) {
	db := modeltest.SQLite(t)
	s, _, _ := service(t, db)
	ctx := context.Background()
	l, err := s.Login(ctx, "a1", "android")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	good := claims{LearnerID: l.LearnerID, PersonID: 1, AppID: "wxmini", Platform: "ios", IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
	other, err := newTokens([]byte("another secret of thirty-two bytes!!"))
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*claims)) string { c := good; f(&c); return s.tokens.sign(c) }
	raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(l.Token, tokenPrefix))
	flip := func(i int) string {
		b := append([]byte{}, raw...)
		b[i] ^= 1
		return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
	}
	bad := map[string]string{
		"empty": "", "not ours": "eyJhbGciOiJub25lIn0.e30.", "no signature": l.Token[:len(l.Token)-43], "cut": l.Token[:len(l.Token)-1], "longer": l.Token + "A",
		"64 KiB": tokenPrefix + strings.Repeat("A", 64<<10), "other secret": other.sign(good), "other prefix": "lm2." + l.Token[4:],
		"expired":     change(func(c *claims) { c.ExpiresAt = now.Add(-time.Second) }),
		"from later":  change(func(c *claims) { c.IssuedAt = now.Add(time.Hour) }),
		"other appid": change(func(c *claims) { c.AppID = "wxother" }),
		"nobody":      change(func(c *claims) { c.LearnerID = 999 }),
		"negative":    change(func(c *claims) { c.LearnerID = -1 }),
	}
	for i := range raw {
		bad["bit flipped at "+string(rune('0'+i%10))+strings.Repeat("'", i/10)] = flip(i)
	}
	for name, token := range bad {
		if _, err := s.Authenticate(ctx, token); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Authenticate(ctx, s.tokens.sign(good)); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

func TestEraseMe(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, w, money := service(t, db)
		ctx := context.Background()
		var asked []int64
		s.o.Erasers = func() []Eraser {
			return []Eraser{func(_ *gorm.DB, person int64) error { asked = append(asked, person); return nil }}
		}
		l, err := s.Login(ctx, "a1", "android")
		if err != nil {
			t.Fatal(err)
		}
		who, err := s.Authenticate(ctx, l.Token)
		if err != nil {
			t.Fatal(err)
		}
		money.open = true
		var r *model.Refusal
		if err := s.EraseMe(ctx, who); !errors.As(err, &r) || r.Code != model.CodeMoneyOpen || !errors.Is(err, model.ErrConflict) {
			t.Errorf("with money open: %v", err)
		}
		money.open = false
		if err := s.EraseMe(ctx, who); err != nil {
			t.Fatal(err)
		}
		if len(asked) != 1 || asked[0] != who.PersonID {
			t.Errorf("owners asked for %v", asked)
		}
		if _, err := s.Authenticate(ctx, l.Token); !errors.Is(err, ErrToken) {
			t.Errorf("token of an erased learner: %v", err)
		}
		if _, err := s.SessionKey(ctx, l.LearnerID); err == nil {
			t.Error("session key of an erased learner")
		}
		var row model.Learner
		if err := db.Take(&row, "id = ?", l.LearnerID).Error; err != nil || row.OpenID == "oA" || row.UnionID != "" || row.SessionKey != nil {
			t.Errorf("row %+v %v", row, err)
		}
		w.sessions["a9"] = model.MiniSession{OpenID: "oA", SessionKey: "k"}
		back, err := s.Login(ctx, "a9", "")
		if err != nil || back.LearnerID == l.LearnerID {
			t.Errorf("coming back: %+v %v", back, err)
		}
	})
}

func TestSessionKeyBelongsToItsRow(t *testing.T) {
	v, err := newVault(secret)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.seal("key", "wxmini", "oA")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.open(sealed, "wxmini", "oB"); err == nil {
		t.Error("opened for another learner")
	}
	if got, err := v.open(sealed, "wxmini", "oA"); err != nil || got != "key" {
		t.Errorf("%q %v", got, err)
	}
}
