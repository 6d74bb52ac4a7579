//go:build cost

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCost measures what the filter costs the real Envoy: processor time a
// request, in variants that take turns in one process with one worker. `make
// cost` runs it. It claims nothing, so it cannot fail but for wrong answers.
func TestCost(t *testing.T) {
	c := newCost(t)
	c.warm()
	t.Run("request", c.requests)
	t.Run("byte", c.bytes)
	t.Run("memory", c.memory)
	t.Run("start", c.starts)
}

var (
	costRounds = flag.Int("cost-rounds", 25, "how often each variant has its turn; the median counts")
	costWarm   = flag.Int("cost-warm", 40000, "requests of 1.1 KB before anything is measured: V8 optimises slowly")
	costTurn   = flag.Int("cost-turn", 800, "requests of 1.1 KB in a turn")
	costLong   = flag.Int("cost-long", 200000, "requests before the memory of the VM is looked at")
	costOther  = flag.String("cost-other", "", "`path` of another build of the filter, to compare with")
	costOnly   = flag.String("cost-only", "", "measure only variants with one of these words in their names, separated by commas")
)

// costControls are all controls of the shipped policy, with a limit that is
// never reached.
const costControls = `
auth: {keys: [{user: alice, sha256: "%{sha256 sk-alice}"}], master_keys: [{name: ops, sha256: "%{sha256 sk-master}"}]}
limits: [{name: per-caller, requests: 100000000/1m}]
breakers: [{cluster: openai}]
size: {max_text_chars: 2000000, max_body_bytes: 4194304}
`

// costVariant is one listener.
type costVariant struct {
	name   string
	wasm   string
	policy string
	plain  bool // without the filter
	// answered when the body has ended, by the route or by the empty filter
	direct, answers bool
	addr            string
}

func costVariants(wasm, empty string) []*costVariant {
	list := []*costVariant{
		{name: "plain Envoy", wasm: wasm, plain: true},
		{name: "empty Go filter", wasm: empty},
		// what an answer without the upstream costs at least
		{name: "direct response", wasm: wasm, plain: true, direct: true},
		{name: "answering Go filter", wasm: empty, answers: true},
		{name: "mode: off", wasm: wasm, policy: "mode: off"},
		{name: "all but inspection", wasm: wasm, policy: costControls + "inspection: {mode: off}"},
		// shadow, so that a hostile text takes the same way as another
		{name: "everything", wasm: wasm, policy: costControls + "inspection: {mode: shadow}"},
		{name: "everything, usage: publish", wasm: wasm, policy: costControls + "usage: publish"},
		{name: "cache hit", wasm: wasm, policy: costControls + "cache: {paths: [/v1/chat/completions], ttl: 24h}"},
	}
	if *costOther != "" {
		for _, v := range list[4:] {
			list = append(list, &costVariant{name: v.name + ", other", wasm: *costOther, policy: v.policy})
		}
	}
	return slices.DeleteFunc(list, func(v *costVariant) bool { return *costOnly != "" && !wanted(v.name) })
}

func wanted(name string) bool {
	return slices.ContainsFunc(strings.Split(*costOnly, ","), func(word string) bool { return strings.Contains(name, word) })
}

// cost is an Envoy with a listener for each variant.
type cost struct {
	envoy, empty, wasm string // files
	lane               *lane
	variants           []*costVariant
	load               *costLoad
}

func newCost(t *testing.T) *cost {
	wasm, err := artefact("sparkward.wasm")
	if err != nil {
		t.Fatal(err)
	}
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	c := &cost{envoy: target.binary, empty: buildEmpty(t), wasm: wasm, load: newCostLoad(t)}
	c.variants = costVariants(wasm, c.empty)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c.start(ctx, t, wasm)
	var listeners []tree
	for i, v := range c.variants {
		listeners = append(listeners, c.listener(ctx, t, fmt.Sprint("cost", i), v))
	}
	if err := c.lane.publish(listeners...); err != nil {
		t.Fatal(err)
	}
	for i, v := range c.variants {
		if v.addr, err = c.lane.proc.awaitListener(ctx, fmt.Sprint("cost", i)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// listener is the shipped one, changed for a variant.
func (c *cost) listener(ctx context.Context, t *testing.T, name string, v *costVariant) tree {
	b := c.render(ctx, t, setup{name: name, wasm: v.wasm, policy: v.policy})
	manager := findType(b.listener, hcmType)[0]
	filters, _ := manager["http_filters"].([]any)
	router := filters[len(filters)-1]
	switch {
	case v.direct:
		manager["http_filters"] = []any{tree{"name": "buffer", "typed_config": tree{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer", "max_request_bytes": 1 << 20}}, router}
		manager["route_config"] = tree{"virtual_hosts": []any{tree{"name": "llm", "domains": []any{"*"}, "routes": []any{tree{
			"match": tree{"prefix": "/"}, "direct_response": tree{"status": 200, "body": tree{"inline_string": costAnswer}}}}}}}
	case v.plain:
		manager["http_filters"] = []any{router}
	case v.answers:
		b.configure(costAnswer)
	}
	return b.listener
}

// start starts the Envoy of the variants, with a listener that nobody calls.
func (c *cost) start(ctx context.Context, t *testing.T, wasm string) {
	up := &upstream{addr: c.load.upstream}
	c.lane = &lane{dir: t.TempDir(), up: upstreams{main: up, spare: up}}
	if err := c.lane.publish(); err != nil {
		t.Fatal(err)
	}
	c.lane.proc = c.envoyWith(ctx, t, wasm, c.lane.dir)
	c.load.envoy = c.lane.proc.cmd.Process.Pid
}

// envoyWith starts an Envoy with a filter and waits until it serves.
func (c *cost) envoyWith(ctx context.Context, t *testing.T, wasm, dir string) *envoyProcess {
	b := c.render(ctx, t, setup{name: "anchor", wasm: wasm})
	b.serve(filepath.Join(c.lane.dir, "lds.json"), c.lane.dir)
	proc, err := startEnvoy(c.envoy, dir, 1, b.all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.stop)
	if err := proc.awaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return proc
}

func (c *cost) render(ctx context.Context, t *testing.T, s setup) *bootstrap {
	var err error
	if s.policy, err = expand(s.policy); err != nil {
		t.Fatal(err)
	}
	b, err := render(ctx, s, c.lane.up, "/dev/null", c.lane.dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// warm lets V8 optimise what the variants use.
func (c *cost) warm() {
	small := costBodies("english", smallBody)
	for range 10 {
		for _, v := range c.variants {
			c.load.send(v.addr, small, *costWarm/10/len(c.variants)+1)
		}
	}
}

// requests measures a request of the size that the design's budget is about.
func (c *cost) requests(t *testing.T) {
	small := costBodies("english", smallBody)
	turns := c.turns(c.variants, func(*costVariant) ([][]byte, int) { return small, *costTurn })
	t.Logf("µs of Envoy's processor time a request of %d bytes, over %d turns of %d:", smallBody, *costRounds, *costTurn)
	t.Logf("%-28s %7s %7s %12s", "", "median", "least", "to the first")
	for i, v := range c.variants {
		ratios := make([]float64, *costRounds)
		for round := range ratios {
			ratios[round] = turns[i][round] / turns[0][round]
		}
		t.Logf("%-28s %7.1f %7.1f %12.2f", v.name, median(turns[i]), slices.Min(turns[i]), median(ratios))
	}
}

// bytes measures a byte of prompt: larger bodies with inspection and without.
func (c *cost) bytes(t *testing.T) {
	for _, k := range []struct {
		text string
		size int
		n    int // requests in a turn
	}{
		{"english", 8 << 10, 160}, {"english", 64 << 10, 32}, {"code", 64 << 10, 32},
		{"arabic", 64 << 10, 32}, {"thai", 64 << 10, 32}, {"hostile", 1 << 20, 2},
	} {
		bodies := costBodies(k.text, k.size)
		for _, end := range []string{"", ", other"} {
			pair := c.named("all but inspection"+end, "everything"+end)
			if len(pair) < 2 {
				continue
			}
			turns := c.turns(pair, func(*costVariant) ([][]byte, int) { return bodies, k.n })
			without, with := median(turns[0]), median(turns[1])
			t.Logf("%-8s %7d bytes%s: %6.0f µs, without inspection %6.0f: %5.1f ns of inspection a byte", k.text, k.size, end, with, without, (with-without)*1000/float64(k.size))
		}
	}
}

// turns has each variant measured in turns, and returns the µs a request of each.
func (c *cost) turns(variants []*costVariant, what func(*costVariant) (bodies [][]byte, n int)) [][]float64 {
	out := make([][]float64, len(variants))
	for round := range *costRounds + 1 {
		for i, v := range variants {
			bodies, n := what(v)
			spent := c.load.send(v.addr, bodies, n)
			if round > 0 { // the first is to warm up
				out[i] = append(out[i], float64(spent.Nanoseconds())/1000/float64(n))
			}
		}
	}
	return out
}

// memory looks at the VM's memory before and after many requests.
func (c *cost) memory(t *testing.T) {
	small := costBodies("english", smallBody)
	for _, v := range c.named("everything") {
		before := vmMemory(t, v)
		c.load.send(v.addr, small, *costLong)
		t.Logf("the VM's memory: %.1f MB, and %.1f after %d requests more", before, vmMemory(t, v), *costLong)
	}
}

// vmMemory is what the filter says of its VM, in 10^6 bytes.
func vmMemory(t *testing.T, v *costVariant) float64 {
	t.Helper()
	return float64(healthOf(t, v.addr).Memory) / 1e6
}

// starts measures what it takes until Envoy serves, beside the empty filter.
func (c *cost) starts(t *testing.T) {
	var wall, busy [2][]float64
	for range max(*costRounds/5, 1) {
		for i, wasm := range []string{c.empty, c.wasm} {
			begin := time.Now()
			proc := c.envoyWith(t.Context(), t, wasm, t.TempDir())
			wall[i] = append(wall[i], time.Since(begin).Seconds())
			busy[i] = append(busy[i], spentBy(t, proc.cmd.Process.Pid).Seconds())
			proc.stop()
		}
	}
	for i, name := range []string{"empty Go filter", "sparkward"} {
		t.Logf("%-28s serves after %.2f s, %.2f s of processor time: %.2f and %.2f times the first", name,
			median(wall[i]), median(busy[i]), median(wall[i])/median(wall[0]), median(busy[i])/median(busy[0]))
	}
}

// named are the variants with these names.
func (c *cost) named(names ...string) (found []*costVariant) {
	for _, v := range c.variants {
		if slices.Contains(names, v.name) {
			found = append(found, v)
		}
	}
	return found
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// buildEmpty compiles the filter that does nothing.
func buildEmpty(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "empty.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/empty")
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}
