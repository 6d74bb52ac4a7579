package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	chaosTime = flag.Duration("chaos", 20*time.Second, "how long the chaos run takes; make chaos takes 5m")
	chaosRate = flag.Int("chaos-rate", 60, "requests a second of the chaos run")
	chaosSeed = flag.Uint64("chaos-seed", 11, "the order of faults in the chaos run, 11 begins with two of the worst; 0 for another one each time, as make chaos takes")
)

const (
	// One round is a time of faults and a time of calm. A breaker may stay open
	// for max_open and a jitter of a quarter after its last failure, a slow
	// answer may end a failed probe late, and a lost VM is back after its backoff
	// of one to two seconds: after chaosGrace all must be well again.
	chaosFaults = 4 * time.Second
	chaosGrace  = 6 * time.Second
	chaosCalm   = chaosGrace + 3*time.Second
	// A call that waits for another's answer in a VM that is lost is ended by Envoy's
	// stream_idle_timeout, which is five minutes as shipped.
	chaosIdle     = "20s"
	chaosPatience = 40 * time.Second
	// chaosEnd is for the last calls of a calm to come to their end.
	chaosEnd = time.Second
)

const chaosPolicy = `
auth:
  keys: [{user: alice, sha256: %s}]
  master_keys: [{name: ops, sha256: %s}]
upstreams:
- cluster: openai
  paths: [/v1/chat/completions]
  fallbacks: [{cluster: spare, models: {gpt-4o: gpt-4o-eu}}]
breakers:
- {cluster: openai, consecutive_failures: 3, slow_call: 1s, slow_rate: 50, window: 5s, minimum_calls: 10, open: 1s, max_open: 2s, probe_timeout: 3s}
- {cluster: spare, consecutive_failures: 3, slow_call: 1s, slow_rate: 50, window: 5s, minimum_calls: 10, open: 1s, max_open: 2s, probe_timeout: 3s}
cache: {paths: [/v1/chat/completions], ttl: 5s, ignore_upstream: true}
`

// fault is what goes wrong for a while.
type fault struct {
	name        string
	main, spare string // moods of the upstreams; "" is well
	traps       int    // VMs lost
}

// moods make a provider misbehave.
var moods = map[string]map[string]string{
	"slow":    {"x-demo-delay": "1500ms"},
	"resets":  {"x-demo-reset": "headers"},
	"cuts":    {"x-demo-reset": "stream"},
	"fails":   {"x-demo-status": "500"},
	"is busy": {"x-demo-status": "529", "x-demo-retry-after": "1"},
}

var faults = func() []fault {
	out := []fault{{"a VM is lost", "", "", 1}, {"VMs are lost", "", "", 4}, {"all is down", "down", "down", 0}}
	for _, mood := range []string{"down", "slow", "resets", "cuts", "fails", "is busy"} {
		out = append(out, fault{"one " + mood, mood, "", 0}, fault{"both: " + mood, mood, mood, 0},
			fault{"one " + mood + ", and a VM is lost", mood, "", 1})
	}
	return out
}()

// chaos is one run.
type chaos struct {
	loader
	host host
	rnd  *rand.Rand
}

// TestChaos runs the filter in the real Envoy at a steady load, while providers
// go down, slow down, cut their answers and refuse, and VMs are lost. No request
// may be answered wrongly at any time, and in every calm all must be well again:
// no breaker sticks, and no slot of a half-open one leaks.
//
//	make chaos
func TestChaos(t *testing.T) {
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.close()
	c := startChaos(t, target)
	defer c.host.close()
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	load.Go(func() { c.run(ctx) })
	rounds := 0
	order := c.rnd.Perm(len(faults)) // five minutes are enough for each
	for end := time.Now().Add(*chaosTime); time.Now().Before(end) || rounds < 2; rounds++ {
		c.round(t, faults[order[rounds%len(order)]])
	}
	c.tryBoth(t)
	stop()
	load.Wait()
	c.checkBreakers(t)
	c.benchmarkOpen(t)
	c.report(t, rounds)
}

func startChaos(t *testing.T, target target) *chaos {
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-chaos-seed=%d", seed)
	wasm, err := artefact("sparkward-test.wasm")
	if err != nil {
		t.Fatal(err)
	}
	c := &chaos{loader: newLoader(*chaosRate, chaosMix), rnd: rand.New(rand.NewPCG(seed, 1))}
	policy := fmt.Sprintf(chaosPolicy, digestOf("sk-alice"), digestOf("sk-master"))
	c.host, err = target.start(t.Context(), setup{name: "chaos", wasm: wasm, workers: 2, spare: true, fresh: true, idle: chaosIdle, policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	c.addr = c.host.addr()
	return c
}

func digestOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// round is a time of faults and the calm after it.
func (c *chaos) round(t *testing.T, f fault) {
	up := c.host.upstreams()
	set(t, up.main, f.main)
	set(t, up.spare, f.spare)
	for range f.traps {
		c.send(request{kind: "trap", text: "trap"})
	}
	time.Sleep(chaosFaults)
	set(t, up.main, "")
	set(t, up.spare, "")
	c.calm(t, "after "+f.name, chaosGrace, chaosCalm-chaosGrace)
	checkArrived(t, up.main)
	checkArrived(t, up.spare)
}

// calm waits for grace, and then for a time in which every request must be answered
// as it is when all is well.
func (c *chaos) calm(t *testing.T, when string, grace, length time.Duration) {
	c.mu.Lock()
	c.calmAt = time.Now().Add(grace)
	wrong := len(c.wrong)
	c.mu.Unlock()
	time.Sleep(grace + length)
	c.mu.Lock()
	c.calmAt = time.Time{}
	c.mu.Unlock()
	time.Sleep(chaosEnd)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) > wrong {
		t.Errorf("in the calm, %s:\n%s", when, strings.Join(c.wrong[wrong:min(len(c.wrong), wrong+5)], "\n"))
	}
}

// tryBoth leads the calls to the spare, whose breaker nobody may have asked since the
// last fault, and back. All must be well with both.
func (c *chaos) tryBoth(t *testing.T) {
	up := c.host.upstreams()
	for _, leg := range []struct {
		order string
		to    *upstream
	}{{"open", up.spare}, {"auto", up.main}} {
		c.order(t, "openai", leg.order)
		leg.to.Forget()
		c.calm(t, "openai ordered "+leg.order, time.Second, 2*time.Second)
		if len(leg.to.Seen()) == 0 {
			t.Errorf("openai ordered %s, and no call came to the other", leg.order)
		}
	}
}

// order gives the breaker of a cluster the order of an operator.
func (c *chaos) order(t *testing.T, cluster, order string) {
	t.Helper()
	operate(t, "POST", c.host.addr(), "/api/spark/breakers/"+cluster+"/"+order)
}

func set(t *testing.T, u *upstream, mood string) {
	switch mood {
	case "down":
		u.stop()
		return
	case "":
		u.mood.Store(nil)
	default:
		headers := moods[mood]
		u.mood.Store(&headers)
	}
	if err := u.start(); err != nil {
		t.Fatal(err)
	}
}

// checkBreakers asks the filter itself whether its breakers are closed, with no
// probe under way.
func (c *chaos) checkBreakers(t *testing.T) {
	h := healthOf(t, c.host.addr())
	if len(h.Breakers) != 2 || h.Panics != 0 {
		t.Errorf("health: %+v", h)
	}
	for _, b := range h.Breakers {
		if b.State != "closed" {
			t.Errorf("at the end the breaker of %s is %s", b.Cluster, b.State)
		}
	}
	stats, err := c.host.stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range stats {
		if n != 0 && (strings.HasPrefix(name, "sparkward_corrupt") || strings.HasPrefix(name, "sparkward_breaker_state")) {
			t.Errorf("%s %d", name, n)
		}
	}
	t.Logf("changes of breakers: openai %d, spare %d", stats["sparkward_breaker_changes_total_cluster=.=openai;.;"], stats["sparkward_breaker_changes_total_cluster=.=spare;.;"])
}

// benchmarkOpen measures how soon an open breaker answers, one request after the
// other.
func (c *chaos) benchmarkOpen(t *testing.T) {
	c.order(t, "openai", "open")
	c.order(t, "spare", "open")
	var took []time.Duration
	for n := range 1000 {
		body := fmt.Sprintf(`{"model":"gpt-4o","messages":[{"role":"user","content":"while open %d"}]}`, n)
		req, err := http.NewRequest("POST", "http://"+c.host.addr()+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("content-type", "application/json")
		req.Header.Set("authorization", "Bearer sk-alice")
		begin := time.Now()
		resp, err := c.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		took = append(took, time.Since(begin))
		resp.Body.Close()
		if resp.StatusCode != 503 || !bytes.Contains(text, []byte(`"circuit_open"`)) {
			t.Fatalf("an open breaker let a call by: %d %s", resp.StatusCode, text)
		}
	}
	t.Logf("an open breaker answers after %s", quantilesOf(took))
}

func quantilesOf(took []time.Duration) string {
	if len(took) == 0 {
		return "(none)"
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(time.Microsecond) }
	return fmt.Sprintf("%v at the median, %v at 99 %%, %v at most, of %d", at(0.5), at(0.99), at(1), len(took))
}

func (c *chaos) report(t *testing.T, rounds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, n := range c.kinds {
		total += n
	}
	t.Logf("%d rounds, %d requests, %d a second", rounds, total, *chaosRate)
	t.Logf("an answer in the calm took %s", quantilesOf(c.slowed))
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		t.Logf("%6d %s", c.kinds[kind], kind)
	}
	for i, wrong := range c.wrong {
		if t.Errorf("%s", wrong); i == 20 {
			t.Fatalf("and %d more", len(c.wrong)-i-1)
		}
	}
}
