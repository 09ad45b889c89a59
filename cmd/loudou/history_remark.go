package main

import (
	"fmt"
	"net/http"
	"time"
)

// sampleRemarks are what learners write under the sample courses, one after another.
var sampleRemarks = []string{
	"讲得很具体，跟着做了一遍就会了。", "第二课的例子能不能多给两个？", "通勤路上听的，刚好一课一站路。", "按老师说的改了标题，打开率真的高了一些。",
	"希望有可以下载的讲义。", "节奏有点快，我倒回去听了两遍。", "已经推荐给同事了。", "做练习的时候才发现自己没听懂，回头又学了一遍。",
}

// writeRemark lets every second learner who got so far write a comment.
func (s *history) writeRemark(f *sampleFan, course int) error {
	s.remarked++
	if s.remarked%2 == 0 {
		return nil
	}
	id := s.courses[course].id
	text := sampleRemarks[s.remarked/2%len(sampleRemarks)]
	if err := f.phone.call(s.ctx, http.MethodPost, fmt.Sprintf("/mini/v1/courses/%d/remarks", id), map[string]any{"content": text}, nil, "Idempotency-Key", newEventID()); err != nil {
		return err
	}
	return s.report(f, []map[string]any{{"id": newEventID(), "type": "comment", "occurred_at": s.now.Format(time.RFC3339), "course_id": id}})
}

// lookAtRemarks shows what the desk has looked at: the two newest are left for whoever tries the sample.
func (s *history) lookAtRemarks() error {
	var page struct {
		Items []struct {
			ID int64 `json:"id"`
		} `json:"items"`
	}
	if err := s.desk.call(s.ctx, http.MethodGet, "/console/v1/remarks?state=waiting&page_size=100", nil, &page); err != nil {
		return err
	}
	for n, r := range page.Items {
		at := fmt.Sprintf("/console/v1/remarks/%d", r.ID)
		if n < 2 {
			continue
		}
		if err := s.desk.call(s.ctx, http.MethodPost, at+"/show", map[string]any{}, nil); err != nil {
			return err
		}
		switch n {
		case 2:
			if err := s.desk.call(s.ctx, http.MethodPut, at+"/pinned", map[string]any{"pinned": true}, nil); err != nil {
				return err
			}
		case 3:
			if err := s.desk.call(s.ctx, http.MethodPut, at+"/reply", map[string]any{"content": "谢谢，下一版会加上。"}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
