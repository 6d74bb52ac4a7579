package rules

import "slices"

// A filter tells by the first bytes of a word whether any pattern can begin
// there. Most words of most texts end here, at the cost of a few look-ups.
//
// A word of ASCII letters counts by its first six bytes or all it has, and one
// of less than five, for phrases, by what follows it too: many phrases begin
// with "the" or "in", and few with "the m". Words that are also found with their
// letters mixed count by their ends, length and sum of letters. Other
// characters count by their first one and, where letters are few, by their
// first two.

const (
	filterBits = 1 << 17
	keyBytes   = 6
	longWord   = 5 // letters from which on a word counts by itself, whatever follows
	sixBytes   = 1<<48 - 1
	phraseSalt = 1 << 56 // sets keys of phrases apart
	shortSalt  = 2 << 56 // likewise of patterns of one character
	mixedSalt  = 3 << 56 // likewise of words with mixed letters
)

// has returns 1 if the key may have been set, else 0. A key has two bits in
// one word of the filter.
func has(filter []uint64, key uint64) uint64 {
	h := key * 0x9E3779B97F4A7C15
	x := filter[h>>53]
	return x >> (h >> 47 & 63) & (x >> (h >> 41 & 63)) & 1
}

func set(filter []uint64, key uint64) {
	h := key * 0x9E3779B97F4A7C15
	filter[h>>53] |= 1<<(h>>47&63) | 1<<(h>>41&63)
}

// wordKey returns the key of a word of size bytes, the lowest of x.
func wordKey(x uint64, size int) uint64 {
	return x & (1<<(8*min(size, keyBytes)) - 1)
}

// jumbledKey returns the key of a word of size bytes, the lowest of x and then
// of y, that is the same for every order of its inner letters.
func jumbledKey(x, y uint64, size int, last byte) uint64 {
	x &= 1<<(8*uint(min(size, 8))) - 1 // all if size is 8: the shift gives 0
	y &= 1<<(8*uint(max(size-8, 0))) - 1
	return (x*ones>>56+y*ones>>56)<<24 | uint64(size)<<16 | uint64(last)<<8 | x&0xFF | mixedSalt
}

// otherBytes returns how many bytes of a word count that begins with a
// character outside ASCII: one of three bytes where there are many characters,
// two otherwise.
func otherBytes(lead byte) int {
	switch {
	case lead < 0xE0:
		return 4
	case lead < 0xE2:
		return 6
	}
	return 3
}

// addKeys notes that a pattern begins so. It returns false if the pattern is
// too short to tell by.
func addKeys(filter []uint64, w word) bool {
	x, lead := pack(w.text), w.text[0]
	if lead >= 0x80 {
		if n := otherBytes(lead); len(w.text) >= n {
			set(filter, wordKey(x, n))
		} else {
			set(filter, wordKey(x, width(lead))|shortSalt)
		}
		return true
	}
	size := 0 // of the first word
	for size < len(w.text) && kinds[w.text[size]] == kLetter {
		size++
	}
	alone := size == len(w.text)
	switch {
	case size == 0: // marks and digits count by two bytes
		set(filter, x&0xFFFF|shortSalt)
	case alone && !w.whole && size < keyBytes-1:
		return false
	case alone && !w.whole && size == keyBytes-1:
		set(filter, wordKey(x, size))
		for c := 0; c < 256; c++ { // whatever the word goes on with
			if kinds[c] != kSep && c&0xC0 != 0x80 {
				set(filter, wordKey(pack(w.text+string([]byte{byte(c)})), keyBytes))
			}
		}
	case !alone && size < longWord && len(w.text) >= keyBytes:
		set(filter, x&sixBytes|phraseSalt)
	default: // also a phrase as short as "i am"
		set(filter, wordKey(x, size))
	}
	return true
}

// addJumbled notes a word that is also to be found with its letters mixed.
func addJumbled(filter []uint64, w string) {
	set(filter, jumbledKey(pack(w), pack(w[min(len(w), 8):]), len(w), w[len(w)-1]))
}

// pack returns the first eight bytes of s as a number, the first the lowest.
func pack(s string) (x uint64) {
	b := []byte(s[:min(len(s), 8)])
	slices.Reverse(b)
	for _, c := range b {
		x = x<<8 | uint64(c)
	}
	return x
}

// hasOther tells whether a pattern may begin with the character outside ASCII
// whose first bytes are the lowest of x.
func hasOther(filter []uint64, x uint64) bool {
	lead := byte(x)
	return has(filter, wordKey(x, otherBytes(lead)))|has(filter, wordKey(x, width(lead))|shortSalt) != 0
}
