package main

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// put does what a host does to return a value.
func put(value []byte) {
	copy(unsafe.Slice((*byte)(allocate(len(value))), max(len(value), 1)), value)
}

// TestMemory: what a host returns is read as it was, and memory of usual sizes is
// used again.
func TestMemory(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var m, other memory
	sizes := []int{0, 1, leastRoom, leastRoom + 1, 3000, 2999, mostKept, mostKept + 1, 1 << 20}
	for range 100 {
		sizes = append(sizes, random.IntN(2*mostKept))
	}
	for _, size := range sizes {
		value := make([]byte, size)
		for i := range value {
			value[i] = byte(random.Uint32())
		}
		had := cap(m)
		m.lend()
		put(value)
		got := m.take(size)
		other.lend() // of another kind: got stays as it is
		put([]byte("something else"))
		other.take(14)
		if !bytes.Equal(got, value) {
			t.Fatalf("%d bytes came back as others", size)
		}
		switch {
		case had > 0 && size <= had && cap(m) != had:
			t.Errorf("%d bytes fit in %d, and %d were kept", size, had, cap(m))
		case cap(m) > mostKept:
			t.Errorf("%d bytes are kept", cap(m))
		}
	}
}

// TestNothingReturned: memory that the host did not use is not lost.
func TestNothingReturned(t *testing.T) {
	m := make(memory, 2000)
	m.lend()
	if m.lend(); cap(m) != 2000 || len(room) != 2000 {
		t.Errorf("%d bytes are left, %d lent", cap(m), len(room))
	}
}

// TestRecycle: only streams whose end was told are used again, and only some.
func TestRecycle(t *testing.T) {
	p := newPlugin(1)
	if p.recycle(&stream{}); len(p.spare) != 0 {
		t.Error("kept a stream that may be known elsewhere")
	}
	for range 2 * mostSpare {
		p.recycle(&stream{over: true})
	}
	if len(p.spare) != mostSpare {
		t.Errorf("%d spare streams, want %d", len(p.spare), mostSpare)
	}
}
