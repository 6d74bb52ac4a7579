package main

import "strings"

// calls tells what is known of functions that are called.
type calls struct {
	ends     map[int]bool // by number: never returns to who called it
	deferred int          // number of the function that runs deferred ones, or -1
}

// endless says whether a function never returns to who called it. These are the ones
// behind which Go's compiler ends a basic block (ssa.BlockExit) and those that its
// assembler calls. Two of them hold a return that is never reached.
func endless(name string, body []byte) bool {
	name, ok := strings.CutPrefix(name, "runtime.")
	switch {
	case !ok:
		return false
	case name == "gopanic" || name == "throw":
		return true
	case strings.HasPrefix(name, "panic"), strings.HasPrefix(name, "goPanic"), strings.HasPrefix(name, "morestack"), name == "sigpanic", name == "block":
		return !returns(body)
	}
	return false
}

// learn finds out about the functions of a module.
func learn(m *module) (*calls, error) {
	c := &calls{ends: map[int]bool{}, deferred: -1}
	_, err := m.rewrite(func(number int, body []byte) ([]byte, error) {
		name := m.names[number]
		if name == "runtime.deferreturn" {
			c.deferred = number
		}
		c.ends[number] = endless(name, body)
		return body, nil
	})
	return c, err
}

// returns tells whether a body may return 0, which is to say, in the common way and
// not to unwind.
func returns(body []byte) bool {
	r := &reader{b: body}
	for range r.count() {
		r.uint()
		r.byte()
	}
	var before instr
	for len(r.b) > 0 {
		in := r.next()
		if in.op == opReturn && before.op == opI32Const && before.arg == 0 {
			return true
		}
		before = in
	}
	return r.err != nil
}
