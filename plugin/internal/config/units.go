package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/limit"
	"github.com/sparkward/sparkward/plugin/internal/rfc3339"
)

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
func duration(min, max time.Duration) kind {
	want := "a duration from " + formatDuration(min) + " to " + formatDuration(max) + ` such as "30s" or "500ms"`
	return parsed("duration", "^"+durationPattern+"$", want,
		func(s string, dst any) bool {
			v, ok := parseDuration(s)
			*dst.(*time.Duration) = v
			return ok && v >= min && v <= max
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
var quota = kind{func(d *decoder, dst any) {
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
	*dst.(*limit.Quota) = limit.Quota{Count: n, Period: p}
}, &shape{json: "string", called: "quota", pattern: "^0*[1-9][0-9]*/" + durationPattern + "$"}}

// moment is an RFC 3339 time, in Unix seconds.
var moment = parsed("time", "", `an RFC 3339 time, for example "2027-01-31T00:00:00Z"`,
	func(s string, dst any) bool {
		unix, ok := rfc3339.Parse(s)
		*dst.(*int64) = unix
		return ok && unix > 0
	})
