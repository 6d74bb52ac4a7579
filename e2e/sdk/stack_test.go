package sdk

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startLimit is how long the stack may take until it is ready, on a busy machine.
const startLimit = 2 * time.Minute

// start runs build/demo on free ports until the test ends and returns the URL of
// the proxy.
func start(t *testing.T, host string) string {
	t.Helper()
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 3)
	demo := exec.Command(filepath.Join(top, "build", "demo"))
	demo.Dir = top
	demo.Env = append(os.Environ(), "HOST="+host, "MAKELEVEL=",
		"PORT="+ports[0], "ADMIN_PORT="+ports[1], "PROVIDER_PORT="+ports[2])
	said := &output{ready: make(chan struct{})}
	demo.Stdout, demo.Stderr = said, said
	if err := demo.Start(); err != nil {
		t.Fatalf("%v: run make build first", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- demo.Wait() }()
	t.Cleanup(func() {
		if err := demo.Process.Signal(syscall.SIGTERM); err == nil {
			if err := <-ended; err != nil {
				t.Errorf("the demo ended with %v", err)
			}
		}
		if t.Failed() {
			t.Logf("the demo said:\n%s", said)
		}
	})
	select {
	case <-said.ready:
	case err := <-ended:
		t.Fatalf("the demo ended before it was ready: %v\n%s", err, said)
	case <-time.After(startLimit):
		t.Fatalf("the demo was not ready after %s", startLimit)
	}
	return "http://127.0.0.1:" + ports[0]
}

// freePorts returns different ports that were free a moment ago.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // only after all were picked, so that they differ
		ports = append(ports, fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}

// output keeps what the demo says and tells when it is ready.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	ready chan struct{}
	told  bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if !o.told && strings.Contains(o.text.String(), "sparkward is ready") {
		o.told = true
		close(o.ready)
	}
	return len(p), nil
}

// String returns the last part of what was said.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var lines []string
	for scan := bufio.NewScanner(strings.NewReader(o.text.String())); scan.Scan(); {
		lines = append(lines, scan.Text())
	}
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
