package kv

import "testing"

// TestCasSkipsZero: Envoy's counter wraps after 2^32 writes and leaves out 0,
// which would mean "overwrite".
func TestCasSkipsZero(t *testing.T) {
	m := NewMemory()
	m.last = CreateIfAbsent - 1
	for i, want := range []uint32{CreateIfAbsent, 1, 2} {
		if err := m.Set("k", []byte{1}, 0); err != nil {
			t.Fatal(err)
		}
		if _, cas, _ := m.Get("k"); cas != want {
			t.Fatalf("write %d: cas %d, want %d", i, cas, want)
		}
	}
}

// TestOneCounterForAllKeys: a cas of one key never fits another by chance.
func TestOneCounterForAllKeys(t *testing.T) {
	m := NewMemory()
	for i := range 10 {
		if err := m.Set(string(rune('a'+i)), []byte{1}, CreateIfAbsent); err != nil {
			t.Fatal(err)
		}
		if _, cas, _ := m.Get(string(rune('a' + i))); cas != uint32(i+1) {
			t.Fatalf("key %d has cas %d, want %d", i, cas, i+1)
		}
	}
}
