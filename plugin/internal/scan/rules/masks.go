package rules

import "encoding/binary"

// block describes 64 bytes of folded text, one bit each.
type block struct {
	letter, digit uint64 // ASCII small letters and digits
	high          uint64 // bytes of characters outside ASCII
	lead          uint64 // the first ones of these
	space         uint64
	after         uint64 // letters and digits among the next 16 bytes
	marks         uint64 // other ASCII characters than these and spaces among the next 8
}

// ones has each of eight bytes 1.
const ones = 0x0101010101010101

// ahead is the number of bytes that read looks at behind the 64.
const ahead = 16

// read describes the first 64 bytes of b, eight at a time, and looks ahead.
func (k *block) read(b []byte) {
	b = b[:64+ahead]
	*k = block{}
	for i := 0; i < 64; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		letter, digit, space := shapes(x)
		k.letter |= gather(letter) << i
		k.digit |= gather(digit) << i
		k.space |= gather(space) << i
		if high := x & (0x80 * ones); high != 0 {
			k.high |= gather(high) << i
			k.lead |= gather(high&(x<<1)) << i
		}
	}
	x := binary.LittleEndian.Uint64(b[64:])
	letter, digit, space := shapes(x)
	k.marks = gather(^(letter | digit | space | x) & (0x80 * ones))
	k.after = gather(letter | digit)
	letter, digit, _ = shapes(binary.LittleEndian.Uint64(b[72:]))
	k.after |= gather(letter|digit) << 8
}

// shapes tells of each of eight bytes, in its upper bit, whether it is an ASCII
// small letter, a digit, a space.
func shapes(x uint64) (letter, digit, space uint64) {
	y := x & (0x7F * ones)
	letter = (y + (0x80-'a')*ones) &^ (y + (0x7F-'z')*ones) &^ x & (0x80 * ones)
	digit = (y + (0x80-'0')*ones) &^ (y + (0x7F-'9')*ones) &^ x & (0x80 * ones)
	space = 0x80 * ones &^ (y ^ 0x20*ones + 0x7F*ones) &^ x
	return letter, digit, space
}

// gather brings the upper bits of eight bytes together.
func gather(x uint64) uint64 { return x >> 7 * 0x0102040810204080 >> 56 }
