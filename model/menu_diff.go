package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Words says in Chinese whom a conditional menu is for.
func (m MenuMatch) Words() string {
	var parts []string
	if m.TagID != "" {
		parts = append(parts, "标签 "+m.TagID)
	}
	if p := map[string]string{"1": "iOS", "2": "安卓", "3": "其他系统"}[m.Platform]; p != "" {
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return "没有条件"
	}
	return strings.Join(parts, "、")
}

// Title is what a conditional menu is called: its name, else whom it is for.
func (c *ConditionalMenu) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.MatchRule.Words()
}

// MenuDiff says in words how after differs from before; empty: not at all. A button that moved is the same
// button elsewhere, not one that went and another that came.
func MenuDiff(before, after Menu) []string {
	out := diffButtons("", "", before.Buttons, after.Buttons)
	title := func(c ConditionalMenu) string { return "个性化菜单「" + c.Title() + "」" }
	was := pair(len(before.Conditional), len(after.Conditional),
		func(i, j int) bool { return reflect.DeepEqual(before.Conditional[i], after.Conditional[j]) },
		func(i, j int) bool {
			return before.Conditional[i].Name != "" && before.Conditional[i].Name == after.Conditional[j].Name
		},
		func(i, j int) bool { return before.Conditional[i].MatchRule == after.Conditional[j].MatchRule },
	)
	stay := inOrder(was)
	for j, c := range after.Conditional {
		i := was[j]
		if i < 0 {
			out = append(out, fmt.Sprintf("新增%s：%s，%d 个一级按钮", title(c), c.MatchRule.Words(), len(c.Button)))
			continue
		}
		o := before.Conditional[i]
		if o.Name != c.Name {
			out = append(out, title(o)+"改名为「"+c.Title()+"」")
		}
		if o.MatchRule != c.MatchRule {
			out = append(out, fmt.Sprintf("%s的条件由 %s 改为 %s", title(c), o.MatchRule.Words(), c.MatchRule.Words()))
		}
		if !stay[j] {
			out = append(out, fmt.Sprintf("%s改为第 %d 个匹配", title(c), len(after.Conditional)-j)) // the last is tried first
		}
		out = append(out, diffButtons(title(c)+"：", "", o.Button, c.Button)...)
	}
	for i, c := range before.Conditional {
		if !slices.Contains(was, i) {
			out = append(out, "删除"+title(c))
		}
	}
	return out
}

func diffButtons(where, under string, before, after []MenuButton) []string {
	out := []string{}
	name := func(b MenuButton) string { return "「" + under + b.Name + "」" }
	bare := func(b MenuButton) MenuButton { b.Name, b.SubButton = "", nil; return b }
	was := pair(len(before), len(after),
		func(i, j int) bool { return sameButton(before[i], after[j]) },
		func(i, j int) bool { return before[i].Name == after[j].Name },
		func(i, j int) bool {
			return reflect.DeepEqual(bare(before[i]), bare(after[j])) && (after[j].Type != "" || len(after[j].SubButton) > 0 && len(before[i].SubButton) > 0)
		},
		func(i, j int) bool { return i == j },
	)
	stay := inOrder(was)
	for j, n := range after {
		if was[j] < 0 {
			out = append(out, where+"新增按钮"+name(n)+"："+n.Summary())
			for _, s := range n.SubButton {
				out = append(out, where+"新增按钮「"+n.Name+" / "+s.Name+"」："+s.Summary())
			}
			continue
		}
		o := before[was[j]]
		other := !reflect.DeepEqual(bare(o), bare(n))
		switch {
		case o.Name != n.Name && other:
			out = append(out, where+"按钮"+name(o)+"换成"+name(n)+"："+n.Summary())
		case o.Name != n.Name:
			out = append(out, where+"按钮"+name(o)+"改名为"+name(n))
		}
		if !stay[j] {
			out = append(out, fmt.Sprintf("%s按钮%s移到第 %d 个", where, name(n), j+1))
		}
		if o.Name == n.Name && other {
			out = append(out, fmt.Sprintf("%s按钮%s由 %s 改为 %s", where, name(n), o.Summary(), n.Summary()))
		}
		out = append(out, diffButtons(where, n.Name+" / ", o.SubButton, n.SubButton)...)
	}
	for i, o := range before {
		if !slices.Contains(was, i) {
			out = append(out, where+"删除按钮"+name(o))
		}
	}
	return out
}

// sameButton takes no list and an empty one for the same.
func sameButton(a, b MenuButton) bool {
	if len(a.SubButton) != len(b.SubButton) {
		return false
	}
	for i := range a.SubButton {
		if !sameButton(a.SubButton[i], b.SubButton[i]) {
			return false
		}
	}
	a.SubButton, b.SubButton = nil, nil
	return reflect.DeepEqual(a, b)
}

// SameButtons tells whether two menus show and do the same.
func SameButtons(a, b []MenuButton) bool { return slices.EqualFunc(a, b, sameButton) }

// pair finds for each of n later things the earlier one it was, -1 for a new one: by the surest likeness first.
func pair(before, n int, alike ...func(i, j int) bool) []int {
	was, taken := slices.Repeat([]int{-1}, n), make([]bool, before)
	for _, like := range alike {
		for j := range n {
			for i := 0; i < before && was[j] < 0; i++ {
				if !taken[i] && like(i, j) {
					was[j], taken[i] = i, true
				}
			}
		}
	}
	return was
}

// inOrder tells which of the paired things kept their order: the longest run that still rises. What is outside
// it was moved.
func inOrder(was []int) []bool {
	best, from, end := make([]int, len(was)), make([]int, len(was)), -1
	for j, i := range was {
		from[j] = -1
		if i < 0 {
			continue
		}
		best[j] = 1
		for k := range j {
			if was[k] >= 0 && was[k] < i && best[k]+1 > best[j] {
				best[j], from[j] = best[k]+1, k
			}
		}
		if end < 0 || best[j] > best[end] {
			end = j
		}
	}
	stay := make([]bool, len(was))
	for ; end >= 0; end = from[end] {
		stay[end] = true
	}
	return stay
}
