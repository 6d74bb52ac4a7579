package breaker

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

func randomRecord(random *rand.Rand) record {
	r := record{
		state: State(random.IntN(3)), override: Override(random.IntN(3)),
		opens: uint8(random.UintN(256)), passed: uint8(random.UintN(17)),
		generation: random.Uint32(), serial: random.Uint32(), consecutive: random.Uint32(),
		since: random.Int64(), openFor: random.Int64N(int64(MaxTime)), retryAt: random.Int64(),
	}
	if r.state == HalfOpen {
		r.inFlight = random.IntN(MaxProbes + 1)
		for i := range r.inFlight {
			r.probes[i] = probe{random.Uint32(), random.Int64()}
		}
	}
	if random.IntN(2) == 0 {
		r.window = window{length: 1 + random.Int64N(int64(MaxTime)), newest: random.Int64()}
		for i := range r.window.parts {
			calls := random.Uint32()
			r.window.parts[i] = counts{calls, random.Uint32N(calls/2 + 1), random.Uint32N(calls/2 + 1)}
		}
	}
	return r
}

func TestCodecRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 5000 {
		want := randomRecord(random)
		value := want.encode(nil)
		var got record
		if !got.decode(value) || got != want {
			t.Fatalf("case %d: %+v\ncame back as %+v", i, want, got)
		}
		if len(value) > maxValue {
			t.Fatalf("case %d: %d bytes, want at most %d", i, len(value), maxValue)
		}
	}
}

func TestCodecSizes(t *testing.T) {
	for _, c := range []struct {
		name   string
		record record
		want   int
	}{
		{"closed, consecutive failures alone", record{}, 42},
		{"closed, with rates", record{window: window{length: 1}}, 154},
		{"half open, one probe", record{state: HalfOpen, inFlight: 1}, 54},
		{"the largest", record{state: HalfOpen, inFlight: MaxProbes, window: window{length: 1}}, maxValue},
	} {
		if got := len(c.record.encode(nil)); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := func() []byte {
		r := record{state: HalfOpen, inFlight: 2, window: window{length: 1, newest: 1}}
		r.window.parts[0] = counts{2, 1, 1}
		return r.encode(nil)
	}
	if r := new(record); !r.decode(good()) {
		t.Fatal("the good value was refused")
	}
	parts := headerSize + 2*probeSize + 16
	for name, change := range map[string]func(v []byte) []byte{
		"nothing":                  func(v []byte) []byte { return nil },
		"cut header":               func(v []byte) []byte { return v[:headerSize-1] },
		"another layout":           func(v []byte) []byte { v[0]++; return v },
		"unknown state":            func(v []byte) []byte { v[1] = 3; return v },
		"unknown order":            func(v []byte) []byte { v[2] = 3; return v },
		"probes while closed":      func(v []byte) []byte { v[1] = 0; return v },
		"too many probes":          func(v []byte) []byte { v[5] = MaxProbes + 1; return v },
		"more probes than bytes":   func(v []byte) []byte { v[5] = MaxProbes; return v },
		"began before 1970":        func(v []byte) []byte { v[25] = 0x80; return v },
		"open for ever":            func(v []byte) []byte { v[33] = 0x7f; return v },
		"open for less than none":  func(v []byte) []byte { v[33] = 0x80; return v },
		"retry before 1970":        func(v []byte) []byte { v[41] = 0x80; return v },
		"cut probe":                func(v []byte) []byte { return v[:headerSize+probeSize+1] },
		"cut window":               func(v []byte) []byte { return v[:len(v)-1] },
		"one byte more":            func(v []byte) []byte { return append(v, 0) },
		"window without length":    func(v []byte) []byte { v[parts-16] = 0; return v },
		"window too long":          func(v []byte) []byte { v[parts-9] = 0x7f; return v },
		"window before 1970":       func(v []byte) []byte { v[parts-1] = 0x80; return v },
		"more failures than calls": func(v []byte) []byte { v[parts+4] = 3; return v },
		"more slow than calls":     func(v []byte) []byte { v[parts+8] = 3; return v },
	} {
		var r record
		if value := change(good()); r.decode(value) {
			t.Errorf("%s: %x was taken for ours", name, value)
		}
	}
}

// FuzzDecode: whatever a value holds, decode returns, and what it accepts is
// exactly what encode writes.
func FuzzDecode(f *testing.F) {
	random := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		r := randomRecord(random)
		f.Add(r.encode(nil))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var r record
		if r.decode(value) {
			if again := r.encode(nil); !bytes.Equal(again, value) {
				t.Fatalf("%x came back as %x", value, again)
			}
		}
	})
}

// TestWindowAgainstModel compares the ring with a list of all calls ever made.
func TestWindowAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 50 {
		length := 1 + random.Int64N(1<<random.UintN(40))
		var w window
		type made struct {
			step int64
			counts
		}
		var all []made
		now := start.UnixNano()
		for i := range 300 {
			now += random.Int64N(length*(1+random.Int64N(20))) / 4
			c := counts{1, random.Uint32N(2), random.Uint32N(2)}
			w.advance(length, now)
			w.add(c)
			all = append(all, made{now / length, c})
			var calls, failures, slow uint64
			for _, m := range all {
				if m.step > now/length-steps {
					calls, failures, slow = calls+1, failures+uint64(m.failures), slow+uint64(m.slow)
				}
			}
			if gotCalls, gotFailures, gotSlow := w.total(); gotCalls != calls || gotFailures != failures || gotSlow != slow {
				t.Fatalf("length %d, call %d: got %d, %d, %d, want %d, %d, %d", length, i, gotCalls, gotFailures, gotSlow, calls, failures, slow)
			}
		}
	}
}

func TestWindowOverClockJumps(t *testing.T) {
	second := int64(time.Second)
	w := window{}
	w.advance(second, 5000*second)
	w.add(counts{5, 2, 1})
	for _, c := range []struct {
		name string
		now  int64
		want uint64
	}{
		{"the turn of a step read in the wrong order", 5000*second - 1, 5},
		{"back an hour", 1400 * second, 5},
		{"the same moment", 1400 * second, 5},
		{"seven steps on", 1407 * second, 5},
		{"eight steps on", 1408 * second, 0},
	} {
		w.advance(second, c.now)
		if calls, _, _ := w.total(); calls != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, calls, c.want)
		}
	}
}

// TestTurnOfAStep: workers that read the clock apart, again and again, make no
// time pass.
func TestTurnOfAStep(t *testing.T) {
	w := window{}
	w.advance(1000, 5000)
	w.add(counts{calls: 7})
	for i := range 100 {
		w.advance(1000, 5000-int64(i%2))
	}
	if calls, _, _ := w.total(); calls != 7 {
		t.Errorf("%d calls of 7 are left", calls)
	}
}

func TestWindowOfOtherSettings(t *testing.T) {
	w := window{}
	w.advance(1000, 5000)
	w.add(counts{calls: 7})
	w.advance(2000, 5000)
	if calls, _, _ := w.total(); calls != 0 {
		t.Errorf("%d calls of another window were kept", calls)
	}
}

func TestCountsSaturate(t *testing.T) {
	w := window{}
	w.advance(1000, 5000)
	w.add(counts{calls: ^uint32(0)})
	w.add(counts{calls: 2})
	if calls, _, _ := w.total(); calls != 1<<32-1 {
		t.Errorf("an overflow left %d calls", calls)
	}
}
