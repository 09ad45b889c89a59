package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"loudou/service/material"
	"loudou/service/wechat/wechattest"
)

// uploadMaterial sends a picture of a width of its own to the library, and wants a status.
func (d *desk) uploadMaterial(query string, width, want int) map[string]any {
	d.t.Helper()
	var file, body bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, width, 8))); err != nil {
		d.t.Fatal(err)
	}
	w := multipart.NewWriter(&body)
	part, _ := w.CreateFormFile("file", "海报.png")
	_, _ = part.Write(file.Bytes())
	_ = w.Close()
	req, _ := http.NewRequest("POST", d.urls[0]+"/console/v1/materials?"+query, &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("X-CSRF-Token", d.csrf)
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode != want {
		d.t.Fatalf("upload %s: %d %s, want %d", query, res.StatusCode, raw, want)
	}
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out)
	return out
}

// A reply that sends temporary material goes on sending it when three days are over, without being published again.
func TestReplyRenewsItsMaterial(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.uploadMaterial("kind=voice&permanent=false", 8, 400)
		m := d.uploadMaterial("kind=image&permanent=false", 8, 201)
		id := fmt.Sprint(m["media_id"])
		d.rule(fmt.Sprintf(`{"name":"海报","kind":"keyword","enabled":true,"keywords":[{"text":"海报","match":"exact"}],"messages":[{"type":"image","media_id":%q},{"type":"image","media_id":%q}]}`, id, id))
		d.publish()
		fan, _ := d.fake.Person(d.fake.Follow("oFanAlpha", "").OpenID)
		last := func() (string, string) {
			d.fake.Say(fan.ID, "海报")
			d.fake.Wait()
			var passive, later string
			d.until("both pictures", func() bool {
				chat := d.fake.ChatOf(fan.ID, 0)
				passive, later = "", ""
				for i := len(chat) - 1; i >= 0 && (passive == "" || later == ""); i-- {
					switch l := chat[i]; {
					case l.From == "fan":
						return false
					case l.From == "account":
						passive = l.MediaID
					case l.From == "service":
						later = l.MediaID
					}
				}
				return passive != "" && later != ""
			})
			return passive, later
		}
		if p, l := last(); p != id || l != id {
			t.Fatalf("sent %q and %q, want %q", p, l, id)
		}
		one := fmt.Sprintf("/materials/%v", m["id"])
		if bad := d.call("DELETE", one, "", 409); !strings.Contains(fmt.Sprint(bad), "回复规则「海报」") {
			t.Errorf("deleting what is used: %v", bad)
		}
		if l := fmt.Sprint(d.call("GET", "/materials?used=true", "", 200)); !strings.Contains(l, "live:true") || !strings.Contains(l, "/replies/1") {
			t.Errorf("uses: %s", l)
		}
		h := d.houses[0]
		if err := h.db.Exec("UPDATE materials SET expires_at = ?", h.clock.now().Add(time.Hour)).Error; err != nil {
			t.Fatal(err)
		}
		if err := h.materials.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		names, err := h.materials.Renewed(t.Context())
		if err != nil || len(names) != 1 {
			t.Fatalf("renewed %v, %v", names, err)
		}
		d.fake.DropMedia(id) // its three days are over
		time.Sleep(6 * time.Second)
		if p, l := last(); p != names[id] || l != names[id] {
			t.Errorf("sent %q and %q, want the renewed %q", p, l, names[id])
		}
		d.wants("versions", 1, "SELECT COUNT(*) FROM reply_versions")
	})
}

// What rules and menus point at, and is not there or soon will not be, is said beside the field.
func TestDeadThingsArePointedOut(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("PUT", "/settings", `{"two_person":false}`, 200)
		article := d.article("旧闻")
		x := d.push(article)
		d.call("POST", fmt.Sprintf("/drafts/%d/publish", x), "", 200)
		d.until("published", func() bool { return d.draftState(x) == "published" })
		var public, url string
		d.houses[0].db.Raw("SELECT public_id FROM wechat_drafts WHERE id = ?", x).Scan(&public)
		d.houses[0].db.Raw("SELECT url FROM wechat_drafts WHERE id = ?", x).Scan(&url)
		temporary := fmt.Sprint(d.uploadMaterial("kind=image&permanent=false", 8, 201)["media_id"])
		permanent := d.uploadMaterial("kind=image", 9, 201)
		stays := fmt.Sprint(permanent["media_id"])
		card := fmt.Sprintf(`"type":"miniprogram","appid":%q,"url":"https://shop.example/","pagepath":"pages/course/index?id=77"`, d.fake.Mini().AppID)
		menu := fmt.Sprintf(`{"name":"素材","sub_button":[{"name":"临时","type":"media_id","media_id":%q},{"name":"永久","type":"media_id","media_id":%q},{"name":"陌生","type":"media_id","media_id":"nobody-knows-this-one"}]},{"name":"文章","sub_button":[{"name":"号","type":"article_view_limited","article_id":%q},{"name":"网址","type":"view","url":%q}]},{"name":"课","sub_button":[{"name":"课","key":"",%s}]}`, temporary, stays, public, url, card)
		found := func() map[string]string {
			out := map[string]string{}
			for _, w := range d.draft(menu)["warnings"].([]any) {
				w := w.(map[string]any)
				out[fmt.Sprint(w["field"])] = fmt.Sprint(w["message"])
			}
			return out
		}
		wants := func(what string, got map[string]string, want map[string]string) {
			t.Helper()
			if len(got) != len(want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
			for field, text := range want {
				if !strings.Contains(got[field], text) {
					t.Errorf("%s, %s: %q, want %q", what, field, got[field], text)
				}
			}
		}
		want := map[string]string{
			"buttons[0].sub_button[0].media_id": "菜单只能用永久素材",
			"buttons[0].sub_button[2].media_id": "不是在这里选的",
			"buttons[2].sub_button[0].pagepath": "课程 77 没有上架",
		}
		wants("menu", found(), want)

		d.call("DELETE", fmt.Sprintf("/drafts/%d", x), "", 204)
		d.fake.DropMedia(stays)
		d.call("POST", "/materials/sync", "", 200)
		d.until("walked", func() bool { return d.call("GET", "/materials/sync", "", 200)["state"] == "done" })
		want["buttons[0].sub_button[1].media_id"] = "已经从公众号删除"
		want["buttons[0].sub_button[2].media_id"] = "素材库里没有"
		want["buttons[1].sub_button[0].article_id"] = "文章「旧闻」已经删除"
		want["buttons[1].sub_button[1].url"] = "文章「旧闻」已经删除"
		wants("menu later", found(), want)

		rule := func(messages string) map[string]string {
			out := map[string]string{}
			for _, w := range d.call("POST", "/replies", fmt.Sprintf(`{"name":"r%d","kind":"keyword","enabled":true,"keywords":[{"text":"词%d","match":"exact"}],"messages":[%s]}`, len(messages), len(messages), messages), 201)["warnings"].([]any) {
				w := w.(map[string]any)
				out[fmt.Sprint(w["field"])] += fmt.Sprint(w["message"])
			}
			return out
		}
		wants("rule", rule(fmt.Sprintf(`{"type":"image","media_id":%q},{"type":"image","media_id":%q},{"type":"mpnewsarticle","article_id":%q},{"type":"news","articles":[{"title":"看","url":%q}]}`, temporary, stays, public, url)), map[string]string{
			"messages[1]": "已经从公众号删除", "messages[2]": "已经删除", "messages[3]": "已经删除",
		})
		d.houses[0].db.Exec("UPDATE materials SET file = NULL WHERE media_id = ?", temporary)
		wants("without our copy", rule(fmt.Sprintf(`{"type":"image","media_id":%q}`, temporary)), map[string]string{"messages[0]": "不能自动续传"})
		if l := d.call("GET", "/materials?kind=picture&state=gone", "", 200); !strings.Contains(fmt.Sprint(l), stays) {
			t.Errorf("gone ones: %v", l)
		}
	})
}

// A walk through the material whose job was given up does not say that it runs for ever: it failed, and another may begin.
func TestMaterialSyncGivenUp(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		clear := d.fake.Fail("/cgi-bin/material/get_materialcount", wechattest.ErrCode(45011))
		d.call("POST", "/materials/sync", "", 200)
		d.until("the walk waits", func() bool { return d.call("GET", "/materials/sync", "", 200)["resume_at"] != nil })
		clear()
		if err := d.houses[0].db.Exec("UPDATE jobs SET state = 'dead' WHERE kind = ?", material.SyncJob).Error; err != nil {
			t.Fatal(err)
		}
		if err := d.houses[0].materials.ResumeSync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := d.call("GET", "/materials/sync", "", 200); w["state"] != "failed" || !strings.Contains(fmt.Sprint(w["last_error"]), "已放弃") {
			t.Errorf("given up: %v", w)
		}
		d.call("POST", "/materials/sync", "", 200)
		d.until("it is done", func() bool { return d.call("GET", "/materials/sync", "", 200)["state"] == "done" })
	})
}
