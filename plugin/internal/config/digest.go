package config

import (
	"strconv"
	"strings"
)

// digest is the SHA-256 of a key. What stands there is never repeated in an
// error: it may be the key itself.
var digest = kind{func(d *decoder, dst any) {
	const want = `64 hexadecimal digits, the SHA-256 of the key: "sparkctl key hash" makes it`
	if d.peek() != '"' {
		d.skip()
		d.refuse("no text", want)
		return
	}
	if s := d.text(); !decodeHex(dst.(*[32]byte), s) {
		d.refuse("a text of "+strconv.Itoa(len(s))+" bytes", want)
	}
}, &shape{json: "string", called: "SHA-256", pattern: "^[0-9a-fA-F]{64}$"}}

// decodeHex is hex.Decode for one length; encoding/hex would bring fmt along.
func decodeHex(dst *[32]byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	bad := byte(0)
	for i := range dst {
		high, low := nibbles[s[2*i]], nibbles[s[2*i+1]]
		dst[i] = high<<4 | low
		bad |= high | low
	}
	return bad <= 0xf
}

// nibbles holds the value of each hexadecimal digit, and 0xff for other bytes.
var nibbles = func() (t [256]byte) {
	for b := range t {
		t[b] = 0xff
	}
	for v, digit := range "0123456789abcdef" {
		t[digit] = byte(v)
		t[strings.ToUpper(string(digit))[0]] = byte(v)
	}
	return t
}()
