package guard

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// waiter is a call of a test that is told step by step.
type waiter struct {
	*call
	state string // waits, sent, hit or refused
	said  Verdict
}

// wonder begins a call with a whole body.
func wonder(g *Guard, text string, at time.Duration) *waiter {
	a := &waiter{call: chat("k-alice", text)}
	a.details = "via_upstream"
	a.request = g.NewRequest(&testStream{properties: map[string]string{
		"xds.cluster_name": "openai", "source.address": "192.0.2.1:5", "response.code_details": a.details,
	}})
	a.request.Begin(a.headers, false, start.Add(at))
	a.judge(a.request.RequestBody(len(a.body), a.read, true, start.Add(at)))
	return a
}

func (a *waiter) tick(at time.Duration) {
	if a.state == "waits" {
		a.judge(a.request.Resume(len(a.body), a.read, start.Add(at)))
	}
}

func (a *waiter) judge(v Verdict) {
	a.said = v
	switch {
	case v.Action == Wait && a.request.Parked():
		a.state = "waits"
	case v.Action == Continue && a.request.sent:
		a.state = "sent"
	case v.Action == Answer && v.Reply.Status == 200:
		a.state = "hit"
	default:
		a.state = "refused"
	}
}

// answerWith gives a call that was sent its upstream's answer.
func (a *waiter) answerWith(status int, body string, whole bool, at time.Duration) {
	now := start.Add(at)
	a.request.ResponseHeaders([][2]string{{":status", itoa(status)}, {"content-type", "application/json"}}, false, now)
	a.request.ResponseBody([]byte(body), whole, now)
	a.request.Done(now)
}

const answerBody = `{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"Paris"}}]}`

func states(asked ...*waiter) string {
	var words []string
	for _, a := range asked {
		words = append(words, a.state)
	}
	return strings.Join(words, " ")
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	host := newTestHost()
	one, two := newGuardOn(t, host, policyWith(cachePolicy)), newGuardOn(t, host, policyWith(cachePolicy))
	first, second, third := wonder(one, "capital?", 0), wonder(one, "capital?", 0), wonder(two, "capital?", 0)
	other := wonder(two, "another?", 0)
	if got := states(first, second, third, other); got != "sent waits waits sent" {
		t.Fatal(got)
	}
	second.tick(time.Second)
	if second.state != "waits" {
		t.Fatalf("before the answer: %s", second.state)
	}
	first.answerWith(200, answerBody, true, 2*time.Second)
	second.tick(2 * time.Second)
	third.tick(2 * time.Second)
	if got := states(second, third); got != "hit hit" || string(third.said.Reply.Body) != answerBody {
		t.Errorf("after the answer: %s, %+v", got, third.said.Reply)
	}
	if one.parked+two.parked != 0 {
		t.Error("somebody is still parked")
	}
	if n := host.stat("sparkward_cache_total", cacheHit); n != 2 {
		t.Errorf("%d hits counted", n)
	}
}

// TestNobodyWaitsInVain: whatever becomes of the first call but a kept answer,
// the others go upstream, all at the next tick.
func TestNobodyWaitsInVain(t *testing.T) {
	cases := []struct {
		name string
		end  func(first *waiter)
		at   time.Duration
	}{
		{"an error", func(a *waiter) { a.answerWith(500, `{}`, true, time.Second) }, time.Second},
		{"an answer that is cut off", func(a *waiter) { a.answerWith(200, `{`, false, time.Second) }, time.Second},
		{"an answer that is not JSON", func(a *waiter) { a.answerWith(200, `{`, true, time.Second) }, time.Second},
		{"headers of an error", func(a *waiter) {
			a.request.ResponseHeaders([][2]string{{":status", "429"}}, false, start.Add(time.Second))
		}, time.Second},
		{"headers that forbid to keep it", func(a *waiter) {
			a.request.ResponseHeaders([][2]string{{":status", "200"}, {"content-type", "application/json"}, {"cache-control", "no-store"}}, false, start.Add(time.Second))
		}, time.Second},
		{"an answer that grows too large", func(a *waiter) {
			a.request.ResponseHeaders([][2]string{{":status", "200"}, {"content-type", "application/json"}}, false, start.Add(time.Second))
			a.request.ResponseBody(make([]byte, 1<<20), false, start.Add(time.Second))
		}, time.Second},
		{"a client that left", func(a *waiter) { a.request.Done(start.Add(time.Second)) }, time.Second},
		{"a worker that was lost", func(*waiter) {}, flightLease},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, _ := newGuard(t, policyWith(cachePolicy))
			first := wonder(g, "capital?", 0)
			others := []*waiter{wonder(g, "capital?", 0), wonder(g, "capital?", 0)}
			for _, o := range others {
				if o.tick(c.at - time.Millisecond); o.state != "waits" {
					t.Fatalf("%s too early", o.state)
				}
			}
			c.end(first)
			for _, o := range others {
				if o.tick(c.at); o.state != "sent" {
					t.Errorf("then %s", o.state)
				}
			}
		})
	}
}

// TestASlowAnswerIsWaitedFor: as long as the first call's worker ticks, and not for
// ever; who comes late waits no longer than who came early.
func TestASlowAnswerIsWaitedFor(t *testing.T) {
	host := newTestHost()
	one, two := newGuardOn(t, host, policyWith(cachePolicy)), newGuardOn(t, host, policyWith(cachePolicy))
	first, second := wonder(one, "capital?", 0), wonder(two, "capital?", 0)
	var late *waiter
	for at := time.Second; at < flightTime; at += time.Second {
		one.Tick(start.Add(at))
		if second.tick(at); second.state != "waits" {
			t.Fatalf("%s after %v", second.state, at)
		}
		if at == 20*time.Second {
			late = wonder(two, "capital?", at)
		}
	}
	one.Tick(start.Add(flightTime))
	second.tick(flightTime)
	late.tick(flightTime)
	if got := states(first, second, late); got != "sent sent sent" {
		t.Error(got)
	}
}

func TestWhoDoesNotWait(t *testing.T) {
	cases := []struct{ name, policy, directive, want string }{
		{"no-cache", cachePolicy, "no-cache", "sent"},
		{"no-store", cachePolicy, "no-store", "sent"},
		{"only-if-cached", cachePolicy, "only-if-cached", "refused"},
		{"headers that have gone on", cachePolicy + `,"header_mode":"pass"`, "", "sent"},
		{"a cache in shadow mode", `,"cache":{"mode":"shadow","paths":["/v1/chat/completions"]}`, "", "sent"},
	}
	for _, c := range cases {
		g, _ := newGuard(t, policyWith(c.policy))
		wonder(g, "capital?", 0)
		second := &waiter{call: chat("k-alice", "capital?")}
		if c.directive != "" {
			second.headers = append(second.headers, [2]string{"cache-control", c.directive})
		}
		second.request = g.NewRequest(&testStream{})
		second.request.Begin(second.headers, false, start)
		second.judge(second.request.RequestBody(len(second.body), second.read, true, start))
		if second.state != c.want {
			t.Errorf("%s: %s, want %s", c.name, second.state, c.want)
		}
	}
}

// TestAParkedCallKeepsItsOwn: what the guard remembers of the last body is not
// taken for that of a call that waited.
func TestAParkedCallKeepsItsOwn(t *testing.T) {
	policy := `,"cache":{"paths":["/v1/chat/completions"]},"limits":[{"name":"t","tokens":"1000000/1h"}],
		"upstreams":[{"cluster":"openai","paths":["/v1/chat/completions"],"fallbacks":[{"cluster":"azure","models":{"gpt-4o":"eu"}}]}],
		"breakers":[{"cluster":"openai","consecutive_failures":1},{"cluster":"azure"}]`
	g, _ := newGuard(t, policyWith(policy))
	first, second := wonder(g, "capital?", 0), wonder(g, "capital?", 0)
	first.answerWith(500, `{}`, true, time.Second)
	wonder(g, strings.Repeat("a long text in between ", 40), time.Second)
	second.tick(time.Second)
	want := strings.Replace(second.body, `"gpt-4o"`, `"eu"`, 1)
	if second.state != "sent" || string(second.said.Body) != want || second.request.cluster != "azure" {
		t.Errorf("%s to %s with %s", second.state, second.request.cluster, second.said.Body)
	}
	if asked := second.request.reserved[0].N - second.request.promptTokens; second.request.promptTokens != first.request.promptTokens || asked < 0 {
		t.Errorf("reserved %d for %d tokens", asked, second.request.promptTokens)
	}
}

func TestALostBodyIsRefused(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy+`,"on_error":"allow"`))
	first, second := wonder(g, "capital?", 0), wonder(g, "capital?", 0)
	first.request.Done(start)
	second.body = "unreadable"
	if second.tick(time.Second); second.state != "refused" || second.said.Reply.Status != 503 {
		t.Errorf("%s", second.state)
	}
}

func TestParkedCallsAreBounded(t *testing.T) {
	g, _ := newGuard(t, policyWith(cachePolicy))
	wonder(g, "capital?", 0)
	var waiting []*waiter
	for range mostParked {
		waiting = append(waiting, wonder(g, "capital?", 0))
	}
	if g.parked != mostParked {
		t.Fatalf("%d wait", g.parked)
	}
	if more := wonder(g, "capital?", 0); more.state != "sent" {
		t.Errorf("one more %s", more.state)
	}
	for i, a := range waiting {
		if i%2 == 0 {
			a.request.Crashed()
		}
		a.request.Done(start)
	}
	if g.parked != 0 {
		t.Errorf("%d are still counted", g.parked)
	}
}

// TestFlightsModel drives two workers with random calls, ends and ticks. The
// plain reference: a question may be under way for one first call at a time;
// who waits has a first call, or is let go at the next tick; a hit is the
// answer to the own question; at the end nobody waits.
func TestFlightsModel(t *testing.T) {
	for seed := range uint64(40) {
		playFlights(t, rand.New(rand.NewPCG(seed, 7)))
	}
}

type flightModel struct {
	t       *testing.T
	guards  [2]*Guard
	live    []*waiter
	text    map[*waiter]string
	kept    map[string]time.Duration // when an answer was kept
	at      time.Duration
	leaders map[string]*waiter
}

func playFlights(t *testing.T, rnd *rand.Rand) {
	host := newTestHost()
	m := &flightModel{t: t, text: map[*waiter]string{}, kept: map[string]time.Duration{}, leaders: map[string]*waiter{}}
	for i := range m.guards {
		m.guards[i] = newGuardOn(t, host, policyWith(`,"cache":{"paths":["/v1/chat/completions"],"ttl":"1m"}`))
	}
	for range 300 {
		m.at += time.Duration(rnd.IntN(400)) * time.Millisecond
		switch rnd.IntN(4) {
		case 0, 1:
			m.arrive(m.guards[rnd.IntN(2)], "question "+strconv.Itoa(rnd.IntN(3)))
		case 2:
			if len(m.live) > 0 {
				m.end(rnd.IntN(len(m.live)), rnd.IntN(4))
			}
		}
		m.tick()
	}
	for len(m.live) > 0 {
		m.end(0, 3)
		m.tick()
	}
	for _, g := range m.guards {
		if g.parked+len(g.flying) != 0 {
			t.Fatal("somebody is parked or in flight for ever")
		}
	}
}

func (m *flightModel) arrive(g *Guard, text string) {
	a := wonder(g, text, m.at)
	m.text[a] = text
	leader := m.leaders[text]
	switch kept, found := m.kept[text]; {
	case found && m.at-kept < time.Minute:
		if a.state != "hit" {
			m.t.Fatalf("%s: %s, want the answer that was kept", text, a.state)
		}
	case leader != nil && m.at-leader.sentAt() < flightTime:
		if a.state != "waits" {
			m.t.Fatalf("%s: %s beside a first call", text, a.state)
		}
	case a.state != "sent":
		m.t.Fatalf("%s: %s without a first call", text, a.state)
	default:
		m.leaders[text] = a
	}
	if a.state != "hit" {
		m.live = append(m.live, a)
	} else {
		m.checkHit(a)
	}
}

func (a *waiter) sentAt() time.Duration { return time.Duration(a.request.started - start.UnixNano()) }

// tick looks at all who wait, in the order in which they came.
func (m *flightModel) tick() {
	for _, g := range m.guards {
		g.Tick(start.Add(m.at))
	}
	rest := m.live[:0]
	for _, a := range m.live {
		text := m.text[a]
		if a.tick(m.at); a.state == "hit" {
			m.checkHit(a)
			continue
		}
		if leader := m.leaders[text]; a.state == "waits" && leader == nil {
			m.t.Fatalf("%s: waits for nobody", text)
		}
		rest = append(rest, a)
	}
	m.live = rest
}

func (m *flightModel) checkHit(a *waiter) {
	text := m.text[a]
	if _, found := m.kept[text]; !found || !strings.Contains(string(a.said.Reply.Body), text) {
		m.t.Fatalf("%s: answered %s", text, a.said.Reply.Body)
	}
	a.request.Done(start.Add(m.at))
}

// end ends a call in one of four ways; who waits can only leave.
func (m *flightModel) end(i, how int) {
	a := m.live[i]
	m.live = append(m.live[:i], m.live[i+1:]...)
	text := m.text[a]
	body := `{"choices":[{"text":"` + text + `"}]}`
	switch {
	case a.state == "waits" || how == 3:
		a.request.Done(start.Add(m.at))
	case how == 2:
		a.answerWith(500, body, true, m.at)
	case how == 1:
		a.answerWith(200, body, false, m.at)
	default:
		a.answerWith(200, body, true, m.at)
		m.kept[text] = m.at
	}
	if m.leaders[text] == a {
		delete(m.leaders, text)
	}
}

// BenchmarkHit tells the story of the same request as BenchmarkRequest, answered
// from the cache.
func BenchmarkHit(b *testing.B) {
	g, _ := newGuard(b, policyWith(`,"cache":{"paths":["/v1/chat/completions"],"ttl":"1h"}`))
	text := strings.Repeat("The quick brown fox jumps over the lazy dog and goes on. ", 18)
	wonder(g, text, 0).answerWith(200, answerBody, true, 0)
	c := chat("k-alice", text)
	body := []byte(c.body)
	read := func() ([]byte, error) { return body, nil }
	headers := [][2]string{{":status", "200"}, {"content-type", "application/json"}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := g.NewRequest(&benchStream{})
		r.Begin(c.headers, false, start)
		if v := r.RequestBody(len(body), read, true, start); v.Action != Answer || v.Reply.Status != 200 {
			b.Fatal("a miss")
		}
		r.ResponseHeaders(headers, true, start)
		r.Done(start)
	}
}
