package wasm

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
)

// memories allocates what one VM uses. It is reserved at its full size, so that growing
// never copies it; only what is touched is used. It is kept until the VM is closed: a
// callback that is stopped from outside may still be running in it for a moment when
// wazero has given it up.
type memories struct{ release []func() }

// within returns a context with which modules get their memory here.
func (m *memories) within(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(m.allocate))
}

func (m *memories) allocate(capacity, maximum uint64) experimental.LinearMemory {
	if whole, release := reserve(min(maximum, maxMemoryPages<<16)); whole != nil {
		m.release = append(m.release, release)
		return &reservedMemory{whole}
	}
	return &plainMemory{make([]byte, 0, capacity)}
}

// free gives all of it back. Nothing may run in it any more.
func (m *memories) free() {
	for _, release := range m.release {
		release()
	}
	m.release = nil
}

// reservedMemory grows inside memory that was reserved.
type reservedMemory struct{ whole []byte }

// Reallocate implements experimental.LinearMemory.
func (m *reservedMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.whole)) {
		return nil
	}
	return m.whole[:size:size]
}

// Free implements experimental.LinearMemory.
func (m *reservedMemory) Free() {}

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
func (m *plainMemory) Free() {}
