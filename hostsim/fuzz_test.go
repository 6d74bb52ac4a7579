package hostsim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// serve reports whether an answer came to its end. A handler breaks one off by
// panicking with http.ErrAbortHandler, which net/http takes for just that.
func serve(host http.Handler, answer http.ResponseWriter, request *http.Request) (ended bool) {
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler {
			panic(cause)
		}
	}()
	host.ServeHTTP(answer, request)
	return true
}

// FuzzModule serves a request through a filter whose code was changed at random:
// whatever it does, the host answers or says why not, and does not panic. A module that
// would run for ever is stopped.
func FuzzModule(f *testing.F) {
	code, err := os.ReadFile("testdata/foreign/c.wasm")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), byte(0), uint16(1), byte(0))
	f.Add(uint16(561), byte(','), uint16(390), byte(1))   // loops for ever
	f.Add(uint16(540), byte('^'), uint16(45), byte('\t')) // ends in the middle of an instruction
	for at := 8; at < len(code); at += 7 {
		f.Add(uint16(at), byte(0xFF), uint16(at/2), byte(0x41))
	}
	f.Fuzz(func(t *testing.T, at uint16, to byte, at2 uint16, to2 byte) {
		changed := append([]byte(nil), code...)
		changed[int(at)%len(changed)] ^= to
		changed[int(at2)%len(changed)] ^= to2
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		host, err := hostsim.New(ctx, hostsim.Options{
			Wasm:          changed,
			FailurePolicy: hostsim.FailClosed,
			CallTimeout:   100 * time.Millisecond,
			Routes:        []hostsim.Route{{Prefix: "/", Cluster: "upstream"}},
			Clusters: []hostsim.Cluster{{Name: "upstream", Handler: http.HandlerFunc(
				func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}},
		})
		if err != nil {
			return // refused with a reason
		}
		defer host.Close()
		request := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
		request.Header.Set("x-word", "desserts")
		answer := httptest.NewRecorder()
		if !serve(host, answer, request) {
			return // the filter was stopped in the middle of the answer
		}
		if answer.Code < 100 || answer.Code > 599 {
			t.Errorf("status %d", answer.Code)
		}
	})
}
