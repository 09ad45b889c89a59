package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"loudou/model"
	"loudou/service/wechat/wechattest"
)

// fileRoutes are all routes by which a file leaves the console. who tells whether it speaks of persons: a masked mark must
// then stand in it. What a fan typed into the chat leaves as it was typed; the export of one person masks the openids too.
var fileRoutes = map[string]struct {
	path string // as asked; {…} is filled in below
	who  string // a text that must be there
	why  string // why it is not fetched here
}{
	"/console/v1/followers.csv":                                {path: "/followers.csv", who: "oFan…nAnn"},
	"/console/v1/messages.csv":                                 {path: "/messages.csv?from={day}&to={day}", who: "有一句话"},
	"/console/v1/orders.csv":                                   {path: "/orders.csv", who: "oMin…nAnn"},
	"/console/v1/abandoned-orders.csv":                         {path: "/abandoned-orders.csv?state=all", who: "oMin…nAnn"},
	"/console/v1/audit.csv":                                    {path: "/audit.csv", who: "follower.remark"},
	"/console/v1/materials.csv":                                {path: "/materials.csv"},
	"/console/v1/followers/{id}/export":                        {path: "/followers/{fan}/export", who: "有一句话"},
	"/console/v1/campaigns/{id}/invite/friends.csv":            {why: "fans by our own number alone"},
	"/console/v1/campaigns/{id}/signups.csv":                   {path: "/campaigns/{campaign}/signups.csv", who: "安女士,139****4321"},
	"/console/v1/reports/{id}/file":                            {path: "/reports/{report}/file?format=xlsx"},
	"/console/v1/bills.csv":                                    {why: "lines of a bill: numbers of orders and money, no column of a person"},
	"/console/v1/lessons/{id}/quiz/results.csv":                {why: "learners by our own number alone: not one column of WeChat's"},
	"/console/v1/homework.csv":                                 {why: "learners by our own number alone: not one column of WeChat's"},
	"/console/v1/partners/{id}/settlements/{month}/orders.csv": {why: "numbers of orders and money, no column of a person"},
	"/console/v1/redeem-batches/{id}/codes.csv":                {why: "codes to be given out, learners by our own number alone"},
	"/console/v1/notices/{id}/log.csv":                         {path: "/notices/{notice}/log.csv", who: "oFan…eEve"},
	"/console/v1/scene-batches/{id}/codes.csv":                 {why: "codes of ours, no column of a person"},
	"/console/v1/scene-batches/{id}/codes.zip":                 {why: "pictures of codes of ours"},
	"/console/v1/posters/{id}/picture.png":                     {why: "a picture of ours"},
}

// No file of the console has a whole openid, unionid or phone number in it; a new file fails here until somebody looked.
func TestFilesMaskPersons(t *testing.T) {
	raw, err := os.ReadFile("../../web/console/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	file := regexp.MustCompile(`\.(csv|zip|xlsx|docx|png)$|/export$|/file$`)
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h := d.houses[0]
		names := map[string]bool{}
		for p, verbs := range doc.Paths {
			if _, get := verbs["get"]; get && file.MatchString(p) {
				names[p] = true
			}
		}
		for _, r := range h.handler.(*gin.Engine).Routes() {
			if p := regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}"); r.Method == "GET" && strings.HasPrefix(p, "/console/v1/") && file.MatchString(p) {
				names[p] = true
			}
		}
		for p := range names {
			if _, ok := fileRoutes[p]; !ok {
				t.Errorf("%s is a file nobody looked at for whole openids: add it to fileRoutes", p)
			}
		}
		for p := range fileRoutes {
			if !names[p] {
				t.Errorf("%s is no file any more", p)
			}
		}

		ann := d.fake.AddPerson(wechattest.Person{OpenID: "oFanAnnAnnAnnAnnAnn", MiniOpenID: "oMiniAnnAnnAnnAnnAnn", UnionID: "uUnionAnnAnnAnnAnn", Phone: "13812345678"})
		d.fake.Follow(ann.OpenID, "a1")
		d.fake.Say(ann.OpenID, "有一句话")
		d.until("the fan is known", func() bool {
			return d.count("SELECT COUNT(*) FROM followers WHERE unionid <> '' AND person_id > 0") == 1 && d.count("SELECT COUNT(*) FROM pushes WHERE content <> ''") == 1
		})
		id := d.follower(ann.OpenID)
		d.call("PUT", fmt.Sprintf("/followers/%d/remark", id), `{"remark":"安"}`, 200)
		now := model.Milli(h.clock.now())
		order := func(no string, more map[string]any) {
			row := map[string]any{"appid": h.cfg.MiniAppID, "out_trade_no": no, "openid": ann.MiniOpenID, "title": "课", "via": "jsapi", "status": "paid", "amount": 100, "expires_at": now, "created_at": now.Add(-2 * time.Hour), "updated_at": now}
			for k, v := range more {
				row[k] = v
			}
			if err := h.db.Table("orders").Create(row).Error; err != nil {
				t.Fatal(err)
			}
		}
		order("L1", map[string]any{"paid_at": now})
		order("L2", map[string]any{"course_id": 2, "status": "closed", "closed_at": now.Add(-time.Hour)})
		report := d.call("POST", "/reports", fmt.Sprintf(`{"kind":"week","date":%q}`, h.clock.now().In(model.Shanghai).AddDate(0, 0, -7).Format(time.DateOnly)), 201)["report"].(map[string]any)["id"]
		// A person's own export has their number whole, which is their right: who gave one here is not the fan.
		bob := d.fake.AddPerson(wechattest.Person{MiniOpenID: "oMiniBobBobBobBobBob", Phone: "13987654321"})
		camp := int64(d.call("POST", "/campaigns", fmt.Sprintf(`{"name":"读书会","from":%q,"to":%q}`, h.clock.now().In(model.Shanghai).Format(time.DateOnly), h.clock.now().In(model.Shanghai).Format(time.DateOnly)), 201)["id"].(float64))
		d.call("PUT", fmt.Sprintf("/campaigns/%d/signup", camp), `{"open":true,"title":"报名","fields":[{"key":0,"kind":"text","label":"姓名","required":true},{"key":0,"kind":"phone","label":"手机号","required":true}]}`, 200)
		phone := caller{t: t, base: d.urls[0] + "/mini/v1", http: &http.Client{}, header: map[string]string{}}
		phone.header["Authorization"] = "Bearer " + phone.want(200, "POST", "/session", map[string]any{"code": d.fake.LoginCode(bob.MiniOpenID)}).text("token")
		phone.want(200, "POST", "/me/phone", map[string]any{"code": d.fake.PhoneCode(bob.MiniOpenID)})
		phone.want(200, "PUT", fmt.Sprintf("/campaigns/%d/signup", camp), `{"answers":[{"key":1,"values":["安女士"]},{"key":2,"values":["given"]}]}`)
		eve := d.fake.AddPerson(wechattest.Person{OpenID: "oFanEveEveEveEveEve"})
		d.fake.Follow(eve.OpenID, "")
		d.call("POST", "/notices/templates/refresh", "", 200)
		template := d.count("SELECT id FROM notice_templates WHERE title = '开课提醒'")
		d.until("the second fan is known", func() bool { return d.count("SELECT COUNT(*) FROM followers WHERE subscribed = 1") == 2 })
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		note := d.call("POST", "/notices", fmt.Sprintf(`{"template":%d,"values":{"thing1":"课","time2":"15:01","thing3":"小程序"},"filter":{}}`, template), 201)["id"]
		d.call("POST", fmt.Sprintf("/notices/%v/send", note), `{"people":2}`, 200)
		fill := strings.NewReplacer("{notice}", fmt.Sprint(note), "{campaign}", fmt.Sprint(camp), "{day}", h.clock.now().In(model.Shanghai).Format(time.DateOnly), "{fan}", fmt.Sprint(id), "{report}", fmt.Sprint(report))
		for name, f := range fileRoutes {
			if f.why != "" {
				continue
			}
			text := d.unpacked(fill.Replace(f.path))
			if !strings.Contains(text, f.who) {
				t.Errorf("%s lacks %q: it proves nothing\n%.400s", name, f.who, text)
			}
			for _, whole := range []string{ann.OpenID, ann.MiniOpenID, ann.UnionID, ann.Phone, bob.MiniOpenID, bob.Phone, eve.OpenID} {
				if whole != "" && strings.Contains(text, whole) {
					t.Errorf("%s has %s whole", name, whole)
				}
			}
		}
	})
}

// unpacked is a file's text; of an archive (xlsx too) the texts of all in it.
func (d *desk) unpacked(path string) string {
	d.t.Helper()
	raw := d.file(path)
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		return raw
	}
	var b strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			d.t.Fatal(err)
		}
		_, _ = io.Copy(&b, r) //nolint:gosec // our own file
		_ = r.Close()
	}
	return b.String()
}
