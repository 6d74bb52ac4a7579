package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// health is what the filter says of itself to who has the master key.
type health struct {
	Memory   int `json:"memory_bytes"`
	Panics   int
	Breakers []struct {
		Cluster, State  string
		Failures, Calls int
	}
	Cache struct{ Answers, Bytes int }
}

// healthOf asks the filter that listens on addr, whose master key is sk-master.
func healthOf(t *testing.T, addr string) (h health) {
	t.Helper()
	page := operate(t, "GET", addr, "/api/spark/health")
	if err := json.Unmarshal(page, &h); err != nil || h.Memory == 0 {
		t.Fatalf("health: %v: %s", err, page)
	}
	return h
}

// operate asks one of the filter's own endpoints with the key sk-master.
func operate(t *testing.T, method, addr, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer sk-master")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
	return text
}
