package inflate

import "math/bits"

const (
	maxBits  = 15 // of a code
	fastBits = 9  // looked up in one step
	symbols  = 288
)

// huffman decodes one canonical code (RFC 1951, 3.2.2).
type huffman struct {
	// fast holds, by the next fastBits bits, symbol<<4 | length; 0 for codes
	// that are longer or not in use.
	fast [1 << fastBits]uint16
	// count is how many codes there are of each length; symbol lists them in
	// the order of their codes.
	count  [maxBits + 1]uint16
	symbol [symbols]uint16
}

// build makes the code in which symbol i has lengths[i] bits. It reports false
// for a code that is over-full, or that leaves room and is not a lone symbol of
// one bit.
func (h *huffman) build(lengths []uint8) bool {
	*h = huffman{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	left, used, first := 1, 0, [maxBits + 2]int{}
	for n := 1; n <= maxBits; n++ {
		left = left<<1 - int(h.count[n])
		if left < 0 {
			return false
		}
		used += int(h.count[n])
		first[n+1] = first[n] + int(h.count[n])
	}
	if left > 0 && used > 0 && (used != 1 || h.count[1] != 1) {
		return false
	}
	h.fill(lengths, first)
	return true
}

// fill lists the symbols; first is where those of each length start.
func (h *huffman) fill(lengths []uint8, first [maxBits + 2]int) {
	var code [maxBits + 2]uint
	for n := 1; n <= maxBits; n++ {
		code[n+1] = (code[n] + uint(h.count[n])) << 1
	}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbol[first[n]] = uint16(s)
		first[n]++
		if n <= fastBits {
			turned := bits.Reverse16(uint16(code[n])) >> (16 - n)
			for i := uint(turned); i < 1<<fastBits; i += 1 << n {
				h.fast[i] = uint16(s)<<4 | uint16(n)
			}
		}
		code[n]++
	}
}
