package storytest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Attack 14. Every route of the document, as nobody and as a learner where no learner belongs, and the
// roads by which other shops were marked paid. Only a signed notice pays; nothing here may.
func TestNoRouteLetsAStrangerIn(t *testing.T) {
	both(t, strangers)
}

func strangers(t *testing.T, o Options) {
	h := Open(t, binary, o)
	course := h.Course()
	phone := h.Phone()
	no := phone.ordered(course)
	base := h.All[0].URL()
	nobody := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	a := h.call(nobody, "GET", base+"/openapi.json", "")
	if err := json.Unmarshal(a.Body, &doc); err != nil || len(doc.Paths) < 30 {
		t.Fatalf("the document: %d, %d paths, %v", a.Status, len(doc.Paths), err)
	}
	open := map[string]bool{"POST /console/v1/login": true, "POST /mini/v1/session": true}
	replace := strings.NewReplacer("{out_trade_no}", no, "{no}", no)
	for path, item := range doc.Paths {
		area := strings.HasPrefix(path, "/console/v1/") || strings.HasPrefix(path, "/mini/v1/")
		if !area {
			continue
		}
		real := replace.Replace(path)
		for strings.Contains(real, "{") {
			i, j := strings.IndexByte(real, '{'), strings.IndexByte(real, '}')
			real = real[:i] + "1" + real[j+1:]
		}
		for method := range item {
			method = strings.ToUpper(method)
			if open[method+" "+path] || !strings.Contains("GET POST PUT DELETE PATCH", method) {
				continue
			}
			token := "Bearer " + phone.token
			if strings.HasPrefix(path, "/mini/") {
				token = "Bearer " + strings.Repeat("x", 40)
			}
			for name, headers := range map[string][]string{
				"nobody": nil, "a token of elsewhere": {"Authorization", token}, "a method in a header": {"X-HTTP-Method-Override", "GET", "X-Method-Override", "GET"},
			} {
				if got := h.call(nobody, method, base+real, "{}", headers...); got.Status != http.StatusUnauthorized {
					t.Errorf("%s: %s %s: %d %s", name, method, path, got.Status, got.Body)
				}
			}
			for _, odd := range []string{real + "/", "/" + real, strings.ToUpper(real), strings.Replace(real, "/v1/", "/v1//", 1)} {
				if got := h.call(nobody, method, base+odd, "{}"); got.Status/100 == 2 && strings.Contains(string(got.Body), `"items"`) || got.Status >= 500 {
					t.Errorf("%s %s: %d %s", method, odd, got.Status, got.Body)
				}
			}
		}
	}
	for _, path := range []string{"/paySuccess", "/order/paySuccess", "/orders/" + no + "/paid", "/mini/v1/orders/" + no + "/paid", "/mini/v1/orders/" + no + "/pay", "/mock_cb", "/jobs/close", "/fake", "/fake/v1/clock", "/debug/pprof/", "/debug/vars", "/metrics", "/.git/config", "/data/loudou.db", "/console/..%2fopenapi.json"} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			for _, token := range []string{"", "Bearer " + phone.token} {
				got := h.call(nobody, method, base+path+"?out_trade_no="+no+"&status=paid", `{"out_trade_no":"`+no+`"}`, "Authorization", token)
				if got.Status/100 == 2 && !bytes.Contains(got.Body, []byte("<!doctype html")) || got.Status >= 500 {
					t.Errorf("%s %s: %d %.200s", method, path, got.Status, got.Body)
				}
			}
		}
	}
	if n := h.Count("SELECT COUNT(*) FROM orders WHERE status <> 'pending'"); n != 0 {
		t.Errorf("%d orders are no longer pending", n)
	}
	Check(t, h)
}

// Attacks 12, 13 and 33. A price in the body is nothing; another's order is no order, byte for byte; a number
// that is none is 400 or 404.
// Selling checks 1 and 29.
func TestAnOrderIsTheServersAndTheBuyers(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		a, b := h.Phone(), h.Phone()
		id := string(must(json.Marshal(course)))
		got := a.Call("POST", "/orders", `{"course_id":`+id+`,"via":"jsapi","price":1,"amount":1,"total":1,"discount":9899,"status":"paid","user_id":7,"out_trade_no":"mine"}`, "Idempotency-Key", uuid.NewString())
		if got.Status != 201 || got.Number("amount") != 9900 || got.Get("status") != "pending" {
			t.Errorf("a price in the body: %d %s", got.Status, got.Body)
		}
		no, _ := got.Get("out_trade_no").(string)
		unknown := strings.Repeat("0", len(no))
		for _, x := range []struct{ method, tail, body string }{{"GET", "", ""}, {"POST", "/cancel", ""}, {"POST", "/refund-requests", `{"reason":"x"}`}, {"DELETE", "/refund-requests", ""}} {
			theirs, none := b.Call(x.method, "/orders/"+no+x.tail, x.body), b.Call(x.method, "/orders/"+unknown+x.tail, x.body)
			same := func(s []byte) string { return strings.ReplaceAll(string(s), no, unknown) }
			if theirs.Status != 404 || none.Status != 404 || same(theirs.Body) != same(none.Body) {
				t.Errorf("%s %s: %d %s, unknown %d %s", x.method, x.tail, theirs.Status, theirs.Body, none.Status, none.Body)
			}
		}
		for _, bad := range []string{"-1", "0", "9223372036854775808", `"1 or 1=1"`, "[1]", "null", "1.5", "1e308", "9007199254740993", "99999999"} {
			if got := b.Call("POST", "/orders", `{"course_id":`+bad+`}`, "Idempotency-Key", uuid.NewString()); got.Status != 400 && got.Status != 404 {
				t.Errorf("course_id %s: %d %s", bad, got.Status, got.Body)
			}
		}
		for _, query := range []string{"page_size=0", "page_size=-1", "page_size=1000000000", "page_size=NaN", "page_token=xx", "page_size=9223372036854775808"} {
			if got := a.Call("GET", "/orders?"+query, ""); got.Status != 400 {
				t.Errorf("orders?%s: %d %s", query, got.Status, got.Body)
			}
		}
		for _, path := range []string{"/courses/-1", "/courses/9223372036854775808", "/courses/x", "/courses/1%20or%201=1", "/lessons/-0.5"} {
			if got := a.Call("GET", path, ""); got.Status != 400 && got.Status != 404 {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
		}
		Check(t, h)
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err) // a number always has JSON
	}
	return b
}
