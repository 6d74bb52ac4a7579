package kv

import "sync"

// Memory is a Store in memory, safe for concurrent use, with the rules of
// proxy-wasm-cpp-host's SharedData: one counter numbers the writes
// of all keys and skips 0; an absent key accepts any cas; cas 0 overwrites.
type Memory struct {
	mu      sync.Mutex
	entries map[string]entry
	last    uint32
}

type entry struct {
	value []byte
	cas   uint32
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{entries: map[string]entry{}}
}

// Get implements Store.
func (m *Memory) Get(key string) ([]byte, uint32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok {
		return nil, 0, ErrAbsent
	}
	return append(make([]byte, 0, len(e.value)), e.value...), e.cas, nil
}

// Set implements Store.
func (m *Memory) Set(key string, value []byte, cas uint32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if ok && cas != 0 && cas != e.cas {
		return ErrMismatch
	}
	if m.last++; m.last == 0 {
		m.last++
	}
	m.entries[key] = entry{append(e.value[:0], value...), m.last}
	return nil
}

// Size returns the number of keys and the bytes of all keys and values.
func (m *Memory) Size() (keys, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		bytes += len(key) + len(e.value)
	}
	return len(m.entries), bytes
}
