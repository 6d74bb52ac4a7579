// Command reflow makes the jumps in a WebAssembly module that Go's compiler wrote
// into branches, and leaves its names out.
//
//	reflow go.wasm out.wasm
//
// A goroutine must be able to stop in the middle of a function and go on later, so Go
// gives each basic block a number, and every jump, forwards and in the innermost loop
// too, stores a number and goes through one table at the head of the function. No
// engine sees loops in that. reflow finds the control flow again and writes it with
// WebAssembly's own blocks and loops; the table stays for going on behind a call.
// Functions in which loops have several entries, and those that are not compiled from
// Go, stay as they are. The module must have its names (build without -s).
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: reflow in.wasm out.wasm")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "reflow:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	in, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	out, err := reflow(in)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, out, 0o644)
}

var errNames = errors.New("the module has no names of functions: build it without -ldflags=-s")

// reflow returns a module with its functions rewritten.
func reflow(in []byte) ([]byte, error) {
	m, err := readModule(in)
	if err != nil {
		return nil, err
	}
	if len(m.names) == 0 {
		return nil, errNames
	}
	c, err := learn(m)
	if err != nil {
		return nil, err
	}
	return m.rewrite(func(_ int, body []byte) ([]byte, error) {
		after, err := rewrite(body, c)
		if errors.Is(err, errOther) || errors.Is(err, errIrreducible) {
			return body, nil
		}
		return after, err
	})
}
