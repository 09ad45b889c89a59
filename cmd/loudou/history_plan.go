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
	return nil
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

// present brings the business clock of the service and of the fake to now, for what is planned from here on.
func (s *history) present() error { return s.at(time.Now()) }
