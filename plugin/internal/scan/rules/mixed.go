package rules

// MixedWords finds words whose inner letters were put in another order:
// "ignroe" for "ignore". Only ASCII words of minMixed to maxMixed letters are
// kept.
type MixedWords struct {
	// Keys and Values are an open hash table of the words' signatures; its
	// size is a power of two. A zero key is an empty place.
	Keys   []uint32
	Values []uint16
}

const (
	minMixed = 5
	maxMixed = 15
)

// letterSum is a number for each letter whose sum over a word tells its
// letters apart from others', whatever their order. They are the first 32 bits
// of the fractional parts of the square roots of the first 26 primes.
var letterSum = [26]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
	0x5be0cd19, 0xcbbb9d5d, 0x629a292a, 0x9159015a, 0x152fecd8, 0x67332667, 0x8eb44a87,
	0xdb0c2e0d, 0x47b5481d, 0xae5f9156, 0xcf6c85d3, 0x2f73477d, 0x6d1826ca, 0x8b43d457,
	0xe360b596, 0x1c456002, 0x6f196331, 0xd94ebeb1, 0x0cc4a611,
}

// find returns the value of the word with these ASCII small letters in some
// order of the inner ones.
func (m *MixedWords) find(word []byte) (uint16, bool) {
	if len(m.Keys) == 0 || len(word) < minMixed || len(word) > maxMixed {
		return 0, false
	}
	key := mixedKey(word)
	mask := uint32(len(m.Keys) - 1)
	for i := key & mask; m.Keys[i] != 0; i = (i + 1) & mask {
		if m.Keys[i] == key {
			return m.Values[i], true
		}
	}
	return 0, false
}

// mixedKey is the signature of a word: its ends and the sum of its letters.
func mixedKey(word []byte) uint32 {
	sum := uint32(word[0])<<8 + uint32(word[len(word)-1])
	for _, c := range word {
		sum += letterSum[(c-'a')%26]
	}
	return sum | 1<<31
}

// buildMixed makes the tables for words, each with its value.
func buildMixed(words []string, values []uint16) MixedWords {
	if len(words) == 0 {
		return MixedWords{}
	}
	size := 4
	for size < 2*len(words) {
		size *= 2
	}
	m := MixedWords{Keys: make([]uint32, size), Values: make([]uint16, size)}
	for k, w := range words {
		if _, known := m.find([]byte(w)); known {
			continue // a word is listed once; the first of two anagrams stays
		}
		i := mixedKey([]byte(w)) & uint32(size-1)
		for m.Keys[i] != 0 {
			i = (i + 1) & uint32(size-1)
		}
		m.Keys[i], m.Values[i] = mixedKey([]byte(w)), values[k]
	}
	return m
}
