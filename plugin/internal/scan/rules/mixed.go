package rules

// MixedWords finds words whose inner letters were put in another order:
// "ignroe" for "ignore". Words of minMixed to maxMixed ASCII letters are kept.
type MixedWords struct {
	// At is an open hash table by the signatures of words: where one stands in
	// Words behind its length. The size is a power of two; zero is an empty
	// place.
	At    []uint16
	Words string
}

const (
	minMixed = longWord
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

// find returns the word that word, of ASCII small letters, has the letters of,
// with the same first and last one. It is empty if there is none or if it is
// word itself.
func (m *MixedWords) find(word []byte) string {
	if w := m.ordered(word); w != string(word) {
		return w
	}
	return ""
}

// Has tells whether word, of ASCII small letters, is one of the words.
func (m *MixedWords) Has(word []byte) bool {
	return len(word) > 0 && m.ordered(word) == string(word)
}

// ordered returns the word that has the letters and ends of word.
func (m *MixedWords) ordered(word []byte) string {
	if len(m.At) == 0 || len(word) < minMixed || len(word) > maxMixed {
		return ""
	}
	key := mixedKey(string(word))
	mask := uint32(len(m.At) - 1)
	for i := key & mask; m.At[i] != 0; i = (i + 1) & mask {
		if w := m.at(i); len(w) == len(word) && mixedKey(w) == key {
			return w
		}
	}
	return ""
}

// at returns the word at a place of the table that is not empty.
func (m *MixedWords) at(i uint32) string {
	at := int(m.At[i])
	return m.Words[at+1 : at+1+int(m.Words[at])]
}

// mixedKey is the signature of a word: its ends and the sum of its letters.
func mixedKey(word string) uint32 {
	sum := uint32(word[0])<<8 + uint32(word[len(word)-1])
	for _, c := range []byte(word) {
		sum += letterSum[(c-'a')%26]
	}
	return sum
}

// Unmix appends folded text with words whose inner letters were mixed as they
// were before. It returns how many there were.
func (m *MixedWords) Unmix(dst, text []byte) ([]byte, int) {
	n := 0
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && kinds[text[end]] == kLetter {
			end++
		}
		if end == i {
			dst = append(dst, text[i])
			i++
			continue
		}
		if w := m.find(text[i:end]); w != "" {
			dst = append(dst, w...)
			n++
		} else {
			dst = append(dst, text[i:end]...)
		}
		i = end
	}
	return dst, n
}
