package mini_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"gorm.io/gorm"

	"loudou/api"
	"loudou/api/mini"
	"loudou/model"
	"loudou/service/article"
	"loudou/service/certificate"
	"loudou/service/course"
	"loudou/service/event"
	"loudou/service/grant"
	"loudou/service/homework"
	"loudou/service/job"
	"loudou/service/learner"
	"loudou/service/limit"
	"loudou/service/media"
	"loudou/service/operator"
	"loudou/service/order"
	"loudou/service/person"
	"loudou/service/progress"
	"loudou/service/redeem"
)

var (
	ctx    = context.Background()
	boss   = model.Operator{ID: 1, Name: "boss", Role: model.RoleOwner}
	secret = []byte("0123456789abcdef0123456789abcdef-test")
)

func init() { slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) }

// house is the Mini Program's door behind the whole router, with real services. WeChat is a table of codes:
// the gateway has its own tests against the fake.
type house struct {
	t        *testing.T
	db       *gorm.DB
	web      http.Handler
	courses  *course.Service
	grants   *grant.Service
	media    *media.Service
	learners *learner.Service
	logins   int
	money    bool
}

func (h *house) PhoneNumber(_ context.Context, code string) (model.Phone, error) {
	if code != "phone-code" {
		return model.Phone{}, model.ErrInvalid
	}
	return model.Phone{Number: "13800000001", Country: "86"}, nil
}

func (h *house) Code2Session(_ context.Context, code string) (model.MiniSession, error) {
	if !strings.HasPrefix(code, "code-") {
		return model.MiniSession{}, model.ErrInvalid
	}
	who, _, _ := strings.Cut(strings.TrimPrefix(code, "code-"), "-")
	return model.MiniSession{OpenID: model.OpenID("o" + who), UnionID: "u" + who, SessionKey: "canary-session-key"}, nil
}

func (h *house) MoneyOpen(*gorm.DB, int64) (bool, error) { return h.money, nil }

// goods counts what virtual payment is told.
type goods struct{ told []string }

func (g *goods) PublishGoods(_ context.Context, id, _ string, _ model.Fen, _ string) error {
	g.told = append(g.told, id)
	return nil
}

type option struct {
	selling model.Selling
	limits  bool
}

func open(t *testing.T, db *gorm.DB, o option) *house {
	t.Helper()
	m := miniredis.RunT(t)
	c := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	h := &house{t: t, db: db}
	limits := limit.New(c, !o.limits)
	ops := operator.New(db, limits, operator.Options{})
	events := event.New(db, c, event.Options{Now: time.Now})
	h.grants = grant.New(db, time.Now)
	h.courses = course.New(db, course.Options{AppID: "wxmini", PublicURL: "https://shop.example", Selling: o.selling, Grants: h.grants, Audit: ops, Jobs: job.New(db), Goods: &goods{}})
	var err error
	if h.media, err = media.New(db, media.Options{AppID: "wxmini", Dir: filepath.Join(t.TempDir(), "media"), PublicURL: "", Secret: secret, Audit: ops}); err != nil {
		t.Fatal(err)
	}
	kept := progress.New(db, h.courses, events, time.Now)
	h.learners, err = learner.New(db, learner.Options{AppID: "wxmini", Secret: secret, WeChat: h, Persons: person.New(db, time.Now), Money: h, Once: learner.NewMemory(c), Erasers: func() []learner.Eraser { return []learner.Eraser{kept.Erase} }})
	if err != nil {
		t.Fatal(err)
	}
	redeems := redeem.New(redeem.Options{DB: db, AppID: "wxmini", Courses: h.courses, Learners: h.learners, Grants: h.grants, Facts: events, Audit: ops, Now: time.Now})
	orders := order.New(order.Options{AppID: "wxmini", DB: db, Queue: job.New(db), Now: time.Now})
	work := homework.New(homework.Options{DB: db, AppID: "wxmini", Lessons: h.courses, Now: time.Now})
	door := &mini.Door{Orders: orders, Homework: work, Redeems: redeems, Learners: h.learners, Courses: h.courses, Progress: kept, Media: h.media, Events: events, Limits: limits,
		Certificates: certificate.New(certificate.Options{DB: db, AppID: "wxmini", PublicURL: "https://shop.example", Learners: h.learners, Audit: ops, Now: time.Now}),
		Articles:     article.New(db, "wxofficial", ops, h.courses, time.Now)}
	engine, _, err := api.New(api.Options{Version: "test", Ready: func(context.Context) []string { return nil }}, door)
	if err != nil {
		t.Fatal(err)
	}
	h.web = engine
	return h
}

type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// at reads a value by its way through the answer: "items.0.id".
func (a answer) at(path string) any {
	var v any = a.json
	for _, p := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			i := 0
			if _, err := fmt.Sscan(p, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (h *house) do(token, method, path, body string) answer {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.web.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	_ = json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&a.json)
	return a
}

// phone is a learner on a terminal.
type phone struct {
	h     *house
	token string
	id    int64
}

func (h *house) login(who, platform string) phone {
	h.t.Helper()
	h.logins++
	a := h.do("", "POST", "/mini/v1/session", fmt.Sprintf(`{"code":"code-%s-%d","platform":%q,"nickname":"ignored"}`, who, h.logins, platform))
	if a.status != 200 {
		h.t.Fatalf("login: %d %s", a.status, a.body)
	}
	return phone{h: h, token: a.at("token").(string), id: int64(a.at("learner.id").(float64))}
}

func (p phone) do(method, path, body string) answer {
	p.h.t.Helper()
	return p.h.do(p.token, method, path, body)
}

// shelf is a course on sale with a trial lesson and a paid one.
type shelf struct{ course, trial, paid int64 }

func (h *house) shelf(price model.Fen) shelf {
	h.t.Helper()
	title := "写作课"
	c, err := h.courses.Create(ctx, boss, course.Draft{Title: &title, Price: &price})
	if err != nil {
		h.t.Fatal(err)
	}
	s := shelf{course: c.ID}
	for i, trial := range []bool{true, false} {
		name, kind, text, seconds := "第一课", model.LessonAudio, "<p>正文</p><script>alert(1)</script>", 600
		l, err := h.courses.AddLesson(ctx, boss, c.ID, course.LessonDraft{Title: &name, Kind: &kind, Content: &text, Trial: &trial, Seconds: &seconds})
		if err != nil {
			h.t.Fatal(err)
		}
		if i == 0 {
			s.trial = l.ID
		} else {
			s.paid = l.ID
		}
	}
	if _, err := h.courses.Publish(ctx, boss, c.ID); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// give opens a course to a learner, as an operator's gift does.
func (h *house) give(p phone, courseID int64) model.Grant {
	h.t.Helper()
	now := model.Milli(time.Now().Add(-time.Minute))
	g := model.Grant{AppID: "wxmini", LearnerID: p.id, CourseID: courseID, Reason: model.GrantByGift, ReasonKey: fmt.Sprintf("gift:%d:%d", p.id, courseID), Status: model.GrantActive, Why: "测试", StartsAt: now, CreatedAt: now, UpdatedAt: now}
	if err := h.grants.Open(h.db, g, model.ActorSystem); err != nil {
		h.t.Fatal(err)
	}
	return g
}
