package e2e

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// gossip is a host that prints what it should not.
type gossip struct {
	host
	text  string
	names map[string]int64
	up    upstreams
}

func (g gossip) printed() string                                 { return g.text }
func (g gossip) stats(context.Context) (map[string]int64, error) { return g.names, nil }
func (g gossip) upstreams() upstreams                            { return g.up }

// TestLeaks: a key, or the beginning of one, is found wherever it comes out.
func TestLeaks(t *testing.T) {
	const (
		strict = "policy\n  keys: [{sha256: \"%{sha256 sk-alice-1234}\"}]\nsend\n  authorization: Bearer sk-mallory-99\n"
		quiet  = "sent by alice, allowed; Bearer <key>"
	)
	for _, c := range []struct {
		name, text string
		heard      answer
		out        string
		host       gossip
		path       string // that the upstream gets
		found      string
	}{
		{name: "nothing", text: strict, host: gossip{text: quiet}, path: "/v1/models"},
		{name: "log", text: strict, host: gossip{text: "panic: sk-alice-1234"}, found: "sk-alice-1234"},
		{name: "beginning", text: strict, host: gossip{text: "no such key sk-alic..."}, found: "sk-alice-1234"},
		{name: "bad key in a log", text: strict, host: gossip{text: "refused sk-mallory-99"}, found: "sk-mallory-99"},
		{name: "statistic", text: strict, host: gossip{names: map[string]int64{"user_sk-alice-1234": 1}}, found: "sk-alice-1234"},
		{name: "answer's body", text: strict, heard: answer{body: "your key sk-mallory-99"}, found: "sk-mallory-99"},
		{name: "answer's header", text: strict, heard: answer{header: http.Header{"X-Key": {"sk-alice-1"}}}, found: "sk-alice-1234"},
		{name: "transcript", text: strict, out: "authorization: Bearer sk-alice-1234", found: "sk-alice-1234"},
		{name: "upstream", text: strict, path: "/v1/models?key=sk-alice-1234", found: "sk-alice-1234"},
		{name: "upstream of a gateway that only watches", text: strict + "  mode: shadow\n", path: "/v1/models?key=sk-alice-1234"},
		{name: "log of a gateway that only watches", text: strict + "  mode: shadow\n", host: gossip{text: "sk-alice-1234"}, found: "sk-alice-1234"},
		{name: "long key", text: "send\n  + x-api-key: %{8192 * k}\n", host: gossip{text: strings.Repeat("k", 16)}, found: strings.Repeat("k", 40)},
	} {
		up, err := newUpstreams()
		if err != nil {
			t.Fatal(err)
		}
		defer up.stop()
		if c.path != "" {
			resp, err := http.Get("http://" + up.main.addr + c.path)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		c.host.up = up
		s := &scenario{host: c.host}
		s.heard.add(c.heard)
		err = s.leaks(t.Context(), c.text, [][]string{{c.out}})
		if (err != nil) != (c.found != "") || err != nil && !strings.HasPrefix(err.Error(), "the key "+c.found+" came to light") {
			t.Errorf("%s: %v, want %q", c.name, err, c.found)
		}
	}
	s := &scenario{}
	if err := s.leaks(t.Context(), "policy\n  %{sha256 sk-alice-1234}\n", [][]string{{"sk-alice-1234"}}); err == nil || errors.Unwrap(err) != nil {
		t.Errorf("without a host: %v", err)
	}
}
