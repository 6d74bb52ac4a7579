package main

import "slices"

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
