package respcache

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/kv/kvtest"
)

// model keeps every answer for ever in a map.
type model map[string]modelAnswer

type modelAnswer struct {
	text           string
	tenant         string
	since, expires time.Time
}

// TestCacheAgainstModel drives four workers' caches over one store and a map
// through the same random events. A hit must be what the map has; a miss may be
// an eviction, but not while only few answers are in use.
func TestCacheAgainstModel(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 41))
		questions, most := []int{8, 200}[seed%2], []int{800, 8000}[seed%2] // the first all find a small slot
		s := settings()
		s.TTL = []time.Duration{20 * time.Second, 10 * time.Minute}[seed%2]
		store := kv.NewMemory()
		var workers []*Cache
		for range 4 {
			workers = append(workers, New(store, s))
		}
		m, now, hits, misses := model{}, start, 0, 0
		for i := range 4000 {
			now = now.Add(time.Duration(random.Int64N(1 << random.UintN(32))))
			c := workers[random.IntN(4)]
			tenant, n := "tenant "+strconv.Itoa(random.IntN(3)), random.IntN(questions)
			name := tenant + "/" + strconv.Itoa(n)
			key := keyFor(t, tenant, nil, strconv.Itoa(n))
			switch event := random.IntN(2000); {
			case event == 0:
				if _, err := c.PurgeAll(now); err != nil {
					t.Fatal(err)
				}
				clear(m)
			case event < 10:
				if _, err := c.Purge(tenant, now); err != nil {
					t.Fatal(err)
				}
				for name, a := range m {
					if a.tenant == tenant {
						delete(m, name)
					}
				}
			case event < 70:
				c.Sweep(random.IntN(5), now)
			case event < 900:
				text := strconv.Itoa(i) + "."
				r := answerOf(text, random.IntN(most))
				if random.IntN(3) == 0 {
					r.Control = Parse("max-age=" + strconv.Itoa(1+random.IntN(600)))
				}
				now = now.Add(1) // a purge at the very moment refuses it
				if refusal := c.Put(key, tenant, Parse(), r, now, now); refusal != Kept {
					t.Fatalf("seed %d, event %d: not kept: %q", seed, i, refusal)
				}
				ttl := s.TTL
				if r.Control.MaxAge >= 0 {
					ttl = min(ttl, r.Control.MaxAge)
				}
				m[name] = modelAnswer{text, tenant, now, now.Add(ttl)}
			default:
				request := Parse()
				if random.IntN(4) == 0 {
					request = Parse("max-age=" + strconv.Itoa(random.IntN(30)))
				}
				want, known := m[name]
				good := known && now.Before(want.expires) && (request.MaxAge < 0 || now.Sub(want.since) <= request.MaxAge)
				got, hit := c.Get(key, request, now)
				if hit && (!good || !strings.HasPrefix(string(got.Body), `{"text":"`+want.text) || got.Age != now.Sub(want.since)) {
					t.Fatalf("seed %d, event %d, %s: a hit of %.30s, %v old, want %+v at %v", seed, i, name, got.Body, got.Age, want, now)
				}
				if !hit && good && questions < 10 {
					t.Fatalf("seed %d, event %d, %s: a miss, want %+v", seed, i, name, want)
				}
				if hit {
					hits++
				} else if good {
					misses++
				}
			}
		}
		if hits < 20 || questions > 10 && misses == 0 {
			t.Errorf("seed %d: %d hits, %d lost", seed, hits, misses)
		}
		for _, c := range workers {
			if c.Corrupt() > 0 {
				t.Errorf("seed %d: %d corrupt", seed, c.Corrupt())
			}
		}
	}
}

// TestInterleavedWorkers: 8 workers store, look, purge and sweep in one small
// cache, in any order of reads and writes. No hit is ever the answer to another
// question or tenant.
func TestInterleavedWorkers(t *testing.T) {
	hits := 0
	for order := range uint64(60) {
		s := Settings{TTL: time.Minute, MaxEntry: MinEntry, MaxTotal: 6 * MinEntry}
		memory := kv.NewMemory()
		corrupt := uint64(0)
		var workers []func(kv.Store)
		for worker := range 8 {
			random := rand.New(rand.NewPCG(order, uint64(worker)))
			workers = append(workers, func(store kv.Store) {
				c := New(store, s)
				for i := range 30 {
					tenant, n := strconv.Itoa(random.IntN(2)), random.IntN(20)
					name := tenant + "/" + strconv.Itoa(n) + "/"
					key := keyFor(t, tenant, nil, strconv.Itoa(n))
					now := start.Add(time.Duration(i) * time.Second)
					switch random.IntN(8) {
					case 0:
						_, _ = c.Purge(tenant, now)
					case 1:
						c.Sweep(1, now.Add(50*time.Second))
					case 2, 3, 4:
						c.Put(key, tenant, Parse(), answerOf(name, random.IntN(3000)), now, now)
					default:
						if got, hit := c.Get(key, Parse(), now); hit {
							hits++
							if !strings.HasPrefix(string(got.Body), `{"text":"`+name) {
								t.Errorf("order %d: asked for %s, got %.30s", order, name, got.Body)
							}
						}
					}
				}
				corrupt += c.Corrupt()
			})
		}
		kvtest.Interleave(memory, order, workers...)
		if corrupt > 0 {
			t.Errorf("order %d: %d corrupt", order, corrupt)
		}
		if keys, bytes := memory.Size(); bytes > s.MaxTotal || keys > 1+ways {
			t.Errorf("order %d: %d keys, %d bytes", order, keys, bytes)
		}
	}
	if hits < 100 {
		t.Errorf("%d hits in all orders", hits)
	}
}

// TestOneFlightOverWorkers: of 8 workers with the same question one goes first.
func TestOneFlightOverWorkers(t *testing.T) {
	key := question(t, 1)
	for order := range uint64(40) {
		first := 0
		var workers []func(kv.Store)
		for range 8 {
			workers = append(workers, func(store kv.Store) {
				if New(store, settings()).Begin(key, time.Second, start) == 0 {
					first++
				}
			})
		}
		kvtest.Interleave(kv.NewMemory(), order, workers...)
		if first != 1 {
			t.Errorf("order %d: %d workers go first", order, first)
		}
	}
}

// TestDamage flips each bit region of what is stored: never a wrong answer, and
// a counted miss unless the damage makes another key's name of it.
func TestDamage(t *testing.T) {
	c, store := newCache(t, settings())
	key := question(t, 1)
	put(t, c, key, answerOf("right", 50), 0)
	bucket := c.bucket(key)
	for _, name := range []string{indexName(bucket), slotName(bucket, c.index.find(tagOf(key)))} {
		whole, _, err := store.Get(name)
		if err != nil {
			t.Fatal(name, err)
		}
		for i := range whole {
			for _, bit := range []byte{1, 0x80} {
				damaged := append([]byte(nil), whole...)
				damaged[i] ^= bit
				_ = store.Set(name, damaged, 0)
				before := c.Corrupt()
				got, hit := c.Get(key, Parse(), start)
				if hit && !strings.HasPrefix(string(got.Body), `{"text":"right`) {
					t.Fatalf("%s, byte %d: a wrong answer: %s", name, i, got.Body)
				}
				if name != indexName(bucket) && (hit || c.Corrupt() != before+1) {
					t.Fatalf("%s, byte %d: hit %v, counted %d", name, i, hit, c.Corrupt()-before)
				}
			}
		}
		for n := range whole {
			_ = store.Set(name, whole[:n], 0)
			if _, hit := c.Get(key, Parse(), start); hit {
				t.Fatalf("%s cut to %d bytes: a hit", name, n)
			}
		}
		_ = store.Set(name, whole, 0)
		if _, hit := c.Get(key, Parse(), start); !hit {
			t.Fatalf("%s: restored, but a miss", name)
		}
	}
	for _, foreign := range []string{"", "x", strings.Repeat("foreign", 100)} {
		_ = store.Set(indexName(bucket), []byte(foreign), 0)
		if _, hit := c.Get(key, Parse(), start); hit {
			t.Fatal("a hit in a foreign index")
		}
		put(t, c, key, answerOf("right", 50), 0)
		if _, hit := c.Get(key, Parse(), start); !hit {
			t.Fatal("a foreign index was not replaced")
		}
	}
}

// FuzzStored: any index and any slot: no panic, and a hit only for our answer.
func FuzzStored(f *testing.F) {
	c, store := newCache(f, settings())
	key := question(f, 1)
	put(f, c, key, answerOf("right", 20), 0)
	index, _, _ := store.Get(indexName(c.bucket(key)))
	slot, _, _ := store.Get(slotName(c.bucket(key), c.index.find(tagOf(key))))
	f.Add(index, slot, start.UnixNano())
	f.Add([]byte{layout}, []byte{layout}, int64(0))
	f.Fuzz(func(t *testing.T, index, slot []byte, now int64) {
		c, store := newCache(t, settings())
		_ = store.Set(indexName(c.bucket(key)), index, 0)
		for i := range ways {
			_ = store.Set(slotName(c.bucket(key), i), slot, 0)
		}
		at := time.Unix(0, now)
		if a, hit := c.Get(key, Parse(), at); hit && (a.Age < 0 || len(a.Body) > len(slot)) {
			t.Fatalf("%+v", a)
		}
		c.Sweep(100, at)
		c.Put(key, "alice", Parse(), answerOf("mine", 10), at, at)
		if a, hit := c.Get(key, Parse(), at); hit && !strings.HasPrefix(string(a.Body), `{"text":"mine`) {
			t.Fatalf("got %s", a.Body)
		}
		var x, y decodedIndex
		if x.decode(index) && (!y.decode(x.encode(nil)) || x != y) {
			t.Fatalf("%x came back as %+v", index, y)
		}
	})
}

// decodedIndex is index where a parameter has that name.
type decodedIndex = index
