package guard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const tokenPolicy = `,"usage":"publish","limits":[{"name":"budget","tokens":"1000/1h","max_completion":100}]`

// asking is a chat call that bounds its answer, with what the answer used.
func asking(maxTokens, used int64) *call {
	c := chat("k-alice", "hi")
	c.body = strings.Replace(c.body, `{"model"`, `{"max_tokens":`+strconv.FormatInt(maxTokens, 10)+`,"model"`, 1)
	c.answers = []string{`{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":`, `1,"completion_tokens":` + strconv.FormatInt(used-1, 10) + `}}`}
	return c
}

func TestTokensAreReservedThenSettled(t *testing.T) {
	g, host := newGuard(t, policyWith(tokenPolicy))
	first := asking(900, 10).run(t, g)
	if first.reply != nil || first.answer["x-ratelimit-remaining-tokens"] == "1000" {
		t.Fatalf("first: %s %v", first.reason(), first.answer)
	}
	second := asking(900, 900).run(t, g)
	if second.reply != nil {
		t.Fatalf("what the first did not use is still held: %s", second.reason())
	}
	third := asking(900, 10).run(t, g)
	if third.reason() != string(RateLimited) || third.answer["retry-after"] == "" || third.answer["x-ratelimit-limit-tokens"] != "1000" {
		t.Fatalf("third: %s %v", third.reason(), third.answer)
	}
	if got := host.stat("sparkward_tokens_total", "output"); got != 9+899 {
		t.Errorf("%d output tokens counted", got)
	}
	if estimate, err := strconv.Atoi(first.states["estimate"]); err != nil || estimate <= 900 {
		t.Errorf("published the estimate %q", first.states["estimate"])
	}
	if first.states["tokens"] != "10" || third.states["tokens"] != "0" {
		t.Errorf("published %q and %q", first.states["tokens"], third.states["tokens"])
	}
}

func TestParallelCallsCannotOvershoot(t *testing.T) {
	g, _ := newGuard(t, policyWith(tokenPolicy))
	passed := 0
	var open []*Request
	for range 20 {
		c := asking(300, 0)
		r := g.NewRequest(&testStream{properties: map[string]string{"xds.cluster_name": "openai"}})
		r.Begin(c.headers, false, start)
		if v := r.RequestBody(len(c.body), func() ([]byte, error) { return []byte(c.body), nil }, true, start); v.Action == Continue {
			passed++
			open = append(open, r)
		}
	}
	if passed != 3 {
		t.Errorf("%d calls of 300 tokens passed a budget of 1000 at once, want 3", passed)
	}
	for _, r := range open {
		r.Done(start)
	}
}

func TestACallThatCanNeverFit(t *testing.T) {
	g, _ := newGuard(t, policyWith(tokenPolicy))
	c := asking(5000, 0).run(t, g)
	if c.reason() != string(TooManyTokens) || c.wantStatus() != 400 {
		t.Errorf("%s %d", c.reason(), c.wantStatus())
	}
	c = asking(1<<62, 0).run(t, g)
	if c.reason() != string(TooManyTokens) {
		t.Errorf("an absurd max_tokens: %s", c.reason())
	}
}

func TestWhatAnAnswerIsCharged(t *testing.T) {
	stream := []string{"data: {\"choices\":[{\"delta\":{\"content\":\"one two three four five six seven eight\"}}]}\n\n"}
	cases := []struct {
		name   string
		change func(c *call)
		least  int64
		most   int64
	}{
		{"exact usage", func(*call) {}, 10, 10},
		{"an error of the upstream", func(c *call) { c.status = 500 }, 0, 0},
		{"a client that leaves a stream", func(c *call) { c.answers, c.lost, c.details = stream, true, "downstream_remote_disconnect" }, 5, 40},
		{"a stream without usage", func(c *call) { c.answers = append(stream, "data: [DONE]\n\n") }, 5, 40},
		{"a refused prompt", func(c *call) { c.body = strings.Replace(c.body, `"hi"`, `"`+attack+`"`, 1) }, 0, 0},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(tokenPolicy))
		r := asking(500, 10)
		c.change(r)
		r.run(t, g)
		got, err := strconv.ParseInt(r.states["tokens"], 10, 64)
		if err != nil || got < c.least || got > c.most {
			t.Errorf("%s: charged %q, want %d to %d", c.name, r.states["tokens"], c.least, c.most)
		}
		probe := asking(1, 1)
		probe.run(t, g)
		left, _ := strconv.ParseInt(probe.answer["x-ratelimit-remaining-tokens"], 10, 64)
		if want := 1000 - got - 10; left < want || left > 1000-got {
			t.Errorf("%s: %d left after %d were charged", c.name, left, got)
		}
	}
}

// TestLeavingEarlyCostsThePrompt: a client that leaves before the answer begins
// has had the provider read its prompt.
func TestLeavingEarlyCostsThePrompt(t *testing.T) {
	g, _ := newGuard(t, policyWith(tokenPolicy))
	c := asking(500, 0)
	stream := &testStream{properties: map[string]string{"xds.cluster_name": "openai", "response.code_details": "downstream_remote_disconnect"}}
	r := g.NewRequest(stream)
	r.Begin(c.headers, false, start)
	if v := r.RequestBody(len(c.body), func() ([]byte, error) { return []byte(c.body), nil }, true, start); v.Action != Continue {
		t.Fatal("refused")
	}
	estimate := r.promptTokens
	r.Done(start)
	if got := stream.states["tokens"]; estimate < 1 || got != strconv.FormatInt(estimate, 10) {
		t.Errorf("charged %q for a prompt of %d tokens", got, estimate)
	}
	probe := asking(1, 1).run(t, g)
	if left, _ := strconv.ParseInt(probe.answer["x-ratelimit-remaining-tokens"], 10, 64); left != 1000-estimate-1-estimate {
		t.Errorf("%d left after a prompt of %d tokens and while another is asked", left, estimate)
	}
	unsent := g.NewRequest(stream)
	unsent.Begin(c.headers, false, start)
	unsent.Done(start)
	if got := stream.states["tokens"]; got != "0" {
		t.Errorf("a body that never came is charged %q", got)
	}
}

func TestTokenBudgetRefills(t *testing.T) {
	g, _ := newGuard(t, policyWith(`,"limits":[{"name":"budget","tokens":"600/1m"}]`))
	asking(500, 600).run(t, g)
	if c := asking(100, 1).run(t, g); c.reason() != string(RateLimited) {
		t.Fatalf("budget is used up, got %q", c.reason())
	}
	later := asking(100, 1)
	later.at = 30 * time.Second
	if later.run(t, g); later.reply != nil {
		t.Errorf("after half a minute: %s", later.reason())
	}
}

func TestAnswersAreAskedForUncompressed(t *testing.T) {
	g, _ := newGuard(t, policyWith(""))
	c := chat("k-alice", "hi")
	c.headers = append(c.headers, [2]string{"accept-encoding", "gzip"})
	if _, found := c.run(t, g).upstreamHeaders()["accept-encoding"]; found {
		t.Error("the upstream may compress what the filter has to read")
	}
}

// TestBudgetsBelongToNames: another order of the limits in a policy neither
// gives nor takes budget, and neither does a new limit before them.
func TestBudgetsBelongToNames(t *testing.T) {
	limits := []string{
		`{"name":"b","tokens":"1000/1h","max_completion":100}`,
		`{"name":"a","requests":"3/1h"}`,
		`{"name":"d","requests":"100/1h"}`,
		`{"name":"c","requests":"50/1h"}`,
	}
	policy := func(order ...int) string {
		var list []string
		for _, i := range order {
			list = append(list, limits[i])
		}
		return policyWith(`,"limits":[` + strings.Join(list, ",") + `]`)
	}
	for _, c := range []struct{ before, after []int }{
		{[]int{0, 1}, []int{1, 0}},
		{[]int{0, 1}, []int{3, 1, 0}},
		{[]int{0, 1, 2, 3}, []int{3, 2, 1, 0}},
		{[]int{0, 1, 2, 3}, []int{2, 0, 3, 1}},
	} {
		host := newTestHost()
		g := newGuardOn(t, host, policy(c.before...))
		for range 2 {
			if used := asking(100, 400).run(t, g); used.reply != nil {
				t.Fatalf("%v: %s", c.before, used.reason())
			}
		}
		g = newGuardOn(t, host, policy(c.after...))
		for _, next := range []struct {
			ask   int64
			limit any // that refuses it
		}{{600, "b"}, {100, "a"}} { // a refused call has been charged as a request
			call := asking(next.ask, 10).run(t, g)
			if call.reason() != string(RateLimited) || call.audit["limit"] != next.limit {
				t.Errorf("%v, then %v: a call for %d tokens: %s %v", c.before, c.after, next.ask, call.reason(), call.audit)
			}
		}
	}
}

// TestContext: a prompt that is too long for its model is refused, or would be,
// whatever else looks at the body.
func TestContext(t *testing.T) {
	for _, c := range []struct {
		policy, model string
		reason, would any
	}{
		{`{"contexts":[{"model":"gpt-*","tokens":50}]}`, "gpt-4o", string(ContextExceeded), nil},
		{`{"contexts":[{"model":"claude-*","tokens":50}]}`, "gpt-4o", nil, nil},
		{`{"contexts":[{"model":"gpt-4*","tokens":500},{"model":"gpt-*","tokens":50}]}`, "gpt-4o", nil, nil},
		{`{"mode":"shadow","contexts":[{"model":"gpt-4o","tokens":50}]}`, "gpt-4o", nil, "[" + string(ContextExceeded) + "]"},
		{`{"mode":"off","contexts":[{"model":"gpt-4o","tokens":50}]}`, "gpt-4o", nil, nil},
	} {
		for _, inspection := range []string{"enforce", "off"} {
			g, _ := newGuard(t, policyWith(`,"size":`+c.policy+`,"inspection":{"mode":"`+inspection+`"}`))
			long := chat("k-alice", strings.Repeat("word ", 100))
			long.body = strings.Replace(long.body, `"gpt-4o"`, `"`+c.model+`"`, 1)
			if !strings.Contains(long.body, `"`+c.model+`"`) {
				t.Fatalf("the body %s asks for another model", long.body)
			}
			long.run(t, g)
			would := long.audit["would"]
			if would != nil {
				would = fmt.Sprint(would)
			}
			if long.audit["reason"] != c.reason || would != c.would {
				t.Errorf("%s, %s, inspection %s: %v", c.policy, c.model, inspection, long.audit)
			}
		}
	}
}
