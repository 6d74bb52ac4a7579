package config

import (
	"encoding/hex"
	"math"
	"strconv"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"30s", 30 * time.Second, true},
		{"0s", 0, true},
		{"500ms", 500 * time.Millisecond, true},
		{"1m30s", 90 * time.Second, true},
		{"1d2h3m4s5ms", 26*time.Hour + 3*time.Minute + 4*time.Second + 5*time.Millisecond, true},
		{"366d", maxDuration, true},
		{"366d1ms", maxDuration + time.Millisecond, false},
		{"367d", 0, false},
		{"999999999999d", 0, false},
		{"9999999999999s", 0, false},
		{"", 0, false},
		{"30", 0, false},
		{"s", 0, false},
		{"-1s", 0, false},
		{"+1s", 0, false},
		{"1.5s", 0, false},
		{"1 s", 0, false},
		{"1s ", 0, false},
		{"30s1m", 0, false},
		{"1s1s", 0, false},
		{"1us", 0, false},
		{"1S", 0, false},
		{"1mss", 0, false},
	} {
		got, ok := parseDuration(c.in)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

// FuzzDuration: what is accepted is what time.ParseDuration says, days apart,
// and is written back as the same time.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"30s", "1m30s", "1d", "500ms", "0s", "1h1h", "99999999999999999999h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseDuration(s)
		if !ok {
			return
		}
		if got < 0 || got > maxDuration {
			t.Fatalf("parseDuration(%q) = %v, out of bounds", s, got)
		}
		if std, err := time.ParseDuration(s); err == nil && std != got {
			t.Errorf("parseDuration(%q) = %v, time says %v", s, got, std)
		}
		if again, ok := parseDuration(formatDuration(got)); !ok || again != got {
			t.Errorf("%q is %v, written %q, read %v", s, got, formatDuration(got), again)
		}
	})
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"1KiB", 1024, true}, {"64KiB", 65536, true}, {"2MiB", 2 << 20, true}, {"0KiB", 0, true},
		{"999999999999MiB", 999999999999 << 20, true},
		{"KiB", 0, false}, {"1KB", 0, false}, {"1", 0, false}, {"1kib", 0, false}, {"-1KiB", 0, false},
		{"1.5MiB", 0, false}, {"1 MiB", 0, false}, {"9999999999999KiB", 0, false}, {"", 0, false},
	} {
		got, ok := parseSize(c.in)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("parseSize(%q) = %d, %v, want %d, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func FuzzSize(f *testing.F) {
	f.Add("64KiB")
	f.Add("999999999999MiB")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := parseSize(s)
		if ok && (n < 0 || n > math.MaxInt64>>1 || n%1024 != 0) {
			t.Errorf("parseSize(%q) = %d", s, n)
		}
	})
}

// FuzzQuota: a quota that Parse takes is one that limit takes.
func FuzzQuota(f *testing.F) {
	for _, s := range []string{"60/1m", "1/31d", "999999999999/1s", "0/1s", "60/", "/1m", "60/1m/1m"} {
		f.Add(s, int64(20))
	}
	f.Fuzz(func(t *testing.T, s string, burst int64) {
		c, err := Parse([]byte(`{"limits": [{"name": "a", "requests": ` + strconv.QuoteToASCII(s) + `, "burst": ` + strconv.FormatInt(burst, 10) + `}]}`))
		if err != nil {
			checkErrors(t, err)
			return
		}
		if q := c.Limits[0].Quota; q.Validate() != nil || q.Burst != burst {
			t.Errorf("%q, %d became %+v: %v", s, burst, q, q.Validate())
		}
	})
}

func TestWholeNumber(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"42", 42, true}, {"42.0", 42, true}, {"4.2e1", 42, true}, {"1e3", 1000, true},
		{"9223372036854775807", math.MaxInt64, true},
		{"9223372036854775808", 0, false}, {"1e16", 0, false}, {"1.5", 0, false}, {"1e-1", 0, false}, {"1e999", 0, false},
	} {
		got, ok := wholeNumber(c.in)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("wholeNumber(%s) = %d, %v, want %d, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

// FuzzHex compares with encoding/hex.
func FuzzHex(f *testing.F) {
	f.Add(exampleDigest)
	f.Add("00")
	f.Fuzz(func(t *testing.T, s string) {
		var got [32]byte
		ok := decodeHex(&got, s)
		want, err := hex.DecodeString(s)
		if ok != (err == nil && len(want) == 32) || ok && string(want) != string(got[:]) {
			t.Errorf("decodeHex(%q) = %x, %v; encoding/hex: %x, %v", s, got, ok, want, err)
		}
	})
}
