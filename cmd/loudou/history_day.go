package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sort"
	"time"

	"loudou/model"
)

// day plays one day from nine in the morning: the article, who follows, who writes, who opens the Mini
// Program and how far each gets. It stops at the real present.
func (s *history) day(day int, morning, real time.Time) error {
	type act struct {
		at time.Time
		do func() error
	}
	var acts []act
	plan := func(hour float64, do func() error) {
		t := morning.Add(time.Duration(hour * float64(time.Hour)))
		if t.Before(real.Add(-time.Minute)) {
			acts = append(acts, act{t, do})
		}
	}
	if day%7 == 6 || day == historyDays { // WeChat tells the last days whenever it is asked
		plan(9.6, s.fetchStatistics)
	}
	s.lookBack(morning, plan)
	if day%3 == 1 && day/3 < len(sampleArticles) {
		plan(18.5, func() error { return s.publishArticle(day) })
	}
	pull := s.pull(day)
	weekend := 1.0
	if d := morning.In(model.Shanghai).Weekday(); d == time.Saturday || d == time.Sunday {
		weekend = .7
	}
	for _, c := range s.campaigns {
		if d := model.DayNumber(morning); d >= c.first && d <= c.last {
			pull += 1.5
		}
	}
	for range s.about((3 + 4*pull) * weekend) {
		plan(9+13*s.dice.Float64(), s.someoneFollows)
	}
	for range s.about(2 * weekend) {
		plan(9+13*s.dice.Float64(), s.someoneWrites)
	}
	for range s.about((5 + 10*pull) * weekend) {
		plan(10+13*s.dice.Float64(), func() error { return s.someoneVisits(day) })
	}
	for range s.about(.6 * weekend) {
		plan(11+11*s.dice.Float64(), s.someoneIsBrought)
	}
	for range s.about(3) {
		plan(19+4*s.dice.Float64(), s.someoneStudies)
	}
	if s.chance(.25) {
		plan(22, s.someoneLeaves)
	}
	if len(s.refunds) > 0 && s.chance(.5) {
		plan(10, s.refundOne)
	}
	sort.SliceStable(acts, func(i, j int) bool { return acts[i].at.Before(acts[j].at) })
	for _, a := range acts {
		if err := s.at(a.at); err != nil {
			return err
		}
		if err := a.do(); err != nil {
			return err
		}
	}
	return nil
}

// pull is how much the recent articles draw people on a day: a new one most, old ones fade.
func (s *history) pull(day int) float64 {
	p := .3
	for _, a := range s.articles {
		if age := day - a.day; age < 6 {
			p += a.pull / float64(1+2*age)
		}
	}
	return p
}

func (s *history) publishArticle(day int) error {
	a := sampleArticles[len(s.articles)]
	text := "<p>" + a.digest + "</p>"
	if a.course >= 0 { // an article tells what a lesson teaches, in its very words
		lessons := sampleCourses[a.course].lessons
		text += lessons[len(s.articles)%len(lessons)].content
	}
	in := map[string]any{"title": a.title, "digest": a.digest, "author": "山雨", "url": fmt.Sprintf("https://mp.weixin.qq.com/s/sample-%02d", len(s.articles)+1),
		"content": text + "<p>这是一篇示例文章。真实使用时，正文来自公众号草稿箱。</p>"}
	if a.course >= 0 {
		in["course_id"] = s.courses[a.course].id
	}
	var made struct {
		ID      int64 `json:"id"`
		Version int64 `json:"version"`
	}
	if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/articles", in, &made); err != nil {
		return err
	}
	if err := s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/articles/%d/publish", made.ID), map[string]any{}, nil); err != nil {
		return err
	}
	// WeChat's readers: a third or so of the followers, and the friends they share it with.
	followers := len(s.fans)
	if err := s.fake.publish(s.ctx, a.title, fmt.Sprint(in["url"]), followers, 30+int(float64(followers)*.3*a.pull)); err != nil {
		return err
	}
	s.articles = append(s.articles, sampleArticleMade{id: made.ID, course: a.course, pull: a.pull, day: day})
	return nil
}

func (s *history) someoneFollows() error {
	fan, err := s.fake.fan(s.ctx, len(s.fans)+1)
	if err != nil {
		return err
	}
	f := &sampleFan{fan: fan, owned: map[int]bool{}, reached: map[int]int{}}
	scene := ""
	if s.chance(.35) {
		c := sampleScenes[s.dice.IntN(len(sampleScenes))]
		scene, f.source = c.scene, c.channel
	}
	for _, c := range s.campaigns {
		if d := model.DayNumber(s.now); d >= c.first && d <= c.last && s.chance(.5) {
			scene, f.source = c.scene, "活动海报"
		}
	}
	s.fans = append(s.fans, f)
	return s.fake.follow(s.ctx, fan, scene)
}

// someoneIsBrought opens what a friend shared lately, follows, and now and then buys.
func (s *history) someoneIsBrought() error {
	if len(s.shares) == 0 {
		return nil
	}
	share := s.shares[len(s.shares)-1-s.dice.IntN(min(len(s.shares), 6))]
	fan, err := s.fake.fan(s.ctx, len(s.fans)+1)
	if err != nil {
		return err
	}
	f := &sampleFan{fan: fan, owned: map[int]bool{}, reached: map[int]int{}}
	if err := s.enter(f); err != nil {
		return err
	}
	at := func(before time.Duration) string { return s.now.Add(-before).Format(time.RFC3339) }
	made := s.courses[share.course]
	if err := s.report(f, []map[string]any{
		{"id": newEventID(), "type": "mp_open", "occurred_at": at(2 * time.Minute), "scene": 1007, "share_id": share.id},
		{"id": newEventID(), "type": "course_view", "occurred_at": at(110 * time.Second), "course_id": made.id, "seconds": 20 + s.dice.IntN(60), "share_id": share.id},
	}); err != nil {
		return err
	}
	if err := s.fake.follow(s.ctx, fan, ""); err != nil {
		return err
	}
	s.fans = append(s.fans, f)
	if !s.chance(.3) {
		return nil
	}
	return s.buy(f, share.course, map[string]any{})
}

// someone picks a fan who is still there; new ones are livelier.
func (s *history) someone(ok func(*sampleFan) bool) *sampleFan {
	for range 12 {
		if len(s.fans) == 0 {
			return nil
		}
		i := len(s.fans) - 1 - int(float64(len(s.fans))*s.dice.Float64()*s.dice.Float64())
		if f := s.fans[max(i, 0)]; !f.gone && ok(f) {
			return f
		}
	}
	return nil
}

func anyone(*sampleFan) bool { return true }

func (s *history) someoneWrites() error {
	f := s.someone(anyone)
	if f == nil {
		return nil
	}
	return s.fake.say(s.ctx, f.fan, sampleSentences[s.dice.IntN(len(sampleSentences))])
}

func (s *history) someoneLeaves() error {
	f := s.someone(func(f *sampleFan) bool { return len(f.owned) == 0 })
	if f == nil {
		return nil
	}
	f.gone = true
	return s.fake.unfollow(s.ctx, f.fan)
}

// enter logs the fan's phone in, once.
func (s *history) enter(f *sampleFan) error {
	if f.phone != nil {
		return nil
	}
	code, err := s.fake.loginCode(s.ctx, f.fan)
	if err != nil {
		return err
	}
	platform := "android"
	if s.chance(.45) {
		platform, f.ios = "ios", true
		if err := s.fake.platform(s.ctx, f.fan, platform); err != nil {
			return err
		}
	}
	l, err := s.h.learners.Login(s.ctx, code, platform)
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	f.phone = newDoorClient(s.desk.base)
	f.phone.bearer = l.Token
	return nil
}

// someoneVisits opens the Mini Program, from a fresh article, from a channel or directly, and goes as far
// as the dice say.
func (s *history) someoneVisits(day int) error {
	f := s.someone(anyone)
	if f == nil {
		return nil
	}
	if err := s.enter(f); err != nil {
		return err
	}
	from := map[string]any{}
	course := s.dice.IntN(len(s.courses))
	if a := s.freshArticle(day); a != nil && s.chance(.62) {
		from["article_id"] = a.id
		if a.course >= 0 {
			course = a.course
		}
	} else if f.source != "" && s.chance(.6) {
		from["channel"] = f.source
	}
	events := []map[string]any{}
	tell := func(kind string, after int, more map[string]any) {
		e := map[string]any{"id": newEventID(), "type": kind, "occurred_at": s.now.Add(time.Duration(after-200) * time.Second).Format(time.RFC3339)}
		for k, v := range from {
			e[k] = v
		}
		for k, v := range more {
			e[k] = v
		}
		events = append(events, e)
	}
	made := s.courses[course]
	if from["article_id"] != nil {
		tell("article_click", 0, nil)
	}
	tell("mp_open", 1, map[string]any{"scene": []int{1058, 1043, 1089, 1001}[s.dice.IntN(4)]})
	look, order := s.chance(.78), false
	if look {
		tell("course_view", 8, map[string]any{"course_id": made.id, "seconds": 5 + s.dice.IntN(90)})
		if made.trial > 0 && s.chance(.45) {
			tell("trial_play", 60, map[string]any{"course_id": made.id, "lesson_id": made.trial, "seconds": 20 + s.dice.IntN(200)})
			order = s.chance(.42)
		} else {
			order = s.chance(.2)
		}
	} else if s.chance(.3) {
		tell("search", 9, map[string]any{"props": map[string]any{"words": "写作"}})
	}
	if s.chance(.07) {
		share := sampleShare{id: newEventID(), course: course}
		s.shares = append(s.shares, share)
		tell("share", 120, map[string]any{"course_id": made.id, "share_id": share.id})
	}
	if err := s.report(f, events); err != nil {
		return err
	}
	if !order || f.owned[course] {
		return nil
	}
	return s.buy(f, course, from)
}

func (s *history) report(f *sampleFan, events []map[string]any) error {
	return f.phone.call(s.ctx, http.MethodPost, "/mini/v1/events", map[string]any{"sent_at": s.now.Format(time.RFC3339), "events": events}, nil)
}

func (s *history) freshArticle(day int) *sampleArticleMade {
	var near []*sampleArticleMade
	for i := range s.articles {
		if a := &s.articles[i]; day-a.day < 7 {
			near = append(near, a)
		}
	}
	if len(near) == 0 {
		return nil
	}
	return near[s.dice.IntN(len(near))]
}

func (s *history) buy(f *sampleFan, course int, from map[string]any) error {
	in := map[string]any{"course_id": s.courses[course].id}
	if !f.ios && s.chance(.4) { // ordinary payment, where the terminal may use it
		in["via"] = "jsapi"
	}
	for k, v := range from {
		in[k] = v
	}
	if len(f.owned) == 0 && s.courses[course].price > 0 && s.chance(.3) && !f.coupon { // the first time, by whoever saw it
		in["coupon_code"] = sampleCoupon
		f.coupon = true // one each: an order left to expire holds it until it is closed
	}
	var o struct {
		OutTradeNo string `json:"out_trade_no"`
		Status     string `json:"status"`
		Via        string `json:"via"`
		Pay        any    `json:"pay"`
	}
	if err := f.phone.call(s.ctx, http.MethodPost, "/mini/v1/orders", in, &o, "Idempotency-Key", newEventID()); err != nil {
		return err
	}
	if err := s.at(s.now.Add(time.Duration(8+s.dice.IntN(40)) * time.Second)); err != nil { // to read, and to type the password
		return err
	}
	switch {
	case o.Status == "paid": // price 0
	case s.chance(.8):
		if err := s.fake.pay(s.ctx, f.fan, o.OutTradeNo, o.Via, o.Pay); err != nil {
			return err
		}
		if !f.ios && s.chance(.12) { // what was paid through Apple only Apple gives back
			s.refunds = append(s.refunds, o.OutTradeNo)
		}
	case s.chance(.6): // changes their mind
		return f.phone.call(s.ctx, http.MethodPost, "/mini/v1/orders/"+o.OutTradeNo+"/cancel", map[string]any{}, nil)
	default: // leaves it to expire
		return nil
	}
	f.owned[course] = true
	return nil
}

func (s *history) someoneStudies() error {
	f := s.someone(func(f *sampleFan) bool { return f.phone != nil && len(f.owned) > 0 })
	if f == nil {
		return nil
	}
	for course := range s.courses {
		if !f.owned[course] {
			continue
		}
		made := s.courses[course]
		first := min(f.reached[course], len(made.lessons)-1)
		last := min(first+s.dice.IntN(len(made.lessons))/2, len(made.lessons)-1) // one sitting may take several
		lesson := made.lessons[last]
		seconds := 40 + s.dice.IntN(500)
		if err := s.report(f, []map[string]any{
			{"id": newEventID(), "type": "mp_open", "occurred_at": s.now.Add(-10 * time.Minute).Format(time.RFC3339), "scene": 1089},
			{"id": newEventID(), "type": "lesson_play", "occurred_at": s.now.Add(-9 * time.Minute).Format(time.RFC3339), "course_id": made.id, "lesson_id": lesson, "seconds": seconds},
		}); err != nil {
			return err
		}
		finished := s.chance(.5)
		for i := first; i <= last; i++ {
			through := i < last || finished
			if err := f.phone.call(s.ctx, http.MethodPut, fmt.Sprintf("/mini/v1/lessons/%d/progress", made.lessons[i]), map[string]any{"position_seconds": seconds, "finished": through}, nil); err != nil {
				delete(f.owned, course) // a refund may have closed the course meanwhile
				break
			}
			if through && made.lessons[i] == s.quiz {
				if err := s.answerQuiz(f); err != nil {
					return err
				}
			}
			if through {
				f.reached[course] = i + 1
			}
			if through && i == 1 {
				if err := s.writeRemark(f, course); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return nil
}

func (s *history) refundOne() error {
	no := s.refunds[0]
	s.refunds = s.refunds[1:]
	var o struct {
		Amount int64 `json:"amount"`
	}
	if err := s.desk.call(s.ctx, http.MethodGet, "/console/v1/orders/"+no, nil, &o); err != nil {
		return err
	}
	return s.desk.call(s.ctx, http.MethodPost, "/console/v1/orders/"+no+"/refunds", map[string]any{"amount": o.Amount, "reason": "学员改变主意，七天内申请"}, nil, "Idempotency-Key", newEventID())
}

// answerQuiz hands in what somebody who half listened would answer. Its luck is its own, so that the rest of the story
// does not hang on it.
func (s *history) answerQuiz(f *sampleFan) error {
	at := fmt.Sprintf("/mini/v1/lessons/%d/quiz", s.quiz)
	var quiz struct {
		Hash   string `json:"hash"`
		Left   int    `json:"left"`
		Passed bool   `json:"passed"`
	}
	if err := f.phone.call(s.ctx, http.MethodGet, at, nil, &quiz); err != nil {
		return err
	}
	if quiz.Left == 0 || quiz.Passed {
		return nil
	}
	s.answered++
	luck := rand.New(rand.NewPCG(11, s.answered)) //nolint:gosec // a story, not a secret
	answers := [][]int{{2}, {0, 1}, {1}}
	if luck.IntN(3) == 0 {
		answers[0] = []int{luck.IntN(2)}
	}
	if luck.IntN(2) == 0 {
		answers[1] = [][]int{{0}, {1}, {0, 1, 2}}[luck.IntN(3)]
	}
	if luck.IntN(5) == 0 {
		answers[2] = []int{0}
	}
	return f.phone.call(s.ctx, http.MethodPost, at, map[string]any{"hash": quiz.Hash, "answers": answers}, nil, "Idempotency-Key", newEventID())
}
