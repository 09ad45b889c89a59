package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func TestFigures(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		b, taken := h.as("boss"), events(db)
		if err := db.Exec("INSERT INTO courses (appid, title, intro, cover, category, teacher, price, status, goods_id, goods_status, goods_error, version, updated_by, created_at, updated_at) VALUES ('wxmini', '写作课', '', '', '', '', 1, 'published', '', '', '', 1, '', '2026-01-01 00:00:00', '2026-01-01 00:00:00')").Error; err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
		for i, e := range []model.Event{
			{Type: model.EventArticleClick}, {Type: model.EventCourseView, CourseID: 1, Seconds: 30}, {Type: model.EventOrderCreate, CourseID: 1}, {Type: model.EventPaid, CourseID: 1, Amount: 19900, OutTradeNo: "N1"},
		} {
			e.Key, e.AppID, e.PersonID, e.OccurredAt = fmt.Sprint("t:", i), "mini", 7, at.Add(time.Duration(i)*time.Minute)
			if err := db.Transaction(func(tx *gorm.DB) error { return taken.Add(tx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := taken.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		const query = `{"from":"2026-03-02","to":"2026-03-08","steps":[{"type":"course_view","course_id":1},{"type":"paid"}]`
		week := "from=2026-03-02&to=2026-03-08"
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			want                     string
		}{
			{"account", "GET", "/kpi?" + week, "", 200, `"gmv":{"value":19900,"state":"final"`},
			{"a rate", "GET", "/kpi?" + week, "", 200, `"repurchase_rate":{"value":0,"numerator":0,"denominator":1`},
			{"followers are WeChat's", "GET", "/kpi?" + week, "", 200, `"followers_total":{"value":null,"state":"missing"`},
			{"course", "GET", "/courses/1/kpi?" + week, "", 200, `"course_views":{"value":1`},
			{"no such course", "GET", "/courses/9/kpi?" + week, "", 404, `"not_found"`},
			{"no such article", "GET", "/articles/9/kpi?" + week, "", 404, `"not_found"`},
			{"no range", "GET", "/kpi", "", 400, `"field":"from"`},
			{"backwards", "GET", "/kpi?from=2026-03-08&to=2026-03-02", "", 400, `"field":"to"`},
			{"no such day", "GET", "/kpi?from=2026-02-30&to=2026-03-02", "", 400, `"field":"from"`},
			{"a century", "GET", "/kpi?from=2020-01-01&to=2099-12-31", "", 400, `"field":"to"`},
			{"house", "GET", "/funnel?" + week, "", 200, `"key":"paid","label":"支付","source":"ours","people":1,"events":1,"amount":19900`},
			{"house, the seam", "GET", "/funnel?" + week, "", 200, `{"key":"read","label":"阅读","source":"wechat","people":null`},
			{"house of a course", "GET", "/funnel?" + week + "&course_id=1", "", 200, `"people":1`},
			{"house, bad id", "GET", "/funnel?" + week + "&course_id=-1", "", 400, `"field":"course_id"`},
			{"live", "GET", "/live", "", 200, `"recent":[{"id":"`},
			{"live, bad since", "GET", "/live?since=abc", "", 400, `"field":"since"`},
			{"attribution", "GET", "/attribution?" + week, "", 200, `{"key":"article","orders":1,"gross":19900,"refunded":0,"net":19900}`},
			{"attribution, no such model", "GET", "/attribution?" + week + "&model=guess", "", 400, `"field":"model"`},
			{"attribution, lookback", "GET", "/attribution?" + week + "&lookback_days=-1", "", 400, `"field":"lookback_days"`},
			{"retention", "GET", "/retention?from=2026-03-02&to=2026-03-02&kind=active", "", 200, `"cohort":"2026-03-02","size":1,"cells":[{"n":1,"people":0,"state":"final"}`},
			{"left out", "GET", "/events/left-out?" + week, "", 200, `"excluded":{}`},
			{"a funnel", "POST", "/funnels/query", query + `,"window_hours":168,"order":"ordered"}`, 200, `"steps":[{"people":1,"step_rate":null},{"people":1,"step_rate":1}],"overall":1`},
			{"window zero is said", "POST", "/funnels/query", query + `,"window_hours":0}`, 200, `"steps":[{"people":1,"step_rate":null},{"people":0`},
			{"compared", "POST", "/funnels/query", query + `,"compare":true}`, 200, `"previous":{"steps":[{"people":0`},
			{"a window of -1", "POST", "/funnels/query", query + `,"window_hours":-1}`, 400, `window_hours`},
			{"one step", "POST", "/funnels/query", `{"from":"2026-03-02","to":"2026-03-08","steps":[{"type":"paid"}]}`, 400, `steps`},
			{"no such type", "POST", "/funnels/query", `{"from":"2026-03-02","to":"2026-03-08","steps":[{"type":"paid"},{"type":"x"}]}`, 400, `steps[1].type`},
			{"no such property", "POST", "/funnels/query", query + `,"same":"openid; DROP TABLE events"}`, 400, `"field":"same"`},
			{"fifty steps", "POST", "/funnels/query", `{"from":"2026-03-02","to":"2026-03-08","steps":[` + strings.Repeat(`{"type":"paid"},`, 49) + `{"type":"paid"}]}`, 400, `steps`},
			{"the people behind", "POST", "/funnels/query/people?step=2", query + `}`, 200, `{"items":[{"person_id":7,`},
			{"no such step", "POST", "/funnels/query/people?step=3", query + `}`, 400, `"field":"step"`},
			{"page made up", "POST", "/funnels/query/people?step=1&page_token=xyz", query + `}`, 400, `"field":"page_token"`},
		} {
			a := b.do(c.method, "/console/v1"+c.path, c.body)
			if a.status != c.status || !strings.Contains(a.body, c.want) {
				t.Errorf("%s: %d %s, want %d with %s", c.name, a.status, a.body, c.status, c.want)
			}
		}
		if a := h.browser().do("GET", "/console/v1/kpi?"+week, ""); a.status != http.StatusUnauthorized {
			t.Errorf("nobody: %d", a.status)
		}
	})
}
