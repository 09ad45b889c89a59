package question_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/limit"
	"loudou/service/operator"
	"loudou/service/question"
	"loudou/service/store"
)

var (
	lin  = model.Operator{ID: 1, Name: "林", Role: model.RoleViewer}
	mei  = model.Operator{ID: 2, Name: "梅", Role: model.RoleEditor}
	boss = model.Operator{ID: 3, Name: "boss", Role: model.RoleOwner}
)

func open(t *testing.T, db *gorm.DB, appid string) *question.Service {
	t.Helper()
	rdb, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return question.New(db, appid, operator.New(db, limit.New(rdb, true), operator.Options{}), time.Now)
}

func funnel(name string, shared bool) model.SavedQuestion {
	return model.SavedQuestion{Page: model.QuestionFunnel, Name: name, Query: "steps=course_view%3Bpaid&range=30", Shared: shared}
}

// Whose a question is decides who sees and who changes it; another account's is nobody's.
func TestWhoseQuestion(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s, other := open(t, db, "wx1"), open(t, db, "wx2")
		mine, err := s.Save(t.Context(), lin, funnel(" 看了会买吗 ", false))
		if err != nil || mine.Name != "看了会买吗" || mine.OwnerName != "林" {
			t.Fatalf("%+v %v", mine, err)
		}
		shared, err := s.Save(t.Context(), mei, funnel("看了会买吗", true)) // the same name, another owner
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Save(t.Context(), mei, funnel("别的号", true)); err != nil {
			t.Fatal(err)
		}
		for who, want := range map[*model.Operator]int{&lin: 2, &mei: 1, &boss: 1} {
			if list, err := s.List(t.Context(), *who); err != nil || len(list) != want {
				t.Errorf("%s sees %d, want %d, %v", who.Name, len(list), want, err)
			}
		}
		if err := s.Delete(t.Context(), lin, shared.ID); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("another's was deleted: %v", err)
		}
		if err := s.Delete(t.Context(), boss, mine.ID); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("a private one is the owner's alone: %v", err)
		}
		shared.Name, shared.Shared = "改名", false
		if got, err := s.Save(t.Context(), boss, shared); err != nil || got.OwnerID != mei.ID || got.Name != "改名" || got.Shared {
			t.Errorf("%+v %v", got, err)
		}
		if err := s.Delete(t.Context(), mei, shared.ID); err != nil {
			t.Error(err)
		}
		if err := s.Delete(t.Context(), mei, shared.ID); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		var n int64
		if err := db.Table("audit_entries").Where("object = 'question'").Count(&n).Error; err != nil || n != 5 {
			t.Errorf("%d entries in the trail, %v", n, err)
		}
	})
}

// One name once, however many ask at the same moment; nonsense is refused by field.
func TestQuestionRules(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := open(t, db, "wx1")
		var wg sync.WaitGroup
		var saved atomic.Int64
		for range 8 {
			wg.Go(func() {
				if _, err := s.Save(t.Context(), lin, funnel("同名", false)); err == nil {
					saved.Add(1)
				} else if !errors.Is(err, model.ErrConflict) && !errors.Is(err, model.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if saved.Load() != 1 {
			t.Errorf("saved %d times", saved.Load())
		}
		for field, q := range map[string]model.SavedQuestion{
			"page": {Page: "orders", Name: "x"}, "name": {Page: "funnel", Name: "  "}, "query": {Page: "funnel", Name: "x", Query: "a=%zz"},
		} {
			var r *model.Refusal
			if _, err := s.Save(t.Context(), lin, q); !errors.As(err, &r) || len(r.Fields) != 1 || r.Fields[0].Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, q := range []model.SavedQuestion{{Page: "funnel", Name: strings.Repeat("长", 41)}, {Page: "funnel", Name: "x", Query: strings.Repeat("a", 2001)}, {Page: "funnel", Name: "a\nb"}} {
			if _, err := s.Save(t.Context(), lin, q); !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%.20s: %v", q.Name, err)
			}
		}
	})
}

// deadlocked is an audit trail whose first row meets a deadlock.
type deadlocked struct {
	question.Auditor
	met bool
}

func (d *deadlocked) Audit(tx *gorm.DB, a model.AuditEntry) error {
	if !d.met {
		d.met = true
		return &mysqldriver.MySQLError{Number: 1213, Message: "Deadlock found"}
	}
	return d.Auditor.Audit(tx, a)
}

// A deadlock undoes the first try; the second one keeps the question as if it were the first.
func TestSavedAfterADeadlock(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		rdb, err := store.OpenRedis("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rdb.Close() })
		trail := &deadlocked{Auditor: operator.New(db, limit.New(rdb, true), operator.Options{})}
		s := question.New(db, "wx1", trail, time.Now)
		q, err := s.Save(t.Context(), lin, funnel("看了会买吗", false))
		if list, e := s.List(t.Context(), lin); err != nil || e != nil || !trail.met || len(list) != 1 || list[0].ID != q.ID {
			t.Errorf("%+v %v; kept: %+v %v", q, err, list, e)
		}
	})
}
