package person_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/person"
	"loudou/service/store"
)

func ensure(t *testing.T, db *gorm.DB, s *person.Service, appid, openid, unionid string) (id int64) {
	t.Helper()
	if err := store.Tx(t.Context(), db, func(tx *gorm.DB) (err error) {
		id, err = s.Ensure(tx, appid, model.OpenID(openid), unionid)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// The example of the definitions: oA1 and oM7 share u1, oM8 has none: four events, two people.
func TestOneUnionidIsOnePerson(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := person.New(db, time.Now)
		a := ensure(t, db, s, "official", "oA1", "")
		m := ensure(t, db, s, "mini", "oM7", "")
		ensure(t, db, s, "mini", "oM8", "")
		people := func() map[int64]bool {
			p, err := s.People(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			set := map[int64]bool{}
			for _, o := range []string{"oA1 official", "oM7 mini", "oM7 mini", "oM8 mini"} {
				var openid, appid string
				_, _ = fmt.Sscan(o, &openid, &appid)
				set[p.Of(ensure(t, db, s, appid, openid, ""))] = true
			}
			return set
		}
		if n := len(people()); n != 3 {
			t.Errorf("before the unionid: %d people, want 3", n)
		}
		knows := func(want person.Known) {
			t.Helper()
			if got, err := s.Known(t.Context()); err != nil || got != want {
				t.Errorf("known %+v, want %+v, %v", got, want, err)
			}
		}
		knows(person.Known{Persons: 3, WithoutUnion: 3})
		ensure(t, db, s, "official", "oA1", "u1")
		if got := ensure(t, db, s, "mini", "oM7", "u1"); got != m {
			t.Errorf("an event's number changed: %d, was %d", got, m)
		}
		if n := len(people()); n != 2 {
			t.Errorf("linked: %d people, want 2", n)
		}
		knows(person.Known{Persons: 2, WithoutUnion: 1})
		if err := db.Transaction(func(tx *gorm.DB) error { return s.SetStaff(tx, m, true) }); err != nil {
			t.Fatal(err)
		}
		knows(person.Known{Persons: 2, WithoutUnion: 1, Staff: 1})
		p, _ := s.People(t.Context())
		if p.Of(a) != 0 || p.Of(m) != 0 {
			t.Error("staff is staff under every number")
		}
	})
}

func TestChainsDoNotForm(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := person.New(db, time.Now)
		var ids []int64
		for i := range 4 {
			ids = append(ids, ensure(t, db, s, "mini", fmt.Sprint("o", i), ""))
		}
		join := func(a, b int) {
			if err := db.Transaction(func(tx *gorm.DB) error { return s.Join(tx, ids[a], ids[b]) }); err != nil {
				t.Fatal(err)
			}
		}
		join(2, 3)
		join(1, 2)
		join(3, 0)
		join(0, 3)
		p, _ := s.People(t.Context())
		for _, id := range ids {
			if p.Of(id) != ids[0] {
				t.Errorf("person %d counts as %d, want %d", id, p.Of(id), ids[0])
			}
		}
	})
}

func TestTwentyAtOnceAreOne(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := person.New(db, time.Now)
		var mu sync.Mutex
		seen := map[int64]bool{}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				id := ensure(t, db, s, []string{"official", "mini"}[i%2], "o", "u")
				mu.Lock()
				seen[id] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		p, err := s.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		who := map[int64]bool{}
		for id := range seen {
			who[p.Of(id)] = true
		}
		if len(who) != 1 {
			t.Errorf("%d people, want one", len(who))
		}
	})
}

func TestErasedIsNobodyAnyMore(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := person.New(db, time.Now)
		id := ensure(t, db, s, "mini", "oM", "u")
		if err := db.Transaction(func(tx *gorm.DB) error { return s.Erase(tx, id) }); err != nil {
			t.Fatal(err)
		}
		if again := ensure(t, db, s, "mini", "oM", "u"); again == id {
			t.Error("the erased person came back under the old number")
		}
	})
}
