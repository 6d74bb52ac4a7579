package guard

import (
	"testing"
	"time"
)

// streamed plays a streamed answer, one piece at each of the times.
func streamed(g *Guard, details string, pieces []string, at []time.Duration, end bool) *testStream {
	c := chat("k-alice", "capital?")
	stream := &testStream{properties: map[string]string{"xds.cluster_name": "openai", "source.address": "192.0.2.1:5", "response.code_details": details}}
	r := g.NewRequest(stream)
	r.Begin(c.headers, false, start)
	r.RequestBody(len(c.body), c.read, true, start)
	r.ResponseHeaders([][2]string{{":status", "200"}, {"content-type", "text/event-stream"}}, false, start)
	for i, piece := range pieces {
		r.ResponseBody([]byte(piece), end && i == len(pieces)-1, start.Add(at[i]))
	}
	r.Done(start.Add(at[len(at)-1]))
	return stream
}

var spoken = []string{
	"data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
	"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Paris is\"}}]}\n\n",
	"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" the capital\"},\"finish_reason\":\"stop\"}]}\n\n",
	"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":11,\"total_tokens\":15}}\n\ndata: [DONE]\n\n",
}

// TestStreamsAreTimed: the first text counts, not the first event, and a token's
// time is that of the others after it.
func TestStreamsAreTimed(t *testing.T) {
	g, host := newGuard(t, policyWith(""))
	streamed(g, "via_upstream", spoken, []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 7 * time.Second}, true)
	if got := host.stat("sparkward_time_to_first_token_seconds_bucket", "2.5"); got != 1 {
		t.Errorf("first token: %v", host.stats)
	}
	if got := host.stats["sparkward_time_per_output_token_seconds_sum_microseconds"]; got != 500_000 {
		t.Errorf("a token took %d µs, want 5 s over 10 tokens", got)
	}
}

func TestAStreamThatIsCutIsTimedAsFarAsItWent(t *testing.T) {
	for _, details := range []string{"downstream_remote_disconnect", "upstream_reset_after_response_started{connection_termination}", "stream_idle_timeout"} {
		g, host := newGuard(t, policyWith(""))
		streamed(g, details, spoken[:2], []time.Duration{time.Second, 3 * time.Second}, false)
		if got := host.stats["sparkward_time_to_first_token_seconds_sum_microseconds"]; got != 3_000_000 {
			t.Errorf("%s: first token after %d µs, want 3 s", details, got)
		}
	}
}

func TestWhatIsNotTimed(t *testing.T) {
	g, host := newGuard(t, policyWith(""))
	answered(chat("k-alice", "capital?")).run(t, g)                   // no stream
	streamed(g, "via_upstream", spoken[:1], []time.Duration{0}, true) // says nothing
	chat("k-alice", attack).run(t, g)                                 // refused
	for name, n := range host.stats {
		if n != 0 && (name == "sparkward_time_to_first_token_seconds_sum_microseconds" || name == "sparkward_time_per_output_token_seconds_sum_microseconds") {
			t.Errorf("%s = %d", name, n)
		}
	}
}

// outcomes are what a stream's end says about its upstream: whether the breaker,
// which one failure opens, then refuses.
func TestHowStreamsEnd(t *testing.T) {
	cases := []struct {
		name, details string
		end, opens    bool
	}{
		{"a good end", "via_upstream", true, false},
		{"a client that left", "downstream_remote_disconnect", false, false},
		{"a client that reset an HTTP/2 stream", "http2.remote_reset", false, false},
		{"a client that broke the protocol", "http1.codec_error", false, false},
		{"an upstream that broke off", "upstream_reset_after_response_started{connection_termination}", false, true},
		{"an upstream that stalled", "stream_idle_timeout", false, true},
		{"a stream that never ends", "max_duration_timeout", false, true},
		{"an upstream that stalled, by the route's own timer", "upstream_per_try_idle_timeout", false, true},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(`,"breakers":[{"cluster":"openai","consecutive_failures":1}]`))
		streamed(g, c.details, spoken[:2], []time.Duration{0, time.Second}, c.end)
		next := chat("k-alice", "hi").run(t, g)
		if opened := next.reason() == string(CircuitOpen); opened != c.opens {
			t.Errorf("%s: opened %v, want %v", c.name, opened, c.opens)
		}
	}
}

// TestAnEndlessStreamTakesNoMemory: what is kept of a stream does not grow with
// it, for the cache or for the count of its tokens.
func TestAnEndlessStreamTakesNoMemory(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy))
	c := chat("k-alice", "capital?")
	r := g.NewRequest(&testStream{properties: map[string]string{"xds.cluster_name": "openai"}})
	r.Begin(c.headers, false, start)
	r.RequestBody(len(c.body), c.read, true, start)
	r.ResponseHeaders([][2]string{{":status", "200"}, {"content-type", "text/event-stream"}}, false, start)
	piece := []byte(spoken[1])
	write := func() { r.ResponseBody(piece, false, start.Add(time.Second)) }
	for range 5000 { // past what an answer in the cache may have
		write()
	}
	if r.cache.answer.Body != nil {
		t.Errorf("%d bytes are kept", len(r.cache.answer.Body))
	}
	if n := testing.AllocsPerRun(1000, write); n > 0 {
		t.Errorf("%v allocations a piece", n)
	}
}
