package breaker

import "encoding/binary"

const (
	layout     = 1 // first byte of every value; another one is foreign
	headerSize = 42
	probeSize  = 12
	maxValue   = headerSize + probeSize*MaxProbes + windowSize
)

// probe is a probe in flight.
type probe struct {
	serial  uint32
	expires int64
}

// record is the decoded form of a breaker's value. Times are in Unix
// nanoseconds. The zero record is a closed breaker that saw nothing.
type record struct {
	state    State
	override Override
	opens    uint8 // openings since it was last closed
	passed   uint8 // probes that succeeded
	// generation grows with each change, so that a late result of an earlier
	// state is told apart.
	generation  uint32
	serial      uint32 // of the last probe
	consecutive uint32 // failures in a row while closed
	since       int64  // when the state began
	openFor     int64  // how long it stays open from then
	retryAt     int64  // when the upstream asked to be called again, 0 for never
	probes      [MaxProbes]probe
	inFlight    int
	window      window
}

// encode appends the value to buf.
func (r *record) encode(buf []byte) []byte {
	buf = append(buf, layout, byte(r.state), byte(r.override), r.opens, r.passed, byte(r.inFlight))
	buf = binary.LittleEndian.AppendUint32(buf, r.generation)
	buf = binary.LittleEndian.AppendUint32(buf, r.serial)
	buf = binary.LittleEndian.AppendUint32(buf, r.consecutive)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.since))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.openFor))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.retryAt))
	for _, p := range r.probes[:r.inFlight] {
		buf = binary.LittleEndian.AppendUint32(buf, p.serial)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(p.expires))
	}
	if r.window.length > 0 {
		buf = r.window.encode(buf)
	}
	return buf
}

// decode reads a value and says whether it was one of ours.
func (r *record) decode(v []byte) bool {
	*r = record{}
	if len(v) < headerSize || v[0] != layout {
		return false
	}
	r.state, r.override, r.opens, r.passed, r.inFlight = State(v[1]), Override(v[2]), v[3], v[4], int(v[5])
	r.generation = binary.LittleEndian.Uint32(v[6:])
	r.serial = binary.LittleEndian.Uint32(v[10:])
	r.consecutive = binary.LittleEndian.Uint32(v[14:])
	r.since = int64(binary.LittleEndian.Uint64(v[18:]))
	r.openFor = int64(binary.LittleEndian.Uint64(v[26:]))
	r.retryAt = int64(binary.LittleEndian.Uint64(v[34:]))
	v = v[headerSize:]
	return r.sane() && r.decodeRest(v)
}

func (r *record) sane() bool {
	return r.state <= HalfOpen && r.override <= ForceClosed && r.inFlight <= MaxProbes &&
		r.since >= 0 && r.openFor >= 0 && r.openFor <= int64(MaxTime) && r.retryAt >= 0 &&
		(r.inFlight == 0 || r.state == HalfOpen)
}

func (r *record) decodeRest(v []byte) bool {
	if n := probeSize * r.inFlight; len(v) != n && len(v) != n+windowSize {
		return false
	}
	for i := range r.inFlight {
		r.probes[i] = probe{binary.LittleEndian.Uint32(v), int64(binary.LittleEndian.Uint64(v[4:]))}
		v = v[probeSize:]
	}
	return len(v) == 0 || r.window.decode(v)
}
