package rules

import "slices"

// filter tells by the first bytes of a word whether any pattern can begin
// there. Most words of most texts end here, at the cost of a few look-ups.
//
// A word of ASCII letters counts by its first six bytes or all it has, and one
// of less than five, for phrases, by what follows it too, unless that is marks:
// many phrases begin with "the" or "in", and few with "the m". Words that are also found with their
// letters mixed count by their ends, length and sum of letters. Other
// characters count by their first one and, where letters are few, by their
// first two.

type filter [filterWords]uint64

const (
	filterShift = 11
	filterWords = 1 << filterShift
	keyBytes    = 6
	longWord    = 5 // letters from which on a word counts by itself, whatever follows
	sixBytes    = 1<<48 - 1
	threeBytes  = 1<<(8*markBytes) - 1
	phraseSalt  = 1 << 56 // sets keys of phrases apart
	longSalt    = 5 << 56 // likewise of phrases by eight bytes
	nearSalt    = 4 << 56 // likewise of a phrase's first word, whatever follows
	shortSalt   = 2 << 56 // likewise of patterns of one character
	markBytes   = 3       // of a pattern that begins with a mark or digit
	mixedSalt   = 3 << 56 // likewise of words with mixed letters
)

// has returns 1 if the key may have been set, else 0. A key has two bits in
// one word of the filter.
func (f *filter) has(key uint64) uint64 {
	h := key * 0x9E3779B97F4A7C15
	x := f[h>>(64-filterShift)]
	return x >> (h >> 47 & 63) & (x >> (h >> 41 & 63)) & 1
}

//go:noinline
func (f *filter) set(key uint64) {
	h := key * 0x9E3779B97F4A7C15
	f[h>>(64-filterShift)] |= 1<<(h>>47&63) | 1<<(h>>41&63)
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
func (f *filter) addKeys(w word) bool {
	x, lead := pack(w.text), w.text[0]
	if lead >= 0x80 {
		if n := otherBytes(lead); len(w.text) >= n {
			f.set(wordKey(x, n))
		} else {
			f.set(wordKey(x, width(lead)) | shortSalt)
		}
		return true
	}
	size := 0 // of the first word, if it begins with a letter
	for size < len(w.text) && kinds[w.text[0]] == kLetter && kinds[w.text[size]]&(kLetter|kDigit) != 0 {
		size++
	}
	alone := size == len(w.text)
	switch {
	case size == 0 && len(w.text) < markBytes-1:
		return false
	case size == 0 && len(w.text) == markBytes-1: // whatever follows
		for c := 0; c < 256; c++ {
			f.set(x | uint64(c)<<(8*(markBytes-1)) | shortSalt)
		}
	case size == 0:
		f.set(x&threeBytes | shortSalt)
	case alone && !w.whole && size < keyBytes-1:
		return false
	case alone && !w.whole && size == keyBytes-1:
		f.set(wordKey(x, size))
		for c := 0; c < 128; c++ { // whatever the word goes on with
			if kinds[c] != kSep {
				f.set(wordKey(pack(w.text+string([]byte{byte(c)})), keyBytes))
			}
		}
	case !alone && size < longWord && len(w.text) >= keyBytes:
		f.set(wordKey(x, size) | nearSalt)
		if len(w.text) >= 8 {
			f.set(x ^ longSalt)
		} else {
			f.set(x&sixBytes | phraseSalt)
		}
	default: // also a phrase as short as "i am"
		f.set(wordKey(x, size))
	}
	return true
}

// addJumbled notes a word that is also to be found with its letters mixed.
func (f *filter) addJumbled(w string) {
	f.set(jumbledKey(pack(w), pack(w[min(len(w), 8):]), len(w), w[len(w)-1]))
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

// hasOther returns 1 if a pattern may begin with the character outside ASCII
// whose first bytes are the lowest of x.
func (f *filter) hasOther(x uint64) uint64 {
	lead := byte(x)
	if lead >= 0xE2 { // no pattern has less
		return f.has(x & threeBytes)
	}
	if lead >= 0xE0 {
		return f.has(x&sixBytes) | f.has(x&threeBytes|shortSalt)
	}
	return f.has(x&(1<<32-1)) | f.has(x&(1<<16-1)|shortSalt)
}
