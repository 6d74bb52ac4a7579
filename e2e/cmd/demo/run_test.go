package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the demo itself, from the top of the tree.
func TestMain(m *testing.M) {
	if os.Getenv("DEMO_TEST_RUN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// demo is a running demo with what it has said so far.
type demo struct {
	cmd      *exec.Cmd
	ports    []int // proxy, admin, provider
	mu       sync.Mutex
	out, err bytes.Buffer
	ended    chan struct{}
	temp     string // where its temporary files go
}

// startDemo starts the demo on free ports; env is added to the environment.
func startDemo(t *testing.T, env ...string) *demo {
	t.Helper()
	top, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{ports: freePorts(t, 3), ended: make(chan struct{}), temp: t.TempDir()}
	d.cmd = exec.Command(os.Args[0])
	d.cmd.Dir = top
	d.cmd.Env = append(os.Environ(), "DEMO_TEST_RUN=1", "MAKELEVEL=", "HOST=", "TMPDIR="+d.temp,
		fmt.Sprint("PORT=", d.ports[0]), fmt.Sprint("ADMIN_PORT=", d.ports[1]), fmt.Sprint("PROVIDER_PORT=", d.ports[2]))
	d.cmd.Env = append(d.cmd.Env, env...)
	d.cmd.Stdout, d.cmd.Stderr = d.writer(&d.out), d.writer(&d.err)
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.cmd.Process.Signal(syscall.SIGTERM)
		<-d.ended
	})
	return d
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (d *demo) writer(to *bytes.Buffer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return to.Write(p)
	})
}

// said returns standard output and standard error so far.
func (d *demo) said() (out, err string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String(), d.err.String()
}

// waitReady waits for the last line of the banner.
func (d *demo) waitReady(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(startLimit + 10*time.Second); time.Now().Before(deadline); {
		out, _ := d.said()
		if strings.Contains(out, "Ctrl-C stops everything") {
			return out
		}
		select {
		case <-d.ended:
			_, said := d.said()
			t.Fatalf("the demo ended before it was ready; is build/ fresh (make build tools)?\n%s", said)
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatal("the demo was not ready in time")
	return ""
}

var proxyProcess = regexp.MustCompile(`process (\d+)\)`)

// proxyPid returns the proxy's process, which the banner names.
func (d *demo) proxyPid(t *testing.T) int {
	t.Helper()
	out, _ := d.said()
	m := proxyProcess.FindStringSubmatch(out)
	if m == nil {
		t.Fatal("the banner does not name the proxy's process")
	}
	pid, err := strconv.Atoi(m[1])
	if err != nil || !alive(pid) {
		t.Fatalf("the banner names the process %s, which is not there", m[1])
	}
	return pid
}

// checkGone checks that nothing of the demo is left.
func (d *demo) checkGone(t *testing.T, proxy int) {
	t.Helper()
	eventually(t, "the proxy's process is gone", func() bool { return !alive(proxy) })
	for _, number := range d.ports {
		listener, err := net.Listen("tcp", port{number: number}.address())
		if err != nil {
			t.Errorf("port %d is still taken: %v", number, err)
			continue
		}
		listener.Close()
	}
}

// TestDemo runs the demo on both hosts, sends every request that it suggests and
// stops it as Ctrl-C does.
func TestDemo(t *testing.T) {
	for _, host := range []string{"envoy", "sim"} {
		t.Run(host, func(t *testing.T) {
			d := startDemo(t, "HOST="+host)
			trySuggestions(t, d.waitReady(t))
			tryReadme(t, d.ports[0])
			tryNoRoute(t, d.ports[0])
			proxy := d.proxyPid(t)
			d.cmd.Process.Signal(syscall.SIGINT)
			<-d.ended
			if code := d.cmd.ProcessState.ExitCode(); code != 0 {
				_, said := d.said()
				t.Errorf("ended with status %d: %s", code, said)
			}
			d.checkGone(t, proxy)
			if left, _ := os.ReadDir(d.temp); len(left) != 0 {
				t.Errorf("left in the temporary folder: %v", left)
			}
		})
	}
}

func TestDemoEndsWithItsProxy(t *testing.T) {
	d := startDemo(t, "HOST=sim")
	d.waitReady(t)
	proxy := d.proxyPid(t)
	if err := syscall.Kill(proxy, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	_, said := d.said()
	if code := d.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said, "hostsim ended (signal: killed); its last lines:") {
		t.Errorf("ended with status %d: %s", code, said)
	}
	d.checkGone(t, proxy)
}

func TestDemoKilledLeavesNoOrphan(t *testing.T) {
	d := startDemo(t, "HOST=sim")
	d.waitReady(t)
	proxy := d.proxyPid(t)
	d.cmd.Process.Kill()
	<-d.ended
	d.checkGone(t, proxy)
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	taken := listen(t)
	for _, c := range []struct{ name, env, want string }{
		{"a taken port", fmt.Sprint("PORT=", taken), fmt.Sprintf("port %d for the proxy is not free", taken)},
		{"a bad port", "ADMIN_PORT=admin", `ADMIN_PORT: got "admin", want a port from 1 to 65535`},
		{"no Envoy", "ENVOY=/no/such/envoy", "envoy did not start: fork/exec /no/such/envoy: no such file or directory"},
		{"not an Envoy", "ENVOY=/bin/false", "envoy ended (exit status 1); its last lines:"},
	} {
		d := startDemo(t, c.env)
		<-d.ended
		out, said := d.said()
		if code := d.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(said, c.want) || out != "" {
			t.Errorf("%s: status %d, got %q, want it to contain %q", c.name, code, said, c.want)
		}
	}
}
