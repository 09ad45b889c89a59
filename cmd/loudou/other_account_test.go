package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/event"
)

// planted is a number no row of ours has.
const planted = 1_000_000_000

// Rows of another account in the same database are not there for ours: no list, no page, no file, no number shows them.
// Every table with an appid is planted, events under another account's number.
func TestRowsOfAnotherAccount(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		db := d.houses[0].db
		d.rule(courses)
		d.publish()
		d.fake.Follow("oFanAlpha", "")
		d.until("a fan", func() bool { return d.count("SELECT COUNT(*) FROM followers") == 1 })
		article := d.article("写作课开班")
		course := int64(d.call("POST", "/courses", `{"title":"写作课","price":0}`, 201)["id"].(float64))
		d.call("POST", fmt.Sprintf("/courses/%d/lessons", course), `{"title":"第一课","kind":"text","content":"正文"}`, 201)
		d.call("POST", fmt.Sprintf("/courses/%d/publish", course), `{}`, 200)
		d.call("POST", "/scene-codes", `{"scene":"poster-1","permanent":true}`, 201)
		d.call("POST", "/campaigns", `{"name":"春季","from":"2026-11-01","to":"2026-12-31"}`, 201)
		d.call("POST", "/coupons", `{"code":"SPRING","name":"春季券","off":100,"stock":10,"per_person":1,"starts_at":"2026-01-01T00:00:00+08:00","ends_at":"2036-01-01T00:00:00+08:00"}`, 201)
		phone := caller{t: t, base: d.urls[0] + "/mini/v1", http: &http.Client{}, header: map[string]string{}}
		phone.header["Authorization"] = "Bearer " + phone.want(200, "POST", "/session", map[string]any{"code": d.fake.LoginCode("oA"), "platform": "android"}).text("token")
		phone.want(201, "POST", "/orders", map[string]any{"course_id": course}, "Idempotency-Key", "k1")
		d.until("opened", func() bool { return d.count("SELECT COUNT(*) FROM grants WHERE status = 'active'") == 1 })

		// What the visit above set in motion has to be through: jobs, and the events that are told a moment later.
		before := d.walk(t, article, course)
		d.until("all is quiet", func() bool {
			last := before
			before = d.walk(t, article, course)
			return d.count("SELECT COUNT(*) FROM jobs WHERE state <> 'dead' AND run_at <= ?", d.houses[0].clock.now().Add(time.Minute).UTC()) == 0 && differs(last, before) == ""
		})
		tables := plant(t, db)
		today := model.DayNumber(d.houses[0].clock.now()) // roll up what was planted
		if err := d.houses[0].events.Reconcile(t.Context(), []int{today}, false, func(event.Difference) {}); err != nil {
			t.Fatal(err)
		}
		if n := d.count("SELECT SUM(n) FROM event_daily WHERE kind = 0 AND ref = '@7'"); n == 0 || n != d.count("SELECT SUM(n) FROM event_daily WHERE kind = 0 AND ref = ''") {
			t.Errorf("the other account's events are rolled up as %d", n)
		}
		for _, must := range []string{"articles", "campaigns", "coupons", "courses", "followers", "follower_changes", "grants", "learners", "lessons", "events", "orders", "pushes", "reply_rules", "scene_codes", "audit_entries"} {
			if !slices.Contains(tables, must) {
				t.Errorf("no row of %s was planted: the walk proves nothing of it", must)
			}
		}
		after := d.walk(t, article, course)
		number := regexp.MustCompile(`"[a-z_]*id":\s*1000000\d{3}`)
		for path, a := range after {
			// What the walk itself wrote down has numbers after the planted ones.
			if strings.Contains(a, "外户") || number.MatchString(a) && !strings.Contains(path, "/audit") {
				t.Errorf("GET %s shows another account's row: %.300s", path, a)
			}
		}
		if d := differs(before, after); d != "" {
			t.Errorf("another account's rows are counted:%s", d)
		}
		for _, path := range []string{"/articles/%d", "/courses/%d", "/followers/%d", "/scene-codes/%d", "/campaigns/%d", "/replies/%d", "/courses/%d/kpi?from=2026-11-01&to=2026-11-02", "/articles/%d/kpi?from=2026-11-01&to=2026-11-02", "/courses/%d/quality/people?part=learners&from=2026-11-01&to=2026-11-02"} {
			if status := d.status(d.urls[0], "/console/v1"+fmt.Sprintf(path, planted+1)); status != http.StatusNotFound {
				t.Errorf("GET %s of another account: %d", path, status)
			}
		}
		d.tryAll(t, db, tables)
		var foreign model.Order
		if err := db.Where("id > ?", planted).Take(&foreign).Error; err != nil {
			t.Fatal(err)
		}
		if status := d.status(d.urls[0], "/console/v1/orders/"+foreign.OutTradeNo); status != http.StatusNotFound {
			t.Errorf("an order of another account: %d", status)
		}
		if r := phone.do("POST", "/orders", map[string]any{"course_id": planted + course}, "Idempotency-Key", "k2"); r.status != http.StatusNotFound {
			t.Errorf("a course of another account is sold: %d %s", r.status, r.raw)
		}
		if r := phone.do("GET", fmt.Sprintf("/courses/%d", planted+course), nil); r.status != http.StatusNotFound {
			t.Errorf("a course of another account is shown: %d", r.status)
		}
		if r := phone.do("GET", "/courses", nil); strings.Contains(r.raw, "外户") {
			t.Errorf("the catalogue shows another account's course: %s", r.raw)
		}
	})
}

// tryAll calls every door of the console that changes something of a thing, with planted things and bodies as the OpenAPI
// document wants them. None may answer that it did, and no planted row may change.
func (d *desk) tryAll(t *testing.T, db *gorm.DB, tables []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody *struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal([]byte(d.fetch(t, "/openapi.json")), &doc); err != nil {
		t.Fatal(err)
	}
	var body func(schema map[string]any, deep int) any
	body = func(schema map[string]any, deep int) any {
		if ref, ok := schema["$ref"].(string); ok {
			schema = doc.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]]
		}
		if list, ok := schema["enum"].([]any); ok && len(list) > 0 {
			return list[0]
		}
		kind := schema["type"]
		if kinds, ok := kind.([]any); ok && len(kinds) > 0 {
			kind = kinds[0]
		}
		switch kind {
		case "object":
			out := map[string]any{}
			props, _ := schema["properties"].(map[string]any)
			required, _ := schema["required"].([]any)
			for _, name := range required {
				if p, ok := props[name.(string)].(map[string]any); ok && deep < 4 {
					out[name.(string)] = body(p, deep+1)
				}
			}
			return out
		case "array":
			items, _ := schema["items"].(map[string]any)
			if deep < 4 && items != nil {
				return []any{body(items, deep+1)}
			}
			return []any{}
		case "integer", "number":
			return 1
		case "boolean":
			return true
		}
		if schema["format"] == "date-time" {
			return "2026-12-01T08:00:00+08:00"
		}
		return "改过"
	}
	before := plantedRows(t, db, tables)
	called := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if method == "get" || !strings.HasPrefix(path, "/console/") || !strings.Contains(path, "{") {
				continue
			}
			url := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, fmt.Sprint(planted+1))
			text := ""
			if op.RequestBody != nil {
				raw, err := json.Marshal(body(op.RequestBody.Content["application/json"].Schema, 0))
				if err != nil {
					t.Fatal(err)
				}
				text = string(raw)
			}
			req, err := http.NewRequest(strings.ToUpper(method), d.urls[0]+url, strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			req.Header.Set("X-CSRF-Token", d.csrf)
			res, err := d.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			said, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			called++
			gone := method == "delete" && res.StatusCode == http.StatusNoContent // there is none, which is what was asked for
			if (res.StatusCode < 400 || res.StatusCode >= 500) && !gone {
				t.Errorf("%s %s with %.200s: %d %.200s", strings.ToUpper(method), path, text, res.StatusCode, said)
			}
		}
	}
	if called < 80 {
		t.Fatalf("only %d doors were tried", called)
	}
	after := plantedRows(t, db, tables)
	for table, was := range before {
		if after[table] != was {
			t.Errorf("planted rows of %s were changed:\n%s\n%s", table, was, after[table])
		}
	}
}

// plantedRows writes down the rows of another account.
func plantedRows(t *testing.T, db *gorm.DB, tables []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, table := range tables {
		var rows []map[string]any
		if err := db.Table(table).Where("appid = 'wxother'").Order("1").Find(&rows).Error; err != nil {
			t.Fatal(err)
		}
		lines := make([]string, 0, len(rows))
		for _, r := range rows {
			lines = append(lines, fmt.Sprint(r))
		}
		slices.Sort(lines)
		out[table] = strings.Join(lines, "\n")
	}
	return out
}

// walk reads every door of the console that only looks, by the OpenAPI document.
func (d *desk) walk(t *testing.T, article, course int64) map[string]string {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Required bool
				Schema   struct{ Enum []any }
			}
		}
	}
	if err := json.Unmarshal([]byte(d.fetch(t, "/openapi.json")), &doc); err != nil {
		t.Fatal(err)
	}
	fixed := map[string]string{"from": "2026-11-01", "to": "2026-12-31", "page_size": "100", "since": "0", "month": "2026-11", "date": "2026-11-02"}
	out := map[string]string{}
	for path, methods := range doc.Paths {
		op, looks := methods["get"]
		if !looks || !strings.HasPrefix(path, "/console/") || strings.Contains(path, "stream") {
			continue
		}
		id := int64(1)
		if strings.Contains(path, "/courses/") {
			id = course
		} else if strings.Contains(path, "/articles/") {
			id = article
		}
		url := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, fmt.Sprint(id))
		var query []string
		for _, p := range op.Parameters {
			v, known := fixed[p.Name]
			if p.In == "query" && !known && p.Required && len(p.Schema.Enum) > 0 {
				v, known = fmt.Sprint(p.Schema.Enum[0]), true
			}
			if p.In == "query" && known {
				query = append(query, p.Name+"="+v)
			}
		}
		if len(query) > 0 {
			url += "?" + strings.Join(query, "&")
		}
		out[url] = d.fetch(t, url)
	}
	day := model.Day(d.houses[0].clock.now())
	said, err := json.Marshal(d.call("POST", "/funnels/query", strings.ReplaceAll(`{"steps":[{"type":"follow"},{"type":"paid"}],"from":"DAY","to":"DAY","window_hours":168,"order":"any"}`, "DAY", day), 200))
	if err != nil {
		t.Fatal(err)
	}
	out["POST /funnels/query from="+day] = string(said)
	if len(out) < 80 {
		t.Fatalf("only %d doors were walked through", len(out))
	}
	return out
}

func (d *desk) fetch(t *testing.T, path string) string {
	t.Helper()
	res, err := d.http.Get(d.urls[0] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 500 {
		t.Errorf("GET %s: %d %s", path, res.StatusCode, raw)
	}
	return string(raw)
}

// differs names the doors whose answers count something else; the trail of the walk itself, work and overlap, which go on by
// themselves, are left out.
func differs(before, after map[string]string) string {
	out := ""
	for path, a := range after {
		of := counts
		if strings.Contains(path, "from=") { // figures of a span: nothing of them moves
			of = figures
		}
		if moving := strings.Contains(path, "/audit") || strings.Contains(path, "/jobs") || strings.Contains(path, "/overlap"); !moving && of(before[path]) != of(a) {
			was, is := of(before[path]), of(a)
			at := 0 // where they part
			for at < min(len(was), len(is)) && was[at] == is[at] {
				at++
			}
			at = max(0, at-100)
			out += fmt.Sprintf("\n%s:\n…%.400s\n…%.400s", path, was[at:], is[at:])
		}
	}
	return out
}

// counts is what of an answer tells how many there are: lengths of lists and whole numbers under names that count.
func counts(answer string) string {
	found := regexp.MustCompile(`"(total|count|open|waiting|items_total|paid_without_grant|grant_without_reason|orders|gross|net)":\s*-?\d+`).FindAllString(answer, -1)
	return strings.Join(found, " ") + fmt.Sprintf(" ids %d", strings.Count(answer, `"id":`))
}

// figures is an answer without the moments it was made at.
func figures(answer string) string {
	return regexp.MustCompile(`"[a-z_]*(at|as_of|since|now|asof)":\s*"[^"]*"`).ReplaceAllString(answer, "")
}

// plant copies every row with an appid to another account: other numbers, other keys, its texts marked. It names the tables that got rows.
func plant(t *testing.T, db *gorm.DB) (tables []string) {
	t.Helper()
	all, err := db.Migrator().GetTables()
	if err != nil {
		t.Fatal(err)
	}
	marked := []string{"title", "name", "content", "nickname", "remark", "summary", "text", "operator_name"}
	for _, table := range all {
		if table == "accounts" || !db.Migrator().HasColumn(table, "appid") {
			continue
		}
		indexes, err := db.Migrator().GetIndexes(table)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, x := range indexes {
			if unique, _ := x.Unique(); unique {
				keys = append(keys, x.Columns()...)
			}
		}
		var rows []map[string]any
		if err := db.Table(table).Where("appid <> ''").Find(&rows).Error; err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if table == "events" {
				r["account"], r["uid"] = 7, []byte(fmt.Sprintf("%016d", r["id"]))
			}
			for k, v := range r {
				if b, ok := v.([]byte); ok && k != "push_key" && k != "uid" {
					v = string(b)
				}
				switch x := v.(type) {
				case int64:
					if (k == "id" || strings.HasSuffix(k, "_id")) && k != "person_id" && x > 0 { // a human is one in every account
						r[k] = x + planted
					}
				case uint64:
					if (k == "id" || strings.HasSuffix(k, "_id")) && k != "person_id" && x > 0 { // a human is one in every account
						r[k] = x + planted
					}
				case string:
					switch {
					case k == "appid":
						r[k] = "wxother"
					case slices.Contains(marked, k):
						r[k] = x + "外户"
					case k == "openid":
						r[k] = "x" + x
					case slices.Contains(keys, k) && x != "" && !slices.Contains([]string{"kind", "type", "status", "via", "state", "language"}, k):
						r[k] = x[:len(x)-1] + "~"
					}
				}
			}
			if err := db.Table(table).Create(r).Error; err != nil {
				t.Logf("%s: a row was not planted: %v", table, err) // a key this copy has not made another of
			} else if !slices.Contains(tables, table) {
				tables = append(tables, table)
			}
		}
	}
	return tables
}
