package config

import (
	"strconv"
	"strings"
)

// check says what a text should be instead, or "" if it is fine.
type check func(s string) (want string)

// text is a string of at most max bytes that check, if not nil, accepts.
//
//go:noinline
func text(called string, max int, ok check) kind[string] {
	return kind[string]{func(d *decoder, dst *string) {
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
		*dst = strings.Clone(s) // the policy's own text can be freed
	}, &shape{json: "string", called: called, max: int64(max)}}
}

// parsed is a string that parse turns into a T. want is what an error asks for.
//
//go:noinline
func parsed[T any](called, pattern, want string, parse func(string) (T, bool)) kind[T] {
	return kind[T]{func(d *decoder, dst *T) {
		if d.peek() != '"' {
			d.wrong(want)
			return
		}
		s := d.text()
		v, ok := parse(s)
		if !ok {
			d.refuse(quote(s), want)
			return
		}
		*dst = v
	}, &shape{json: "string", called: called, pattern: pattern}}
}

// word is one of some words; the index of the word is its value.
//
//go:noinline
func word[T ~uint8](words ...string) kind[T] {
	want := strings.Join(words, ", ")
	if i := strings.LastIndex(want, ", "); i >= 0 {
		want = want[:i] + " or" + want[i+1:]
	}
	k := parsed("word", "", want, func(s string) (T, bool) {
		for i, w := range words {
			if s == w {
				return T(i), true
			}
		}
		return 0, false
	})
	k.shape.words = words
	return k
}

// integer is a whole number from min to max. 60, 60.0 and 6e1 are the same
// number: a mesh may have carried the policy as floating point.
//
//go:noinline
func integer[T ~int | ~int64 | ~uint8](min, max int64) kind[T] {
	want := "a whole number from " + strconv.FormatInt(min, 10) + " to " + strconv.FormatInt(max, 10)
	return kind[T]{func(d *decoder, dst *T) {
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
		*dst = T(n)
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
//
//go:noinline
func size(min, max int64) kind[int] {
	want := "a number of bytes from " + strconv.FormatInt(min, 10) + " to " + strconv.FormatInt(max, 10) +
		`, for example 65536 or "64KiB"`
	return kind[int]{func(d *decoder, dst *int) {
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
		*dst = int(n)
	}, &shape{json: "integer", called: "size", min: min, max: max,
		orText: &shape{json: "string", pattern: `^[0-9]{1,12}(KiB|MiB)$`}}}
}
