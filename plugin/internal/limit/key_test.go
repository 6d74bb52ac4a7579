package limit

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

// TestSipHash compares with the vectors of the reference code: key 00 to 0f,
// messages 00, 01, ... of the given length.
func TestSipHash(t *testing.T) {
	var seed Seed
	for i := range seed {
		seed[i] = byte(i)
	}
	for length, want := range map[int]string{
		0:  "a3817f04ba25a8e66df67214c7550293",
		1:  "da87c1d86b99af44347659119b22fc45",
		62: "5853542321f567a005d547a4f04759bd",
		63: "5150d1772f50834a503e069a973fbd7c",
	} {
		message := make([]byte, length)
		for i := range message {
			message[i] = byte(i)
		}
		h := newSip(seed)
		for ; len(message) >= 8; message = message[8:] {
			h.word(binary.LittleEndian.Uint64(message))
		}
		last := [8]byte{7: byte(length)}
		copy(last[:7], message)
		h.word(binary.LittleEndian.Uint64(last[:]))
		first, second := h.sum()
		sum := binary.LittleEndian.AppendUint64(nil, first)
		sum = binary.LittleEndian.AppendUint64(sum, second)
		if got := hex.EncodeToString(sum); got != want {
			t.Errorf("%d bytes: got %s, want %s", length, got, want)
		}
	}
}

func TestKeyOfTellsPartsApart(t *testing.T) {
	seen := map[Key][]string{}
	for _, parts := range [][]string{
		{}, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc\x00"},
		{"12345678"}, {"1234567", "8"}, {"123456781"}, {"12345678", "1"}, {"user", "alice"}, {"address", "alice"},
	} {
		k := KeyOf(Seed{}, parts...)
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q have one key", parts, other)
		}
		seen[k] = parts
		if k != KeyOf(Seed{}, parts...) {
			t.Errorf("%q has two keys", parts)
		}
		if k == KeyOf(Seed{1}, parts...) {
			t.Errorf("%q: the seed does not matter", parts)
		}
	}
}

// Window is the key's i-th window: the first three share a bucket, the next
// three another one.
func (k Key) Window(i int) Key {
	return k.With(Window{uint64(i / windowsTogether), uint64(i) * 0x94D049BB133111EB})
}

// TestWindowsBelongToNames: whatever the order of the names, each has the same
// window, and those of one bucket follow each other in Order.
func TestWindowsBelongToNames(t *testing.T) {
	names := []string{"minute", "day", "month", "tokens", "burst", "all", "a", "tokens-2"}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range len(names) + 1 {
		some := slices.Clone(names[:n])
		want := map[string]Window{}
		for i, w := range Windows(Seed{7}, some) {
			want[some[i]] = w
		}
		for range 20 {
			rng.Shuffle(n, func(i, j int) { some[i], some[j] = some[j], some[i] })
			windows := Windows(Seed{7}, some)
			for i, w := range windows {
				if w != want[some[i]] {
					t.Fatalf("%q in %q: %v, want %v", some[i], some, w, want[some[i]])
				}
			}
			checkOrder(t, windows)
		}
	}
	if a, b := Windows(Seed{7}, []string{"a"}), Windows(Seed{8}, []string{"a"}); a[0] == b[0] {
		t.Error("the seed does not matter")
	}
}

func checkOrder(t *testing.T, windows []Window) {
	t.Helper()
	order := Order(windows)
	seen, size := map[int]bool{}, map[uint64]int{}
	for k, i := range order {
		seen[i] = true
		size[windows[i].group]++
		if k > 0 && (windows[order[k-1]].group > windows[i].group || windows[order[k-1]].group == windows[i].group && order[k-1] > i) {
			t.Fatalf("order %v of %v", order, windows)
		}
	}
	for group, n := range size {
		if n > windowsTogether {
			t.Errorf("%d windows share bucket %d", n, group)
		}
	}
	if len(seen) != len(windows) || len(size) != (len(windows)+windowsTogether-1)/windowsTogether {
		t.Fatalf("order %v of %v", order, windows)
	}
}

// TestKeysSpread: callers fall on buckets evenly, so that few buckets overflow.
func TestKeysSpread(t *testing.T) {
	const callers, buckets = 50_000, 10_000
	var loads [buckets]int
	for i := range callers {
		loads[KeyOf(Seed{5}, "address", strconv.Itoa(i)).place%buckets]++
	}
	over := 0
	for _, n := range loads {
		over += max(n-ways, 0)
	}
	// A Poisson distribution of mean 5 leaves 9.7 % of callers without a place.
	if share := float64(over) / callers; share > 0.105 {
		t.Errorf("%.1f %% of callers overflow, want about 9.7", 100*share)
	}
}

func TestSharedSeed(t *testing.T) {
	store := kv.NewMemory()
	first, err := SharedSeed(store, Seed{1})
	if err != nil || first != (Seed{1}) {
		t.Fatalf("first worker: got %v, %v", first, err)
	}
	if again, err := SharedSeed(store, Seed{2}); err != nil || again != first {
		t.Fatalf("second worker: got %v, %v, want %v", again, err, first)
	}
	for _, foreign := range [][]byte{{9}, {seedVersion}, make([]byte, 17), append([]byte{seedVersion}, make([]byte, 17)...)} {
		if err := store.Set(seedKey, foreign, 0); err != nil {
			t.Fatal(err)
		}
		if got, err := SharedSeed(store, Seed{3}); err != nil || got != (Seed{3}) {
			t.Errorf("over %x: got %v, %v", foreign, got, err)
		}
	}
	if _, err := SharedSeed(&kvtest.Losing{Store: kv.NewMemory(), Losses: -1}, Seed{}); err != kv.ErrContended {
		t.Errorf("always losing: got %v", err)
	}
}

func TestSharedSeedIsOneForAllWorkers(t *testing.T) {
	for order := range uint64(50) {
		seeds := make([]Seed, 8)
		var workers []func(kv.Store)
		for i := range seeds {
			workers = append(workers, func(s kv.Store) { seeds[i], _ = SharedSeed(s, Seed{byte(i + 1)}) })
		}
		kvtest.Interleave(kv.NewMemory(), order, workers...)
		for _, s := range seeds {
			if s != seeds[0] || s == (Seed{}) {
				t.Fatalf("order %d: workers have seeds %v", order, seeds)
			}
		}
	}
}

func BenchmarkKeyOf(b *testing.B) {
	seed := Seed{byte(rand.Uint32())}
	for name, last := range map[string]string{"caller": "alice@example.com", "body": strings.Repeat("x", 1100)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = KeyOf(seed, "requests", "user", last)
			}
		})
	}
}
