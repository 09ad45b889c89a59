package grant_test

import (
	"context"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/grant"
)

func TestAccessIsASumOfGrants(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		now := time.Now()
		s := grant.New(db, func() time.Time { return now })
		ctx, who := context.Background(), model.OperatorActor(1)
		do := func(fn func(tx *gorm.DB) error) {
			t.Helper()
			if err := db.Transaction(fn); err != nil {
				t.Fatal(err)
			}
		}
		owns := func() bool {
			t.Helper()
			ok, err := s.Owns(ctx, 1, 7)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		o := model.Order{ID: 5, OutTradeNo: "N5", LearnerID: 1, CourseID: 7, PaidAt: &now, AccessDays: 30}
		for range 2 { // twice is once
			do(func(tx *gorm.DB) error { return s.ByOrder(tx, o, who) })
		}
		do(func(tx *gorm.DB) error {
			return s.Open(tx, model.Grant{LearnerID: 1, CourseID: 7, Reason: model.GrantByGift, ReasonKey: "gift:1", Why: "赠送"}, who)
		})
		do(func(tx *gorm.DB) error { return s.Freeze(tx, 5, who, "退款处理中") })
		if !owns() {
			t.Error("freezing the bought one took the gift away")
		}
		do(func(tx *gorm.DB) error { return s.Thaw(tx, 5, who, "撤回") })
		do(func(tx *gorm.DB) error { return s.Revoke(tx, 5, who, "已退款") })
		do(func(tx *gorm.DB) error { return s.Thaw(tx, 5, who, "迟到的消息") }) // never back from revoked
		list, err := s.Why(ctx, 1, 7)
		if err != nil || len(list) != 2 || list[1].Status != model.GrantRevoked || !owns() {
			t.Errorf("%+v %v", list, err)
		}
		if _, changes, err := s.OfOrder(ctx, 5); err != nil || len(changes) != 4 {
			t.Errorf("history %+v %v", changes, err)
		}
	})
}

func TestTermEnds(t *testing.T) {
	db := modeltest.Open(t)
	now := time.Now()
	s := grant.New(db, func() time.Time { return now })
	paid := now.Add(time.Hour) // WeChat's clock ahead of ours
	if err := db.Transaction(func(tx *gorm.DB) error {
		return s.ByOrder(tx, model.Order{ID: 5, LearnerID: 1, CourseID: 7, PaidAt: &paid, AccessDays: 30}, model.ActorNotify)
	}); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Owns(context.Background(), 1, 7); err != nil || !ok {
		t.Errorf("not open at once: %v", err)
	}
	now = now.AddDate(0, 0, 31)
	if ok, _ := s.Owns(context.Background(), 1, 7); ok {
		t.Error("open after its term")
	}
	for range 2 {
		if err := s.Expire(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if g, changes, err := s.OfOrder(context.Background(), 5); err != nil || g.Status != model.GrantExpired || len(changes) != 2 {
		t.Errorf("%+v %+v %v", g, changes, err)
	}
}
