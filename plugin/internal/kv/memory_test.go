package kv_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

func TestMemoryConforms(t *testing.T) {
	kvtest.Conform(t, func() kv.Store { return kv.NewMemory() })
}

func TestMemorySize(t *testing.T) {
	store := kv.NewMemory()
	for range 3 {
		_ = store.Set("key", []byte("value"), 0)
		_ = store.Set("k2", []byte{1, 2}, 0)
	}
	if keys, bytes := store.Size(); keys != 2 || bytes != 3+5+2+2 {
		t.Fatalf("got %d keys, %d bytes, want 2 and 12", keys, bytes)
	}
}

// TestMemoryAgainstModel drives Memory with random operations against the rules
// as a table of what was written last.
func TestMemoryAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	store := kv.NewMemory()
	type written struct {
		value string
		cas   uint32
	}
	model := map[string]written{}
	for i := range 20_000 {
		key := string(rune('a' + random.IntN(6)))
		have, present := model[key]
		value, cas, err := store.Get(key)
		if present != (err == nil) || string(value) != have.value || present && cas != have.cas {
			t.Fatalf("step %d: Get(%s) = %q, %d, %v, want %+v", i, key, value, cas, err, have)
		}
		cas = []uint32{0, have.cas, have.cas - 1, have.cas + 1, kv.CreateIfAbsent}[random.IntN(5)]
		value = make([]byte, random.IntN(20))
		for j := range value {
			value[j] = byte(random.Uint32())
		}
		var want error
		if present && cas != 0 && cas != have.cas {
			want = kv.ErrMismatch
		}
		if err := store.Set(key, value, cas); err != want {
			t.Fatalf("step %d: Set(%s, cas %d) over %+v: got %v, want %v", i, key, cas, have, err, want)
		}
		if want == nil {
			_, now, _ := store.Get(key)
			if now <= have.cas {
				t.Fatalf("step %d: cas went from %d to %d", i, have.cas, now)
			}
			model[key] = written{string(value), now}
		}
	}
}

func TestUpdateLeavesAsIs(t *testing.T) {
	store := kv.NewMemory()
	calls := 0
	leave := func(old []byte) ([]byte, error) {
		calls++
		return nil, nil
	}
	if err := kv.Update(store, "k", leave); err != nil || calls != 1 {
		t.Fatalf("got error %v after %d calls", err, calls)
	}
	if _, _, err := store.Get("k"); err != kv.ErrAbsent {
		t.Fatalf("leaving an absent key made it: %v", err)
	}
}

func TestUpdateReturnsErrors(t *testing.T) {
	failure := errors.New("full stop")
	store := kv.NewMemory()
	got := kv.Update(store, "k", func([]byte) ([]byte, error) { return []byte("v"), failure })
	if got != failure {
		t.Fatalf("got %v, want the error of fn", got)
	}
	if _, _, err := store.Get("k"); err != kv.ErrAbsent {
		t.Fatal("a failed update wrote")
	}
	for _, broken := range []kv.Store{brokenStore{get: failure}, brokenStore{get: kv.ErrAbsent, set: failure}} {
		if got := kvtest.Increment(broken, "k"); got != failure {
			t.Fatalf("got %v, want the error of the store", got)
		}
	}
}

type brokenStore struct{ get, set error }

func (s brokenStore) Get(string) ([]byte, uint32, error) { return nil, 0, s.get }
func (s brokenStore) Set(string, []byte, uint32) error   { return s.set }

func TestUpdateIsBounded(t *testing.T) {
	store := &kvtest.Losing{Store: kv.NewMemory(), Losses: -1}
	calls := 0
	err := kv.Update(store, "k", func([]byte) ([]byte, error) {
		calls++
		return []byte("v"), nil
	})
	if err != kv.ErrContended || calls != 100 {
		t.Fatalf("got %v after %d attempts, want ErrContended after 100", err, calls)
	}
}

// TestUpdateSeesWhatWonTheRace lets another worker write between each read and
// write for a while.
func TestUpdateSeesWhatWonTheRace(t *testing.T) {
	for _, rivals := range []int{0, 1, 50, 99} {
		memory := kv.NewMemory()
		left := rivals
		store := &kvtest.Losing{Store: memory, Before: func(key string) {
			if left > 0 {
				left--
				if err := kvtest.Increment(memory, key); err != nil {
					t.Error(err)
				}
			}
		}}
		if err := kvtest.Increment(store, "k"); err != nil {
			t.Fatalf("%d rivals: %v", rivals, err)
		}
		if got := kvtest.Count(memory, "k"); got != uint64(rivals+1) {
			t.Fatalf("%d rivals: count %d, want %d", rivals, got, rivals+1)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	store := kv.NewMemory()
	b.ReportAllocs()
	for b.Loop() {
		if err := kvtest.Increment(store, "k"); err != nil {
			b.Fatal(err)
		}
	}
}
