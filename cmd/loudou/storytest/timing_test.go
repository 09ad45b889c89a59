package storytest

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loudou/service/wechat/wechattest"
)

// Attack 20. How long a refusal takes tells nothing: an unknown name or a wrong password, a signature or a
// token right in its first letters or in none. Two thousand samples of each, taken in turns, need a quiet
// machine and minutes, so the short run only looks that both are refused in the same words; that the unknown
// name costs one hash as well is service/operator's test.
func TestTimingTellsNothing(t *testing.T) {
	h := Open(t, binary, Options{})
	phone := h.Phone()
	stamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), "n"
	echo := func(signature func(good string) string) func(int) string {
		return func(int) string {
			good := wechattest.Sign(h.WeChat.Official().Token, stamp, nonce)
			q := url.Values{"timestamp": {stamp}, "nonce": {nonce}, "echostr": {"1"}, "signature": {signature(good)}}
			status, said, _ := h.knock(0, "GET", "/hook/official?"+q.Encode(), "", nil)
			return fmt.Sprint(status, said)
		}
	}
	// spoilt keeps the first n letters of good and changes all others.
	spoilt := func(good string, n int) string {
		out := []byte(good)
		for i := n; i < len(out); i++ {
			if out[i] == 'a' {
				out[i] = 'b'
			} else {
				out[i] = 'a'
			}
		}
		return string(out)
	}
	login := func(name string) func(int) string {
		return func(i int) string {
			status, said, _ := h.knock(0, "POST", "/console/v1/login", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q,"password":"guess%d"}`, name, i)))
			return fmt.Sprint(status, said)
		}
	}
	bearer := func(n int) func(int) string {
		return func(int) string {
			status, said, _ := h.knock(0, "GET", "/mini/v1/courses", "", nil, "Authorization", "Bearer "+phone.token[:4]+spoilt(phone.token[4:], n))
			return fmt.Sprint(status, said)
		}
	}
	csrf := func(n int) func(int) string {
		return func(int) string {
			a := h.call(h.desk, "POST", h.All[0].URL()+"/console/v1/courses", `{"title":"x","price":1}`, "X-CSRF-Token", spoilt(h.csrf, n))
			return fmt.Sprint(a.Status, string(a.Body))
		}
	}
	for name, x := range map[string]struct {
		samples int
		a, b    func(int) string
	}{
		"name":      {scale(3, 2000), login("boss"), login("nobody")},
		"signature": {scale(20, 2000), echo(func(g string) string { return spoilt(g, 0) }), echo(func(g string) string { return spoilt(g, 39) })},
		"bearer":    {scale(20, 2000), bearer(0), bearer(len(phone.token) - 8)},
		"csrf":      {scale(20, 2000), csrf(0), csrf(len(h.csrf) - 1)},
	} {
		var a, b []float64
		said := [2]string{}
		for i := range x.samples {
			for _, which := range []int{i % 2, 1 - i%2} { // in turns, and neither always first
				fn, list := x.a, &a
				if which == 1 {
					fn, list = x.b, &b
				}
				start := time.Now()
				got := fn(i)
				*list = append(*list, float64(time.Since(start)))
				got = withoutID(got)
				if said[which] = got; !strings.HasPrefix(got, "401") && !strings.HasPrefix(got, "403") {
					t.Fatalf("%s: %s", name, got)
				}
			}
		}
		if said[0] != said[1] {
			t.Errorf("%s: %s and %s", name, said[0], said[1])
		}
		welch, ratio := compare(a, b)
		t.Logf("%s: Welch t %.2f, medians %.3f", name, welch, ratio)
		if x.samples >= 2000 && (math.Abs(welch) > 4.5 || ratio < 0.95 || ratio > 1.05) {
			t.Errorf("%s: Welch t %.2f, medians %.3f", name, welch, ratio)
		}
	}
}

// withoutID leaves out what differs from answer to answer by nature.
func withoutID(s string) string {
	i := strings.Index(s, `"request_id"`)
	if i < 0 {
		return s
	}
	return s[:i]
}

// compare gives Welch's t of two lists, without the slowest twentieth of each (the machine's, not the
// program's), and the ratio of their medians.
func compare(a, b []float64) (welch, ratio float64) {
	cut := func(x []float64) []float64 {
		slices.Sort(x)
		return x[:len(x)-len(x)/20]
	}
	a, b = cut(a), cut(b)
	moments := func(x []float64) (mean, variance float64) {
		for _, v := range x {
			mean += v / float64(len(x))
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / float64(len(x)-1)
		}
		return mean, variance
	}
	ma, va := moments(a)
	mb, vb := moments(b)
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b))), a[len(a)/2] / b[len(b)/2]
}
