package decode

// Numbering is a way to write characters as numbers with something between.
type Numbering uint8

const (
	Binary Numbering = iota
	HexBytes
	Decimal
	Octal
	Morse
	Numberings // how many there are
)

// minNumbers is the least number of codes in a row that are worth trying.
const minNumbers = 5

// Numbers appends text with every row of character codes that spells out text
// replaced by it. It tells the numbering that most codes were of.
func Numbers(dst, text []byte) (out []byte, kind Numbering, n int) {
	var count [Numberings]int
	done := 0 // how much of text was appended
	for i := 0; i < len(text); {
		if i > 0 && isWord(text[i-1]) || !startsNumber(text[i]) || !rowAhead(text, i) {
			i++
			continue
		}
		dst = append(dst, text[done:i]...)
		read, k, end, codes := row(dst, text, i)
		if codes > 0 {
			count[k] += codes
			n += codes
		} else {
			read = append(dst, text[i:end]...)
		}
		dst, i, done = read, end, end
	}
	dst = append(dst, text[done:]...)
	return dst, most[Numbering](count[:]), n
}

// startsNumber tells whether a code may begin with c.
func startsNumber(c byte) bool {
	return hexValue(c) >= 0 || c == 'x' || c == 'U' || c == '.' || c == '-'
}

// longestCode is the most characters of a code, as in binary or "U+0041".
const longestCode = 8

// rowAhead tells whether a row of codes can begin at text[i]: most words are
// too long for a code or are none.
func rowAhead(text []byte, i int) bool {
	n := 0
	for n <= longestCode && wordAt(text, i+n) {
		n++
	}
	switch c := text[i]; {
	case c == 'x':
		return n >= 3
	case isLetter(c):
		return n == 2 || c == 'U' && n == 1
	case c == '0' || c == '1':
		return true // zeros in front, or binary, which needs no gaps
	}
	return n <= longestCode
}

// row tries each numbering on the codes from text[i] on. end is where to go on:
// behind the codes, or, if they spell out nothing, behind those that were
// read in vain.
func row(dst, text []byte, i int) (out []byte, kind Numbering, end, codes int) {
	far := i + 1
	for kind = 0; kind < Numberings; kind++ {
		start := len(dst)
		read, at, n := codesFrom(dst, text, i, kind)
		if n >= minNumbers {
			if s, ok := printable(read[start:]); ok && plausible(s) {
				return read[:start+len(s)], kind, at, n
			}
			far = max(far, at)
		}
	}
	return dst, 0, far, 0
}

// codesFrom appends the characters of the codes of one numbering from text[i]
// on. It returns where they end and how many there are.
func codesFrom(dst, text []byte, i int, kind Numbering) (out []byte, end, n int) {
	for end = i; i < len(text); n++ {
		c, at := code(text, i, kind)
		if at == i {
			break
		}
		dst, end = append(dst, c), at
		var words bool
		if i, words = gap(text, at, kind); words {
			dst = append(dst, ' ')
		}
	}
	return dst, end, n
}

// code reads one code. It returns i if there is none.
func code(text []byte, i int, kind Numbering) (c byte, end int) {
	r, n := rune(0), 0
	at := i
	switch kind {
	case Binary:
		if r, n = digits(text, i, 7, 8, 2); n == 7 && r < 0x40 {
			return 0, i
		}
		if n == 8 || n == 7 && !wordAt(text, i+7) {
			return byte(r), i + n // may follow the one before at once
		}
		return 0, i
	case HexBytes:
		if i+1 < len(text) && (text[i] == '0' && text[i+1]|0x20 == 'x' || text[i] == 'U' && text[i+1] == '+') {
			at += 2
		} else if text[i]|0x20 == 'x' {
			at++
		}
		for at > i && at+2 < len(text) && text[at] == '0' && hexValue(text[at+2]) >= 0 {
			at++ // U+0041
		}
		r, n = digits(text, at, 2, 2, 16)
	case Decimal:
		r, n = digits(text, i, 2, 3, 10)
	case Octal:
		r, n = digits(text, i, 3, 3, 8)
	case Morse:
		return morse(text, i)
	}
	if n == 0 || wordAt(text, at+n) || r > 0xFF {
		return 0, i
	}
	return byte(r), at + n
}

func wordAt(text []byte, i int) bool { return i < len(text) && isWord(text[i]) }

// maxGap is the most characters between two codes.
const maxGap = 3

// gap skips what lies between two codes. In Morse it tells whether a word ends
// there.
func gap(text []byte, i int, kind Numbering) (next int, words bool) {
	start := i
	for i < len(text) && i-start < maxGap && !isWord(text[i]) && (kind != Morse || text[i] != '.' && text[i] != '-') {
		words = words || kind == Morse && (text[i] == '/' || text[i] == '|' || text[i] == '\n' || i > start)
		i++
	}
	return i, words
}

// morse reads one letter or digit.
func morse(text []byte, i int) (byte, int) {
	bits, at := 1, i
	for at < len(text) && at-i < 6 && (text[at] == '.' || text[at] == '-') {
		bits <<= 1
		if text[at] == '-' {
			bits |= 1
		}
		at++
	}
	if bits >= len(morseLetters) || morseLetters[bits] == '*' || at == i || wordAt(text, at) {
		return 0, i
	}
	return morseLetters[bits], at
}

// morseLetters is indexed by the dots and dashes as bits behind a one.
const morseLetters = "**etianmsurwdkgohvf*l*pjbxcyzq**54*3***2*******16*******7***8*90"
