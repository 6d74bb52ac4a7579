package guard

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/sparkward/sparkward/plugin/internal/config"
	"github.com/sparkward/sparkward/plugin/internal/kv"
)

// store is embedded under a name that is not a method of the host.
type store = kv.Memory

// testHost is a proxy in memory: shared data, statistics and a log.
type testHost struct {
	*store
	lent  lender
	stats map[string]int64
	names []string
	log   []string
	env   map[string]string
}

func newTestHost() *testHost {
	return &testHost{store: kv.NewMemory(), stats: map[string]int64{}}
}

// Get takes the value of the last Get back, as the real host does.
func (h *testHost) Get(key string) ([]byte, uint32, error) {
	value, cas, err := h.store.Get(key)
	h.lent.takeBack()
	return h.lent.lend(value), cas, err
}

// lender lends memory that is not to be looked at when it was taken back.
type lender [][]byte

func (l *lender) lend(b []byte) []byte {
	*l = append(*l, b)
	return b
}

func (l *lender) text(s string) string {
	b := l.lend([]byte(s))
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (l *lender) takeBack() {
	for _, b := range *l {
		for i := range b {
			b[i] = 0xEE
		}
	}
	*l = nil
}

// NewRequest begins the story of a request in memory of its own.
func (g *Guard) NewRequest(stream Stream) *Request {
	r := new(Request)
	g.Start(r, stream)
	return r
}

func (h *testHost) Define(_ bool, name string) uint32 {
	h.names = append(h.names, name)
	return uint32(len(h.names) - 1)
}

func (h *testHost) Add(id uint32, gauge bool, delta int64) {
	if delta == 0 || !gauge && delta < 0 {
		panic("the host refuses this change")
	}
	h.stats[h.names[id]] += delta
}

func (h *testHost) Value(id uint32) uint64  { return uint64(h.stats[h.names[id]]) }
func (h *testHost) Env(name string) string  { return h.env[name] }
func (h *testHost) Random() uint64          { return 4 }
func (h *testHost) Memory() int64           { return 1 << 20 }
func (h *testHost) Log(_ bool, line string) { h.log = append(h.log, line) }
func (h *testHost) stat(name, value string) int64 {
	for stat, n := range h.stats {
		if strings.HasPrefix(stat, name) && strings.Contains(stat, "=.="+value+";") {
			return n
		}
	}
	return h.stats[name]
}

// testStream is what the proxy knows of one request.
type testStream struct {
	properties map[string]string
	audit      string
	states     map[string]string
}

func (s *testStream) Property(path ...string) string { return s.properties[strings.Join(path, ".")] }
func (s *testStream) Publish(name string, value []byte) {
	if name == "audit" {
		s.audit = string(value)
		return
	}
	if s.states == nil {
		s.states = map[string]string{}
	}
	s.states[name] = string(value)
}

// newGuard puts a policy to work on a fresh host.
func newGuard(t testing.TB, policy string) (*Guard, *testHost) {
	t.Helper()
	host := newTestHost()
	return newGuardOn(t, host, policy), host
}

func newGuardOn(t testing.TB, host *testHost, policy string) *Guard {
	t.Helper()
	cfg, err := config.Parse([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(cfg, host, start)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// start is when every test begins.
var start = time.Unix(1_800_000_000, 0)

// call is one request of a test, and what came of it.
type call struct {
	headers [][2]string
	body    string
	at      time.Duration // after start
	status  int           // the upstream's, 200 when 0
	details string        // of the answer, "via_upstream" when empty
	lost    bool          // the answer never ended
	answers []string      // pieces of its body

	properties map[string]string // beside the usual ones

	reply    *Reply // the filter's own, or nil
	sent     bool   // the upstream saw it
	sentBody []byte // what replaced the body, or nil
	edits    []Edit // of the request's headers
	answer   map[string]string
	audit    map[string]any
	states   map[string]string // filter state published
	request  *Request
}

func chat(key, text string) *call {
	body, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return &call{
		headers: [][2]string{
			{":method", "POST"}, {":path", "/v1/chat/completions"}, {"x-request-id", "id-1"},
			{"content-type", "application/json"}, {"authorization", "Bearer " + key},
		},
		body: `{"model":"gpt-4o","messages":[{"role":"user","content":` + string(body) + `}]}`,
	}
}

// run tells the whole story of a call to a guard.
func (c *call) run(t *testing.T, g *Guard) *call {
	t.Helper()
	now := start.Add(c.at)
	if c.details == "" {
		c.details = "via_upstream"
	}
	stream := &testStream{properties: map[string]string{
		"xds.cluster_name": "openai", "source.address": "192.0.2.1:5", "response.code_details": c.details,
	}}
	maps.Copy(stream.properties, c.properties)
	c.request = g.NewRequest(stream)
	c.take(c.request.Begin(c.headers, c.body == "", now))
	if c.reply == nil && c.body != "" {
		half := len(c.body) / 2
		var lent lender
		read := func() ([]byte, error) {
			body, err := c.read()
			return lent.lend(body), err
		}
		c.take(c.request.RequestBody(half, read, false, now))
		c.take(c.request.RequestBody(len(c.body), read, true, now))
		lent.takeBack()
	}
	c.answered(t, now)
	c.request.Done(now)
	c.states = stream.states
	if err := json.Unmarshal([]byte(stream.audit), &c.audit); err != nil {
		t.Fatalf("audit %q: %v", stream.audit, err)
	}
	return c
}

func (c *call) take(v Verdict) {
	if c.reply == nil {
		if c.reply = v.Reply; c.reply != nil { // it is sent before its memory is lent again
			c.reply.Body = bytes.Clone(c.reply.Body)
		}
		c.edits = append(c.edits, v.Edits...)
		c.sent = v.Action == Continue
		c.sentBody = bytes.Clone(v.Body)
	}
}

func (c *call) read() ([]byte, error) {
	if c.body == "unreadable" {
		return nil, errors.New("the host gives no body")
	}
	return []byte(c.body), nil
}

func (c *call) answered(t *testing.T, now time.Time) {
	t.Helper()
	media := "application/json"
	if len(c.answers) > 0 && strings.HasPrefix(c.answers[0], "data:") {
		media = "text/event-stream"
	}
	var lent lender
	headers := [][2]string{{":status", lent.text(itoa(c.wantStatus()))}, {"content-type", lent.text(media)}}
	if c.reply != nil {
		headers = append(headers, c.reply.Headers...)
	}
	c.answer = map[string]string{}
	for _, h := range Apply(headers, c.request.ResponseHeaders(headers, false, now)) {
		c.answer[h[0]] = strings.Clone(h[1])
	}
	lent.takeBack()
	for i, piece := range c.answers {
		c.request.ResponseBody(lent.lend([]byte(piece)), !c.lost && i == len(c.answers)-1, now)
		lent.takeBack()
	}
	if len(c.answers) == 0 {
		c.request.ResponseBody(nil, !c.lost, now)
	}
}

func (c *call) wantStatus() int {
	switch {
	case c.reply != nil:
		return c.reply.Status
	case c.status != 0:
		return c.status
	}
	return 200
}

func itoa(n int) string { return string(appendNumber(nil, "", int64(n))) }

// reason is the code of the refusal, or "" when the upstream was asked.
func (c *call) reason() string {
	reason, _ := c.audit["reason"].(string)
	return reason
}
