package figure_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model/modeltest"
	"loudou/service/figure"
)

// Who came and left within a day of an article's mass send, not of its publishing before that, nor of somebody else's account.
func TestGrowthOfAnArticle(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db)
		a := h.article("文章甲")
		day := h.span("03-01", "03-08")
		net := func() string {
			t.Helper()
			f := h.articleFigures(a, day)
			return show(f["day_came"]) + ", " + show(f["day_left"]) + ", " + show(f["day_net"])
		}
		if got := net(); got != "– missing, – missing, – missing" {
			t.Error("not gone out:", got)
		}
		published, sent := h.when("03-02 10:00"), h.when("03-03 20:00")
		if err := db.Exec("UPDATE articles SET published_at = ?, msg_data_id = '223', msg_index = 1 WHERE id = ?", published.UTC(), a).Error; err != nil {
			t.Fatal(err)
		}
		n := 0
		change := func(appid, kind string, at time.Time) {
			n++
			h.insert("INSERT INTO follower_changes (appid, openid, kind, scene, push_key, operator_name, happened_at) VALUES (?, 'o', ?, '', ?, '', ?)", appid, kind, strings.Repeat("k", n), at.UTC())
		}
		for range 14 {
			change("official", "follow", published.Add(-5*24*time.Hour)) // one a day of two weeks
		}
		change("official", "unfollow", published.Add(-15*24*time.Hour)) // too long ago
		change("official", "follow", published)
		change("official", "follow", published.Add(24*time.Hour)) // the day is over
		change("other", "follow", published)
		change("official", "tag", published)
		if got := net(); got != "1 final, 0 final, 1 final" {
			t.Error("published:", got)
		}
		if rule := h.articleFigures(a, day)["day_came"].Rule; !strings.Contains(rule, "发布后") || !strings.Contains(rule, "每天 1.0 人") {
			t.Error(rule)
		}
		for i, at := range []time.Time{sent.Add(48 * time.Hour), sent} { // sent again to those it had not reached
			h.insert("INSERT INTO broadcast_sends (appid, broadcast_id, round, client_id, state, calls, msg_data_id, status, last_error, accepted_at, operator_id, operator, created_at) VALUES ('official', 1, ?, ?, 'done', 1, '223', '', '', ?, 1, '', ?)", i, strings.Repeat("c", i+1), at.UTC(), at.UTC())
		}
		change("official", "follow", sent.Add(time.Minute))
		change("official", "follow", sent.Add(time.Hour)) // one who comes back is one more
		for range 3 {
			change("official", "unfollow", sent.Add(24*time.Hour-time.Millisecond))
		}
		if got := net(); got != "2 final, 3 final, -1 final" {
			t.Error("sent:", got)
		}
		h.now = sent.Add(2 * time.Hour)
		if got := net(); got != "2 running, 3 running, -1 running" {
			t.Error("not over:", got)
		}
	})
}

func (h *house) articleFigures(id int64, s figure.Span) map[string]figure.Figure {
	h.t.Helper()
	f, err := h.figures.Article(h.t.Context(), id, s)
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}
