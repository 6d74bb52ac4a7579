// Package inflate undoes the content codings of request bodies, gzip and
// deflate, within a bound. It exists because the standard library's readers add
// 240 KB to the wasm and this adds a twentieth of that; its tests compare the two.
package inflate

import (
	"errors"
	"strings"
)

// The errors of Body.
var (
	// ErrCoding is a content coding that is not known, or more than one.
	ErrCoding = errors.New("this content encoding is not supported: send gzip, deflate or none")
	// ErrTooLarge is a body that is larger than allowed once inflated.
	ErrTooLarge = errors.New("this body is too large once it is decompressed")
	// ErrCorrupt is a body that is not what its coding says, or that has more
	// after its end: what one server ignores there another appends.
	ErrCorrupt = errors.New("this compressed body is damaged, cut off or has more after its end")
)

// Body returns body without its content coding. encoding is the value of the
// content-encoding header. The result is body itself when there is no coding;
// otherwise it is appended to dst[:0] and at most limit bytes long.
func Body(dst []byte, encoding string, body []byte, limit int) ([]byte, error) {
	is := func(name string) bool { return strings.EqualFold(strings.Trim(encoding, " \t"), name) }
	switch {
	case is("") || is("identity"):
		if len(body) > limit {
			return nil, ErrTooLarge
		}
		return body, nil
	case is("gzip") || is("x-gzip"):
		return gunzip(dst[:0], body, limit)
	case is("deflate"):
		return unzlib(dst[:0], body, limit)
	}
	return nil, ErrCoding
}

// gunzip reads one gzip member (RFC 1952) that is all of body.
func gunzip(dst, body []byte, limit int) ([]byte, error) {
	start := gzipHeader(body)
	if start < 0 || len(body)-start < 8 {
		return nil, ErrCorrupt
	}
	out, end, err := decode(dst, body[start:len(body)-8], limit)
	if err != nil {
		return nil, err
	}
	trailer := body[len(body)-8:]
	if start+end != len(body)-8 || little(trailer[:4]) != crc32(out) ||
		little(trailer[4:]) != uint32(len(out)) {
		return nil, ErrCorrupt
	}
	return out, nil
}

// The flags of a gzip header.
const (
	flagChecksum = 1 << 1
	flagExtra    = 1 << 2
	flagName     = 1 << 3
	flagComment  = 1 << 4
	flagReserved = 0xe0
)

// gzipHeader returns the length of the header, or -1.
func gzipHeader(b []byte) int {
	if len(b) < 10 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&flagReserved != 0 {
		return -1
	}
	flags, n := b[3], 10
	if flags&flagExtra != 0 {
		if len(b) < n+2 {
			return -1
		}
		n += 2 + int(little(b[n:n+2]))
	}
	for _, f := range [...]byte{flagName, flagComment} {
		for flags&f != 0 {
			if n >= len(b) {
				return -1
			}
			if n++; b[n-1] == 0 {
				break
			}
		}
	}
	if flags&flagChecksum != 0 {
		n += 2
	}
	if n > len(b) {
		return -1
	}
	return n
}

// unzlib reads a zlib stream (RFC 1950) that is all of body.
func unzlib(dst, body []byte, limit int) ([]byte, error) {
	// Method 8, a window of at most 32 KiB, no dictionary, check bits.
	if len(body) < 6 || body[0]&15 != 8 || body[0]>>4 > 7 || body[1]&0x20 != 0 ||
		big(body[:2])%31 != 0 {
		return nil, ErrCorrupt
	}
	out, end, err := decode(dst, body[2:len(body)-4], limit)
	if err != nil {
		return nil, err
	}
	if 2+end != len(body)-4 || big(body[len(body)-4:]) != adler32(out) {
		return nil, ErrCorrupt
	}
	return out, nil
}

// little and big read up to four bytes as a number.
func little(b []byte) (n uint32) {
	for i, c := range b {
		n |= uint32(c) << (8 * i)
	}
	return n
}

func big(b []byte) (n uint32) {
	for _, c := range b {
		n = n<<8 | uint32(c)
	}
	return n
}

// crcTable holds the CRC-32 of each byte, by IEEE 802.3's polynomial.
var crcTable = newCRCTable()

func newCRCTable() (t [256]uint32) {
	for i := range t {
		c := uint32(i)
		for range 8 {
			c = c>>1 ^ 0xedb88320&-(c&1)
		}
		t[i] = c
	}
	return t
}

func crc32(b []byte) uint32 {
	c := ^uint32(0)
	for _, x := range b {
		c = crcTable[byte(c)^x] ^ c>>8
	}
	return ^c
}

// adler32 is the checksum of RFC 1950. 5552 bytes are the most whose sums stay
// below 2^32.
func adler32(b []byte) uint32 {
	s1, s2 := uint32(1), uint32(0)
	for len(b) > 0 {
		n := min(len(b), 5552)
		for _, c := range b[:n] {
			s1 += uint32(c)
			s2 += s1
		}
		s1, s2, b = s1%65521, s2%65521, b[n:]
	}
	return s2<<16 | s1
}
