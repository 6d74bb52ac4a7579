package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	stdadler "hash/adler32"
	stdcrc "hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

const roomy = 1 << 24

// zip compresses data with the standard library.
func zip(t testing.TB, coding string, level int, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w, err = gzip.NewWriterLevel(&buf, level)
	case "deflate":
		w, err = zlib.NewWriterLevel(&buf, level)
	default:
		w, err = flate.NewWriter(&buf, level)
	}
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// samples are data that lead to each kind of block.
func samples() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	skewed := make([]byte, 100000)
	for i := range skewed { // codes longer than fastBits
		skewed[i] = byte(min(rng.ExpFloat64()*12, 255))
	}
	return map[string][]byte{
		"empty": nil, "short": []byte("hello"), "text": []byte(strings.Repeat("the quick brown fox, ", 5000)),
		"zeros": make([]byte, 300000), "noise": noise, "skewed": skewed,
		"far": append(append([]byte("needle in the hay"), noise[:32700]...), "needle in the hay"...),
	}
}

func TestBody(t *testing.T) {
	for name, data := range samples() {
		for _, coding := range []string{"gzip", "deflate"} {
			for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
				got, err := Body(nil, coding, zip(t, coding, level, data), roomy)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%s, %s, level %d: %d bytes, error %v, want %d bytes", name, coding, level, len(got), err, len(data))
				}
			}
		}
	}
}

func TestBodyKeepsWhatIsPlain(t *testing.T) {
	body := []byte("as it is")
	for _, coding := range []string{"", "identity", " Identity "} {
		if got, err := Body(nil, coding, body, len(body)); err != nil || &got[0] != &body[0] {
			t.Errorf("%q: got %q, %v, want the body itself", coding, got, err)
		}
		if _, err := Body(nil, coding, body, len(body)-1); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%q over the limit: %v", coding, err)
		}
	}
	for _, coding := range []string{"br", "zstd", "compress", "gzip, gzip", "gzip,", "x"} {
		if _, err := Body(nil, coding, zip(t, "gzip", 6, body), roomy); !errors.Is(err, ErrCoding) {
			t.Errorf("%q: %v, want %v", coding, err, ErrCoding)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	bomb := make([]byte, 50<<20)
	for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
		packed := zip(t, "gzip", level, bomb)
		for _, limit := range []int{0, 1, 1000, 1 << 20} {
			dst := make([]byte, 0, 2<<20)
			allocs := testing.AllocsPerRun(1, func() {
				if _, err := Body(dst, "gzip", packed, limit); !errors.Is(err, ErrTooLarge) {
					t.Errorf("level %d, limit %d: %v", level, limit, err)
				}
			})
			if allocs > 3 {
				t.Errorf("level %d, limit %d: %v allocations", level, limit, allocs)
			}
		}
	}
	exact := zip(t, "gzip", 6, bomb[:1000])
	if got, err := Body(nil, "gzip", exact, 1000); err != nil || len(got) != 1000 {
		t.Errorf("a body of just the limit: %d bytes, %v", len(got), err)
	}
	if _, err := Body(nil, "gzip", exact, 999); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a body one byte over the limit: %v", err)
	}
}

// TestBodyReusesMemory checks that dst is used, not what it held.
func TestBodyReusesMemory(t *testing.T) {
	dst := append(make([]byte, 0, 100), "old data that is no window"...)
	got, err := Body(dst, "gzip", zip(t, "gzip", 6, []byte("new")), roomy)
	if err != nil || string(got) != "new" || &got[0] != &dst[0] {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestGzipHeader(t *testing.T) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
	_, _ = w.Write([]byte("x"))
	_ = w.Close()
	full := buf.Bytes()
	if got, err := Body(nil, "x-gzip", full, roomy); err != nil || string(got) != "x" {
		t.Errorf("with all fields: %q, %v", got, err)
	}
	plain := zip(t, "gzip", 6, []byte("x"))
	summed := append([]byte{}, plain...)
	summed[3] |= flagChecksum
	summed = append(summed[:10], append([]byte{1, 2}, plain[10:]...)...)
	if got, err := Body(nil, "gzip", summed, roomy); err != nil || string(got) != "x" {
		t.Errorf("with a header checksum: %q, %v", got, err)
	}
}

func TestBodyRefuses(t *testing.T) {
	good := zip(t, "gzip", 6, []byte(strings.Repeat("some text ", 50)))
	zlibbed := zip(t, "deflate", 6, []byte(strings.Repeat("some text ", 50)))
	for i := range good {
		if _, err := Body(nil, "gzip", good[:i], roomy); !errors.Is(err, ErrCorrupt) {
			t.Errorf("gzip cut at %d: %v", i, err)
		}
	}
	for i := range zlibbed {
		if _, err := Body(nil, "deflate", zlibbed[:i], roomy); !errors.Is(err, ErrCorrupt) {
			t.Errorf("deflate cut at %d: %v", i, err)
		}
	}
	for about, bad := range map[string][]byte{
		"two members":    append(append([]byte{}, good...), good...),
		"a byte more":    append(append([]byte{}, good...), 0),
		"a byte between": append(append(append([]byte{}, good[:len(good)-8]...), 0), good[len(good)-8:]...),
		"wrong sum":      flip(good, len(good)-5),
		"wrong length":   flip(good, len(good)-1),
		"wrong magic":    flip(good, 0),
		"wrong method":   flip(good, 2),
		"reserved flag":  append([]byte{0x1f, 0x8b, 8, 0x80}, good[4:]...),
		"name no end":    append([]byte{0x1f, 0x8b, 8, flagName, 0, 0, 0, 0, 0, 0}, "never ends"...),
		"long extra":     append([]byte{0x1f, 0x8b, 8, flagExtra, 0, 0, 0, 0, 0, 0}, "\xff\xffxxxxxxxxxx"...),
	} {
		if _, err := Body(nil, "gzip", bad, roomy); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", about, err)
		}
	}
	for about, bad := range map[string][]byte{
		"raw deflate": zip(t, "raw", 6, []byte("text")),
		"wrong sum":   flip(zlibbed, len(zlibbed)-1),
		"wrong check": flip(zlibbed, 1),
		"dictionary":  append([]byte{0x78, 0xbb}, zlibbed[2:]...),
		"a byte more": append(append([]byte{}, zlibbed...), 0),
	} {
		if _, err := Body(nil, "deflate", bad, roomy); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", about, err)
		}
	}
}

func flip(b []byte, i int) []byte {
	c := append([]byte{}, b...)
	c[i] ^= 1
	return c
}

// FuzzDecode checks decode against compress/flate: what decode takes, the other
// takes as well and reads the same from the same bytes.
func FuzzDecode(f *testing.F) {
	for _, data := range samples() {
		data = data[:min(len(data), 2000)]
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.BestCompression} {
			f.Add(zip(f, "raw", level, data), 1<<16)
		}
	}
	f.Add([]byte{0x4b, 0x04, 0x00}, 10)                   // fixed code
	f.Add([]byte{0x03, 0x00}, 0)                          // nothing
	f.Add([]byte{0x00, 0x01, 0x00, 0xfe, 0xff, 0x61}, 10) // stored, then cut off
	f.Fuzz(func(t *testing.T, in []byte, limit int) {
		limit &= 1<<20 - 1
		out, n, err := decode(nil, in, limit)
		if len(out) > limit || n < 0 || n > len(in) {
			t.Fatalf("%d bytes with a limit of %d, %d of %d read", len(out), limit, n, len(in))
		}
		src := bytes.NewReader(in)
		want, refErr := io.ReadAll(io.LimitReader(flate.NewReader(src), int64(limit)+1))
		switch {
		case err == nil && (refErr != nil || !bytes.Equal(out, want)):
			t.Fatalf("decode takes %x as %q, compress/flate %q with %v", in, out, want, refErr)
		case err == nil && len(in)-src.Len() != n:
			t.Fatalf("decode read %d bytes, compress/flate %d", n, len(in)-src.Len())
		case errors.Is(err, ErrTooLarge) && refErr == nil && len(want) <= limit:
			t.Fatalf("decode says that %d bytes are more than %d", len(want), limit)
		case errors.Is(err, ErrCorrupt) && refErr == nil && len(want) <= limit:
			t.Fatalf("decode refuses %x, compress/flate reads %q", in, want)
		}
	})
}

func TestChecksums(t *testing.T) {
	for name, data := range samples() {
		if got, want := crc32(data), stdcrc.ChecksumIEEE(data); got != want {
			t.Errorf("%s: CRC-32 %x, want %x", name, got, want)
		}
		if got, want := adler32(data), stdadler.Checksum(data); got != want {
			t.Errorf("%s: Adler-32 %x, want %x", name, got, want)
		}
	}
	full := bytes.Repeat([]byte{0xff}, 100000)
	if got, want := adler32(full), stdadler.Checksum(full); got != want {
		t.Errorf("all ones: Adler-32 %x, want %x", got, want)
	}
}

func BenchmarkBody(b *testing.B) {
	for _, name := range []string{"text", "noise", "skewed"} {
		data := samples()[name]
		b.Run(name, func(b *testing.B) {
			packed, dst := zip(b, "gzip", 6, data), make([]byte, 0, len(data))
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Body(dst, "gzip", packed, roomy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
