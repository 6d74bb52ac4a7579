package hostsim_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// bothWays is an upstream that answers with a body and trailers.
func bothWays(rw http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(rw, "hello")
	rw.Header().Set(http.TrailerPrefix+"x-after", "1")
}

// askBothWays sends a request with a body and trailers; the answer may break off.
func askBothWays(host *hostsim.Host) int {
	request := httptest.NewRequest("POST", "/", struct{ io.Reader }{strings.NewReader("body")})
	request.Trailer = http.Header{"X-Before": {"1"}}
	answer := httptest.NewRecorder()
	serve(host, answer, request)
	return answer.Code
}

// A trap in each callback: the host says in which, once, and goes on to answer, with 503
// where nothing was answered before.
func TestTrapInEachCallback(t *testing.T) {
	for _, c := range []struct {
		callback, sig string
		code          int // of the request in which it happens; 0 for a filter that cannot start
	}{
		{"_initialize", ">", 0},
		{"proxy_on_vm_start", "ii>i", 0},
		{"proxy_on_configure", "ii>i", 0},
		{"proxy_on_request_headers", "iii>i", 503},
		{"proxy_on_request_body", "iii>i", 503},
		{"proxy_on_request_trailers", "ii>i", 503},
		{"proxy_on_response_headers", "iii>i", 503},
		{"proxy_on_response_body", "iii>i", 200},
		{"proxy_on_response_trailers", "ii>i", 200},
		{"proxy_on_log", "i>", 200},
		{"proxy_on_done", "i>i", 200},
		{"proxy_on_delete", "i>", 200},
	} {
		t.Run(c.callback, func(t *testing.T) {
			funcs := []tinyFunc{{name: c.callback, sig: c.sig, code: []byte{opUnreachable}},
				{name: "proxy_on_context_create", sig: "ii>"}}
			host, err := hostsim.New(context.Background(), hostsim.Options{Wasm: tiny{funcs: funcs}.build(),
				Routes:   []hostsim.Route{{Prefix: "/", Cluster: "up"}},
				Clusters: []hostsim.Cluster{{Name: "up", Handler: http.HandlerFunc(bothWays)}}})
			var trap *hostsim.TrapError
			if c.code == 0 {
				if !errors.As(err, &trap) || trap.Callback != c.callback {
					t.Fatalf("New gave %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			if code := askBothWays(host); code != c.code {
				t.Errorf("got %d, want %d", code, c.code)
			}
			if code := askBothWays(host); code != 503 {
				t.Errorf("the next request got %d, want 503", code)
			}
			failures := host.Failures()
			if len(failures) != 1 || !errors.As(failures[0], &trap) || trap.Callback != c.callback {
				t.Errorf("failures: %v", failures)
			}
		})
	}
}

// The same in the callbacks of a connection: it is closed.
func TestTrapInEachTCPCallback(t *testing.T) {
	for callback, sig := range map[string]string{"proxy_on_new_connection": "i>i", "proxy_on_downstream_data": "iii>i",
		"proxy_on_upstream_data": "iii>i", "proxy_on_downstream_connection_close": "ii>", "proxy_on_upstream_connection_close": "ii>"} {
		t.Run(callback, func(t *testing.T) {
			front := listen(t)
			up := listenAll(t, func(conn net.Conn) { io.Copy(conn, conn) })
			host, err := hostsim.New(context.Background(), hostsim.Options{
				Wasm:     tiny{funcs: []tinyFunc{{name: callback, sig: sig, code: []byte{opUnreachable}}}}.build(),
				Clusters: []hostsim.Cluster{{Name: "up", URL: "http://" + up}}})
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			go host.ServeTCP(front, "up")
			conn, err := net.Dial("tcp", front.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(patience))
			io.WriteString(conn, "hello")
			io.ReadFull(conn, make([]byte, 5))
			conn.(*net.TCPConn).CloseWrite()
			if _, err := io.Copy(io.Discard, conn); errors.As(err, new(net.Error)) && err.(net.Error).Timeout() {
				t.Error("the connection stays open")
			}
			conn.Close()
			for start := time.Now(); len(host.Failures()) == 0 && time.Since(start) < patience; {
				time.Sleep(time.Millisecond)
			}
			var trap *hostsim.TrapError
			if failures := host.Failures(); len(failures) != 1 || !errors.As(failures[0], &trap) || trap.Callback != callback {
				t.Errorf("failures: %v", failures)
			}
		})
	}
}

func listen(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Under FailReload a failed VM is started again no sooner than the back-off says: its
// base, and up to half of it more at random.
func TestReloadBackoff(t *testing.T) {
	trapping := tiny{funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i", code: []byte{opUnreachable}}}}.build()
	const base = 2 * time.Second
	for _, c := range []struct {
		random byte // all bytes of the random source
		after  time.Duration
		starts bool
	}{
		{0, base - 1, false},
		{0, base, true},
		{0xff, base, false}, // 0xffffffffffffffff % 1e9 is 709551615
		{0xff, base + 709551614, false},
		{0xff, base + 709551615, true},
	} {
		clock := hostsim.NewManualClock(epoch)
		w := startWasm(t, trapping, func(o *hostsim.Options) {
			o.Clock, o.FailurePolicy, o.ReloadBackoff = clock, hostsim.FailReload, base
			o.Rand = constantReader(c.random)
		})
		w.get(t, "/")
		clock.Advance(c.after)
		w.get(t, "/")
		want := 1
		if c.starts {
			want = 2 // it trapped again, so it was there
		}
		if got := len(w.Failures()); got != want {
			t.Errorf("random %#x, %v later: %d failures, want %d", c.random, c.after, got, want)
		}
	}
}

// constantReader gives one byte for ever.
type constantReader byte

func (c constantReader) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte{byte(c)}, len(p))), nil
}

// A VM that fails while it starts is not started again: what failed once at that would
// fail again. The canary, which is thrown away, shows it before any worker has one.
func TestCanary(t *testing.T) {
	var log []string
	note := func(_ hostsim.Level, line string) { log = append(log, line) }
	_, err := hostsim.New(context.Background(), hostsim.Options{Wasm: probe(t), Workers: 3, Log: note,
		Configuration: []byte("name canary\non configure\n say configured\n return 1\n"), CacheDir: cacheDir(t)})
	var refused *hostsim.ConfigError
	if !errors.As(err, &refused) {
		t.Fatalf("New gave %v", err)
	}
	if n := strings.Count(strings.Join(log, "\n"), "configured"); n != 1 {
		t.Errorf("%d VMs were configured, want the canary alone", n)
	}
	log = nil
	host, err := hostsim.New(context.Background(), hostsim.Options{Wasm: probe(t), Workers: 3, Log: note,
		Configuration: []byte("name canary\non configure\n say configured\n"), CacheDir: cacheDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	if n := strings.Count(strings.Join(log, "\n"), "configured"); n != 5 {
		t.Errorf("%d VMs were configured, want 5: the canary, the main thread and 3 workers", n)
	}
}
