//go:build sparkward_testhooks

package main

import "runtime"

// testHook lets the scenarios crash the filter. It is only built into the
// test filter.
func testHook(headers [][2]string) {
	for _, h := range headers {
		switch {
		case h[0] != "x-sparkward-test":
		case h[1] == "panic":
			panic("asked to panic")
		case h[1] == "trap":
			runtime.Goexit() // no goroutine is left: the runtime gives up
		}
	}
}
