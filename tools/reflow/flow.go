package main

import (
	"encoding/binary"
	"errors"
)

// flow is one of Go's functions as a graph. Go's compiler writes a function as
//
//	block                     ; to unwind: the callee asks for another goroutine
//	  loop
//	    block ... block       ; one for each basic block
//	      br_table of PC_B    ; the parameter: where to go on
//	    end
//	    ... basic block 0
//	    end
//	    ... basic block 1
//
// and every jump, forwards too, sets PC_B and goes back to the loop.
type flow struct {
	locals []byte // their groups, without the number of groups
	groups uint64
	params int       // index of the first local that could be added
	before []instr   // what stands before the first block
	blocks [][]instr // basic blocks; of a jump op is opJump and arg the target
	table  []int     // basic block for each value of PC_B
	resume []bool    // whether a basic block is entered by the table, too
	unwind bool
}

// Opcodes of our own.
const (
	opJump   = 0xF0 // go to basic block arg
	opUnwind = 0xF1 // br_if to where 1 is returned
)

const pcB = 0 // local: the parameter

var (
	errOther = errors.New("not written by Go's compiler")
)

// readFlow takes a function's body apart.
func readFlow(body []byte, c *calls) (*flow, error) {
	f := &flow{params: 1}
	r := &reader{b: body}
	f.readLocals(r)
	var code []instr
	for len(r.b) > 0 {
		code = append(code, r.next())
	}
	if r.err != nil {
		return nil, r.err
	}
	code, err := f.open(code)
	if err != nil {
		return nil, err
	}
	if err := f.divide(code); err != nil {
		return nil, err
	}
	f.mark(c)
	return f, nil
}

func (f *flow) readLocals(r *reader) {
	f.groups = r.count()
	start := r.b
	for range f.groups {
		f.params += int(r.uint())
		r.byte()
	}
	f.locals = start[:len(start)-len(r.b)]
}

// open reads up to the first basic block and returns the rest.
func (f *flow) open(code []instr) ([]instr, error) {
	i := 0
	for i < len(code) && code[i].op != opBlock && code[i].op != opLoop {
		if code[i].op == opIf {
			return nil, errOther
		}
		i++
	}
	f.before, code = code[:i], code[i:]
	if len(code) > 1 && code[0].op == opBlock && code[1].op == opLoop {
		f.unwind, code = true, code[1:]
	}
	if len(code) == 0 || code[0].op != opLoop {
		return nil, errOther
	}
	n := 1
	for n < len(code) && code[n].op == opBlock && code[n].arg == empty {
		n++
	}
	if n+2 >= len(code) || code[n].op != opLocalGet || code[n].arg != pcB || code[n+1].op != opBrTable || code[n+2].op != opEnd {
		return nil, errOther
	}
	f.blocks = make([][]instr, n-1)
	for _, to := range code[n+1].table {
		if to >= len(f.blocks) {
			return nil, errOther
		}
	}
	f.table = code[n+1].table
	return code[n+3:], nil
}

// divide puts the code into basic blocks.
func (f *flow) divide(code []instr) error {
	at, depth := 0, 0
	last := len(f.blocks) - 1
	for i := 0; i < len(code); i++ {
		in := code[i]
		switch in.op {
		case opBlock, opLoop, opElse:
			return errOther
		case opIf:
			depth++
		case opEnd:
			if depth > 0 {
				depth--
				break
			}
			if at == last { // of the loop
				return f.close(code[i+1:])
			}
			at++
			continue
		case opI32Const:
			if i+2 < len(code) && code[i+1].op == opLocalSet && code[i+1].arg == pcB && code[i+2].op == opBr {
				if int(code[i+2].arg) != depth+last-at || in.arg < 0 || int(in.arg) >= len(f.table) {
					return errOther
				}
				in = instr{op: opJump, arg: int64(f.table[in.arg])}
				i += 2
			}
		case opBrIf:
			if !f.unwind || int(in.arg) != depth+last-at+1 {
				return errOther
			}
			in = instr{op: opUnwind}
		case opBr, opBrTable:
			return errOther
		}
		f.blocks[at] = append(f.blocks[at], in)
	}
	return errOther
}

// close checks what stands behind the loop.
func (f *flow) close(code []instr) error {
	want := []byte{opUnreachable, opEnd}
	if f.unwind {
		want = []byte{opUnreachable, opEnd, opI32Const, opEnd}
	}
	if len(code) != len(want) {
		return errOther
	}
	for i, in := range code {
		if in.op != want[i] {
			return errOther
		}
	}
	return nil
}

// mark makes each basic block end with a jump or with what goes nowhere else, and
// finds those at which the function is entered again: behind calls, and where
// deferred functions run, to which the runtime goes after a recovered panic.
func (f *flow) mark(c *calls) {
	f.resume = make([]bool, len(f.blocks))
	for at, code := range f.blocks {
		out, over := f.finish(at, code, c)
		switch {
		case over:
		case at+1 < len(f.blocks):
			out = append(out, instr{op: opJump, arg: int64(at + 1)})
		default:
			out = append(out, unreachable)
		}
		f.blocks[at] = out
	}
}

var unreachable = instr{op: opUnreachable, raw: []byte{opUnreachable}}

// finish returns a basic block without what is never reached in it, and whether it
// does not go on with the one behind it.
func (f *flow) finish(at int, code []instr, c *calls) (out []instr, over bool) {
	depth, called := 0, -1
	for _, in := range code {
		out = append(out, in)
		switch in.op {
		case opIf:
			depth++
		case opEnd:
			depth--
		case opCallInd:
			called = -1
		case opCall:
			called = int(in.arg)
			f.resume[at] = f.resume[at] || called == c.deferred
		case opUnwind:
			if c.ends[called] {
				out = append(out, unreachable)
				over = depth == 0
			} else if depth == 0 && at+1 < len(f.blocks) {
				f.resume[at+1] = true
			}
		case opJump, opReturn, opUnreachable:
			over = depth == 0
		}
		if over {
			return out, true
		}
	}
	return out, false
}

// next returns where basic block b goes on.
func (f *flow) next(b int) (to []int) {
	for _, in := range f.blocks[b] {
		if in.op == opJump {
			to = append(to, int(in.arg))
		}
	}
	return to
}

// appendLocals writes the locals, with one more of type i32 if spare.
func (f *flow) appendLocals(b []byte, spare bool) []byte {
	groups := f.groups
	if spare {
		groups++
	}
	b = binary.AppendUvarint(b, groups)
	b = append(b, f.locals...)
	if spare {
		b = append(b, 1, 0x7F)
	}
	return b
}
