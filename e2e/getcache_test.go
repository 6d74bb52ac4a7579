package e2e

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestGETCache: what envoy/README.md says about Envoy's cache for the list of
// models, on the shipped configuration. The steps go on with what the cache holds
// after those before: at first nothing.
func TestGETCache(t *testing.T) {
	c := startGETCache(t)
	for _, step := range []struct {
		name string
		run  func(*getCache)
	}{
		{"not kept", (*getCache).notKept},
		{"too large", (*getCache).tooLarge},
		{"cut", (*getCache).cut},
		{"busy", (*getCache).busy},
		{"expires", (*getCache).expires},
		{"shared", (*getCache).shared},
		{"past the cache", (*getCache).past},
		{"each provider", (*getCache).providers},
		{"judged first", (*getCache).judged},
		{"bounded", (*getCache).bounded},
		{"provider down", (*getCache).down},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			c.t, c.together.t = t, t
			step.run(c)
		}) {
			t.FailNow() // the next begin with what this one left
		}
	}
}

// notKept: answers that the provider keeps for itself, or that are none.
func (c *getCache) notKept() {
	const keep = "public, max-age=600"
	for _, o := range []struct {
		status  int
		headers []string
	}{
		{200, []string{"cache-control", "private, max-age=600"}},
		{200, []string{"cache-control", "No-Store"}},
		{200, []string{"cache-control", "no-cache"}},
		{200, []string{"cache-control", "max-age=600", "cache-control", "private"}},
		{200, []string{"cache-control", "max-age=0"}},
		{200, []string{"pragma", "no-cache"}},
		{200, []string{"expires", "0"}},
		{200, []string{"vary", "*", "cache-control", keep}},
		{200, []string{"vary", "origin", "vary", "*", "cache-control", keep}},
		{200, []string{"content-encoding", "gzip", "cache-control", keep}},
		{200, []string{"age", "700", "cache-control", keep}},
		{203, []string{"cache-control", keep}},
		{206, []string{"cache-control", keep, "content-range", "bytes 0-1/7"}},
		{301, []string{"cache-control", keep, "location", "/elsewhere"}},
		{401, []string{"cache-control", keep}},
		{403, []string{"cache-control", keep}},
		{404, []string{"cache-control", keep}},
		{410, []string{"cache-control", keep}},
		{429, []string{"cache-control", keep}},
		{500, []string{"cache-control", keep}},
		{501, []string{"cache-control", keep}},
		{503, []string{"cache-control", keep}},
	} {
		c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.answers(o.status, "", append([]string{"x-of-the-call", "a", "set-cookie", "of=alice"}, o.headers...)...)
		first, second := c.get("/v1/models", "sk-alice"), c.get("/v1/models", "sk-bob")
		if first.body != "1" || second.body != "2" || first.StatusCode != o.status || second.StatusCode != o.status {
			c.t.Fatalf("%d %v: alice got %s %s, bob %s %s", o.status, o.headers, first.Status, first.body, second.Status, second.body)
		}
	}
}

// tooLarge: an answer of a length that is declared and over the bound passes
// whole and is not kept. One that grows over it is none.
func (c *getCache) tooLarge() {
	large := strings.Repeat("x", 2<<20)
	c.answers(200, large, "content-length", strconv.Itoa(1+len(large)))
	for n := 1; n <= 2; n++ {
		if g := c.get("/v1/models", "sk-alice"); g.body != strconv.Itoa(n)+large {
			c.t.Errorf("%s, %d bytes", g.Status, len(g.body))
		}
	}
	c.answers(200, large)
	c.want("500 no_answer", "sk-alice")
	c.answers(200, "")
	c.want("1", "sk-alice", "cache-control", "no-cache")
}

// cut: what ends before its end is told so, and not kept.
func (c *getCache) cut() {
	for _, length := range []string{"1000", ""} {
		c.behaves(func(w http.ResponseWriter, _ *http.Request, n int) {
			if n > 1 {
				w.Header().Set("cache-control", "no-store")
				fmt.Fprint(w, n)
				return
			}
			if length != "" {
				w.Header().Set("content-length", length)
			}
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		if g := c.get("/v1/models", "sk-alice"); g.StatusCode == 200 && !g.cut {
			c.t.Errorf("length %q: %s %s", length, g.Status, g.body)
		}
		c.want("2", "sk-bob")
	}
}

// bounded: callers cannot have the cache hold more than one answer.
func (c *getCache) bounded() {
	const calls, size = 1000, 40_000 // 40 MB if they were kept
	c.answers(200, strings.Repeat("x", size), "cache-control", "public, max-age=2")
	c.get("/v1/models", "sk-alice")
	before := allocatedBy(c.t, c.proc)
	for i := range calls {
		n := strconv.Itoa(i)
		c.get("/v1/models?q="+n, "sk-alice")
		c.get("/v1/models/m"+n, "sk-alice")
		c.get("/v1/models", "sk-alice", "host", "h"+n+".example", "x-envoy-original-path", "/"+n, "accept-language", n)
	}
	grown := allocatedBy(c.t, c.proc) - before
	c.t.Logf("Envoy has %d bytes more after %d calls", grown, 3*calls)
	if grown > 5<<20 {
		c.t.Error("it keeps them")
	}
	asked := 0
	for _, r := range c.seen() {
		if r.URL.RequestURI() == "/v1/models" {
			asked++
		}
	}
	if others := len(c.seen()) - asked; others != 2*calls || asked > calls/10 {
		c.t.Errorf("the provider was asked for the list %d times, for other things %d times", asked, others)
	}
}

// expires: for how long an answer is kept, and what is asked when it is over.
func (c *getCache) expires() {
	c.expire()
	c.answers(200, "", "cache-control", `public, S-MaxAge="1", max-age=600`)
	c.want("1", "sk-alice")
	c.want("1", "sk-bob")
	c.expire()
	version := "a"
	c.behaves(func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("etag", `"`+version+`"`)
		w.Header().Set("cache-control", "max-age=1")
		if r.Header.Get("if-none-match") == `"`+version+`"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, n, version)
	})
	for i, want := range []string{"1a", "1a", "3b", "3b"} {
		if i == 2 {
			version = "b"
		}
		if g := c.get("/v1/models", "sk-alice"); g.StatusCode != 200 || g.body != want || len(c.seen()) != i+1 {
			c.t.Errorf("%s %s %v, want %s; the provider was asked %d times", g.Status, g.body, g.Header, want, len(c.seen()))
		}
		c.expire()
	}
}

// expire waits until an answer with a life of one or two seconds is too old.
func (c *getCache) expire() { time.Sleep(2100 * time.Millisecond) }

// shared: the second caller gets the first one's answer, with nothing in it of the
// first call; and nothing of either reaches the provider.
func (c *getCache) shared() {
	c.answers(200, " of all", "content-type", "application/json", "set-cookie", "of=alice", "vary", "accept-encoding, origin",
		"x-request-id", "req_1", "openai-organization", "ours", "access-control-allow-origin", "https://alice.example", "connection", "x-hop", "x-hop", "1")
	alice := c.want("1", "sk-alice", "cookie", "a=b", "range", "bytes=0-0", "if-none-match", "*",
		"accept-encoding", "br", "origin", "https://alice.example", "forwarded", "for=1.2.3.4", "x-forwarded-for", "1.2.3.4",
		"x-sparkward-caller", "root", "x-sparkward-cluster", "anthropic", "te", "trailers", "user-agent", "mine", "x-envoy-retry-on", "5xx")
	bob := c.want("1", "sk-bob", "host", "other.example")
	if len(c.seen()) != 1 {
		c.t.Fatalf("the provider was asked %d times", len(c.seen()))
	}
	r := c.seen()[0]
	if r.Method != "GET" || r.URL.RequestURI() != "/v1/models" || r.Host != "localhost" || r.ContentLength > 0 {
		c.t.Errorf("the provider was asked %s %s %s", r.Method, r.Host, r.URL)
	}
	r.Header.Del("if-modified-since") // these two the cache asks with, after the step before
	if want := (http.Header{"Authorization": {"Bearer " + gatewayKey}, "If-None-Match": {`"b"`}}); !maps.EqualFunc(r.Header, want, slices.Equal) {
		c.t.Errorf("the provider saw %v, want %v", r.Header, want)
	}
	for name, g := range map[string]got{"alice": alice, "bob": bob} {
		for _, gone := range []string{"set-cookie", "vary", "openai-organization", "access-control-allow-origin", "x-hop"} {
			if g.Header.Get(gone) != "" {
				c.t.Errorf("%s got %s: %s", name, gone, g.Header.Get(gone))
			}
		}
		if g.Header.Get("cache-control") != "no-store" || g.Header.Get("content-type") != "application/json" || g.body != "1 of all" {
			c.t.Errorf("%s got %v %s", name, g.Header, g.body)
		}
	}
	if alice.Header.Get("age") != "" || bob.Header.Get("age") == "" {
		c.t.Errorf("age is %q for the first, %q for the second", alice.Header.Get("age"), bob.Header.Get("age"))
	}
	if a, b := alice.Header.Get("x-request-id"), bob.Header.Get("x-request-id"); a == b || a == "req_1" || b == "" {
		c.t.Errorf("request ids %q and %q", a, b)
	}
}

// past: what goes to the provider although the list is in the cache.
func (c *getCache) past() {
	_, _, calls := c.breaker()
	for i, o := range []struct {
		path    string
		headers []string
	}{
		{"/v1/models?limit=1", nil},
		{"/v1/models?", nil},
		{"/v1/models/gpt-4o", nil},
		{"/v1/models/", nil},
		{"/v1/files", nil},
		{"/v1/models", []string{":method", "HEAD"}},
		{"/v1/models", []string{"openai-organization", "org-1"}},
		{"/v1/models", []string{"openai-project", "proj-1"}},
		{"/v1/models", []string{"cache-control", "no-cache"}},
		{"/v1/models", []string{"cache-control", "max-age=0"}},
		{"/v1/models", []string{"pragma", "no-cache"}},
		{"/v1/models", []string{":body", "{}", "content-type", "application/json"}},
	} {
		g := c.get(o.path, "sk-alice", o.headers...)
		if len(c.seen()) != 2+i || g.StatusCode != 200 || g.Header.Get("age") != "" {
			c.t.Errorf("%s %q: %s %v, and the provider was asked %d times, want %d", o.path, o.headers, g.Status, g.Header, len(c.seen()), 2+i)
		}
	}
	c.want("1", "sk-bob") // and did not take its place
	if _, _, now := c.breaker(); now != calls+11 {
		c.t.Errorf("the breaker counts %d calls, want %d and the 11 that were not for the cache", now, calls)
	}
}

// providers: Anthropic's list has the same path, and is another one. What is asked
// in another version, or with a beta, goes to Anthropic as ever.
func (c *getCache) providers() {
	const version, current = "anthropic-version", "2023-06-01"
	c.answers(200, " of Anthropic")
	for range 2 {
		if g := c.want("1", "sk-bob", version, current, "cookie", "a=b"); g.body != "1 of Anthropic" {
			c.t.Errorf("%s for Anthropic", g.body)
		}
		if g := c.want("1", "sk-alice"); g.body != "1 of all" {
			c.t.Errorf("%s for OpenAI", g.body)
		}
	}
	want := http.Header{"X-Api-Key": {anthropicKey}, "Anthropic-Version": {current}}
	if seen := c.seen(); len(seen) != 1 || seen[0].Host != "localhost" || !maps.EqualFunc(seen[0].Header, want, slices.Equal) {
		c.t.Errorf("Anthropic was asked %d times, with %v, want %v", len(seen), seen[0].Header, want)
	}
	for i, o := range []struct {
		path    string
		headers []string
	}{
		{"/v1/models", []string{version, "2099-01-01"}},
		{"/v1/models", []string{version, current, "anthropic-beta", "new"}},
		{"/v1/models", []string{version, current, "cache-control", "no-cache"}},
		{"/v1/models?limit=2", []string{version, current}},
		{"/v1/models/claude", []string{version, current}},
	} {
		g := c.get(o.path, "sk-alice", o.headers...)
		r := c.seen()[len(c.seen())-1]
		if len(c.seen()) != 2+i || g.Header.Get("age") != "" || r.Header.Get("x-api-key") != anthropicKey || r.Header.Get("authorization") != "" {
			c.t.Errorf("%s %q: %s, the provider was asked %d times, at last with %v", o.path, o.headers, g.Status, len(c.seen()), r.Header)
		}
	}
}

// judged: a caller has to be one, and a call counts for the limits, whoever
// answers it. For the breaker it does not.
func (c *getCache) judged() {
	_, _, calls := c.breaker()
	c.want("401 invalid_api_key", "sk-wrong")
	c.want("401 missing_api_key", "", "authorization", "")
	for range 3 {
		c.want("1", "sk-carl")
	}
	c.want("429 rate_limit_exceeded", "sk-carl")
	c.wantBreaker("closed", 0, calls)
}

// down: what is kept is given while the provider is down, and what is not is an
// error that the SDKs can read. The breaker, which is not asked, does not count it.
func (c *getCache) down() {
	state, failures, _ := c.breaker()
	kept := c.get("/v1/models", "sk-alice").body
	c.provider.Close()
	if g := c.get("/v1/models", "sk-bob"); g.body != kept || g.Header.Get("age") == "" {
		c.t.Errorf("%s %s, want what alice got", g.Status, g.body)
	}
	if g := c.get("/v1/models", "sk-bob", "cache-control", "no-cache"); g.brief() != "503 no_answer" {
		c.t.Errorf("%s %s", g.Status, g.body)
	}
	if s, f, _ := c.breaker(); s != state || f != failures+1 {
		c.t.Errorf("the breaker was %s after %d failures, is %s after %d; want one more", state, failures, s, f)
	}
}
