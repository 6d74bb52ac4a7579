package limit

import "encoding/binary"

// A value is: the layout, base, a mask of the floors that are not 0 and those,
// then the entries: tag and lag, and both holds if bit heldBit of the tag is
// set. All numbers are little endian of 8 bytes. A caller with two request
// limits takes 42 bytes.
const (
	layout     = 1 // first byte of every value; another one is foreign
	headerSize = 10
	heldBit    = 4 // in a stored tag
	maxValue   = headerSize + 8*classes + 32*ways
)

// encode appends the value to buf.
func (b *bucket) encode(buf []byte) []byte {
	buf = append(buf, layout)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(b.base))
	buf = append(buf, 0)
	for c, floor := range b.floors {
		if floor > 0 {
			buf[9] |= 1 << c
			buf = binary.LittleEndian.AppendUint64(buf, floor)
		}
	}
	for i := range b.entries[:b.n] {
		buf = b.entries[i].encode(buf)
	}
	return buf
}

func (e *entry) encode(buf []byte) []byte {
	switch {
	case e.used() == 0:
		return buf
	case e.used() == e.lag:
		buf = binary.LittleEndian.AppendUint64(buf, e.tag)
		return binary.LittleEndian.AppendUint64(buf, e.lag)
	}
	buf = binary.LittleEndian.AppendUint64(buf, e.tag|heldBit)
	buf = binary.LittleEndian.AppendUint64(buf, e.lag)
	buf = binary.LittleEndian.AppendUint64(buf, e.held[0])
	return binary.LittleEndian.AppendUint64(buf, e.held[1])
}

// decode reads a value and says whether it was one of ours.
func (b *bucket) decode(v []byte) bool {
	*b = bucket{}
	if len(v) < headerSize || len(v) > maxValue || v[0] != layout || v[9] >= 1<<classes {
		return false
	}
	b.base = int64(binary.LittleEndian.Uint64(v[1:]))
	r := reader{v[headerSize:], true}
	for c := range classes {
		if v[9]>>c&1 != 0 {
			b.floors[c] = r.lag()
			r.ok = r.ok && b.floors[c] > 0
		}
	}
	for r.ok && len(r.rest) > 0 && b.n < ways {
		e := r.entry()
		r.ok = r.ok && b.find(e.tag) < 0
		b.entries[b.n] = e
		b.n++
	}
	return r.ok && len(r.rest) == 0 && b.base >= 0
}

// reader reads numbers until one is missing or cannot be ours.
type reader struct {
	rest []byte
	ok   bool
}

func (r *reader) next() uint64 {
	if len(r.rest) < 8 {
		r.ok = false
		return 0
	}
	n := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

func (r *reader) lag() uint64 {
	n := r.next()
	r.ok = r.ok && n <= maxLag
	return n
}

func (r *reader) entry() entry {
	e := entry{tag: r.next(), lag: r.lag()}
	if e.tag&heldBit != 0 {
		e.tag &^= heldBit
		e.held[0], e.held[1] = r.lag(), r.lag()
		r.ok = r.ok && e.used() != e.lag
	}
	r.ok = r.ok && e.used() > 0 && e.class() < classes
	return e
}
