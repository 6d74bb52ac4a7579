package guard

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/kv"
	"github.com/sparkward/sparkward/plugin/internal/llm"
	"github.com/sparkward/sparkward/plugin/internal/respcache"
)

// again asks and says whether the body was read by the parser.
func again(t *testing.T, g *Guard, c *call) (asked *call, parsed bool) {
	t.Helper()
	const untouched = "nothing was parsed"
	g.parsed = llm.Request{Model: untouched}
	c.run(t, g)
	return c, g.parsed.Model != untouched
}

func TestAQuestionThatComesAgainIsNotReadAgain(t *testing.T) {
	g, host := newGuard(t, policyWith(cachePolicy))
	for i, c := range []struct {
		name   string
		at     time.Duration
		text   string
		parsed bool
		hit    bool
	}{
		{"first", 0, "capital?", true, false},
		{"again", time.Second, "capital?", false, true},
		{"and again", 2 * time.Second, "capital?", false, true},
		{"something else", 3 * time.Second, "capitals?", true, false},
		{"after its time", 2 * time.Minute, "capital?", true, false},
		{"kept again", 2*time.Minute + time.Second, "capital?", false, true},
	} {
		q := answered(chat("k-alice", c.text))
		q.at = c.at
		if _, parsed := again(t, g, q); parsed != c.parsed || (q.reply != nil) != c.hit {
			t.Errorf("%d, %s: parsed %v, answered from the cache %v", i, c.name, parsed, q.reply != nil)
		}
	}
	if hits, saved := host.stat("sparkward_cache_total", cacheHit), host.stat("sparkward_cache_saved_tokens_total", ""); hits != 3 || saved != 24 {
		t.Errorf("%d hits, %d tokens saved", hits, saved)
	}
}

// TestWhatIsJudgedAgain: whatever a verdict may depend on, and whatever it may
// say, has the question judged again.
func TestWhatIsJudgedAgain(t *testing.T) {
	with := func(name, value string) func(c *call) {
		return func(c *call) { c.headers = Apply(c.headers, []Edit{{Name: name, Value: value}}) }
	}
	for _, c := range []struct {
		name, policy, text string
		change             func(c *call)
	}{
		{"spelled otherwise", "", "capital?", func(c *call) { c.body += " " }},
		{"another key", `,"share_tenants":true`, "capital?", with("authorization", "Bearer k-master")},
		{"another media type", "", "capital?", with("content-type", "application/json; charset=utf-8")},
		{"another query", "", "capital?", with(":path", "/v1/chat/completions?v=2")},
		{"a version", "", "capital?", with("openai-beta", "x=1")},
		{"no-store", "", "capital?", with("cache-control", "no-store")},
		{"flagged", `},"inspection":{"mode":"shadow"`, attack, func(*call) {}},
		{"cache in shadow mode", `,"mode":"shadow"`, "capital?", func(*call) {}},
		{"long", "", strings.Repeat("word ", keptBuffer/5), func(*call) {}},
	} {
		g, _ := newGuard(t, policyWith(`,"size":{"max_text_chars":1000000},"cache":{"paths":["/v1/chat/completions"]`+c.policy+`}`))
		first := answered(chat("k-alice", c.text)).run(t, g)
		second := answered(chat("k-alice", c.text))
		c.change(second)
		if _, parsed := again(t, g, second); !parsed {
			t.Errorf("%s: not judged again", c.name)
		}
		if c.text == attack && (first.audit["rules"] == nil || second.audit["rules"] == nil || second.audit["decision"] != decisionCached) {
			t.Errorf("%s: audit %v, then %v", c.name, first.audit, second.audit)
		}
	}
}

// TestAKeyWithFewerRightsGetsNothing: an answer is shared, the right to ask for
// it is not.
func TestAKeyWithFewerRightsGetsNothing(t *testing.T) {
	g, _ := newGuard(t, `{"auth":{"keys":[{"user":"alice","sha256":"`+hashOf("k-alice")+`"},{"user":"alice","sha256":"`+hashOf("k-small")+`","models":["gpt-4o-mini"]}]},
		"cache":{"paths":["/v1/chat/completions"],"share_tenants":true}}`)
	answered(chat("k-alice", "capital?")).run(t, g)
	if c := chat("k-alice", "capital?").run(t, g); c.reply == nil || c.reply.Status != 200 {
		t.Fatalf("no hit: %v", c.audit)
	}
	if c := chat("k-small", "capital?").run(t, g); c.reason() != string(ModelDenied) {
		t.Errorf("%v", c.audit)
	}
}

// TestTheMemoIsBounded: more questions than there are places push each other
// out, and each still gets its own answer.
func TestTheMemoIsBounded(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"cache":{"paths":["/v1/chat/completions"]}`))
	text := func(i int) string { return "question number " + strconv.Itoa(i) }
	ask := func(i int) *call {
		c := chat("k-alice", text(i))
		c.answers = []string{`{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"` + text(i) + `"}}]}`}
		return c
	}
	hits := 0
	for range 2 {
		for i := range 2 * memoSets * memoWays {
			if c := ask(i).run(t, g); c.reply != nil {
				hits++
				if string(c.reply.Body) != c.answers[0] {
					t.Fatalf("%s was answered with %s", text(i), c.reply.Body)
				}
			}
		}
	}
	if hits < memoSets*memoWays {
		t.Errorf("%d hits of %d", hits, 2*memoSets*memoWays)
	}
}

// TestTheMemoKeepsAFewQuestions: questions that fall on one place do not push
// each other out while there are no more of them than ways.
func TestTheMemoKeepsAFewQuestions(t *testing.T) {
	const few = 64
	g, _ := newGuard(t, policyWith(`,"cache":{"paths":["/v1/chat/completions"]}`))
	for round := range 3 {
		for i := range few {
			if _, parsed := again(t, g, answered(chat("k-alice", "question number "+strconv.Itoa(i)))); parsed != (round == 0) {
				t.Errorf("round %d, question %d: parsed %v", round, i, parsed)
			}
		}
	}
}

// TestALostAnswerIsLookedForOnce: a question that is remembered and whose
// answer is gone costs no second look into the cache.
func TestALostAnswerIsLookedForOnce(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"cache":{"paths":["/v1/chat/completions"],"ttl":"1m"}`))
	reads := func(text string, at time.Duration) int {
		c := answered(chat("k-alice", text))
		c.at = at
		store := &countingStore{Store: g.host}
		g.cache = respcache.New(store, g.cfg.Cache.Settings)
		if c.run(t, g); c.reply != nil {
			t.Fatal("an answer from the cache")
		}
		return store.reads
	}
	reads("capital?", 0)
	if lost, other := reads("capital?", time.Hour), reads("capitals?", time.Hour); lost != other {
		t.Errorf("%d reads of shared data, and %d for a question never asked", lost, other)
	}
}

// countingStore counts the reads of a store.
type countingStore struct {
	kv.Store
	reads int
}

func (s *countingStore) Get(key string) ([]byte, uint32, error) {
	s.reads++
	return s.Store.Get(key)
}
