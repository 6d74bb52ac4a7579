package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

// TestOldPoll: where poll_oneoff fails, as in Envoy before 1.40, the filter lives
// through many rounds of its garbage collector.
func TestOldPoll(t *testing.T) {
	for _, old := range []bool{false, true} {
		file, err := artefact("sparkward.wasm")
		if err != nil {
			t.Fatal(err)
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		host, err := hostsim.New(t.Context(), hostsim.Options{
			Wasm: code, AllowOnHeadersStopIteration: true, OldPollOneoff: old,
			Configuration: []byte(`{"auth":{"mode":"off"}}`),
			Clusters: []hostsim.Cluster{{Name: "upstream", Handler: http.HandlerFunc(
				func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer host.Close()
		for i := range 400 {
			// Larger than what is used again, and at first so large that later there
			// is memory to give back.
			size := 70 << 10
			if i < 20 {
				size = 1000 << 10
			}
			body := append(append([]byte(`{"messages":[{"role":"user","content":"hello"}]`), bytes.Repeat([]byte(" "), size)...), '}')
			request := httptest.NewRequest("POST", "/v1/chat/completions", bytes.NewReader(body))
			request.Header.Set("content-type", "application/json")
			answer := httptest.NewRecorder()
			if host.ServeHTTP(answer, request); answer.Code != http.StatusOK {
				t.Fatalf("old %v, request %d: %d %s %v", old, i, answer.Code, answer.Body, host.Failures())
			}
		}
	}
}
