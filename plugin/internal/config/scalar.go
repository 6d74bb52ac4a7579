package config

import (
	"slices"
	"strconv"
	"strings"
)

// check says what a text should be instead, or "" if it is fine.
type check func(s string) (want string)

// text is a string of at most max bytes that check, if not nil, accepts.
//
//go:noinline
func text(called string, max int, ok check) kind {
	return kind{func(d *decoder, dst any) {
		if d.peek() != '"' {
			d.wrong("a " + called + " in quotes")
			return
		}
		s := d.text()
		want := ""
		if len(s) > max {
			want = "at most " + strconv.Itoa(max) + " bytes"
		} else if ok != nil {
			want = ok(s)
		}
		if want != "" {
			d.refuse(quote(s), want)
			return
		}
		*dst.(*string) = strings.Clone(s) // the policy's own text can be freed
	}, &shape{json: "string", called: called, max: int64(max)}}
}

// parsed is a string that parse reads into dst. want is what an error asks for.
//
//go:noinline
func parsed(called, pattern, want string, parse func(s string, dst any) bool) kind {
	return kind{func(d *decoder, dst any) {
		if d.peek() != '"' {
			d.wrong(want)
			return
		}
		if s := d.text(); !parse(s, dst) {
			d.refuse(quote(s), want)
		}
	}, &shape{json: "string", called: called, pattern: pattern}}
}

// word is one of some words, into a *uint8; the index of the word is its value.
func word(words ...string) kind {
	want := strings.Join(words, ", ")
	if i := strings.LastIndex(want, ", "); i >= 0 {
		want = want[:i] + " or" + want[i+1:]
	}
	k := parsed("word", "", want, func(s string, dst any) bool {
		i := slices.Index(words, s)
		if i >= 0 {
			*dst.(*uint8) = uint8(i)
		}
		return i >= 0
	})
	k.shape.words = words
	return k
}

// integer is a whole number from min to max, into an *int.
func integer(min, max int64) kind {
	return whole(min, max, func(n int64, dst any) { *dst.(*int) = int(n) })
}

// integer64 is integer into an *int64.
func integer64(min, max int64) kind {
	return whole(min, max, func(n int64, dst any) { *dst.(*int64) = n })
}

// whole reads a whole number. 60, 60.0 and 6e1 are the same number: a mesh may
// have carried the policy as floating point.
func whole(min, max int64, put func(n int64, dst any)) kind {
	want := "a whole number from " + strconv.FormatInt(min, 10) + " to " + strconv.FormatInt(max, 10)
	return kind{func(d *decoder, dst any) {
		b := d.peek()
		if b != '-' && (b < '0' || b > '9') {
			d.wrong(want)
			return
		}
		s := d.number()
		n, ok := wholeNumber(s)
		if !ok || n < min || n > max {
			d.refuse(clip(s), want)
			return
		}
		put(n, dst)
	}, &shape{json: "integer", called: "integer", min: min, max: max}}
}

func wholeNumber(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53 // beyond it a float64 no longer tells neighbours apart
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < -exact || f > exact || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// size is a number of bytes from min to max: an integer, or a string such as "64KiB".
func size(min, max int64) kind {
	want := "a number of bytes from " + strconv.FormatInt(min, 10) + " to " + strconv.FormatInt(max, 10) +
		`, for example 65536 or "64KiB"`
	return kind{func(d *decoder, dst any) {
		got := ""
		var n int64
		ok := false
		switch b := d.peek(); {
		case b == '"':
			s := d.text()
			n, ok = parseSize(s)
			got = quote(s)
		case b == '-' || '0' <= b && b <= '9':
			s := d.number()
			n, ok = wholeNumber(s)
			got = clip(s)
		default:
			got = d.skip()
		}
		if !ok || n < min || n > max {
			d.refuse(got, want)
			return
		}
		*dst.(*int) = int(n)
	}, &shape{json: "integer", called: "size", min: min, max: max,
		orText: &shape{json: "string", pattern: `^[0-9]{1,12}(KiB|MiB)$`}}}
}
