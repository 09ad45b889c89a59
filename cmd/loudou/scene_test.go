package main

import (
	"testing"
	"time"

	"loudou/model"
)

// A code's line, from the pushes WeChat sends to what an operator reads.
func TestSceneCodeLine(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		d := openDesk(t, dsn, 1)
		if err := d.fake.VerifyURL(d.fake.Official().AppID); err != nil {
			t.Fatal(err)
		}
		d.call("POST", "/scene-codes", `{"scene":"a1","permanent":true,"channel":"海报"}`, 201)
		first := model.Day(time.Now())
		d.fake.Follow("oAlpha", "a1")
		d.fake.Follow("oBeta", "")
		d.fake.Scan("oBeta", "a1")
		d.fake.Scan("oAlpha", "a1")
		today := model.Day(time.Now())
		l := d.call("GET", "/scene-codes/1/line?from="+first+"&to="+today, "", 200)
		total := l["total"].(map[string]any)
		if total["scans"] != 3.0 || total["scanners"] != 2.0 || total["new_follows"] != 1.0 || total["returned"] != 0.0 || total["state"] != "running" {
			t.Errorf("today: %v", total)
		}
		for _, s := range total["stayed"].([]any) {
			if s := s.(map[string]any); s["people"] != nil || s["state"] != "maturing" {
				t.Errorf("known before its time: %v", s)
			}
		}
		if days := l["days"].([]any); len(days) == 0 || l["rule"] == "" {
			t.Errorf("%v", l)
		}
		d.call("GET", "/scene-codes/2", "", 404)
		d.call("GET", "/scene-codes/2/line?from="+today+"&to="+today, "", 404)
		d.call("GET", "/scene-codes/1/line?from=2026-02-30&to=2026-03-01", "", 400)
		d.call("GET", "/scene-codes/1/line?from=2026-03-02&to=2026-03-01", "", 400)
	})
}
