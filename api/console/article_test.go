package console_test

import (
	"fmt"
	"strings"
	"testing"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
)

func TestArticles(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		h.add("ed", model.RoleEditor)
		h.add("rev", model.RoleReviewer)
		ed, rev := h.as("ed"), h.as("rev")
		var a struct {
			ID, Version int64
			Status      string
		}
		made := ed.do("POST", "/console/v1/articles", `{"title":"写作课上新","url":"https://mp.weixin.qq.com/s/x","course_id":null,"content":"<p onclick=\"x()\">正文</p><script>x</script>"}`)
		if made.into(t, &a); made.status != 201 || a.Status != "draft" || strings.Contains(made.body, "script") {
			t.Fatal(made)
		}
		one := fmt.Sprintf("/console/v1/articles/%d", a.ID)
		for _, c := range []struct {
			name         string
			by           *browser
			method, path string
			body         string
			status       int
			want         string
		}{
			{"id from the caller", ed, "PUT", one, `{"title":"x","id":7}`, 400, `"field":"id"`},
			{"appid", ed, "PUT", one, `{"title":"x","appid":"wx"}`, 400, `"field":"appid"`},
			{"created_at", ed, "PUT", one, `{"title":"x","created_at":"2020-01-01T00:00:00Z"}`, 400, `"field":"created_at"`},
			{"published", ed, "PUT", one, `{"title":"x","published":true}`, 400, `"field":"published"`},
			{"status by hand", ed, "PUT", one, `{"title":"x","status":"published"}`, 400, `"field":"status"`},
			{"no title", ed, "PUT", one, `{"url":"https://a.example"}`, 400, `title`},
			{"other case", ed, "PUT", one, `{"TITLE":"x"}`, 400, `invalid`},
			{"stale version", ed, "PUT", one, `{"title":"x","version":9}`, 409, `ed 在 2`},
			{"reviewer writes", rev, "PUT", one, `{"title":"x"}`, 403, `forbidden`},
			{"publish unconfirmed", ed, "POST", one + "/publish", ``, 409, `not_confirmed`},
			{"author confirms", ed, "POST", one + "/confirm", `{}`, 200, `"status":"waiting"`},
			{"author again", ed, "POST", one + "/confirm", `{}`, 409, `already_confirmed`},
			{"still one", ed, "POST", one + "/publish", `{}`, 409, `现在有 1 位`},
			{"version not seen", rev, "POST", one + "/confirm", `{"version":8}`, 409, `"code":"version"`},
			{"reviewer confirms", rev, "POST", one + "/confirm", `{"version":1,"comment":"可以"}`, 200, `"status":"confirmed"`},
			{"reviewer publishes", rev, "POST", one + "/publish", ``, 403, `forbidden`},
			{"publish", ed, "POST", one + "/publish", ``, 200, `"status":"published"`},
			{"list", ed, "GET", "/console/v1/articles?status=published", ``, 200, `"title":"写作课上新"`},
			{"page size 0", ed, "GET", "/console/v1/articles?page_size=0", ``, 400, `page_size`},
			{"page size huge", ed, "GET", "/console/v1/articles?page_size=1000000000", ``, 400, `page_size`},
			{"token made up", ed, "GET", "/console/v1/articles?page_token=xyz", ``, 400, `page_token`},
			{"unknown", ed, "GET", "/console/v1/articles/999", ``, 404, `not_found`},
			{"id over 2^53", ed, "GET", "/console/v1/articles/9007199254740993", ``, 400, `invalid`},
			{"id of letters", ed, "GET", "/console/v1/articles/1%20or%201=1", ``, 400, `invalid`},
		} {
			if got := c.by.do(c.method, c.path, c.body); got.status != c.status || !strings.Contains(got.body, c.want) {
				t.Errorf("%s: %d %s", c.name, got.status, got.body)
			}
		}
		p := ed.do("GET", one+"/preview", "")
		if p.status != 200 || !strings.Contains(p.body, "<p>正文</p>") || !strings.HasPrefix(p.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") || strings.Contains(p.body, "onclick") {
			t.Error(p)
		}
	})
}

func TestAuditListAndFile(t *testing.T) {
	h := openHouse(t)
	boss := h.as("boss")
	for i := range 3 {
		if a := boss.do("POST", "/console/v1/articles", fmt.Sprintf(`{"title":"=HYPERLINK(%d)"}`, i)); a.status != 201 {
			t.Fatal(a)
		}
	}
	var page struct {
		Items []struct{ ID int64 }
		Next  string `json:"next_page_token"`
	}
	a := boss.do("GET", "/console/v1/audit?object=article&page_size=2", "")
	if a.into(t, &page); a.status != 200 || len(page.Items) != 2 || page.Next == "" {
		t.Fatal(a)
	}
	a = boss.do("GET", "/console/v1/audit?object=article&page_size=2&page_token="+page.Next, "")
	if a.into(t, &page); len(page.Items) != 1 || page.Next != "" {
		t.Error(a.body)
	}
	for query, want := range map[string]int{"from=2026-02-30": 400, "from=2026-03-02&to=2026-03-01": 400, "operator=%27%20or%201=1%20--": 200, "from=2026-01-01&to=2099-01-01": 200} {
		if a := boss.do("GET", "/console/v1/audit?"+query, ""); a.status != want {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	f := boss.do("GET", "/console/v1/audit.csv?object=article", "")
	if f.status != 200 || !strings.HasPrefix(f.body, "\ufeff编号,") || strings.Count(f.body, "\r\n") != 4 || !strings.HasPrefix(f.header.Get("Content-Disposition"), "attachment") {
		t.Error(f)
	}
}
