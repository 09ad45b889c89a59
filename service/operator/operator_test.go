package operator

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/limit"
)

const good = "correct horse battery"

var (
	ctx    = context.Background()
	system = model.Operator{Name: "system"}
)

func open2(t *testing.T, db *gorm.DB, off bool) *Service {
	t.Helper()
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return New(db, limit.New(c, off), Options{TwoPerson: true})
}

func add(t *testing.T, s *Service, name string, role model.Role) model.Operator {
	t.Helper()
	o, err := s.Add(ctx, system, name, good, role)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func login(t *testing.T, s *Service, name, address, old string) string {
	t.Helper()
	_, token, err := s.Login(ctx, name, good, address, old)
	if err != nil {
		t.Fatalf("login %s: %v", name, err)
	}
	return token
}

func opens(t *testing.T, s *Service, token string) bool {
	t.Helper()
	_, ok, err := s.Session(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestFirstOperatorIsMadeOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open2(t, db, true)
		var wg sync.WaitGroup
		made := make(chan bool, 4)
		for range 4 {
			wg.Go(func() {
				m, err := s.First(ctx, "主编", good)
				if err != nil {
					t.Error(err)
				}
				made <- m
			})
		}
		wg.Wait()
		close(made)
		n := 0
		for m := range made {
			if m {
				n++
			}
		}
		all, err := s.List(ctx)
		if err != nil || n != 1 || len(all) != 1 || all[0].Role != model.RoleOwner {
			t.Fatalf("made %d, operators %+v, %v", n, all, err)
		}
		if m, _ := s.First(ctx, "另一位", good); m {
			t.Error("a second first operator")
		}
		if strings.Contains(all[0].PasswordHash, good) || !strings.HasPrefix(all[0].PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Error("hash", all[0].PasswordHash)
		}
	})
}

func TestAddRefuses(t *testing.T) {
	s := open2(t, modeltest.SQLite(t), true)
	add(t, s, "Anna", model.RoleEditor)
	for name, c := range map[string]struct {
		name, password string
		role           model.Role
		want           error
	}{
		"same name, other case": {"aNNA", good, model.RoleEditor, model.ErrConflict},
		"blank at the end":      {"bob ", good, model.RoleEditor, model.ErrInvalid},
		"invisible letter":      {"bo\u202eb", good, model.RoleEditor, model.ErrInvalid},
		"short password":        {"bob", "short", model.RoleEditor, model.ErrInvalid},
		"one letter":            {"bob", "aaaaaaaaaaaa", model.RoleEditor, model.ErrInvalid},
		"long password":         {"bob", strings.Repeat("ab", 200), model.RoleEditor, model.ErrInvalid},
		"no such role":          {"bob", good, "admin", model.ErrInvalid},
	} {
		if _, err := s.Add(ctx, system, c.name, c.password, c.role); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A session ends by logging in anew from it, logging out, a new password, another role, disabling, being
// left alone, and its age; and it ends for every instance at once.
func TestSessionsEnd(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, other := open2(t, db, true), open2(t, db, true)
		boss := add(t, s, "boss", model.RoleOwner)
		ed := add(t, s, "ed", model.RoleEditor)
		yes, no := true, false
		finance, pass := model.RoleFinance, "another good phrase"
		for name, end := range map[string]func(token string) error{
			"login again": func(token string) error { _, _, err := s.Login(ctx, "ed", good, "1.2.3.4", token); return err },
			"logout":      func(token string) error { return s.Logout(ctx, token) },
			"role":        func(string) error { _, err := s.Change(ctx, boss, ed.ID, Change{Role: &finance}); return err },
			"disabled":    func(string) error { _, err := s.Change(ctx, boss, ed.ID, Change{Disabled: &yes}); return err },
			"new password by the owner": func(string) error {
				_, err := s.Change(ctx, boss, ed.ID, Change{Password: &pass})
				return err
			},
			"own new password": func(string) error {
				_, err := s.ChangeOwnPassword(ctx, ed, good, pass, "1.2.3.4")
				return err
			},
			"left alone": func(string) error {
				other.now = func() time.Time { return time.Now().Add(model.SessionIdle + time.Second) }
				return nil
			},
		} {
			pw := good
			if _, err := s.Change(ctx, boss, ed.ID, Change{Disabled: &no, Password: &pw}); err != nil {
				t.Fatal(err)
			}
			other.now = time.Now
			token := login(t, s, "ed", "1.2.3.4", "")
			if !opens(t, other, token) {
				t.Fatalf("%s: does not open before", name)
			}
			if err := end(token); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if opens(t, other, token) {
				t.Errorf("%s: the old cookie still opens the other instance", name)
			}
		}
	})
}

func TestSessionDiesOfAge(t *testing.T) {
	s := open2(t, modeltest.SQLite(t), true)
	add(t, s, "boss", model.RoleOwner)
	token := login(t, s, "boss", "1.2.3.4", "")
	start := time.Now()
	for h := 1; h < 24*8; h++ { // used every hour
		at := start.Add(time.Duration(h) * time.Hour)
		s.now = func() time.Time { return at }
		if got, want := opens(t, s, token), h < 24*7; got != want {
			t.Fatalf("after %d hours opens = %v", h, got)
		}
	}
}

func TestTokenIsNotKept(t *testing.T) {
	db := modeltest.Open(t)
	s := open2(t, db, true)
	add(t, s, "boss", model.RoleOwner)
	token := login(t, s, "boss", "1.2.3.4", "")
	var rows []model.OperatorSession
	if err := db.Find(&rows).Error; err != nil || len(rows) != 1 || strings.Contains(rows[0].TokenHash, token) {
		t.Fatal(rows, err)
	}
	if !SameCSRF(token, CSRF(token)) || SameCSRF(token, "") || SameCSRF(token, CSRF(token+"x")) || CSRF(token) == token {
		t.Error("csrf")
	}
}

func TestLastOwnerStays(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open2(t, db, true)
		a, b := add(t, s, "a", model.RoleOwner), add(t, s, "b", model.RoleOwner)
		viewer, yes := model.RoleViewer, true
		if _, err := s.Change(ctx, a, a.ID, Change{Role: &viewer}); !errors.Is(err, model.ErrForbidden) {
			t.Error("own role:", err)
		}
		var wg sync.WaitGroup // both at once
		errs := make(chan error, 2)
		wg.Go(func() { _, err := s.Change(ctx, a, b.ID, Change{Role: &viewer}); errs <- err })
		wg.Go(func() { _, err := s.Change(ctx, b, a.ID, Change{Disabled: &yes}); errs <- err })
		wg.Wait()
		close(errs)
		failed := 0
		for err := range errs {
			if err != nil {
				failed++
			}
		}
		all, _ := s.List(ctx)
		owners := 0
		for _, o := range all {
			if o.Role == model.RoleOwner && o.Enabled() {
				owners++
			}
		}
		if failed != 1 || owners != 1 {
			t.Fatalf("%d refused, %d owners left", failed, owners)
		}
		for _, o := range all {
			if o.Role == model.RoleOwner && o.Enabled() {
				if _, err := s.Change(ctx, system, o.ID, Change{Role: &viewer}); !errors.Is(err, model.ErrConflict) {
					t.Error("last owner:", err)
				}
			}
		}
	})
}

func TestGuessesAreLimited(t *testing.T) {
	s := open2(t, modeltest.SQLite(t), false)
	add(t, s, "boss", model.RoleOwner)
	home := "10.0.0.1"
	login(t, s, "boss", home, "")
	count := func(name func(i int) string, address func(i int) string, n int) (reached int) {
		t.Helper()
		for i := range n {
			_, _, err := s.Login(ctx, name(i), "wrong password", address(i), "")
			var many TooMany
			switch {
			case errors.Is(err, ErrLogin):
				reached++
			case errors.As(err, &many):
				if many.After <= 0 {
					t.Fatal("no time to wait")
				}
			default:
				t.Fatal(err)
			}
		}
		return reached
	}
	fixed := func(v string) func(int) string { return func(int) string { return v } }
	if n := count(fixed("boss"), func(i int) string { return "2001:db8:" + id(int64(i)) + "::1" }, 40); n != 10 {
		t.Errorf("one name from 40 addresses: %d guesses reached the hash", n)
	}
	if n := count(func(i int) string { return "n" + id(int64(i)) }, fixed("203.0.113.9"), 40); n != 20 {
		t.Errorf("40 names from one address: %d reached the hash", n)
	}
	login(t, s, "boss", home, "") // who was here before is not shut out
	if n := count(fixed("boss"), fixed(home), 40); n > 20 {
		t.Errorf("from a known address %d guesses reached the hash", n)
	}
}

func TestFloodOfLoginsIsBounded(t *testing.T) {
	s := open2(t, modeltest.SQLite(t), true)
	s.gate = newGate(1, 3)
	add(t, s, "boss", model.RoleOwner)
	var wg sync.WaitGroup
	var mu sync.Mutex
	busy, served := 0, 0
	for range 40 {
		wg.Go(func() {
			_, _, err := s.Login(ctx, "boss", "wrong password", "1.2.3.4", "")
			mu.Lock()
			defer mu.Unlock()
			var many TooMany
			if errors.As(err, &many) {
				busy++
			} else if errors.Is(err, ErrLogin) {
				served++
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if served < 1 || busy < 1 {
		t.Errorf("served %d, turned away %d", served, busy)
	}
}

// The work for an unknown name, a wrong password and a disabled operator is the same: one hash.
func TestUnknownNameCostsTheSame(t *testing.T) {
	s := open2(t, modeltest.SQLite(t), true)
	boss := add(t, s, "boss", model.RoleOwner)
	off := add(t, s, "off", model.RoleEditor)
	yes := true
	if _, err := s.Change(ctx, boss, off.ID, Change{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"boss", "wrong password"}, {"nobody", "wrong password"}, {"off", good}, {"", ""}} {
		before := s.gate.done.Load()
		if _, _, err := s.Login(ctx, c[0], c[1], "1.2.3.4", ""); !errors.Is(err, ErrLogin) {
			t.Fatal(c, err)
		}
		if n := s.gate.done.Load() - before; n != 1 {
			t.Errorf("%q: %d hashes", c[0], n)
		}
	}
	// The stand-in for an unknown name must be a hash of the very same cost.
	if _, _, ok := open(s.unknown); !ok {
		t.Error("the stand-in is no hash of ours")
	}
}

func TestTwoPersonNeedsTwo(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open2(t, db, true)
		boss := add(t, s, "boss", model.RoleOwner)
		add(t, s, "eye", model.RoleViewer)
		if got, err := s.ReadSettings(ctx); err != nil || !got.TwoPerson || got.InForce {
			t.Error("a viewer cannot confirm:", got, err)
		}
		add(t, s, "rev", model.RoleReviewer)
		if got, _ := s.ReadSettings(ctx); !got.InForce {
			t.Error("two people who may confirm:", got)
		}
		for _, on := range []bool{false, true, true} {
			if got, err := s.SetTwoPerson(ctx, boss, on); err != nil || got.TwoPerson != on {
				t.Error(on, got, err)
			}
		}
		trail, err := s.Trail(ctx, Filter{Object: "setting"}, 0, 10)
		if err != nil || len(trail) != 3 || trail[2].Before != `{"two_person":true}` || trail[2].After != `{"two_person":false}` {
			t.Error(trail, err)
		}
	})
}

func TestMessageDays(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open2(t, db, true)
		boss := add(t, s, "boss", model.RoleOwner)
		if kept, err := s.MessageKept(ctx); err != nil || kept != 180*24*time.Hour {
			t.Error("where nobody chose:", kept, err)
		}
		for _, days := range []int{0, 6, 1096, -1} {
			if _, err := s.SetMessageDays(ctx, boss, days); !errors.Is(err, model.ErrInvalid) {
				t.Error(days, err)
			}
		}
		for _, days := range []int{7, 1095, 30, 30} {
			if got, err := s.SetMessageDays(ctx, boss, days); err != nil || got.MessageDays != days || !got.TwoPerson {
				t.Error(days, got, err)
			}
		}
		if kept, err := s.MessageKept(ctx); err != nil || kept != 30*24*time.Hour {
			t.Error(kept, err)
		}
		trail, err := s.Trail(ctx, Filter{Object: "setting"}, 0, 10)
		if err != nil || len(trail) != 3 || trail[0].Before != `{"message_days":1095}` || trail[0].After != `{"message_days":30}` || trail[2].Before != `{"message_days":180}` {
			t.Error(trail, err)
		}
		// What somebody wrote into the database by hand forgets nothing.
		if err := db.Table("settings").Where("name = ?", "message_days").Update("value", "0").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := s.MessageKept(ctx); err == nil {
			t.Error("0 days are believed")
		}
	})
}

func TestTrail(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open2(t, db, true)
		for i := range 5 {
			err := db.Transaction(func(tx *gorm.DB) error {
				return s.Audit(tx, model.AuditEntry{OperatorName: "x", Action: "menu.publish", Object: "menu", ObjectID: id(int64(i)), After: model.AuditJSON(map[string]any{"n": i, "password": "hunter2"})})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		page, err := s.Trail(ctx, Filter{Action: "menu.publish"}, 0, 3)
		if err != nil || len(page) != 3 || page[0].ObjectID != "4" || strings.Contains(page[0].After, "hunter2") {
			t.Fatal(page, err)
		}
		if rest, _ := s.Trail(ctx, Filter{}, page[2].ID, 3); len(rest) != 2 {
			t.Error(rest)
		}
		later := time.Now().Add(time.Hour)
		if none, _ := s.Trail(ctx, Filter{From: &later}, 0, 3); len(none) != 0 {
			t.Error(none)
		}
	})
}
