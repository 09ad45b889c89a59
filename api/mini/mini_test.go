package mini_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/course"
	"loudou/service/media"
)

var both = option{selling: model.Selling{JSAPI: true, XPay: true}}

// Every category with something on sale is named, however many pages the list has, and a word finds courses by theirs.
func TestCategories(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		a := h.login("A", "android")
		if got := a.do("GET", "/mini/v1/categories", ""); got.status != 200 || !strings.Contains(got.body, `"items":[]`) {
			t.Errorf("an empty shop: %d %s", got.status, got.body)
		}
		add := func(title, category string, publish bool) {
			t.Helper()
			price := model.Fen(100)
			c, err := h.courses.Create(ctx, boss, course.Draft{Title: &title, Price: &price, Category: &category})
			if err == nil && publish {
				_, err = h.courses.Publish(ctx, boss, c.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		add("甲", "办公", true)
		for i := range 21 {
			add(fmt.Sprintf("乙%d", i), "写作", true)
		}
		add("丙", "", true)
		add("丁", "没上架", false)
		if got := a.do("GET", "/mini/v1/categories", ""); !strings.Contains(got.body, `"items":[{"name":"写作","courses":21},{"name":"办公","courses":1}]`) {
			t.Errorf("categories: %s", got.body)
		}
		for _, path := range []string{"q=" + url.QueryEscape("办公"), "category=" + url.QueryEscape("办公")} {
			if got := a.do("GET", "/mini/v1/courses?"+path, ""); got.at("items.0.title") != "甲" || got.at("items.1") != nil {
				t.Errorf("%s: %s", path, got.body)
			}
		}
	})
}

func TestShop(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		s := h.shelf(19900)
		draftTitle, price := "草稿", model.Fen(100)
		draft, err := h.courses.Create(ctx, boss, course.Draft{Title: &draftTitle, Price: &price})
		if err != nil {
			t.Fatal(err)
		}
		a, b := h.login("A", "android"), h.login("B", "ios")
		list := a.do("GET", "/mini/v1/courses", "")
		if list.at("items.0.price") != 19900.0 || list.at("items.0.lesson_count") != 2.0 || list.at("items.1") != nil || list.at("next_page_token") != "" {
			t.Errorf("catalogue: %s", list.body)
		}
		if got := a.do("GET", "/mini/v1/courses?q=%25", ""); got.at("items.0") != nil {
			t.Errorf("%% is not data: %s", got.body)
		}
		if got := a.do("GET", "/mini/v1/courses?q=%E5%86%99%E4%BD%9C", ""); got.at("items.0.id") != float64(s.course) {
			t.Errorf("search: %s", got.body)
		}
		page := a.do("GET", fmt.Sprintf("/mini/v1/courses/%d", s.course), "")
		if page.at("owned") != false || page.at("actions.0") != "buy" || page.at("actions.1") != "trial" || page.at("lessons.0.playable") != true || page.at("lessons.1.playable") != false {
			t.Errorf("course: %s", page.body)
		}
		for name, path := range map[string]string{"draft": fmt.Sprintf("/mini/v1/courses/%d", draft.ID), "none": "/mini/v1/courses/999999"} {
			if got := a.do("GET", path, ""); got.status != 404 || got.at("error.code") != "not_found" {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		lesson := func(p phone, id int64) answer { return p.do("GET", fmt.Sprintf("/mini/v1/lessons/%d", id), "") }
		if got := lesson(a, s.trial); got.status != 200 || strings.Contains(got.body, "script") {
			t.Errorf("trial: %d %s", got.status, got.body)
		}
		if got := lesson(a, s.paid); got.status != 403 || strings.Contains(got.body, "正文") {
			t.Errorf("paid: %d %s", got.status, got.body)
		}
		if got := lesson(a, 999999); got.status != 404 {
			t.Errorf("forged: %d", got.status)
		}
		h.give(a, s.course)
		if got := lesson(a, s.paid); got.status != 200 || !strings.Contains(got.body, "正文") {
			t.Errorf("owned: %d %s", got.status, got.body)
		}
		if got := lesson(b, s.paid); got.status != 403 {
			t.Errorf("another learner: %d", got.status)
		}
		if got := a.do("GET", fmt.Sprintf("/mini/v1/courses/%d", s.course), ""); got.at("owned") != true || got.at("actions.0") != "learn" || got.at("actions.1") != "gift" || got.at("actions.2") != nil {
			t.Errorf("owner's page: %s", got.body)
		}
		if _, err := h.courses.Unpublish(ctx, boss, s.course); err != nil {
			t.Fatal(err)
		}
		if got := lesson(a, s.paid); got.status != 200 {
			t.Errorf("withdrawn, owner: %d", got.status)
		}
		if got := lesson(b, s.trial); got.status != 404 {
			t.Errorf("withdrawn, stranger: %d", got.status)
		}
		if got := a.do("GET", "/mini/v1/courses", ""); got.at("items.0") != nil {
			t.Errorf("withdrawn is listed: %s", got.body)
		}
		if got := a.do("GET", "/mini/v1/me/courses", ""); got.at("items.0.id") != float64(s.course) {
			t.Errorf("my courses: %s", got.body)
		}
	})
}

// The phone is told the price of the moment, what it will cost again, and until when; and why nobody can buy.
func TestSaleAtTheDoor(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		s := h.shelf(19900)
		a := h.login("A", "android")
		look := func() answer { return a.do("GET", fmt.Sprintf("/mini/v1/courses/%d", s.course), "") }
		at := func(d time.Duration) *time.Time { t := time.Now().Add(d); return &t }
		flash := model.Fen(9900)
		set := func(sale model.Sale) {
			if _, err := h.courses.Change(ctx, boss, s.course, 0, course.Draft{Sale: &sale}); err != nil {
				t.Fatal(err)
			}
		}
		set(model.Sale{FlashPrice: &flash, FlashFrom: at(-time.Hour), FlashUntil: at(time.Hour), SaleUntil: at(2 * time.Hour)})
		if got := look(); got.at("price") != 9900.0 || got.at("original_price") != 19900.0 || got.at("flash_until") == nil || got.at("sale_until") == nil || got.at("not_sold") != nil {
			t.Errorf("in the flash: %s", got.body)
		}
		set(model.Sale{FlashPrice: &flash, FlashFrom: at(-2 * time.Hour), FlashUntil: at(-time.Hour), SaleFrom: at(time.Hour)})
		got := look()
		if got.at("price") != 19900.0 || got.at("original_price") != nil || got.at("flash_until") != nil || got.at("sale_from") == nil || !strings.HasSuffix(fmt.Sprint(got.at("not_sold")), "开售") || got.at("actions.0") != "trial" || got.at("vias.0") != nil {
			t.Errorf("before its time: %s", got.body)
		}
		seats := int64(5)
		set(model.Sale{Seats: &seats})
		if got := look(); got.at("seats_left") != 5.0 || got.at("actions.0") != "buy" {
			t.Errorf("five seats: %s", got.body)
		}
		set(model.Sale{SaleUntil: at(-time.Hour)})
		if got := look(); got.at("not_sold") != "已停售" || got.at("actions.0") != "trial" {
			t.Errorf("after its time: %s", got.body)
		}
		if got := a.do("GET", "/mini/v1/courses", ""); got.at("items.0") != nil {
			t.Errorf("listed after its time: %s", got.body)
		}
	})
}

// Selling check 30.
func TestIOSWithoutItsChannelOnlyLearns(t *testing.T) {
	h := open(t, modeltest.Open(t), option{selling: model.Selling{JSAPI: true}})
	s := h.shelf(19900)
	for _, platform := range []string{"ios", "", "toaster"} {
		p := h.login("I"+platform, platform)
		for _, path := range []string{"/mini/v1/courses", fmt.Sprintf("/mini/v1/courses/%d", s.course)} {
			if got := p.do("GET", path, ""); got.status != 200 || strings.Contains(got.body, "price") || strings.Contains(got.body, "buy") || strings.Contains(got.body, "19900") {
				t.Errorf("%q %s: %s", platform, path, got.body)
			}
		}
		h.give(p, s.course)
		if got := p.do("GET", fmt.Sprintf("/mini/v1/lessons/%d", s.paid), ""); got.status != 200 {
			t.Errorf("%q learns: %d", platform, got.status)
		}
	}
}

func TestPages(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		for range 5 {
			h.shelf(100)
		}
		p := h.login("A", "android")
		seen, token := map[any]bool{}, ""
		for range 3 {
			a := p.do("GET", "/mini/v1/courses?page_size=2&page_token="+token, "")
			for i := range 2 {
				if id := a.at(fmt.Sprintf("items.%d.id", i)); id != nil {
					seen[id] = true
				}
			}
			token, _ = a.at("next_page_token").(string)
		}
		if len(seen) != 5 || token != "" {
			t.Errorf("seen %v, token %q", seen, token)
		}
		first := p.do("GET", "/mini/v1/courses?page_size=2", "").at("next_page_token").(string)
		for name, query := range map[string]string{
			"altered": "page_token=" + first[1:] + "A", "of another list": "q=x&page_token=" + first, "no base64": "page_token=!!!", "long": "page_token=" + strings.Repeat("A", 65),
			"size 0": "page_size=0", "size -1": "page_size=-1", "size 10^9": "page_size=1000000000", "size 1e2": "page_size=1e2", "long word": "q=" + strings.Repeat("x", 10_000),
		} {
			if got := p.do("GET", "/mini/v1/courses?"+query, ""); got.status != 400 || got.at("error.fields.0.field") == nil {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		for _, id := range []string{"0", "-1", "9007199254740992", "9223372036854775808", "1e2", "1 or 1=1", "abc"} {
			if got := p.do("GET", "/mini/v1/courses/"+strings.ReplaceAll(id, " ", "%20"), ""); got.status != 400 {
				t.Errorf("id %s: %d %s", id, got.status, got.body)
			}
		}
	})
}

// Selling check 28.
func TestProgress(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		s := h.shelf(19900)
		a, b := h.login("A", "android"), h.login("B", "android")
		put := func(p phone, lesson int64, body string) answer {
			return p.do("PUT", fmt.Sprintf("/mini/v1/lessons/%d/progress", lesson), body)
		}
		if got := put(a, s.paid, `{"position_seconds":10}`); got.status != 403 {
			t.Errorf("not owned: %d %s", got.status, got.body)
		}
		if got := put(a, s.trial, `{"position_seconds":10,"extra":1}`); got.status != 200 || got.at("position_seconds") != 10.0 {
			t.Errorf("trial: %d %s", got.status, got.body)
		}
		h.give(a, s.course)
		for _, step := range []struct {
			body     string
			position float64
			finished bool
		}{
			{`{"position_seconds":300}`, 300, false}, {`{"position_seconds":100,"finished":false}`, 300, false}, {`{"position_seconds":9999}`, 600, false},
			{`{"position_seconds":1,"finished":true}`, 600, true}, {`{"position_seconds":1,"finished":false}`, 600, true}, {`{"position_seconds":600,"finished":true}`, 600, true},
		} {
			if got := put(a, s.paid, step.body); got.status != 200 || got.at("position_seconds") != step.position || got.at("finished") != step.finished {
				t.Errorf("%s: %d %s", step.body, got.status, got.body)
			}
		}
		for _, body := range []string{`{"position_seconds":-1}`, `{"position_seconds":1e308}`, `{"position_seconds":"5"}`, `{}`, `[]`, `{"position_seconds":9007199254740993}`} {
			if got := put(a, s.paid, body); got.status != 400 {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { put(a, s.trial, fmt.Sprintf(`{"position_seconds":%d,"finished":%v}`, (i*37)%500, i%3 == 0)) })
		}
		wg.Wait()
		if got := put(a, s.trial, `{"position_seconds":0}`); got.at("position_seconds") != 600.0 || got.at("finished") != true {
			t.Errorf("after a hundred at once: %s", got.body)
		}
		var n int64
		if err := db.Table("events").Where("type = ?", model.EventLessonFinish.Number()).Count(&n).Error; err != nil || n != 2 {
			t.Errorf("%d lesson_finish events, want 2: %v", n, err)
		}
		if got := a.do("GET", "/mini/v1/me/courses", ""); got.at("items.0.finished_lessons") != 2.0 || got.at("items.0.progress") != 1.0 || got.at("items.0.last_lesson_id") == nil {
			t.Errorf("my courses: %s", got.body)
		}
		if got := b.do("GET", fmt.Sprintf("/mini/v1/courses/%d", s.course), ""); got.at("lessons.0.position_seconds") != 0.0 {
			t.Errorf("another's progress: %s", got.body)
		}
	})
}

func TestTokensAtTheDoor(t *testing.T) {
	h := open(t, modeltest.SQLite(t), both)
	h.shelf(100)
	a := h.login("A", "android")
	bad := []string{"", "x", a.token[:len(a.token)-1], a.token + "A", strings.Replace(a.token, "lm1.", "lm2.", 1), strings.Repeat("A", 64<<10),
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":1}`)) + "."}
	for _, token := range bad {
		for _, c := range [][2]string{{"GET", "/mini/v1/courses"}, {"GET", "/mini/v1/courses/1"}, {"GET", "/mini/v1/lessons/1"}, {"PUT", "/mini/v1/lessons/1/progress"}, {"GET", "/mini/v1/me/courses"}, {"DELETE", "/mini/v1/me"}, {"GET", "/mini/v1/articles"}} {
			if got := h.do(token, c[0], c[1], ""); got.status != 401 || got.at("error.code") != "unauthorized" {
				t.Errorf("%.20q %v: %d %s", token, c, got.status, got.body)
			}
		}
	}
	if got := a.do("GET", "/mini/v1/courses", ""); got.status != 200 || got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a good one: %d %v", got.status, got.header)
	}
}

func TestSessionDoor(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{limits: true})
	for name, body := range map[string]string{
		"second parameter": `{"code":"c&appid=x"}`, "fragment": `{"code":"c#"}`, "long": `{"code":"` + strings.Repeat("c", 1000) + `"}`, "none": `{}`, "number": `{"code":1}`, "no object": `[]`, "no JSON": `{`, "unknown to WeChat": `{"code":"other"}`,
	} {
		got := h.do("", "POST", "/mini/v1/session", body)
		if got.status != 400 || strings.Contains(got.body, "canary") || strings.Contains(got.body, "c&appid") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	good := h.do("", "POST", "/mini/v1/session", `{"code":"code-A-1","platform":"ios","appid":"wxother"}`)
	if good.status != 200 || good.at("expires_in") == nil || good.at("learner.unionid") != "uA" || strings.Contains(good.body, "session_key") || strings.Contains(good.body, "canary") {
		t.Errorf("login: %d %s", good.status, good.body)
	}
	if got := h.do("", "POST", "/mini/v1/session", `{"code":"code-A-1"}`); got.status != 400 {
		t.Errorf("a code used twice: %d", got.status)
	}
	limited := 0
	for i := range 200 {
		if got := h.do("", "POST", "/mini/v1/session", fmt.Sprintf(`{"code":"code-B-%d"}`, i)); got.status == 429 && got.header.Get("Retry-After") != "" && got.at("error.code") == "too_many" {
			limited++
		}
	}
	if limited < 100 {
		t.Errorf("of 200 logins at once %d were held back", limited)
	}
	if got := h.do("", "POST", "/mini/v1/session", `{"code":"`+strings.Repeat("c", 64<<10)+`"}`); got.status != 413 && got.status != 429 {
		t.Errorf("64 KiB: %d", got.status)
	}
}

// The number is shown masked, never whole; a code that was used is refused in words; the answer to an empty one names the field.
func TestMyPhone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		a := h.login("A", "android")
		if got := a.do("GET", "/mini/v1/me", ""); got.status != 200 || got.at("phone") != "" {
			t.Errorf("before: %d %s", got.status, got.body)
		}
		if got := a.do("POST", "/mini/v1/me/phone", `{"code":"phone-code","more":1}`); got.status != 200 || got.at("phone") != "138****0001" || strings.Contains(got.body, "13800000001") {
			t.Errorf("%d %s", got.status, got.body)
		}
		for _, code := range []string{"phone-code", "other", ""} {
			if got := a.do("POST", "/mini/v1/me/phone", `{"code":"`+code+`"}`); got.status != 400 || got.at("error.code") != "invalid" {
				t.Errorf("code %q: %d %s", code, got.status, got.body)
			}
		}
		if got := a.do("GET", "/mini/v1/me", ""); got.at("phone") != "138****0001" {
			t.Errorf("after: %s", got.body)
		}
	})
}

func TestEraseMeAtTheDoor(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		h := open(t, db, both)
		s := h.shelf(100)
		a := h.login("A", "android")
		a.do("PUT", fmt.Sprintf("/mini/v1/lessons/%d/progress", s.trial), `{"position_seconds":10}`)
		h.money = true
		if got := a.do("DELETE", "/mini/v1/me", ""); got.status != 409 || got.at("error.code") != "money_open" {
			t.Errorf("with money open: %d %s", got.status, got.body)
		}
		h.money = false
		if got := a.do("DELETE", "/mini/v1/me", ""); got.status != 204 || got.body != "" {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := a.do("GET", "/mini/v1/courses", ""); got.status != 401 {
			t.Errorf("token of an erased learner: %d", got.status)
		}
		var n int64
		if db.Model(&model.Progress{}).Count(&n); n != 0 {
			t.Errorf("%d rows of progress left", n)
		}
		if back := h.login("A", "android"); back.id == a.id {
			t.Error("the erased learner came back to life")
		}
	})
}

// Selling check 27.
func TestFiles(t *testing.T) {
	h := open(t, modeltest.Open(t), both)
	s := h.shelf(100)
	a := h.login("A", "android")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	upload := func(p media.Purpose) string {
		m, err := h.media.Upload(ctx, boss, p, "x.png", bytes.NewReader(picture.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		return "/media/" + m.Name
	}
	cover, private := upload(media.PurposeCover), upload(media.PurposeLesson)
	if _, err := h.courses.Change(ctx, boss, s.course, 0, course.Draft{Cover: &cover}); err != nil {
		t.Fatal(err)
	}
	html := `<p><img src="` + private + `"></p>`
	if _, err := h.courses.ChangeLesson(ctx, boss, s.trial, 0, course.LessonDraft{Media: &private, Content: &html}); err != nil {
		t.Fatal(err)
	}
	if got := a.do("GET", "/mini/v1/courses", ""); got.at("items.0.cover") != cover {
		t.Errorf("cover: %s", got.body)
	}
	lesson := a.do("GET", fmt.Sprintf("/mini/v1/lessons/%d", s.trial), "")
	address, _ := lesson.at("media").(string)
	if !strings.HasPrefix(address, private+"?") || !strings.Contains(lesson.at("content").(string), "&amp;s=") {
		t.Fatalf("lesson: %s", lesson.body)
	}
	for name, c := range map[string]struct {
		path   string
		status int
	}{
		"cover": {cover, 200}, "private, signed": {address, 200}, "private, bare": {private, 403}, "private, cut": {address[:len(address)-2], 403},
		"guessed": {"/media/00000000000000000000000000000000.png", 403}, "folder": {"/media/..%2f..%2fetc%2fpasswd", 404}, "deeper": {"/media/a/b", 404},
	} {
		got := h.do("", "GET", c.path, "")
		if got.status != c.status {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if got.status == 200 && (got.header.Get("Content-Type") != "image/png" || got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") || got.body != picture.String()) {
			t.Errorf("%s: %v", name, got.header)
		}
	}
	if got := h.do("", "HEAD", cover, ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d", got.status)
	}
	if got := h.do("", http.MethodDelete, cover, ""); got.status != 405 {
		t.Errorf("DELETE: %d", got.status)
	}
}

func TestArticles(t *testing.T) {
	h := open(t, modeltest.Open(t), both)
	a := h.login("A", "android")
	if got := a.do("GET", "/mini/v1/articles", ""); got.status != 200 || got.body != `{"items":[],"next_page_token":""}`+"\n" {
		t.Errorf("none: %d %s", got.status, got.body)
	}
	if got := a.do("GET", "/mini/v1/articles/1", ""); got.status != 404 {
		t.Errorf("unknown: %d", got.status)
	}
}

// Guessing is held back for one learner, whatever they guess, and for nobody else.
func TestRedeemGuesses(t *testing.T) {
	h := open(t, modeltest.SQLite(t), option{limits: true})
	a, b := h.login("A", "android"), h.login("B", "android")
	seen := map[int]int{}
	for range 30 {
		got := a.do("POST", "/mini/v1/redeem", `{"code":"`+model.NewCode(model.RedeemCodeLength)+`","more":1}`)
		seen[got.status]++
		if got.status == 429 && (got.header.Get("Retry-After") == "" || got.at("error.code") != "too_many") {
			t.Errorf("%v %s", got.header, got.body)
		}
	}
	if seen[404] != 10 || seen[429] != 20 {
		t.Errorf("30 guesses at once: %v", seen)
	}
	if got := b.do("POST", "/mini/v1/redeem", `{"code":"ABCDEFGHJKMN"}`); got.status != 404 {
		t.Errorf("somebody else: %d %s", got.status, got.body)
	}
	if got := b.do("POST", "/mini/v1/redeem", `{}`); got.status != 400 {
		t.Errorf("no code: %d %s", got.status, got.body)
	}
	if got := h.do("", "POST", "/mini/v1/redeem", `{"code":"ABCDEFGHJKMN"}`); got.status != 401 {
		t.Errorf("nobody: %d", got.status)
	}
}
