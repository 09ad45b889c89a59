package reply

import "slices"

// automaton finds every pattern inside a text in one walk over it (Aho–Corasick over bytes), so a
// thousand "contains" keywords cost no more than one. Edges are sorted lists: the tree of a thousand
// Chinese words is sparse.
type automaton struct {
	nodes []node
	first [256]int32 // from the root: most bytes of a sentence begin no word
}

type node struct {
	edges []edge
	fail  int32
	out   int32 // nearest node on the fail chain, itself included, where a pattern ends; -1: none
	word  int32 // pattern ending here; -1: none
}

type edge struct {
	b  byte
	to int32
}

func (n *node) next(b byte) int32 {
	i, ok := slices.BinarySearchFunc(n.edges, b, func(e edge, b byte) int { return int(e.b) - int(b) })
	if !ok {
		return -1
	}
	return n.edges[i].to
}

// newAutomaton takes distinct, non-empty patterns; find reports their index.
func newAutomaton(patterns []string) *automaton {
	a := &automaton{nodes: []node{{out: -1, word: -1}}}
	for i, p := range patterns {
		at := int32(0)
		for j := range len(p) {
			to := a.nodes[at].next(p[j])
			if to < 0 {
				to = int32(len(a.nodes))
				a.nodes = append(a.nodes, node{out: -1, word: -1})
				edges := a.nodes[at].edges
				k, _ := slices.BinarySearchFunc(edges, p[j], func(e edge, b byte) int { return int(e.b) - int(b) })
				a.nodes[at].edges = slices.Insert(edges, k, edge{p[j], to})
			}
			at = to
		}
		a.nodes[at].word = int32(i)
	}
	for _, e := range a.nodes[0].edges {
		a.first[e.b] = e.to
	}
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n := &a.nodes[at]
		n.out = a.nodes[n.fail].out
		if at == 0 {
			n.out = -1
		}
		if n.word >= 0 {
			n.out = at
		}
		for _, e := range n.edges {
			if at != 0 {
				a.nodes[e.to].fail = a.step(n.fail, e.b)
			}
			queue = append(queue, e.to)
		}
	}
	return a
}

func (a *automaton) step(at int32, b byte) int32 {
	for at != 0 {
		if to := a.nodes[at].next(b); to >= 0 {
			return to
		}
		at = a.nodes[at].fail
	}
	return a.first[b]
}

// find calls met for every pattern that stands in text; the same one may be told more than once.
func (a *automaton) find(text string, met func(word int)) {
	if len(a.nodes) == 1 {
		return
	}
	at := int32(0)
	for i := range len(text) {
		at = a.step(at, text[i])
		for o := a.nodes[at].out; o >= 0; o = a.nodes[a.nodes[o].fail].out {
			met(int(a.nodes[o].word))
		}
	}
}
