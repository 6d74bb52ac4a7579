package breaker

import (
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// batchPart is the part of a window's calls that a worker may hold back before
// it counts them. Below 512 calls a window every success is counted at once;
// above, with 8 workers, rates read at most 3 % of themselves too high.
const batchPart = 256

// Breaker is one worker's view of the breaker of a cluster, which all workers
// share in a kv.Store. It is not safe for concurrent use.
type Breaker struct {
	store    kv.Store
	key      string
	settings Settings
	random   func() uint64
	corrupt  uint64

	// Successes not counted yet, all of one generation.
	pending    uint32
	generation uint32

	record record
	value  [maxValue]byte
}

// New returns the breaker of a cluster. Settings must be valid. random spreads
// the open times of a fleet.
func New(store kv.Store, cluster string, settings Settings, random func() uint64) *Breaker {
	return &Breaker{store: store, key: "sparkward/1/breaker/" + cluster, settings: settings, random: random}
}

// Corrupt returns how many foreign or damaged values this Breaker has met. Each
// was taken for a closed breaker.
func (b *Breaker) Corrupt() uint64 { return b.corrupt }

// Acquire asks for leave to make one call. The Ticket of an allowed call must
// go to Report when it ends. While the breaker is closed this only reads. An
// error, such as kv.ErrContended, means that no decision could be made.
func (b *Breaker) Acquire(now time.Time) (Ticket, Result, error) {
	var ticket Ticket
	var result Result
	err := b.update(now, func(at int64) bool {
		ticket, result = b.record.acquire(&b.settings, at)
		return result.Change.Changed() || ticket.probe != 0
	})
	if err != nil {
		return Ticket{}, Result{}, err
	}
	return ticket, result, nil
}

// Report tells how the call of a ticket ended, after elapsed, and the
// Retry-After that the upstream sent, or 0. Results of an earlier state than
// the present one are ignored.
func (b *Breaker) Report(t Ticket, o Outcome, elapsed, retryAfter time.Duration, now time.Time) (Change, error) {
	if !t.valid || o == Excluded && t.probe == 0 {
		return Change{}, nil
	}
	s := &b.settings
	c := call{o, s.SlowCall > 0 && elapsed >= s.SlowCall, retryAfter}
	var change Change
	flushed := false
	err := b.update(now, func(at int64) (changed bool) {
		r := &b.record
		change, flushed = Change{}, false
		switch {
		case r.generation != t.generation:
			return false
		case r.state == HalfOpen:
			change, changed = r.probed(s, t.probe, c, at, b.random)
			return changed
		case r.state != Closed || b.holdBack(c, at):
			return false
		}
		flushed = true
		change, changed = r.called(s, c, b.pending, at, b.random)
		return changed
	})
	if err != nil {
		return Change{}, err
	}
	if flushed {
		b.pending = 0
	}
	return change, nil
}

// holdBack keeps a plain success to be counted with a later call, where there
// are so many that one does not matter.
func (b *Breaker) holdBack(c call, now int64) bool {
	r := &b.record
	if b.generation != r.generation {
		b.pending, b.generation = 0, r.generation
	}
	if c.outcome != Success || c.slow || r.consecutive > 0 || !b.settings.rates() {
		return false
	}
	r.window.advance(int64(b.settings.Window)/steps, now)
	calls, _, _ := r.window.total()
	if uint64(b.pending)+1 >= calls/batchPart {
		return false
	}
	b.pending++
	return true
}

// Order carries out an operator's order and returns the change.
func (b *Breaker) Order(o Override, now time.Time) (Change, error) {
	var change Change
	err := b.update(now, func(at int64) bool {
		r := &b.record
		change = Change{}
		if r.override == o || o > ForceClosed {
			return false
		}
		change = r.close(Manual, at)
		if r.override = o; o == ForceOpen {
			change.To, r.state = Open, Open
		}
		return true
	})
	if err != nil {
		return Change{}, err
	}
	return change, nil
}

// Tick makes a breaker whose open time is over half-open without waiting for a
// call, which for a fallback may come late or never, and returns the change.
func (b *Breaker) Tick(now time.Time) (Change, error) {
	var change Change
	err := b.update(now, func(at int64) bool {
		change = b.record.wake(&b.settings, at)
		return change.Changed()
	})
	if err != nil {
		return Change{}, err
	}
	return change, nil
}

// Peek returns the status and changes nothing. An open breaker whose time is
// over is half-open.
func (b *Breaker) Peek(now time.Time) (Status, error) {
	value, _, err := b.store.Get(b.key)
	if err != nil && err != kv.ErrAbsent {
		return Status{}, err
	}
	at := max(now.UnixNano(), 0)
	b.load(value, at)
	return b.record.status(&b.settings, at), nil
}

// load decodes a value into b.record, mends what cannot stay, and says whether
// there was something to mend.
func (b *Breaker) load(value []byte, now int64) (mended bool) {
	if value == nil {
		b.record = record{}
		return false
	}
	if !b.record.decode(value) {
		b.record = record{}
		b.corrupt++
		return true
	}
	return b.record.settle(now)
}

// update runs change on b.record, as of now, and stores it if change says so or
// if what was stored cannot stay.
func (b *Breaker) update(now time.Time, change func(now int64) bool) error {
	at := max(now.UnixNano(), 0)
	return kv.Update(b.store, b.key, func(old []byte) ([]byte, error) {
		mended := b.load(old, at)
		if changed := change(at); !changed && !mended {
			return nil, nil
		}
		return b.record.encode(b.value[:0]), nil
	})
}

func (r *record) status(s *Settings, now int64) Status {
	st := Status{State: r.state, Override: r.override, Consecutive: int(r.consecutive)}
	if r.since > 0 {
		st.Since = time.Unix(0, r.since)
	}
	if r.due(s, now) {
		st.State = HalfOpen
	} else if r.state == Open && r.override == Automatic {
		st.RetryAfter = r.wait(s, now)
	}
	if r.state == HalfOpen {
		r.expire(s, now)
		st.Probes = r.inFlight
	}
	if r.window.length > 0 {
		r.window.advance(r.window.length, now)
		calls, failures, slow := r.window.total()
		st.Calls, st.Failures, st.Slow = int(calls), int(failures), int(slow)
	}
	return st
}
