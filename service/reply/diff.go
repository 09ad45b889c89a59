package reply

import (
	"fmt"
	"slices"
	"strings"

	"loudou/model"
)

// Diff says in words how after differs from before; empty: not at all.
func Diff(before, after []model.Rule) []string {
	out := []string{}
	old := map[int64]model.Rule{}
	for _, r := range before {
		old[r.ID] = r
	}
	for _, r := range after {
		o, had := old[r.ID]
		delete(old, r.ID)
		switch {
		case !had:
			out = append(out, fmt.Sprintf("新增%s规则「%s」：%s", r.Kind.Name(), r.Name, summary(r.Messages)))
		case !same(o, r):
			out = append(out, fmt.Sprintf("修改规则「%s」：%s", r.Name, strings.Join(changes(o, r), "；")))
		}
	}
	for _, r := range before {
		if _, gone := old[r.ID]; gone {
			out = append(out, fmt.Sprintf("删除%s规则「%s」", r.Kind.Name(), r.Name))
		}
	}
	return out
}

func changes(o, r model.Rule) []string {
	var out []string
	say := func(what, from, to string) {
		if from != to {
			out = append(out, fmt.Sprintf("%s由 %s 改为 %s", what, from, to))
		}
	}
	say("名称", "「"+o.Name+"」", "「"+r.Name+"」")
	say("类型", o.Kind.Name(), r.Kind.Name())
	say("触发值", "「"+o.EventKey+"」", "「"+r.EventKey+"」")
	say("一批场景值", scenesOf(o.Scenes), scenesOf(r.Scenes))
	if !slices.Equal(o.Scenes, r.Scenes) && scenesOf(o.Scenes) == scenesOf(r.Scenes) {
		out = append(out, "一批场景值有改动")
	}
	say("关键词", words(o.Keywords), words(r.Keywords))
	say("优先级", fmt.Sprint(o.Priority), fmt.Sprint(r.Priority))
	if o.Enabled != r.Enabled {
		out = append(out, map[bool]string{true: "启用", false: "停用"}[r.Enabled])
	}
	say("生效时间", o.Active.Words(), r.Active.Words())
	say("消息类型", who(typeNames, o.MessageTypes), who(typeNames, r.MessageTypes))
	say("关注来源", who(sourceNames, o.Sources), who(sourceNames, r.Sources))
	say("每人最短间隔", interval(o.Interval), interval(r.Interval))
	if o.Pick != r.Pick {
		out = append(out, map[string]string{"all": "改为全部发送", "random": "改为随机一条"}[r.Pick])
	}
	say("回复", summary(o.Messages), summary(r.Messages))
	say("对话", dialogWords(o.Dialog), dialogWords(r.Dialog))
	if len(out) == 0 {
		out = append(out, "回复内容有改动")
	}
	return out
}

func words(ks []model.Keyword) string {
	parts := make([]string, 0, len(ks))
	for _, k := range ks {
		parts = append(parts, "「"+k.Text+"」("+k.Match.Name()+")")
	}
	return strings.Join(parts, "、")
}

func summary(ms []model.Message) string {
	parts := make([]string, 0, len(ms))
	for i := range ms {
		text := ms[i].Summary()
		if d := ms[i].Delay; d > 0 {
			text = seconds(d) + "后" + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "、")
}

func who(names func([]string) string, list []string) string {
	if len(list) == 0 {
		return "不限"
	}
	return names(list)
}

func interval(n int) string {
	if n == 0 {
		return "不限"
	}
	return seconds(n)
}

func dialogWords(d *model.Dialog) string {
	if d == nil {
		return "没有"
	}
	parts := make([]string, 0, len(d.Answers))
	for _, a := range d.Answers {
		parts = append(parts, "答「"+a.Answer+"」回"+summary(a.Messages))
	}
	return seconds(d.Seconds) + "内" + strings.Join(parts, "；")
}

// scenesOf names a batch's scenes by their ends and their number.
func scenesOf(all []string) string {
	switch len(all) {
	case 0:
		return "（无）"
	case 1:
		return "「" + all[0] + "」"
	}
	return fmt.Sprintf("「%s」到「%s」共 %d 个", all[0], all[len(all)-1], len(all))
}
