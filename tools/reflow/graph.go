package main

import "slices"

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
	hop       map[int]int // by basic block at which the function is entered again
	otherwise int
}

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
	d.otherwise = g.head[0]
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

// connect makes the edges final.
func (g *graph) connect() {
	for b := range g.blocks {
		for i, t := range g.to[b] {
			g.to[b][i] = g.head[t]
		}
	}
	for node, d := range g.dispatch {
		to := []int{d.otherwise}
		for _, t := range d.hop {
			if !slices.Contains(to, t) {
				to = append(to, t)
			}
		}
		slices.Sort(to[1:])
		g.to[node] = to
	}
}
