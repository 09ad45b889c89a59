package event

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/person"
	"loudou/service/store/csvfile"
)

func importing(s *Service, db *gorm.DB, text string) Import {
	return Import{File: strings.NewReader(text), MiniAppID: "mini", OfficialAppID: "official", Persons: person.New(db, s.now)}
}

func TestImportTwiceIsOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		s := New(db, openRedis(t), Options{Now: func() time.Time { return noon }, Articles: upTo(9), Courses: upTo(9)})
		var b strings.Builder
		b.WriteString("\ufeffid,type,occurred_at,openid,unionid,client_id,course_id,channel,seconds,out_trade_no,amount,staff\n")
		for i := range 2500 {
			fmt.Fprintf(&b, "h%d,course_view,2025-12-0%dT08:00:00+08:00,o%d,,,%d,\"群, 甲\",30,,,\n", i, 1+i%9, i%50, 1+i%9)
		}
		b.WriteString("p1,paid,2025-12-02T09:00:00+08:00,o1,u1,,1,,,N1,19900,\n")
		b.WriteString("f1,follow,2025-12-02T09:00:00+08:00,oA,u1,,,,,,,\n")
		b.WriteString("c1,mp_open,2025-12-02T09:00:00+08:00,,,phone-1,,,,,,1\n")
		for i, want := range []Imported{{2503, 2503, 0}, {2503, 0, 2503}} {
			got, err := s.Import(t.Context(), importing(s, db, b.String()))
			if err != nil || got != want {
				t.Fatalf("time %d: %+v %v, want %+v", i+1, got, err, want)
			}
		}
		if n := count(t, db, "SELECT SUM(n) FROM event_daily WHERE kind = 0"); n != 2503 {
			t.Errorf("%d counted", n)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM events WHERE imported = 1 AND excluded = 0 AND day BETWEEN 20251201 AND 20251209"); n != 2503 {
			t.Errorf("%d stored as history", n)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM events WHERE appid = 'official'"); n != 1 {
			t.Errorf("%d of the Official Account", n)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM persons"); n != 51 {
			t.Errorf("%d persons, want 51: oA and o1 are u1", n)
		}
		if n := count(t, db, "SELECT COUNT(*) FROM persons WHERE staff = 1"); n != 1 {
			t.Errorf("%d staff", n)
		}
	})
}

func TestImportNamesTheBadRow(t *testing.T) {
	db := modeltest.SQLite(t)
	s := New(db, openRedis(t), Options{Now: func() time.Time { return noon }, Articles: upTo(9), Courses: upTo(9)})
	good := "a,mp_open,2026-03-01T08:00:00+08:00,o1,1\n"
	for text, want := range map[string]string{
		"":                            "1 id",
		"id,type\n":                   "1 occurred_at",
		"id,type,occurred_at,id\n":    "1 id",
		"id,type,occurred_at,price\n": "1 price",
		"id,type,occurred_at,openid,course_id\n" + good + good + "b,mp_open,2026-02-30T08:00:00+08:00,o1,1\n": "4 occurred_at",
		"id,type,occurred_at,openid,course_id\n" + good + ",mp_open,2026-03-01T08:00:00+08:00,o1,1\n":         "3 id",
		"id,type,occurred_at,openid,course_id\n" + good + "b,open,2026-03-01T08:00:00+08:00,o1,1\n":           "3 type",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2027-03-01T08:00:00+08:00,o1,1\n":        "3 occurred_at",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2026-03-01T08:00:00+08:00,,1\n":          "3 openid",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2026-03-01T08:00:00+08:00,o1,77\n":       "3 course_id",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2026-03-01T08:00:00+08:00,o1,-1\n":       "3 course_id",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2026-03-01T08:00:00+08:00,o 1,1\n":       "3 openid",
		"id,type,occurred_at,openid,course_id\n" + good + "b,mp_open,2026-03-01T08:00:00+08:00,o1\n":          "3 1",
		"id,type,occurred_at,openid,course_id\n" + good + "b,\xb9\xe3,2026-03-01T08:00:00+08:00,o1,1\n":       "3 type",
		"id,type,occurred_at,openid,course_id\n" + good + "\"b,mp_open\n":                                     "3 ",
		"id,type,occurred_at\n" + strings.Repeat("x", 5<<20):                                                  "2 1",
	} {
		_, err := s.Import(t.Context(), importing(s, db, text))
		var bad csvfile.BadRow
		if !errors.As(err, &bad) || !errors.Is(err, model.ErrInvalid) || !strings.HasPrefix(fmt.Sprint(bad.Line, " ", bad.Column), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
	if n := count(t, db, "SELECT COUNT(*) FROM events"); n != 0 {
		t.Errorf("%d events of bad files", n)
	}
}
