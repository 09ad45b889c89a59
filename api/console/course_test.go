package console_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/course"
	"loudou/service/grant"
	"loudou/service/job"
	"loudou/service/media"
)

// shop gives the door its courses and files.
func shop(t *testing.T, db *gorm.DB) *house {
	t.Helper()
	h := open(t, db, option{})
	h.door.Courses = course.New(db, course.Options{AppID: "wxmini", Selling: model.Selling{JSAPI: true}, Grants: grant.New(db, time.Now), Audit: h.ops, Jobs: job.New(db)})
	var err error
	h.door.Media, err = media.New(db, media.Options{AppID: "wxmini", Dir: filepath.Join(t.TempDir(), "media"), Secret: []byte("0123456789abcdef0123456789abcdef-test"), Audit: h.ops})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type courseView struct {
	ID            int64
	Title         string
	Price         int64
	OriginalPrice *int64 `json:"original_price"`
	Intro         string
	Status        string
	Version       int64
	Lessons       []struct {
		ID       int64
		Position int
		Trial    bool
	}
	Prices []struct{ Price int64 }
	Offers []struct {
		Platform  string
		Actions   []string
		ShowPrice bool `json:"show_price"`
	}
}

func TestCourseFromDraftToShop(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := shop(t, db)
		b := h.as("boss")
		a := b.do("POST", "/console/v1/courses", `{"title":" 写作课 ","price":19900,"original_price":29900,"intro":"<p onclick=x>简介</p><script>alert(1)</script>"}`)
		var c courseView
		a.into(t, &c)
		if a.status != 201 || c.ID == 0 || c.Title != "写作课" || c.Status != "draft" || c.Intro != "<p>简介</p>" || c.OriginalPrice == nil {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		path := fmt.Sprintf("/console/v1/courses/%d", c.ID)
		var ids []string
		for i, trial := range []bool{true, false, false} {
			a := b.do("POST", path+"/lessons", fmt.Sprintf(`{"title":"第 %d 课","kind":"text","content":"<b>正文</b><iframe src=//x></iframe>","trial":%v}`, i+1, trial))
			var l struct {
				ID      int64
				Content string
			}
			a.into(t, &l)
			if a.status != 201 || l.Content != "<b>正文</b>" {
				t.Fatalf("lesson: %d %s", a.status, a.body)
			}
			ids = append(ids, fmt.Sprint(l.ID))
		}
		a = b.do("POST", path+"/lessons/order", `{"lesson_ids":[`+ids[2]+`,`+ids[0]+`,`+ids[1]+`]}`)
		a.into(t, &c)
		if a.status != 200 || fmt.Sprint(c.Lessons[0].ID) != ids[2] || c.Lessons[2].Position != 3 {
			t.Errorf("order: %d %s", a.status, a.body)
		}
		for name, list := range map[string]string{"one missing": ids[0] + "," + ids[1], "another's": ids[0] + "," + ids[1] + ",999"} {
			if a := b.do("POST", path+"/lessons/order", `{"lesson_ids":[`+list+`]}`); a.status != 409 {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		a = b.do("PUT", "/console/v1/lessons/"+ids[0], `{"title":"新名","seconds":60}`)
		if a.status != 200 || !strings.Contains(a.body, "新名") || !strings.Contains(a.body, "正文") {
			t.Errorf("change lesson: %d %s", a.status, a.body)
		}
		if a := b.do("DELETE", "/console/v1/lessons/"+ids[1], ""); a.status != 204 {
			t.Errorf("delete lesson: %d %s", a.status, a.body)
		}
		if a := b.do("GET", "/console/v1/lessons/"+ids[1], ""); a.status != 404 {
			t.Errorf("deleted lesson: %d", a.status)
		}
		for _, step := range [][2]string{{"publish", "on_sale"}, {"publish", "on_sale"}, {"stop", "stopped"}, {"publish", "on_sale"}, {"unpublish", "withdrawn"}, {"publish", "on_sale"}} {
			a := b.do("POST", path+"/"+step[0], `{}`)
			a.into(t, &c)
			if a.status != 200 || c.Status != step[1] {
				t.Errorf("%s: %d %s", step[0], a.status, a.body)
			}
		}
		if len(c.Offers) != 5 || !c.Offers[0].ShowPrice || c.Offers[1].ShowPrice || c.Offers[0].Actions[0] != "buy" {
			t.Errorf("offers: %+v", c.Offers)
		}
		a = b.do("PUT", path, `{"price":9900,"original_price":null}`)
		a.into(t, &c)
		if a.status != 200 || c.Price != 9900 || c.OriginalPrice != nil || c.Intro == "" || len(c.Prices) != 2 || c.Prices[0].Price != 9900 {
			t.Errorf("price: %d %s", a.status, a.body)
		}
		if a := b.do("GET", "/console/v1/courses?q="+"%E5%86%99&status=on_sale&page_size=1", ""); a.status != 200 || !strings.Contains(a.body, `"id":`+fmt.Sprint(c.ID)) {
			t.Errorf("list: %d %s", a.status, a.body)
		}
		if a := b.do("GET", "/console/v1/audit?object=course", ""); !strings.Contains(a.body, "course.publish") || strings.Contains(a.body, "简介") {
			t.Errorf("audit: %s", a.body)
		}
	})
}

func TestTwoEditorsOneVersion(t *testing.T) {
	h := shop(t, modeltest.Open(t))
	b := h.as("boss")
	var c courseView
	b.do("POST", "/console/v1/courses", `{"title":"课","price":1}`).into(t, &c)
	path := fmt.Sprintf("/console/v1/courses/%d", c.ID)
	if a := b.do("PUT", path, fmt.Sprintf(`{"title":"甲","version":%d}`, c.Version)); a.status != 200 {
		t.Errorf("first: %d %s", a.status, a.body)
	}
	a := b.do("PUT", path, fmt.Sprintf(`{"title":"乙","version":%d}`, c.Version))
	if a.status != 409 || !strings.Contains(a.body, "boss") || !strings.Contains(a.body, time.Now().In(model.Shanghai).Format("2006-01-02")) {
		t.Errorf("second: %d %s", a.status, a.body)
	}
}

func TestCourseInputIsJudged(t *testing.T) {
	h := shop(t, modeltest.SQLite(t))
	b := h.as("boss")
	var c courseView
	b.do("POST", "/console/v1/courses", `{"title":"课","price":1}`).into(t, &c)
	path := fmt.Sprintf("/console/v1/courses/%d", c.ID)
	for body, field := range map[string]string{
		`{"title":"","price":1}`: "title", `{"title":"课"}`: "price", `{"title":"课","price":-1}`: "price", `{"title":"课","price":1e308}`: "price", `{"title":"课","price":9007199254740993}`: "price",
		`{"title":"课","price":1.5}`: "price", `{"title":"课","price":"1"}`: "price", `{"title":"课","price":1,"published":true}`: "published", `{"title":"课","price":1,"id":5}`: "id", `{"title":"课","price":1,"appid":"x"}`: "appid",
		`{"title":"课","price":1,"cover":"javascript:alert(1)"}`: "cover", `{"title":"课","price":1,"cover":"http://169.254.169.254/"}`: "cover", `{"title":"课","price":1,"original_price":-5}`: "original_price", `{"TITLE":"课","price":1}`: "",
	} {
		for _, c := range [][2]string{{"POST", "/console/v1/courses"}, {"PUT", path}} {
			if c[0] == "PUT" && body == `{"title":"课"}` {
				continue
			}
			a := b.do(c[0], c[1], body)
			if a.status != 400 || !strings.Contains(a.body, field) {
				t.Errorf("%s %s: %d %s", c[0], body, a.status, a.body)
			}
		}
	}
	for _, p := range []string{"/console/v1/courses?page_token=abc", "/console/v1/courses?page_size=0", "/console/v1/courses?status=x", "/console/v1/courses/0", "/console/v1/courses/9007199254740993"} {
		if a := b.do("GET", p, ""); a.status != 400 {
			t.Errorf("%s: %d %s", p, a.status, a.body)
		}
	}
	if a := b.do("GET", "/console/v1/courses/999", ""); a.status != 404 {
		t.Errorf("unknown: %d", a.status)
	}
	if a := b.do("GET", "/console/v1/courses?q='%20or%201=1%20--", ""); a.status != 200 || !strings.Contains(a.body, `"items":[]`) {
		t.Errorf("q is not data: %d %s", a.status, a.body)
	}
}

func TestUpload(t *testing.T) {
	h := shop(t, modeltest.SQLite(t))
	h.add("viewer", model.RoleViewer)
	send := func(b *browser, purpose, name string, file []byte) answer {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(file)
		_ = w.Close()
		return b.with("Content-Type", w.FormDataContentType()).do("POST", "/console/v1/media?purpose="+purpose, body.String())
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	b := h.as("boss")
	a := send(b, "cover", `C:\x\封面.png`, picture.Bytes())
	var m struct {
		Address, URL, Title string
		Public              bool
		Width               int
	}
	a.into(t, &m)
	if a.status != 201 || model.MediaName(m.Address) == "" || m.Title != "封面.png" || !m.Public || m.Width != 8 {
		t.Fatalf("upload: %d %s", a.status, a.body)
	}
	if a := b.do("POST", "/console/v1/courses", `{"title":"课","price":1,"cover":"`+m.Address+`"}`); a.status != 201 {
		t.Errorf("course with it: %d %s", a.status, a.body)
	}
	if a := send(b, "lesson", "x.png", picture.Bytes()); a.status != 201 || !strings.Contains(a.body, "s=") {
		t.Errorf("private: %d %s", a.status, a.body)
	}
	for name, file := range map[string]string{"a.html%00.jpg": "<html>", "x.svg": "<svg/>", "x.jpg": "%PDF-1.7\n%%EOF", strings.Repeat("长", 300) + ".png": "nothing", "": ""} {
		if a := send(b, "cover", name, []byte(file)); a.status != 400 || !strings.Contains(a.body, "file") {
			t.Errorf("%.20q: %d %s", name, a.status, a.body)
		}
	}
	if a := b.with("Content-Type", "multipart/form-data; boundary=x").do("POST", "/console/v1/media", "--x--\r\n"); a.status != 400 {
		t.Errorf("no file: %d %s", a.status, a.body)
	}
	if a := send(h.as("viewer"), "cover", "x.png", picture.Bytes()); a.status != 403 {
		t.Errorf("viewer: %d", a.status)
	}
	if a := b.do("GET", "/console/v1/media?kind=image&page_size=1", ""); a.status != 200 || !strings.Contains(a.body, `"next_page_token":"A`) {
		t.Errorf("list: %d %s", a.status, a.body)
	}
}
