package figure

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"loudou/model"
)

// fanEvents are what the Mini Program and our links tell of a fan; who plays a lesson sends too many to read.
var fanEvents = []model.EventType{
	model.EventMPOpen, model.EventArticleClick, model.EventCourseView, model.EventTrialPlay, model.EventLessonFinish, model.EventExercise, model.EventComment,
	model.EventSearch, model.EventShare, model.EventCampaignSeen, model.EventCampaignJoin, model.EventCampaignDone, model.EventLinkClick,
}

// Fan tells what a fan did and was told, in both apps and under every number of the person, the latest
// first, before an instant (nil: from now). Lines of one instant are never parted, so a page may be longer than
// limit; next is where to go on, nil at the end.
func (s *Service) Fan(ctx context.Context, f model.Follower, before *time.Time, limit int) (lines []model.FanLine, next *time.Time, err error) {
	end := s.now().Add(time.Hour) // a phone's clock may be ahead
	if before != nil {
		end = *before
	}
	end = model.Milli(end)
	persons, err := s.numbers(ctx, f.PersonID)
	if err != nil {
		return nil, nil, err
	}
	for _, read := range []func(context.Context, model.Follower, []int64, time.Time, int) ([]model.FanLine, error){
		s.fanChanges, s.fanScans, s.fanPushes, s.fanReplies, s.fanEvents, s.fanOrders,
	} {
		more, err := read(ctx, f, persons, end, limit+1)
		if err != nil {
			return nil, nil, fmt.Errorf("story of follower %d: %w", f.ID, err)
		}
		lines = append(lines, more...)
	}
	slices.SortStableFunc(lines, func(a, b model.FanLine) int { return b.At.Compare(a.At) })
	if len(lines) <= limit {
		return lines, nil, nil
	}
	n := limit
	for n < len(lines) && lines[n].At.Equal(lines[limit-1].At) {
		n++
	}
	if n == len(lines) {
		return lines, nil, nil
	}
	last := lines[n-1].At
	return lines[:n], &last, nil
}

// numbers are all those the human behind a person is known under.
func (s *Service) numbers(ctx context.Context, person int64) ([]int64, error) {
	if person == 0 {
		return nil, nil
	}
	people, err := s.people.People(ctx)
	if err != nil {
		return nil, err
	}
	c := person
	if to, ok := people.Links[c]; ok {
		c = to
	}
	out := []int64{c}
	var linked []int64
	if err := s.db.WithContext(ctx).Raw("SELECT person_id FROM person_links WHERE canonical_id = ?", c).Scan(&linked).Error; err != nil {
		return nil, fmt.Errorf("numbers of person %d: %w", person, err)
	}
	return append(out, linked...), nil
}

func (s *Service) fanChanges(ctx context.Context, f model.Follower, _ []int64, end time.Time, n int) (out []model.FanLine, err error) {
	var rows []struct {
		Kind, Scene, OperatorName string
		HappenedAt                time.Time
	}
	err = s.db.WithContext(ctx).Raw("SELECT kind, scene, operator_name, happened_at FROM follower_changes WHERE appid = ? AND openid = ? AND happened_at < ? ORDER BY happened_at DESC, id DESC LIMIT ?",
		f.AppID, string(f.OpenID), end, n).Scan(&rows).Error
	for _, r := range rows {
		out = append(out, model.FanLine{At: r.HappenedAt.UTC(), Kind: r.Kind, Text: r.Scene, By: r.OperatorName})
	}
	return out, err
}

// fanScans are those of a fan who followed already: the others are follows.
func (s *Service) fanScans(ctx context.Context, f model.Follower, _ []int64, end time.Time, n int) (out []model.FanLine, err error) {
	var rows []struct {
		Scene      string
		HappenedAt time.Time
	}
	err = s.db.WithContext(ctx).Raw("SELECT scene, happened_at FROM scene_scans WHERE appid = ? AND openid = ? AND new_fan = ? AND happened_at < ? ORDER BY happened_at DESC LIMIT ?",
		f.AppID, string(f.OpenID), false, end, n).Scan(&rows).Error
	for _, r := range rows {
		out = append(out, model.FanLine{At: r.HappenedAt.UTC(), Kind: string(model.EventScan), Text: r.Scene})
	}
	return out, err
}

var pushNames = map[string]string{
	"image": "[图片]", "voice": "[语音]", "video": "[视频]", "shortvideo": "[小视频]", "location": "[位置]", "link": "[链接]", "miniprogrampage": "[小程序卡片]",
}

// fanPushes are what the fan said and which menu buttons they pressed.
func (s *Service) fanPushes(ctx context.Context, f model.Follower, _ []int64, end time.Time, n int) (out []model.FanLine, err error) {
	var rows []struct {
		MsgType, Event, EventKey, Content string
		RuleID                            int64
		HappenedAt                        time.Time
	}
	err = s.db.WithContext(ctx).Raw("SELECT msg_type, event, event_key, content, rule_id, happened_at FROM pushes WHERE appid = ? AND openid = ? AND happened_at < ? AND event NOT IN ('subscribe', 'unsubscribe', 'SCAN', 'LOCATION') ORDER BY happened_at DESC LIMIT ?",
		f.AppID, string(f.OpenID), end, n).Scan(&rows).Error
	for _, r := range rows {
		l := model.FanLine{At: r.HappenedAt.UTC(), Kind: string(model.EventMessage), Text: r.Content}
		if r.MsgType == "event" {
			l.Kind, l.Text = string(model.EventMenuClick), r.EventKey
			if !menuEvents[r.Event] {
				l.Kind, l.Text = "push", r.Event
			}
		} else if mark := pushNames[r.MsgType]; mark != "" {
			l.Text = strings.TrimSpace(mark + " " + r.Content)
		} else if l.Text == "" {
			l.Text = "[内容已过保存期]"
		}
		if r.RuleID > 0 {
			l.Ref = strconv.FormatInt(r.RuleID, 10)
		}
		out = append(out, l)
	}
	return out, err
}

var menuEvents = map[string]bool{"CLICK": true, "VIEW": true, "view_miniprogram": true, "scancode_push": true, "scancode_waitmsg": true,
	"pic_sysphoto": true, "pic_photo_or_album": true, "pic_weixin": true, "location_select": true}

// fanReplies are the customer-service messages we sent, or could not.
func (s *Service) fanReplies(ctx context.Context, f model.Follower, _ []int64, end time.Time, n int) (out []model.FanLine, err error) {
	var rows []struct {
		Message, State, OperatorName string
		CreatedAt                    time.Time
		SentAt                       *time.Time
	}
	err = s.db.WithContext(ctx).Raw("SELECT message, state, operator_name, created_at, sent_at FROM reply_sends WHERE appid = ? AND openid = ? AND created_at < ? ORDER BY created_at DESC LIMIT ?",
		f.AppID, string(f.OpenID), end, n).Scan(&rows).Error
	for _, r := range rows {
		var m model.Message
		_ = json.Unmarshal([]byte(r.Message), &m) // shown as far as it can be
		text := m.Content
		if m.Type != "text" {
			text = m.Summary()
		}
		out = append(out, model.FanLine{At: r.CreatedAt.UTC(), Kind: "reply", Text: text, State: r.State, By: r.OperatorName})
	}
	return out, err
}

func (s *Service) fanEvents(ctx context.Context, _ model.Follower, persons []int64, end time.Time, n int) (out []model.FanLine, err error) {
	if len(persons) == 0 {
		return nil, nil
	}
	var rows []struct {
		Type       int
		OccurredAt int64
		CourseID   int64
		ArticleID  int64
		Code       string
		Course     *string
		Article    *string
	}
	err = s.db.WithContext(ctx).Raw(`SELECT e.type, e.occurred_at, e.course_id, e.article_id, e.code, c.title AS course, a.title AS article FROM events e
LEFT JOIN courses c ON c.id = e.course_id LEFT JOIN articles a ON a.id = e.article_id
WHERE e.person_id IN ? AND e.occurred_at < ? AND e.type IN (`+numbersOf(fanEvents)+`)`+s.ours()+` ORDER BY e.occurred_at DESC LIMIT ?`, persons, end.UnixMilli(), n).Scan(&rows).Error
	for _, r := range rows {
		l := model.FanLine{At: time.UnixMilli(r.OccurredAt).UTC(), Kind: string(model.EventTypeOf(r.Type)), Text: r.Code}
		switch {
		case r.CourseID > 0:
			l.Text, l.Ref = cmp.Or(value(r.Course), fmt.Sprintf("课程 %d", r.CourseID)), "courses/"+strconv.FormatInt(r.CourseID, 10)
		case r.ArticleID > 0:
			l.Text, l.Ref = cmp.Or(value(r.Article), fmt.Sprintf("文章 %d", r.ArticleID)), "articles/"+strconv.FormatInt(r.ArticleID, 10)
		}
		out = append(out, l)
	}
	return out, err
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// fanOrders are what was ordered, paid and given back.
func (s *Service) fanOrders(ctx context.Context, _ model.Follower, persons []int64, end time.Time, n int) (out []model.FanLine, err error) {
	if len(persons) == 0 {
		return nil, nil
	}
	for _, q := range []struct{ kind, text string }{
		{"order", "SELECT created_at AS at, title, out_trade_no AS no, status AS state, amount FROM orders WHERE appid = ? AND person_id IN ? AND created_at < ? ORDER BY created_at DESC LIMIT ?"},
		{"paid", "SELECT paid_at AS at, title, out_trade_no AS no, '' AS state, amount FROM orders WHERE appid = ? AND person_id IN ? AND paid_at < ? ORDER BY paid_at DESC LIMIT ?"},
		{"refunded", "SELECT r.succeeded_at AS at, o.title, o.out_trade_no AS no, '' AS state, r.amount FROM refunds r JOIN orders o ON o.id = r.order_id WHERE o.appid = ? AND o.person_id IN ? AND r.succeeded_at < ? ORDER BY r.succeeded_at DESC LIMIT ?"},
	} {
		var rows []struct {
			At               time.Time
			Title, No, State string
			Amount           model.Fen
		}
		if err := s.db.WithContext(ctx).Raw(q.text, s.miniApp, persons, end, n).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, model.FanLine{At: r.At.UTC(), Kind: q.kind, Text: r.Title, Ref: r.No, State: r.State, Fen: r.Amount})
		}
	}
	return out, nil
}

// FanSums is what a fan is worth, under every number of the person. Mini tells whether they were ever in the
// Mini Program under our eyes.
type FanSums struct {
	Mini   bool
	Opens  int64
	Orders int64     // paid
	Net    model.Fen // paid less given back
}

// FanSums adds up one fan.
func (s *Service) FanSums(ctx context.Context, f model.Follower) (FanSums, error) {
	var out FanSums
	persons, err := s.numbers(ctx, f.PersonID)
	if err != nil || len(persons) == 0 {
		return out, err
	}
	db := s.db.WithContext(ctx)
	var learners int64
	if err := db.Raw("SELECT COUNT(*) FROM learners WHERE appid = ? AND person_id IN ?", s.miniApp, persons).Scan(&learners).Error; err != nil {
		return out, fmt.Errorf("sums of follower %d: %w", f.ID, err)
	}
	out.Mini = learners > 0
	if err := db.Raw("SELECT COUNT(*) FROM events WHERE person_id IN ? AND type = ?"+s.ours(), persons, model.EventMPOpen.Number()).Scan(&out.Opens).Error; err != nil {
		return out, fmt.Errorf("sums of follower %d: %w", f.ID, err)
	}
	var money struct {
		Orders int64
		Net    model.Fen
	}
	if err := db.Raw("SELECT COUNT(*) AS orders, COALESCE(SUM(amount - refunded), 0) AS net FROM orders WHERE appid = ? AND person_id IN ? AND paid_at IS NOT NULL", s.miniApp, persons).Scan(&money).Error; err != nil {
		return out, fmt.Errorf("sums of follower %d: %w", f.ID, err)
	}
	out.Orders, out.Net = money.Orders, money.Net
	return out, nil
}
