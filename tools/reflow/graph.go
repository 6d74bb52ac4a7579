package main

import (
	"errors"
	"slices"
)

// graph is the control flow of a function without Go's table of all blocks. Its
// nodes are the basic blocks and then those that dispatch: the entry, and the heads
// of loops that have places inside where the function may be entered again.
type graph struct {
	*flow
	entry    int
	dispatch map[int]*dispatch
	live     []int // basic blocks that can be reached
	head     []int // by basic block: where those go that go to it
	to       [][]int
	order    []int // nodes in reverse postorder, from the entry
	at       []int // by node: its place in order, -1 if nothing leads to it
	idom     []int // by node: the one that dominates it
	loop     []bool
	merge    []bool // by node: several lead to it, so that it needs a label
}

// dispatch goes on where PC_B says.
type dispatch struct {
	hop      map[int]int // by basic block at which the function is entered again
	default_ int
}

var errIrreducible = errors.New("loops with several entries")

func newGraph(f *flow) (*graph, error) {
	g := &graph{flow: f, dispatch: map[int]*dispatch{}, entry: len(f.blocks)}
	for b := range f.blocks {
		g.head = append(g.head, b)
		g.to = append(g.to, f.next(b))
	}
	d := &dispatch{}
	g.dispatch[g.entry] = d
	g.to = append(g.to, nil)
	g.live = g.reached()
	if err := g.nest(g.live, d); err != nil {
		return nil, err
	}
	d.default_ = g.head[0]
	delete(d.hop, 0)
	g.connect()
	return g, g.analyse()
}

// reached returns the basic blocks that can be reached at all.
func (g *graph) reached() []int {
	seen := make([]bool, len(g.blocks))
	var list []int
	var visit func(int)
	visit = func(b int) {
		if seen[b] {
			return
		}
		seen[b] = true
		list = append(list, b)
		for _, t := range g.to[b] {
			visit(t)
		}
	}
	visit(0)
	for b, resume := range g.resume {
		if resume {
			visit(b)
		}
	}
	slices.Sort(list)
	return list
}

// nest finds the loops among some basic blocks and lets d know how to come to each
// place where the function is entered again.
func (g *graph) nest(among []int, d *dispatch) error {
	d.hop = map[int]int{}
	for _, part := range components(among, g.to) {
		if len(part) == 1 && !slices.Contains(g.to[part[0]], part[0]) {
			if g.resume[part[0]] {
				d.hop[part[0]] = part[0]
			}
			continue
		}
		if err := g.addLoop(part, d); err != nil {
			return err
		}
	}
	return nil
}

// addLoop takes in a loop of the given basic blocks.
func (g *graph) addLoop(part []int, outer *dispatch) error {
	head, err := g.headOf(part)
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(part), func(b int) bool { return b == head })
	inner := &dispatch{default_: head}
	if err := g.nest(rest, inner); err != nil {
		return err
	}
	if len(inner.hop) > 0 {
		node := len(g.to)
		g.to = append(g.to, nil)
		g.dispatch[node] = inner
		g.head[head] = node
		for b := range inner.hop {
			outer.hop[b] = node
		}
	}
	if g.resume[head] {
		outer.hop[head] = g.head[head]
	}
	return nil
}

// headOf returns the one basic block by which a loop is entered.
func (g *graph) headOf(part []int) (int, error) {
	in := map[int]bool{}
	for _, b := range part {
		in[b] = true
	}
	heads := map[int]bool{}
	if in[0] {
		heads[0] = true
	}
	for _, b := range g.live {
		for _, t := range g.to[b] {
			if !in[b] && in[t] {
				heads[t] = true
			}
		}
	}
	if len(heads) == 0 { // entered only again
		for _, b := range part {
			if g.resume[b] {
				return b, nil
			}
		}
	}
	if len(heads) != 1 {
		return 0, errIrreducible
	}
	for h := range heads {
		return h, nil
	}
	return 0, errIrreducible
}

// connect makes the edges final.
func (g *graph) connect() {
	for b := range g.blocks {
		for i, t := range g.to[b] {
			g.to[b][i] = g.head[t]
		}
	}
	for node, d := range g.dispatch {
		to := []int{d.default_}
		for _, t := range d.hop {
			if !slices.Contains(to, t) {
				to = append(to, t)
			}
		}
		slices.Sort(to[1:])
		g.to[node] = to
	}
}

// analyse finds the order, the dominators, the loops and the merges.
func (g *graph) analyse() error {
	g.number()
	g.dominate()
	g.loop, g.merge = make([]bool, len(g.to)), make([]bool, len(g.to))
	seen := make([]bool, len(g.to))
	for _, n := range g.order {
		for _, t := range g.to[n] {
			if g.at[t] <= g.at[n] {
				if !g.dominates(t, n) {
					return errIrreducible
				}
				g.loop[t] = true
				continue
			}
			if seen[t] || g.dispatch[n] != nil && len(g.to[n]) > 1 {
				g.merge[t] = true
			}
			seen[t] = true
		}
	}
	return nil
}

func (g *graph) number() {
	g.at = make([]int, len(g.to))
	seen := make([]bool, len(g.to))
	var visit func(int)
	visit = func(n int) {
		seen[n] = true
		for _, t := range slices.Backward(g.to[n]) {
			if !seen[t] {
				visit(t)
			}
		}
		g.order = append(g.order, n)
	}
	visit(g.entry)
	slices.Reverse(g.order)
	for i := range g.at {
		g.at[i] = -1
	}
	for i, n := range g.order {
		g.at[n] = i
	}
}

// dominate finds the immediate dominators (Cooper, Harvey and Kennedy, "A Simple,
// Fast Dominance Algorithm").
func (g *graph) dominate() {
	from := make([][]int, len(g.to))
	for _, n := range g.order {
		for _, t := range g.to[n] {
			from[t] = append(from[t], n)
		}
	}
	g.idom = make([]int, len(g.to))
	for i := range g.idom {
		g.idom[i] = -1
	}
	g.idom[g.entry] = g.entry
	for changed := true; changed; {
		changed = false
		for _, n := range g.order[1:] {
			best := -1
			for _, p := range from[n] {
				if g.idom[p] >= 0 {
					best = g.common(best, p)
				}
			}
			changed = changed || g.idom[n] != best
			g.idom[n] = best
		}
	}
}

func (g *graph) common(a, b int) int {
	if a < 0 {
		return b
	}
	for a != b {
		for g.at[a] > g.at[b] {
			a = g.idom[a]
		}
		for g.at[b] > g.at[a] {
			b = g.idom[b]
		}
	}
	return a
}

func (g *graph) dominates(a, b int) bool {
	for g.at[b] > g.at[a] {
		b = g.idom[b]
	}
	return a == b
}

// components returns the strongly connected components of part of a graph (Tarjan).
func components(among []int, to [][]int) [][]int {
	const none = -1
	index, low, in := map[int]int{}, map[int]int{}, map[int]bool{}
	for _, n := range among {
		index[n] = none
	}
	var stack []int
	var parts [][]int
	count := 0
	var visit func(int)
	visit = func(n int) {
		index[n], low[n] = count, count
		count++
		stack, in[n] = append(stack, n), true
		for _, t := range to[n] {
			at, ok := index[t]
			if !ok {
				continue
			}
			if at == none {
				visit(t)
				low[n] = min(low[n], low[t])
			} else if in[t] {
				low[n] = min(low[n], at)
			}
		}
		if low[n] != index[n] {
			return
		}
		var part []int
		for {
			t := stack[len(stack)-1]
			stack, in[t] = stack[:len(stack)-1], false
			part = append(part, t)
			if t == n {
				break
			}
		}
		parts = append(parts, part)
	}
	for _, n := range among {
		if index[n] == none {
			visit(n)
		}
	}
	return parts
}
