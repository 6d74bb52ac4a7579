package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/config"
)

const twoUpstreams = `,"upstreams":[
	{"cluster":"openai","credential":{"env":"OPENAI_API_KEY"},"paths":["/v1/chat/completions"],"fallbacks":[{"cluster":"azure"}]},
	{"cluster":"azure","credential":{"env":"AZURE_KEY","header":"api-key","scheme":""}}],
	"breakers":[{"cluster":"openai","consecutive_failures":1,"open":"5s"},{"cluster":"azure","consecutive_failures":1,"open":"30s"}]`

func hostWithKeys() *testHost {
	host := newTestHost()
	host.env = map[string]string{"OPENAI_API_KEY": "provider-1", "AZURE_KEY": "provider-2"}
	return host
}

// upstreamHeaders are the request's headers as the upstream sees them.
func (c *call) upstreamHeaders() map[string]string {
	seen := map[string]string{}
	for _, h := range Apply(append([][2]string(nil), c.headers...), c.edits) {
		seen[h[0]] = h[1]
	}
	return seen
}

func TestCredentialTakesTheCallersPlace(t *testing.T) {
	g := newGuardOn(t, hostWithKeys(), policyWith(twoUpstreams))
	seen := chat("k-alice", "hi").run(t, g).upstreamHeaders()
	if seen["authorization"] != "Bearer provider-1" || seen[routeHeader] != "openai" {
		t.Errorf("upstream saw %v", seen)
	}
}

func TestMissingCredentialStopsTheStart(t *testing.T) {
	cfg, err := config.Parse([]byte(policyWith(twoUpstreams)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(cfg, newTestHost(), start)
	if err == nil || !strings.Contains(err.Error(), "upstreams[0].credential.env") {
		t.Errorf("error %v", err)
	}
}

func TestFallbackWhileABreakerIsOpen(t *testing.T) {
	g := newGuardOn(t, hostWithKeys(), policyWith(twoUpstreams))
	fail := func(at time.Duration) *call {
		c := chat("k-alice", "hi")
		c.status, c.at = 500, at
		return c.run(t, g)
	}
	if got := fail(0).upstreamHeaders()[routeHeader]; got != "openai" {
		t.Fatalf("first call went to %s", got)
	}
	second := fail(0).upstreamHeaders()
	if second[routeHeader] != "azure" || second["api-key"] != "provider-2" || second["authorization"] != "" {
		t.Fatalf("second call: %v", second)
	}
	third := fail(0)
	if third.reason() != string(CircuitOpen) || third.answer["retry-after"] != "5" {
		t.Fatalf("third call: %s, retry after %s, want the earlier of both", third.reason(), third.answer["retry-after"])
	}
	later := chat("k-alice", "hi")
	later.at = 6 * time.Second
	if got := later.run(t, g).upstreamHeaders()[routeHeader]; got != "openai" {
		t.Errorf("after the open time the call went to %q", got)
	}
}

func TestFallbackRenamesTheModel(t *testing.T) {
	policy := strings.Replace(twoUpstreams, `{"cluster":"azure"}]`, `{"cluster":"azure","models":{"gpt-4o":"eu-\"4o\""}}]`, 1)
	g := newGuardOn(t, hostWithKeys(), policyWith(policy))
	first := chat("k-alice", "hi")
	first.status = 500
	first.run(t, g)
	second := chat("k-alice", "hi").run(t, g)
	want := strings.Replace(second.body, `"gpt-4o"`, `"eu-\"4o\""`, 1)
	if string(second.sentBody) != want {
		t.Errorf("upstream got %s, want %s", second.sentBody, want)
	}
	if first.sentBody != nil {
		t.Errorf("the first cluster got a changed body: %s", first.sentBody)
	}
}

func TestAClientCannotChooseTheCluster(t *testing.T) {
	g, _ := newGuard(t, policyWith(""))
	c := chat("k-alice", "hi")
	c.headers = append(c.headers, [2]string{routeHeader, "internal-admin"})
	if got, found := c.run(t, g).upstreamHeaders()[routeHeader]; found {
		t.Errorf("the upstream saw %q", got)
	}
}
