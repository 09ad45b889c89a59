package model

import (
	"errors"
	"testing"
	"time"
)

func TestCampaignState(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	c := Campaign{FirstDay: 20260306, LastDay: 20260308}
	for when, want := range map[string]CampaignState{"2026-03-05 23:59:59": CampaignPlanned, "2026-03-06 00:00:00": CampaignRunning, "2026-03-08 23:59:59": CampaignRunning, "2026-03-09 00:00:00": CampaignOver} {
		if got := c.State(at(when)); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	stop := at("2026-03-07 10:00:00")
	c.StoppedAt = &stop
	if c.State(stop) != CampaignStopped || c.State(stop.Add(-time.Second)) != CampaignRunning || c.Until() != 20260307 || c.State(at("2026-04-01 00:00:00")) != CampaignStopped {
		t.Error(c.State(stop), c.Until())
	}
}

func TestCampaignCheck(t *testing.T) {
	minus := Fen(-1)
	for field, c := range map[string]Campaign{
		"name": {FirstDay: 20260306, LastDay: 20260306}, "goal": {Name: "a", Goal: "x", FirstDay: 20260306, LastDay: 20260306}, "target": {Name: "a", Goal: "net", FirstDay: 20260306, LastDay: 20260306},
		"to": {Name: "a", FirstDay: 20260306, LastDay: 20260305}, "cost": {Name: "a", FirstDay: 20260306, LastDay: 20260306, Cost: &minus},
	} {
		var r *Refusal
		if err := c.Check(); !errors.As(err, &r) || len(r.Fields) != 1 || r.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	long := Campaign{Name: "a", FirstDay: 20260101, LastDay: 20270102}
	if err := long.Check(); err == nil {
		t.Error("more than a year was taken")
	}
	if ok := (&Campaign{Name: " 春 ", Goal: "net", Target: 100, FirstDay: 20260101, LastDay: 20261231}); ok.Check() != nil || ok.Name != "春" {
		t.Error(ok.Check())
	}
}
