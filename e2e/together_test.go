package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// together is an Envoy with the filter and settings of its own for one cluster,
// to see how they work beside the filter's breaker. envoy/README.md tells what
// is tried here.
type together struct {
	t    *testing.T
	proc *envoyProcess
	up   upstreams
	addr string
	log  string       // the access log's path
	done atomic.Int64 // answers received
}

// startTogether starts Envoy with a breaker for the cluster openai, after change
// has edited the configuration.
func startTogether(t *testing.T, breaker string, change func(b *bootstrap, up upstreams)) *together {
	t.Helper()
	return startSetup(t, setup{workers: 2, policy: `
auth: {default: optional, master_keys: [{name: ops, sha256: ` + digestOf("sk-master") + `}]}
breakers: [` + breaker + `]`}, "sparkward.wasm", change)
}

// startSetup starts Envoy with a build of the filter, after change has edited the
// configuration.
func startSetup(t *testing.T, s setup, wasm string, change func(b *bootstrap, up upstreams)) *together {
	t.Helper()
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	if s.wasm, err = artefact(wasm); err != nil {
		t.Fatal(err)
	}
	s.name = "together"
	up, err := newUpstreams()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.stop)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	log := filepath.Join(dir, "access.log")
	b, err := render(ctx, s, up, log, dir)
	if err != nil {
		t.Fatal(err)
	}
	if b.cluster("openai") == nil {
		t.Fatal("no cluster openai")
	}
	change(b, up)
	proc, err := startEnvoy(target.binary, dir, s.workers, b.all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.stop)
	if err := proc.awaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	addr, err := proc.awaitListener(ctx, s.name)
	if err != nil {
		t.Fatal(err)
	}
	return &together{t: t, proc: proc, up: up, addr: addr, log: log}
}

// cluster is a cluster by name, or nil.
func (b *bootstrap) cluster(name string) tree {
	resources, _ := b.all["static_resources"].(tree)
	list, _ := resources["clusters"].([]any)
	for _, c := range list {
		if item, ok := c.(tree); ok && item["name"] == name {
			return item
		}
	}
	return nil
}

// action is what the route to a cluster does, or nil.
func (b *bootstrap) action(cluster string) tree {
	for _, manager := range findType(b.listener, hcmType) {
		config, _ := manager["route_config"].(tree)
		hosts, _ := config["virtual_hosts"].([]any)
		for _, h := range hosts {
			routes, _ := h.(tree)["routes"].([]any)
			for _, r := range routes {
				if action, ok := r.(tree)["route"].(tree); ok && action["cluster"] == cluster {
					return action
				}
			}
		}
	}
	return nil
}

// endpoint is an endpoint of a cluster, as Envoy writes it.
func endpoint(host, port string) tree {
	n, _ := strconv.Atoi(port)
	return tree{"endpoint": tree{"address": tree{"socket_address": tree{"address": host, "port_value": n}}}}
}

// ask sends a call and returns its status and its error code.
func (s *together) ask(headers ...string) string {
	return s.post(`{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}`, headers...)
}

// post sends a call with this body and waits until Envoy is done with it.
func (s *together) post(body string, headers ...string) string {
	defer s.settle()
	return s.send(body, headers...)
}

// send sends a call and returns its status and its error code.
func (s *together) send(body string, headers ...string) string {
	req, err := http.NewRequest("POST", "http://"+s.addr+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("content-type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, body: string(text), cut: err != nil}.brief()
}

// settle waits until the call that was just answered has its line in the access log:
// the breaker knows how it ended by then, and Envoy has counted it.
func (s *together) settle() {
	done := int(s.done.Add(1))
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(s.log)
		if err == nil && bytes.Count(text, []byte("\n")) >= done {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("%d calls were answered, and this is the access log (%v): %s", done, err, text)
			return
		}
	}
}

func (s *together) wantAsk(want string, headers ...string) {
	s.t.Helper()
	if got := s.ask(headers...); got != want {
		s.t.Errorf("answer %q, want %q", got, want)
	}
}

// stat reads one of Envoy's own statistics of the cluster openai.
func (s *together) stat(name string) int {
	s.t.Helper()
	text, err := s.proc.admin(s.t.Context(), "/stats?filter=^cluster.openai."+name+"$")
	if err != nil {
		s.t.Fatal(err)
	}
	_, value, _ := strings.Cut(strings.TrimSpace(text), ": ")
	n, err := strconv.Atoi(value)
	if err != nil {
		s.t.Fatalf("%s: %q", name, text)
	}
	return n
}

// breaker asks the filter for the state of its breaker.
func (s *together) breaker() (state string, failures, calls int) {
	s.t.Helper()
	health := s.health()
	return health.Breakers[0].State, health.Breakers[0].Failures, health.Breakers[0].Calls
}

// memory is what a VM has grown to, in bytes.
func (s *together) memory() int {
	s.t.Helper()
	return s.health().Memory
}

func (s *together) health() health {
	s.t.Helper()
	defer s.settle()
	h := healthOf(s.t, s.addr)
	if len(h.Breakers) != 1 {
		s.t.Fatalf("health: %+v", h)
	}
	return h
}

func (s *together) wantBreaker(state string, failures, calls int) {
	s.t.Helper()
	gotState, gotFailures, gotCalls := s.breaker()
	if gotState != state || gotFailures != failures || gotCalls != calls {
		s.t.Errorf("the breaker is %s after %d failures in %d calls, want %s, %d, %d", gotState, gotFailures, gotCalls, state, failures, calls)
	}
}

// allocatedBy is how many bytes an Envoy says it has allocated, those of VMs apart.
func allocatedBy(t *testing.T, p *envoyProcess) int {
	t.Helper()
	text, err := p.admin(t.Context(), "/memory")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Allocated string }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	n, err := strconv.Atoi(answer.Allocated)
	if err != nil {
		t.Fatalf("memory: %s", text)
	}
	return n
}

// asShipped changes nothing.
func asShipped(*bootstrap, upstreams) {}

// TestRetriesAreOneCall: Envoy tries again by itself where nothing has reached the
// provider; the breaker sees one call, with the outcome of its last attempt.
func TestRetriesAreOneCall(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 3}`, asShipped)
	s.up.main.stop()
	s.wantAsk("503 no_answer")
	s.wantBreaker("closed", 1, 1)
	if n := s.stat("upstream_rq_retry"); n != 2 {
		t.Errorf("%d retries, want the 2 of the shipped configuration", n)
	}
	s.wantAsk("503 no_answer")
	s.wantAsk("503 no_answer")
	s.wantAsk("503 circuit_open")
	if n := s.stat("upstream_rq_retry"); n != 6 {
		t.Errorf("%d retries, want 6: an open breaker has nothing to try again", n)
	}
}

// TestAnswersAreNotRetried: an error that the provider answered is passed on; it
// may have cost money.
func TestAnswersAreNotRetried(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 3}`, asShipped)
	s.wantAsk("500 server_error", "x-demo-status", "500")
	s.wantAsk("503 no_answer", "x-demo-reset", "headers")
	if retries, seen := s.stat("upstream_rq_retry"), len(s.up.main.Seen()); retries != 0 || seen != 2 {
		t.Errorf("%d retries, the provider saw %d", retries, seen)
	}
	s.wantBreaker("closed", 2, 2)
}

// TestOverflowIsNoFailure: what Envoy's own bounds turn away says nothing about
// the provider.
func TestOverflowIsNoFailure(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 1}`, func(b *bootstrap, _ upstreams) {
		b.cluster("openai")["circuit_breakers"] = tree{"thresholds": []any{tree{"max_requests": 1, "max_pending_requests": 1, "max_connections": 1}}}
	})
	first, others := make(chan string, 1), make(chan string, 2)
	go func() { first <- s.ask("x-demo-hold", "a") }()
	if err := s.up.main.WaitArrived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for range cap(others) { // one may wait for the connection, there is no room for both
		go func() { others <- s.ask() }()
	}
	if got := <-others; got != "503 no_answer" {
		t.Errorf("one too many got %s", got)
	}
	s.up.main.Release("a")
	right := 1
	if got := <-first; got != "200" {
		t.Errorf("the first got %s", got)
	}
	if got := <-others; got == "200" { // it waited
		right++
	} else if got != "503 no_answer" {
		t.Errorf("the other got %s", got)
	}
	// Which bound it was depends on the worker that the others came to: one with
	// no connection yet may open a second one, and then there is one call too many.
	if s.stat("upstream_rq_pending_overflow")+s.stat("upstream_rq_active_overflow") == 0 {
		t.Error("nothing overflowed")
	}
	s.wantBreaker("closed", 0, right)
}

// outliers has Envoy eject an endpoint after three errors in a row.
var outliers = tree{"consecutive_5xx": 3, "interval": "0.1s", "base_ejection_time": "30s", "max_ejection_percent": 50}

// TestOutlierDetectionNeedsEndpoints: with the one endpoint that a provider's name
// is, nothing is ejected and every call goes on to it; the breaker opens.
func TestOutlierDetectionNeedsEndpoints(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 5}`, func(b *bootstrap, _ upstreams) {
		b.cluster("openai")["outlier_detection"] = outliers
	})
	for range 5 {
		s.wantAsk("500 server_error", "x-demo-status", "500")
	}
	time.Sleep(300 * time.Millisecond) // some intervals
	if n := s.stat("outlier_detection.ejections_active"); n != 0 {
		t.Errorf("%d endpoints are ejected", n)
	}
	s.wantAsk("503 circuit_open")
}

// TestOutlierDetectionComesFirst: of two endpoints the bad one is ejected, and the
// breaker, which sees the cluster as a whole, stays closed.
func TestOutlierDetectionComesFirst(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 0, failure_rate: 60, minimum_calls: 20}`, func(b *bootstrap, up upstreams) {
		cluster := b.cluster("openai")
		cluster["outlier_detection"] = outliers
		cluster["type"] = "STATIC"
		delete(cluster, "dns_lookup_family")
		var endpoints []any
		for _, u := range []*upstream{up.main, up.spare} {
			host, port, _ := strings.Cut(u.addr, ":")
			endpoints = append(endpoints, endpoint(host, port))
		}
		cluster["load_assignment"] = tree{"cluster_name": "openai", "endpoints": []any{tree{"lb_endpoints": endpoints}}}
	})
	s.up.spare.mood.Store(&map[string]string{"x-demo-status": "500"})
	tally := map[string]int{}
	for s.stat("outlier_detection.ejections_active") != 1 {
		if tally[s.ask()]++; tally["200"] > 100 {
			t.Fatalf("%v, and nothing is ejected", tally)
		}
	}
	for well := 0; well < 5; { // until the worker knows it, too: they would be every second one
		if well++; s.ask() != "200" {
			well = 0
		}
	}
	for range 40 {
		s.wantAsk("200")
	}
	if failed := tally["500 server_error"]; failed < 3 || len(tally) > 2 {
		t.Errorf("%v, want the errors of the one endpoint until it was ejected, all else well", tally)
	}
	if state, failures, _ := s.breaker(); state != "closed" {
		t.Errorf("the breaker is %s after %d failures", state, failures)
	}
}
