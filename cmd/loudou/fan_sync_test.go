package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"loudou/model"
	"loudou/service/follower"
	"loudou/service/wechat"
	"loudou/service/wechat/wechattest"
)

// cut is the account as the sync asks it, with a kill after so many hundreds.
type cut struct {
	official
	after atomic.Int64
	kill  context.CancelFunc
}

func (c *cut) FollowerInfos(ctx context.Context, openids []model.OpenID) ([]model.FollowerInfo, error) {
	infos, err := c.official.FollowerInfos(ctx, openids)
	if c.after.Add(-1) == 0 {
		c.kill()
	}
	return infos, err
}

// Check 26: a walk through all followers with one whose remark nobody can read, a 45009 and a kill at 60 % goes
// on where it was and ends with exact counts.
func TestFollowerSync(t *testing.T) {
	fans := 2_500
	if os.Getenv("LOUDOU_TEST_SCALE") == "full" {
		fans = 170_000
	}
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		h := d.houses[0]
		appid := d.fake.Official().AppID
		since := h.clock.now().Add(-30 * 24 * time.Hour)
		for i := range fans {
			p := wechattest.Person{ID: fmt.Sprint("p", i), OpenID: fmt.Sprintf("oFan%08d", i), MiniOpenID: fmt.Sprintf("oMin%08d", i), UnionID: fmt.Sprintf("oUni%08d", i), Name: "名", Phone: "13800000000", Follows: true, Since: since, Came: "ADD_SCENE_SEARCH"}
			switch i {
			case 7:
				p.Remark = wechattest.BadQuote
			case 8:
				p.Remark = wechattest.BadControl
			case 9:
				p.Remark, p.Tags = "😀 安", []int{2}
			}
			d.fake.AddPerson(p)
		}
		d.call("POST", "/followers/blocking", `{"ids":[1],"on":true}`, 404)
		// Ours beforehand: 100 who follow still, 30 who left unseen, 5 who came back unseen, one who is another account's.
		now := model.Milli(since)
		rows := []map[string]any{}
		add := func(appid, openid string, following bool) {
			rows = append(rows, map[string]any{"appid": appid, "openid": openid, "subscribed": following, "changed_at": now, "created_at": now, "updated_at": now, "subscribe_scene": "", "scene": "", "remark": "", "unionid": ""})
		}
		for i := range 100 {
			add(appid, fmt.Sprintf("oFan%08d", i), true)
		}
		for i := range 30 {
			add(appid, fmt.Sprintf("oGone%08d", i), true)
		}
		for i := range 5 {
			add(appid, fmt.Sprintf("oFan%08d", 1000+i), false)
		}
		add("wxother", "oOther", true)
		if err := h.db.Table("followers").Create(rows).Error; err != nil {
			t.Fatal(err)
		}

		// The first part runs by hand, so that it can be killed: all but the calls is the house's own. Its timetable
		// would take the walk up in the middle, and meet the 45009 itself.
		d.until("the timetable lets the walk alone", func() bool {
			return h.db.Exec("UPDATE timetable SET next_at = ? WHERE name = 'follower.sync' AND last_at IS NOT NULL AND lease_until IS NULL AND next_at > ?", now.Add(365*24*time.Hour), time.Now()).RowsAffected == 1
		})
		client := func() *wechat.Client {
			oa := d.fake.Official()
			c, err := wechat.New(wechat.Options{AppID: oa.AppID, Secret: oa.Secret, API: d.fake.URL()})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		var lost lostJobs
		start := func(killAfter int64) (*follower.Service, context.Context) {
			ctx, kill := context.WithCancel(context.Background())
			t.Cleanup(kill)
			c := &cut{official: official{client()}, kill: kill}
			c.after.Store(killAfter)
			return follower.New(h.db, appid, &lost, h.persons, c, h.operators, h.clock.now), ctx
		}
		s, ctx := start(int64(fans/100) * 6 / 10)
		y, err := s.StartSync(context.Background(), model.Operator{ID: 1, Name: "boss"})
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := json.Marshal(map[string]int64{"id": y.ID})
		if err := s.Sync(ctx, payload); err == nil {
			t.Fatal("the kill at 60 % was not felt")
		}
		y, _ = s.LastSync(context.Background())
		if y.State != "running" || y.Seen < int64(fans)/2 || y.Seen > int64(fans)*7/10 {
			t.Fatalf("at 60 %%: %+v", y)
		}
		// Another process: WeChat says that the day's calls are used up.
		clear := d.fake.Fail("/cgi-bin/user/info/batchget", wechattest.ErrCode(45009))
		s, ctx = start(0)
		if err := s.Sync(ctx, payload); err != nil {
			t.Fatal(err)
		}
		y, _ = s.LastSync(context.Background())
		if y.State != "running" || y.ResumeAt == nil || y.LastError == "" || lost.last.Before(time.Now().Add(time.Minute)) {
			t.Errorf("after a 45009: %+v, next job at %s", y, lost.last)
		}
		clear()
		// A follow while the walk waits, and one who leaves: neither is counted as gone.
		d.fake.Follow("oFanJustNow1", "")
		d.fake.Unfollow("oFan00000050")
		began, before := time.Now(), heap()
		d.call("POST", "/followers/sync", "", 200) // an operator lets it go on at once: the house's own jobs
		d.untilWithin(6*time.Minute, "the walk ends", func() bool { y, _ := s.LastSync(context.Background()); return y.State == "done" })
		y, _ = s.LastSync(context.Background())
		t.Logf("%d fans: the last 40 %% in %s, heap %d MB more", fans, time.Since(began).Round(time.Millisecond), (heap()-before)>>20)
		// 100 were ours, one of them left at 60 % after being met; the one who follows just now is met as ours.
		want := model.FollowerSync{Total: int64(fans), Seen: int64(fans) + 1, Unchanged: 101, Fresh: int64(fans) - 100, Gone: 30, Unreadable: 1}
		if y.Total != want.Total || y.Seen != want.Seen || y.Unchanged != want.Unchanged || y.Fresh != want.Fresh || y.Gone != want.Gone || y.Unreadable != want.Unreadable {
			t.Errorf("counts: %+v\nwant %+v", y, want)
		}
		d.wants("following", int64(fans), "SELECT COUNT(*) FROM followers WHERE appid = ? AND subscribed = 1", appid)
		d.wants("persons of all", int64(fans)+1, "SELECT COUNT(DISTINCT person_id) FROM followers WHERE appid = ? AND person_id > 0", appid)
		d.wants("the other account's", 1, "SELECT COUNT(*) FROM followers WHERE appid = 'wxother' AND subscribed = 1 AND seen_sync = 0")
		d.wants("history of those who left", 30, "SELECT COUNT(*) FROM follower_changes WHERE kind = 'gone'")
		d.wants("tags", 1, "SELECT COUNT(*) FROM follower_tags")
		d.wants("unionids", int64(fans)-1, "SELECT COUNT(*) FROM followers WHERE appid = ? AND openid LIKE 'oFan0%' AND unionid <> ''", appid)
		var remark string
		h.db.Raw("SELECT remark FROM followers WHERE openid = 'oFan00000008'").Scan(&remark)
		if remark != "a b c" {
			t.Errorf("remark with control characters: %q", remark)
		}
		// Once more: nothing is new.
		d.call("POST", "/followers/sync", "", 200)
		d.untilWithin(6*time.Minute, "the second walk ends", func() bool {
			z, _ := s.LastSync(context.Background())
			return z.ID != y.ID && z.State == "done"
		})
		z, _ := s.LastSync(context.Background())
		if z.Fresh != 0 || z.Gone != 0 || z.Unchanged != int64(fans) {
			t.Errorf("the second walk: %+v", z)
		}
	})
}

func (d *desk) untilWithin(most time.Duration, what string, ok func() bool) {
	d.t.Helper()
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	d.t.Fatalf("%s: did not come", what)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // below 2^63
}

func (l *lostJobs) Dead(*gorm.DB, string, string) (bool, error) { return false, nil }

// lostJobs keeps when the last job was to run, and runs none: the process it belonged to is gone.
type lostJobs struct{ last time.Time }

func (l *lostJobs) Add(_ *gorm.DB, _, _ string, _ any, at time.Time) error { l.last = at; return nil }
