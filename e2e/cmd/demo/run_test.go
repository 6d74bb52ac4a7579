package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
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
		out, said := d.said()
		if strings.Contains(out, "Ctrl-C stops everything") {
			return out
		}
		select {
		case <-d.ended:
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

// suggestion is a request that the banner suggests.
type suggestion struct {
	comment, url, body string
	headers            [][2]string
	status             int
}

var (
	curlLine   = regexp.MustCompile(`^  curl -\w+ (http://\S+)(.*)$`)
	curlOption = regexp.MustCompile(`-([Hd]) '([^']*)'`)
	inBrackets = regexp.MustCompile(`\((\d\d\d)\)$`)
)

// suggestions reads the banner's curl lines as curl would, and from the comment
// above each the status that it announces.
func suggestions(banner string) (found []suggestion) {
	comment := ""
	for line := range strings.Lines(banner) {
		line = strings.TrimRight(line, "\n")
		if text, ok := strings.CutPrefix(line, "  # "); ok {
			comment = text
		}
		m := curlLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		s := suggestion{comment: comment, url: m[1], status: http.StatusOK}
		if m := inBrackets.FindStringSubmatch(comment); m != nil {
			s.status, _ = strconv.Atoi(m[1])
		}
		for _, option := range curlOption.FindAllStringSubmatch(m[2], -1) {
			if name, value, ok := strings.Cut(option[2], ": "); option[1] == "H" && ok {
				s.headers = append(s.headers, [2]string{name, value})
			} else {
				s.body = option[2]
			}
		}
		found = append(found, s)
	}
	return found
}

// try sends a suggestion and returns the answer's status and body.
func (s suggestion) try(t *testing.T) (int, string) {
	t.Helper()
	method := http.MethodGet
	if s.body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.url, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range s.headers {
		request.Header.Add(h[0], h[1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// TestDemo runs the demo on both hosts, sends every request that it suggests and
// stops it as Ctrl-C does.
func TestDemo(t *testing.T) {
	for _, host := range []string{"envoy", "sim"} {
		t.Run(host, func(t *testing.T) {
			d := startDemo(t, "HOST="+host)
			list := suggestions(d.waitReady(t))
			if len(list) < 7 {
				t.Fatalf("the banner suggests %d requests, want at least 7", len(list))
			}
			for _, s := range list {
				if status, body := s.try(t); status != s.status || body == "" {
					t.Errorf("%s: got status %d, want %d: %s", s.comment, status, s.status, body)
				}
			}
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
		{"a taken port", fmt.Sprint("PORT=", taken), fmt.Sprintf("PORT=%d make run", taken%65535+1)},
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
