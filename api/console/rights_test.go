package console_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"loudou/model"
	"loudou/model/modeltest"
)

type route struct {
	method, path, right string
	body                bool // the operation takes one
}

// routes reads every operation of the console from the OpenAPI document, and fails on one that names no
// right, or a right that does not exist.
func routes(t *testing.T, doc *huma.OpenAPI) []route {
	t.Helper()
	var out []route
	for path, item := range doc.Paths {
		if !strings.HasPrefix(path, "/console/") {
			continue
		}
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch, "HEAD": item.Head, "OPTIONS": item.Options, "TRACE": item.Trace} {
			if op == nil {
				continue
			}
			right, ok := op.Extensions["x-right"].(string)
			switch {
			case !ok:
				t.Errorf("%s %s was registered without a right: use verb", method, path)
			case right == "" && op.OperationID != "login":
				t.Errorf("%s %s lets everybody in", method, path)
			case right != "" && !slices.Contains(model.Rights, model.Right(right)):
				t.Errorf("%s %s needs the unknown right %q", method, path, right)
			case method == "GET" && right != string(model.RightRead) && right != string(model.RightOwn) && right != string(model.RightMoney):
				t.Errorf("GET %s needs %q: looking is read, money or own", path, right)
			}
			out = append(out, route{method, path, right, op.RequestBody != nil})
		}
	}
	if len(out) < 8 {
		t.Fatalf("only %d operations", len(out))
	}
	return out
}

// TestRights walks every operation for nobody and for every role: whom Role.May does not let in gets 401
// or 403, whom it lets in gets neither.
func TestRights(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	callers := map[model.Role]*browser{}
	for _, role := range model.Roles {
		h.add("role "+string(role), role)
		callers[role] = h.as("role " + string(role))
	}
	nobody := h.browser()
	for _, r := range routes(t, h.doc) {
		path := r.path
		for strings.Contains(path, "{") {
			i, j := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
			path = path[:i] + "987654321" + path[j+1:]
		}
		body := ""
		if r.method != "GET" && r.method != "DELETE" {
			body = `{"no_such_field":1}`
		}
		if r.right == "" {
			continue
		}
		if a := nobody.do(r.method, path, body); a.status != http.StatusUnauthorized {
			t.Errorf("nobody %s %s: %d", r.method, path, a.status)
		}
		if r.path == "/console/v1/logout" {
			continue // it would end the callers' sessions
		}
		for role, b := range callers {
			a := b.do(r.method, path, body)
			may := role.May(model.Right(r.right))
			if may && (a.status == 401 || a.status == 403) || !may && (a.status != 403 || a.code() != "forbidden") {
				t.Errorf("%s %s %s (needs %s): %d %s", role, r.method, path, r.right, a.status, a.code())
			}
			if r.body && may && a.status != 400 {
				t.Errorf("%s %s with an unknown field: %d %s", r.method, path, a.status, a.body)
			}
		}
	}
}

// TestWritesNeedTheToken walks every writing operation without X-CSRF-Token, with another session's, and
// with it in the query alone.
func TestWritesNeedTheToken(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	b, other := h.as("boss"), h.as("boss")
	for _, r := range routes(t, h.doc) {
		if r.method == "GET" || r.right == "" {
			continue
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(r.path)
		for name, x := range map[string]answer{
			"none":             b.with("X-CSRF-Token", "").do(r.method, path, `{}`),
			"another's":        b.with("X-CSRF-Token", other.csrf).do(r.method, path, `{}`),
			"in the query":     b.with("X-CSRF-Token", "").do(r.method, path+"?csrf_token="+b.csrf+"&X-CSRF-Token="+b.csrf, `{}`),
			"a form":           b.with("Content-Type", "text/plain").do(r.method, path, `{}`),
			"a foreign origin": b.with("Origin", "https://evil.example").do(r.method, path, `{}`),
			"origin null":      b.with("Origin", "null").do(r.method, path, `{}`),
			"cross-site":       b.with("Sec-Fetch-Site", "cross-site").do(r.method, path, `{}`),
			"same-site":        b.with("Sec-Fetch-Site", "same-site").do(r.method, path, `{}`),
		} {
			if x.status != 403 || x.code() != "csrf" {
				t.Errorf("%s %s with token %s: %d %s", r.method, path, name, x.status, x.body)
			}
		}
		if a := b.do("GET", path, ""); a.status == 200 && !slices.ContainsFunc(routes(t, h.doc), func(o route) bool { return o.method == "GET" && o.path == r.path }) {
			t.Errorf("GET %s answers %d on a writing route", path, a.status)
		}
	}
	if a := b.do("GET", "/console/v1/session", ""); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the session must have outlived all that, and no CORS header may be there:", a.status, a.header)
	}
}

// files are the routes that are no operations: what they send or take is no JSON. One that is not
// written down here fails the test.
var files = map[string]model.Right{
	"POST /console/v1/media":     model.RightEdit,
	"POST /console/v1/materials": model.RightEdit,
	"GET /console/v1/orders.csv": model.RightMoney,
	"GET /console/v1/bills.csv":  model.RightMoney,
}

// TestRoutesOutsideTheDocument finds every route of the console that the document does not know.
func TestRoutesOutsideTheDocument(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{})
	known := map[string]bool{}
	for _, r := range routes(t, h.doc) {
		known[r.method+" "+r.path] = true
	}
	h.add("eye", model.RoleViewer)
	eye, boss, nobody := h.as("eye"), h.as("boss"), h.browser()
	param := regexp.MustCompile(`:(\w+)`)
	for _, r := range h.engine.Routes() {
		name := r.Method + " " + param.ReplaceAllString(r.Path, "{$1}")
		if !strings.HasPrefix(r.Path, "/console/v1/") || known[name] {
			continue
		}
		right, ok := files[name]
		if !ok {
			t.Errorf("%s is neither in the document nor in this test's list", name)
			continue
		}
		if a := nobody.do(r.Method, r.Path, ""); a.status != http.StatusUnauthorized {
			t.Errorf("nobody %s: %d", name, a.status)
		}
		if a := eye.do(r.Method, r.Path, ""); right != model.RightRead && a.code() != "forbidden" {
			t.Errorf("viewer %s: %d %s", name, a.status, a.code())
		}
		if r.Method != "GET" {
			if a := boss.with("X-CSRF-Token", "").do(r.Method, r.Path, ""); a.code() != "csrf" {
				t.Errorf("%s without the token: %d", name, a.status)
			}
		}
	}
}
