package respcache

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

var start = time.Unix(1_800_000_000, 0)

func settings() Settings {
	return Settings{TTL: time.Minute, MaxEntry: 16 << 10, MaxTotal: 1 << 20}
}

func newCache(t testing.TB, s Settings) (*Cache, *kv.Memory) {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	store := kv.NewMemory()
	return New(store, s), store
}

// answerOf makes a JSON answer of about size bytes that says text.
func answerOf(text string, size int) *Response {
	return good(Response{ContentType: "application/json", Body: []byte(`{"text":"` + text + strings.Repeat(" ", size) + `"}`)})
}

func question(t testing.TB, i int) Key {
	t.Helper()
	return keyFor(t, "alice", nil, strconv.Itoa(i))
}

// put stores an answer of tenant alice, asked and stored at the same moment.
func put(t testing.TB, c *Cache, key Key, r *Response, at time.Duration) {
	t.Helper()
	if refusal := c.Put(key, "alice", Parse(), r, start.Add(at), start.Add(at)); refusal != Kept {
		t.Fatalf("not kept: %q", refusal)
	}
}

func TestRoundTrip(t *testing.T) {
	c, store := newCache(t, settings())
	for name, r := range goodAnswers {
		key := keyFor(t, "alice", []string{name}, `{}`)
		response := good(r)
		response.Used = Usage{12, 34}
		if _, hit := c.Get(key, Parse(), start); hit {
			t.Fatalf("%s: a hit before anything was stored", name)
		}
		put(t, c, key, response, 0)
		got, hit := New(store, settings()).Get(key, Parse(), start.Add(5*time.Second))
		if !hit || !bytes.Equal(got.Body, r.Body) || got.ContentType != r.ContentType || got.Stream != strings.Contains(name, "stream") ||
			got.Used != (Usage{12, 34}) || got.Age != 5*time.Second {
			t.Errorf("%s: hit %v, %+v", name, hit, got)
		}
	}
	if c.Corrupt() != 0 {
		t.Errorf("%d corrupt", c.Corrupt())
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		name    string
		request []string // of the request that looks
		stored  []string // of the answer
		at      time.Duration
		hit     bool
	}{
		{"fresh", nil, nil, 0, true},
		{"just good", nil, nil, time.Minute - 1, true},
		{"just gone", nil, nil, time.Minute, false},
		{"no-cache", []string{"no-cache"}, nil, 0, false},
		{"no-store", []string{"no-store"}, nil, 0, false},
		{"young enough", []string{"max-age=10"}, nil, 10 * time.Second, true},
		{"too old for this request", []string{"max-age=10"}, nil, 10*time.Second + 1, false},
		{"max-age=0, at once", []string{"max-age=0"}, nil, 0, true},
		{"max-age=0", []string{"max-age=0"}, nil, 1, false},
		{"fresh for long enough", []string{"min-fresh=50"}, nil, 10 * time.Second, true},
		{"not fresh for long enough", []string{"min-fresh=50"}, nil, 10*time.Second + 1, false},
		{"the upstream's time is shorter", nil, []string{"max-age=5"}, 5 * time.Second, false},
		{"the upstream's time is longer", nil, []string{"max-age=5000"}, time.Minute, false},
		{"only-if-cached", []string{"only-if-cached"}, nil, 0, true},
	} {
		cache, _ := newCache(t, settings())
		r := answerOf("x", 10)
		r.Control = Parse(c.stored...)
		put(t, cache, question(t, 1), r, 0)
		if _, hit := cache.Get(question(t, 1), Parse(c.request...), start.Add(c.at)); hit != c.hit {
			t.Errorf("%s: hit %v, want %v", c.name, hit, c.hit)
		}
	}
}

func TestWhatIsNotKept(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings func(*Settings)
		request  string
		change   func(*Response)
		want     Refusal
	}{
		{"anything good", nil, "", nil, Kept},
		{"request no-cache", nil, "no-cache", nil, Kept},
		{"request no-store", nil, "no-store", nil, Directive},
		{"no-store", nil, "", func(r *Response) { r.Control = Parse("no-store") }, Directive},
		{"no-cache", nil, "", func(r *Response) { r.Control = Parse("no-cache") }, Directive},
		{"max-age=0", nil, "", func(r *Response) { r.Control = Parse("max-age=0") }, Directive},
		{"private, by tenant", nil, "", func(r *Response) { r.Control = Parse("private") }, Kept},
		{"private, for all", func(s *Settings) { s.ShareTenants = true }, "", func(r *Response) { r.Control = Parse("private") }, Directive},
		{"no-store, told to ignore it", func(s *Settings) { s.IgnoreUpstream = true }, "", func(r *Response) { r.Control = Parse("no-store, max-age=0") }, Kept},
		{"request no-store, told to ignore the upstream", func(s *Settings) { s.IgnoreUpstream = true }, "no-store", nil, Directive},
		{"an error", nil, "", func(r *Response) { r.Status = 500 }, Status},
		{"truncated", nil, "", func(r *Response) { r.Ended = false }, Truncated},
		{"too large", nil, "", func(r *Response) { r.Body = []byte(`"` + strings.Repeat("x", 16<<10) + `"`) }, TooLarge},
		{"a type that is too long", nil, "", func(r *Response) { r.ContentType += ";" + strings.Repeat("x", 300) }, TooLarge},
	} {
		s := settings()
		if c.settings != nil {
			c.settings(&s)
		}
		cache, store := newCache(t, s)
		r := answerOf("x", 10)
		if c.change != nil {
			c.change(r)
		}
		got := cache.Put(question(t, 1), "alice", Parse(c.request), r, start, start)
		_, hit := cache.Get(question(t, 1), Parse(), start)
		if keys, _ := store.Size(); got != c.want || hit != (c.want == Kept) || keys > 0 != hit {
			t.Errorf("%s: got %q, hit %v, %d keys stored, want %q", c.name, got, hit, keys, c.want)
		}
	}
}

func TestReplacing(t *testing.T) {
	c, _ := newCache(t, settings())
	key := question(t, 1)
	for i, size := range []int{10, 20, 3000, 12000, 500, 9000, 10} {
		put(t, c, key, answerOf(strconv.Itoa(i), size), 0)
		got, hit := c.Get(key, Parse(), start)
		if !hit || !strings.Contains(string(got.Body), `"text":"`+strconv.Itoa(i)) {
			t.Fatalf("answer %d of %d bytes: hit %v, %.40s", i, size, hit, got.Body)
		}
		if answers, _ := c.Usage(); answers != 1 {
			t.Fatalf("answer %d: %d are stored", i, answers)
		}
	}
}

// TestBounds: 100,000 different answers of all sizes go through, and neither
// the keys nor the bytes, with what the host adds, pass the settings.
func TestBounds(t *testing.T) {
	s := settings()
	c, store := newCache(t, s)
	for i := range 100_000 {
		size := []int{10, 100, 700, 3000, 15000}[i%5] + i%7
		put(t, c, Key{byte(i), byte(i >> 8), byte(i >> 16), 8: byte(i), 9: byte(i >> 8)}, answerOf("x", size), time.Duration(i)*time.Millisecond)
		if i%5000 == 0 || i == 99_999 {
			if keys, bytes := store.Size(); bytes+keys*(hostOverhead-20) > s.MaxTotal || keys > int(c.buckets)*(1+ways) {
				t.Fatalf("after %d answers: %d keys, %d bytes, bound %d", i, keys, bytes, s.MaxTotal)
			}
		}
	}
	answers, bytes := c.Usage()
	keys, all := store.Size()
	t.Logf("%d buckets, %d keys, %d bytes; %d answers of %d bytes", c.buckets, keys, all, answers, bytes)
	if answers < int(c.buckets)*ways*9/10 {
		t.Errorf("%d answers in %d slots", answers, int(c.buckets)*ways)
	}
	if c.Corrupt() != 0 {
		t.Errorf("%d corrupt", c.Corrupt())
	}
}

// TestEviction: in a full bucket the answer that expires first makes room.
func TestEviction(t *testing.T) {
	c, _ := newCache(t, Settings{TTL: time.Hour, MaxEntry: MinEntry, MaxTotal: 6 * MinEntry})
	if c.buckets != 1 {
		t.Fatalf("%d buckets, want 1", c.buckets)
	}
	for i := range ways {
		put(t, c, question(t, i), answerOf("x", 1), time.Duration(i)*time.Second)
	}
	for i := range 5 {
		put(t, c, question(t, 100+i), answerOf("x", 1), time.Minute)
		for j := range ways {
			if _, hit := c.Get(question(t, j), Parse(), start.Add(time.Minute)); hit != (j > i) {
				t.Errorf("after %d more: answer %d is a hit: %v", i+1, j, hit)
			}
		}
	}
	put(t, c, question(t, 200), answerOf("x", MinEntry-100), time.Minute)
	if _, hit := c.Get(question(t, 200), Parse(), start.Add(time.Minute)); !hit {
		t.Error("a large answer found no room among small ones")
	}
}

func TestSweep(t *testing.T) {
	s := settings()
	c, store := newCache(t, s)
	for i := range 200 {
		put(t, c, question(t, i), answerOf("x", 500), time.Duration(i%2)*30*time.Second)
	}
	answers, _ := c.Usage()
	_, before := store.Size()
	if freed := c.Sweep(int(c.buckets), start.Add(59*time.Second)); freed != 0 {
		t.Errorf("freed %d that were good", freed)
	}
	freed := 0
	for range c.buckets {
		freed += c.Sweep(1, start.Add(time.Minute))
	}
	left, _ := c.Usage()
	if freed == 0 || left != answers-freed {
		t.Errorf("%d answers, freed %d, left %d", answers, freed, left)
	}
	for i := range 200 {
		if _, hit := c.Get(question(t, i), Parse(), start.Add(time.Minute)); hit && i%2 == 0 {
			t.Errorf("answer %d is past its time", i)
		}
	}
	freed += c.Sweep(1000, start.Add(time.Hour))
	if _, after := store.Size(); freed != answers || after > before/5 {
		t.Errorf("freed %d of %d answers, %d bytes of %d are left", freed, answers, after, before)
	}
	if c.Sweep(-1, start) != 0 || c.Corrupt() != 0 {
		t.Errorf("%d corrupt", c.Corrupt())
	}
}

func TestPurge(t *testing.T) {
	c, store := newCache(t, settings())
	other := New(store, settings())
	key := func(tenant string, i int) Key { return keyFor(t, tenant, nil, strconv.Itoa(i)) }
	fill := func(at time.Duration) {
		for i := range 10 {
			for _, tenant := range []string{"alice", "bob"} {
				if refusal := c.Put(key(tenant, i), tenant, Parse(), answerOf("x", 10), start.Add(at), start.Add(at)); refusal != Kept {
					t.Fatal(refusal)
				}
			}
		}
	}
	hits := func(tenant string, at time.Duration) (n int) {
		for i := range 10 {
			if _, hit := other.Get(key(tenant, i), Parse(), start.Add(at)); hit {
				n++
			}
		}
		return n
	}
	fill(0)
	if n, err := c.Purge("alice", start.Add(1)); n != 10 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
	if a, b := hits("alice", 1), hits("bob", 1); a != 0 || b != 10 {
		t.Errorf("after purging alice: %d and %d hits", a, b)
	}
	if refusal := other.Put(key("alice", 1), "alice", Parse(), answerOf("x", 10), start, start.Add(2)); refusal != Purged {
		t.Errorf("an answer to a question from before the purge: %q", refusal)
	}
	fill(2)
	if n, err := c.PurgeAll(start.Add(3)); n != 20 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
	if a, b := hits("alice", 3), hits("bob", 3); a != 0 || b != 0 {
		t.Errorf("after purging all: %d and %d hits", a, b)
	}
	fill(4)
	if a, b := hits("alice", 4), hits("bob", 4); a != 10 || b != 10 {
		t.Errorf("stored after the purge: %d and %d hits", a, b)
	}
	if n, err := New(&kvtest.Losing{Store: store, Losses: -1}, settings()).PurgeAll(start.Add(5)); n != 0 || err != kv.ErrContended {
		t.Errorf("always losing: %d, %v", n, err)
	}
}

// TestClock: answers from before the clock was set back are not used, and new
// ones take their places.
func TestClock(t *testing.T) {
	c, _ := newCache(t, settings())
	if _, err := c.PurgeAll(start); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		put(t, c, question(t, i), answerOf("old", 10), 1)
	}
	if _, hit := c.Get(question(t, 1), Parse(), start.Add(-time.Millisecond)); !hit {
		t.Error("a worker's reading a millisecond earlier is no clock set back")
	}
	back := -24 * time.Hour
	for i := range 50 {
		if _, hit := c.Get(question(t, i), Parse(), start.Add(back)); hit {
			t.Fatal("an answer from the future")
		}
		put(t, c, question(t, i), answerOf("new", 10), back)
		if a, hit := c.Get(question(t, i), Parse(), start.Add(back)); !hit || !strings.Contains(string(a.Body), "new") || a.Age != 0 {
			t.Fatalf("after the clock was set back: hit %v, %s", hit, a.Body)
		}
	}
	if freed := c.Sweep(1000, start.Add(back)); freed != 0 {
		t.Errorf("%d answers from before are left", freed)
	}
	early := -time.Duration(start.UnixNano()) - time.Hour
	put(t, c, question(t, 1), answerOf("x", 10), early)
	if _, hit := c.Get(question(t, 1), Parse(), start.Add(early)); !hit {
		t.Error("before 1970")
	}
}

// TestClockInAFullBucket: answers from before the clock was set back make room
// for new ones, instead of the new ones for each other.
func TestClockInAFullBucket(t *testing.T) {
	c, _ := newCache(t, Settings{TTL: time.Hour, MaxEntry: MinEntry, MaxTotal: 6 * MinEntry})
	back := -24 * time.Hour
	for i := range ways {
		put(t, c, question(t, i), answerOf("old", 1), 0)
	}
	for i := range 16 { // as many as there are small slots
		put(t, c, question(t, 100+i), answerOf("new", 1), back)
	}
	for i := range 16 {
		if _, hit := c.Get(question(t, 100+i), Parse(), start.Add(back)); !hit {
			t.Errorf("new answer %d is gone", i)
		}
	}
	if freed := c.Sweep(1, start.Add(back)); freed != ways-16 {
		t.Errorf("freed %d old answers, want %d", freed, ways-16)
	}
}

// TestSweepDoesNotTakeWhatIsNew: between the sweep's steps another worker
// stores a new answer in the slot that is being freed.
func TestSweepDoesNotTakeWhatIsNew(t *testing.T) {
	for _, moment := range []string{"before it reads the slot", "before it writes the slot"} {
		c, memory := newCache(t, settings())
		other := New(memory, settings())
		key := question(t, 1)
		put(t, c, key, answerOf("old", 10), 0)
		slot := slotName(c.bucket(key), c.index.find(tagOf(key)))
		renew := func() { put(t, other, key, answerOf("new", 10), time.Hour) }
		done := false
		c.store = hooked{memory, func(get bool, name string) {
			if name == slot && get == (moment == "before it reads the slot") && !done {
				done = true
				renew()
			}
		}}
		if freed := c.Sweep(1000, start.Add(time.Hour)); freed != 1 || !done {
			t.Fatalf("%s: freed %d, hook ran: %v", moment, freed, done)
		}
		if a, hit := other.Get(key, Parse(), start.Add(time.Hour)); !hit || !strings.Contains(string(a.Body), "new") {
			t.Errorf("%s: the new answer is gone", moment)
		}
	}
}

// hooked calls before ahead of each operation.
type hooked struct {
	kv.Store
	before func(get bool, key string)
}

func (h hooked) Get(key string) ([]byte, uint32, error) {
	h.before(true, key)
	return h.Store.Get(key)
}

func (h hooked) Set(key string, value []byte, cas uint32) error {
	h.before(false, key)
	return h.Store.Set(key, value, cas)
}

// TestFlightsShareAPlace: two questions in one place do not end or hold up each
// other; the later one takes the place.
func TestFlightsShareAPlace(t *testing.T) {
	c, _ := newCache(t, settings())
	a, b := Key{1}, Key{2}
	steps := []struct {
		what string
		got  func() time.Duration
		want time.Duration
	}{
		{"a begins", func() time.Duration { return c.Begin(a, time.Second, start) }, 0},
		{"b does not wait for a", func() time.Duration { return c.Begin(b, time.Second, start) }, 0},
		{"b waits for b", func() time.Duration { c.End(a); return c.Begin(b, time.Second, start) }, time.Second},
		{"b has ended", func() time.Duration { c.End(b); return c.Begin(b, time.Second, start) }, 0},
	}
	for _, s := range steps {
		if got := s.got(); got != s.want {
			t.Errorf("%s: wait %v, want %v", s.what, got, s.want)
		}
	}
}

func TestContention(t *testing.T) {
	store := &kvtest.Losing{Store: kv.NewMemory(), Losses: -1}
	c := New(store, settings())
	if refusal := c.Put(question(t, 1), "alice", Parse(), answerOf("x", 1), start, start); refusal != Contended {
		t.Errorf("got %q", refusal)
	}
	if wait := c.Begin(question(t, 1), time.Second, start); wait != 0 {
		t.Errorf("a contended flight waits %v", wait)
	}
	c.End(question(t, 1))
	if _, hit := c.Get(question(t, 1), Parse(), start); hit {
		t.Error("a hit from nowhere")
	}
}

func TestFlights(t *testing.T) {
	c, store := newCache(t, settings())
	other := New(store, settings())
	key := question(t, 1)
	for i, step := range []struct {
		cache *Cache
		lease time.Duration // below 0: End
		at    time.Duration
		want  time.Duration
	}{
		{c, 10 * time.Second, 0, 0},
		{other, 10 * time.Second, 0, 10 * time.Second},
		{other, 10 * time.Second, 4 * time.Second, 6 * time.Second},
		{c, -1, 0, 0},
		{other, 10 * time.Second, 4 * time.Second, 0},
		{c, 10 * time.Second, 14*time.Second - 1, 1},
		{c, time.Hour, 14 * time.Second, 0}, // the other one died
		{other, 10 * time.Second, 14 * time.Second, MaxFlight},
		{other, 10 * time.Second, -time.Hour, 0}, // the clock was set back
	} {
		if step.lease < 0 {
			step.cache.End(key)
			continue
		}
		if got := step.cache.Under(key, start.Add(step.at)); got != step.want {
			t.Errorf("step %d: %v left, want %v", i, got, step.want)
		}
		if got := step.cache.Begin(key, step.lease, start.Add(step.at)); got != step.want {
			t.Errorf("step %d: wait %v, want %v", i, got, step.want)
		}
	}
	for i := range 5000 {
		c.Begin(question(t, i), time.Second, start)
		c.End(question(t, i))
	}
	if keys, bytes := store.Size(); keys > flights || bytes > flights*50 {
		t.Errorf("%d keys, %d bytes", keys, bytes)
	}
}

// TestRenew: a call that is under way gets more time, one that has ended or lost its
// place does not.
func TestRenew(t *testing.T) {
	c, store := newCache(t, settings())
	a, b := Key{1}, Key{2} // in one place
	c.Renew(a, time.Second, start)
	if keys, _ := store.Size(); keys != 0 {
		t.Error("what never began was renewed")
	}
	want := func(what string, key Key, at, want time.Duration) {
		t.Helper()
		if got := c.Under(key, start.Add(at)); got != want {
			t.Errorf("%s: %v left, want %v", what, got, want)
		}
	}
	c.Begin(a, 3*time.Second, start)
	c.Renew(a, 3*time.Second, start.Add(2*time.Second))
	want("renewed", a, 4*time.Second, time.Second)
	c.Renew(a, 3*time.Second, start.Add(10*time.Second))
	want("renewed late", a, 11*time.Second, 2*time.Second)
	c.Renew(a, time.Hour, start.Add(11*time.Second))
	want("renewed for too long", a, 11*time.Second, MaxFlight)
	c.Begin(b, 3*time.Second, start.Add(12*time.Second))
	c.Renew(a, 3*time.Second, start.Add(12*time.Second))
	want("lost its place", a, 12*time.Second, 0)
	want("has the place", b, 12*time.Second, 3*time.Second)
	c.End(b)
	c.Renew(b, 3*time.Second, start.Add(12*time.Second))
	want("has ended", b, 12*time.Second, 0)
}

func TestForeignFlight(t *testing.T) {
	c, store := newCache(t, settings())
	key := question(t, 1)
	for _, value := range [][]byte{{}, {9}, bytes.Repeat([]byte{layout}, flightSize), append([]byte{layout}, append(key[:16:16], bytes.Repeat([]byte{0xff}, 8)...)...)} {
		if err := store.Set(flightName(key), value, 0); err != nil {
			t.Fatal(err)
		}
		c.End(key)
		if wait := c.Begin(key, time.Second, start); wait != 0 {
			t.Errorf("over %x: wait %v", value, wait)
		}
	}
}

func TestSettingsValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"as they are", func(s *Settings) {}, ""},
		{"smallest", func(s *Settings) { s.MaxEntry, s.MaxTotal, s.TTL = MinEntry, 6*MinEntry, time.Second }, ""},
		{"largest", func(s *Settings) { s.MaxEntry, s.MaxTotal, s.TTL = MaxEntry, MaxTotal, MaxTTL }, ""},
		{"no ttl", func(s *Settings) { s.TTL = 0 }, "ttl"},
		{"ttl too long", func(s *Settings) { s.TTL = MaxTTL + 1 }, "ttl"},
		{"entry too small", func(s *Settings) { s.MaxEntry = MinEntry - 1 }, "max_entry"},
		{"entry too large", func(s *Settings) { s.MaxEntry = MaxEntry + 1 }, "max_entry"},
		{"no room for one bucket", func(s *Settings) { s.MaxTotal = 6*s.MaxEntry - 1 }, "max_total"},
		{"too much", func(s *Settings) { s.MaxTotal = MaxTotal + 1 }, "max_total"},
	} {
		s := settings()
		c.change(&s)
		err := s.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if err == nil && s.buckets()*s.bucketBytes() > s.MaxTotal {
			t.Errorf("%s: %d buckets of %d bytes", c.name, s.buckets(), s.bucketBytes())
		}
	}
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{500, 3000, 50_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := Settings{TTL: time.Hour, MaxEntry: 64 << 10, MaxTotal: 16 << 20}
			c, _ := newCache(b, s)
			for i := range 1000 {
				put(b, c, question(b, i), answerOf("x", size), 0)
			}
			key := question(b, 999)
			b.ReportAllocs()
			for b.Loop() {
				if _, hit := c.Get(key, Parse(), start); !hit {
					b.Fatal("a miss")
				}
			}
		})
	}
}
