package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// fakeControl is the door under /fake/v1 of the program fakewechat: what a person would do on the phone.
type fakeControl struct{ door *doorClient }

func newFakeControl(base string) *fakeControl { return &fakeControl{door: newDoorClient(base)} }

// fakeFan is a person as WeChat knows one.
type fakeFan struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	OpenID string `json:"openid"`
}

var sampleNames = []string{"小满", "阿澈", "林夕", "晓雾", "大川", "知远", "苏苏", "老周", "青禾", "一帆", "木子", "若水", "南乔", "子衿", "乐乐", "安然", "石头", "可可", "书白", "微微"}

// clock moves WeChat's business time; zero goes back to the real one.
func (f *fakeControl) clock(ctx context.Context, t time.Time) error {
	in := map[string]any{}
	if !t.IsZero() {
		in["now"] = t.Format(time.RFC3339Nano)
	}
	return f.door.call(ctx, http.MethodPut, "/fake/v1/clock", in, nil)
}

func (f *fakeControl) fan(ctx context.Context, n int) (fakeFan, error) {
	var p fakeFan
	name := sampleNames[n%len(sampleNames)]
	if n > len(sampleNames) {
		name = fmt.Sprintf("%s%d", name, n/len(sampleNames))
	}
	err := f.door.call(ctx, http.MethodPost, "/fake/v1/people", map[string]string{"name": name}, &p)
	return p, err
}

// push is one act of a fan that WeChat tells the service; not being heard is an error.
func (f *fakeControl) push(ctx context.Context, act string, in map[string]string) error {
	var told struct {
		Heard bool   `json:"heard"`
		Fault string `json:"fault"`
	}
	if err := f.door.call(ctx, http.MethodPost, "/fake/v1/"+act, in, &told); err != nil {
		return err
	}
	if !told.Heard {
		return fmt.Errorf("the service did not hear %s: %s", act, told.Fault)
	}
	return nil
}

// platform gives a fan another phone: what is bought on an iPhone goes through Apple, at Apple's fee.
func (f *fakeControl) platform(ctx context.Context, p fakeFan, platform string) error {
	return f.door.call(ctx, http.MethodPut, "/phone/v1/people/"+p.ID, map[string]string{"platform": platform}, nil)
}

func (f *fakeControl) follow(ctx context.Context, p fakeFan, scene string) error {
	return f.push(ctx, "follow", map[string]string{"person": p.ID, "scene": scene})
}

func (f *fakeControl) unfollow(ctx context.Context, p fakeFan) error {
	return f.push(ctx, "unfollow", map[string]string{"person": p.ID})
}

func (f *fakeControl) say(ctx context.Context, p fakeFan, text string) error {
	return f.push(ctx, "text", map[string]string{"person": p.ID, "text": text})
}

func (f *fakeControl) publish(ctx context.Context, title, url string, delivered, readers int) error {
	return f.door.call(ctx, http.MethodPost, "/fake/v1/articles", map[string]any{"title": title, "url": url, "delivered": delivered, "readers": readers}, nil)
}

func (f *fakeControl) loginCode(ctx context.Context, p fakeFan) (string, error) {
	var out struct {
		Code string `json:"code"`
	}
	err := f.door.call(ctx, http.MethodPost, "/fake/v1/login-code", map[string]any{"person": p.ID}, &out)
	return out.Code, err
}

// pay pays an open order as the phone does: virtual payment is born from the signed parameters, an
// ordinary order is at WeChat already. The notice or push follows by itself.
func (f *fakeControl) pay(ctx context.Context, p fakeFan, outTradeNo, via string, signed any) error {
	if via == "xpay" {
		return f.door.call(ctx, http.MethodPost, "/fake/v1/xpay/pay", map[string]any{"person": p.ID, "pay": signed}, nil)
	}
	return f.door.call(ctx, http.MethodPost, "/fake/v1/orders/"+outTradeNo+"/pay", map[string]any{"payer": p.ID}, nil)
}
