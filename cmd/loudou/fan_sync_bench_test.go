package main

import (
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"loudou/model"
	"loudou/model/modeltest"
	"loudou/service/wechat/wechattest"
)

// BenchmarkSync walks through 170 000 fans at the fake, in the whole house on MariaDB: how long it takes, and how much
// the heap has grown from its first tenth to its last. Run it with -benchtime=1x.
func BenchmarkSync(b *testing.B) {
	fans := 170_000
	if os.Getenv("LOUDOU_TEST_SCALE") == "short" {
		fans = 10_000
	}
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(old)
	for b.Loop() {
		dsn := modeltest.SQLiteDSN(b)
		if os.Getenv("LOUDOU_TEST_MYSQL") != "" {
			dsn = modeltest.MySQLDSN(b)
		}
		fake := wechattest.New(wechattest.Options{}).Start(b)
		since := time.Now().Add(-30 * 24 * time.Hour)
		for i := range fans {
			fake.AddPerson(wechattest.Person{ID: fmt.Sprint("p", i), OpenID: fmt.Sprintf("oFan%08d", i), UnionID: fmt.Sprintf("oUni%08d", i), Name: "名", Follows: true, Since: since, Came: "ADD_SCENE_SEARCH"})
		}
		h := openHouse(b, fake, dsn, fake.URL())
		start := time.Now()
		if _, err := h.followers.StartSync(b.Context(), model.Operator{ID: 1, Name: "boss"}); err != nil {
			b.Fatal(err)
		}
		var early, late int64
		for {
			y, err := h.followers.LastSync(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			switch { // without what the fake, in the same process, keeps of each call
			case early == 0 && y.Seen >= int64(fans)/10:
				fake.Forget()
				early = heap()
			case late == 0 && y.Seen >= int64(fans)*9/10:
				fake.Forget()
				late = heap()
			}
			if y.State == "done" {
				if y.Seen != int64(fans) || y.Fresh != int64(fans) {
					b.Fatalf("seen %d, new %d", y.Seen, y.Fresh)
				}
				break
			}
			if y.State != "running" || time.Since(start) > 15*time.Minute {
				b.Fatalf("%+v", y)
			}
			time.Sleep(200 * time.Millisecond)
		}
		b.ReportMetric(time.Since(start).Seconds(), "seconds")
		b.ReportMetric(float64(late-early)/(1<<20), "MiB-grown")
	}
}
