package kvtest

import (
	"math/rand/v2"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// Losing is a Store that loses the next Losses races: a Set with a cas returns
// kv.ErrMismatch and writes nothing. Below 0 it loses every one. Before, if not
// nil, runs before each Set that is not lost by order, with its key: what it
// does to the Store happens between a worker's read and its write.
type Losing struct {
	kv.Store
	Losses int
	Before func(key string)
}

// Set implements kv.Store.
func (l *Losing) Set(key string, value []byte, cas uint32) error {
	if l.Losses != 0 && cas != 0 {
		l.Losses--
		return kv.ErrMismatch
	}
	if before := l.Before; before != nil {
		l.Before = nil // what it does must not call it again
		before(key)
		l.Before = before
	}
	return l.Store.Set(key, value, cas)
}

// Interleave runs workers over one store, one Get or Set at a time. After each,
// the worker that goes on is drawn from seed, so every seed is one order, which
// repeats. Workers must not wait for each other. It returns the number of
// operations.
func Interleave(store kv.Store, seed uint64, workers ...func(kv.Store)) int {
	random := rand.New(rand.NewPCG(seed, 0x5eed))
	running := make([]*turns, len(workers))
	for i, work := range workers {
		w := &turns{store, make(chan struct{}), make(chan bool)}
		running[i] = w
		go func() {
			<-w.start
			work(w)
			w.paused <- false
		}()
	}
	steps := 0
	for ; len(running) > 0; steps++ {
		i := random.IntN(len(running))
		running[i].start <- struct{}{}
		if more := <-running[i].paused; !more {
			running = append(running[:i], running[i+1:]...)
		}
	}
	return steps - len(workers)
}

// turns is the store of one worker, who waits for start before each operation.
type turns struct {
	store  kv.Store
	start  chan struct{}
	paused chan bool // true before an operation, false at the end
}

func (t *turns) Get(key string) ([]byte, uint32, error) {
	t.paused <- true
	<-t.start
	return t.store.Get(key)
}

func (t *turns) Set(key string, value []byte, cas uint32) error {
	t.paused <- true
	<-t.start
	return t.store.Set(key, value, cas)
}
