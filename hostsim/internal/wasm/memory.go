package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory has the memory of VMs reserved at its full size when they are made, so that
// growing never copies it. Only what is touched is used.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(allocateMemory))
}

func allocateMemory(capacity, maximum uint64) experimental.LinearMemory {
	if whole, release := reserve(min(maximum, maxMemoryPages<<16)); whole != nil {
		return &reservedMemory{whole, release}
	}
	return &plainMemory{make([]byte, 0, capacity)}
}

// reservedMemory grows inside memory that was reserved.
type reservedMemory struct {
	whole   []byte
	release func()
}

// Reallocate implements experimental.LinearMemory.
func (m *reservedMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.whole)) {
		return nil
	}
	return m.whole[:size:size]
}

// Free implements experimental.LinearMemory.
func (m *reservedMemory) Free() {
	m.whole = nil
	m.release()
}

// plainMemory is for systems where nothing can be reserved.
type plainMemory struct{ data []byte }

// Reallocate implements experimental.LinearMemory.
func (m *plainMemory) Reallocate(size uint64) []byte {
	if size > maxMemoryPages<<16 {
		return nil
	}
	if uint64(cap(m.data)) < size {
		grown := make([]byte, size, max(size, min(2*uint64(cap(m.data)), maxMemoryPages<<16)))
		copy(grown, m.data)
		m.data = grown
	}
	m.data = m.data[:size]
	return m.data
}

// Free implements experimental.LinearMemory.
func (m *plainMemory) Free() { m.data = nil }
