package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

const filter = "../../testdata/foreign/c.wasm"

// TestOneLineErrors holds every mistake to one line that says what to do.
func TestOneLineErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	noModule := filepath.Join(t.TempDir(), "notes.wasm")
	if err := os.WriteFile(noModule, []byte("not wasm at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	// An empty module: valid wasm, and no proxy-wasm filter.
	noFilter := filepath.Join(t.TempDir(), "empty.wasm")
	if err := os.WriteFile(noFilter, []byte("\x00asm\x01\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	const up = "http://127.0.0.1:1"
	cases := []struct {
		name string
		args []string
		want string
	}{
		{"nothing", nil, "-wasm is missing"},
		{"no upstream", []string{"-wasm", filter}, "-upstream is missing"},
		{"an upstream that is no URL", []string{"-wasm", filter, "-upstream", "localhost"}, "want http://host:port"},
		{"a word too many", []string{"-wasm", filter, "-upstream", up, "now"}, `unexpected argument "now"`},
		{"no workers", []string{"-wasm", filter, "-upstream", up, "-workers", "0"}, "want 1 to 1024"},
		{"an unknown flag", []string{"-wams", filter}, "flag provided but not defined: -wams; hostsim -h lists the flags"},
		{"a number that is none", []string{"-workers", "many"}, "hostsim -h lists the flags"},
		{"a missing file", []string{"-wasm", "gone.wasm", "-upstream", up}, "-wasm: cannot read gone.wasm"},
		{"a missing configuration", []string{"-wasm", filter, "-config", "gone.json", "-upstream", up}, "-config: cannot read gone.json"},
		{"no module", []string{"-wasm", noModule, "-upstream", up, "-cache", ""}, noModule},
		{"no filter", []string{"-wasm", noFilter, "-upstream", up, "-cache", ""}, "build it with a proxy-wasm SDK"},
		{"a taken port", []string{"-wasm", filter, "-upstream", up, "-cache", "", "-listen", taken.Addr().String()}, "choose another address with -listen"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			var output bytes.Buffer
			err := run(ctx, c.args, &output)
			if err == nil || !strings.Contains(err.Error(), c.want) && c.name != "no module" {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			if output.Len() > 0 {
				t.Errorf("beside the error it says %q", output.String())
			}
		})
	}
}

// TestUpstreamDownAndGracefulStop serves, finds nobody upstream, and ends when
// it is told to.
func TestUpstreamDownAndGracefulStop(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upstream := "http://" + dead.Addr().String()
	dead.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var output safeBuffer
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-wasm", filter, "-upstream", upstream, "-cache", "", "-listen", "127.0.0.1:0", "-trace"}, &output)
	}()
	url := output.wait(t, "listening on ", ", upstream")
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d with the upstream down, want 503", answer.StatusCode)
	}
	if !strings.Contains(output.String(), "--> proxy_on_request_headers(") {
		t.Error("the trace has no host calls")
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stopped with %v", err)
		}
	case <-time.After(2 * time.Minute):
		t.Error("did not stop")
	}
}

// safeBuffer is written by the command and read by the test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// wait returns what stands between two texts once both are there.
func (s *safeBuffer) wait(t *testing.T, before, after string) string {
	t.Helper()
	for range 600 {
		if _, rest, ok := strings.Cut(s.String(), before); ok {
			if text, _, ok := strings.Cut(rest, after); ok {
				return text
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never printed %q:\n%s", before, s.String())
	return ""
}

// TestLocalReplies: what is shipped for Envoy makes hostsim's own answers.
func TestLocalReplies(t *testing.T) {
	opts, err := options(&flags{wasm: filter, workers: 1, replies: "../../../envoy/envoy.yaml"}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	host, err := hostsim.New(t.Context(), hostsim.Options{Wasm: opts.Wasm, LocalReplyConfig: opts.LocalReplyConfig,
		Clusters: []hostsim.Cluster{{Name: "none"}}, Routes: []hostsim.Route{{Prefix: "/v1/", Cluster: "none"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	for path, code := range map[string]string{"/other": "no_route", "/v1/models": "no_answer"} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("x-request-id", "an-id")
		host.ServeHTTP(answer, request)
		for _, want := range []string{`"code":"` + code + `"`, `"request_id":"an-id"`} {
			if body := answer.Body.String(); !strings.Contains(body, want) || answer.Header().Get("content-type") != "application/json" {
				t.Errorf("%s: %d %v %s, want %s", path, answer.Code, answer.Header(), body, want)
			}
		}
	}
	for file, want := range map[string]string{"gone.yaml": "cannot read gone.yaml", "main.go": "cannot read main.go", "../../../envoy/istio.yaml": "no listener in it"} {
		if _, err := options(&flags{wasm: filter, replies: file}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "-local-reply: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
