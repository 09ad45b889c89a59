package model

import "testing"

func TestArticleURLKey(t *testing.T) {
	for address, want := range map[string]string{
		"https://mp.weixin.qq.com/s?__biz=X&mid=2247490098&idx=1&sn=ab#rd": "2247490098:1",
		"http://mp.weixin.qq.com/s?__biz=X&amp;mid=1&mid=2247490098&idx=2": "2247490098:2",
		"https://mp.weixin.qq.com/s/AbC-9_x":                               "/s/AbC-9_x",
		"https://mp.weixin.qq.com/s/AbC-9_x/":                              "/s/AbC-9_x",
		" https://mp.weixin.qq.com/s/AbC-9_x?scene=1 ":                     "/s/AbC-9_x",
		"https://mp.weixin.qq.com/":                                        "",
		"https://mp.weixin.qq.com.evil.example/s/x":                        "",
		"javascript:alert(1)":                                              "",
		"":                                                                 "",
	} {
		if got := ArticleURLKey(address); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}

func TestMsgKey(t *testing.T) {
	for msgid, want := range map[string]int{"2247490098_1": 1, "2247490098_8": 8, "2247490098": 0, "_1": 0, "a_b": 0, "1_0": 0} {
		_, index, ok := ArticleTotal{MsgID: msgid}.MsgKey()
		if ok != (want > 0) || ok && index != want {
			t.Errorf("%q: index %d, %v", msgid, index, ok)
		}
	}
}
