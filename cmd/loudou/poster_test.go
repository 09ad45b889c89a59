package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"loudou/service/poster"
)

// uploadPicture uploads a picture and gives its address.
func (d *desk) uploadPicture() string {
	d.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "底图.png")
	if err == nil {
		_, err = part.Write(cover(120))
	}
	if err != nil {
		d.t.Fatal(err)
	}
	_ = w.Close()
	req, _ := http.NewRequest("POST", d.urls[0]+"/console/v1/media?purpose=cover", &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("X-CSRF-Token", d.csrf)
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ Address string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != 201 {
		d.t.Fatal(res.StatusCode, err)
	}
	return out.Address
}

// A poster is tried, kept, changed by one of two, drawn, and forgotten; what cannot be drawn right is refused in words.
func TestPosters(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true}`, 201)
		link := d.call("POST", "/links", `{"target":"https://example.com/"}`, 201)["code"].(string)
		picture := d.uploadPicture()
		body := func(over ...string) string {
			s := `{"title":"双十二写作营","note":"扫码报名","colour":"#123456","kind":"code","ref":"a1"}`
			return strings.NewReplacer(over...).Replace(s)
		}
		for what, bad := range map[string]string{
			"no title":             body("双十二写作营", " "),
			"four lines":           body("双十二写作营", `一\n二\n三\n四`),
			"no colour":            body("#123456", "red"),
			"no such code":         body(`"a1"`, `"a2"`),
			"no such link":         body(`"code","ref":"a1"`, `"link","ref":"a1"`),
			"no such kind":         body(`"code"`, `"person"`),
			"a foreign pic":        body(`"kind"`, `"picture":"https://example.com/a.png","kind"`),
			"a lost pic":           body(`"kind"`, `"picture":"/media/00000000000000000000000000000000.png","kind"`),
			"no such campaign":     body(`"kind"`, `"campaign_id":7,"kind"`),
			"a letter no font has": body("双十二", "🎉"),
		} {
			for _, path := range []string{"/posters", "/posters/preview"} {
				if got := d.call("POST", path, bad, 400); what == "a letter no font has" && !strings.Contains(got["error"].(map[string]any)["fields"].([]any)[0].(map[string]any)["message"].(string), "🎉") {
					t.Errorf("%v", got)
				}
			}
		}
		d.wants("posters", 0, "SELECT COUNT(*) FROM posters")
		d.call("POST", "/posters/preview", body(`"kind"`, `"picture":"`+picture+`","kind"`), 200)
		p := d.call("POST", "/posters", body(`"kind"`, `"picture":"`+picture+`","kind"`), 201)
		d.call("POST", "/posters", body(`"code","ref":"a1"`, `"link","ref":"`+link+`"`), 201)
		img, err := png.Decode(bytes.NewReader(d.raw("/posters/1/picture.png")))
		if err != nil || img.Bounds().Dx() != poster.Width || img.Bounds().Dy() != poster.Height {
			t.Fatalf("%v", err)
		}
		if p["version"] != 1.0 || p["picture"] != picture {
			t.Errorf("%v", p)
		}
		d.call("PUT", "/posters/1", body("双十二", "新年", `"kind"`, `"version":1,"kind"`), 200)
		d.call("PUT", "/posters/1", body("双十二", "春天", `"kind"`, `"version":1,"kind"`), 409)
		list := d.call("GET", "/posters", "", 200)
		if items := list["items"].([]any); len(items) != 2 || items[1].(map[string]any)["title"] != "新年写作营" || list["font_fault"] != "" {
			t.Errorf("%v", list)
		}
		if items := d.call("GET", "/posters?campaign_id=5", "", 200)["items"].([]any); len(items) != 0 {
			t.Errorf("%v", items)
		}
		for range 2 {
			d.call("DELETE", "/posters/1", "", 204)
		}
		d.call("GET", "/posters/1/picture.png", "", 404)
		d.wants("in the trail", 4, "SELECT COUNT(*) FROM audit_entries WHERE object = 'poster'")
	})
}
