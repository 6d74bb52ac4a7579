package hostsim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sparkward/sparkward/hostsim"
)

// builds are the filters that were built by these tests, by their packages.
var builds struct {
	sync.Mutex
	files map[string]string
}

// buildGo builds a filter of this module into build/, once, and returns its file.
func buildGo(t testing.TB, pkg string) string {
	t.Helper()
	file, err := goFilter(pkg)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func goFilter(pkg string) (string, error) {
	builds.Lock()
	defer builds.Unlock()
	if file := builds.files[pkg]; file != "" {
		return file, nil
	}
	file, err := filepath.Abs("../build/" + filepath.Base(pkg) + ".wasm")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, pkg)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	if builds.files == nil {
		builds.files = map[string]string{}
	}
	builds.files[pkg] = file
	return file, nil
}

// probe is the code of the probe filter.
func probe(t testing.TB) []byte {
	t.Helper()
	code, err := probeCode()
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func probeCode() ([]byte, error) {
	file, err := goFilter("./internal/probe")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// world is a host with an upstream behind it.
type world struct {
	*hostsim.Host
	url string
	mu  sync.Mutex
	log []string
}

func (w *world) logs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.log...)
}

// cacheDir keeps compiled code over tests and runs.
func cacheDir(t testing.TB) string {
	dir, err := filepath.Abs("../build/cache")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// start runs the probe with a script before an upstream.
func start(t testing.TB, script string, upstream http.HandlerFunc, change func(*hostsim.Options)) *world {
	t.Helper()
	back := httptest.NewServer(upstream)
	t.Cleanup(back.Close)
	w := &world{}
	opts := hostsim.Options{Wasm: probe(t), Configuration: []byte(script), CacheDir: cacheDir(t),
		Routes: []hostsim.Route{{Prefix: "/", Cluster: "up"}}, Clusters: []hostsim.Cluster{{Name: "up", URL: back.URL}},
		Log: func(_ hostsim.Level, line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log = append(w.log, line)
		}}
	if change != nil {
		change(&opts)
	}
	var err error
	if w.Host, err = hostsim.New(context.Background(), opts); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(w.Host)
	t.Cleanup(func() {
		front.Close()
		w.Host.Close()
	})
	w.url = front.URL
	return w
}

func echo(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(rw, "%s %s %s", r.Method, r.URL, body)
}

func TestServe(t *testing.T) {
	var trace strings.Builder
	w := start(t, `
on request_headers
 pairs request
on request_body
 body request 0 100
 return 1
on request_body end
 return 0
on response_headers
 pairs response
on response_body
 body response 0 100
on log
 property response.code_details
`, echo, func(o *hostsim.Options) { o.Trace = &trace; o.AllowOnHeadersStopIteration = true })
	resp, err := http.Post(w.url+"/a?b=c", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	t.Log(resp.Status, resp.Header, string(body), err)
	w.Close()
	t.Log(trace.String())
}

// startWasm runs any filter before the echoing upstream.
func startWasm(t testing.TB, code []byte, change func(*hostsim.Options)) *world {
	t.Helper()
	return start(t, "", echo, func(o *hostsim.Options) {
		o.Wasm, o.Configuration = code, nil
		if change != nil {
			change(o)
		}
	})
}

// get sends a request and returns the status of its answer.
func (w *world) get(t testing.TB, path string) int {
	t.Helper()
	resp, err := http.Get(w.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
