package main

import (
	"errors"
	"slices"
)

var errIrreducible = errors.New("loops with several entries")

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
	inner := &dispatch{otherwise: head}
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
