package respcache

import (
	"bytes"
	"strconv"
)

// maxExponent bounds a number's exponent, far beyond what any model takes.
const maxExponent = 1 << 20

// number writes the number that comes next as sign, digits without zeros at
// either end, and exponent: 1, 1.0, 10e-1 and 0.1E+1 are all "1"; 1200 is
// "12e2".
func (c *canon) number() error {
	negative := len(c.in) > 0 && c.in[0] == '-'
	if negative {
		c.in = c.in[1:]
	}
	whole, ok := c.digits()
	if !ok || len(whole) > 1 && whole[0] == '0' {
		return errForm
	}
	var fraction []byte
	if len(c.in) > 0 && c.in[0] == '.' {
		c.in = c.in[1:]
		if fraction, ok = c.digits(); !ok {
			return errForm
		}
	}
	exponent, ok := c.exponent()
	if !ok {
		return errForm
	}
	c.decimal(negative, whole, fraction, exponent)
	return nil
}

func (c *canon) digits() ([]byte, bool) {
	n := 0
	for n < len(c.in) && '0' <= c.in[n] && c.in[n] <= '9' {
		n++
	}
	digits := c.in[:n]
	c.in = c.in[n:]
	return digits, n > 0
}

func (c *canon) exponent() (int, bool) {
	if len(c.in) == 0 || c.in[0]|0x20 != 'e' {
		return 0, true
	}
	c.in = c.in[1:]
	negative := len(c.in) > 0 && c.in[0] == '-'
	if len(c.in) > 0 && (c.in[0] == '-' || c.in[0] == '+') {
		c.in = c.in[1:]
	}
	digits, ok := c.digits()
	n := 0
	for _, d := range digits {
		if n = n*10 + int(d-'0'); n > maxExponent {
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, ok
}

func (c *canon) decimal(negative bool, whole, fraction []byte, exponent int) {
	start := len(c.out)
	c.out = append(append(c.out, whole...), fraction...)
	digits := bytes.TrimLeft(c.out[start:], "0")
	exponent -= len(fraction)
	shorter := bytes.TrimRight(digits, "0")
	exponent += len(digits) - len(shorter)
	if len(shorter) == 0 {
		c.out = append(c.out[:start], '0')
		return
	}
	if negative {
		// The digits move by at most one place to the right.
		c.out = append(c.out, 0)
		copy(c.out[start+1:], shorter)
		c.out[start] = '-'
		start++
	} else {
		copy(c.out[start:], shorter)
	}
	c.out = c.out[:start+len(shorter)]
	if exponent != 0 {
		c.out = strconv.AppendInt(append(c.out, 'e'), int64(exponent), 10)
	}
}
