package storytest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Attacks 31 and 32 at the door of events: each is judged alone, no counter is born for what does not exist,
// and times are put right or refused.
func TestOddEvents(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		phone := h.Phone()
		at := time.Now().UTC()
		send := func(sent string, events ...string) Answer {
			return phone.Call("POST", "/events", `{"sent_at":"`+sent+`","events":[`+strings.Join(events, ",")+`]}`)
		}
		one := func(id, change string) string {
			return fmt.Sprintf(`{"id":"%s","type":"course_view","occurred_at":"%s","course_id":%d%s}`, id, at.Format(time.RFC3339), course, change)
		}
		id := func() string { return uuid.Must(uuid.NewV7()).String() }
		sent := at.Format(time.RFC3339)
		for change, reason := range map[string]string{
			`,"course_id":999999`: "unknown_course", `,"type":"paid"`: "server_type", `,"type":"x"`: "bad_type", `,"id":"x"`: "bad_id", `,"props":{"x":"` + strings.Repeat("y", 64<<10) + `"}`: "too_large",
			`,"occurred_at":"2026-02-30T00:00:00Z"`: "bad_time", `,"occurred_at":"2026-03-01T23:59:60Z"`: "bad_time", `,"occurred_at":"2026-03-01T00:00:00"`: "bad_time", `,"occurred_at":"2026-03-01T00:00:00+25:00"`: "bad_time",
			`,"course_id":-1`: "bad_field", `,"course_id":1e308`: "bad_field", `,"course_id":9007199254740993`: "", `,"seconds":-5`: "bad_field", `,"seconds":1e9`: "bad_field",
		} {
			a := send(sent, one(id(), change))
			if rejected, _ := a.Get("rejected").([]any); a.Status != 200 || len(rejected) != 1 || !strings.Contains(string(a.Body), reason) {
				t.Errorf("%.60s: %d %s, want %s", change, a.Status, a.Body, reason)
			}
		}
		if n := h.Count("SELECT COUNT(*) FROM events"); n != h.Count("SELECT COUNT(*) FROM events WHERE course_id = 0") {
			t.Errorf("%d of them are stored", n)
		}
		var many []string
		for range 51 {
			many = append(many, one(id(), ""))
		}
		for name, a := range map[string]Answer{"none": send(sent), "51": send(sent, many...), "no list": phone.Call("POST", "/events", `{"events":{}}`), "no JSON": phone.Call("POST", "/events", `{`)} {
			if a.Status != 400 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
		same := id()
		for i, want := range []float64{1, 0} {
			if a := send(sent, one(same, `,"channel":"`+fmt.Sprint("c", i)+`"`), one(same, `,"channel":"other"`)); a.Status != 200 || a.Get("accepted") != want {
				t.Errorf("the same id, time %d: %s", i, a.Body)
			}
		}
		if other := h.Phone(); other.Call("POST", "/events", `{"sent_at":"`+sent+`","events":[`+one(same, `,"channel":"theirs"`)+`]}`).Get("accepted") != 0.0 {
			t.Error("another person's id was taken")
		}
		if n := h.Count("SELECT COUNT(*) FROM events WHERE channel = 'c0'"); n != 1 {
			t.Error("the first content does not win")
		}
		// A phone three years fast is put right by its own clock; 1970 and forty days ago are kept, not counted.
		fast := at.AddDate(3, 0, 0).Format(time.RFC3339)
		h.must(200, send(fast, fmt.Sprintf(`{"id":"%s","type":"course_view","occurred_at":"%s","course_id":%d,"channel":"fast"}`, id(), fast, course)))
		for _, old := range []string{"1970-01-01T00:00:00Z", at.AddDate(0, 0, -40).Format(time.RFC3339)} {
			h.must(200, send(sent, fmt.Sprintf(`{"id":"%s","type":"course_view","occurred_at":"%s","course_id":%d,"channel":"old"}`, id(), old, course)))
		}
		if n := h.Count("SELECT COUNT(*) FROM events WHERE channel = 'fast' AND occurred_at BETWEEN ? AND ?", at.Add(-time.Hour).UnixMilli(), at.Add(time.Hour).UnixMilli()); n != 1 {
			t.Error("a phone three years fast is not put right")
		}
		h.Until("all is counted", 10*time.Second, func() bool { return h.Count("SELECT COUNT(*) FROM event_batches WHERE counted = 0") == 0 })
		if n := h.Count("SELECT COUNT(*) FROM event_daily WHERE ref = '999999'"); n != 0 {
			t.Error("a counter was born for a course that does not exist")
		}
		if n := h.Count("SELECT COUNT(*) FROM events WHERE channel = 'old' AND excluded = 0"); n != 0 {
			t.Errorf("%d old events move a closed report", n)
		}
		Check(t, h)
	})
}

// hostile are the numbers of attack 33.
var hostile = []string{"-1", "0", "1e308", "NaN", "9007199254740993", "-0", "2147483648", "9223372036854775808", "1000000000", "1.5", "'", "%00", "true"}

// Attack 33. Every parameter and every number of every body of the document gets numbers that are none:
// never 500, and 400 for a page that cannot be.
func TestHostileNumbersEverywhere(t *testing.T) {
	both(t, func(t *testing.T, o Options) {
		h := Open(t, binary, o)
		course := h.Course()
		phone := h.Phone()
		no := phone.ordered(course)
		var doc document
		a := h.call(h.desk, "GET", h.All[0].URL()+"/openapi.json", "")
		if err := json.Unmarshal(a.Body, &doc); err != nil {
			t.Fatal(err)
		}
		n := 0
		ask := func(method, path, body string) Answer {
			n++
			address := h.All[0].URL() + path
			if strings.HasPrefix(path, "/mini/") {
				return h.call(phone.client, method, address, body, "Authorization", "Bearer "+phone.token, "Idempotency-Key", uuid.NewString())
			}
			return h.call(h.desk, method, address, body, "X-CSRF-Token", h.csrf, "Idempotency-Key", uuid.NewString())
		}
		bad := func(a Answer, what ...any) {
			if a.Status == 0 || a.Status >= 500 {
				t.Errorf("%v: %d %.200s", what, a.Status, a.Body)
			}
		}
		for path, item := range doc.Paths {
			if strings.HasSuffix(path, "/logout") || strings.HasSuffix(path, "/me") || strings.HasSuffix(path, "/login") || strings.HasSuffix(path, "/session") || strings.HasSuffix(path, "/password") {
				continue
			}
			filled := strings.NewReplacer("{out_trade_no}", no, "{no}", no, "{id}", fmt.Sprint(course)).Replace(path)
			for strings.Contains(filled, "{") {
				i, j := strings.IndexByte(filled, '{'), strings.IndexByte(filled, '}')
				filled = filled[:i] + "1" + filled[j+1:]
			}
			for method, op := range item {
				method = strings.ToUpper(method)
				for _, p := range op.Parameters {
					for _, v := range hostile {
						switch p.In {
						case "query":
							a := ask(method, filled+"?"+url.Values{p.Name: {v}}.Encode(), "")
							bad(a, method, path, p.Name, v)
							if p.Name == "page_size" && v != "-0" && a.Status != 400 && method == "GET" {
								t.Errorf("%s %s page_size %s: %d", method, path, v, a.Status)
							}
						case "path":
							bad(ask(method, strings.Replace(path, "{"+p.Name+"}", url.PathEscape(v), 1), "{}"), method, path, p.Name, v)
						}
					}
				}
				for _, field := range doc.numbers(op) {
					for _, v := range hostile[:len(hostile)-3] {
						if v == "NaN" {
							v = `"NaN"`
						}
						bad(ask(method, filled, `{"`+field+`":`+v+`}`), method, path, field, v)
					}
				}
			}
		}
		if n < 500 {
			t.Errorf("only %d requests", n)
		}
		for _, query := range []string{"?from=2026-11-25&to=2026-11-24", "?from=2026-02-30", "?from=9999-99-99"} {
			for _, path := range []string{"/orders", "/figures/account"} {
				if a := h.Console("GET", path+query, ""); a.Status != 400 && a.Status != 404 {
					t.Errorf("%s%s: %d %s", path, query, a.Status, a.Body)
				}
			}
		}
		Check(t, h)
	})
}

// document is what of the OpenAPI file is looked at.
type document struct {
	Paths map[string]map[string]operation `json:"paths"`
	Parts struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Parameters []struct{ Name, In string } `json:"parameters"`
	Body       struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type schema struct {
	Ref        string                     `json:"$ref"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// numbers names the numeric fields of an operation's body.
func (d document) numbers(op operation) (out []string) {
	for _, c := range op.Body.Content {
		s := c.Schema
		if s.Ref != "" {
			s = d.Parts.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
		}
		for name, p := range s.Properties {
			if strings.Contains(string(p), `"integer"`) || strings.Contains(string(p), `"number"`) {
				out = append(out, name)
			}
		}
	}
	return out
}
