package model

import (
	"slices"
	"testing"
	"time"
)

func TestVias(t *testing.T) {
	both, jsapi, xpay := Selling{JSAPI: true, XPay: true}, Selling{JSAPI: true}, Selling{XPay: true}
	for _, c := range []struct {
		s    Selling
		p    Platform
		want []Via
	}{
		{both, PlatformAndroid, []Via{ViaXPay, ViaJSAPI}},
		{both, PlatformWindows, []Via{ViaXPay, ViaJSAPI}},
		{both, PlatformOHOS, []Via{ViaXPay, ViaJSAPI}},
		{both, PlatformDevtools, []Via{ViaXPay, ViaJSAPI}},
		{both, PlatformMac, []Via{ViaJSAPI}},
		{both, PlatformIOS, []Via{ViaXPay}},
		{both, "", []Via{ViaXPay}},
		{both, "symbian", []Via{ViaXPay}},
		{jsapi, PlatformAndroid, []Via{ViaJSAPI}},
		{jsapi, PlatformIOS, []Via{}},
		{jsapi, "", []Via{}},
		{xpay, PlatformMac, []Via{}},
		{Selling{}, PlatformAndroid, []Via{}},
	} {
		if got := c.s.Vias(c.p); !slices.Equal(got, c.want) {
			t.Errorf("%+v on %q: %v, want %v", c.s, c.p, got, c.want)
		}
	}
}

func TestOffer(t *testing.T) {
	both, jsapi := Selling{JSAPI: true, XPay: true}, Selling{JSAPI: true}
	sold := Course{Status: CourseOnSale, Price: 19900, GoodsStatus: GoodsPublished}
	with := func(f func(*Course)) Course { c := sold; f(&c); return c }
	for name, c := range map[string]struct {
		c       Course
		s       Selling
		p       Platform
		owned   bool
		trial   bool
		actions []CourseAction
		price   bool
		vias    []Via
	}{
		"android":            {sold, both, PlatformAndroid, false, true, []CourseAction{ActionBuy, ActionTrial, ActionGift}, true, []Via{ViaXPay, ViaJSAPI}},
		"iOS with xpay":      {sold, both, PlatformIOS, false, false, []CourseAction{ActionBuy, ActionGift}, true, []Via{ViaXPay}},
		"iOS without":        {sold, jsapi, PlatformIOS, false, true, []CourseAction{ActionTrial}, false, []Via{}},
		"iOS without, owned": {sold, jsapi, PlatformIOS, true, true, []CourseAction{ActionLearn}, false, []Via{}},
		"owned":              {sold, both, PlatformAndroid, true, true, []CourseAction{ActionLearn, ActionGift}, true, []Via{ViaXPay, ViaJSAPI}},
		"iOS, free":          {with(func(c *Course) { c.Price = 0 }), jsapi, PlatformIOS, false, false, []CourseAction{ActionClaim}, true, []Via{}},
		"iOS, under a yuan":  {with(func(c *Course) { c.Price = 99 }), both, PlatformIOS, false, false, []CourseAction{}, true, []Via{}},
		"stopped":            {with(func(c *Course) { c.Status = CourseStopped }), both, PlatformAndroid, false, true, []CourseAction{ActionTrial}, true, []Via{}},
		"withdrawn, owned":   {with(func(c *Course) { c.Status = CourseWithdrawn }), both, PlatformAndroid, true, false, []CourseAction{ActionLearn}, true, []Via{}},
		"goods on their way": {with(func(c *Course) { c.GoodsStatus = GoodsPending }), both, PlatformAndroid, false, false, []CourseAction{ActionBuy, ActionGift}, true, []Via{ViaJSAPI, ViaXPay}},
		"goods refused":      {with(func(c *Course) { c.GoodsStatus = GoodsFailed }), both, PlatformAndroid, false, false, []CourseAction{ActionBuy, ActionGift}, true, []Via{ViaJSAPI}},
	} {
		o := c.c.Offer(c.s, c.p, c.owned, c.trial, time.Now())
		if !slices.Equal(o.Actions, c.actions) || o.ShowPrice != c.price || !slices.Equal(o.Vias, c.vias) {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestVisible(t *testing.T) {
	for s, want := range map[CourseStatus][2]bool{CourseDraft: {false, false}, CourseOnSale: {true, true}, CourseStopped: {true, true}, CourseWithdrawn: {false, true}} {
		if c := (Course{Status: s}); c.Visible(false) != want[0] || c.Visible(true) != want[1] {
			t.Errorf("%s: %v %v", s, c.Visible(false), c.Visible(true))
		}
	}
}

func TestCourseCheckNamesEveryFault(t *testing.T) {
	low := Fen(-1)
	c := Course{Title: " ", Price: MaxPrice + 1, OriginalPrice: &low, Cover: "http://127.0.0.1:6379/x.jpg", RefundRule: RefundRule{Days: -1}}
	var r *Refusal
	if err := c.Check(); err == nil {
		t.Fatal("accepted")
	} else if r = err.(*Refusal); len(r.Fields) != 6 { // days and what happens beyond are two
		t.Errorf("fields: %v", r.Fields)
	}
	for address, good := range map[string]bool{"": true, "/media/0123456789abcdef0123456789abcdef.jpg": true, "https://a.example/b.jpg": true,
		"/media/../etc/passwd": false, "javascript:alert(1)": false, "http://a.example": false, "https://a b": false, "/media/x.jpg": false, "https://a\"onload=1": false} {
		if goodAddress(address) != good {
			t.Errorf("%q: %v", address, !good)
		}
	}
}

func TestLoginCodeShape(t *testing.T) {
	for code, good := range map[string]bool{"cA": true, "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P": true, "": false, "c&appid=x": false, "c#": false, "c d": false, "码": false, "c\n": false} {
		if GoodLoginCode(code) != good {
			t.Errorf("%q: %v", code, !good)
		}
	}
}

func TestLessonCap(t *testing.T) {
	for _, c := range [][3]int{{600, 700, 600}, {600, -5, 0}, {600, 599, 599}, {0, 1 << 40, MaxLessonSeconds}} {
		if got := (Lesson{Seconds: c[0]}).Cap(c[1]); got != c[2] {
			t.Errorf("%v: %d", c, got)
		}
	}
}
