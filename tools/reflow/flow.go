package main

import "encoding/binary"

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

// appendLocals writes the locals, and one more of type i32 if one is to spare.
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
