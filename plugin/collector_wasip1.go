package main

import (
	"runtime"
	"unsafe"
)

// The garbage collector marks in goroutines of its own, and the host's calls run
// in one that never waits. So marking half a millisecond's worth took up to half a
// second of requests, all of which paid for the write barriers meanwhile. Given
// time, the runtime's other goroutines also run, and one of them goes by the
// clock: the runtime then calls poll_oneoff, and gives up where that fails, as it
// does in Envoy before 1.40 (golang/go issue 78513). There the collector has to do
// without.

//go:wasmimport wasi_snapshot_preview1 poll_oneoff
func pollOneoff(subscriptions, events unsafe.Pointer, n uint32, happened unsafe.Pointer) uint32

// mayCollect says that this host can poll.
var mayCollect bool

// tryPoll finds out, by asking for the time as it is.
func tryPoll() {
	var request struct {
		subscription [6]uint64 // zeros: until the clock has moved by nothing
		event        [4]uint64
		happened     uint32
	}
	mayCollect = pollOneoff(unsafe.Pointer(&request.subscription), unsafe.Pointer(&request.event), 1, unsafe.Pointer(&request.happened)) == 0
}

// letCollect gives the collector time, if it is at work.
func letCollect() {
	if mayCollect {
		runtime.Gosched()
	}
}
