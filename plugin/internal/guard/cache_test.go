package guard

import (
	"strings"
	"testing"
	"time"
)

const cachePolicy = `,"cache":{"paths":["/v1/chat/completions"],"ttl":"1m"},"limits":[{"name":"t","tokens":"100000/1h"}]`

func answered(c *call) *call {
	c.answers = []string{`{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Par`, `is"}}],"usage":{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8}}`}
	return c
}

func TestAHitIsTheSameAnswerAndCostsNothing(t *testing.T) {
	g, host := newGuard(t, policyWith(cachePolicy))
	first := answered(chat("k-alice", "capital?")).run(t, g)
	if first.reply != nil || first.answer[cacheHeader] != cacheMiss {
		t.Fatalf("first: %s, cache %s", first.reason(), first.answer[cacheHeader])
	}
	second := chat("k-alice", "capital?")
	second.at = 10 * time.Second
	second.run(t, g)
	if second.reply == nil || string(second.reply.Body) != strings.Join(first.answers, "") || second.reply.Status != 200 {
		t.Fatalf("second was not answered from the cache: %v", second.audit)
	}
	if second.answer[cacheHeader] != cacheHit || second.answer["age"] != "10" || second.answer["content-type"] != "application/json" {
		t.Errorf("headers %v", second.answer)
	}
	if second.audit["decision"] != decisionCached || second.answer["x-ratelimit-remaining-tokens"] != "" {
		t.Errorf("audit %v, headers %v", second.audit, second.answer)
	}
	if host.stat("sparkward_cache_total", cacheHit) != 1 || host.stat("sparkward_cache_saved_tokens_total", "") != 8 {
		t.Errorf("stats %v", host.stats)
	}
	expired := chat("k-alice", "capital?")
	expired.at = 2 * time.Minute
	if expired.run(t, g).reply != nil {
		t.Error("an answer was given after its time")
	}
}

func TestWhatIsNotAHit(t *testing.T) {
	cases := []struct {
		name   string
		change func(c *call)
	}{
		{"another caller", func(c *call) { c.headers = Apply(c.headers, []Edit{{Name: "authorization", Value: "Bearer k-master"}}) }},
		{"another text", func(c *call) { c.body = strings.Replace(c.body, "capital?", "capitals?", 1) }},
		{"another version", func(c *call) { c.headers = append(c.headers, [2]string{"openai-beta", "x=1"}) }},
		{"another query", func(c *call) {
			c.headers = Apply(c.headers, []Edit{{Name: ":path", Value: "/v1/chat/completions?v=2"}})
		}},
		{"no-cache", func(c *call) { c.headers = append(c.headers, [2]string{"cache-control", "no-cache"}) }},
		{"no-store", func(c *call) { c.headers = append(c.headers, [2]string{"cache-control", "no-store"}) }},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(cachePolicy))
		answered(chat("k-alice", "capital?")).run(t, g)
		second := chat("k-alice", "capital?")
		c.change(second)
		if second.run(t, g).reply != nil {
			t.Errorf("%s: %v", c.name, second.audit)
		}
	}
}

func TestWhatIsNotKept(t *testing.T) {
	cases := []struct {
		name   string
		change func(c *call)
	}{
		{"an error", func(c *call) { c.status = 500 }},
		{"an answer cut off", func(c *call) { c.lost, c.details = true, "upstream_reset_after_response_started{x}" }},
		{"half a JSON text", func(c *call) { c.answers = c.answers[:1] }},
		{"an answer that is too large", func(c *call) { c.answers[0] += strings.Repeat("a", 64<<10) }},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(cachePolicy))
		first := answered(chat("k-alice", "capital?"))
		c.change(first)
		first.run(t, g)
		if second := chat("k-alice", "capital?").run(t, g); second.reply != nil {
			t.Errorf("%s was kept: %v", c.name, second.audit)
		}
	}
}

func TestCallersWithKeysOfTheProviderAreKeptApart(t *testing.T) {
	g, _ := newGuard(t, `{"auth":{"mode":"off"},"cache":{"paths":["/v1/chat/completions"],"share_tenants":true}}`)
	answered(chat("sk-provider-1", "capital?")).run(t, g)
	if c := chat("sk-provider-2", "capital?").run(t, g); c.reply != nil {
		t.Error("a caller got an answer made with another's provider key")
	}
	if c := chat("sk-provider-1", "capital?").run(t, g); c.reply == nil {
		t.Error("the same key got no answer from the cache")
	}
}

func TestAnInjectionIsRefusedBeforeTheCache(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy))
	if c := answered(chat("k-alice", attack)).run(t, g); c.reason() != string(PromptInjection) {
		t.Errorf("%v", c.audit)
	}
}

func TestOnlyIfCached(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy))
	c := chat("k-alice", "capital?")
	c.headers = append(c.headers, [2]string{"cache-control", "only-if-cached"})
	if c.run(t, g); c.reason() != string(NotCached) || c.wantStatus() != 504 {
		t.Errorf("%s %d", c.reason(), c.wantStatus())
	}
}

func TestStreamsAreReplayedAsStreams(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"cache":{"paths":["/v1/chat/completions"]}`))
	ask := func() *call {
		c := chat("k-alice", "capital?")
		c.body = strings.Replace(c.body, `{"model"`, `{"stream":true,"model"`, 1)
		return c
	}
	first := ask()
	first.answers = []string{"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Paris\"},\"finish_reason\":\"stop\"}]}\n\n", "data: [DONE]\n\n"}
	first.run(t, g)
	second := ask().run(t, g)
	if second.reply == nil || second.answer["content-type"] != "text/event-stream" || string(second.reply.Body) != strings.Join(first.answers, "") {
		t.Errorf("second: %v %v", second.audit, second.answer)
	}
}
