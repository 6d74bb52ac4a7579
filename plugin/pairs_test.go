package main

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestPairs(t *testing.T) {
	for _, c := range []struct {
		name  string
		pairs [][2]string
		want  string
	}{
		{"none", nil, "\x00\x00\x00\x00"},
		{"one", [][2]string{{":path", "/v1"}}, "\x01\x00\x00\x00" + "\x05\x00\x00\x00\x03\x00\x00\x00" + ":path\x00/v1\x00"},
		{"empty value", [][2]string{{"a", ""}, {"b", "c"}}, "\x02\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00\x01\x00\x00\x00" + "a\x00\x00b\x00c\x00"},
	} {
		if got := encodePairs(nil, c.pairs); string(got) != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPairsComeBack: what was written is read again, into memory that held others.
func TestPairsComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string { return strings.Repeat("x", random.IntN(40)) + string(rune(random.IntN(300))) }
	var read [][2]string
	var written []byte
	for range 200 {
		pairs := make([][2]string, random.IntN(30))
		for i := range pairs {
			pairs[i] = [2]string{text(), text()}
		}
		written = encodePairs(written[:0], pairs)
		if read = decodePairs(read, bytes.Clone(written)); !slices.Equal(read, pairs) {
			t.Fatalf("%q came back as %q", pairs, read)
		}
	}
}

func TestJoinPath(t *testing.T) {
	for want, path := range map[string][]string{
		"request":                 {"request"},
		"xds\x00cluster_name":     {"xds", "cluster_name"},
		"a\x00\x00response.flags": {"a", "", "response.flags"},
	} {
		if got := joinPath([]byte("old")[:0], path); string(got) != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
