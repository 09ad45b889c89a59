package article

import (
	"strings"
	"testing"
)

// What WeChat's editor writes keeps its look; what could run or load from elsewhere is gone.
func TestCleanKeepsTheLook(t *testing.T) {
	for _, in := range []string{
		`<section style="text-align: center"><span style="color: rgb(255, 0, 0); font-size: 17px">标题</span></section>`,
		`<p style="text-indent: 2em; line-height: 1.75em">正文</p>`,
		`<img data-src="https://mmbiz.qpic.cn/mmbiz_png/abc/640?wx_fmt=png" data-ratio="0.5" data-w="640"/>`,
		`<img src="/media/12.png"/>`,
		`<blockquote><p>引用</p></blockquote>`,
		`<table><tbody><tr><td>格</td></tr></tbody></table>`,
	} {
		if got := Clean(in); got != in {
			t.Errorf("changed:\n in %s\nout %s", in, got)
		}
	}
}

func TestCleanTakesWhatIsNasty(t *testing.T) {
	for _, in := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `<svg><script>alert(1)</script></svg>`,
		`<a href="javascript:alert(1)">x</a>`, `<a href="JaVaScRiPt:alert(1)">x</a>`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`,
		`<iframe src="https://evil.example"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`, `<base href="https://evil.example/">`,
		`<meta http-equiv="refresh" content="0;url=https://evil.example">`, `<link rel="stylesheet" href="https://evil.example/x.css">`,
		`<style>@import "https://evil.example/x.css";</style>`, `<p style="background:url(https://evil.example/x.png)">x</p>`,
		`<p style="background-color:url(javascript:alert(1))">x</p>`, `<p style="width:expression(alert(1))">x</p>`, `<p style="color:red;behavior:url(evil.example)">x</p>`,
		`<form action="https://evil.example"><input name=a></form>`, `<img src="https://evil.example/x.png">`, `<img data-src="https://evil.example/x.png">`,
		`<img src="//evil.example/x.png">`, `<img src="https://mmbiz.qpic.cn@evil.example/x.png">`, `<img src="https://mmbiz.qpic.cn.evil.example/x.png">`,
		`<object data="https://evil.example/x.swf"></object>`, `<embed src="https://evil.example/x">`, `<video src="https://evil.example/x.mp4" autoplay></video>`,
		`<img srcset="https://evil.example/x.png 2x">`, `<div><img src=/a.png><img src="https://evil.example/deep.png"></div>`,
		`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>`, `<p onclick="alert(1)" onmouseover=alert(1)>x</p>`,
		`<!--<img src=https://evil.example>--><p>x</p>`, `<template><img src=https://evil.example></template>`,
	} {
		got := Clean(in)
		low := strings.ToLower(got)
		for _, bad := range []string{"evil.example", "<script", "alert(", "onerror", "onload", "onclick", "javascript:", "<iframe", "<base", "<meta", "<style", "<svg", "<form", "<object", "<embed", "url(", "expression"} {
			if strings.Contains(low, bad) {
				t.Errorf("%s\nleft %s in %s", in, bad, got)
			}
		}
		if again := Clean(got); again != got {
			t.Errorf("not stable:\n%s\n%s", got, again)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(`<section style="color:red"><img data-src="https://mmbiz.qpic.cn/x"></section>`)
	f.Fuzz(func(t *testing.T, in string) {
		got := Clean(in)
		if low := strings.ToLower(got); strings.Contains(low, "<script") || strings.Contains(low, "<iframe") {
			t.Errorf("%q left %q", in, got)
		}
	})
}
