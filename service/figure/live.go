package figure

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"loudou/model"
)

// LiveView is what happens now: today's counters, today's people, the latest steps.
type LiveView struct {
	AsOf        time.Time                 `json:"as_of"`
	Counters    map[model.EventType]int64 `json:"counters" doc:"events of today by type"`
	PeopleToday int64                     `json:"people_today"`
	Recent      []Recent                  `json:"recent" doc:"newest first"`
}

// Recent is one step somebody just made.
type Recent struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Type      model.EventType `json:"type"`
	Text      string          `json:"text"`
	ArticleID int64           `json:"article_id,omitempty"`
	CourseID  int64           `json:"course_id,omitempty"`
	number    int64
}

const mostRecent = 20

// liveFor is how long one answer serves everybody who looks at the same thing.
const liveFor = 400 * time.Millisecond

type liveKey struct{ article, course int64 }

type liveCache struct {
	mu   sync.Mutex
	seen map[liveKey]liveEntry
}

type liveEntry struct {
	at   time.Time
	view LiveView
}

// Live gives what happens now with everything, one article or one course; only steps with a number above
// since are listed.
func (s *Service) Live(ctx context.Context, article, course, since int64) (LiveView, error) {
	k := liveKey{article, course}
	s.views.mu.Lock()
	e, ok := s.views.seen[k]
	s.views.mu.Unlock()
	if !ok || time.Since(e.at) > liveFor {
		v, err := s.liveNow(ctx, scope{article, course})
		if err != nil {
			return LiveView{}, err
		}
		e = liveEntry{time.Now(), v}
		s.views.mu.Lock()
		if s.views.seen == nil || len(s.views.seen) > 1000 {
			s.views.seen = map[liveKey]liveEntry{}
		}
		s.views.seen[k] = e
		s.views.mu.Unlock()
	}
	v := e.view
	v.Recent = []Recent{}
	for _, r := range e.view.Recent {
		if r.number > since {
			v.Recent = append(v.Recent, r)
		}
	}
	return v, nil
}

func (s *Service) liveNow(ctx context.Context, c scope) (LiveView, error) {
	v := LiveView{AsOf: model.Milli(s.now())}
	p, err := s.people.People(ctx)
	if err != nil {
		return v, err
	}
	today := span(s.now(), s.now())
	kind, id := c.thing()
	ref := ""
	if id > 0 {
		ref = strconv.FormatInt(id, 10)
	}
	if v.Counters, err = s.live.Live(ctx, int(kind), ref); err != nil {
		return v, err
	}
	if len(p.Staff) > 0 {
		for t, n := range v.Counters {
			staff, err := s.staffCount(ctx, p, c, today, t)
			if err != nil {
				return v, err
			}
			v.Counters[t] = n - staff
		}
	}
	people := roaring.New()
	all := numbersOf(model.EventTypes())
	q := fmt.Sprintf("SELECT DISTINCT person_id FROM events WHERE type IN (%s) AND day = %d%s", all, today.First, s.in(c))
	if err := s.each(ctx, q, 1, func(r []int64) { add(people, p, r[0]) }); err != nil {
		return v, err
	}
	v.PeopleToday = int64(people.GetCardinality()) //nolint:gosec // far below
	v.Recent, err = s.recent(ctx, p, c, all)
	return v, err
}

// recent lists the latest steps. Everything's are the newest rows of the table; one thing's are looked for
// in its index, among those of yesterday and today.
func (s *Service) recent(ctx context.Context, p *model.People, c scope, all string) ([]Recent, error) {
	q := "SELECT id, person_id, type, occurred_at, article_id, course_id FROM events WHERE excluded = 0" + s.ours()
	if w := c.where(); w != "" {
		q += fmt.Sprintf(" AND type IN (%s) AND day >= %d%s", all, model.DayNumber(s.now().AddDate(0, 0, -1)), w)
	}
	var out []Recent
	err := s.each(ctx, q+fmt.Sprintf(" ORDER BY id DESC LIMIT %d", 3*mostRecent), 6, func(v []int64) {
		if len(out) < mostRecent && !p.IsStaff(v[1]) {
			out = append(out, Recent{ID: strconv.FormatInt(v[0], 10), number: v[0], Type: model.EventTypeOf(int(v[2])), At: time.UnixMilli(v[3]).In(model.Shanghai), ArticleID: v[4], CourseID: v[5]})
		}
	})
	if err != nil {
		return nil, err
	}
	courses, err := s.titles(ctx, "courses", out, func(r Recent) int64 { return r.CourseID })
	if err != nil {
		return nil, err
	}
	articles, err := s.titles(ctx, "articles", out, func(r Recent) int64 { return r.ArticleID })
	if err != nil {
		return nil, err
	}
	for i, r := range out {
		t := doing[r.Type]
		if t == "" {
			t = string(r.Type)
		}
		title := courses[r.CourseID]
		if title == "" || r.Type == model.EventArticleClick {
			if a := articles[r.ArticleID]; a != "" {
				title = a
			}
		}
		if title != "" {
			t += "《" + title + "》"
		}
		out[i].Text = t
	}
	return out, nil
}

var doing = map[model.EventType]string{
	model.EventMPOpen: "打开小程序", model.EventArticleClick: "点开文章卡片", model.EventCourseView: "浏览课程", model.EventTrialPlay: "试看", model.EventLessonPlay: "学习",
	model.EventExercise: "做练习", model.EventComment: "评论", model.EventSearch: "搜索", model.EventShare: "分享", model.EventCampaignSeen: "看到活动", model.EventCampaignJoin: "报名活动",
	model.EventCampaignDone: "完成活动", model.EventFollow: "关注公众号", model.EventUnfollow: "取消关注", model.EventScan: "扫码", model.EventLinkClick: "点开链接", model.EventMenuClick: "点菜单",
	model.EventMessage: "发来消息", model.EventLessonFinish: "学完课时", model.EventOrderCreate: "下单", model.EventPaid: "支付", model.EventRefunded: "退款", model.EventRedeem: "兑换课程", model.EventGiftOpen: "领取礼物",
}

func (s *Service) titles(ctx context.Context, table string, list []Recent, id func(Recent) int64) (map[int64]string, error) {
	ids := map[int64]bool{}
	for _, r := range list {
		if id(r) > 0 {
			ids[id(r)] = true
		}
	}
	out := map[int64]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var want []int64
	for n := range ids {
		want = append(want, n)
	}
	var rows []struct {
		ID    int64
		Title string
	}
	if err := s.db.WithContext(ctx).Table(table).Select("id, title").Where("id IN ?", want).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("titles of %s: %w", table, err)
	}
	for _, r := range rows {
		out[r.ID] = r.Title
	}
	return out, nil
}
