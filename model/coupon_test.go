package model

import (
	"testing"
	"time"
)

func TestCouponCode(t *testing.T) {
	for typed, want := range map[string]string{"abc1": "ABC1", " ab-c 1 ": "ABC1", "ＡＢＣ１": "ABC1", "春天": "", "a": "", "": "", "a_b": "", "x' or 1=1": "", "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567": ""} {
		if got := TypedCode(typed); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
}

func TestCouponFor(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, Shanghai)
	ten := Coupon{Off: 1000, StartsAt: now.Add(-time.Hour), EndsAt: now.Add(time.Hour)}
	with := func(change func(*Coupon)) Coupon { c := ten; change(&c); return c }
	for name, x := range map[string]struct {
		c     Coupon
		price Fen
		off   Fen
	}{
		"ten off":            {ten, 9900, 1000},
		"more than it costs": {with(func(c *Coupon) { c.Off = 100000 }), 9900, 9900},
		"a third, downwards": {with(func(c *Coupon) { c.Off, c.Percent = 0, 33 }), 9999, 3299},
		"all of it":          {with(func(c *Coupon) { c.Off, c.Percent = 0, 100 }), 9900, 9900},
		"one percent of one": {with(func(c *Coupon) { c.Off, c.Percent = 0, 1 }), 99, 0},
		"not begun":          {with(func(c *Coupon) { c.StartsAt = now.Add(time.Minute) }), 9900, 0},
		"over":               {with(func(c *Coupon) { c.EndsAt = now }), 9900, 0},
		"stopped":            {with(func(c *Coupon) { c.Disabled = true }), 9900, 0},
		"of another course":  {with(func(c *Coupon) { c.CourseIDs = []int64{2, 3} }), 9900, 0},
		"of this one too":    {with(func(c *Coupon) { c.CourseIDs = []int64{2, 1} }), 9900, 1000},
		"nothing to pay":     {ten, 0, 0},
	} {
		off, why := x.c.For(1, x.price, now)
		if off != x.off || (off == 0) != (why != "") {
			t.Errorf("%s: %d off, %q; want %d", name, off, why, x.off)
		}
	}
}

func TestCouponCheck(t *testing.T) {
	now := time.Now()
	good := Coupon{Code: "NOV", Name: "十一月", Off: 500, StartsAt: now, EndsAt: now.Add(time.Hour), Stock: 1, PerPerson: 1}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Coupon){
		"minus five":           func(c *Coupon) { c.Off = -5 },
		"101 percent":          func(c *Coupon) { c.Off, c.Percent = 0, 101 },
		"both":                 func(c *Coupon) { c.Percent = 5 },
		"neither":              func(c *Coupon) { c.Off = 0 },
		"ends before it began": func(c *Coupon) { c.EndsAt = c.StartsAt },
		"no stock":             func(c *Coupon) { c.Stock = 0 },
		"nobody":               func(c *Coupon) { c.PerPerson = 0 },
		"no name":              func(c *Coupon) { c.Name = "" },
		"no code":              func(c *Coupon) { c.Code = "" },
	} {
		c := good
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestXPayTakes(t *testing.T) {
	for _, x := range []struct {
		price, amount Fen
		platform      Platform
		want          bool
	}{{9900, 9900, PlatformIOS, true}, {9900, 3960, PlatformAndroid, true}, {9900, 3959, PlatformAndroid, false}, {200, 99, PlatformIOS, false}, {200, 99, PlatformAndroid, true}} {
		if got := XPayTakes(x.price, x.amount, x.platform); got != x.want {
			t.Errorf("%d of %d on %s: %v", x.amount, x.price, x.platform, got)
		}
	}
}
