package model

import (
	"encoding/json"
	"testing"
)

func TestNoticeFields(t *testing.T) {
	got := NoticeFields("{{first.DATA}}\n课程名称：{{thing1.DATA}}\r\n开课时间: {{time2.DATA}}\n{{thing1.DATA}}\n{{remark.DATA}}")
	want := []NoticeField{{"first", "", "first", 0}, {"thing1", "课程名称", "thing", 20}, {"time2", "开课时间", "time", 40}, {"remark", "", "remark", 0}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, f := range got {
		if f != want[i] {
			t.Errorf("%+v, want %+v", f, want[i])
		}
	}
	if len(NoticeFields("没有字段")) != 0 {
		t.Error("fields where there are none")
	}
}

func TestNoticeFaults(t *testing.T) {
	for _, c := range []struct {
		kind, value string
		bad         bool
	}{
		{"thing", "二十个字二十个字二十个字二十个字二十个字", false}, {"thing", "二十一个字二十个字二十个字二十个字二十个字一", true}, {"thing", " ", true}, {"thing", "您好 {备注}", false}, {"thing", "两\n行", true},
		{"number", "12.5", false}, {"number", "十二", true}, {"letter", "abc", false}, {"letter", "a1", true}, {"symbol", "+-", false}, {"symbol", "a", true},
		{"character_string", "AB-12", false}, {"character_string", "号 1", true}, {"time", "2026年1月1日 15:01", false}, {"time", "15:01~16:00", false}, {"time", "明天下午", true},
		{"date", "2026年1月1日", false}, {"date", "下周", true}, {"amount", "¥99.00", false}, {"amount", "99元", false}, {"amount", "九十九", true}, {"phone_number", "+86-755-1234", false}, {"phone_number", "电话", true},
		{"name", "张三", false}, {"name", "张三3", true}, {"name", "十个汉字以上的一个名字", true}, {"phrase", "已开课", false}, {"phrase", "已经开课了吗", true}, {"phrase", "OK", true}, {"phrase", "{备注}", true},
		{"keyword", "{备注}，开课了", false},
	} {
		words, _ := json.Marshal(map[string]string{c.kind + "1": c.value})
		n := Notice{Kind: NoticeSubscribe, Content: "项目:{{" + c.kind + "1.DATA}}", Words: string(words), Nameless: "同学"}
		if _, bad := n.Faults()["values."+c.kind+"1"]; bad != c.bad {
			t.Errorf("%s %q: %v", c.kind, c.value, n.Faults())
		}
	}
	n := Notice{Kind: NoticeTemplated, Content: "项目:{{thing1.DATA}}", Words: `{"thing1":"{备注}您好"}`, URL: "javascript:1", MiniPath: "pages/x"}
	for _, f := range []string{"url", "mini_appid", "nameless"} {
		if n.Faults()[f] == "" {
			t.Errorf("no fault of %s: %v", f, n.Faults())
		}
	}
	if m := n.Message("一个特别特别特别特别特别特别特别长的备注名", "x"); m.Data["thing1"] != "一个特别特别特别特别特别特别特别长的备注" {
		t.Errorf("cut: %q", m.Data["thing1"])
	}
	n.Nameless = "同学"
	if m := n.Message(" ", "x"); m.Data["thing1"] != "同学您好" {
		t.Errorf("nameless: %q", m.Data["thing1"])
	}
}
