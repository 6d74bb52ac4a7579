package decode

// Coding is a way to write bytes as letters and digits.
type Coding uint8

const (
	Base64 Coding = iota
	Base32
	Hex
	Codings // how many there are
)

// minRun is the least number of characters of a coding in a row that are worth
// trying: six letters in base64.
const minRun = 8

// Runs appends text with every run of base64, base32 or hexadecimal digits
// that spells out text replaced by that text. Padding may be missing, the
// alphabet may be that of URLs, and a run may go over lines. It tells the
// coding that most bytes were of.
func Runs(dst, text []byte) (out []byte, kind Coding, n int) {
	var count [Codings]int
	for i := 0; i < len(text); {
		start := nextRun(text, i)
		dst = append(dst, text[i:start]...)
		if i = start; i == len(text) {
			break
		}
		end := runEnd(text, i)
		var size int
		if dst, kind, size = run(dst, text[i:end]); size > 0 {
			count[kind] += size
			n++
			for end < len(text) && text[end] == '=' {
				end++
			}
		} else {
			dst, kind, size = pieces(dst, text[i:end])
			count[kind] += size
			n += min(size, 1)
		}
		i = end
	}
	return dst, most[Coding](count[:]), n
}

// nextRun returns where a run of minRun digits of base64 begins at or behind
// text[i], which does not go on from one before; or the end of text.
func nextRun(text []byte, i int) int {
	for i < len(text) {
		last := min(i+minRun, len(text)) - 1
		k := last
		for k >= i && in64(text[k]) {
			k--
		}
		if k < i && last-i+1 == minRun {
			return i
		}
		i = max(k, i) + 1
	}
	return len(text)
}

// in64 tells whether c is a digit of base64 in either alphabet.
func in64(c byte) bool { return digits64[c] != 0 }

// wrapped is the least length of a line of a run that goes on in the next one.
const wrapped = 16

// runEnd returns where the run of digits of base64 that begins at text[i]
// ends. It goes on over a line break if the line was a long one.
func runEnd(text []byte, i int) int {
	line := i
	for i < len(text) {
		if in64(text[i]) {
			i++
			continue
		}
		next := i
		for next < len(text) && (text[next] == '\n' || text[next] == '\r') {
			next++
		}
		if next == i || next-i > 2 || i-line < wrapped || next == len(text) || !in64(text[next]) {
			break
		}
		i, line = next, next
	}
	return i
}

// pieces appends a run with those of its parts between marks decoded that can
// be, as in a path or behind a dash.
func pieces(dst, text []byte) (out []byte, kind Coding, size int) {
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && (isLetter(text[end]) || isDigit(text[end])) {
			end++
		}
		if piece := text[i:end]; len(piece) >= minRun && len(piece) < len(text) {
			if read, k, n := run(dst, piece); n > 0 {
				dst, kind, size = read, k, size+n
				i = end
				continue
			}
		}
		end = min(end+1, len(text))
		dst = append(dst, text[i:end]...)
		i = end
	}
	return dst, kind, size
}

// run appends what a run of digits spells out; if that is nothing, it leaves
// dst as it is. size is the number of bytes decoded.
func run(dst, run []byte) (out []byte, kind Coding, size int) {
	if len(run) >= minRun {
		start := len(dst)
		for kind = Hex; ; kind-- {
			if dst = codings[kind](dst, run); len(dst) > start {
				if read, ok := printable(dst[start:]); ok && plausible(read) {
					return dst[:start+len(read)], kind, len(read)
				}
			}
			dst = dst[:start]
			if kind == 0 {
				break
			}
		}
	}
	return dst, 0, 0
}

// codings append the bytes of a run, or nothing if it is not of the coding.
var codings = [Codings]func(dst, run []byte) []byte{Base64: base64, Base32: base32, Hex: hex}

// plausible tells whether printable decoded bytes are more than chance: three
// of four are letters or spaces or, in longer ones, digits of a further coding.
func plausible(b []byte) bool {
	n := 0
	for _, c := range b {
		if isLetter(c) || c == ' ' || c >= 0x80 || len(b) >= 2*minRun && isDigit(c) {
			n++
		}
	}
	return 4*n >= 3*len(b)
}

// binary tells whether a decoded byte rules text out, as printable does: most
// runs are words, and show it within a few letters.
func binary(c byte) bool { return c < ' ' && 0xFFFFD9FE>>c&1 != 0 || c == 0x7F }

func hex(dst, run []byte) []byte {
	start := len(dst)
	if len(run) > 2 && run[0] == '0' && run[1]|0x20 == 'x' {
		run = run[2:]
	}
	high, have := 0, false
	for _, c := range run {
		v := hexValue(c)
		switch {
		case c == '\n' || c == '\r':
		case v < 0:
			return dst[:start]
		case have:
			dst, have = append(dst, byte(high<<4|v)), false
		default:
			high, have = v, true
		}
	}
	if have {
		return dst[:start]
	}
	return dst
}

func base32(dst, run []byte) []byte {
	start := len(dst)
	bits, have := 0, 0
	for _, c := range run {
		v := 0
		switch {
		case c == '\n' || c == '\r':
			continue
		case c >= 'A' && c <= 'Z':
			v = int(c - 'A')
		case c >= 'a' && c <= 'z':
			v = int(c - 'a')
		case c >= '2' && c <= '7':
			v = int(c-'2') + 26
		default:
			return dst[:start]
		}
		bits, have = bits<<5|v, have+5
		if have >= 8 {
			have -= 8
			dst = append(dst, byte(bits>>have))
			bits &= 1<<have - 1
		}
	}
	return dst
}

func base64(dst, run []byte) []byte {
	start := len(dst)
	bits, have := 0, 0
	for _, c := range run {
		v := int(digits64[c])
		if v == 0 { // a line break
			continue
		}
		bits, have = bits<<6|v&63, have+6
		if have >= 8 {
			have -= 8
			out := byte(bits >> have)
			if binary(out) {
				return dst[:start]
			}
			dst = append(dst, out)
			bits &= 1<<have - 1
		}
	}
	return dst
}

// digits64 holds the values of the digits of base64 in either alphabet, plus
// 64, and 0 for other bytes.
var digits64 = func() (table [256]uint8) {
	for v := range uint8(26) {
		table['A'+v], table['a'+v] = 64+v, 64+26+v
	}
	for v := range uint8(10) {
		table['0'+v] = 64 + 52 + v
	}
	table['+'], table['-'], table['/'], table['_'] = 64+62, 64+62, 64+63, 64+63
	return table
}()
