package respcache

import (
	"encoding/binary"
	"time"
)

// classes are the kinds of slots in a bucket: how many there are and which part
// of MaxEntry one may take. Half of the memory is for large answers, a quarter
// each for middling and small ones.
var classes = [...]struct{ slots, part int }{{16, 16}, {4, 4}, {2, 1}}

const (
	ways = 16 + 4 + 2 // slots in a bucket

	layout       = 1  // first byte of every value; another one is foreign
	indexHeader  = 9  // layout and purged
	indexEntry   = 29 // way, tag, expires, tenant, size
	maxIndex     = indexHeader + indexEntry*ways
	hostOverhead = 160 // a key and a map node in the host, in bytes

	// skew is how far two workers may read the clock in the wrong order before
	// it counts as set back.
	skew = int64(time.Second)
)

// slot is what the index knows of one stored answer. The zero slot is free.
type slot struct {
	tag     uint64 // first bytes of the key
	expires int64  // Unix nanoseconds
	tenant  uint64 // hash, to purge by
	size    uint32 // of the stored value
}

// index is the decoded form of a bucket's index value.
type index struct {
	purged int64 // Unix nanoseconds of the last purge
	slots  [ways]slot
}

// classOf returns the first slot of the smallest class that size fits in.
func classOf(size, maxEntry int) (first int, fits bool) {
	for _, c := range classes {
		if size <= maxEntry/c.part {
			return first, true
		}
		first += c.slots
	}
	return 0, false
}

// classEnd returns the slot after those of the class that begins with first.
func classEnd(first int) int {
	end := 0
	for _, c := range classes {
		if end += c.slots; end > first {
			return end
		}
	}
	return end
}

// find returns the slot of a tag, or -1.
func (x *index) find(tag uint64) int {
	for i := range x.slots {
		if x.slots[i].size > 0 && x.slots[i].tag == tag {
			return i
		}
	}
	return -1
}

// dead says that a slot is free or past its time, or expires later than any
// could, left from before the clock was set back.
func (s *slot) dead(now, ttl int64) bool {
	return s.size == 0 || s.expires <= now || s.expires > now+ttl+skew
}

// place chooses a slot for a class: a dead one, else a free one of a larger
// class, else the one that expires first.
func (x *index) place(first int, now, ttl int64) int {
	end, best := classEnd(first), first
	for i := first; i < end; i++ {
		if x.slots[i].dead(now, ttl) {
			return i
		}
		if x.slots[i].expires < x.slots[best].expires {
			best = i
		}
	}
	for i := end; i < ways; i++ {
		if x.slots[i].size == 0 {
			return i
		}
	}
	return best
}

// encode appends the value to buf.
func (x *index) encode(buf []byte) []byte {
	buf = append(buf, layout)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(x.purged))
	for i, s := range x.slots {
		if s.size == 0 {
			continue
		}
		buf = append(buf, byte(i))
		buf = binary.LittleEndian.AppendUint64(buf, s.tag)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(s.expires))
		buf = binary.LittleEndian.AppendUint64(buf, s.tenant)
		buf = binary.LittleEndian.AppendUint32(buf, s.size)
	}
	return buf
}

// decode reads a value and says whether it was one of ours.
func (x *index) decode(v []byte) bool {
	*x = index{}
	if len(v) < indexHeader || (len(v)-indexHeader)%indexEntry != 0 || v[0] != layout {
		return false
	}
	x.purged = int64(binary.LittleEndian.Uint64(v[1:]))
	last := -1
	for v = v[indexHeader:]; len(v) > 0; v = v[indexEntry:] {
		i := int(v[0])
		if i <= last || i >= ways {
			return false
		}
		last = i
		x.slots[i] = slot{
			tag:     binary.LittleEndian.Uint64(v[1:]),
			expires: int64(binary.LittleEndian.Uint64(v[9:])),
			tenant:  binary.LittleEndian.Uint64(v[17:]),
			size:    binary.LittleEndian.Uint32(v[25:]),
		}
		if x.slots[i].size == 0 || x.slots[i].expires < 0 {
			return false
		}
	}
	return x.purged >= 0
}
