package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func TestLoginAnswers(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		off := h.add("off", model.RoleEditor)
		boss := h.as("boss")
		if a := boss.do("PUT", fmt.Sprintf("/console/v1/operators/%d", off.ID), `{"disabled":true}`); a.status != 200 {
			t.Fatal(a)
		}
		var bodies []string
		for _, c := range []struct {
			name, body   string
			status       int
			code, header string
		}{
			{name: "wrong password", body: `{"name":"boss","password":"wrong"}`, status: 401, code: "unauthorized"},
			{name: "unknown name", body: `{"name":"nobody","password":"wrong"}`, status: 401, code: "unauthorized"},
			{name: "disabled", body: `{"name":"off","password":"` + password + `"}`, status: 401, code: "unauthorized"},
			{name: "no password", body: `{"name":"boss"}`, status: 400, code: "invalid"},
			{name: "unknown field", body: `{"name":"boss","password":"x","remember":true}`, status: 400, code: "invalid"},
			{name: "other case", body: `{"Name":"boss","password":"x"}`, status: 400, code: "invalid"},
			{name: "not JSON", body: `name=boss`, status: 400, code: "invalid"},
			{name: "list", body: `[1]`, status: 400, code: "invalid"},
			{name: "password of 1 MiB", body: `{"name":"boss","password":"` + strings.Repeat("x", 1<<20) + `"}`, status: 413, code: "too_large"},
			{name: "password of 4 KiB", body: `{"name":"boss","password":"` + strings.Repeat("x", 4<<10) + `"}`, status: 400, code: "invalid"},
		} {
			a := h.browser().do("POST", "/console/v1/login", c.body)
			if a.status != c.status || a.code() != c.code {
				t.Errorf("%s: %d %s", c.name, a.status, a.body)
			}
			if a.status == 401 {
				bodies = append(bodies, a.body)
			}
			if len(a.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s: a cookie", c.name)
			}
		}
		if len(bodies) != 3 || bodies[0] != bodies[1] || bodies[1] != bodies[2] {
			t.Error("the three refusals differ:", bodies)
		}
		if a := boss.do("GET", "/console/v1/session", ""); !strings.Contains(a.body, `"operator":{"id":1,"name":"boss","role":"owner"}`) || !strings.Contains(a.body, boss.csrf) {
			t.Error(a.body)
		}
		if a := boss.do("POST", "/console/v1/logout", ""); a.status != 204 || len(boss.cookies) != 0 {
			t.Error("logout:", a.status, boss.cookies)
		}
	})
}

func TestLoginFromAnotherSite(t *testing.T) {
	h := openHouse(t)
	body := `{"name":"boss","password":"` + password + `"}`
	for name, b := range map[string]*browser{
		"foreign origin": h.browser().with("Origin", "https://evil.example"),
		"origin null":    h.browser().with("Origin", "null"),
		"form":           h.browser().with("Content-Type", "text/plain"),
		"no type":        h.browser().with("Content-Type", ""),
	} {
		if a := b.do("POST", "/console/v1/login", body); a.status != 403 || a.code() != "csrf" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := h.browser().with("Origin", "http://example.com").do("POST", "/console/v1/login", body); a.status != 200 {
		t.Error("our own origin:", a.status, a.body)
	}
}

func TestCookie(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:8080":   "loudou=VALUE; Path=/; HttpOnly; SameSite=Strict",
		"https://console.example": "__Host-loudou=VALUE; Path=/; HttpOnly; Secure; SameSite=Strict",
	} {
		h := open(t, modeltest.SQLite(t), option{publicURL: url})
		b := h.browser()
		a := b.login("boss", password)
		got := a.header.Get("Set-Cookie")
		for _, v := range b.cookies {
			got = strings.Replace(got, v, "VALUE", 1)
		}
		if got != want {
			t.Errorf("%s: %s", url, got)
		}
	}
}

// A value planted before the login, or kept from before it, opens nothing after it.
func TestSessionFixation(t *testing.T) {
	h := openHouse(t)
	victim := h.browser()
	victim.cookies["loudou"] = strings.Repeat("A", 43)
	planted := victim.cookies["loudou"]
	if a := victim.login("boss", password); a.status != 200 || victim.cookies["loudou"] == planted {
		t.Fatal("the planted value was kept", a.status)
	}
	first := victim.cookies["loudou"]
	if a := victim.login("boss", password); a.status != 200 || victim.cookies["loudou"] == first {
		t.Fatal("no new value at the second login", a.status)
	}
	for name, value := range map[string]string{"planted": planted, "before the second login": first, "empty": "", "long": strings.Repeat("A", 10_000)} {
		b := h.browser()
		b.cookies["loudou"] = value
		if a := b.do("GET", "/console/v1/session", ""); a.status != 401 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	two := h.browser().with("Cookie", "loudou="+victim.cookies["loudou"]+"; loudou="+planted)
	if a := two.do("GET", "/console/v1/session", ""); a.status != 401 {
		t.Error("two cookies of one name:", a.status)
	}
}

func TestPasswordChange(t *testing.T) {
	h := openHouse(t)
	ed := h.add("ed", model.RoleEditor)
	b, second := h.as("ed"), h.as("ed")
	before := b.cookies["loudou"]
	for _, c := range []struct {
		name, body, field string
		status            int
	}{
		{"wrong old one", `{"old_password":"wrong","new_password":"a whole new phrase"}`, "old_password", 400},
		{"too short", `{"old_password":"` + password + `","new_password":"short"}`, "new_password", 400},
		{"good", `{"old_password":"` + password + `","new_password":"a whole new phrase"}`, "", 200},
	} {
		a := b.do("POST", "/console/v1/session/password", c.body)
		if a.status != c.status || !strings.Contains(a.body, c.field) {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	if a := b.do("GET", "/console/v1/session", ""); a.status != 200 || b.cookies["loudou"] == before {
		t.Error("the one who changed it goes on with a new value:", a.status)
	}
	if a := second.do("GET", "/console/v1/session", ""); a.status != 401 {
		t.Error("the other session lives on:", a.status)
	}
	boss := h.as("boss")
	if a := boss.do("PUT", fmt.Sprintf("/console/v1/operators/%d", ed.ID), `{"password":"set by the owner"}`); a.status != 200 {
		t.Error(a)
	}
	if a := h.browser().login("ed", "a whole new phrase"); a.status != 401 {
		t.Error("old password:", a.status)
	}
	if a := h.browser().login("ed", "set by the owner"); a.status != 200 {
		t.Error("new password:", a.status)
	}
}

func TestLoginLimits(t *testing.T) {
	login := `{"name":"%s","password":"wrong"}`
	t.Run("one name, a new X-Forwarded-For each time", func(t *testing.T) {
		h := open(t, modeltest.SQLite(t), option{limits: true})
		seen := map[int]int{}
		for i := range 40 {
			b := h.browser().with("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)).with("X-Real-Ip", fmt.Sprintf("203.0.113.%d", i))
			a := b.do("POST", "/console/v1/login", fmt.Sprintf(login, "n"+strconv.Itoa(i)))
			seen[a.status]++
			if n, err := strconv.Atoi(a.header.Get("Retry-After")); a.status == 429 && (err != nil || n < 1 || a.code() != "too_many") {
				t.Error(a.header, a.body)
			}
		}
		if seen[401] != 20 || seen[429] != 20 {
			t.Error("the header of a stranger was believed:", seen)
		}
	})
	t.Run("behind a proxy of ours", func(t *testing.T) {
		h := open(t, modeltest.SQLite(t), option{limits: true, proxies: []string{"192.0.2.0/24"}})
		for i := range 30 {
			b := h.browser().with("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i))
			if a := b.do("POST", "/console/v1/login", fmt.Sprintf(login, "n"+strconv.Itoa(i))); a.status != 401 {
				t.Fatal(i, a.status)
			}
		}
		seen := map[int]int{}
		for i := range 30 {
			b := h.browser().with("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
			seen[b.do("POST", "/console/v1/login", fmt.Sprintf(login, "boss")).status]++
		}
		if seen[401] != 10 || seen[429] != 20 {
			t.Error("one name from many addresses:", seen)
		}
	})
	t.Run("lifted", func(t *testing.T) {
		h := open(t, modeltest.SQLite(t), option{})
		for range 25 {
			if a := h.browser().do("POST", "/console/v1/login", fmt.Sprintf(login, "boss")); a.status != 401 {
				t.Fatal(a.status)
			}
		}
	})
}

func TestOperators(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		boss := h.as("boss")
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			want                     string
		}{
			{"add", "POST", "/operators", `{"name":"小编","password":"correct horse","role":"editor"}`, 201, `"name":"小编","role":"editor","disabled":false`},
			{"same name", "POST", "/operators", `{"name":"小编","password":"correct horse","role":"editor"}`, 409, `name_taken`},
			{"no such role", "POST", "/operators", `{"name":"x","password":"correct horse","role":"admin"}`, 400, `"field":"role"`},
			{"own id", "POST", "/operators", `{"id":9,"name":"x","password":"correct horse","role":"editor"}`, 400, `"field":"id"`},
			{"created_at", "PUT", "/operators/2", `{"created_at":"2020-01-01T00:00:00Z"}`, 400, `"field":"created_at"`},
			{"role", "PUT", "/operators/2", `{"role":"reviewer"}`, 200, `"role":"reviewer"`},
			{"own role", "PUT", "/operators/1", `{"role":"viewer"}`, 403, `forbidden`},
			{"oneself", "PUT", "/operators/1", `{"disabled":true}`, 403, `forbidden`},
			{"nobody", "PUT", "/operators/99", `{"disabled":true}`, 404, `not_found`},
			{"id of letters", "PUT", "/operators/1%20or%201=1", `{"disabled":true}`, 400, `invalid`},
			{"negative id", "PUT", "/operators/-1", `{"disabled":true}`, 400, `invalid`},
			{"huge id", "PUT", "/operators/9223372036854775808", `{"disabled":true}`, 400, `invalid`},
			{"list", "GET", "/operators", ``, 200, `"next_page_token":""`},
			{"delete is not offered", "DELETE", "/operators/2", ``, 405, `invalid`},
			{"trailing slash", "GET", "/operators/", ``, 404, `not_found`},
		} {
			if a := boss.do(c.method, "/console/v1"+c.path, c.body); a.status != c.status || !strings.Contains(a.body, c.want) {
				t.Errorf("%s: %d %s", c.name, a.status, a.body)
			}
		}
		if a := boss.do("GET", "/console/v1/operators", ""); strings.Contains(a.body, "argon2") || strings.Contains(a.body, "hash") {
			t.Error("a hash left the house:", a.body)
		}
	})
}

// Nothing that opens a door may be read in a log, an answer or the audit trail.
func TestCanaries(t *testing.T) {
	h := openHouse(t)
	b := h.browser()
	canary := "canary-password-8d1f"
	if _, err := h.ops.Add(ctx, model.Operator{Name: "system"}, "bird", canary, model.RoleOwner); err != nil {
		t.Fatal(err)
	}
	b.login("bird", canary)
	h.browser().login("bird", canary+"-wrong")
	b.do("POST", "/console/v1/operators", `{"name":"x","password":"`+canary+`","role":"nothing"}`)
	b.do("POST", "/console/v1/session/password", `{"old_password":"`+canary+`","new_password":"`+canary+`-2"}`)
	b.do("POST", "/console/v1/login", `{"name":"bird","password":"`+canary)
	b.do("GET", "/console/v1/session?token="+b.cookies["loudou"], "")
	trail, err := json.Marshal(mustTrail(t, h))
	if err != nil {
		t.Fatal(err)
	}
	logs.Lock()
	text := logs.String() + string(trail)
	logs.Unlock()
	if !strings.Contains(text, "/console/v1/login") {
		t.Fatal("nothing was logged at all")
	}
	for name, secret := range map[string]string{"password": canary, "cookie": b.cookies["loudou"], "csrf": b.csrf} {
		if secret == "" || strings.Contains(text, secret) {
			t.Errorf("the %s stands in a log or in the audit trail", name)
		}
	}
}

func mustTrail(t *testing.T, h *house) []model.AuditEntry {
	t.Helper()
	var out []model.AuditEntry
	if err := h.db.Find(&out).Error; err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDatabaseAwayIs503(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	b := h.as("boss")
	pool, err := h.db.DB()
	if err != nil {
		t.Fatal(err)
	}
	_ = pool.Close()
	for _, a := range []answer{b.do("GET", "/console/v1/session", ""), h.browser().login("boss", password)} {
		if a.status < http.StatusInternalServerError || strings.Contains(a.body, "sql") {
			t.Error(a.status, a.body)
		}
	}
}
