package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"loudou/model"
	"loudou/service/media"
	"loudou/service/wechat/wechattest"
)

// as is the same desk with another operator at it, made for the purpose.
func (d *desk) as(name, role string) *desk {
	d.t.Helper()
	d.call("POST", "/operators", fmt.Sprintf(`{"name":%q,"password":"Correct-Horse-8","role":%q}`, name, role), 201)
	other := *d
	jar, _ := cookiejar.New(nil)
	other.http = &http.Client{Jar: jar, CheckRedirect: d.http.CheckRedirect}
	other.csrf = other.call("POST", "/login", fmt.Sprintf(`{"name":%q,"password":"Correct-Horse-8"}`, name), 200)["csrf_token"].(string)
	return &other
}

// picture uploads a picture and gives its address and number.
func (d *desk) picture() (string, int64) {
	d.t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		d.t.Fatal(err)
	}
	m, err := d.houses[0].media.Upload(context.Background(), model.Operator{ID: 1, Name: "boss"}, media.PurposeCover, "图", &b)
	if err != nil {
		d.t.Fatal(err)
	}
	return "/media/" + m.Name, m.ID
}

// article writes an article with a cover and a picture in its text, and gives its number.
func (d *desk) article(title string) int64 {
	d.t.Helper()
	cover, _ := d.picture()
	inside, _ := d.picture()
	a := d.call("POST", "/articles", fmt.Sprintf(`{"title":%q,"digest":"摘要","cover":%q,"content":"<p>正文<img src=\"%s\"/></p>"}`, title, cover, inside), 201)
	return int64(a["id"].(float64))
}

func (d *desk) push(article int64) int64 {
	d.t.Helper()
	return int64(d.call("POST", fmt.Sprintf("/articles/%d/draft", article), `{"comments":true}`, 200)["id"].(float64))
}

func (d *desk) draftState(id int64) string {
	d.t.Helper()
	var s string
	if err := d.houses[0].db.Raw("SELECT state FROM wechat_drafts WHERE id = ?", id).Scan(&s).Error; err != nil {
		d.t.Fatal(err)
	}
	return s
}

// An article goes into the box with its pictures, is brought up to date, published with two people behind it, and
// taken off again.
func TestDraftOnTheDesk(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		eve := d.as("eve", "editor")
		bare := d.call("POST", "/articles", `{"title":"没有封面"}`, 201)
		bad := d.call("POST", fmt.Sprintf("/articles/%v/draft", bare["id"]), `{}`, 400)
		if s := fmt.Sprint(bad); !strings.Contains(s, "封面") || !strings.Contains(s, "正文") {
			t.Errorf("what is missing: %v", bad)
		}
		id := d.article("第一篇")
		x := d.push(id)
		if again := d.push(id); again != x {
			t.Errorf("a second draft %d beside %d", again, x)
		}
		if n := d.fake.Count("/cgi-bin/draft/add"); n != 1 {
			t.Errorf("draft/add called %d times", n)
		}
		if n := d.fake.Count("/cgi-bin/media/uploadimg"); n != 1 {
			t.Errorf("the picture was uploaded %d times", n)
		}
		var mediaID string
		d.houses[0].db.Raw("SELECT media_id FROM wechat_drafts WHERE id = ?", x).Scan(&mediaID)
		box, _ := d.fake.Draft(mediaID)
		if len(box) != 1 || !strings.Contains(box[0].Content, "mmbiz.qpic.cn") || box[0].Comments != 1 || box[0].Thumb == "" {
			t.Errorf("in the box: %+v", box)
		}
		d.call("PUT", fmt.Sprintf("/articles/%d", id), `{"title":"第一篇（改）"}`, 200)
		if l := fmt.Sprint(d.call("GET", fmt.Sprintf("/drafts?article_id=%d", id), "", 200)); !strings.Contains(l, "stale:true") {
			t.Errorf("the draft is behind: %s", l)
		}
		if r := d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 409); !strings.Contains(fmt.Sprint(r), "更新草稿") {
			t.Errorf("behind: %v", r)
		}
		d.push(id)
		if r := d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 409); !strings.Contains(fmt.Sprint(r), "2 位") {
			t.Errorf("nobody said yes: %v", r)
		}
		d.call("POST", fmt.Sprintf("/articles/%d/confirm", id), `{}`, 200)
		eve.call("POST", fmt.Sprintf("/articles/%d/confirm", id), `{}`, 200)
		// Refused by WeChat: it stays in the box with the reason.
		clear := d.fake.Fail("/cgi-bin/freepublish/submit", wechattest.ErrCode(48001))
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 403)
		clear()
		if s := d.draftState(x); s != "failed" {
			t.Errorf("refused: %s", s)
		}
		// The answer is lost; the event still finds it.
		clear = d.fake.Fail("/cgi-bin/freepublish/submit", wechattest.Fault{Times: 1, Drop: true, After: true})
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 200)
		clear()
		d.until("published", func() bool { return d.draftState(x) == "published" })
		a := d.call("GET", fmt.Sprintf("/articles/%d", id), "", 200)
		if a["status"] != "published" || !strings.HasPrefix(fmt.Sprint(a["url"]), "https://mp.weixin.qq.com/s?") || len(a["confirmations"].([]any)) != 2 {
			t.Errorf("the article: %v", a)
		}
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 409)
		d.call("DELETE", fmt.Sprintf("/drafts/%d", x), "", 204)
		if _, _, there := d.fake.PostAt(fmt.Sprint(a["url"])); there {
			t.Error("the article is there yet")
		}
		d.wants("audit", 6, "SELECT COUNT(*) FROM audit_entries WHERE action LIKE 'draft.%'")
	})
}

// Without an event the state is asked for; a publication that failed says why and may be tried again.
func TestPublicationIsAskedFor(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		x := d.push(d.article("第二篇"))
		d.fake.SetJobs(wechattest.Jobs{Silent: true, Publish: 2})
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 200)
		d.until("failed", func() bool {
			d.call("POST", fmt.Sprintf("/drafts/%d/ask", x), "", 200)
			return d.draftState(x) == "failed"
		})
		if l := fmt.Sprint(d.call("GET", "/drafts?in_box=true", "", 200)); !strings.Contains(l, "原创") {
			t.Errorf("why: %s", l)
		}
		d.fake.SetJobs(wechattest.Jobs{Silent: true})
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 200)
		d.fake.Wait()
		ctx := context.Background()
		if err := d.houses[0].drafts.Check(ctx); err != nil {
			t.Fatal(err)
		}
		if s := d.draftState(x); s != "publishing" {
			t.Errorf("asked too early: %s", s)
		}
		d.houses[0].db.Exec("UPDATE wechat_drafts SET check_at = ?", model.Milli(d.houses[0].clock.now()))
		if err := d.houses[0].drafts.Check(ctx); err != nil {
			t.Fatal(err)
		}
		if s := d.draftState(x); s != "published" {
			t.Errorf("asked: %s", s)
		}
	})
}
