package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loudou/model"
)

// What is pasted is taken as it is meant; pictures nobody hands in are not without end; what WeChat never says, or says of
// a picture that is gone, is not waited for for ever.
func TestHomeworkBounds(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := openSchool(t, dsn, map[string]any{"title": "作业", "task": "写", "need_text": true, "need_pictures": false, "counts": false})
		h := s.houses[0]
		r := s.hand(s.owner, "a", "第一行\r\n\t第二行", nil...)
		if r.status != 201 || r.text("content") != "第一行\n 第二行" {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		if r := s.hand(s.owner, "b", "响铃\a"); r.status != 400 || strings.Contains(r.raw, "2000") {
			t.Errorf("%d %s", r.status, r.raw)
		}
		id := fmt.Sprintf("/homework/%v", int64(r.json["id"].(float64)))
		s.until("checked", func() bool { return s.boss.want(200, "GET", id, nil).text("check") == "pass" })

		var sub model.HomeworkSubmission
		if err := h.db.Take(&sub).Error; err != nil {
			t.Fatal(err)
		}
		now := model.Milli(h.clock.now())
		for i := range model.HomeworkMostUnsent {
			p := model.HomeworkPicture{AppID: sub.AppID, LessonID: s.paid, LearnerID: sub.LearnerID, PersonID: sub.PersonID, Address: fmt.Sprintf("/media/%032d.jpg", i), CreatedAt: now}
			if err := h.db.Create(&p).Error; err != nil {
				t.Fatal(err)
			}
		}
		before := s.count("media")
		if r := s.owner.send(s.paid, photo(t)); r.status != 409 || s.count("media") != before {
			t.Errorf("one too many: %d %s", r.status, r.raw)
		}
		if r := s.friend.send(s.paid, photo(t)); r.status != 201 {
			t.Errorf("another's: %d %s", r.status, r.raw)
		}

		// A picture whose owner cannot be written is not kept at all: no file lies here that nobody would find.
		before = s.count("media")
		files := func() (n int) { // of all instances
			for _, x := range s.houses {
				list, err := os.ReadDir(filepath.Join(x.cfg.Data, "media"))
				if err != nil {
					t.Fatal(err)
				}
				n += len(list)
			}
			return n
		}
		had, trigger := files(), "CREATE TRIGGER nobody BEFORE INSERT ON homework_pictures FOR EACH ROW SIGNAL SQLSTATE '45000'"
		if h.db.Name() == "sqlite" {
			trigger = "CREATE TRIGGER nobody BEFORE INSERT ON homework_pictures BEGIN SELECT RAISE(ABORT, 'nobody'); END"
		}
		if err := h.db.Exec(trigger).Error; err != nil {
			t.Fatal(err)
		}
		if r := s.friend.send(s.paid, photo(t)); r.status < 500 || had == 0 || s.count("media") != before || files() != had {
			t.Errorf("a picture of nobody: %d, %d rows before %d, %d files before %d", r.status, s.count("media"), before, files(), had)
		}
		if err := h.db.Exec("DROP TRIGGER nobody").Error; err != nil {
			t.Fatal(err)
		}

		// Never asked, because the job gave up: it is said to be unknown, not to be under way.
		if err := h.db.Model(&sub).UpdateColumns(map[string]any{"verdict": "", "created_at": now.Add(-25 * time.Hour)}).Error; err != nil {
			t.Fatal(err)
		}
		if err := h.homework.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.boss.want(200, "GET", id, nil).text("check"); got != "unknown" {
			t.Error(got)
		}
		for ago, want := range map[time.Duration]bool{0: true, 3 * time.Hour: false} {
			raw, _ := json.Marshal(map[string]any{"trace_id": "gone", "verdict": "pass", "heard_at": now.Add(-ago)})
			if err := h.homework.Judged(t.Context(), raw); (err != nil) != want {
				t.Errorf("%v ago: %v", ago, err)
			}
		}
	})
}
