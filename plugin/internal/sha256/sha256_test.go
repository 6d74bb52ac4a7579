package sha256

import (
	"bytes"
	std "crypto/sha256"
	"testing"
)

// Every length around the borders of blocks, against the standard library.
func TestSum256IsTheStandardOne(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef!"), 20)
	for n := range data {
		if got, want := Sum256(data[:n]), std.Sum256(data[:n]); got != want {
			t.Fatalf("%d bytes: %x, want %x", n, got, want)
		}
	}
}

func FuzzSum256(f *testing.F) {
	f.Add([]byte("abc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if Sum256(data) != std.Sum256(data) || Sum256(string(data)) != std.Sum256(data) {
			t.Errorf("wrong hash of %x", data)
		}
	})
}

func BenchmarkSum256(b *testing.B) {
	key := "sk-" + string(bytes.Repeat([]byte("k"), 48))
	b.ReportAllocs()
	for b.Loop() {
		Sum256(key)
	}
}
