package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/figure"
	"loudou/service/follower"
	"loudou/service/scene"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// raw fetches a file of the console.
func (d *desk) raw(path string) []byte {
	d.t.Helper()
	res, err := d.http.Get(d.urls[0] + "/console/v1" + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		d.t.Fatalf("%s: %d %s %v", path, res.StatusCode, body, err)
	}
	return body
}

func scenesOf(prefix string, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%03d", prefix, i+1)
	}
	b, _ := json.Marshal(names)
	return string(b)
}

// Many codes at once: each once, through a lost answer and a used-up quota, by two instances.
func TestSceneBatch(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 2)
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true}`, 201)
		for what, body := range map[string]string{
			"no name":        `{"name":" ","scenes":["x"]}`,
			"nothing":        `{"name":"n","scenes":[]}`,
			"twice":          `{"name":"n","scenes":["x","y","x"]}`,
			"blank":          `{"name":"n","scenes":["x",""]}`,
			"too long":       `{"name":"n","scenes":["` + strings.Repeat("字", 22) + `"]}`,
			"taken":          `{"name":"n","scenes":["x","a1"]}`,
			"too many":       `{"name":"n","scenes":` + scenesOf("m", 1001) + `}`,
			"no such tag":    `{"name":"n","scenes":["x"],"tag_id":77}`,
			"channel's size": `{"name":"n","scenes":["x"],"channel":"` + strings.Repeat("字", 22) + `"}`,
		} {
			d.call("POST", "/scene-batches", body, 400)
			if n := d.count("SELECT COUNT(*) FROM scene_codes"); n != 1 {
				t.Fatalf("%s: %d codes", what, n)
			}
		}
		// An answer is lost at the first code; told to go on, all are made, and each is one row and one scene.
		d.fake.Fail(codePath, wechattest.Fault{Times: 1, After: true, Drop: true})
		id := d.call("POST", "/scene-batches", `{"name":"秋季门店","permanent":true,"channel":"门店","scenes":`+scenesOf("店/", 60)+`}`, 201)["id"]
		at := fmt.Sprintf("/scene-batches/%v", id)
		d.until("the batch waits", func() bool { return d.call("GET", at, "", 200)["resume_at"] != nil })
		if b := d.call("GET", at, "", 200); b["state"] != "running" || b["made"] != 0.0 || b["last_error"] == "" {
			t.Errorf("waiting: %v", b)
		}
		d.call("POST", at+"/resume", "", 200)
		d.until("the batch is done", func() bool { return d.call("GET", at, "", 200)["state"] == "done" })
		d.call("POST", at+"/resume", "", 409)
		d.wants("codes", 60, "SELECT COUNT(*) FROM scene_codes WHERE batch_id = ? AND ticket <> ''", id)
		d.wants("channels", 60, "SELECT COUNT(*) FROM scene_codes WHERE channel = '门店'")
		d.wants("in the trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'scene.batch'")
		if n := made(d, "店/"); n != 60 {
			t.Errorf("WeChat knows %d scenes", n)
		}
		d.call("POST", "/scene-batches", `{"name":"n","scenes":["x","店/-007"]}`, 400)
		if l := d.call("GET", "/scene-codes?page_size=100&batch_id="+fmt.Sprint(id), "", 200); len(l["items"].([]any)) != 60 {
			t.Errorf("the batch lists %d", len(l["items"].([]any)))
		}
		// The ZIP has a picture of each, under a name every system takes; the CSV their addresses.
		body := d.raw(at + "/codes.zip")
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil || len(z.File) != 60 || z.File[6].Name != "0007 店_-007.png" {
			t.Fatalf("%d files, %v", len(z.File), err)
		}
		f, _ := z.File[6].Open()
		if picture, err := png.Decode(f); err != nil || picture.Bounds().Dx() < 800 || picture.Bounds().Dy() <= picture.Bounds().Dx() {
			t.Errorf("a picture with the name under it: %v", err)
		}
		rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(d.raw(at+"/codes.csv"), []byte("\ufeff")))).ReadAll()
		if err != nil || len(rows) != 61 || rows[7][1] != "店/-007" || !strings.HasPrefix(rows[7][2], "http://weixin.qq.com/q/") {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		// The day's calls are used up: it waits for WeChat's next day, and asks no more until then.
		d.fake.Fail(codePath, wechattest.ErrCode(45009))
		id = d.call("POST", "/scene-batches", `{"name":"没有额度","scenes":`+scenesOf("q", 3)+`}`, 201)["id"]
		at = fmt.Sprintf("/scene-batches/%v", id)
		d.until("the batch waits for tomorrow", func() bool {
			until, _ := time.Parse(time.RFC3339, fmt.Sprint(d.call("GET", at, "", 200)["resume_at"]))
			return !until.IsZero() && model.Day(until) == model.Day(time.Now().Add(24*time.Hour))
		})
		d.call("GET", "/scene-batches/99", "", 404)
	})
}

// One reply for all codes of a batch: each scan hears it, no other code does, one code may have its own before it, and
// what cannot be is refused with the field.
func TestSceneBatchReply(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		id := d.call("POST", "/scene-batches", `{"name":"秋季门店","permanent":true,"channel":"门店","scenes":`+scenesOf("店/", 300)+`}`, 201)["id"]
		d.until("the batch is done", func() bool { return d.call("GET", fmt.Sprintf("/scene-batches/%v", id), "", 200)["state"] == "done" })
		rule := func(rest string) string {
			return `{"name":"门店","kind":"scene","messages":[{"type":"text","content":"欢迎到店"}],` + rest + `}`
		}
		for what, rest := range map[string]string{
			"twice":         `"scenes":["a","b","a"]`,
			"both":          `"scenes":["a","b"],"event_key":"c"`,
			"too long":      `"scenes":["a","` + strings.Repeat("字", 22) + `"]`,
			"blank":         `"scenes":["a",""]`,
			"not of a code": `"scenes":["a"],"kind":"menu"`,
		} {
			if got := d.call("POST", "/replies", rule(rest), 400); !strings.Contains(fmt.Sprint(got), "scenes") {
				t.Errorf("%s: %v", what, got)
			}
		}
		d.wants("kept", 0, "SELECT COUNT(*) FROM reply_rules")
		got := d.call("POST", "/replies", rule(`"scenes":`+scenesOf("店/", 300)), 201)
		if w := fmt.Sprint(got["warnings"]); w != "[]" || len(got["scenes"].([]any)) != 300 {
			t.Errorf("warned: %s", w)
		}
		d.rule(`{"name":"头牌","kind":"scene","event_key":"店/-007","priority":5,"messages":[{"type":"text","content":"七号店"}]}`)
		for _, one := range d.call("GET", "/replies", "", 200)["items"].([]any) {
			if r := one.(map[string]any); r["name"] == "门店" && !strings.Contains(fmt.Sprint(r["warnings"]), "300 个场景值里有 1 个由规则「头牌」") {
				t.Errorf("overshadowed in one: %v", r["warnings"])
			}
		}
		d.rule(welcome)
		d.publish()
		scan := func(event, key string, n int) string {
			_, answer, _ := d.send(0, fields("ToUserName", "gh", "FromUserName", fmt.Sprint("oFan", n), "CreateTime", fmt.Sprint(time.Now().Unix()), "MsgType", "event", "Event", event, "EventKey", key).XML())
			return answer
		}
		for n, x := range []struct{ event, key, want string }{
			{"subscribe", "qrscene_店/-001", "欢迎到店"}, {"SCAN", "店/-300", "欢迎到店"}, {"SCAN", "店/-007", "七号店"}, {"SCAN", "店/-301", "欢迎关注"}, {"subscribe", "", "欢迎关注"},
		} {
			if a := scan(x.event, x.key, n); !strings.Contains(a, x.want) {
				t.Errorf("%s %q: %s", x.event, x.key, a)
			}
			tried := d.call("POST", "/replies/try", fmt.Sprintf(`{"event":%q,"event_key":%q}`, x.event, x.key), 200)
			if !strings.Contains(fmt.Sprint(tried), x.want) {
				t.Errorf("tried %s %q: %v", x.event, x.key, tried)
			}
		}
		if diff := fmt.Sprint(d.call("GET", "/replies/versions", "", 200)); !strings.Contains(diff, "门店") {
			t.Errorf("version: %s", diff)
		}
	})
}

const codePath = "/cgi-bin/qrcode/create"

// made counts the scenes the fake has made codes for.
func made(d *desk, prefix string) (n int) {
	for _, s := range d.fake.Scenes() {
		if strings.HasPrefix(s.Scene, prefix) {
			n++
		}
	}
	return n
}

func (*byHand) Dead(*gorm.DB, string, string) (bool, error) { return false, nil }

// byHand keeps jobs for the test to run.
type byHand struct{ payloads []json.RawMessage }

func (b *byHand) Add(_ *gorm.DB, _, _ string, payload any, _ time.Time) error {
	raw, err := json.Marshal(payload)
	b.payloads = append(b.payloads, raw)
	return err
}

// A batch that ends in the middle goes on where it was: none is made twice, none left out.
func TestSceneBatchKilled(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		// The house would see to the batch as well, once a minute: it has just looked.
		d.until("the timetable has run", func() bool {
			return d.count("SELECT COUNT(*) FROM timetable WHERE name = 'scene.batches' AND last_at IS NOT NULL") == 1
		})
		h, jobs := d.houses[0], &byHand{}
		s := scene.New(h.db, h.cfg.OfficialAppID, official{h.official}, h.followers, figure.NewCatalogue(h.db, "campaigns", h.cfg.OfficialAppID), jobs, h.operators, h.clock.now)
		var names []string
		_ = json.Unmarshal([]byte(scenesOf("k", 80)), &names)
		b, err := s.CreateBatch(t.Context(), model.Operator{Name: "boss"}, "一批", names, model.SceneCode{})
		if err != nil {
			t.Fatal(err)
		}
		slow := d.fake.Fail(codePath, wechattest.Fault{Delay: 10 * time.Millisecond})
		ctx, kill := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.MakeBatch(ctx, jobs.payloads[0]) }()
		d.until("twenty are made", func() bool {
			b, _ = s.Batch(t.Context(), b.ID)
			return b.Made >= 20
		})
		kill()
		if err := <-ended; err == nil {
			t.Fatal("it was through before it was killed")
		}
		slow()
		if b, _ = s.Batch(t.Context(), b.ID); b.State != model.SceneBatchRunning || b.Made >= 80 {
			t.Fatalf("killed: %+v", b)
		}
		if err := s.MakeBatch(t.Context(), jobs.payloads[0]); err != nil {
			t.Fatal(err)
		}
		if b, _ = s.Batch(t.Context(), b.ID); b.State != model.SceneBatchDone || b.Made != 80 || made(d, "k") != 80 {
			t.Errorf("in the end: %+v, WeChat knows %d", b, made(d, "k"))
		}
		if n := d.fake.Count(codePath); n > 81 { // the one whose answer the kill lost
			t.Errorf("%d calls for 80 codes", n)
		}
		if err := s.MakeBatch(t.Context(), jobs.payloads[0]); err != nil || d.fake.Count(codePath) > 81 {
			t.Errorf("told again: %v", err)
		}
	})
}

// A batch whose job was given up does not say that it runs for ever: it failed, and goes on when told to.
func TestSceneBatchGivenUp(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		clear := d.fake.Fail(codePath, wechattest.ErrCode(45011))
		id := d.call("POST", "/scene-batches", `{"name":"一批","permanent":true,"scenes":`+scenesOf("g", 3)+`}`, 201)["id"]
		at := fmt.Sprintf("/scene-batches/%v", id)
		d.until("the batch waits", func() bool { return d.call("GET", at, "", 200)["resume_at"] != nil })
		clear()
		if err := d.houses[0].db.Exec("UPDATE jobs SET state = 'dead' WHERE kind = ?", scene.BatchJob).Error; err != nil {
			t.Fatal(err)
		}
		if err := d.houses[0].scenes.ResumeBatches(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b := d.call("GET", at, "", 200); b["state"] != "failed" || !strings.Contains(fmt.Sprint(b["last_error"]), "已放弃") {
			t.Errorf("given up: %v", b)
		}
		d.call("POST", at+"/resume", "", 200)
		d.until("it is done", func() bool { return d.call("GET", at, "", 200)["state"] == "done" })
	})
}

// Whoever scans gets the code's tag, at WeChat and here; not by a code out of use.
func TestSceneTag(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
			t.Fatal(err)
		}
		tag := d.call("POST", "/tags", `{"name":"地铁"}`, 201)["id"]
		d.call("POST", "/scene-codes", fmt.Sprintf(`{"scene":"a1","permanent":true,"tag_id":%v}`, tag), 201)
		for i := range 5 {
			d.fake.Follow(fmt.Sprint("oFan", i), "a1")
		}
		d.fake.Scan("oFan0", "a1")
		wearing := "SELECT COUNT(*) FROM follower_tags WHERE tag_id = ?"
		d.until("five wear the tag", func() bool { return d.count(wearing, tag) == 5 })
		d.until("nobody waits", func() bool { return d.count("SELECT COUNT(*) FROM follower_labels") == 0 })
		d.wants("in their stories", 5, "SELECT COUNT(*) FROM follower_changes WHERE kind = 'tag' AND scene = '地铁'")
		if n := d.fake.Count("/cgi-bin/tags/members/batchtagging"); n > 5 {
			t.Errorf("%d calls for five fans", n)
		}
		// Another channel, no tag, out of use; the second of two who change it is told.
		c := d.call("GET", "/scene-codes/1", "", 200)
		change := func(revision any, rest string) string {
			return fmt.Sprintf(`{"revision":%v,"campaign_id":0,%s}`, revision, rest)
		}
		d.call("PUT", "/scene-codes/1", change(c["revision"], `"channel":"海报","tag_id":77,"disabled":false`), 400)
		got := d.call("PUT", "/scene-codes/1", change(c["revision"], fmt.Sprintf(`"channel":"海报","tag_id":%v,"disabled":true`, tag)), 200)
		if got["channel"] != "海报" || got["disabled_at"] == nil {
			t.Errorf("changed: %v", got)
		}
		d.call("PUT", "/scene-codes/1", change(c["revision"], `"channel":"别的","tag_id":0,"disabled":false`), 409)
		d.call("PUT", "/scene-codes/9", change(1, `"channel":"","tag_id":0,"disabled":false`), 404)
		d.wants("in the trail", 1, "SELECT COUNT(*) FROM audit_entries WHERE action = 'scene.change'")
		d.fake.Follow("oLater", "a1")
		d.wants("scans count on", 7, "SELECT COUNT(*) FROM scene_scans")
		d.wants("waiting", 0, "SELECT COUNT(*) FROM follower_labels")
		// In use again: the day's calls are used up, so they wait, and nobody is lost.
		d.call("PUT", "/scene-codes/1", change(got["revision"], fmt.Sprintf(`"channel":"海报","tag_id":%v,"disabled":false`, tag)), 200)
		d.fake.Fail("/cgi-bin/tags/members/batchtagging", wechattest.ErrCode(45009))
		d.fake.Follow("oLast", "a1")
		d.until("put off until tomorrow", func() bool {
			return d.count("SELECT COUNT(*) FROM follower_labels WHERE due_at > ?", time.Now().UTC().Add(time.Minute)) == 1
		})
		d.fake.Unfollow("oLast")
		d.call("DELETE", fmt.Sprintf("/tags/%v", tag), "", 204)
		if err := d.houses[0].followers.PutLabels(t.Context(), json.RawMessage(fmt.Sprintf(`{"tag_id":%v}`, tag))); err != nil {
			t.Error(err)
		}
		d.wants("waiting for a tag that is gone", 0, "SELECT COUNT(*) FROM follower_labels")
	})
}

// slow is the account whose answer about a fan is under way while something else happens.
type slow struct {
	official
	meanwhile func()
}

func (c slow) FollowerInfo(ctx context.Context, openid model.OpenID) (model.FollowerInfo, error) {
	info, err := c.official.FollowerInfo(ctx, openid)
	c.meanwhile()
	return info, err
}

// A tag given, or taken, while WeChat's answer about the fan is under way is not undone by that answer.
func TestTagWhileAsked(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h := d.houses[0]
		d.fake.Follow("oFanNumber001", "")
		d.until("he is known", func() bool { return d.count("SELECT COUNT(*) FROM followers") == 1 })
		tag := d.call("POST", "/tags", `{"name":"地铁"}`, 201)["id"]
		oa := d.fake.Official()
		client, err := wechat.New(wechat.Options{AppID: oa.AppID, Secret: oa.Secret, API: d.fake.URL()})
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range []bool{true, false} {
			asks := slow{official{client}, func() {
				d.call("POST", "/followers/tagging", fmt.Sprintf(`{"ids":[1],"tag_id":%v,"on":%v}`, tag, on), 200)
			}}
			s := follower.New(h.db, oa.AppID, &lostJobs{}, h.persons, asks, h.operators, h.clock.now)
			if err := s.Info(t.Context(), json.RawMessage(fmt.Sprintf(`{"appid":%q,"openid":"oFanNumber001"}`, oa.AppID))); err != nil {
				t.Fatal(err)
			}
			if got := d.count("SELECT COUNT(*) FROM follower_tags") == 1; got != on {
				t.Errorf("given: %v, worn after the answer: %v", on, got)
			}
		}
	})
}
