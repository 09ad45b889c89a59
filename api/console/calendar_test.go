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

func TestCalendar(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		h.add("ed", model.RoleEditor)
		h.add("rev", model.RoleReviewer)
		ed, rev := h.as("ed"), h.as("rev")
		day := model.Day(time.Now().AddDate(0, 0, 1))
		var a, p struct{ ID int64 }
		ed.do("POST", "/console/v1/articles", `{"title":"写作课"}`).into(t, &a)
		made := ed.do("POST", "/console/v1/calendar/pieces", fmt.Sprintf(`{"day":%q,"slot":1,"title":"写作课上新","column":"干货","state":"layout","target_kpi":"read_rate","target":900,"hypothesis":"周一早上发更多人看","article_id":%d}`, day, a.ID))
		if made.into(t, &p); made.status != 201 || !strings.Contains(made.body, `"state":"draft"`) {
			t.Fatal(made) // the article's own state, not what was typed
		}
		one := fmt.Sprintf("/console/v1/calendar/pieces/%d", p.ID)
		monday := model.DayStart(model.DayNumber(time.Now())).AddDate(0, 0, 8-model.Weekday(model.DayNumber(time.Now())))
		week := model.Day(monday)
		for _, c := range []struct {
			name         string
			by           *browser
			method, path string
			body         string
			status       int
			want         string
		}{
			{"published by hand", ed, "POST", "/console/v1/calendar/pieces", `{"day":"` + day + `","slot":1,"title":"x","state":"published"}`, 400, `"field":"state"`},
			{"ninth place", ed, "POST", "/console/v1/calendar/pieces", `{"day":"` + day + `","slot":9,"title":"x"}`, 400, `"field":"slot"`},
			{"no day", ed, "POST", "/console/v1/calendar/pieces", `{"day":"","slot":1,"title":"x"}`, 400, `"field":"day"`},
			{"reviewer plans", rev, "POST", "/console/v1/calendar/pieces", `{"day":"` + day + `","slot":1,"title":"x"}`, 403, `forbidden`},
			{"reviewer looks", rev, "GET", "/console/v1/calendar?from=" + day + "&to=" + day, ``, 200, `"article_title":"写作课"`},
			{"reviewer moves", rev, "POST", one + "/move", `{"version":1,"day":"` + week + `","slot":2}`, 403, `forbidden`},
			{"move", ed, "POST", one + "/move", `{"version":1,"day":"` + week + `","slot":2}`, 200, `"slot":2`},
			{"move on an old page", ed, "POST", one + "/move", `{"version":1,"day":"` + day + `","slot":1}`, 409, `"code":"version"`},
			{"template", ed, "PUT", "/console/v1/calendar/template", `{"version":0,"columns":[{"weekday":1,"slot":1,"column":"干货"},{"weekday":1,"slot":2,"column":"问答"}]}`, 200, `"version":1`},
			{"gaps", rev, "GET", "/console/v1/calendar?from=" + week + "&to=" + week, ``, 200, `"gaps":[{"day":"` + week + `","slot":1`},
			{"reviewer fills", rev, "POST", "/console/v1/calendar/fill", `{"week":"` + week + `"}`, 403, `forbidden`},
			{"fill", ed, "POST", "/console/v1/calendar/fill", `{"week":"` + week + `"}`, 200, `"made":1`},
			{"fill again", ed, "POST", "/console/v1/calendar/fill", `{"week":"` + week + `"}`, 409, `filled`},
			{"remove", ed, "DELETE", one, ``, 204, ``},
			{"gone", ed, "GET", one, ``, 404, `not_found`},
		} {
			if got := c.by.do(c.method, c.path, c.body); got.status != c.status || !strings.Contains(got.body, c.want) {
				t.Errorf("%s: %d %s", c.name, got.status, got.body)
			}
		}
	})
}
