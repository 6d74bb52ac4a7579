package e2e

import (
	"strings"
	"testing"
	"time"
)

// streamOf asks for a stream and returns how its answer ended, and after what time.
func (s *together) streamOf(headers ...string) (string, time.Duration) {
	begin := time.Now()
	got := s.post(`{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Hello there"}]}`, headers...)
	return got, time.Since(begin)
}

// TestAStreamThatStalls: Envoy cuts a stream on which nothing moves, the client
// sees it cut, and it is a failure of the upstream.
func TestAStreamThatStalls(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 3}`, func(b *bootstrap, _ upstreams) {
		findType(b.listener, hcmType)[0]["stream_idle_timeout"] = "1s"
	})
	if got, took := s.streamOf("x-demo-gate", "never"); got != "200 (cut)" || took < time.Second {
		t.Errorf("in the middle: %s after %v", got, took)
	}
	s.wantBreaker("closed", 1, 1)
	if got, _ := s.streamOf("x-demo-hold", "never"); got != "504 upstream_timeout" {
		t.Errorf("before the first byte: %s", got)
	}
	s.wantBreaker("closed", 2, 2)
	if err := s.up.main.WaitIdle(t.Context()); err != nil {
		t.Error("the upstream is still asked:", err)
	}
}

// TestAStreamThatNeverEnds: Envoy cuts it in the end. Meanwhile the filter keeps
// nothing of it, though the policy has a cache.
func TestAStreamThatNeverEnds(t *testing.T) {
	s := startTogether(t, `{cluster: openai, consecutive_failures: 3}`, func(b *bootstrap, _ upstreams) {
		b.action("openai")["max_stream_duration"] = tree{"max_stream_duration": "3s"}
	})
	before := s.memory()
	for range 3 {
		if got, took := s.streamOf("x-demo-chunks", "10000", "x-demo-pad", "2000000", "x-demo-chunk-delay", "2ms"); got != "200 (cut)" || took < 3*time.Second {
			t.Errorf("%s after %v", got, took)
		}
	}
	s.wantBreaker("open", 0, 0)
	if grown := s.memory() - before; grown > 4<<20 {
		t.Errorf("the VM grew by %d bytes", grown)
	}
}

// TestACallThatWaitsInALostVM: nobody is left to wake a call that waits for another's
// answer in a VM that is lost, and nothing that happens tells Envoy of it. Its
// stream_idle_timeout ends the call, which never gets by the filter.
func TestACallThatWaitsInALostVM(t *testing.T) {
	s := startSetup(t, setup{workers: 1, policy: "auth: {default: public}\ncache: {paths: [/v1/chat/completions]}"}, "sparkward-test.wasm",
		func(b *bootstrap, _ upstreams) { findType(b.listener, hcmType)[0]["stream_idle_timeout"] = "6s" })
	first, others := make(chan string, 1), make(chan string, 2)
	go func() { first <- s.ask("x-demo-hold", "a") }()
	if err := s.up.main.WaitArrived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for range cap(others) {
		go func() { others <- s.ask() }()
	}
	time.Sleep(time.Second) // until they wait: then there is no more to see of them
	s.wantAsk("503 no_answer", "x-sparkward-test", "trap")
	for range cap(others) {
		if got, took := <-others, time.Since(begin); got != "503 no_answer" || took < 6*time.Second {
			t.Errorf("a call that waited got %s after %v", got, took)
		}
	}
	s.up.main.Release("a")
	if got := <-first; !strings.HasPrefix(got, "503") {
		t.Errorf("the first got %s", got)
	}
	if n := len(s.up.main.Seen()); n != 1 {
		t.Errorf("%d calls came to the provider", n)
	}
	s.wantAsk("200")
}
