package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"loudou/model"
	"loudou/service/wechat/wechattest/gate"
)

// photo is a JPEG as a phone takes it: with a place in its EXIF.
func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00"), []byte("GPS 31.2N 121.4E")...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(out, b.Bytes()[2:]...)
}

// send uploads a picture for a lesson's homework, as wx.uploadFile does.
func (c caller) send(lesson int64, picture []byte) said {
	c.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "tmp_1.jpg")
	if err == nil {
		_, err = part.Write(picture)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", fmt.Sprintf("%s/lessons/%d/homework/pictures", c.base, lesson), &b)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	out := said{status: res.StatusCode, raw: string(raw), json: map[string]any{}}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

// school is a market with homework under its paid lesson, and somebody who bought the course.
type school struct {
	*market
	owner, friend, stranger caller
	at                      string
}

func openSchool(t *testing.T, dsn string, task map[string]any) *school {
	t.Helper()
	s := &school{market: openMarket(t, dsn)}
	s.owner, s.friend, s.stranger = s.learner("oA", "android", 0), s.learner("oB", "android", 1), s.learner("oC", "android", 0)
	for i, c := range []caller{s.owner, s.friend} {
		s.sheet(s.order(c, "jsapi", fmt.Sprintf("k%d", i)))
		s.until("paid", func() bool { return c.do("GET", fmt.Sprintf("/lessons/%d", s.paid), nil).status == 200 })
	}
	s.at = fmt.Sprintf("/lessons/%d/homework", s.paid)
	s.boss.want(200, "PUT", s.at, task)
	return s
}

func (s *school) hand(c caller, key, text string, pictures ...any) said {
	return c.do("POST", s.at+"/submissions", map[string]any{"content": text, "pictures": pictures}, "Idempotency-Key", key)
}

func (s *school) count(table string) (n int64) {
	s.t.Helper()
	if err := s.houses[0].db.Table(table).Count(&n).Error; err != nil {
		s.t.Fatal(err)
	}
	return n
}

// set changes something of the homework as it stands, and gives it as it stood.
func (s *school) set(change map[string]any) map[string]any {
	s.t.Helper()
	var was struct{ Homework map[string]any }
	if err := json.Unmarshal([]byte(s.boss.want(200, "GET", s.at, nil).raw), &was); err != nil {
		s.t.Fatal(err)
	}
	delete(was.Homework, "updated_by")
	now := maps.Clone(was.Homework)
	maps.Copy(now, change)
	s.boss.want(200, "PUT", s.at, now)
	return was.Homework
}

// A picture and words are handed in by who has the course; nobody else sees them before they are marked, put among the
// good ones, and passed by WeChat. Until they are marked they may be handed in anew. With its writer all of it goes.
func TestHomework(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := openSchool(t, dsn, map[string]any{"title": "第一次作业", "task": "拍一张你的笔记，写两句话。", "due_days": 3, "need_text": true, "need_pictures": true, "counts": true})
		s.boss.want(400, "PUT", s.at, map[string]any{"title": "", "task": "x", "need_text": false, "need_pictures": false, "counts": false})
		if r := s.owner.want(200, "GET", s.at, nil); r.text("title") != "第一次作业" || r.json["last"] != nil || !strings.Contains(r.raw, `"actions":["hand_in"]`) || r.text("due_at") == "" {
			t.Errorf("to be done: %s", r.raw)
		}
		if r := s.owner.want(200, "GET", fmt.Sprintf("/courses/%d", s.course), nil); !strings.Contains(r.raw, `"homework":{"title":"第一次作业","state":"","counts":true}`) {
			t.Error(r.raw)
		}
		s.stranger.want(403, "GET", s.at, nil)
		if r := s.stranger.send(s.paid, photo(t)); r.status != 403 {
			t.Errorf("a stranger's picture: %d %s", r.status, r.raw)
		}
		s.owner.want(404, "GET", fmt.Sprintf("/lessons/%d/homework", s.trial), nil)
		if r := s.owner.send(s.paid, []byte("%PDF-1.4 x %%EOF")); r.status != 400 {
			t.Errorf("no picture: %d %s", r.status, r.raw)
		}

		// What a phone sends is cleaned, and opened by signed addresses alone.
		up := s.owner.send(s.paid, photo(t))
		if up.status != 201 {
			t.Fatalf("picture: %d %s", up.status, up.raw)
		}
		_, path, _ := strings.Cut(up.text("url"), "/media/")
		bare, _, _ := strings.Cut(path, "?")
		for address, want := range map[string]int{path: 200, bare: 403} {
			res, err := http.Get(s.urls[0] + "/media/" + address)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != want || bytes.Contains(b, []byte("GPS")) {
				t.Errorf("%s: %d, %d bytes", address, res.StatusCode, len(b))
			}
		}
		if r := s.boss.want(200, "GET", "/media", nil); strings.Contains(r.raw, bare) {
			t.Errorf("a learner's picture among the shop's files: %s", r.raw)
		}
		for _, bad := range []said{s.hand(s.owner, "b1", "只有字"), s.hand(s.owner, "b2", "", up.json["id"]), s.hand(s.friend, "b3", "别人的图", up.json["id"])} {
			if bad.status != 400 {
				t.Errorf("%d %s", bad.status, bad.raw)
			}
		}

		// WeChat away, then slow: handed in, to be marked, seen by nobody else.
		letGo := s.wechat.HoldMedia()
		heal := s.wechat.Fail("/wxa/msg_sec_check", gate.Status(502, ""))
		one := s.hand(s.owner, "one", "这是我的笔记", up.json["id"])
		if one.status != 201 || one.text("state") != "waiting" {
			t.Fatalf("%d %s", one.status, one.raw)
		}
		if again := s.hand(s.owner, "one", "这是我的笔记", up.json["id"]); again.status != 201 || again.json["id"] != one.json["id"] {
			t.Errorf("twice: %d %s", again.status, again.raw)
		}
		if r := s.hand(s.owner, "one", "另一句"); r.status != 400 && r.code() != "key_reused" {
			t.Error(r.raw)
		}
		if r := s.boss.want(200, "GET", "/home", nil); !strings.Contains(r.raw, `"key":"homework","title":"待批改的作业","count":1`) {
			t.Error(r.raw)
		}
		heal()
		s.until("WeChat was asked about the picture", func() bool { return s.wechat.Count("/wxa/media_check_async") == 1 })

		// Handed in anew before it was marked: the new one counts.
		next := s.owner.send(s.paid, photo(t))
		two := s.hand(s.owner, "two", "改好的笔记", next.json["id"])
		if two.json["number"] != 2.0 {
			t.Fatalf("%d %s", two.status, two.raw)
		}
		id := fmt.Sprintf("/homework/%v", int64(two.json["id"].(float64)))
		s.boss.want(409, "POST", fmt.Sprintf("/homework/%v/mark", int64(one.json["id"].(float64))), map[string]any{"score": 90})
		if r := s.boss.want(200, "GET", "/homework?state=waiting", nil); strings.Contains(r.raw, "这是我的笔记") || !strings.Contains(r.raw, `"check":"checking"`) {
			t.Error(r.raw)
		}

		// Returned, done again, marked: then the lesson is finished, and not by playing to its end before.
		s.owner.want(200, "PUT", fmt.Sprintf("/lessons/%d/progress", s.paid), map[string]any{"position_seconds": 30, "finished": true})
		s.boss.want(400, "POST", id+"/return", map[string]any{"words": " "})
		s.boss.want(200, "POST", id+"/return", map[string]any{"words": "再写具体一点"})
		if r := s.owner.want(200, "GET", s.at, nil); !strings.Contains(r.raw, "再写具体一点") || !strings.Contains(r.raw, `"state":"returned"`) || !strings.Contains(r.raw, "hand_in") {
			t.Error(r.raw)
		}
		// The picture that came back is handed in once more; those of before the last, and another's, are not.
		last := two.json["pictures"].([]any)[0].(map[string]any)
		if r := s.hand(s.owner, "old", "写得具体的笔记", up.json["id"]); r.status != 400 {
			t.Errorf("a picture of before the last: %d %s", r.status, r.raw)
		}
		three := s.hand(s.owner, "three", "写得具体的笔记", last["id"])
		if again := s.hand(s.owner, "three", "写得具体的笔记", last["id"]); three.status != 201 || again.json["id"] != three.json["id"] {
			t.Errorf("twice: %d %s, %d %s", three.status, three.raw, again.status, again.raw)
		}
		id = fmt.Sprintf("/homework/%v", int64(three.json["id"].(float64)))
		if r := s.owner.want(200, "GET", fmt.Sprintf("/lessons/%d", s.paid), nil); r.json["finished"] != false {
			t.Error("finished without its homework")
		}
		s.boss.want(400, "POST", id+"/mark", map[string]any{"score": 101})
		s.boss.want(200, "POST", id+"/mark", map[string]any{"score": 95, "words": "很好"})
		if r := s.owner.want(200, "GET", fmt.Sprintf("/lessons/%d", s.paid), nil); r.json["finished"] != true {
			t.Error("not finished by its homework")
		}
		if r := s.hand(s.owner, "four", "还想再交", last["id"]); r.status != 409 {
			t.Errorf("after the mark: %d %s", r.status, r.raw)
		}

		// Among the good ones once WeChat has spoken, for who has the course.
		s.boss.want(409, "PUT", id+"/featured", map[string]any{"featured": true})
		letGo()
		s.until("checked", func() bool { return s.boss.want(200, "GET", id, nil).text("check") == "pass" })
		s.boss.want(200, "PUT", id+"/featured", map[string]any{"featured": true})
		if r := s.friend.want(200, "GET", s.at, nil); !strings.Contains(r.raw, "写得具体的笔记") || strings.Contains(r.raw, "很好") || !strings.Contains(r.raw, `"mine":false`) {
			t.Error(r.raw)
		}
		s.stranger.want(403, "GET", s.at, nil)
		csv := s.boss.want(200, "GET", "/homework.csv", nil)
		if !strings.HasPrefix(csv.raw, "\uFEFF编号") || !strings.Contains(csv.raw, "写得具体的笔记,1,已批改,否,95,很好,boss,是") {
			t.Error(csv.raw)
		}
		if r := s.boss.want(200, "GET", "/audit?object=homework_submission", nil); !strings.Contains(r.raw, "homework.grade") || strings.Contains(r.raw, "笔记") {
			t.Error(r.raw)
		}

		// Access gone: nothing is handed in. The writer gone: nothing is left, no file either.
		if err := s.houses[0].db.Exec("UPDATE grants SET status = 'frozen' WHERE learner_id = (SELECT learner_id FROM homework_submissions WHERE number = 3)").Error; err != nil {
			t.Fatal(err)
		}
		s.owner.want(403, "GET", s.at, nil)
		if err := s.houses[0].db.Exec("UPDATE grants SET status = 'active' WHERE status = 'frozen'").Error; err != nil {
			t.Fatal(err)
		}
		s.owner.want(204, "DELETE", "/me", nil)
		if n := s.count("homework_submissions") + s.count("homework_pictures"); n != 0 {
			t.Errorf("%d rows of a forgotten person", n)
		}
		s.until("the files are gone", func() bool { return s.count("media") == 0 })
	})
}

// What WeChat calls risky comes back by itself, words or picture, and is shown to nobody; what it doubts or never judges
// is marked, and stays between its writer and the teacher.
func TestHomeworkChecked(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := openSchool(t, dsn, map[string]any{"title": "作业", "task": "写", "need_text": false, "need_pictures": true, "counts": false})
		s.wechat.JudgeMedia("risky")
		up := s.owner.send(s.paid, photo(t))
		s.hand(s.owner, "a", "", up.json["id"])
		s.until("the picture came back", func() bool {
			return strings.Contains(s.owner.want(200, "GET", s.at, nil).raw, model.HomeworkByWeChat)
		})
		s.wechat.JudgeMedia("pass")
		up = s.owner.send(s.paid, photo(t))
		s.hand(s.owner, "b", "你这个大傻子", up.json["id"])
		s.until("the words came back", func() bool {
			r := s.owner.want(200, "GET", s.at, nil)
			return strings.Contains(r.raw, "傻子") && strings.Contains(r.raw, model.HomeworkByWeChat)
		})
		s.wechat.JudgeMedia("review")
		up = s.owner.send(s.paid, photo(t))
		last := s.hand(s.owner, "c", "好好写的", up.json["id"])
		id := fmt.Sprintf("/homework/%v", int64(last.json["id"].(float64)))
		s.until("judged", func() bool { return s.boss.want(200, "GET", id, nil).text("check") == "review" })
		s.boss.want(200, "POST", id+"/mark", map[string]any{})
		s.boss.want(409, "PUT", id+"/featured", map[string]any{"featured": true})
		if r := s.owner.want(200, "GET", s.at, nil); strings.Contains(r.raw, `"score"`) || !strings.Contains(r.raw, `"state":"marked"`) {
			t.Error(r.raw)
		}
		// A picture nobody hands in is forgotten after a day; what WeChat never judges is not waited for for ever.
		letGo := s.wechat.HoldMedia()
		left := s.friend.send(s.paid, photo(t))
		up = s.friend.send(s.paid, photo(t))
		slow := s.hand(s.friend, "d", "等不到的", up.json["id"])
		slowID := fmt.Sprintf("/homework/%v", int64(slow.json["id"].(float64)))
		s.until("asked", func() bool { return s.wechat.Count("/wxa/media_check_async") == 4 })
		s.until("its number is kept", func() bool {
			var n int64
			s.houses[0].db.Table("homework_pictures").Where("asked_at IS NOT NULL").Count(&n)
			return n == 4
		})
		for _, age := range []string{"UPDATE homework_pictures SET created_at = ? WHERE submission_id = 0", "UPDATE homework_pictures SET asked_at = ? WHERE verdict = ''"} {
			if err := s.houses[0].db.Exec(age, model.Milli(time.Now().AddDate(0, 0, -2))).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := s.houses[0].homework.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := s.hand(s.friend, "e", "", left.json["id"]); r.status != 400 || !strings.Contains(r.raw, "已经过期") {
			t.Errorf("a picture of the day before yesterday: %d %s", r.status, r.raw)
		}
		if r := s.boss.want(200, "GET", slowID, nil); r.text("check") != "unknown" {
			t.Errorf("never judged: %s", r.raw)
		}
		letGo() // the word comes after all, and is still heard
		s.until("heard late", func() bool { return s.boss.want(200, "GET", slowID, nil).text("check") == "review" })
		// Closed: what was handed in stays, nothing new comes.
		looked := s.set(map[string]any{"task": "再写"})
		s.set(map[string]any{"closed": true})
		looked["title"] = "别的作业"
		if r := s.boss.want(409, "PUT", s.at, looked); !strings.Contains(r.raw, "改过这份作业") {
			t.Errorf("two who change one: %s", r.raw)
		}
		if r := s.friend.send(s.paid, photo(t)); r.status != 409 {
			t.Errorf("closed: %d %s", r.status, r.raw)
		}
		for i, c := range []caller{s.owner, s.stranger} { // the way to what was handed in stays, for who handed in
			if r := c.want(200, "GET", fmt.Sprintf("/courses/%d", s.course), nil); strings.Contains(r.raw, `"state":"marked"`) != (i == 0) || strings.Contains(r.raw, `"homework":{`) != (i == 0) {
				t.Errorf("%d: %s", i, r.raw)
			}
		}
		s.owner.want(200, "GET", s.at, nil)
	})
}
