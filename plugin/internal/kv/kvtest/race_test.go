package kvtest

import (
	"slices"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// traced notes the order in which workers reach the store.
type traced struct {
	kv.Store
	worker int
	log    *[]int
}

func (s traced) Get(key string) ([]byte, uint32, error) {
	*s.log = append(*s.log, s.worker)
	return s.Store.Get(key)
}

func orderOf(seed uint64) (order []int, count uint64, steps int) {
	store := kv.NewMemory()
	var workers []func(kv.Store)
	for i := range 4 {
		workers = append(workers, func(s kv.Store) {
			for range 5 {
				if err := Increment(traced{s, i, &order}, "k"); err != nil {
					panic(err)
				}
			}
		})
	}
	steps = Interleave(store, seed, workers...)
	return order, Count(store, "k"), steps
}

func TestInterleaveIsDecidedBySeed(t *testing.T) {
	different := false
	first, _, _ := orderOf(1)
	for seed := range uint64(20) {
		order, count, steps := orderOf(seed)
		again, _, _ := orderOf(seed)
		if !slices.Equal(order, again) {
			t.Fatalf("seed %d gave two orders: %v, %v", seed, order, again)
		}
		if count != 20 {
			t.Fatalf("seed %d: 20 increments gave %d", seed, count)
		}
		if steps < 40 {
			t.Fatalf("seed %d: %d steps, want at least one read and one write an increment", seed, steps)
		}
		different = different || !slices.Equal(order, first)
	}
	if !different {
		t.Fatal("every seed gave the same order")
	}
}

func TestInterleaveMakesLostUpdates(t *testing.T) {
	// A worker that writes blindly must lose updates, or the order is no test.
	blind := func(s kv.Store) {
		for range 10 {
			next := byte(1)
			if old, _, err := s.Get("k"); err == nil {
				next = old[0] + 1
			}
			if err := s.Set("k", []byte{next}, 0); err != nil {
				panic(err)
			}
		}
	}
	lost := 0
	for seed := range uint64(20) {
		store := kv.NewMemory()
		Interleave(store, seed, blind, blind, blind)
		if value, _, _ := store.Get("k"); value[0] < 30 {
			lost++
		}
	}
	if lost < 19 {
		t.Fatalf("blind writes lost updates in %d orders of 20", lost)
	}
}

func TestLosing(t *testing.T) {
	store := &Losing{Store: kv.NewMemory(), Losses: 2}
	if err := Increment(store, "k"); err != nil || Count(store, "k") != 1 || store.Losses != 0 {
		t.Fatalf("after two losses: error %v, count %d, losses left %d", err, Count(store, "k"), store.Losses)
	}
	rivals := 3
	store.Before = func(key string) {
		if rivals--; rivals >= 0 {
			if err := Increment(store.Store, key); err != nil {
				t.Error(err)
			}
		}
	}
	if err := Increment(store, "k"); err != nil || Count(store, "k") != 5 {
		t.Fatalf("one increment and three rivals on 1: error %v, count %d, want 5", err, Count(store, "k"))
	}
	store.Losses = -1
	if err := Increment(store, "k"); err != kv.ErrContended || Count(store, "k") != 5 {
		t.Fatalf("always losing: error %v, count %d, want ErrContended, 5", err, Count(store, "k"))
	}
}
