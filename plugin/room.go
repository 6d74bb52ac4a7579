package main

import "unsafe"

// room is where the host puts the next value that it returns. A value that does
// not fit gets memory of its own, which is the room from then on.
var room []byte

// leastRoom is the first size of a room in bytes: most header maps fit.
const leastRoom = 1 << 10

// allocate is where the host may put size bytes.
func allocate(size int) unsafe.Pointer {
	if len(room) < max(size, 1) {
		room = make([]byte, max(size, leastRoom))
	}
	return unsafe.Pointer(unsafe.SliceData(room))
}

// memory is lent to the host for what it returns, and used again for the next
// value of the same kind.
type memory []byte

// mostKept is the largest memory that is kept for the next value, in bytes.
const mostKept = 64 << 10

// lend makes m the room of the next host call.
func (m memory) lend() { room = m[:cap(m)] }

// take returns what the host put there. It is good until m is lent again.
func (m *memory) take(size int) []byte {
	value := room[:size]
	if *m = room; cap(room) > mostKept {
		*m = nil
	}
	return value
}
