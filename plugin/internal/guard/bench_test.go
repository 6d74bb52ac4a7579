package guard

import (
	"strings"
	"testing"
)

// BenchmarkRequest tells the story of the request that the budget of the
// design is about: 1.1 KB of chat with every control on.
func BenchmarkRequest(b *testing.B) {
	g, _ := newGuard(b, policyWith(`,"limits":[{"name":"per-caller","requests":"1000000000/1m"},{"name":"daily","requests":"1000000000/24h"}],"breakers":[{"cluster":"openai"}]`))
	c := chat("k-alice", strings.Repeat("The quick brown fox jumps over the lazy dog and goes on. ", 18))
	body := []byte(c.body)
	read := func() ([]byte, error) { return body, nil }
	answer := [][2]string{{":status", "200"}, {"content-type", "application/json"}, {"content-length", "400"}, {"date", "now"}}
	stream := &benchStream{}
	answerBody := []byte(`{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Fine."}}],"usage":{"prompt_tokens":220,"completion_tokens":2,"total_tokens":222}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := g.NewRequest(stream)
		if v := r.Begin(c.headers, false, start); v.Action != Wait {
			b.Fatal(v.Reply)
		}
		if v := r.RequestBody(len(body), read, true, start); v.Action != Continue {
			b.Fatal(string(v.Reply.Body))
		}
		r.ResponseHeaders(answer, false, start)
		r.ResponseBody(answerBody, true, start)
		r.Done(start)
	}
}

type benchStream struct{}

func (*benchStream) Property(path ...string) string {
	if path[len(path)-1] == "cluster_name" {
		return "openai"
	}
	return "via_upstream"
}
func (*benchStream) Publish(string, []byte) {}
