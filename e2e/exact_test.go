package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	exactRuns     = 20     // of each kind on each host, each with a user of its own
	exactRequests = 50     // what a user may send
	exactTokens   = 2_000  // what a user may use
	connections   = 64     // that send requests at once
	streams       = 100    // that run at once
	volley        = 4 * 64 // requests of one run
)

// TestExact: whatever the workers' races, exactly as many requests pass as the
// limit has, and parallel streams use no more tokens than the budget, but for
// what answers are longer than their requests allowed.
func TestExact(t *testing.T) {
	for _, c := range []struct {
		target  string
		workers int
	}{{"hostsim", 8}, {"envoy", 4}} {
		t.Run(c.target, func(t *testing.T) {
			target, err := newTarget(c.target)
			if err != nil {
				t.Fatal(err)
			}
			defer target.close()
			x := newExact(t, target, c.workers)
			defer x.host.close()
			t.Run("requests", x.requests)
			t.Run("tokens", x.tokens)
		})
	}
}

// exact is a host under a policy of two classes of users: those of "r" have a
// request limit, those of "t" a token budget.
type exact struct {
	host   host
	client *http.Client
	sent   atomic.Int64
}

func newExact(t *testing.T, target target, workers int) *exact {
	policy := "inspection: {mode: off}\nauth:\n  keys:\n" // the texts here are all but natural
	for _, class := range []string{"r", "t"} {
		for i := range exactRuns {
			user := class + strconv.Itoa(i)
			policy += "    - {user: " + user + ", class: " + class + ", sha256: \"%{sha256 sk-" + user + "}\"}\n"
		}
	}
	policy += fmt.Sprintf("limits:\n  - {name: requests, requests: %d/30d, classes: [r]}\n  - {name: tokens, tokens: %d/30d, classes: [t]}\n",
		exactRequests, exactTokens)
	policy, err := expand(policy)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := artefact("sparkward.wasm")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	rivals := &rivals{random: rand.New(rand.NewPCG(1, uint64(workers))), most: workers}
	h, err := target.start(ctx, setup{name: "exact", policy: policy, wasm: wasm, workers: workers, yield: rivals.yield})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: streams, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &exact{host: h, client: &http.Client{Transport: transport}}
}

// rivals holds workers before they touch shared data and lets them go several
// at a time, so that they race as often as they can.
type rivals struct {
	mu     sync.Mutex
	random *rand.Rand
	most   int
	held   []chan struct{}
}

func (r *rivals) yield(int, string) {
	r.mu.Lock()
	if r.random.IntN(4) == 0 {
		r.mu.Unlock()
		return
	}
	gate := make(chan struct{})
	r.held = append(r.held, gate)
	if len(r.held) > r.random.IntN(r.most) {
		r.random.Shuffle(len(r.held), func(i, j int) { r.held[i], r.held[j] = r.held[j], r.held[i] })
		for _, other := range r.held {
			close(other)
		}
		r.held = nil
	}
	r.mu.Unlock()
	select {
	case <-gate:
	case <-time.After(time.Millisecond): // the others have nothing to do with shared data now
	}
}

// question is a chat request of a user.
type question struct {
	user, text string
	maxTokens  int
	gate       string // of a stream
}

func (x *exact) ask(ctx context.Context, q question) (*http.Response, error) {
	body := map[string]any{"model": "gpt-4o", "messages": []any{map[string]any{"role": "user", "content": q.text}}, "max_tokens": q.maxTokens}
	if q.gate != "" {
		body["stream"], body["stream_options"] = true, map[string]any{"include_usage": true}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+x.host.addr()+"/v1/chat/completions", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("content-type", "application/json")
	r.Header.Set("authorization", "Bearer sk-"+q.user)
	if q.gate != "" {
		r.Header.Set("x-demo-gate", q.gate)
	}
	x.sent.Add(1)
	return x.client.Do(r)
}

// requests: of 256 requests over 64 connections exactly 50 pass, in each run.
func (x *exact) requests(t *testing.T) {
	for run := range exactRuns {
		var mu sync.Mutex
		var wg sync.WaitGroup
		got := map[int]int{}
		for range connections {
			wg.Go(func() {
				for range volley / connections {
					resp, err := x.ask(t.Context(), question{user: "r" + strconv.Itoa(run), text: "Hello", maxTokens: 10})
					if err != nil {
						t.Error(err)
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					mu.Lock()
					got[resp.StatusCode]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if got[200] != exactRequests || got[429] != volley-exactRequests {
			t.Errorf("run %d: answers %v, want %d × 200 and %d × 429", run, got, exactRequests, volley-exactRequests)
		}
	}
}

// tokens: of 100 streams at once as many are let in as fit with what they may
// use. Afterwards exactly what they used is gone from the budget.
func (x *exact) tokens(t *testing.T) {
	for run := range exactRuns {
		user := "t" + strconv.Itoa(run)
		reserve := exactTokens - x.remaining(t, user) // of the small call
		small := exactTokens - x.remaining(t, user) - reserve
		sum, excess, passed := x.streams(t, user, run)
		used := 2*small + sum
		if used > exactTokens+excess {
			t.Errorf("run %d: %d tokens are used of %d, %d of them beyond what was declared", run, used, exactTokens, excess)
		}
		if passed < 10 || passed == streams {
			t.Errorf("run %d: %d of %d streams passed, which tests nothing", run, passed, streams)
		}
		x.settle(t)
		want := max(exactTokens-used, 0)
		if want >= reserve {
			want -= reserve
		}
		if got := x.remaining(t, user); got != want {
			t.Errorf("run %d: %d tokens are left after %d streams used %d, want %d", run, got, passed, sum, want)
		}
		t.Logf("run %d: %d of %d streams passed and used %d tokens, %d beyond what they declared", run, passed, streams, sum, excess)
	}
}

// streams opens 100 streams, each of which goes on when all are decided, and
// returns what they used, how much of it was beyond what they declared, and how
// many passed.
func (x *exact) streams(t *testing.T, user string, run int) (sum, excess, passed int) {
	var decided, ended sync.WaitGroup
	var mu sync.Mutex
	gate := "exact-" + user
	decided.Add(streams)
	for i := range streams {
		ended.Go(func() {
			// The provider counts words, and the prompt is estimated as a few
			// tokens more than it has words; the answer is as long as it may be.
			words := 20 + i%7
			text := strings.Repeat("word ", words-3) + strings.Repeat("gatekeepers ", 3)
			q := question{user: user, text: text, maxTokens: words + 2, gate: gate}
			if i%5 == 0 {
				q.maxTokens -= 9
			}
			resp, err := x.ask(t.Context(), q)
			decided.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != 200 {
				if resp.StatusCode != 429 {
					t.Errorf("run %d: %s", run, resp.Status)
				}
				io.Copy(io.Discard, resp.Body)
				return
			}
			input, output, err := streamUsage(resp.Body)
			if err != nil {
				t.Errorf("run %d: %v", run, err)
			}
			mu.Lock()
			defer mu.Unlock()
			sum, excess, passed = sum+input+output, excess+max(0, output-q.maxTokens), passed+1
		})
	}
	decided.Wait()
	for range streams * 40 {
		x.host.upstreams().main.Release(gate)
	}
	ended.Wait()
	return sum, excess, passed
}

// streamUsage reads a stream to its end and returns the usage in it.
func streamUsage(r io.Reader) (input, output int, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var event struct {
			Usage *struct {
				Input  int `json:"prompt_tokens"`
				Output int `json:"completion_tokens"`
			}
		}
		text, ok := strings.CutPrefix(lines.Text(), "data: {")
		if ok && json.Unmarshal([]byte("{"+text), &event) == nil && event.Usage != nil {
			input, output = event.Usage.Input, event.Usage.Output
		}
	}
	if err = lines.Err(); err == nil && output == 0 {
		err = fmt.Errorf("a stream without usage")
	}
	return input, output, err
}

// remaining sends a small call, waits until it is settled, and returns what the
// budget had left while it was under way.
func (x *exact) remaining(t *testing.T, user string) int {
	t.Helper()
	resp, err := x.ask(t.Context(), question{user: user, text: "Hello", maxTokens: 4})
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	left, err := strconv.Atoi(resp.Header.Get("x-ratelimit-remaining-tokens"))
	if err != nil {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	x.settle(t)
	return left
}

// settle waits until every request sent has its audit line: by then all that was
// reserved for it is settled.
func (x *exact) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		lines, err := x.host.audits()
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(lines)) == x.sent.Load() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d requests were sent and %d ended a minute later", x.sent.Load(), len(lines))
		}
	}
}
