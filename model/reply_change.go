package model

import (
	"cmp"
	"slices"
)

// RuleChange is what becomes of one rule: Before nil, it is new; After nil, it goes.
type RuleChange struct {
	Before *Rule `json:"before,omitempty"`
	After  *Rule `json:"after,omitempty"`
}

// ID is the number of the rule that changes.
func (c RuleChange) ID() int64 {
	if c.After != nil {
		return c.After.ID
	}
	return c.Before.ID
}

// Reversed is the way back.
func Reversed(cs []RuleChange) []RuleChange {
	out := make([]RuleChange, 0, len(cs))
	for _, c := range cs {
		out = append(out, RuleChange{Before: c.After, After: c.Before})
	}
	return out
}

// ChangeRules gives rules with the changes made, by number. A rule that no change names stays as it is now, whatever it
// was when the changes were written down: what others published in between is kept.
func ChangeRules(rules []Rule, cs []RuleChange) []Rule {
	named := map[int64]bool{}
	out := []Rule{}
	for _, c := range cs {
		named[c.ID()] = true
		if c.After != nil {
			out = append(out, *c.After)
		}
	}
	for _, r := range rules {
		if !named[r.ID] {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
