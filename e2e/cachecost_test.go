package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var cacheAnswers = flag.Int("cache-answers", 4000, "how many distinct answers go through the cache in TestCacheOnEnvoy")

// cacheTotal is the bound of the cache under test: it is full after some hundred
// answers.
const cacheTotal = 1 << 20

// TestCacheOnEnvoy sends distinct questions through a small cache in the real
// Envoy. Its memory must not grow with them once the cache is full. It logs what
// a hit costs Envoy, beside a call that goes upstream.
func TestCacheOnEnvoy(t *testing.T) {
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.close()
	wasm, err := artefact("sparkward.wasm")
	if err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf("auth: {default: public, master_keys: [{name: ops, sha256: %s}]}\ncache: {paths: [/v1/chat/completions], ttl: 1h, max_entry: 8KiB, max_total: %d}",
		digestOf("sk-master"), cacheTotal)
	s := setup{name: "cache_cost", wasm: wasm, workers: 2, fresh: true, policy: policy}
	h, err := target.start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	c := &cacheLoad{t: t, host: h.(*envoyHost), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	c.addr = c.host.addr()

	c.send(*cacheAnswers/4, func(n int) string { return "question " + strconv.Itoa(n) })
	before := allocatedBy(c.t, c.host.lane.proc)
	c.send(*cacheAnswers, func(n int) string { return "another question " + strconv.Itoa(n) })
	grown := allocatedBy(c.t, c.host.lane.proc) - before
	answers, stored := c.usage()
	t.Logf("after %d distinct answers: %d kept with %d bytes of at most %d, Envoy's memory grew by %d bytes since a quarter of them", *cacheAnswers, answers, stored, cacheTotal, grown)
	if stored > cacheTotal || answers == 0 || grown > cacheTotal {
		t.Errorf("%d answers with %d bytes, and %d more in Envoy", answers, stored, grown)
	}

	calls := max(*cacheAnswers/4, 1000)
	busy := c.cpu(func() { c.send(calls, func(n int) string { return "a third question " + strconv.Itoa(n) }) })
	hits := c.hits()
	idle := c.cpu(func() { c.send(calls, func(int) string { return "a third question " + strconv.Itoa(calls-1) }) })
	if got := c.hits() - hits; got != int64(calls) {
		t.Errorf("%d hits, want %d", got, calls)
	}
	c.addr = c.plainListener(s)
	plain := c.cpu(func() { c.send(calls, func(n int) string { return "without the filter " + strconv.Itoa(n) }) })
	n := time.Duration(calls)
	t.Logf("Envoy's CPU a call: %v without the filter; %v a miss, which goes upstream and is kept; %v a hit", plain/n, busy/n, idle/n)
}

// plainListener adds a listener without the filter, to compare with, and returns
// its address.
func (c *cacheLoad) plainListener(s setup) string {
	c.t.Helper()
	var listeners []tree
	for _, name := range []string{s.name, "plain"} {
		s.name = name
		b, err := render(c.t.Context(), s, c.host.lane.up, c.host.logPath, c.host.lane.dir)
		if err != nil {
			c.t.Fatal(err)
		}
		if name == "plain" {
			manager := findType(b.listener, hcmType)[0]
			filters, _ := manager["http_filters"].([]any)
			manager["http_filters"] = filters[len(filters)-1:] // the router
		}
		listeners = append(listeners, b.listener)
	}
	if err := c.host.lane.publish(listeners...); err != nil {
		c.t.Fatal(err)
	}
	addr, err := c.host.lane.proc.awaitListener(c.t.Context(), "plain")
	if err != nil {
		c.t.Fatal(err)
	}
	return addr
}

// cacheLoad sends calls to one host.
type cacheLoad struct {
	t      *testing.T
	host   *envoyHost
	client *http.Client
	addr   string // where calls go
}

// send sends n calls over eight connections, each of which must be answered.
func (c *cacheLoad) send(n int, question func(int) string) {
	c.t.Helper()
	var wg sync.WaitGroup
	work := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range work {
				c.ask(question(i))
			}
		})
	}
	for i := range n {
		work <- i
		if i%1000 == 0 {
			c.host.upstreams().main.Forget()
		}
	}
	close(work)
	wg.Wait()
}

// padding brings a question to the size of the design's typical request.
var padding = strings.Repeat("All the rest of it is some plain text about bread. ", 19)

func (c *cacheLoad) ask(question string) {
	body := fmt.Sprintf(`{"model":"gpt-4o","messages":[{"role":"system","content":%q},{"role":"user","content":%q}]}`, padding, question)
	resp, err := c.client.Post("http://"+c.addr+"/v1/chat/completions", "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	text.ReadFrom(resp.Body)
	if resp.StatusCode != 200 || !strings.Contains(text.String(), "You said: "+question+`"`) {
		c.t.Errorf("%s: %d %s", question, resp.StatusCode, text.String())
	}
}

// usage is what the filter says about its cache.
func (c *cacheLoad) usage() (answers, stored int) {
	c.t.Helper()
	cache := healthOf(c.t, c.host.addr()).Cache
	return cache.Answers, cache.Bytes
}

func (c *cacheLoad) hits() int64 {
	c.t.Helper()
	stats, err := c.host.stats(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return stats["sparkward_cache_total_result=.=hit;.;"]
}

// clockTick is the unit of times in /proc: USER_HZ is 100 on every Linux.
const clockTick = 10 * time.Millisecond

// cpu is the processor time that Envoy spends while do runs.
func (c *cacheLoad) cpu(do func()) time.Duration {
	c.t.Helper()
	before := c.spent()
	do()
	return c.spent() - before
}

func (c *cacheLoad) spent() time.Duration {
	c.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.host.lane.proc.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	// user and system time are the 12th and 13th field after the name, proc(5)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		c.t.Fatalf("/proc/stat: %s", text)
	}
	return time.Duration(user+system) * clockTick
}
