package hostsim_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

// A host can have foreign functions of its own. The filter is the one of these tests: its
// configuration is a script of what to call.
func Example_foreignFunction() {
	code, err := probeCode()
	if err != nil {
		log.Fatal(err)
	}
	host, err := hostsim.New(context.Background(), hostsim.Options{
		Wasm:          code,
		Configuration: []byte("on request_headers\n foreign shout hello\n"),
		Functions: map[string]func([]byte) ([]byte, error){
			"shout": func(arguments []byte) ([]byte, error) {
				return []byte(strings.ToUpper(string(arguments)) + "!"), nil
			},
		},
		Log: func(_ hostsim.Level, line string) { fmt.Println(line) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer host.Close()
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output: wasm log: foreign shout hello -> 0 "HELLO!"
}

// An error of a function is bad_argument to the filter, and one that is nowhere
// not_found.
func TestFunctions(t *testing.T) {
	script := "on request_headers\n foreign refuse x\n foreign nowhere x\n foreign empty\n"
	w := start(t, script, echo, func(o *hostsim.Options) {
		o.Functions = map[string]func([]byte) ([]byte, error){
			"refuse": func([]byte) ([]byte, error) { return []byte("ignored"), errors.New("no") },
			"empty":  func([]byte) ([]byte, error) { return nil, nil },
		}
	})
	if got := w.get(t, "/"); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	want := "wasm log: foreign refuse x -> 2\nwasm log: foreign nowhere x -> 1\nwasm log: foreign empty -> 0 \"\""
	if got := strings.Join(w.logs(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// One of Envoy's functions cannot be replaced.
func TestFunctionNames(t *testing.T) {
	_, err := hostsim.New(context.Background(), hostsim.Options{Wasm: probe(t),
		Functions: map[string]func([]byte) ([]byte, error){"compress": nil}})
	if err == nil || !strings.Contains(err.Error(), `"compress"`) {
		t.Errorf("got %v", err)
	}
}
