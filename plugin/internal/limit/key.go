package limit

import (
	"encoding/binary"
	"math/bits"

	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// Seed keys the hash of callers, so that nobody outside can tell which callers
// share a bucket.
type Seed [16]byte

const (
	seedKey     = "sparkward/1/limit/seed"
	seedVersion = 1
)

// SharedSeed returns the seed that all workers use: the one in store or, where
// there is none or a foreign value, fresh, which it stores. fresh must be
// random.
func SharedSeed(store kv.Store, fresh Seed) (Seed, error) {
	var seed Seed
	err := kv.Update(store, seedKey, func(old []byte) ([]byte, error) {
		if len(old) == 1+len(seed) && old[0] == seedVersion {
			copy(seed[:], old[1:])
			return nil, nil
		}
		seed = fresh
		return append([]byte{seedVersion}, fresh[:]...), nil
	})
	return seed, err
}

// Key names one budget: place chooses its bucket, tag tells it from others
// there. Both are halves of one keyed 128-bit hash.
type Key struct{ place, tag uint64 }

// KeyOf hashes the parts, for example a limit's name and a user, to a Key.
// Different lists of parts have different keys: ("a", "bc") is not ("ab", "c").
func KeyOf(seed Seed, parts ...string) Key {
	h := newSip(seed)
	for _, part := range parts {
		h.word(uint64(len(part)))
		if part = h.words(part); len(part) > 0 {
			var rest [8]byte
			copy(rest[:], part)
			h.word(binary.LittleEndian.Uint64(rest[:]))
		}
	}
	place, tag := h.sum()
	return Key{place, tag}
}

// Low returns the low half of the hash, to choose a place in another table.
func (k Key) Low() uint64 { return k.place }

// windowsTogether is how many windows of one caller share a bucket and with it
// one compare and swap. Three are what a budget by minute, day and month needs.
const windowsTogether = 3

// Window is which of a caller's budgets one is: that of one limit.
type Window struct{ group, id uint64 }

// Windows returns the windows of the limits called names, which must differ.
// A budget belongs to a name: in what order the names come makes no difference.
// Every three of them, in the order of the alphabet, share a bucket; with more
// than three, a further name can therefore move others to another bucket, where
// they begin anew.
func Windows(seed Seed, names []string) []Window {
	windows := make([]Window, len(names))
	for i, name := range names {
		rank := 0
		for _, other := range names {
			if other < name {
				rank++
			}
		}
		windows[i] = Window{uint64(rank / windowsTogether), KeyOf(seed, "limit", name).tag}
	}
	return windows
}

// With returns the key of one of the caller's budgets. Those whose windows
// share a bucket are charged in one step if they follow each other.
func (k Key) With(w Window) Key {
	// An odd constant of splitmix64 (Steele, Lea, Flood 2014). k is a keyed hash:
	// adding to it keeps it as hard to aim at.
	return Key{place: k.place + w.group*0xBF58476D1CE4E5B9, tag: k.tag + w.id}
}

// Order returns the indexes of windows so that those that share a bucket
// follow each other, and otherwise as they are.
func Order(windows []Window) []int {
	order := make([]int, 0, len(windows))
	for group := 0; len(order) < len(windows); group++ {
		for i := range windows {
			if windows[i].group == uint64(group) {
				order = append(order, i)
			}
		}
	}
	return order
}

// sip is SipHash-2-4 with 128 bits of output, fed by words. Source: Aumasson and
// Bernstein, "SipHash: a fast short-input PRF", 2012, and its reference code.
type sip struct{ v0, v1, v2, v3 uint64 }

func newSip(seed Seed) sip {
	k0, k1 := binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])
	return sip{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573}
}

func (s *sip) word(m uint64) {
	s.v3 ^= m
	s.round()
	s.round()
	s.v0 ^= m
}

// words feeds the whole words of a text and returns the rest. It is word with
// the state in locals: the text may be a request's body.
func (s *sip) words(text string) (rest string) {
	v0, v1, v2, v3 := s.v0, s.v1, s.v2, s.v3
	for ; len(text) >= 8; text = text[8:] {
		m := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
			uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
		v3 ^= m
		for range 2 {
			v0 += v1
			v1 = bits.RotateLeft64(v1, 13) ^ v0
			v0 = bits.RotateLeft64(v0, 32)
			v2 += v3
			v3 = bits.RotateLeft64(v3, 16) ^ v2
			v0 += v3
			v3 = bits.RotateLeft64(v3, 21) ^ v0
			v2 += v1
			v1 = bits.RotateLeft64(v1, 17) ^ v2
			v2 = bits.RotateLeft64(v2, 32)
		}
		v0 ^= m
	}
	s.v0, s.v1, s.v2, s.v3 = v0, v1, v2, v3
	return text
}

func (s *sip) sum() (uint64, uint64) {
	s.v2 ^= 0xee
	s.finish()
	first := s.v0 ^ s.v1 ^ s.v2 ^ s.v3
	s.v1 ^= 0xdd
	s.finish()
	return first, s.v0 ^ s.v1 ^ s.v2 ^ s.v3
}

func (s *sip) finish() {
	for range 4 {
		s.round()
	}
}

func (s *sip) round() {
	s.v0 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
	s.v0 = bits.RotateLeft64(s.v0, 32)
	s.v2 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
	s.v0 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
	s.v2 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
	s.v2 = bits.RotateLeft64(s.v2, 32)
}
