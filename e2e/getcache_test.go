package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v3"
)

// getCacheFilter is the filter that envoy.yaml holds as a comment between two
// lines of its own.
func getCacheFilter(t *testing.T) tree {
	t.Helper()
	shipped, err := os.ReadFile("../envoy/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(shipped), "# begin: answers to GET from Envoy's own cache\n")
	text, _, ended := strings.Cut(rest, "# end\n")
	if !found || !ended {
		t.Fatal("envoy.yaml has no such comment")
	}
	var plain strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(line, " ")
		plain.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
	}
	var filters []tree
	if err := yaml.Unmarshal([]byte(plain.String()), &filters); err != nil || len(filters) != 1 {
		t.Fatalf("%v: %s", err, plain.String())
	}
	return filters[0]
}

// TestGETCache: what envoy.yaml offers as a comment works as it says: Envoy keeps
// what the provider lets it keep, behind the filter, which decides first.
func TestGETCache(t *testing.T) {
	var asked atomic.Int32
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/v1/models" {
			w.Header().Set("cache-control", "public, max-age=60")
		}
		w.Header().Set("content-type", "application/json")
		io.WriteString(w, `{"path":"`+r.URL.Path+`"}`)
	}))
	defer provider.Close()
	s := startTogether(t, `{cluster: openai}`, func(b *bootstrap, _ upstreams) {
		cluster := b.cluster("openai")
		host, port, _ := strings.Cut(strings.TrimPrefix(provider.URL, "http://"), ":")
		cluster["load_assignment"] = oneEndpoint("openai", host, port)
		manager := findType(b.listener, hcmType)[0]
		filters, _ := manager["http_filters"].([]any)
		manager["http_filters"] = append(append(append([]any{}, filters[:1]...), getCacheFilter(t)), filters[1:]...)
	})
	get := func(path string, headers ...string) (int, http.Header) {
		t.Helper()
		req, err := http.NewRequest("GET", "http://"+s.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode == 200 && !strings.Contains(string(text), path) {
			t.Errorf("%s: %s %v", path, text, err)
		}
		return resp.StatusCode, resp.Header
	}
	for i := range 3 {
		status, header := get("/v1/models", "authorization", "Bearer sk-master")
		if status != 200 || (header.Get("age") != "") != (i > 0) || header.Get("x-content-type-options") != "nosniff" {
			t.Errorf("call %d: %d %v", i, status, header)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	if status, _ := get("/v1/models", "authorization", "Bearer sk-wrong"); status != 401 {
		t.Errorf("a wrong key got %d", status)
	}
	get("/v1/files") // the provider does not say that it may be kept
	get("/v1/files")
	if n := asked.Load(); n != 3 {
		t.Errorf("the provider was asked %d times in all", n)
	}
}
