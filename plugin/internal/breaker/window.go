package breaker

import "encoding/binary"

// steps is how many parts a window has; it looks back on the last seven and
// the running one.
const steps = 8

// counts of the calls in one step.
type counts struct{ calls, failures, slow uint32 }

// window counts calls over the last steps, newest first.
type window struct {
	length int64 // of a step in nanoseconds, 0 for an unused window
	newest int64 // number of the newest step since 1970
	parts  [steps]counts
}

const windowSize = 16 + 12*steps

// advance makes the step at now the newest. Steps of another length, left by
// other settings, are forgotten. A clock that was set back keeps the counts.
func (w *window) advance(length, now int64) {
	if w.length != length {
		*w = window{length: length, newest: now / length}
		return
	}
	passed := now/length - w.newest
	if passed == -1 {
		return // two workers read the clock at the turn of a step
	}
	w.newest += passed
	if passed <= 0 {
		return
	}
	var parts [steps]counts
	if passed < steps {
		copy(parts[passed:], w.parts[:])
	}
	w.parts = parts
}

// add counts calls in the newest step.
func (w *window) add(c counts) {
	p := &w.parts[0]
	p.calls = saturated(p.calls, c.calls)
	p.failures = saturated(p.failures, c.failures)
	p.slow = saturated(p.slow, c.slow)
}

func saturated(a, b uint32) uint32 {
	if a+b < a {
		return ^uint32(0)
	}
	return a + b
}

// total counts the calls of all steps.
func (w *window) total() (calls, failures, slow uint64) {
	for _, p := range w.parts {
		calls += uint64(p.calls)
		failures += uint64(p.failures)
		slow += uint64(p.slow)
	}
	return calls, failures, slow
}

func (w *window) encode(buf []byte) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, uint64(w.length))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(w.newest))
	for _, p := range w.parts {
		buf = binary.LittleEndian.AppendUint32(buf, p.calls)
		buf = binary.LittleEndian.AppendUint32(buf, p.failures)
		buf = binary.LittleEndian.AppendUint32(buf, p.slow)
	}
	return buf
}

// decode reads windowSize bytes and says whether they can be ours.
func (w *window) decode(v []byte) bool {
	w.length = int64(binary.LittleEndian.Uint64(v))
	w.newest = int64(binary.LittleEndian.Uint64(v[8:]))
	v = v[16:]
	for i := range w.parts {
		p := &w.parts[i]
		p.calls = binary.LittleEndian.Uint32(v)
		p.failures = binary.LittleEndian.Uint32(v[4:])
		p.slow = binary.LittleEndian.Uint32(v[8:])
		if p.failures > p.calls || p.slow > p.calls {
			return false
		}
		v = v[12:]
	}
	return w.length > 0 && w.length <= int64(MaxTime) && w.newest >= 0
}
