// Package kvtest has what tests of stores and of their users need: a suite that
// any kv.Store must pass, lost races on demand, and workers whose operations
// interleave in an order that a seed decides.
package kvtest

import (
	"bytes"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// Conform runs the suite over stores made by open, each of which must be empty.
func Conform(t *testing.T, open func() kv.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, kv.Store)
	}{
		{"absent key", absent},
		{"compare and swap", swap},
		{"cas 0 overwrites", overwrite},
		{"create if absent", create},
		{"absent key accepts any cas", anyCas},
		{"values are copies", copies},
		{"keys are independent", independent},
		{"parallel updates", parallel},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open()) })
	}
}

func set(t *testing.T, s kv.Store, key, value string, cas uint32, want error) {
	t.Helper()
	if err := s.Set(key, []byte(value), cas); err != want {
		t.Fatalf("Set(%q, %q, %d): got error %v, want %v", key, value, cas, err, want)
	}
}

func get(t *testing.T, s kv.Store, key, want string) (cas uint32) {
	t.Helper()
	value, cas, err := s.Get(key)
	if err != nil || string(value) != want || cas == 0 {
		t.Fatalf("Get(%q): got %q, cas %d, error %v, want %q and a cas above 0", key, value, cas, err, want)
	}
	return cas
}

func absent(t *testing.T, s kv.Store) {
	for _, key := range []string{"", "a", "sparkward/1/a"} {
		if value, cas, err := s.Get(key); err != kv.ErrAbsent || value != nil || cas != 0 {
			t.Errorf("Get(%q): got %q, %d, %v, want nothing, 0, ErrAbsent", key, value, cas, err)
		}
	}
}

func swap(t *testing.T, s kv.Store) {
	set(t, s, "k", "one", kv.CreateIfAbsent, nil)
	first := get(t, s, "k", "one")
	set(t, s, "k", "two", first, nil)
	second := get(t, s, "k", "two")
	if second == first {
		t.Fatalf("cas stayed %d after a write", first)
	}
	set(t, s, "k", "stale", first, kv.ErrMismatch)
	if again := get(t, s, "k", "two"); again != second {
		t.Fatalf("a refused write moved cas from %d to %d", second, again)
	}
	set(t, s, "k", "two", second, nil)
	if same := get(t, s, "k", "two"); same == second {
		t.Fatal("writing the same value again kept its cas")
	}
}

func overwrite(t *testing.T, s kv.Store) {
	set(t, s, "k", "one", 0, nil)
	old := get(t, s, "k", "one")
	set(t, s, "k", "two", 0, nil)
	get(t, s, "k", "two")
	set(t, s, "k", "three", old, kv.ErrMismatch)
}

func create(t *testing.T, s kv.Store) {
	set(t, s, "k", "first", kv.CreateIfAbsent, nil)
	set(t, s, "k", "second", kv.CreateIfAbsent, kv.ErrMismatch)
	get(t, s, "k", "first")
}

func anyCas(t *testing.T, s kv.Store) {
	set(t, s, "a", "v", 77, nil)
	get(t, s, "a", "v")
}

func copies(t *testing.T, s kv.Store) {
	value := []byte("abc")
	if err := s.Set("k", value, 0); err != nil {
		t.Fatal(err)
	}
	copy(value, "xyz")
	get(t, s, "k", "abc")
	got, _, _ := s.Get("k")
	copy(got, "xyz")
	get(t, s, "k", "abc")
	set(t, s, "k", "a longer value", 0, nil)
	set(t, s, "k", "s", 0, nil)
	get(t, s, "k", "s")
	if !bytes.Equal(got, []byte("xyz")) {
		t.Fatalf("a later write changed a value read before to %q", got)
	}
}

func independent(t *testing.T, s kv.Store) {
	keys := []string{"a", "b", "a\x00b", "A", "a/b", "é"}
	for _, key := range keys {
		set(t, s, key, "value of "+key, kv.CreateIfAbsent, nil)
	}
	a := get(t, s, "a", "value of a")
	set(t, s, "b", "new", 0, nil)
	set(t, s, "a", "new", a, nil)
	for _, key := range keys[2:] {
		get(t, s, key, "value of "+key)
	}
}

func parallel(t *testing.T, s kv.Store) {
	const workers, each = 8, 200
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for Increment(s, "k") == kv.ErrContended {
				}
			}
		})
	}
	wg.Wait()
	if got := Count(s, "k"); got != workers*each {
		t.Fatalf("%d workers made %d increments of %d", workers, got, workers*each)
	}
}

// Increment adds 1 to the counter in key.
func Increment(s kv.Store, key string) error {
	return kv.Update(s, key, func(old []byte) ([]byte, error) {
		if old == nil {
			old = make([]byte, 8)
		}
		binary.LittleEndian.PutUint64(old, binary.LittleEndian.Uint64(old)+1)
		return old, nil
	})
}

// Count returns the counter in key, 0 if it is absent.
func Count(s kv.Store, key string) uint64 {
	value, _, err := s.Get(key)
	if err != nil {
		return 0
	}
	return binary.LittleEndian.Uint64(value)
}
