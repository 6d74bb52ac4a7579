package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// getCache is an Envoy with its own cache between the filter and the router, before
// a provider that numbers its answers and lets them be kept.
type getCache struct {
	*together
	asked  atomic.Int32
	header atomic.Pointer[http.Header] // of the last request there
}

func startGETCache(t *testing.T) *getCache {
	c := &getCache{}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("host", r.Host)
		c.header.Store(&r.Header)
		w.Header().Set("cache-control", map[bool]string{true: "public, max-age=60", false: "no-store"}[r.URL.Path == "/v1/models"])
		io.WriteString(w, "answer "+strconv.Itoa(int(c.asked.Add(1))))
	}))
	t.Cleanup(provider.Close)
	policy := `
usage: publish
auth:
  keys: [{user: alice, sha256: ` + digestOf("sk-alice") + `}, {user: bob, sha256: ` + digestOf("sk-bob") + `}]
  master_keys: [{name: ops, sha256: ` + digestOf("sk-master") + `}]
breakers: [{cluster: openai}]`
	c.together = startSetup(t, setup{workers: 2, policy: policy}, "sparkward.wasm", func(b *bootstrap, _ upstreams) {
		host, port, _ := strings.Cut(strings.TrimPrefix(provider.URL, "http://"), ":")
		b.cluster("openai")["load_assignment"] = oneEndpoint("openai", host, port)
		b.action("openai")["host_rewrite_literal"] = "rewritten"
		manager := findType(b.listener, hcmType)[0]
		filters, _ := manager["http_filters"].([]any)
		const types = "type.googleapis.com/envoy.extensions."
		cache := tree{"name": "envoy.filters.http.cache", "typed_config": tree{"@type": types + "filters.http.cache.v3.CacheConfig",
			"typed_config": tree{"@type": types + "http.cache.simple_http_cache.v3.SimpleHttpCacheConfig"}}}
		manager["http_filters"] = append(append(append([]any{}, filters[:1]...), cache), filters[1:]...)
	})
	return c
}

// get asks and returns the body, or the status of a refusal.
func (c *getCache) get(path, key string) string {
	c.t.Helper()
	req, err := http.NewRequest("GET", "http://"+c.addr+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.Header.Get("x-content-type-options") != "nosniff" {
		c.t.Errorf("%s: %v %v", path, resp.Header, err)
	}
	c.settle()
	if resp.StatusCode != 200 {
		return resp.Status
	}
	return string(text)
}

// TestGETCache: what envoy/README.md says about Envoy's own cache behind the filter,
// the reasons included for which it is not shipped. If one of these is gone in a
// newer Envoy, it can be.
func TestGETCache(t *testing.T) {
	c := startGETCache(t)
	for i, step := range []struct{ path, key, want string }{
		{"/v1/models", "sk-alice", "answer 1"},
		{"/v1/models", "sk-alice", "answer 1"},
		{"/v1/models", "sk-wrong", "401 Unauthorized"}, // judged first
		{"/v1/models", "sk-bob", "answer 1"},           // hers: a reason
		{"/v1/files", "sk-alice", "answer 2"},
		{"/v1/files", "sk-alice", "answer 3"},
	} {
		if got := c.get(step.path, step.key); got != step.want {
			t.Errorf("step %d, %s by %s: %s, want %s", i, step.path, step.key, got, step.want)
		}
	}
	// another reason: the shipped route takes the caller's name off, and rewrites the host
	if h := c.header.Load(); h.Get("x-sparkward-caller") != "user:alice" || h.Get("host") != c.addr {
		t.Errorf("the provider saw %v: the route's changes are no longer lost", h)
	}
	c.wantBreaker("closed", 0, 3) // what the cache answered says nothing about the provider
}
