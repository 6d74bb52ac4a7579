package respcache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func randomIndex(random *rand.Rand) index {
	x := index{purged: random.Int64()}
	for i := range x.slots {
		if random.IntN(2) == 0 {
			x.slots[i] = slot{random.Uint64(), random.Int64(), random.Uint64(), 1 + random.Uint32N(1<<20)}
		}
	}
	return x
}

func TestIndexRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		want := randomIndex(random)
		value := want.encode(nil)
		var got index
		if !got.decode(value) || got != want || len(value) > maxIndex {
			t.Fatalf("case %d: %+v\ncame back as %+v from %d bytes", i, want, got, len(value))
		}
	}
}

func TestIndexRefuses(t *testing.T) {
	good := func() []byte {
		var x index
		x.slots[3] = slot{1, 2, 3, 4}
		x.slots[7] = slot{5, 6, 7, 8}
		return x.encode(nil)
	}
	if x := new(index); !x.decode(good()) {
		t.Fatal("the good value was refused")
	}
	first, second := indexHeader, indexHeader+indexEntry
	for name, change := range map[string]func(v []byte) []byte{
		"nothing":             func(v []byte) []byte { return nil },
		"cut header":          func(v []byte) []byte { return v[:indexHeader-1] },
		"another layout":      func(v []byte) []byte { v[0]++; return v },
		"purged before 1970":  func(v []byte) []byte { v[8] = 0x80; return v },
		"cut entry":           func(v []byte) []byte { return v[:len(v)-1] },
		"unknown slot":        func(v []byte) []byte { v[second] = ways; return v },
		"the same slot twice": func(v []byte) []byte { v[second] = 3; return v },
		"slots out of order":  func(v []byte) []byte { v[first] = 9; return v },
		"no size":             func(v []byte) []byte { v[first+25] = 0; return v },
		"expires before 1970": func(v []byte) []byte { v[first+16] = 0x80; return v },
	} {
		var x index
		if value := change(good()); x.decode(value) {
			t.Errorf("%s: %x was taken for ours", name, value)
		}
	}
}

func TestAnswerRoundTrip(t *testing.T) {
	for _, want := range []stored{
		{key: Key{1}, since: 5, expires: 6, contentType: []byte("application/json"), body: []byte("{}")},
		{key: Key{31: 1}, expires: 1 << 60, stream: true, used: Usage{1 << 40, 2}, contentType: bytes.Repeat([]byte("x"), 255), body: []byte{}},
	} {
		value := want.encode()
		var got stored
		if !got.decode(value) || len(value) != want.size() {
			t.Fatalf("%+v was not taken for ours", want)
		}
		if got.key != want.key || got.since != want.since || got.expires != want.expires || got.stream != want.stream || got.used != want.used ||
			!bytes.Equal(got.contentType, want.contentType) || !bytes.Equal(got.body, want.body) {
			t.Errorf("%+v came back as %+v", want, got)
		}
	}
}

func TestAnswerRefuses(t *testing.T) {
	s := stored{since: 5, expires: 6, contentType: []byte("text/event-stream"), body: []byte("data: [DONE]\n\n")}
	whole := s.encode()
	for n := range whole {
		if got := new(stored); got.decode(whole[:n]) {
			t.Errorf("the first %d bytes of %d were taken for ours", n, len(whole))
		}
	}
	for i := range whole {
		damaged := slices.Clone(whole)
		damaged[i]++
		if got := new(stored); got.decode(damaged) {
			t.Errorf("damage of byte %d was not seen", i)
		}
	}
	backwards := stored{since: 6, expires: 5}
	if got := new(stored); got.decode(backwards.encode()) {
		t.Error("one that expires before it was stored was taken for ours")
	}
}

// TestClassesFillTheBudget: the classes' slots take what the settings reckon
// with, half of it for the largest answers.
func TestClassesFillTheBudget(t *testing.T) {
	slots, parts := 0, 0
	for _, c := range classes {
		slots += c.slots
		parts += 16 * c.slots / c.part
	}
	if slots != ways || parts != 16*4 {
		t.Errorf("%d slots take %d sixteenths of an entry, want %d and 64", slots, parts, ways)
	}
	for _, c := range []struct {
		size  int
		first int
		fits  bool
	}{{1, 0, true}, {1024, 0, true}, {1025, 16, true}, {4096, 16, true}, {4097, 20, true}, {16384, 20, true}, {16385, 0, false}} {
		if first, fits := classOf(c.size, 16<<10); first != c.first || fits != c.fits {
			t.Errorf("%d bytes: class from %d, %v, want %d, %v", c.size, first, fits, c.first, c.fits)
		}
	}
	for first, want := range map[int]int{0: 16, 16: 20, 20: 22} {
		if got := classEnd(first); got != want {
			t.Errorf("class from %d ends at %d, want %d", first, got, want)
		}
	}
}

// TestSortOfManyMembers: any order of many names has one form, and names that
// begin alike are told apart.
// TestNamesDiffer: no two of the values of a cache have one name. The number 15
// is written f, which once was the beginning of a flight's name too.
func TestNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	add := func(name, what string) {
		if other, found := seen[name]; found {
			t.Errorf("%s and %s are both called %s", other, what, name)
		}
		seen[name] = what
	}
	for bucket := range uint64(2000) {
		add(indexName(bucket), fmt.Sprint("index ", bucket))
		for i := range ways {
			add(slotName(bucket, i), fmt.Sprint("slot ", bucket, i))
		}
	}
	for i := range flights {
		add(flightName(Key{31: byte(i)}), fmt.Sprint("flight ", i))
	}
}

func TestSortOfManyMembers(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	var names []string
	for i := range 500 {
		names = append(names, `"`+strings.Repeat("a", i)+`":`+strings.Repeat("1", 1+i%3))
	}
	hasher := NewHasher()
	want := keyFor(t, "t", nil, "{"+strings.Join(names, ",")+"}")
	for range 20 {
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		if got, err := hasher.Key("t", nil, []byte("{"+strings.Join(names, ",")+"}")); err != nil || got != want {
			t.Fatalf("another order has another key: %v", err)
		}
	}
	slices.Reverse(names)
	names[3] = names[400]
	if _, err := hasher.Key("t", nil, []byte("{"+strings.Join(names, ",")+"}")); err != ErrBody {
		t.Errorf("a name twice: %v", err)
	}
}

func TestHasherAllocatesLittle(t *testing.T) {
	hasher, decides := NewHasher(), []string{"/v1/chat/completions"}
	body := []byte(`{"model":"m","messages":[{"role":"user","content":"hi"}],"a":1}`)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := hasher.Key("alice", decides, body); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
