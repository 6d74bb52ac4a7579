package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/rfc3339"
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

// parseSize reads a count of KiB or MiB.
func parseSize(s string) (int64, bool) {
	shift := 0
	switch {
	case strings.HasSuffix(s, "KiB"):
		shift = 10
	case strings.HasSuffix(s, "MiB"):
		shift = 20
	default:
		return 0, false
	}
	n, ok := decimal(s[:len(s)-3])
	return n << shift, ok
}

// decimal reads one to twelve digits, so that no caller can overflow.
func decimal(s string) (int64, bool) {
	if len(s) == 0 || len(s) > 12 {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// duration is a length of time from min to max, such as "30s" or "1m30s".
//
//go:noinline
func duration(min, max time.Duration) kind[time.Duration] {
	want := "a duration from " + formatDuration(min) + " to " + formatDuration(max) + ` such as "30s" or "500ms"`
	return parsed("duration", "^"+durationPattern+"$", want,
		func(s string) (time.Duration, bool) {
			v, ok := parseDuration(s)
			return v, ok && v >= min && v <= max
		})
}

// durationPattern allows a little more than parseDuration.
const durationPattern = "([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?"

var units = [...]struct {
	name string
	is   time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// maxDuration keeps every duration far from overflow: 366 days, a leap year.
const maxDuration = 366 * 24 * time.Hour

// parseDuration reads whole numbers with the units d, h, m, s, ms, each at most
// once and from large to small, such as 1m30s. Zero is "0s".
func parseDuration(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	var total time.Duration
	for u := 0; s != ""; u++ {
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		n, ok := decimal(s[:digits])
		end := digits + strings.IndexAny(s[digits:]+"0", "0123456789")
		for u < len(units) && units[u].name != s[digits:end] {
			u++
		}
		if !ok || u == len(units) || n > int64(maxDuration/units[u].is) {
			return 0, false
		}
		total += time.Duration(n) * units[u].is
		s = s[end:]
	}
	return total, total <= maxDuration
}

// formatDuration writes what parseDuration reads.
func formatDuration(v time.Duration) string {
	var b []byte
	for _, u := range units {
		if n := v / u.is; n > 0 {
			b = append(strconv.AppendInt(b, int64(n), 10), u.name...)
			v %= u.is
		}
	}
	if len(b) == 0 {
		return "0s"
	}
	return string(b)
}

// quota is "<count>/<period>". Its burst is a field of its own.
var quota = kind[limit.Quota]{func(d *decoder, dst *limit.Quota) {
	const form = `"<count>/<period>", for example "60/1m"`
	if d.peek() != '"' {
		d.wrong(form)
		return
	}
	s := d.text()
	count, period, _ := strings.Cut(s, "/")
	n, ok := decimal(count)
	p, ok2 := parseDuration(period)
	switch {
	case !ok || !ok2:
		d.refuse(quote(s), form)
	case n == 0:
		d.refuse(quote(s), "a count of 1 or more; to keep callers out, remove their keys")
	case p < time.Second || p > limit.MaxPeriod:
		d.refuse(quote(s), "a period from 1s to "+formatDuration(limit.MaxPeriod))
	}
	*dst = limit.Quota{Count: n, Period: p}
}, &shape{json: "string", called: "quota", pattern: "^0*[1-9][0-9]*/" + durationPattern + "$"}}

// moment is an RFC 3339 time, in Unix seconds.
var moment = parsed("time", "", `an RFC 3339 time, for example "2027-01-31T00:00:00Z"`,
	func(s string) (int64, bool) {
		unix, ok := rfc3339.Parse(s)
		return unix, ok && unix > 0
	})

// digest is the SHA-256 of a key. What stands there is never repeated in an
// error: it may be the key itself.
var digest = kind[[32]byte]{func(d *decoder, dst *[32]byte) {
	const want = `64 hexadecimal digits, the SHA-256 of the key: "sparkctl key hash" makes it`
	if d.peek() != '"' {
		d.skip()
		d.refuse("no text", want)
		return
	}
	if s := d.text(); !decodeHex(dst, s) {
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
