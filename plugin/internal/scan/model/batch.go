package model

import (
	"encoding/binary"
	"math/bits"
)

// batchSize is how many tokens are read before they are weighed: two plain
// loops run faster than one that does both.
const batchSize = 64

// batch is a row of tokens as the features see them. In sig they stand behind
// the last ones of the row before.
type batch struct {
	n    int
	sig  [behind + batchSize]uint32
	stem [batchSize]uint32
	// recent has a byte of each of the last four tokens.
	recent uint32
	words  *Words
}

// behind is how many tokens are looked back at to tell a phrase said again.
const behind = 2 * longestPeriod

// add appends a token; there must be room.
func (b *batch) add(sig, stem uint32) {
	b.sig[behind+b.n&(batchSize-1)], b.stem[b.n&(batchSize-1)] = sig, stem
	b.n++
}

// turn makes the last tokens those of the row before.
func (b *batch) turn() {
	copy(b.sig[:behind], b.sig[b.n:])
	b.n = 0
}

// repeated returns a bit for each token that goes on with a phrase that has just
// been said. Most are unlike the last four, which a byte of each tells.
func (b *batch) repeated() (again uint64) {
	recent := b.recent
	for k := 0; k < b.n; k++ {
		g := b.sig[behind+k&(batchSize-1)] >> 24
		x := recent ^ g*0x01010101
		recent = recent<<8 | g
		if (x-0x01010101)&^x&0x80808080 != 0 && b.again(k) {
			again |= 1 << k
		}
	}
	b.recent = recent
	return again
}

// again tells whether token k goes on with a phrase that has just been said.
func (b *batch) again(k int) bool {
	p := (*[behind + 1]uint32)(b.sig[k:])
	for size := 1; size <= longestPeriod; size++ {
		n := 0
		for n < size && p[behind-n] == p[behind-n-size] {
			n++
		}
		if n == size {
			return true
		}
	}
	return false
}

// Words remembers words of at most seven letters and their hashes, the last one
// at each place: hashing one anew takes three times as long. It may be kept from
// one text to the next.
type Words [1 << wordBits]struct {
	word      uint64
	sig, stem uint32
}

const wordBits = 9

// set puts a word of so many letters, less than eight, at its place.
//
//go:noinline
func (t *Words) set(word uint64, size int) {
	w := &t[place(word)]
	last := letters[byte(word>>(8*uint(size-1)))]
	w.word, w.stem = word, stemOf(word)*stemFinish[size&15]
	w.sig = (sumOf(word) + letters[byte(word)]*firstStep + last*lastStep) * finish
}

// place tells where a word is in Words.
func place(word uint64) uint64 { return word * 0x9E3779B97F4A7C15 >> (64 - wordBits) }

// ahead is how many bytes fill looks at in one go.
const ahead = 24

// fill reads tokens from text[i] on until the batch is full or the text ends,
// and returns where to go on. It reads what next would, with few branches: in
// wasm each jump costs as much as hashing a letter.
func (b *batch) fill(text []byte, i int) int {
	b.turn()
	for b.n < batchSize && i+ahead <= len(text) {
		p := (*[ahead]byte)(text[i:])
		x := binary.LittleEndian.Uint64(p[0:8])
		size, word := lettersOf(x)
		if size == 0 {
			switch c := p[0]; {
			case classes[c] == gap:
				i++
			case c >= 0xE0:
				i = b.single(text, p, i)
			case c >= 0xC3:
				i = b.twos(text, p, i)
			case classes[c] == mark:
				h := runeHash(uint32(c))
				b.add(h, h)
				i++
				if next := p[1]; next == c || classes[next] == gap {
					i = pass(text, i, c)
				}
			default:
				i = b.slow(text, i)
			}
			continue
		}
		if size < 8 {
			next := byte(x >> (8 * uint(size)))
			if next&0x80 != 0 || next == '\'' {
				i = b.slow(text, i)
				continue
			}
			w := &b.words[place(word)]
			if w.word != word {
				b.words.set(word, size)
			}
			b.add(w.sig, w.stem)
			i += size + int(gaps[next])
			continue
		}
		more, rest := lettersOf(binary.LittleEndian.Uint64(p[8:16]))
		sum, end := sumOf(word)+sumOf(rest), size+more
		if next := p[end&31%ahead]; end == 16 || next&0x80 != 0 || next == '\'' {
			i = b.slow(text, i)
			continue
		}
		b.add((sum+letters[byte(word)]*firstStep+letters[p[end-1]]*lastStep)*finish, stemOf(word)*finish)
		i += end
		i += int(gaps[text[i]])
	}
	for b.n < batchSize && i < len(text) {
		i = b.slow(text, i)
	}
	return i
}

// single reads characters of three bytes from text[i] on that are tokens of
// their own, as p has them.
func (b *batch) single(text []byte, p *[ahead]byte, i int) int {
	for k := 0; k+3 <= ahead && b.n < batchSize; k += 3 {
		r, ok := three(p[k], p[k+1], p[k+2])
		if !ok || r-0x0E00 >= 0x1100-0x0E00 && r-0x3040 >= 0xD7B0-0x3040 { // see kindOf
			if k == 0 {
				return b.slow(text, i)
			}
			return i
		}
		h := runeHash(r)
		b.add(h, h)
		i += 3
	}
	return i
}

// twos reads a word of letters of two bytes, as p has it, or leaves what is
// there to slow.
func (b *batch) twos(text []byte, p *[ahead]byte, i int) int {
	end, word := twosOf(binary.LittleEndian.Uint64(p[0:8]))
	h0, h1, h2, h3 := runeHash(uint32(word&0x7FF)), runeHash(uint32(word>>16&0x7FF)), runeHash(uint32(word>>32&0x7FF)), runeHash(uint32(word>>48))
	sum := h0 + h1 + h2 + h3
	stem := ((h0*stemStep+h1)*stemStep+h2)*stemStep + h3
	size := end
	if end == 4 {
		more, rest := twosOf(binary.LittleEndian.Uint64(p[8:16]))
		h0 := runeHash(uint32(rest & 0x7FF))
		sum += h0 + runeHash(uint32(rest>>16&0x7FF)) + runeHash(uint32(rest>>32&0x7FF)) + runeHash(uint32(rest>>48))
		stem = stem*stemStep + h0
		size += min(more, 1)
		end += more
		if more == 4 {
			more, rest = twosOf(binary.LittleEndian.Uint64(p[16:24]))
			sum += runeHash(uint32(rest&0x7FF)) + runeHash(uint32(rest>>16&0x7FF)) + runeHash(uint32(rest>>32&0x7FF))
			end += more
		}
	} else {
		stem *= stemStep
	}
	if end == 0 || end == 12 {
		return b.slow(text, i)
	}
	if next := p[2*end&31%ahead]; letters[next] != 0 || next&0x80 != 0 || next == '\'' {
		return b.slow(text, i)
	}
	last := runeHash(uint32(p[2*end-2]&0x1F)<<6 | uint32(p[2*end-1]&0x3F))
	b.add((sum+h0*firstStep+last*lastStep)*finish, stem*stemFinish[size&15])
	i += 2 * end
	return i + int(gaps[text[i]])
}

// twosOf tells how many of the lowest pairs of bytes of x are characters of two
// bytes that are letters, and returns their code points, 16 bits each.
func twosOf(x uint64) (n int, word uint64) {
	word = x&(0x1F*lanes)<<6 | x>>8&(0x3F*lanes)
	// Letters of two bytes begin at U+00C0.
	no := (x&(0xC0E0*lanes) ^ 0x80C0*lanes) | ^(word+(0x8000-0xC0)*lanes)&(0x8000*lanes)
	n = bits.TrailingZeros64(no) >> 4
	return n, word & (1<<(16*uint(n)) - 1)
}

// lanes has each of four pairs of bytes 1.
const lanes = 0x0001000100010001

// slow reads one token like next.
func (b *batch) slow(text []byte, i int) int {
	var t token
	i, found := next(text, i, &t)
	if found {
		b.add(t.sig, t.stem)
	}
	return i
}

// lettersOf tells how many of the lowest bytes of x are ASCII letters, and
// returns these in lower case, the rest zero.
func lettersOf(x uint64) (n int, word uint64) {
	y := x | 0x20*ones
	t := y & (0x7F * ones)
	no := ^((t + (0x80-'a')*ones) &^ (t + (0x7F-'z')*ones) &^ x) >> 7 & ones
	return bits.TrailingZeros64(no) >> 3, y & (no - 1) &^ no
}

// sumOf adds up the values of eight letters; zero has none.
func sumOf(x uint64) uint32 {
	return letters[byte(x)] + letters[byte(x>>8)] + letters[byte(x>>16)] + letters[byte(x>>24)] +
		letters[byte(x>>32)] + letters[byte(x>>40)] + letters[byte(x>>48)] + letters[byte(x>>56)]
}

// stemOf hashes the first stemLetters letters of x.
func stemOf(x uint64) uint32 {
	h := letters[byte(x)]
	h = h*stemStep + letters[byte(x>>8)]
	h = h*stemStep + letters[byte(x>>16)]
	h = h*stemStep + letters[byte(x>>24)]
	return h*stemStep + letters[byte(x>>32)]
}

// stemFinish is finish for stemOf of a word of so many letters: it takes back
// the steps that it did too many.
var stemFinish [16]uint32

// gaps is 1 for a byte that is one.
var gaps [256]uint8

// ones has each of eight bytes 1.
const ones = 0x0101010101010101
