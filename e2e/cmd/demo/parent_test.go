package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWatchParentEndsTheDemo(t *testing.T) {
	before := parent{100, endsAll}
	for _, after := range []parent{{1, endsAll}, {100, endsAll &^ 2}, {1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			var now atomic.Pointer[parent]
			now.Store(&before)
			var cause error
			go watchParent(t.Context(), func() parent { return *now.Load() }, func(err error) { cause = err })
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if cause != nil {
				t.Fatalf("ended with %v while nothing changed", cause)
			}
			now.Store(&after)
			time.Sleep(time.Second)
			synctest.Wait()
			if cause != errParentEnds {
				t.Errorf("%+v: got %v, want %v", after, cause, errParentEnds)
			}
		})
	}
}

// endsAll stands for a make that catches every signal that ends it.
const endsAll = 0x4003

func TestLookAtParent(t *testing.T) {
	got := lookAtParent()
	if got.pid != os.Getppid() {
		t.Errorf("got the parent %d, want %d", got.pid, os.Getppid())
	}
	// The parent of a Go test is the go command, which catches SIGINT.
	if runtime.GOOS == "linux" && got.caught&^endsAll != 0 {
		t.Errorf("got the signals %#x, want some of %#x", got.caught, endsAll)
	}
	if again := lookAtParent(); again != got {
		t.Errorf("looked twice, got %+v and %+v", got, again)
	}
}
