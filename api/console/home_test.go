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

// TestHomeTellsWhatWaitsForWhom: the number is the list's; of it, what one has confirmed oneself waits for others.
func TestHomeTellsWhatWaitsForWhom(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, option{})
		h.add("ed", model.RoleEditor)
		h.add("rev", model.RoleReviewer)
		h.add("eye", model.RoleViewer)
		ed, rev, eye := h.as("ed"), h.as("rev"), h.as("eye")
		day := model.Day(time.Now())
		var a struct{ ID int64 }
		ed.do("POST", "/console/v1/articles", `{"title":"写作课"}`).into(t, &a)
		ed.do("POST", fmt.Sprintf("/console/v1/articles/%d/confirm", a.ID), `{}`)
		ed.do("POST", "/console/v1/tasks", `{"title":"写稿","important":true,"urgent":true,"day":"`+day+`"}`)
		ed.do("POST", "/console/v1/tasks", `{"title":"旧事","important":true,"urgent":true,"day":"2026-01-02"}`)
		ed.do("POST", "/console/v1/calendar/pieces", fmt.Sprintf(`{"day":%q,"slot":1,"title":"今天推的","article_id":%d}`, day, a.ID))
		for _, c := range []struct {
			name string
			by   *browser
			want []string
			not  string
		}{
			{"who confirmed", ed, []string{`"mine":0`, `"title":"写稿"`, `"late":1`, `"title":"今天推的"`, `"state":"waiting"`}, ""},
			{"who has not", rev, []string{`"mine":1`, `"title":"写稿"`}, ""},
			{"who may not", eye, []string{`"count":1`}, `"mine"`},
			{"another editor's day is their own", h.as("boss"), []string{`"mine":1`, `"tasks":[]`, `"late":0`}, `写稿`},
		} {
			got := c.by.do("GET", "/console/v1/home", "")
			for _, w := range c.want {
				if got.status != 200 || !strings.Contains(got.body, w) {
					t.Errorf("%s: no %s in %d %s", c.name, w, got.status, got.body)
				}
			}
			if c.not != "" && strings.Contains(got.body, c.not) {
				t.Errorf("%s: %s in %s", c.name, c.not, got.body)
			}
		}
	})
}

// TestGuideIsPutAwayForOneself: what is done is the account's, who wants to see it is each operator's own.
func TestGuideIsPutAwayForOneself(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := shop(t, db)
		h.add("ed", model.RoleEditor)
		h.add("eye", model.RoleViewer)
		ed, eye := h.as("ed"), h.as("eye")
		var g struct {
			Steps []struct {
				Key  string `json:"key"`
				Done bool   `json:"done"`
			} `json:"steps"`
			Away bool `json:"away"`
		}
		card := func(by *browser) bool {
			t.Helper()
			by.do("GET", "/console/v1/guide", "").into(t, &g)
			if len(g.Steps) != 7 || g.Steps[0].Key != "connect" || g.Steps[4].Key != "card" {
				t.Fatalf("steps: %+v", g.Steps)
			}
			return g.Steps[4].Done
		}
		if card(ed) || g.Away {
			t.Errorf("a new account: %+v", g)
		}
		var c struct{ ID int64 }
		if got := h.as("boss").do("POST", "/console/v1/courses", `{"title":"写作课","price":9900}`); got.status != 201 {
			t.Fatal(got.status, got.body)
		} else {
			got.into(t, &c)
		}
		if got := ed.do("POST", "/console/v1/articles", fmt.Sprintf(`{"title":"带课的","course_id":%d}`, c.ID)); got.status != 201 {
			t.Fatal(got.status, got.body)
		}
		if !card(eye) || g.Away {
			t.Errorf("with a card: %+v", g)
		}
		for _, away := range []bool{true, true, false, true} {
			ed.do("PUT", "/console/v1/guide", fmt.Sprintf(`{"away":%t}`, away)).into(t, &g)
			if g.Away != away {
				t.Errorf("put away %t: %+v", away, g)
			}
		}
		if card(eye); g.Away {
			t.Error("one operator put it away for another")
		}
	})
}
