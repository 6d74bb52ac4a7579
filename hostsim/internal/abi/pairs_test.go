package abi

import (
	"slices"
	"strings"
	"testing"
)

func TestPairsRoundTrip(t *testing.T) {
	for _, pairs := range [][]Pair{nil, {{"a", "b"}}, {{"", ""}}, {{"a", "\x00"}, {"a", ""}, {"é", strings.Repeat("x", 300)}}} {
		data := AppendPairs(nil, pairs)
		if len(data) != PairsSize(pairs) {
			t.Errorf("%q: %d bytes, PairsSize says %d", pairs, len(data), PairsSize(pairs))
		}
		if got := ParsePairs(data); !slices.Equal(got, pairs) {
			t.Errorf("got %q, want %q", got, pairs)
		}
	}
}

func TestPairsRefused(t *testing.T) {
	good := string(AppendPairs(nil, []Pair{{"name", "value"}}))
	for name, data := range map[string]string{
		"empty":            "",
		"cut off":          good[:len(good)-1],
		"one byte more":    good + "\x00",
		"no zero byte":     strings.Replace(good, "name\x00", "name!", 1),
		"count too large":  "\x02" + good[1:],
		"length too large": good[:4] + "\xff\xff\xff\xff" + good[8:],
		"1025 pairs":       string(AppendPairs(nil, make([]Pair, MaxPairs+1))),
		"1 MiB and more":   string(AppendPairs(nil, []Pair{{"a", strings.Repeat("x", MaxPairsBytes)}})),
	} {
		if got := ParsePairs([]byte(data)); got != nil {
			t.Errorf("%s: got %d pairs, want none", name, len(got))
		}
	}
	if got := ParsePairs(AppendPairs(nil, make([]Pair, MaxPairs))); len(got) != MaxPairs {
		t.Errorf("1024 pairs: got %d", len(got))
	}
}

// What parses is what was written: nothing else may be taken for a map.
func FuzzPairs(f *testing.F) {
	f.Add(AppendPairs(nil, []Pair{{"a", "b"}, {"", ""}}))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if pairs := ParsePairs(data); pairs != nil && string(AppendPairs(nil, pairs)) != string(data) {
			t.Errorf("%q reads as %q, which is written differently", data, pairs)
		}
	})
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{CasMismatch.String(): "cas_mismatch", Status(99).String(): "99",
		Critical.String(): "critical", MapTypes.Name(7): "http_call_response_trailers", BufferTypes.Name(9): "9"} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
