package apikey

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

func keyOf(credential, user string) Key {
	return Key{Hash: sha256.Sum256([]byte(credential)), User: user}
}

func ringOf(t testing.TB, keys ...Key) *Ring {
	t.Helper()
	r, err := NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFindByDate(t *testing.T) {
	dated := keyOf("sk-dated", "alice")
	dated.NotBefore, dated.NotAfter = 1000, 2000
	from := keyOf("sk-from", "bob")
	from.NotBefore = 1000
	until := keyOf("sk-until", "carol")
	until.NotAfter = 2000
	r := ringOf(t, dated, from, until, keyOf("sk-always", "dave"))
	for _, c := range []struct {
		credential string
		at         int64
		want       error
	}{
		{"sk-dated", 999, ErrNotYet},
		{"sk-dated", 1000, nil},
		{"sk-dated", 1999, nil},
		{"sk-dated", 2000, ErrExpired},
		{"sk-from", 999, ErrNotYet},
		{"sk-from", 1 << 40, nil},
		{"sk-until", 0, nil},
		{"sk-until", 2000, ErrExpired},
		{"sk-always", 0, nil},
		{"sk-always", -5, nil},
		{"sk-alway", 1500, ErrUnknown},
		{"sk-always ", 1500, ErrUnknown},
		{"SK-ALWAYS", 1500, ErrUnknown},
		{"", 1500, ErrUnknown},
	} {
		k, err := r.Find(c.credential, time.Unix(c.at, 0))
		if err != c.want || (k != nil) != (err == nil) {
			t.Errorf("Find(%q) at %d: got %v, %v, want error %v", c.credential, c.at, k, err, c.want)
		}
	}
}

func TestFindSubSecond(t *testing.T) {
	k := keyOf("sk", "alice")
	k.NotAfter = 2000
	r := ringOf(t, k)
	if _, err := r.Find("sk", time.Unix(1999, 999_999_999)); err != nil {
		t.Errorf("in the last nanosecond: %v", err)
	}
}

// TestRotation: a user's old and new key are both good while their dates
// overlap, so a rotation has no gap.
func TestRotation(t *testing.T) {
	old, next := keyOf("sk-old", "alice"), keyOf("sk-new", "alice")
	old.NotAfter, next.NotBefore = 2000, 1500
	r := ringOf(t, old, next)
	for at := int64(1400); at < 2100; at += 50 {
		good := 0
		for _, credential := range []string{"sk-old", "sk-new"} {
			if k, err := r.Find(credential, time.Unix(at, 0)); err == nil {
				if k.User != "alice" {
					t.Fatalf("%s belongs to %q", credential, k.User)
				}
				good++
			}
		}
		if want := map[bool]int{true: 2, false: 1}[at >= 1500 && at < 2000]; good != want {
			t.Errorf("at %d: %d keys are good, want %d", at, good, want)
		}
	}
}

func TestEmptyRing(t *testing.T) {
	for _, r := range []*Ring{nil, {}, ringOf(t)} {
		if k, err := r.Find("sk", time.Unix(0, 0)); err != ErrUnknown || k != nil || r.Len() != 0 {
			t.Errorf("got %v, %v, %d keys", k, err, r.Len())
		}
	}
}

func TestNewRingErrors(t *testing.T) {
	good := keyOf("sk-1", "alice")
	reversed := keyOf("sk-2", "bob")
	reversed.NotBefore, reversed.NotAfter = 2000, 1000
	same := reversed
	same.NotAfter = 2000
	negative := keyOf("sk-2", "bob")
	negative.NotAfter = -1
	for _, c := range []struct {
		name string
		bad  Key
		want string
	}{
		{"the same key again", keyOf("sk-1", "bob"), "keys[1].sha256: the same key is already keys[0]: remove one"},
		{"no hash", Key{User: "bob"}, "keys[1].sha256: missing: give the SHA-256 of the key in 64 hexadecimal digits"},
		{"no user", keyOf("sk-2", ""), "keys[1].user: missing: say whose key it is"},
		{"dates reversed", reversed, "keys[1].not_after: must be later than not_before"},
		{"no time at all", same, "keys[1].not_after: must be later than not_before"},
		{"negative date", negative, "keys[1].not_after: must not be before 1970"},
	} {
		r, err := NewRing([]Key{good, c.bad})
		var bad *KeyError
		if !errors.As(err, &bad) || bad.Index != 1 || err.Error() != c.want || r != nil {
			t.Errorf("%s: got %v, %v, want %s", c.name, r, err, c.want)
		}
	}
}

// many returns n keys whose credentials are "sk-0", "sk-1", ...
func many(n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = keyOf("sk-"+strconv.Itoa(i), "user")
	}
	return keys
}

// TestFindAgainstModel compares the table with a map at sizes around powers of
// two.
func TestFindAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 1000, 1023, 1024, 1025} {
		keys := many(n)
		random.Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		r := ringOf(t, keys...)
		model := map[[32]byte]*Key{}
		for i := range keys {
			model[keys[i].Hash] = &keys[i]
		}
		for i := range 2 * n {
			credential := "sk-" + strconv.Itoa(i)
			got, err := r.Find(credential, time.Unix(0, 0))
			if want := model[sha256.Sum256([]byte(credential))]; got != want || (err == nil) != (want != nil) {
				t.Fatalf("%d keys: Find(%q) = %v, %v, want %v", n, credential, got, err, want)
			}
		}
		if r.Len() != n {
			t.Fatalf("Len = %d, want %d", r.Len(), n)
		}
	}
}

// TestRunsAreShort: a look-up compares few keys, and the table takes 4 bytes
// for each of at most 4 slots a key.
func TestRunsAreShort(t *testing.T) {
	r := ringOf(t, many(50_000)...)
	longest, run := 0, 0
	for _, slot := range append(r.table, r.table...) {
		if run++; slot == 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest > 40 || len(r.table) > 4*50_000 {
		t.Fatalf("longest run %d of a table of %d slots", longest, len(r.table))
	}
}

// TestLastSlotWraps puts keys whose run goes over the end of the table.
func TestLastSlotWraps(t *testing.T) {
	keys := make([]Key, 3)
	for i := range keys {
		keys[i] = Key{User: "u", Hash: [32]byte{255, 255, 255, 31: byte(i)}}
	}
	r := ringOf(t, keys...)
	for i := range keys {
		if got := r.lookup(&keys[i].Hash); got != &keys[i] {
			t.Errorf("key %d: got %v", i, got)
		}
	}
	if got := r.lookup(&[32]byte{255, 255, 255, 31: 9}); got != nil {
		t.Errorf("got %v for an unknown hash", got)
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	r := ringOf(t, many(1000)...)
	long := strings.Repeat("x", 256)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = r.Find("sk-7", time.Unix(0, 0))
		_, _ = r.Find(long, time.Unix(0, 0))
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkNewRing50000(b *testing.B) {
	keys := many(50_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewRing(keys); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10, 50_000} {
		r := ringOf(b, many(n)...)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Find("sk-7", time.Unix(0, 0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
