package storytest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"loudou/service/wechat/wechattest/gate"
)

// Attack 17. Keys that are none, one key many times at once, and a key whose first request failed.
func TestIdempotencyKeys(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		const prepay = "/v3/pay/transactions/jsapi"
		h := Open(t, binary, o)
		course, other := h.Course(), h.Course()
		a, b := h.Phone(), h.Phone()
		body := fmt.Sprintf(`{"course_id":%d,"via":"jsapi"}`, course)
		for name, headers := range map[string][]string{"missing": nil, "empty": {"Idempotency-Key", ""}, "300 characters": {"Idempotency-Key", strings.Repeat("k", 300)}, "letters": {"Idempotency-Key", "键"}} {
			if got := a.Call("POST", "/orders", body, headers...); got.Status != 400 {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
		key := uuid.NewString()
		got := map[string]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				var x Answer
				for range 200 {
					if x = a.Order(key, course); x.Status != 409 || !strings.Contains(string(x.Body), "in_progress") {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
				mu.Lock()
				got[fmt.Sprint(x.Status, " ", x.Get("out_trade_no"))]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(got) != 1 || h.Pay.Count(prepay) != 1 || h.Count("SELECT COUNT(*) FROM orders") != 1 {
			t.Errorf("50 at once: %v, %d calls, %d orders", got, h.Pay.Count(prepay), h.Count("SELECT COUNT(*) FROM orders"))
		}
		if x := a.Order(key, other); x.Status != 409 || !strings.Contains(string(x.Body), "key_reused") {
			t.Errorf("another body: %d %s", x.Status, x.Body)
		}
		if x := b.Order(key, course); x.Status != 201 {
			t.Errorf("another person: %d %s", x.Status, x.Body)
		}
		clear := h.Pay.Fail(prepay, gate.Status(500, `{"code":"SYSTEM_ERROR","message":"x"}`))
		c, failed := h.Phone(), uuid.NewString()
		first := c.Order(failed, course)
		clear()
		var again Answer
		h.Until("the key works after a 5xx", 45*time.Second, func() bool {
			again = c.Order(failed, course)
			pay, _ := again.Get("pay").(map[string]any)
			return again.Status == 201 && len(pay) > 0
		})
		if n := h.Count("SELECT COUNT(*) FROM orders WHERE openid = ?", c.Person.MiniOpenID); n != 1 {
			t.Errorf("after %d and %d there are %d orders", first.Status, again.Status, n)
		}
		Check(t, h)
	})
}

// session is a login at the console's door: its cookie and its CSRF token, used at any instance.
type session struct {
	house        *House
	cookie, csrf string
	set          *http.Cookie
}

func (h *House) session(t *testing.T, name, password string, before string) session {
	t.Helper()
	req, err := http.NewRequest("POST", h.All[0].URL()+"/console/v1/login", strings.NewReader(fmt.Sprintf(`{"name":%q,"password":%q}`, name, password))) //nolint:noctx // the client's limit counts
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if before != "" {
		req.Header.Set("Cookie", before)
	}
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct {
		CSRF string `json:"csrf_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || len(res.Cookies()) != 1 {
		t.Fatalf("login of %s: %d %v", name, res.StatusCode, err)
	}
	c := res.Cookies()[0]
	return session{h, c.Name + "=" + c.Value, out.CSRF, c}
}

func (s session) at(instance int, method, path, body string, more ...string) Answer {
	headers := append([]string{"Cookie", s.cookie, "X-CSRF-Token", s.csrf}, more...)
	return s.house.call(&http.Client{Timeout: 20 * time.Second}, method, s.house.All[instance].URL()+"/console/v1"+path, body, headers...)
}

// Attacks 21 and 22. A cookie of before the login, the logout, a new password, a new role or the disabling
// opens nothing on any instance a second later; it is kept hashed; a write needs its own token.
func TestSessionsOnEveryInstance(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Programs = 2
		h := Open(t, binary, o)
		const first = "a phrase for the editor"
		name := func(i int) string { return fmt.Sprint("小编", i) }
		planted := "__Host-loudou=" + strings.Repeat("A", 43)
		var ids [5]int64
		for i := range ids {
			ids[i] = h.must(201, h.Console("POST", "/operators", fmt.Sprintf(`{"name":%q,"password":%q,"role":"editor"}`, name(i), first))).Number("id")
		}
		for i, x := range []struct {
			what  string
			after int // the status of the old cookie
			end   func(s session) Answer
		}{
			{"logout", 401, func(s session) Answer { return s.at(0, "POST", "/logout", "") }},
			{"new password", 401, func(s session) Answer {
				return s.at(0, "POST", "/session/password", fmt.Sprintf(`{"old_password":%q,"new_password":"another phrase altogether"}`, first))
			}},
			{"new role", 401, func(session) Answer {
				return h.Console("PUT", fmt.Sprint("/operators/", ids[2]), `{"role":"viewer"}`)
			}},
			{"disabled", 401, func(session) Answer {
				return h.Console("PUT", fmt.Sprint("/operators/", ids[3]), `{"disabled":true}`)
			}},
		} {
			s := h.session(t, name(i), first, planted)
			if s.cookie == planted || s.set.Name != "__Host-loudou" || !s.set.HttpOnly || !s.set.Secure || s.set.SameSite != http.SameSiteStrictMode {
				t.Errorf("%s: the cookie is %v", x.what, s.set)
			}
			for instance := range h.All {
				if a := s.at(instance, "GET", "/session", ""); a.Status != 200 {
					t.Errorf("%s: instance %d does not know the session: %d", x.what, instance, a.Status)
				}
			}
			if rows := h.dump(t, "operator_sessions"); rows == "" || strings.Contains(rows, s.set.Value) {
				t.Errorf("%s: the cookie is stored as it is", x.what)
			}
			if a := x.end(s); a.Status/100 != 2 {
				t.Errorf("%s: %d %s", x.what, a.Status, a.Body)
			}
			time.Sleep(time.Second)
			for instance := range h.All {
				if a := s.at(instance, "GET", "/session", ""); a.Status != x.after {
					t.Errorf("%s: the old cookie at instance %d: %d %s", x.what, instance, a.Status, a.Body)
				}
			}
		}
		s, other := h.session(t, name(4), first, ""), h.session(t, "boss", h.canaries["operator's password"], "")
		body := `{"title":"写作课","price":9900}`
		for what, headers := range map[string][]string{
			"no token": {"X-CSRF-Token", ""}, "another's": {"X-CSRF-Token", other.csrf}, "a form": {"Content-Type", "text/plain"},
			"a foreign origin": {"Origin", "https://evil.example"}, "origin null": {"Origin", "null"},
		} {
			if a := s.at(1, "POST", "/courses?X-CSRF-Token="+s.csrf, body, headers...); a.Status != 403 || !strings.Contains(string(a.Body), "csrf") {
				t.Errorf("%s: %d %s", what, a.Status, a.Body)
			}
		}
		if n := h.Count("SELECT COUNT(*) FROM courses"); n != 0 {
			t.Errorf("%d courses were made", n)
		}
		if a := s.at(1, "POST", "/courses", body); a.Status != 201 {
			t.Errorf("a good one: %d %s", a.Status, a.Body)
		}
		Check(t, h)
	})
}

// Attacks 19 and 30, with the limits on. Guesses end at 429 with a time to wait, a header does not buy more,
// and the operator who was here before still gets in.
func TestGuessing(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		o.Env = map[string]string{"LOUDOU_LIMITS": "on"}
		h := Open(t, binary, o)
		login := func(name, password, from string) (int, http.Header) {
			status, _, header := h.knock(0, "POST", "/console/v1/login", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q,"password":%q}`, name, password)), "X-Forwarded-For", from)
			return status, header
		}
		before := h.All[0].Gauge("process_resident_memory_bytes")
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[int]int{}
		for i := range scale(100, 10000) {
			wg.Go(func() {
				status, header := login("boss", fmt.Sprint("guess", i), fmt.Sprintf("203.0.113.%d", i%250))
				mu.Lock()
				defer mu.Unlock()
				if seen[status]++; status == 429 && header.Get("Retry-After") == "" {
					t.Error("429 without a time to wait")
				}
			})
			if i%50 == 49 {
				wg.Wait()
			}
		}
		wg.Wait()
		if seen[401] > 30 || seen[401]+seen[429]+seen[503] != scale(100, 10000) {
			t.Errorf("one name: %v", seen)
		}
		if status, _, _ := h.knock(0, "POST", "/console/v1/login", "application/json", strings.NewReader(`{"name":"boss","password":"`+strings.Repeat("x", 1<<20)+`"}`)); status != 413 && status != 429 {
			t.Errorf("a password of 1 MiB: %d", status)
		}
		h.Until("the memory is bounded", 10*time.Second, func() bool {
			return h.All[0].Gauge("process_resident_memory_bytes") < before+192<<20
		})
		// A Redis that is slow for a moment lets the process count by itself, with a burst of its own: two bursts
		// of sixty at most.
		limited := 0
		for i := range 200 {
			status, _, _ := h.knock(0, "POST", "/mini/v1/session", "application/json", strings.NewReader(fmt.Sprintf(`{"code":"nobody-%d"}`, i)), "X-Forwarded-For", fmt.Sprint("203.0.113.", i))
			if status == 429 {
				limited++
			}
		}
		if limited == 0 {
			t.Error("two hundred logins of a Mini Program at once were let through")
		}
		Check(t, h)
	})
}

// start runs a command of the program to its end.
func start(t *testing.T, dir string, env []string, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the program under test
	cmd.Dir, cmd.SysProcAttr = dir, withParent()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// Attack 29, the settings. A secret that is short, known or readable by everybody ends the start with 2, and
// every other fault is named in the same breath.
func TestWrongSettingsEndWithTwo(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "secret")
	if err := os.WriteFile(open, []byte(strings.Repeat("q7", 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil { //nolint:gosec // the fault itself
		t.Fatal(err)
	}
	for name, secret := range map[string]string{
		"none": "LOUDOU_SECRET=", "31 bytes": "LOUDOU_SECRET=" + strings.Repeat("q", 31), "of the documents": "LOUDOU_SECRET=change-me-change-me-change-me-change-me",
		"of an example": "LOUDOU_SECRET=0123456789abcdef0123456789abcdef", "of the demo": "LOUDOU_SECRET=loudou-demo-secret-loudou-demo-sec", "readable by everybody": "LOUDOU_SECRET_FILE=" + open,
	} {
		code, said := start(t, dir, []string{secret, "LOUDOU_DATABASE=postgres://x", "LOUDOU_REDIS=memcached://x", "LOUDOU_NOW=yesterday", "LOUDOU_PAY_MCHID=1"}, "serve")
		if code != 2 {
			t.Errorf("%s: exit %d\n%s", name, code, said)
		}
		for _, fault := range []string{"LOUDOU_SECRET", "LOUDOU_DATABASE:", "LOUDOU_REDIS:", "LOUDOU_NOW:", "LOUDOU_PAY_"} {
			if !strings.Contains(said, fault) {
				t.Errorf("%s: %s is not named\n%s", name, fault, said)
			}
		}
	}
}

// Attacks 35 and 36. The commands print no secret, whatever is wrong; machine doors are shut.
func TestCommandsAndMachineDoors(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		p := h.All[0]
		var env []string
		for name, v := range p.env {
			env = append(env, name+"="+v)
		}
		env = append(env, "LOUDOU_ADDR=127.0.0.1:0", "LOUDOU_METRICS_ADDR=127.0.0.1:0", "LOUDOU_PUBLIC_URL="+p.URL())
		broken := append([]string{}, env...)
		broken = append(broken, "LOUDOU_NOW=yesterday", "LOUDOU_PAY_PRIVATE_KEY="+h.canaries["private key"], "LOUDOU_OFFICIAL_AES_KEY="+h.canaries["AES key"][1:])
		for name, x := range map[string]struct {
			env  []string
			args []string
		}{
			"config": {env, []string{"config"}}, "config, broken": {broken, []string{"config"}}, "doctor": {env, []string{"doctor"}}, "doctor, broken": {broken, []string{"doctor"}}, "serve, broken": {broken, []string{"serve"}},
		} {
			_, said := start(t, p.dir, x.env, x.args...)
			if said == "" {
				t.Errorf("%s says nothing", name)
			}
			h.searched(t, "what "+name+" prints", said)
		}
		h.Pay.Fail("", gate.Status(500, "<html>"))
		clear := h.WeChat.Fail("/cgi-bin/", gate.Fault{Drop: true})
		_, said := start(t, p.dir, env, "doctor")
		h.searched(t, "what doctor prints while WeChat is away", said)
		clear()
		h.Pay.Heal()
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/.git/config", "/.env", "/data/loudou.db", "/console/..%2f..%2fetc/passwd", "/console/assets/index.js.map", "/server-status", "/actuator"} {
			if status, said, header := h.knock(0, "GET", path, "", nil); status/100 == 2 && !strings.Contains(header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: %d %.100s", path, status, said)
			}
		}
		for _, method := range []string{"TRACE", "CONNECT", "TRACK"} {
			if status, said, _ := h.knock(0, method, "/healthz", "", nil, "X-Planted", "echo-me"); status/100 == 2 || strings.Contains(said, "echo-me") {
				t.Errorf("%s: %d %s", method, status, said)
			}
		}
		if status, said, _ := h.knock(0, "GET", "/healthz", "", nil); status != 200 || len(said) > 40 {
			t.Errorf("healthz: %d %s", status, said)
		}
		if strings.Contains(p.Log(), "[GIN-debug]") {
			t.Error("gin runs in debug mode")
		}
		Check(t, h)
	})
}
