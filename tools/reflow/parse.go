package main

import "errors"

var errOther = errors.New("not written by Go's compiler")

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
			if isJump(code[i:]) {
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

// isJump tells whether code begins with what Go's assembler makes of a jump.
func isJump(code []instr) bool {
	return len(code) > 2 && code[1].op == opLocalSet && code[1].arg == pcB && code[2].op == opBr
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
