package limit

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// randomBucket returns any bucket that can arise.
func randomBucket(random *rand.Rand) bucket {
	lag := func() uint64 { return random.Uint64N(maxLag>>random.UintN(60)) + 1 }
	b := bucket{base: random.Int64(), n: random.IntN(ways + 1)}
	for c := range b.floors {
		if random.IntN(2) == 0 {
			b.floors[c] = lag()
		}
	}
	for i := range b.n {
		e := &b.entries[i]
		e.tag = random.Uint64()&^7 | random.Uint64N(classes)
		switch random.IntN(4) {
		case 0:
			e.held = [2]uint64{lag(), lag()}
		case 1:
			e.held[random.IntN(2)] = lag()
		default:
			e.lag = lag()
		}
	}
	return b
}

func TestCodecRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 5000 {
		want := randomBucket(random)
		value := want.encode(nil)
		var got bucket
		if !got.decode(value) || got != want {
			t.Fatalf("case %d: %+v\ncame back as %+v", i, want, got)
		}
		if len(value) > maxValue {
			t.Fatalf("case %d: %d bytes, want at most %d", i, len(value), maxValue)
		}
	}
}

func TestCodecSizes(t *testing.T) {
	b := bucket{base: 1, n: 1}
	b.entries[0] = entry{tag: 8, lag: 1}
	if n := len(b.encode(nil)); n != 26 {
		t.Errorf("one budget takes %d bytes, want 26", n)
	}
	b.entries[1] = entry{tag: 16, lag: 1}
	b.n = 2
	if n := len(b.encode(nil)); n != 42 {
		t.Errorf("two budgets take %d bytes, want 42", n)
	}
	full := bucket{base: 1, floors: [classes]uint64{1, 1, 1}, n: ways}
	for i := range full.entries {
		full.entries[i] = entry{tag: uint64(i) << 3, lag: 1, held: [2]uint64{1, 1}}
	}
	if n := len(full.encode(nil)); n != 226 || maxValue != 226 {
		t.Errorf("a full bucket takes %d bytes, want 226", n)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := func() []byte {
		b := bucket{base: 1, n: 2}
		b.floors[1] = 7
		b.entries[0] = entry{tag: 8, lag: 1}
		b.entries[1] = entry{tag: 16, lag: 1, held: [2]uint64{1, 0}}
		return b.encode(nil)
	}
	if b := new(bucket); !b.decode(good()) {
		t.Fatal("the good value was refused")
	}
	for name, change := range map[string]func(v []byte) []byte{
		"nothing":              func(v []byte) []byte { return nil },
		"cut header":           func(v []byte) []byte { return v[:headerSize-1] },
		"another layout":       func(v []byte) []byte { v[0]++; return v },
		"negative base":        func(v []byte) []byte { v[8] = 0x80; return v },
		"unknown floor":        func(v []byte) []byte { v[9] |= 8; return v },
		"missing floor":        func(v []byte) []byte { v[9] = 7; return v[:headerSize+8] },
		"floor of 0":           func(v []byte) []byte { v[headerSize] = 0; return v },
		"floor too high":       func(v []byte) []byte { v[headerSize+7] = 0xff; return v },
		"cut entry":            func(v []byte) []byte { return v[:len(v)-1] },
		"cut hold":             func(v []byte) []byte { return v[:len(v)-8] },
		"entry of 0":           func(v []byte) []byte { v[headerSize+16] = 0; return v },
		"lag too high":         func(v []byte) []byte { v[headerSize+8+15] = 0xff; return v },
		"unknown class":        func(v []byte) []byte { v[headerSize+8] |= 3; return v },
		"hold bit without one": func(v []byte) []byte { v[headerSize+8+32] = 0; return v },
		"same tag twice":       func(v []byte) []byte { v[headerSize+8+16] = 8 | heldBit; return v },
		"one byte more":        func(v []byte) []byte { return append(v, 0) },
		"too many":             func(v []byte) []byte { return append(v, make([]byte, 16*ways)...) },
	} {
		var b bucket
		if value := change(good()); b.decode(value) {
			t.Errorf("%s: %x was taken for ours: %+v", name, value, b)
		}
	}
}

// FuzzDecode: whatever a value holds, decode returns, and what it accepts is
// exactly what encode writes.
func FuzzDecode(f *testing.F) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		b := randomBucket(random)
		f.Add(b.encode(nil), int64(1_800_000_000_000_000_000))
	}
	f.Add([]byte{layout, 0, 0, 0, 0, 0, 0, 0, 0, 0}, int64(0))
	f.Fuzz(func(t *testing.T, value []byte, now int64) {
		var b bucket
		if !b.decode(value) {
			return
		}
		if again := b.encode(nil); !bytes.Equal(again, value) {
			t.Fatalf("%x came back as %x", value, again)
		}
		b.advance(max(now, 0))
		if b.n > ways || len(b.encode(nil)) > len(value) {
			t.Fatalf("%x grew to %+v as time passed", value, b)
		}
	})
}
