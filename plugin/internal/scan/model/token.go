package model

// A token is one word of a text as the features see it.
type token struct {
	// sig is a hash of the word that does not depend on the order of its
	// inner letters, so that a scrambled word keeps its features.
	sig uint32
	// stem is a hash of the word's first letters, so that inflected forms
	// share features.
	stem uint32
	// start and end are the byte range of the word in the text.
	start, end int
}

// stemLetters is how many leading letters of a word make its stem. Five keep
// "ignore" with "ignoring" and "instruction" with "instructs" while telling
// "forget" from "formal".
const stemLetters = 5

// wordLimit is the largest number of letters read as one word. Longer runs are
// base64, hashes and the like; they are cut so that each piece costs the same.
const wordLimit = 48

// Kinds of byte, as classes says.
const (
	gap    = iota // ends a word and means nothing itself
	letter        // ASCII letter
	digit         // ASCII digit
	mark          // punctuation that is a token of its own
	wide          // first or later byte of a multi-byte rune
)

// classes gives the kind of each byte.
var classes = [256]uint8{
	'.': mark, '!': mark, '?': mark, ':': mark, '"': mark, '\n': mark,
	'[': mark, ']': mark, '{': mark, '}': mark, '<': mark, '>': mark, '|': mark, '#': mark,
	'0': digit, '1': digit, '2': digit, '3': digit, '4': digit,
	'5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
}

// letters gives each ASCII letter a random value, the same for both cases, and
// zero to every other byte.
var letters [256]uint32

func init() {
	for c := 'a'; c <= 'z'; c++ {
		classes[c], classes[c-32] = letter, letter
		letters[c] = runeHash(uint32(c))
		letters[c-32] = letters[c]
	}
	for c := 0x80; c < 0x100; c++ {
		classes[c] = wide
	}
	for c, class := range classes {
		if class == gap {
			gaps[c] = 1
		}
	}
	undo := uint32(1) // of steps
	for size := stemLetters; size >= 0; size-- {
		stemFinish[size] = undo * finish
		undo *= stemUndo
	}
	for size := stemLetters + 1; size < len(stemFinish); size++ {
		stemFinish[size] = finish
	}
}

// runeHash spreads a code point over 32 bits (the finaliser of MurmurHash3).
func runeHash(r uint32) uint32 {
	r *= 0x9E3779B1
	r ^= r >> 16
	r *= 0x85EBCA6B
	r ^= r >> 13
	return r
}

// Multipliers of the word hashes: odd, from the xxHash and MurmurHash3 papers
// and the like; only their being odd and unlike matters.
const (
	stemStep  = 0x2C1B3C6D
	stemUndo  = 0x64EA2D65 // times stemStep is 1
	firstStep = 0x297A2D39
	lastStep  = 0x1B56C4E9
	finish    = 0x9E3779B1
)

// numberHash stands for every number: which number it is says nothing.
const numberHash = 0x51ED270B

// next reads the token at or after i into t and returns where to go on; found
// is false at the end of the text.
func next(text []byte, i int, t *token) (after int, found bool) {
	for i < len(text) {
		switch classes[text[i]] {
		case letter:
			return word(text, i, t), true
		case digit:
			return number(text, i, t), true
		case mark:
			return run(text, i, t), true
		case wide:
			if after, found = wideToken(text, i, t); found {
				return after, true
			}
			i = after
		default:
			i++
		}
	}
	return i, false
}

// letterRun returns the end of the run of ASCII letters at i and the sum of
// their values.
func letterRun(text []byte, i int) (end int, sum uint32) {
	for limit := min(len(text), i+wordLimit); i < limit; i++ {
		h := letters[text[i]]
		if h == 0 {
			break
		}
		sum += h
	}
	return i, sum
}

// asciiHashes returns the signature and stem of a word of ASCII letters, which
// is not empty, from the sum of its letters' values.
func asciiHashes(word []byte, sum uint32) (sig, stem uint32) {
	for _, c := range word[:min(len(word), stemLetters)] {
		stem = stem*stemStep + letters[c]
	}
	return (sum + letters[word[0]]*firstStep + letters[word[len(word)-1]]*lastStep) * finish, stem * finish
}

// word reads the word that begins with the ASCII letter at i. Words that go on
// beyond ASCII are left to wideWord.
func word(text []byte, i int, t *token) int {
	end, sum := letterRun(text, i)
	if end < len(text) && (text[end] >= 0x80 || text[end] == '\'') {
		return wideWord(text, i, t)
	}
	t.sig, t.stem = asciiHashes(text[i:end], sum)
	t.start, t.end = i, end
	return end
}

// number reads a run of digits and the points within it.
func number(text []byte, i int, t *token) int {
	start := i
	for i < len(text) && (classes[text[i]] == digit || text[i] == '.' && i+1 < len(text) && classes[text[i+1]] == digit) {
		i++
	}
	*t = token{numberHash, numberHash, start, i}
	return i
}

// run reads the same mark any number of times, gaps between, as one.
func run(text []byte, i int, t *token) int {
	c := text[i]
	h := runeHash(uint32(c))
	*t = token{h, h, i, i + 1}
	return pass(text, i, c)
}

// pass returns the end of the run of c and gaps at text[i].
func pass(text []byte, i int, c byte) int {
	for i < len(text) && (text[i] == c || classes[text[i]] == gap) {
		i++
	}
	return i
}
