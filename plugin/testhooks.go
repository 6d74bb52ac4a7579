//go:build sparkward_testhooks

package main

import (
	"runtime"
	"strconv"
)

// testHook lets the scenarios crash the filter, and damage what it keeps. It is
// only built into the test filter.
func testHook(headers [][2]string) {
	for _, h := range headers {
		switch {
		case h[0] != "x-sparkward-test":
		case h[1] == "panic":
			panic("asked to panic")
		case h[1] == "trap":
			runtime.Goexit() // no goroutine is left: the runtime gives up
		case h[1] == "spoil":
			spoil("sparkward/1/breaker/openai")
			for bucket := range uint64(2048) {
				name := "sparkward/1/cache/" + strconv.FormatUint(bucket, 36)
				spoil(name)
				for slot := range uint64(16) {
					spoil(name + "/" + strconv.FormatUint(slot, 36))
				}
			}
		}
	}
}

// spoil writes something foreign over a value, if there is one.
func spoil(key string) {
	if _, cas, err := (host{}).Get(key); err == nil {
		check(host{}.Set(key, []byte("written by another filter"), cas) == nil)
	}
}
