package main

import (
	"fmt"
	"net/http"
	"time"

	"loudou/model"
)

type sampleTask struct {
	title             string
	important, urgent bool
	start, estimated  int    // minutes
	actual            int    // of a day that is over; 0: never measured
	kpi, repeat       string // repeat of today's
}

// A day of whoever does everything in a small house.
var sampleTasks = []sampleTask{
	{"回复后台留言", false, true, 9 * 60, 30, 40, "active", ""},
	{"写今晚的文章", true, true, 9*60 + 30, 120, 150, "read_rate", ""},
	{"排版并送确认", true, true, 14 * 60, 45, 45, "read_rate", ""},
	{"拆解一篇转发高的文章", true, false, 16 * 60, 60, 35, "share_rate", ""},
	{"整理素材文件夹", false, false, 0, 30, 0, "", ""},
}

// writePlan fills the days of this week up to today with tasks: those before are done, with what they took.
func (s *history) writePlan() error {
	today, err := model.ParseDay(model.Day(s.now))
	if err != nil {
		return err
	}
	for d := today.AddDate(0, 0, -(int(today.Weekday())+6)%7); !d.After(today); d = d.AddDate(0, 0, 1) {
		for i, k := range sampleTasks {
			in := map[string]any{"title": k.title, "important": k.important, "urgent": k.urgent, "day": model.Day(d), "estimated_minutes": k.estimated, "kpi": k.kpi}
			if k.start > 0 {
				in["start"] = k.start
			}
			if err := s.task(in, d.Before(today), k.actual+5*((i*d.Day())%4)*min(k.actual, 1)); err != nil {
				return err
			}
		}
	}
	for _, in := range []map[string]any{
		{"title": "看昨天的数据", "important": true, "urgent": true, "day": model.Day(today), "start": 8*60 + 45, "estimated_minutes": 15, "kpi": "conversion", "repeat": "weekdays"},
		{"title": "和讲师定下一期选题", "important": true, "urgent": false, "estimated_minutes": 60, "kpi": "buyers"},
	} {
		if err := s.task(in, false, 0); err != nil {
			return err
		}
	}
	// The figures of the last weeks say where people stop: a next version is planned from them.
	return s.desk.call(s.ctx, http.MethodPost, fmt.Sprintf("/console/v1/courses/%d/iterations", s.courses[0].id), map[string]any{"from": model.Day(today.AddDate(0, 0, -20)), "to": model.Day(today.AddDate(0, 0, -1)),
		"lesson_id": s.courses[0].lessons[0], "title": "第一课重录，先给结论", "note": "到过第一课的人有不少没往后学，开头铺垫太长", "day": model.Day(today.AddDate(0, 0, 1)), "estimated_minutes": 120}, nil)
}

func (s *history) task(in map[string]any, over bool, actual int) error {
	var made struct {
		ID      int64 `json:"id"`
		Version int64 `json:"version"`
	}
	if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/tasks", in, &made); err != nil || !over {
		return err
	}
	path := fmt.Sprintf("/console/v1/tasks/%d", made.ID)
	if actual > 0 {
		in["actual_minutes"], in["version"] = actual, made.Version
		if err := s.desk.call(s.ctx, http.MethodPut, path, in, &made); err != nil {
			return err
		}
	}
	return s.desk.call(s.ctx, http.MethodPost, path+"/done", map[string]any{"version": made.Version}, nil)
}

// The columns of a week, and what stands in the next places already.
var sampleColumns = []map[string]any{
	{"weekday": 1, "slot": 1, "column": "写作干货", "author": "小雨"}, {"weekday": 3, "slot": 1, "column": "学员故事", "author": "小雨"}, {"weekday": 3, "slot": 2, "column": "课程问答"},
	{"weekday": 5, "slot": 1, "column": "周五福利", "author": "阿山"}, {"weekday": 7, "slot": 1, "column": "读者来信", "author": "阿山"},
}

// writeCalendar plans the coming days: a filled week, a piece with its target, the last article where it went out.
func (s *history) writeCalendar() error {
	today, err := model.ParseDay(model.Day(s.now))
	if err != nil {
		return err
	}
	if err := s.desk.call(s.ctx, http.MethodPut, "/console/v1/calendar/template", map[string]any{"version": 0, "columns": sampleColumns}, nil); err != nil {
		return err
	}
	next := today.AddDate(0, 0, 8-model.Weekday(model.DayNumber(today)))
	if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/calendar/fill", map[string]any{"week": model.Day(next)}, nil); err != nil {
		return err
	}
	pieces := []map[string]any{
		{"day": model.Day(today), "slot": 1, "title": "年终汇报，三句话就够", "column": "写作干货", "author": "小雨", "state": "layout", "target_kpi": "read_rate", "target": 900, "hypothesis": "年末人人要写汇报，标题里给出数字会更多人点开"},
		{"day": model.Day(today.AddDate(0, 0, 1)), "slot": 2, "title": "表格里的三个坏习惯", "column": "课程问答", "state": "draft"},
	}
	if n := len(s.articles); n > 0 {
		a := s.articles[n-1]
		pieces = append(pieces, map[string]any{"day": model.Day(today.AddDate(0, 0, a.day-historyDays)), "slot": 1, "title": sampleArticles[n-1].title, "column": "学员故事", "author": "小雨", "article_id": a.id, "target_kpi": "buyers", "target": 5})
	}
	for _, p := range pieces {
		if err := s.desk.call(s.ctx, http.MethodPost, "/console/v1/calendar/pieces", p, nil); err != nil {
			return err
		}
	}
	return nil
}

// present brings the business clock of the service and of the fake to now, for what is planned from here on.
func (s *history) present() error { return s.at(time.Now()) }
