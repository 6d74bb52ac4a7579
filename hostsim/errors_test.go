package hostsim_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sparkward/sparkward/hostsim"
)

// newHost is New with the upstream left out.
func newHost(opts hostsim.Options) error {
	h, err := hostsim.New(context.Background(), opts)
	if err == nil {
		h.Close()
	}
	return err
}

func TestLoadErrors(t *testing.T) {
	broken := tinyModules["bare.wasm"].build()
	for _, c := range []struct {
		name string
		code []byte
		want string
	}{
		{"nothing", nil, "does not begin as WebAssembly does"},
		{"text", []byte("hello"), "does not begin as WebAssembly does"},
		{"cut off", broken[:len(broken)-3], "compile"},
		{"no ABI", tiny{funcs: []tinyFunc{{name: ".noabi", sig: ">"}}}.build(), "proxy_abi_version_0_2_x"},
		{"no allocator", tiny{funcs: []tinyFunc{{name: ".nomalloc", sig: ">"}}}.build(), "neither proxy_on_memory_allocate nor malloc"},
		{"bad export", tiny{funcs: []tinyFunc{{name: requestHeaders, sig: "i>i", code: constant(0)}}}.build(), "as i->i, want iii->i"},
		{"bad import", tiny{imports: []tinyFunc{{name: "proxy_log", sig: "i>i"}}}.build(), "proxy_log as i->i, want iii->i"},
		{"trap at start", tiny{funcs: []tinyFunc{{name: "_initialize", sig: ">", code: []byte{opUnreachable}}}}.build(), "_initialize: unreachable"},
		{"host call at start", tiny{imports: []tinyFunc{{name: "proxy_done", sig: ">i"}},
			funcs: []tinyFunc{{name: "_initialize", sig: ">", code: code(call(0), []byte{opDrop})}}}.build(), "restricted_callback"},
		{"trap in vm start", tiny{funcs: []tinyFunc{{name: "proxy_on_vm_start", sig: "ii>i", code: []byte{opUnreachable}}}}.build(), "proxy_on_vm_start: unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := newHost(hostsim.Options{Wasm: c.code, PluginName: "p"})
			var load *hostsim.LoadError
			if !errors.As(err, &load) || load.Plugin != "p" {
				t.Fatalf("got %v, want a LoadError of plugin p", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to say %q", err, c.want)
			}
		})
	}
}

func TestConfigRefused(t *testing.T) {
	code, err := os.ReadFile(buildGo(t, "./testdata/foreign/gosdk"))
	if err != nil {
		t.Fatal(err)
	}
	err = newHost(hostsim.Options{Wasm: code, Configuration: []byte("bad"), PluginName: "p"})
	var refused *hostsim.ConfigError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a ConfigError", err)
	}
	if !strings.Contains(err.Error(), `got "bad", want anything else`) {
		t.Errorf("the error %q does not hold what the filter said", err)
	}
}

func TestBadClusters(t *testing.T) {
	bare := tinyModules["bare.wasm"].build()
	for _, c := range []struct {
		clusters []hostsim.Cluster
		want     string
	}{
		{[]hostsim.Cluster{{Name: "a", URL: "https://x"}}, "want http://host:port"},
		{[]hostsim.Cluster{{Name: "a", URL: "http://x/path"}}, "want http://host:port"},
		{[]hostsim.Cluster{{Name: "a"}, {Name: "a"}}, "is there twice"},
	} {
		if err := newHost(hostsim.Options{Wasm: bare, Clusters: c.clusters}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.clusters, err, c.want)
		}
	}
}

// An import that no host has is no trouble until it is called.
func TestUnknownImport(t *testing.T) {
	code := tiny{imports: []tinyFunc{{name: "proxy_from_the_future", sig: ">"}},
		funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i", code: code(call(0), constant(0))}}}.build()
	w := startWasm(t, code, nil)
	if got := w.get(t, "/"); got != 503 {
		t.Errorf("got %d, want 503", got)
	}
	failures := w.Failures()
	var trap *hostsim.TrapError
	if len(failures) != 1 || !errors.As(failures[0], &trap) || trap.Callback != requestHeaders {
		t.Fatalf("failures: %v", failures)
	}
	if !strings.Contains(trap.Reason, "env.proxy_from_the_future") {
		t.Errorf("the reason %q does not name the import", trap.Reason)
	}
}

// Whatever a filter does in a callback, the host answers and says what it was.
func TestMisbehaviour(t *testing.T) {
	for name, want := range map[string]string{"recurse.wasm": "stack overflow", "hoard.wasm": "unreachable",
		"load.wasm": "out of bounds memory access"} {
		t.Run(name, func(t *testing.T) {
			w := startWasm(t, tinyModules[name].build(), nil)
			if got := w.get(t, "/"); got != 503 {
				t.Errorf("got %d, want 503", got)
			}
			if failures := w.Failures(); len(failures) != 1 || !strings.Contains(failures[0].Error(), want) {
				t.Errorf("failures %v, want %q", failures, want)
			}
		})
	}
}

// A 3 MB header map from the filter is larger than hosts take: it reads as empty.
func TestHugeHeaderMap(t *testing.T) {
	w := start(t, "on response_headers\n bigpairs response 3 1000000\n pairs response\n", echo, nil)
	if got := w.get(t, "/"); got != 502 {
		t.Errorf("got %d, want 502: no :status is left", got)
	}
	if failures := w.Failures(); len(failures) != 0 {
		t.Errorf("failures: %v", failures)
	}
}

// A filter that loops for ever is stopped when the host has a limit, in each place where
// it can loop.
func TestCallTimeout(t *testing.T) {
	forever := []byte{opLoop, voidBlock, opBranch, 0, opEnd}
	for _, c := range []struct {
		name   string
		module tiny
		atLoad bool
	}{
		{"_initialize", tiny{funcs: []tinyFunc{{name: "_initialize", sig: ">", code: forever}}}, true},
		{"proxy_on_vm_start", tiny{funcs: []tinyFunc{{name: "proxy_on_vm_start", sig: "ii>i", code: code(forever, constant(1))}}}, true},
		{requestHeaders, tiny{funcs: []tinyFunc{{name: requestHeaders, sig: "iii>i", code: code(forever, constant(0))}}}, false},
		{"malloc", tiny{imports: []tinyFunc{getHeader}, data: ":path", funcs: []tinyFunc{
			{name: "malloc", sig: "i>i", code: code(forever, constant(0))},
			{name: requestHeaders, sig: "iii>i", code: readPath(2048)}}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			limit := func(o *hostsim.Options) { o.CallTimeout = 20 * time.Millisecond }
			var failure error
			if c.atLoad {
				opts := hostsim.Options{Wasm: c.module.build()}
				limit(&opts)
				_, failure = hostsim.New(context.Background(), opts)
			} else {
				w := startWasm(t, c.module.build(), limit)
				if got := w.get(t, "/"); got != 503 {
					t.Errorf("got %d, want 503", got)
				}
				failure = errors.Join(w.Failures()...)
			}
			var trap *hostsim.TrapError
			if !errors.As(failure, &trap) || trap.Callback != c.name || !strings.Contains(trap.Reason, "longer than") {
				t.Errorf("got %v", failure)
			}
		})
	}
}

// What is wrong with the options is said with what to do; a plugin without a name is not
// called by it.
func TestOptionErrors(t *testing.T) {
	refusing := tiny{funcs: []tinyFunc{{name: "proxy_on_configure", sig: "ii>i", code: constant(0)}}}.build()
	plain := tinyModules["bare.wasm"].build()
	for _, c := range []struct {
		name string
		opts hostsim.Options
		want string
	}{
		{"no configuration", hostsim.Options{Wasm: refusing}, "the filter refused its configuration, which is empty"},
		{"a configuration", hostsim.Options{Wasm: refusing, PluginName: "p", Configuration: []byte("x")},
			`plugin "p": the filter refused its configuration`},
		{"no module", hostsim.Options{}, "cannot load the filter: not a proxy-wasm module"},
		{"a route to nowhere", hostsim.Options{Wasm: plain, Routes: []hostsim.Route{{Prefix: "/", Cluster: "up"}}},
			`route "/" goes to cluster "up", which is not there: add it to the clusters`},
		{"a cluster twice", hostsim.Options{Wasm: plain, Clusters: []hostsim.Cluster{{Name: "up"}, {Name: "up"}}},
			`cluster "up" is there twice`},
		{"a cluster with a path", hostsim.Options{Wasm: plain, Clusters: []hostsim.Cluster{{Name: "up", URL: "http://h/p"}}},
			`cluster "up": got URL "http://h/p", want http://host:port`},
	} {
		if err := newHost(c.opts); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// Without routes requests go to the first cluster.
func TestNoRoutes(t *testing.T) {
	w := startWasm(t, tinyModules["bare.wasm"].build(), func(o *hostsim.Options) { o.Routes = nil })
	if got := w.get(t, "/anywhere"); got != 200 {
		t.Errorf("got %d, want 200", got)
	}
}
