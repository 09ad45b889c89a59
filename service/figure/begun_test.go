package figure_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/figure"
)

// TestBegun: each first step is done when its row is there, and undone when it is gone; another account's do not count.
func TestBegun(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		at := time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC)
		look := func() figure.Begun {
			t.Helper()
			b, err := h.figures.Begun(t.Context(), "oa", "mp")
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		do := func(sql string, args ...any) {
			t.Helper()
			if err := db.Exec(sql, args...).Error; err != nil {
				t.Fatal(err)
			}
		}
		if got := look(); got != (figure.Begun{}) {
			t.Fatalf("a new account: %+v", got)
		}
		// The rooms that own these tables are tested at home; here a row is all that matters.
		version := func(appid string, n int, rules string) {
			do("INSERT INTO reply_versions (appid, version, note, rules, diff, operator_name, published_at) VALUES (?, ?, '', ?, '[]', '', ?)", appid, n, rules, at)
		}
		row := func(table string, values map[string]any) {
			t.Helper()
			if err := db.Table(table).Create(values).Error; err != nil {
				t.Fatal(err)
			}
		}
		article := func(appid, state string, course any) {
			row("articles", filled(t, db, at, "articles", map[string]any{"appid": appid, "state": state, "course_id": course}))
		}
		want := figure.Begun{}
		for _, step := range []struct {
			name string
			do   func()
			set  func()
		}{
			{"another account", func() {
				row("pushes", filled(t, db, at, "pushes", map[string]any{"appid": "other", "push_key": "1"}))
				row("menu_versions", filled(t, db, at, "menu_versions", map[string]any{"appid": "other", "version": 1}))
				version("other", 1, `[{"kind":"follow","enabled":true}]`)
				row("courses", filled(t, db, at, "courses", map[string]any{"id": 900, "appid": "other", "status": "on_sale"}))
				article("other", "published", 900)
			}, func() {}},
			{"a push", func() { row("pushes", filled(t, db, at, "pushes", map[string]any{"appid": "oa", "push_key": "1"})) }, func() { want.Connected = true }},
			{"a menu", func() {
				row("menu_versions", filled(t, db, at, "menu_versions", map[string]any{"appid": "oa", "version": 1}))
			}, func() { want.Menu = true }},
			{"replies without a welcome", func() { version("oa", 1, `[{"kind":"keyword","enabled":true},{"kind":"follow","enabled":false}]`) }, func() {}},
			{"a welcome", func() { version("oa", 2, `[{"kind":"follow","enabled":true}]`) }, func() { want.Welcome = true }},
			{"the welcome taken away", func() { version("oa", 3, `[]`) }, func() { want.Welcome = false }},
			{"a course without lessons", func() {
				row("courses", filled(t, db, at, "courses", map[string]any{"id": 7, "appid": "mp", "status": "on_sale"}))
			}, func() {}},
			{"its lesson", func() {
				row("lessons", filled(t, db, at, "lessons", map[string]any{"appid": "mp", "course_id": 7, "position": 1}))
			}, func() { want.Course = true }},
			{"an article without a card", func() { article("oa", "draft", nil) }, func() {}},
			{"one with a card", func() { article("oa", "draft", 7) }, func() { want.Card = true }},
			{"a mass send being written", func() {
				row("broadcasts", filled(t, db, at, "broadcasts", map[string]any{"appid": "oa", "state": "draft"}))
			}, func() {}},
			{"one sent", func() {
				row("broadcasts", filled(t, db, at, "broadcasts", map[string]any{"appid": "oa", "state": "done"}))
			}, func() { want.Pushed = true }},
			{"somebody from an article", func() {
				id := h.article("来处")
				if err := db.Exec("UPDATE articles SET appid = 'oa' WHERE id = ?", id).Error; err != nil {
					t.Fatal(err)
				}
				h.does("reader", model.EventArticleClick, "05-20 10:00", model.Event{ArticleID: id})
				h.settle()
			}, func() { want.Walked = true }},
		} {
			step.do()
			step.set()
			if got := look(); got != want {
				t.Errorf("%s: %+v, want %+v", step.name, got, want)
			}
		}
	})
}

// filled gives a row every column it must have: what the test does not say is nothing.
func filled(t *testing.T, db *gorm.DB, at time.Time, table string, values map[string]any) map[string]any {
	t.Helper()
	columns, err := db.Migrator().ColumnTypes(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		null, _ := c.Nullable()
		if _, said := values[c.Name()]; said || null || c.Name() == "id" {
			continue
		}
		switch kind := strings.ToLower(c.DatabaseTypeName()); {
		case strings.Contains(kind, "int"), strings.Contains(kind, "bool"), strings.Contains(kind, "real"), strings.Contains(kind, "double"), strings.Contains(kind, "decimal"):
			values[c.Name()] = 0
		case strings.Contains(kind, "date"):
			values[c.Name()] = at
		case strings.Contains(kind, "json"):
			values[c.Name()] = "{}"
		default:
			values[c.Name()] = ""
		}
	}
	return values
}
