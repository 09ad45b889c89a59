package figure

import (
	"context"
	"encoding/json"
	"fmt"

	"loudou/model"
)

// Begun tells which of the first steps of an account the house can see done. Each is a fact of the rows, not of who
// clicked what: a menu thrown away again is no longer done.
type Begun struct {
	Connected bool // WeChat's servers have reached us
	Menu      bool // a menu of ours went live
	Welcome   bool // the live replies greet whoever follows
	Course    bool // a course with lessons is on sale
	Card      bool // an article leads to a course
	Pushed    bool // an article is published, or a mass send went out
	Walked    bool // somebody came from an article
}

// Begun looks at the account's rows; mini is the Mini Program's appid.
func (s *Service) Begun(ctx context.Context, appid, mini string) (Begun, error) {
	var out Begun
	db := s.db.WithContext(ctx)
	sent := []model.BroadcastState{model.BroadcastSent, model.BroadcastDone}
	clicks := []int{model.EventArticleClick.Number(), model.EventCourseView.Number()}
	for _, q := range []struct {
		to   *bool
		sql  string
		args []any
	}{
		{&out.Connected, "SELECT 1 FROM pushes WHERE appid = ? LIMIT 1", []any{appid}},
		{&out.Menu, "SELECT 1 FROM menu_versions WHERE appid = ? LIMIT 1", []any{appid}},
		{&out.Course, "SELECT 1 FROM courses WHERE appid = ? AND status = ? AND draft_of IS NULL AND EXISTS (SELECT 1 FROM lessons WHERE lessons.course_id = courses.id) LIMIT 1", []any{mini, model.CourseOnSale}},
		{&out.Card, "SELECT 1 FROM articles WHERE appid = ? AND course_id > 0 LIMIT 1", []any{appid}},
		{&out.Pushed, "SELECT 1 FROM articles WHERE appid = ? AND state = ? LIMIT 1", []any{appid, model.ArticlePublished}},
		{&out.Pushed, "SELECT 1 FROM broadcasts WHERE appid = ? AND state IN ? LIMIT 1", []any{appid, sent}},
		{&out.Walked, "SELECT 1 FROM event_daily d JOIN articles a ON a.id = d.ref WHERE d.kind = 1 AND a.appid = ? AND d.type IN ? AND d.n > 0 LIMIT 1", []any{appid, clicks}},
	} {
		if *q.to {
			continue
		}
		var n []int
		if err := db.Raw(q.sql, q.args...).Scan(&n).Error; err != nil {
			return out, fmt.Errorf("first steps: %w", err)
		}
		*q.to = len(n) > 0
	}
	var rules []string
	if err := db.Raw("SELECT rules FROM reply_versions WHERE appid = ? ORDER BY version DESC LIMIT 1", appid).Scan(&rules).Error; err != nil {
		return out, fmt.Errorf("first steps: %w", err)
	}
	for _, text := range rules {
		var live []model.Rule
		if err := json.Unmarshal([]byte(text), &live); err != nil {
			return out, fmt.Errorf("live replies: %w", err)
		}
		for _, r := range live {
			out.Welcome = out.Welcome || r.Kind == model.RuleFollow && r.Enabled
		}
	}
	return out, nil
}
