package alert

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm/clause"

	"loudou/model"
)

// What is looked at, and how long a look back reaches.
const (
	weeks        = 8 // of the same weekday a figure is compared with
	refundDays   = 7
	paidDays     = 30
	leaversDays  = 2
	callbackSpan = 10 * time.Minute
)

// once makes an alert of a case; one that was made before stays as it is.
func (s *Service) once(ctx context.Context, r model.AlertRule, a model.Alert) error {
	a.AppID, a.RuleID, a.Kind, a.CreatedAt = s.appid, r.ID, r.Kind, model.Milli(s.now())
	a.Title, a.Text = model.Cut(a.Title, 300), model.Cut(a.Text, 1000)
	if err := s.db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&a).Error; err != nil {
		return fmt.Errorf("alert %s: %w", a.CaseKey, err)
	}
	return nil
}

// awake gives the rules of these kinds that speak now.
func (s *Service) awake(ctx context.Context, kinds ...model.AlertKind) ([]model.AlertRule, error) {
	var all []model.AlertRule
	if err := s.db.WithContext(ctx).Where("appid = ? AND kind IN ?", s.appid, kinds).Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("rules of alerts: %w", err)
	}
	out := all[:0]
	for _, r := range all {
		if !r.Asleep(s.now()) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Watch looks at refunds, leavers and answers: a line of the timetable. One that cannot be counted does not keep the
// others from being looked at.
func (s *Service) Watch(ctx context.Context) error {
	rules, err := s.awake(ctx, model.AlertRefunds, model.AlertLeavers, model.AlertCallback)
	if err != nil {
		return err
	}
	var failed error
	for _, r := range rules {
		switch r.Kind {
		case model.AlertRefunds:
			err = s.refunds(ctx, r)
		case model.AlertLeavers:
			err = s.leavers(ctx, r)
		default:
			err = s.callback(ctx, r)
		}
		if err != nil {
			failed = err
		}
	}
	return failed
}

func (s *Service) refunds(ctx context.Context, r model.AlertRule) error {
	now := s.now()
	list, err := s.facts.Refunds(ctx, now.AddDate(0, 0, -refundDays), now.AddDate(0, 0, -paidDays))
	if err != nil {
		return err
	}
	year, week := now.In(model.Shanghai).ISOWeek()
	for _, c := range list {
		if !r.Many(c.Count, c.Orders) {
			continue
		}
		err := s.once(ctx, r, model.Alert{
			CaseKey: fmt.Sprintf("refunds:%d:%d-%02d", c.CourseID, year, week),
			Title:   fmt.Sprintf("《%s》近 %d 天有 %d 笔退款", c.Title, refundDays, c.Count),
			Text:    fmt.Sprintf("近 %d 天退款成功 %d 笔订单，近 %d 天付款 %d 笔。", refundDays, c.Count, paidDays, c.Orders),
			Look:    "看退款原因和学到哪一节停下的；同一门课一周只提醒一次。",
			Link:    fmt.Sprintf("/courses/%d?tab=quality", c.CourseID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) leavers(ctx context.Context, r model.AlertRule) error {
	now := s.now()
	list, err := s.facts.Leavers(ctx, now.AddDate(0, 0, -leaversDays))
	if err != nil {
		return err
	}
	for _, x := range list {
		if !r.Above(x.Left, x.Usual) {
			continue
		}
		err := s.once(ctx, r, model.Alert{
			CaseKey: fmt.Sprintf("leavers:%d", x.SendID),
			Title:   fmt.Sprintf("群发「%s」之后有 %d 人取消关注", x.Title, x.Left),
			Text: fmt.Sprintf("%s发出，24 小时里（算到 %s）取消关注 %d 次；之前 14 天平均每天 %s 次。", x.At.In(model.Shanghai).Format("1 月 2 日 15:04 "), now.In(model.Shanghai).Format("1 月 2 日 15:04"), x.Left,
				strconv.FormatFloat(x.Usual, 'f', 1, 64)),
			Look: "看这次发给了谁、说了什么、离上一次几天；数的是我们收到的取消关注。",
			Link: fmt.Sprintf("/broadcasts/%d", x.BroadcastID),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) callback(ctx context.Context, r model.AlertRule) error {
	n, slow, err := s.facts.Slow(ctx, callbackSpan, time.Duration(r.Millis)*time.Millisecond)
	if err != nil || n < r.Least || slow*100 < n*int64(r.Percent) || slow == 0 {
		return err
	}
	// As long as nobody has seen to the last one it is the same case.
	var open int64
	if err := s.db.WithContext(ctx).Model(&model.Alert{}).Where("appid = ? AND kind = ? AND seen_at IS NULL", s.appid, model.AlertCallback).Count(&open).Error; err != nil || open > 0 {
		return err
	}
	now := s.now().In(model.Shanghai)
	return s.once(ctx, r, model.Alert{
		CaseKey: "callback:" + now.Format("2006-01-02T15"),
		Title:   fmt.Sprintf("回调变慢：近 10 分钟 %d 次里有 %d 次超过 %s 秒", n, slow, strconv.FormatFloat(float64(r.Millis)/1000, 'f', -1, 64)),
		Text:    "微信只等 5 秒，过了粉丝会看到“该公众号提供的服务出现故障”。",
		Look:    "看数据库、Redis 和磁盘的状态，有没有在跑大的导入或报表。",
		Link:    "/connection",
	})
}

// Figures looks at yesterday's figures once each is known: a line of the timetable.
func (s *Service) Figures(ctx context.Context) error {
	rules, err := s.awake(ctx, model.AlertFigure)
	if err != nil {
		return err
	}
	yesterday := s.now().In(model.Shanghai).AddDate(0, 0, -1)
	day := model.DayNumber(yesterday)
	open := rules[:0]
	for _, r := range rules {
		if r.CheckedDay < day {
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return nil
	}
	all, err := s.facts.Daily(ctx, yesterday, 7*weeks+1)
	if err != nil {
		return err
	}
	for _, r := range open {
		value, known := all[r.Figure][day]
		if !known {
			continue // WeChat has not told yet
		}
		var before []float64
		for w := 1; w <= weeks; w++ {
			if v, ok := all[r.Figure][model.DayNumber(yesterday.AddDate(0, 0, -7*w))]; ok {
				before = append(before, v)
			}
		}
		if low, high, yes := r.Unusual(value, before); yes {
			if err := s.once(ctx, r, figure(r, yesterday, value, low, high, len(before))); err != nil {
				return err
			}
		}
		if err := s.db.WithContext(ctx).Model(&model.AlertRule{}).Where("id = ? AND checked_day < ?", r.ID, day).UpdateColumn("checked_day", day).Error; err != nil {
			return fmt.Errorf("rule of alerts %d: %w", r.ID, err)
		}
	}
	return nil
}

var weekdays = [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}

func figure(r model.AlertRule, day time.Time, value, low, high float64, weeks int) model.Alert {
	show := func(v float64) string { return strconv.FormatFloat(v, 'f', 0, 64) }
	if r.Figure == "net" {
		show = func(v float64) string { return "¥" + model.Fen(v).Yuan() }
	}
	way := "高"
	if value < low {
		way = "低"
	}
	date := model.DayName(model.DayNumber(day))
	a := model.Alert{
		CaseKey: "figure:" + r.Figure + ":" + date,
		Title:   fmt.Sprintf("%s %s比平常%s：%s", day.Format("1 月 2 日"), model.AlertFigureNames[r.Figure], way, show(value)),
		Text:    fmt.Sprintf("%s的%s是 %s；之前 %d 个%s在 %s 到 %s 之间。", weekdays[day.Weekday()], model.AlertFigureNames[r.Figure], show(value), weeks, weekdays[day.Weekday()], show(low), show(high)),
		Look:    "看那天发了什么、来自哪个渠道，有没有活动或假期。",
		Link:    fmt.Sprintf("/data?from=%s&to=%s", date, date),
	}
	switch r.Figure {
	case "followers_new", "followers_lost":
		a.Look = "看那天的群发、二维码和活动，各渠道的新增；数字是微信的口径。"
	case "net":
		a.Look = "看那天的订单和退款，是哪门课、哪个来源。"
	}
	return a
}
