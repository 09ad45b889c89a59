package material

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/job"
	"loudou/service/limit"
	"loudou/service/media"
	"loudou/service/operator"
	"loudou/service/store"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

var (
	boss = model.Operator{ID: 1, Name: "boss"}
	ctx  = context.Background()
)

type library struct {
	*Service
	t     *testing.T
	db    *gorm.DB
	fake  *wechattest.Fake
	files *media.Service
	mu    sync.Mutex
	at    time.Time
	used  []model.MaterialUse
}

func (l *library) clock() time.Time { l.mu.Lock(); defer l.mu.Unlock(); return l.at }

func (l *library) pass(d time.Duration) { l.mu.Lock(); l.at = l.at.Add(d); l.mu.Unlock() }

func open(t *testing.T, db *gorm.DB) *library {
	t.Helper()
	redis, err := store.OpenRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	l := &library{t: t, db: db, at: time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)}
	ops := operator.New(db, limit.New(redis, true), operator.Options{})
	l.files, err = media.New(db, media.Options{AppID: "wxmini", Dir: filepath.Join(t.TempDir(), "media"), PublicURL: "https://shop.example", Secret: []byte("0123456789abcdef0123456789abcdef-test"), Audit: ops, Now: l.clock})
	if err != nil {
		t.Fatal(err)
	}
	l.fake = wechattest.New(wechattest.Options{Now: l.clock}).Start(t)
	c, err := wechat.New(wechat.Options{AppID: l.fake.Official().AppID, Secret: l.fake.Official().Secret, API: l.fake.URL()})
	if err != nil {
		t.Fatal(err)
	}
	l.Service = New(db, l.fake.Official().AppID, c, l.files, job.New(db), ops, func(context.Context) ([]model.MaterialUse, error) {
		return append([]model.MaterialUse(nil), l.used...), nil
	}, l.clock)
	return l
}

func picture(t *testing.T, n int) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 4+n, 4), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func amr(seconds int) []byte {
	b := []byte("#!AMR\n")
	for range seconds * 50 {
		b = append(append(b, 0x3c), make([]byte, 31)...)
	}
	return b
}

func mp4() []byte {
	return []byte("\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\x00\x08moov")
}

func (l *library) put(u model.MaterialUpload) model.Material {
	l.t.Helper()
	m, err := l.Upload(ctx, boss, u)
	if err != nil {
		l.t.Fatalf("%s %q: %v", u.Kind, u.Name, err)
	}
	return m
}

func (l *library) walk() model.MaterialSync {
	l.t.Helper()
	s, err := l.StartSync(ctx, boss)
	if err != nil {
		l.t.Fatal(err)
	}
	payload, _ := json.Marshal(syncPayload{s.ID})
	for range 20 {
		if err := l.Sync(ctx, payload); err != nil {
			l.t.Fatal(err)
		}
		if s, err = l.LastSync(ctx); err != nil {
			l.t.Fatal(err)
		}
		if s.State != "running" || s.ResumeAt != nil {
			return s
		}
	}
	return s
}

func refusal(code int) wechattest.Fault {
	return wechattest.Fault{Status: 200, Body: fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code), Times: 1}
}

func words(err error) string {
	var bad *model.Refusal
	if errors.As(err, &bad) {
		for _, f := range bad.Fields {
			return bad.Text + " " + f.Field + ":" + f.Message
		}
		return bad.Text
	}
	return fmt.Sprint(err)
}

func TestUploadKeepsACopyAndChecksBeforeAnyCall(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		a := l.put(model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: "海报.png", Data: picture(t, 0)})
		if data, mime, ok := l.fake.Media(a.MediaID); !ok || mime != "image/png" || len(data) == 0 || a.State(l.clock()) != model.MaterialStays || a.Label() != "海报.png" {
			t.Errorf("kept %+v; at WeChat %d bytes of %s", a, len(data), mime)
		}
		if f, err := l.files.Find(ctx, *a.File); err != nil || !f.Public {
			t.Errorf("our copy %+v, %v", f, err)
		}
		again := l.put(model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: "又一次.png", Data: picture(t, 0)})
		if again.ID != a.ID || l.fake.Count("/cgi-bin/material/add_material") != 1 {
			t.Errorf("the same picture is there twice: %d, %d calls", again.ID, l.fake.Count("/cgi-bin/material/add_material"))
		}
		voice := l.put(model.MaterialUpload{Kind: model.MaterialVoice, Name: "你好.amr", Data: amr(60)})
		if voice.State(l.clock()) != model.MaterialEnds || !voice.ExpiresAt.Equal(l.clock().Add(72*time.Hour)) || voice.Seconds < 59.9 {
			t.Errorf("temporary voice %+v", voice)
		}
		film := l.put(model.MaterialUpload{Kind: model.MaterialVideo, Permanent: true, Name: "a.mp4", Title: "试听 <一>", Intro: "第一课", Data: mp4()})
		if got, err := l.wechat.MaterialGet(ctx, film.MediaID); err != nil || got.Title != "试听 <一>" || got.Intro != "第一课" {
			t.Errorf("video at WeChat %+v, %v", got, err)
		}
		calls := l.fake.Count("/cgi-bin/material/add_material") + l.fake.Count("/cgi-bin/media/upload")
		for name, u := range map[string]model.MaterialUpload{
			"最长 60 秒": {Kind: model.MaterialVoice, Data: amr(61)},
			"要有标题":    {Kind: model.MaterialVideo, Permanent: true, Data: mp4()},
			"只收 jpg":  {Kind: model.MaterialThumb, Data: picture(t, 1)},
			"最大 10.0": {Kind: model.MaterialImage, Data: append(picture(t, 1), make([]byte, 10<<20)...)},
			"已损坏":     {Kind: model.MaterialImage, Data: picture(t, 1)[:20]},
		} {
			if _, err := l.Upload(ctx, boss, u); !errors.Is(err, model.ErrInvalid) || !strings.Contains(words(err), name) {
				t.Errorf("%s: %s", name, words(err))
			}
		}
		if n := l.fake.Count("/cgi-bin/material/add_material") + l.fake.Count("/cgi-bin/media/upload"); n != calls {
			t.Errorf("%d calls for what WeChat would refuse", n-calls)
		}
		var before, after int64
		db.Model(&model.Media{}).Count(&before)
		l.fake.Fail("/cgi-bin/media/upload", refusal(45009))
		if _, err := l.Upload(ctx, boss, model.MaterialUpload{Kind: model.MaterialImage, Name: "x.png", Data: picture(t, 9)}); !errors.Is(err, model.ErrUnavailable) {
			t.Errorf("out of quota: %v", err)
		}
		if db.Model(&model.Media{}).Count(&after); before != after {
			t.Errorf("a copy stays of what WeChat did not take")
		}
	})
}

func TestFullAccount(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		for n := range 1000 {
			if err := db.Create(&model.Material{AppID: l.appid, MediaID: fmt.Sprint("v", n), CurrentID: fmt.Sprint("v", n), Kind: model.MaterialVoice, Permanent: true, ChangedAt: l.clock(), CreatedAt: l.clock(), UpdatedAt: l.clock()}).Error; err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Upload(ctx, boss, model.MaterialUpload{Kind: model.MaterialVoice, Permanent: true, Data: amr(1)}); !errors.Is(err, model.ErrConflict) || !strings.Contains(words(err), "已有 1000 个") {
			t.Errorf("the 1001st: %s", words(err))
		}
		l.put(model.MaterialUpload{Kind: model.MaterialVoice, Data: amr(1)}) // temporary ones do not count
		counts, err := l.Counts(ctx)
		if err != nil || counts[1] != (Count{Kind: model.MaterialVoice, Permanent: 1000, Temporary: 1, Most: 1000, Shared: 1000}) {
			t.Errorf("counts %+v, %v", counts, err)
		}
	})
}

func TestArticleCoverBecomesMaterialOnce(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		cover, err := l.files.Upload(ctx, boss, media.PurposeCover, "封面.png", bytes.NewReader(picture(t, 2)))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		ids := make([]string, 3)
		for i := range ids {
			wg.Add(1)
			go func() {
				defer wg.Done()
				ids[i], _ = l.AsMaterial(ctx, boss, "/media/"+cover.Name)
			}()
		}
		wg.Wait()
		if ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] {
			t.Errorf("three at once: %v", ids)
		}
		rows, err := l.List(ctx, Filter{}, 0, 10)
		if err != nil || len(rows) != 1 || *rows[0].File != cover.Name {
			t.Fatalf("rows %+v, %v", rows, err)
		}
		// Deleted at WeChat: the cover is uploaded again, not named as it was.
		l.fake.DropMedia(ids[0])
		l.pass(time.Hour)
		l.walk()
		again, err := l.AsMaterial(ctx, boss, "/media/"+cover.Name)
		if err != nil || again == ids[0] {
			t.Errorf("after it was deleted: %q, %v", again, err)
		}
		if third, err := l.AsMaterial(ctx, boss, "/media/"+cover.Name); err != nil || third != again {
			t.Errorf("a third time %q, %v; want %q", third, err, again)
		}
		if _, err := l.AsMaterial(ctx, boss, "/media/0123456789abcdef0123456789abcdef.png"); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("no such picture: %v", err)
		}
	})
}

func TestDeleteIsRefusedWhileUsed(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		m := l.put(model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: "a.png", Data: picture(t, 0)})
		l.used = []model.MaterialUse{{MediaID: m.MediaID, Where: "menu", Title: "菜单按钮「课程」", Link: "/menu"}, {File: *m.File, Where: "reply", Title: "回复规则「欢迎」", Live: true}}
		err := l.Delete(ctx, boss, m.ID)
		if !errors.Is(err, model.ErrConflict) || !strings.Contains(words(err), "回复规则「欢迎」、菜单按钮「课程」") || l.fake.Count("/cgi-bin/material/del_material") != 0 {
			t.Errorf("used: %s, %d calls", words(err), l.fake.Count("/cgi-bin/material/del_material"))
		}
		yes, no := true, false
		if rows, err := l.List(ctx, Filter{Used: &yes}, 0, 10); err != nil || len(rows) != 1 {
			t.Errorf("used ones %v, %v", rows, err)
		}
		if rows, err := l.List(ctx, Filter{Used: &no}, 0, 10); err != nil || len(rows) != 0 {
			t.Errorf("unused ones %v, %v", rows, err)
		}
		l.used = nil
		l.fake.Fail("/cgi-bin/material/del_material", refusal(48005))
		if err := l.Delete(ctx, boss, m.ID); !errors.Is(err, model.ErrConflict) {
			t.Errorf("WeChat says it is used: %v", err)
		}
		if err := l.Delete(ctx, boss, m.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, there := l.fake.Media(m.MediaID); there {
			t.Error("still at WeChat")
		}
		if err := l.Delete(ctx, boss, m.ID); err != nil {
			t.Errorf("told twice: %v", err)
		}
		facts, err := l.Facts(ctx, []string{m.MediaID, "never"})
		if err != nil || facts[m.MediaID].State != model.MaterialGone || facts["never"].State != model.MaterialUnlooked {
			t.Errorf("facts %+v, %v", facts, err)
		}
		var trail []string
		db.Raw("SELECT action FROM audit_entries WHERE object = 'material' ORDER BY id").Scan(&trail)
		if fmt.Sprint(trail) != "[material.upload material.delete]" {
			t.Errorf("trail %v", trail)
		}
		// Somebody deleted it in WeChat's console: it goes here too.
		b := l.put(model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: "b.png", Data: picture(t, 1)})
		l.fake.DropMedia(b.MediaID)
		if err := l.Delete(ctx, boss, b.ID); err != nil {
			t.Errorf("gone at WeChat: %v", err)
		}
		other := New(db, "wxother", l.wechat, l.files, l.jobs, l.audit, l.uses, l.clock)
		if err := other.Delete(ctx, boss, b.ID); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("of another account: %v", err)
		}
	})
}

func TestWalkTakesAllInAndFindsWhatIsGone(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		ours := l.put(model.MaterialUpload{Kind: model.MaterialImage, Permanent: true, Name: "ours.png", Data: picture(t, 0)})
		if _, err := l.Rename(ctx, boss, ours.ID, "我们的海报"); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for n := range 45 {
			ids = append(ids, l.fake.AddMedia("image", "image/png", picture(t, n+1)))
		}
		broken := l.fake.AddMedia("image", "image/png", []byte("no picture"))
		sound := l.fake.AddMedia("voice", "audio/amr", amr(3))
		film := l.fake.AddMedia("video", "video/mp4", mp4())
		news := l.fake.AddNews(wechattest.DraftArticle{Title: "旧图文", Digest: "摘要", Thumb: ids[0]}, wechattest.DraftArticle{Title: "第二篇"})
		l.pass(time.Minute)

		s := l.walk()
		if s.State != "done" || s.Total != 50 || s.Seen != 50 || s.Fresh != 49 || s.Gone != 0 || s.Copied != 46 {
			t.Fatalf("walk %+v", s)
		}
		at := func(id string) model.Material {
			rows, err := l.List(ctx, Filter{IDs: []string{id}}, 0, 2)
			if err != nil || len(rows) != 1 {
				t.Fatalf("%s: %v, %v", id, rows, err)
			}
			return rows[0]
		}
		if m := at(ours.MediaID); m.Title != "我们的海报" || m.Name != "ours.png" || m.File == nil || *m.File != *ours.File {
			t.Errorf("ours %+v", m)
		}
		if m := at(ids[7]); m.File == nil || m.Format != "png" || m.Bytes == 0 || m.OperatorName != "" {
			t.Errorf("theirs %+v", m)
		}
		if m := at(broken); m.File != nil || m.LastError == "" {
			t.Errorf("broken %+v", m)
		}
		if m := at(sound); m.Seconds < 2.9 || m.File == nil {
			t.Errorf("sound %+v", m)
		}
		if m := at(film); m.Kind != model.MaterialVideo {
			t.Errorf("film %+v", m)
		}
		if m := at(news); m.Articles != 2 || m.Label() != "旧图文" || m.CoverID != ids[0] || m.Intro != "摘要" {
			t.Errorf("news %+v", m)
		}

		// Again: nothing new, nothing doubled.
		l.pass(time.Hour)
		if s := l.walk(); s.State != "done" || s.Fresh != 0 || s.Seen != 50 || s.Gone != 0 || s.Copied != 0 {
			t.Errorf("a second walk %+v", s)
		}
		// What was deleted there is gone here; what the shifted pages merely passed over is not.
		l.fake.DropMedia(ids[3])
		l.pass(time.Hour)
		if s := l.walk(); s.State != "done" || s.Gone != 1 {
			t.Errorf("a third walk %+v", s)
		}
		if m := at(ids[3]); m.GoneAt == nil {
			t.Error("it is not gone")
		}
		if facts, err := l.Facts(ctx, []string{"never", "没有这个"}); err != nil || facts["没有这个"].State != model.MaterialUnknown || facts["never"].State != model.MaterialUnknown {
			t.Errorf("facts %+v, %v", facts, err)
		}
		// By pages, no row twice.
		seen, before := map[int64]bool{}, int64(0)
		for {
			rows, err := l.List(ctx, Filter{Kinds: []model.MaterialKind{model.MaterialImage}}, before, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			for _, m := range rows {
				if seen[m.ID] {
					t.Fatalf("row %d twice", m.ID)
				}
				seen[m.ID], before = true, m.ID
			}
		}
		if len(seen) != 46 {
			t.Errorf("%d pictures by pages, want 46", len(seen))
		}
		if rows, err := l.List(ctx, Filter{Word: "海_"}, 0, 10); err != nil || len(rows) != 0 {
			t.Errorf("a blank sign is no wild card: %v, %v", rows, err)
		}
		if rows, err := l.List(ctx, Filter{Word: "海报"}, 0, 10); err != nil || len(rows) != 1 {
			t.Errorf("by our name: %v, %v", rows, err)
		}
	})
}

func TestWalkGoesOnAfterAFault(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		for n := range 30 {
			l.fake.AddMedia("image", "image/png", picture(t, n))
		}
		l.fake.Fail("/cgi-bin/material/get_material", refusal(-1))
		s := l.walk()
		if s.State != "running" || s.ResumeAt == nil || s.Seen != 30 || s.Copied != 0 || s.LastError == "" {
			t.Fatalf("walk %+v", s)
		}
		if _, err := l.StartSync(ctx, boss); err != nil { // go on at once
			t.Fatal(err)
		}
		payload, _ := json.Marshal(syncPayload{s.ID})
		var wg sync.WaitGroup
		for range 2 { // two instances at once count nothing twice
			wg.Add(1)
			go func() { defer wg.Done(); _ = l.Sync(ctx, payload) }()
		}
		wg.Wait()
		if s, _ = l.LastSync(ctx); s.State != "done" {
			s = l.walk()
		}
		if s.State != "done" || s.Seen != 30 || s.Fresh != 30 || s.Copied != 30 {
			t.Errorf("walk %+v", s)
		}
		var files int64
		db.Model(&model.Media{}).Count(&files)
		if files != 30 {
			t.Errorf("%d copies", files)
		}
		if err := l.StopSync(ctx, boss); !errors.Is(err, model.ErrConflict) {
			t.Errorf("nothing to stop: %v", err)
		}
		l.fake.Fail("/cgi-bin/material/get_materialcount", refusal(48001))
		if s := l.walk(); s.State != "failed" || !strings.Contains(s.LastError, "权限") {
			t.Errorf("without the right %+v", s)
		}
	})
}

func TestTemporaryMaterialInUseIsRenewed(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		used := l.put(model.MaterialUpload{Kind: model.MaterialImage, Name: "used.png", Data: picture(t, 0)})
		idle := l.put(model.MaterialUpload{Kind: model.MaterialImage, Name: "idle.png", Data: picture(t, 1)})
		l.used = []model.MaterialUse{{MediaID: used.MediaID, Where: "reply", Title: "规则"}}
		calls := func() int { return l.fake.Count("/cgi-bin/media/upload") }
		renew := func() {
			t.Helper()
			if err := l.Renew(ctx); err != nil {
				t.Fatal(err)
			}
		}
		l.pass(59 * time.Hour)
		if renew(); calls() != 2 {
			t.Fatal("renewed too soon")
		}
		l.pass(2 * time.Hour)
		l.fake.Fail("/cgi-bin/media/upload", refusal(40009))
		renew()
		if n, err := l.Expiring(ctx); err != nil || n != 1 {
			t.Errorf("a renewal that failed is told of: %d, %v", n, err)
		}
		if f, _ := l.Facts(ctx, []string{used.MediaID}); !strings.Contains(f[used.MediaID].Warning(used.MediaID, false), "没有成功：图片大小超过限制") {
			t.Errorf("facts %+v", f)
		}
		yes := true
		if rows, err := l.List(ctx, Filter{State: "ending", Used: &yes}, 0, 10); err != nil || len(rows) != 1 || rows[0].ID != used.ID {
			t.Errorf("the list behind that number: %v, %v", rows, err)
		}
		renew()
		m, err := l.Get(ctx, used.ID)
		if err != nil || m.CurrentID == m.MediaID || m.MediaID != used.MediaID || m.Renewals != 1 || m.LastError != "" || !m.ExpiresAt.Equal(l.clock().Add(72*time.Hour)) {
			t.Fatalf("renewed %+v, %v", m, err)
		}
		names, err := l.Renewed(ctx)
		if err != nil || len(names) != 1 || names[used.MediaID] != m.CurrentID {
			t.Errorf("names %v, %v", names, err)
		}
		l.pass(20 * time.Hour) // the first upload is dead by now
		if _, _, there := l.fake.Media(used.MediaID); there {
			t.Error("the first upload should have ended")
		}
		if _, _, there := l.fake.Media(names[used.MediaID]); !there {
			t.Error("the renewed one is not there")
		}
		if m, _ := l.Get(ctx, idle.ID); m.State(l.clock()) != model.MaterialExpired || m.Renewals != 0 {
			t.Errorf("what nothing uses may end: %+v", m)
		}
		for state, want := range map[string]int{"usable": 1, "temporary": 1, "expired": 1, "permanent": 0, "expiring": 0} {
			if rows, err := l.List(ctx, Filter{State: state}, 0, 10); err != nil || len(rows) != want {
				t.Errorf("%s: %d, %v", state, len(rows), err)
			}
		}
	})
}

// At night a walk begins by itself, once, and not by day; one begun by hand since three is tonight's.
func TestNightlyWalk(t *testing.T) {
	modeltest.Run(t, func(t *testing.T, db *gorm.DB) {
		l := open(t, db)
		to := func(at string) {
			x, err := time.ParseInLocation(time.DateTime, at, model.Shanghai)
			if err != nil {
				t.Fatal(err)
			}
			l.mu.Lock()
			l.at = x
			l.mu.Unlock()
		}
		walks := func(want int64, when string) {
			t.Helper()
			if err := l.Nightly(ctx); err != nil {
				t.Fatal(err)
			}
			var n int64
			db.Model(&syncRow{}).Count(&n)
			if n != want {
				t.Errorf("%s: %d walks, want %d", when, n, want)
			}
		}
		to("2026-11-19 03:05:00")
		walks(0, "nobody has walked yet")
		l.walk()
		to("2026-11-20 02:59:00")
		walks(1, "before three")
		to("2026-11-20 12:00:00")
		walks(1, "at noon")
		to("2026-11-21 03:05:00")
		walks(2, "at night")
		walks(2, "again while it walks")
		if s := l.walk(); s.State != syncDone || s.By != "每晚自动" {
			t.Errorf("walk %+v", s)
		}
		walks(2, "again when it is done")
		to("2026-11-22 03:01:00")
		l.walk()
		to("2026-11-22 03:30:00")
		walks(3, "after one by hand")
		to("2026-11-23 05:59:00")
		walks(4, "the next night")
	})
}
