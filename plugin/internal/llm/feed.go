package llm

import (
	"unicode/utf16"
	"unicode/utf8"
)

// feed reads JSON that comes in pieces, without keeping it. It is lenient: its
// input is for others to judge, and only the place of each value matters here.
type feed struct {
	owner *UsageReader
	state feedState
	sink  sink
	// path holds the ids of the keys above the current value, a byte each.
	// Arrays do not show in it.
	path    uint64
	level   int    // of objects
	depth   int    // of objects and arrays
	objects uint64 // one bit for each depth, set for an object
	values  int    // ended at the top
	buf     [maxCaptured]byte
	n       int   // taken for buf, whether or not it fits
	key     bool  // the string is a key
	hex     rune  // of an escape
	digits  uint8 // of hex
	high    rune  // the first half of a surrogate pair
}

const (
	// maxCaptured is the longest key, number or name that is looked at, in bytes.
	maxCaptured = 40
	maxLevel    = 8  // of objects whose keys are known; path has no room for more
	maxFeed     = 64 // depth at which a feed gives up; objects has no room for more
)

type feedState uint8

const (
	wantValue feedState = iota
	wantKey
	wantColon
	afterValue
	inString
	inEscape
	inHex
	inWord
	lost // not JSON, or too deep
)

// sink is what becomes of a string's content.
type sink uint8

const (
	drop    sink = iota
	capture      // into buf
	measure      // by the estimator
	nested       // base64 of JSON
)

// reset forgets all but the owner.
func (f *feed) reset() { *f = feed{owner: f.owner} }

// between reports whether no value is open.
func (f *feed) between() bool { return f.depth == 0 && f.state == wantValue }

func (f *feed) write(p []byte) {
	for len(p) > 0 {
		switch f.state {
		case inString:
			n := plainRun(p)
			f.take(p[:n])
			if p = p[n:]; len(p) > 0 {
				f.mark(p[0])
				p = p[1:]
			}
		case inEscape, inHex:
			f.escaped(p[0])
			p = p[1:]
		case inWord:
			n := wordRun(p)
			f.take(p[:n])
			if p = p[n:]; len(p) > 0 {
				f.word()
			}
		case lost:
			return
		default:
			f.token(p[:1])
			p = p[1:]
		}
	}
}

// wordRun returns how many bytes of p belong to a number, true, false or null.
func wordRun(p []byte) int {
	n := 0
	for n < len(p) && p[n] > ' ' && p[n] != ',' && p[n] != ']' && p[n] != '}' {
		n++
	}
	return n
}

// token takes a byte between strings and words.
func (f *feed) token(p []byte) {
	was := f.state
	switch c := p[0]; c {
	case ' ', '\n', '\r', '\t':
		return
	case '"':
		if was <= wantKey {
			f.quote()
			return
		}
	case ':':
		if was == wantColon {
			f.state = wantValue
			return
		}
	case ',':
		if was == afterValue {
			f.state = wantValue
			if f.inObject() {
				f.state = wantKey
			}
			return
		}
	case '{', '[':
		f.open(c == '{')
		return
	case '}', ']':
		f.close(c == '}')
		return
	default:
		if was == wantValue {
			f.state, f.sink, f.n = inWord, capture, 0
			f.take(p)
			return
		}
	}
	f.state = lost
}

func (f *feed) quote() {
	f.key, f.n, f.high = f.state == wantKey, 0, 0
	f.state, f.sink = inString, drop
	if f.key {
		f.sink = capture
		return
	}
	switch f.meaning() {
	case finishReason, lastReason, answerStatus, eventType:
		f.sink = capture
	case generated:
		f.sink = measure
	case chunkBytes:
		if f == &f.owner.json { // not once more inside of itself
			f.sink = nested
			f.owner.inner.reset()
			f.owner.acc, f.owner.have = 0, 0
		}
	case problem:
		f.owner.failed = true
	}
}

// meaning looks up the place of the current value.
func (f *feed) meaning() sense {
	if f.level > maxLevel {
		return none
	}
	return senseOf(f.path)
}

func (f *feed) inObject() bool { return f.depth > 0 && f.objects>>(f.depth-1)&1 == 1 }

func (f *feed) open(object bool) {
	if f.state != wantValue || f.depth == maxFeed {
		f.state = lost
		return
	}
	switch m := f.meaning(); {
	case m == problem && object:
		f.owner.failed = true
	case m == lastCounts:
		f.owner.last = true
	}
	f.objects &^= 1 << f.depth
	f.state = wantValue
	if object {
		f.objects |= 1 << f.depth
		f.state = wantKey
		if f.level++; f.level <= maxLevel {
			f.path <<= 8
		}
	}
	f.depth++
}

func (f *feed) close(object bool) {
	if f.depth == 0 || f.inObject() != object || f.state == wantColon {
		f.state = lost
		return
	}
	if object {
		if f.level <= maxLevel {
			f.path >>= 8
		}
		f.level--
	}
	f.depth--
	f.ended()
}

// ended follows each value.
func (f *feed) ended() {
	if f.state = afterValue; f.depth == 0 {
		f.state = wantValue
		f.values++
	}
}

// captured returns what was taken, or nothing when it was too long.
func (f *feed) captured() []byte {
	if f.n > len(f.buf) {
		return nil
	}
	return f.buf[:f.n]
}

// word ends a number, true, false or null.
func (f *feed) word() {
	m, w := f.meaning(), f.captured()
	n, ok := wholeNumber(w)
	switch {
	case m == problem && string(w) != "null":
		f.owner.failed = true
	case m >= counts && ok && len(w) > 0:
		f.owner.tell(count(m-counts), n)
	}
	f.ended()
}

// text ends a string.
func (f *feed) text() {
	if f.key {
		f.state = wantColon
		if f.level <= maxLevel {
			f.path = f.path&^0xff | uint64(keyID(f.captured()))
		}
		return
	}
	switch m := f.meaning(); m {
	case finishReason, lastReason, answerStatus:
		f.owner.finished(m, f.captured())
	case eventType:
		f.owner.event(f.captured())
	}
	f.ended()
}

// take passes on a part of a string or a word.
func (f *feed) take(p []byte) {
	switch f.sink {
	case capture:
		if f.n < len(f.buf) {
			copy(f.buf[f.n:], p)
		}
		f.n += len(p)
	case measure:
		f.owner.text.add(p)
	case nested:
		f.owner.decode(p)
	}
}

// mark takes the byte behind a run of plain ones.
func (f *feed) mark(c byte) {
	switch c {
	case '"':
		f.text()
	case '\\':
		f.state = inEscape
	default:
		f.state = lost
	}
}

// escaped takes a byte of an escape.
func (f *feed) escaped(c byte) {
	switch d := unhex(c); {
	case f.state == inEscape && c == 'u':
		f.state, f.hex, f.digits = inHex, 0, 0
	case f.state == inEscape && short[c] != 0:
		f.state = inString
		f.unit(rune(short[c]))
	case f.state == inHex && d < 16:
		f.hex = f.hex<<4 | rune(d)
		if f.digits++; f.digits == 4 {
			f.state = inString
			f.unit(f.hex)
		}
	default:
		f.state = lost
	}
}

// unit takes one UTF-16 unit of an escape. Halves of pairs are left out.
func (f *feed) unit(r rune) {
	high := f.high
	if f.high = 0; utf16.IsSurrogate(r) {
		if r < 0xdc00 {
			f.high = r
			return
		}
		if r = utf16.DecodeRune(high, r); r == utf8.RuneError {
			return
		}
	}
	var buf [utf8.UTFMax]byte
	f.take(buf[:utf8.EncodeRune(buf[:], r)])
}
