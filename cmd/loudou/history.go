package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"loudou/model"
)

// The sample history: sixty days of a small company, made by knocking at the real doors in a compressed
// clock. Follows and messages are pushed by the fake WeChat, signed and encrypted; learners log in with its
// codes; orders are placed by the Mini Program's API and paid at the fake, whose notices settle them; refunds
// are the operator's. No total is ever inserted. The dice are fixed, so every new demo tells the same story.
const historyDays = 60

type history struct {
	h    *house
	ctx  context.Context
	fake *fakeControl
	desk *doorClient // the operator
	dice *rand.Rand
	now  time.Time
	fans []*sampleFan

	courses  []sampleCourseMade
	articles []sampleArticleMade
	refunds  []string // out_trade_no to refund on a later day
	shares   []sampleShare

	campaigns []sampleCampaign
	partner   int64
	quiz      int64  // the lesson that ends with one
	answered  uint64 // how often it was
	remarked  int    // who got so far that they may have written a comment
}

// sampleCampaign is a campaign's days, and the code on its posters.
type sampleCampaign struct {
	first, last int
	scene       string
}

// sampleShare is a share that a friend may still open.
type sampleShare struct {
	id     string
	course int
}

type sampleCourseMade struct {
	id, trial int64
	lessons   []int64
	price     int64
}

type sampleArticleMade struct {
	id     int64
	course int
	pull   float64
	day    int
}

type sampleFan struct {
	fan   fakeFan
	phone *doorClient // nil until the Mini Program was opened
	owned map[int]bool
	// reached is the first lesson of a course not finished yet.
	reached map[int]int
	gone    bool
	ios     bool
	coupon  bool   // has used the sample coupon
	source  string // channel of the first touch
}

// sampleHistory makes the history once; a second start finds its mark and does nothing.
func (h *house) sampleHistory(ctx context.Context, data string, fake *fakeProcess) error {
	mark := filepath.Join(data, historyDone)
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	s := &history{h: h, ctx: ctx, fake: newFakeControl(fake.url), desk: newDoorClient("http://" + h.cfg.Addr), dice: rand.New(rand.NewPCG(7, 2026))} //nolint:gosec // a story, not a secret
	start := time.Now()
	if err := s.make(start); err != nil {
		return err
	}
	h.clock.shift.Store(0)
	if err := s.fake.clock(ctx, time.Time{}); err != nil {
		return err
	}
	// The timetable's own comparison ran on the first of those days; the page tells of the latest.
	if err := h.events.Nightly(ctx); err != nil {
		return err
	}
	fmt.Printf("\rsample history: %d days in %.0f s          \n", historyDays, time.Since(start).Seconds())
	return os.WriteFile(mark, []byte(start.Format(time.RFC3339)+"\n"), 0o600)
}

// at moves the business clock of the service and of the fake.
func (s *history) at(t time.Time) error {
	s.now = t
	s.h.clock.set(t)
	return s.fake.clock(s.ctx, t)
}

func (s *history) make(real time.Time) error {
	first, err := model.ParseDay(model.Day(real.AddDate(0, 0, -historyDays)))
	if err != nil {
		return err
	}
	if err := s.at(first.Add(9 * time.Hour)); err != nil {
		return err
	}
	if err := s.desk.login(s.ctx, s.h.cfg.OperatorName, s.h.cfg.OperatorPassword); err != nil {
		return err
	}
	for _, step := range []func() error{s.openShop, s.printCoupon, s.makeRedeem, s.writeRules, s.setMenu, s.printCodes, func() error { return s.findPartner(first) }, func() error { return s.planCampaigns(first, real) }} {
		if err := step(); err != nil {
			return err
		}
	}
	for day := range historyDays + 1 {
		morning := first.AddDate(0, 0, day)
		if err := s.day(day, morning, real); err != nil {
			return fmt.Errorf("day %s: %w", model.Day(morning), err)
		}
		fmt.Printf("\rsample history: day %d of %d", min(day+1, historyDays), historyDays)
	}
	if err := s.present(); err != nil {
		return err
	}
	if err := s.writePlan(); err != nil {
		return err
	}
	if err := s.writeCalendar(); err != nil {
		return err
	}
	if err := s.concludeReviews(); err != nil {
		return err
	}
	if err := s.lookAtRemarks(); err != nil {
		return err
	}
	// The months that are over, at once: the sample is not left waiting for the timetable.
	return s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/partners/%d/settlements", s.partner), nil, nil)
}

func (s *history) openShop() error {
	if err := s.stockLibrary(); err != nil {
		return err
	}
	for _, c := range sampleCourses {
		url, err := s.desk.upload(s.ctx, "cover.png", cover(c.hue))
		if err != nil {
			return err
		}
		in := map[string]any{"title": c.title, "price": c.price, "intro": c.intro, "category": c.category, "cover": url,
			"refund_rule": map[string]any{"days": 7, "lessons": 2, "over": "person"}} // as the reply on prices promises
		if c.original > 0 {
			in["original_price"] = c.original
		}
		var made struct {
			ID int64 `json:"id"`
		}
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/courses", in, &made); err != nil {
			return err
		}
		out := sampleCourseMade{id: made.ID, price: c.price}
		for _, l := range c.lessons {
			var lesson struct {
				ID int64 `json:"id"`
			}
			in := map[string]any{"title": l.title, "kind": l.kind, "content": l.content, "trial": l.trial, "seconds": l.seconds}
			if l.title == sampleQuizLesson {
				in["quiz"] = sampleQuiz
			}
			if err := s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/courses/%d/lessons", made.ID), in, &lesson); err != nil {
				return err
			}
			if l.title == sampleQuizLesson {
				s.quiz = lesson.ID
			}
			out.lessons = append(out.lessons, lesson.ID)
			if l.trial {
				out.trial = lesson.ID
			}
		}
		if err := s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/courses/%d/publish", made.ID), map[string]any{}, nil); err != nil {
			return err
		}
		if err := s.goodsOnSale(); err != nil {
			return err
		}
		s.courses = append(s.courses, out)
	}
	return nil
}

// sampleCoupon is ten percent off the first course, as often as a fan has a first course.
const sampleCoupon = "NEW10"

func (s *history) printCoupon() error {
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/coupons", map[string]any{"code": sampleCoupon, "name": "新学员九折", "percent": 10, "public": true,
		"starts_at": s.now.Add(-time.Hour), "ends_at": s.now.AddDate(0, 0, historyDays+90), "stock": 1000, "per_person": 1}, nil)
}

// makeRedeem makes a batch of redeem codes for the Excel course, for the readers of a book.
func (s *history) makeRedeem() error {
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/redeem-batches", map[string]any{"course_id": s.courses[1].id, "size": 20, "access_days": 365, "note": "《表格之外》随书附赠",
		"starts_at": s.now.Add(-time.Hour), "ends_at": s.now.AddDate(0, 0, historyDays+365)}, nil)
}

func (s *history) writeRules() error {
	for i, r := range sampleRules {
		words := []map[string]string{}
		for _, k := range r.keywords {
			words = append(words, map[string]string{"text": k, "match": r.match})
		}
		in := map[string]any{"name": r.name, "kind": r.kind, "priority": len(sampleRules) - i, "pick": "all", "enabled": true,
			"messages": []map[string]any{{"type": "text", "content": r.text}}}
		if len(words) > 0 {
			in["keywords"] = words
		}
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/replies", in, nil); err != nil {
			return err
		}
	}
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/replies/publish", map[string]string{"note": "开张第一版"}, nil)
}

func (s *history) setMenu() error {
	app := s.h.cfg.MiniAppID
	course := func(i int) map[string]any {
		return map[string]any{"type": "miniprogram", "name": []string{"写作课", "Excel 课", "短视频课"}[i], "url": "https://shop.example.com/", "appid": app, "pagepath": fmt.Sprintf("pages/course/index?id=%d", s.courses[i].id)}
	}
	buttons := []map[string]any{
		{"type": "miniprogram", "name": "去上课", "url": "https://shop.example.com/", "appid": app, "pagepath": "pages/index/index"},
		{"name": "好课", "sub_button": []map[string]any{course(0), course(1), course(2)}},
		{"name": "帮助", "sub_button": []map[string]any{{"type": "click", "name": "怎么退款", "key": "REFUND"}, {"type": "click", "name": "联系人工", "key": "HUMAN"}}},
	}
	if err := s.desk.call(s.ctx, http.MethodPut, "/console/v1/menu/draft", map[string]any{"buttons": buttons}, nil); err != nil {
		return err
	}
	for key, text := range map[string]string{"REFUND": sampleRules[4].text, "HUMAN": sampleRules[5].text} {
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/replies", map[string]any{"name": "菜单 " + key, "kind": "menu", "event_key": key, "priority": 0, "pick": "all", "enabled": true,
			"messages": []map[string]any{{"type": "text", "content": text}}}, nil); err != nil {
			return err
		}
	}
	if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/replies/publish", map[string]string{"note": "菜单的回答"}, nil); err != nil {
		return err
	}
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/menu/publish", map[string]string{"note": "开张菜单"}, nil)
}

func (s *history) printCodes() error {
	for _, c := range sampleScenes {
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/scene-codes", map[string]any{"scene": c.scene, "permanent": true, "channel": c.channel}, nil); err != nil {
			return err
		}
	}
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/scene-batches", map[string]any{"name": "门店台卡", "permanent": true, "channel": "门店",
		"scenes": []string{"台卡 国贸店", "台卡 中关村店", "台卡 望京店", "台卡 五道口店", "台卡 通州店"}}, nil)
}

// findPartner makes the group that shares the sample's second code a partner from the first month on.
func (s *history) findPartner(first time.Time) error {
	var made struct {
		ID int64 `json:"id"`
	}
	if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/partners", map[string]any{"name": "城南读书会", "contact": "何老师", "share_bp": 1500, "settle_from": first.In(model.Shanghai).Format("2006-01")}, &made); err != nil {
		return err
	}
	s.partner = made.ID
	return s.desk.call(s.ctx, http.MethodPut, fmt.Sprintf("/console/v1/partners/%d/things", made.ID), map[string]any{"kind": "code", "ref": sampleScenes[1].scene, "on": true}, nil)
}

// planCampaigns makes one campaign that will be over by the last day, and one that still runs.
func (s *history) planCampaigns(first, real time.Time) error {
	for i, c := range []struct {
		name, scene, goal string
		target, cost      int64
		from, to          time.Time
	}{
		{"开学写作营", "开学海报", "new_followers", 30, 60000, first.AddDate(0, 0, 35), first.AddDate(0, 0, 37)},
		{"年终学习季", "年终海报", "net", 300000, 90000, real.AddDate(0, 0, -4), real.AddDate(0, 0, 9)},
	} {
		var made struct {
			ID int64 `json:"id"`
		}
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/campaigns", map[string]any{"name": c.name, "goal": c.goal, "target": c.target, "cost": c.cost, "from": model.Day(c.from), "to": model.Day(c.to)}, &made); err != nil {
			return err
		}
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/scene-codes", map[string]any{"scene": c.scene, "permanent": true, "channel": "活动海报", "campaign_id": made.ID}, nil); err != nil {
			return err
		}
		if err := s.desk.call(s.ctx, http.MethodPut, fmt.Sprintf("/console/v1/campaigns/%d/items", made.ID), map[string]any{"kind": "course", "ref": s.courses[i].id, "on": true}, nil); err != nil {
			return err
		}
		if s.h.posters.FontFault() == "" { // a laptop without Chinese fonts has its sample all the same
			if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/posters", map[string]any{"title": c.name, "note": "扫码关注，马上开始", "colour": []string{"#7a1f3d", "#0f4c5c"}[i], "kind": "code", "ref": c.scene, "campaign_id": made.ID}, nil); err != nil {
				return err
			}
		}
		s.campaigns = append(s.campaigns, sampleCampaign{model.DayNumber(c.from), model.DayNumber(c.to), c.scene})
	}
	return nil
}

// goodsOnSale waits until virtual payment sells the course just published. WeChat takes one batch of goods
// at a time: two courses at once would cost the second one the job's pause before it tries again.
func (s *history) goodsOnSale() error {
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); {
		waiting, err := s.h.jobs.Count(s.ctx, model.JobWaiting)
		if err != nil {
			return err
		}
		running, err := s.h.jobs.Count(s.ctx, model.JobRunning)
		if err != nil {
			return err
		}
		if waiting+running == 0 {
			return nil
		}
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("the goods of the courses were not published in 90 s")
}

// chance is true with probability p.
func (s *history) chance(p float64) bool { return s.dice.Float64() < p }

// about gives a whole number around mean.
func (s *history) about(mean float64) int {
	n := 0
	for left := mean; left > 0; left-- {
		if s.chance(min(left, 1) * .5) {
			n++
		}
		if s.chance(min(left, 1) * .5) {
			n++
		}
	}
	return n
}

func newEventID() string {
	id, _ := uuid.NewV7() // fails only without a source of randomness
	return id.String()
}
