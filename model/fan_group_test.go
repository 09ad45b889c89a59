package model

import (
	"testing"
	"time"
)

func TestFanGroupShort(t *testing.T) {
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	soon, later := now.Add(23*time.Hour), now.Add(25*time.Hour)
	for name, x := range map[string]struct {
		codes []FanGroupCode
		short bool
	}{
		"none":           {nil, true},
		"enough":         {[]FanGroupCode{{Most: 100, State: FanGroupOpen}}, false},
		"full":           {[]FanGroupCode{{Most: 100, Shown: 100, State: FanGroupOpen}}, true},
		"few":            {[]FanGroupCode{{Most: 100, Shown: 91, State: FanGroupOpen}}, true},
		"few, and next":  {[]FanGroupCode{{Most: 100, Shown: 91, State: FanGroupOpen}, {Most: 100, State: FanGroupOpen}}, false},
		"full by hand":   {[]FanGroupCode{{Most: 100, State: FanGroupFull}}, true},
		"ends soon":      {[]FanGroupCode{{Most: 100, State: FanGroupOpen, EndsAt: &soon}}, true},
		"one ends later": {[]FanGroupCode{{Most: 100, State: FanGroupOpen, EndsAt: &soon}, {Most: 100, State: FanGroupOpen, EndsAt: &later}}, false},
		"one for ever":   {[]FanGroupCode{{Most: 100, State: FanGroupOpen, EndsAt: &soon}, {Most: 100, State: FanGroupOpen}}, false},
		"ended":          {[]FanGroupCode{{Most: 100, State: FanGroupOpen, EndsAt: &now}}, true},
	} {
		if got := FanGroupShort(x.codes, now); (got != "") != x.short {
			t.Errorf("%s: %q", name, got)
		}
	}
}
