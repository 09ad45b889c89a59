package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func TestTasks(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		h.add("ed", model.RoleEditor)
		h.add("rev", model.RoleReviewer)
		ed, rev := h.as("ed"), h.as("rev")
		today := model.Day(time.Now())
		var k struct {
			ID, Version int64
		}
		made := ed.do("POST", "/console/v1/tasks", `{"title":" 写稿 ","important":true,"urgent":false,"day":"`+today+`","start":540,"estimated_minutes":90,"kpi":"read_rate"}`)
		if made.into(t, &k); made.status != 201 || !strings.Contains(made.body, `"title":"写稿"`) || !strings.Contains(made.body, `"owner":"ed"`) {
			t.Fatal(made)
		}
		one := fmt.Sprintf("/console/v1/tasks/%d", k.ID)
		for _, c := range []struct {
			name         string
			by           *browser
			method, path string
			body         string
			status       int
			want         string
		}{
			{"all faults at once", ed, "POST", "/console/v1/tasks", `{"title":" ","important":true,"urgent":true,"start":1440,"kpi":"luck"}`, 400, `"field":"kpi"`},
			{"no such day", ed, "POST", "/console/v1/tasks", `{"title":"x","important":true,"urgent":true,"day":"2026-02-30"}`, 400, `"field":"day"`},
			{"reviewer plans", rev, "POST", "/console/v1/tasks", `{"title":"x","important":true,"urgent":true}`, 403, `forbidden`},
			{"reviewer looks", rev, "GET", "/console/v1/tasks?from=" + today + "&to=" + today, ``, 200, `"title":"写稿"`},
			{"one", rev, "GET", one, ``, 200, `"start":540`},
			{"backwards", ed, "GET", "/console/v1/tasks?from=2026-03-02&to=2026-03-01", ``, 400, `"field":"to"`},
			{"a year", ed, "GET", "/console/v1/tasks?from=2026-01-01&to=2026-12-31", ``, 400, `六周`},
			{"reviewer starts", rev, "POST", one + "/start", `{"version":1}`, 403, `forbidden`},
			{"no version", ed, "POST", one + "/start", `{}`, 400, `version`},
			{"start", ed, "POST", one + "/start", `{"version":1}`, 200, `"state":"doing"`},
			{"start on an old page", ed, "POST", one + "/done", `{"version":1}`, 409, `"code":"version"`},
			{"move", ed, "POST", one + "/move", `{"version":2,"urgent":true}`, 200, `"urgent":true`},
			{"undo", ed, "POST", one + "/undo", `{"version":3}`, 200, `"urgent":false`},
			{"done", ed, "POST", one + "/done", `{"version":4}`, 200, `"state":"done"`},
			{"review", rev, "GET", "/console/v1/tasks/review?from=" + today + "&to=" + today, ``, 200, `"key":"read_rate"`},
			{"remove", ed, "POST", one + "/remove", `{"version":5}`, 200, `"undoable":true`},
			{"gone", ed, "POST", one + "/done", `{"version":6}`, 404, `not_found`},
			{"back", ed, "POST", one + "/undo", `{"version":6}`, 200, `"state":"done"`},
		} {
			if got := c.by.do(c.method, c.path, c.body); got.status != c.status || !strings.Contains(got.body, c.want) {
				t.Errorf("%s: %d %s", c.name, got.status, got.body)
			}
		}
	})
}
