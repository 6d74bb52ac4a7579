package main

import (
	"encoding/binary"
	"slices"
)

// emitter writes a graph as WebAssembly's nested blocks, each node once and in the
// place where the ones that dominate it are (Ramsey, "Beyond Relooper", 2022).
type emitter struct {
	*graph
	children [][]int // by node: what it dominates next, in order
	out      []byte
	labels   []label // of what is open, the outermost first
	spare    bool    // PC_B is needed for dispatching: the local behind all is used in its place
	cut      int     // where the last branch began, if it ended where out ends
}

// label says where a branch to something open goes.
type label struct {
	node int // -1 for an if
	loop bool
}

const unwinds = -2 // node of the label of what returns 1

// rewrite returns the body of a function with its jumps as branches.
func rewrite(body []byte, c *calls) ([]byte, error) {
	f, err := readFlow(body, c)
	if err != nil {
		return nil, err
	}
	g, err := newGraph(f)
	if err != nil {
		return nil, err
	}
	e := &emitter{graph: g, children: make([][]int, len(g.to)), spare: len(g.dispatch) > 1}
	for _, node := range g.order[1:] {
		d := g.idom[node]
		e.children[d] = append(e.children[d], node)
	}
	e.out = f.appendLocals(nil, e.spare)
	for _, in := range f.before {
		e.out = append(e.out, in.raw...)
	}
	if f.unwind {
		e.open(opBlock, label{node: unwinds})
	}
	e.tree(g.entry)
	if f.unwind {
		e.end()
		e.out = append(e.out, opI32Const, 1)
	} else {
		e.out = append(e.out, opUnreachable)
	}
	return append(e.out, opEnd), nil
}

func (e *emitter) open(op byte, l label) {
	e.out = append(e.out, op, empty)
	e.labels = append(e.labels, l)
}

// end closes what was opened last. A branch to here is left out.
func (e *emitter) end() {
	last := e.labels[len(e.labels)-1]
	if !last.loop && e.cut == len(e.out)-2 && e.out[e.cut] == opBr && e.out[e.cut+1] == 0 {
		e.out = e.out[:e.cut]
	}
	e.out = append(e.out, opEnd)
	e.labels = e.labels[:len(e.labels)-1]
}

// tree writes a node and all that it dominates.
func (e *emitter) tree(n int) {
	var merges []int
	for _, c := range e.children[n] {
		if e.merge[c] {
			merges = append(merges, c)
		}
	}
	if e.loop[n] {
		e.open(opLoop, label{node: n, loop: true})
	}
	for _, c := range slices.Backward(merges) {
		e.open(opBlock, label{node: c})
	}
	e.node(n)
	for _, c := range merges {
		e.end()
		e.tree(c)
	}
	if e.loop[n] {
		e.end()
	}
}

func (e *emitter) node(n int) {
	if d := e.dispatch[n]; d != nil {
		e.goOn(n, d)
		return
	}
	if e.resume[n] && e.spare {
		e.out = append(e.out, opI32Const, 0, opLocalSet, pcB)
	}
	code := e.blocks[n]
	for i := 0; i < len(code); i++ {
		in := code[i]
		switch {
		case in.op == opIf && i+2 < len(code) && code[i+1].op == opJump && code[i+2].op == opEnd && e.plain(n, e.head[code[i+1].arg]):
			e.branch(opBrIf, e.depth(e.head[code[i+1].arg]))
			i += 2
		case in.op == opIf:
			e.out = append(e.out, in.raw...)
			e.labels = append(e.labels, label{node: -1})
		case in.op == opEnd:
			e.cut = -1
			e.end()
		case in.op == opJump:
			e.jump(n, e.head[in.arg])
		case in.op == opUnwind:
			e.branch(opBrIf, e.depth(unwinds))
		case e.spare && in.arg == pcB && in.op >= opLocalGet && in.op <= opLocalTee:
			e.out = append(e.out, in.op)
			e.out = binary.AppendUvarint(e.out, uint64(e.params))
		default:
			e.out = append(e.out, in.raw...)
		}
	}
}

// plain tells whether going from n to t is a branch, and not t itself.
func (e *emitter) plain(n, t int) bool { return e.merge[t] || e.at[t] <= e.at[n] }

func (e *emitter) jump(n, t int) {
	if e.plain(n, t) {
		e.branch(opBr, e.depth(t))
	} else {
		e.tree(t)
	}
}

func (e *emitter) branch(op byte, depth int) {
	e.cut = len(e.out)
	e.out = append(e.out, op)
	e.out = binary.AppendUvarint(e.out, uint64(depth))
}

// depth returns how many labels lie between here and a node's.
func (e *emitter) depth(node int) int {
	for i, l := range slices.Backward(e.labels) {
		if l.node == node {
			return len(e.labels) - 1 - i
		}
	}
	panic("no label for a branch")
}

// goOn writes a node that dispatches.
func (e *emitter) goOn(n int, d *dispatch) {
	if len(e.to[n]) == 1 {
		e.jump(n, d.otherwise)
		return
	}
	first, last := len(e.table), -1
	for pc, b := range e.table {
		if _, ok := d.hop[b]; ok {
			first, last = min(first, pc), max(last, pc)
		}
	}
	e.out = append(e.out, opLocalGet, pcB, opI32Eqz)
	e.branch(opBrIf, e.depth(d.otherwise))
	e.out = append(e.out, opLocalGet, pcB, opI32Const)
	e.out = appendInt(e.out, int64(first))
	e.out = append(e.out, opI32Sub, opBrTable)
	e.out = binary.AppendUvarint(e.out, uint64(last+1-first))
	for _, b := range e.table[first : last+1] {
		t, ok := d.hop[b]
		if !ok {
			t = d.otherwise
		}
		e.out = binary.AppendUvarint(e.out, uint64(e.depth(t)))
	}
	e.out = binary.AppendUvarint(e.out, uint64(e.depth(d.otherwise)))
	e.cut = -1
}
