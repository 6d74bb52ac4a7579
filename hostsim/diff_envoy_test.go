package hostsim_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// envoy is a running Envoy with one listener for each case and one worker.
type envoy struct {
	cmd       *exec.Cmd
	admin     string
	addresses map[string]string // of listeners by name

	mu    sync.Mutex
	lines []envoyLine
}

type envoyLine struct{ thread, text string }

// envoyBinary finds Envoy. A missing one is a failure: these tests mean nothing without.
func envoyBinary(t testing.TB) string {
	t.Helper()
	file := os.Getenv("ENVOY")
	if file == "" {
		file, _ = filepath.Abs("../.tools/envoy")
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("no Envoy to compare with: %v; run make tools, or set ENVOY", err)
	}
	return file
}

// object is JSON.
type object = map[string]any

// startEnvoy starts Envoy with the cases behind listeners of their names.
func startEnvoy(t testing.TB, cases []*diffCase, lab *lab) *envoy {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "envoy.json")
	var listeners, clusters []object
	for name, address := range lab.addresses {
		clusters = append(clusters, staticCluster(name, address, name == "up2"))
	}
	for _, c := range cases {
		if c.options.tcp {
			listeners = append(listeners, tcpListener(t, c))
		} else {
			listeners = append(listeners, httpListener(t, c))
		}
	}
	config := object{
		"node":             object{"id": "node-id", "cluster": "node-cluster"},
		"admin":            object{"address": address("127.0.0.1:0")},
		"static_resources": object{"listeners": listeners, "clusters": clusters},
	}
	data, err := json.MarshalIndent(config, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	adminFile := filepath.Join(dir, "admin")
	e := &envoy{cmd: exec.Command(envoyBinary(t), "-c", file, "--concurrency", "1", "-l", "warning",
		"--component-log-level", "wasm:trace", "--log-format", "%t|%v", "--disable-hot-restart", "--file-flush-interval-msec", "10",
		"--admin-address-path", adminFile)}
	pipe, err := e.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	e.cmd.Stdout = e.cmd.Stderr
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go e.read(pipe)
	t.Cleanup(func() {
		e.cmd.Process.Kill()
		e.cmd.Wait()
	})
	e.waitReady(t, adminFile)
	return e
}

func (e *envoy) read(pipe io.Reader) {
	scanner := bufio.NewScanner(pipe)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		thread, text, ok := strings.Cut(scanner.Text(), "|")
		e.mu.Lock()
		if _, err := strconv.Atoi(thread); ok && err == nil {
			e.lines = append(e.lines, envoyLine{thread, text})
		} else if n := len(e.lines); n > 0 && !strings.HasPrefix(scanner.Text(), "ACCESS|") {
			e.lines[n-1].text += "\n" + scanner.Text() // the line before goes on
		} else {
			e.lines = append(e.lines, envoyLine{"", scanner.Text()})
		}
		e.mu.Unlock()
	}
}

func (e *envoy) log() []envoyLine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]envoyLine(nil), e.lines...)
}

func (e *envoy) waitReady(t testing.TB, adminFile string) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > 3*time.Minute || e.exited() {
			var tail strings.Builder
			for _, l := range e.log() {
				if !strings.Contains(l.text, "[host") && !strings.Contains(l.text, "[vm") {
					tail.WriteString(l.text + "\n")
				}
			}
			t.Fatalf("Envoy did not start:\n%s", tail.String())
		}
		if data, err := os.ReadFile(adminFile); err == nil && len(data) > 0 {
			e.admin = strings.TrimSpace(string(data))
			if resp, err := http.Get("http://" + e.admin + "/ready"); err == nil {
				resp.Body.Close()
				if resp.StatusCode == 200 {
					break
				}
			}
		}
	}
	e.readAddresses(t)
}

func (e *envoy) exited() bool {
	conn, err := os.FindProcess(e.cmd.Process.Pid)
	return err != nil || conn == nil || e.cmd.ProcessState != nil
}

// crash reports what Envoy said if it crashed.
func (e *envoy) crash(t testing.TB) {
	t.Helper()
	for i, l := range e.log() {
		if strings.Contains(l.text, "Caught ") && strings.Contains(l.text, "suspect faulting address") {
			var tail strings.Builder
			for _, l := range e.log()[i:] {
				tail.WriteString(l.text + "\n")
			}
			t.Errorf("Envoy crashed:\n%s", tail.String())
			return
		}
	}
}

func (e *envoy) readAddresses(t testing.TB) {
	t.Helper()
	resp, err := http.Get("http://" + e.admin + "/listeners?format=json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Statuses []struct {
			Name  string `json:"name"`
			Local struct {
				Socket struct {
					Address string `json:"address"`
					Port    int    `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	e.addresses = map[string]string{}
	for _, s := range got.Statuses {
		e.addresses[s.Name] = net.JoinHostPort(s.Local.Socket.Address, strconv.Itoa(s.Local.Socket.Port))
	}
}

// roots finds the root contexts of a case's plugins on the worker: those that were
// configured with its name.
func (e *envoy) roots(c *diffCase) (thread string, roots []int64) {
	byThread := map[string][]int64{}
	var threads []string
	var current = map[string]int64{}
	for _, l := range e.log() {
		event, ok := parseEnvoy(l.text)
		if !ok {
			continue
		}
		if event.kind == "call" && event.name == "proxy_on_configure" {
			current[l.thread] = event.args[0]
		}
		if event.kind == "log" && event.text == "case "+c.name {
			if byThread[l.thread] == nil {
				threads = append(threads, l.thread)
			}
			byThread[l.thread] = append(byThread[l.thread], current[l.thread])
		}
	}
	if len(threads) < 2 { // the main thread comes first
		return "", nil
	}
	thread = threads[len(threads)-1]
	roots = byThread[thread] // of VMs that were reloaded, too
	return thread, roots[len(roots)-len(c.pluginsOf()):]
}

// transcript prints what the worker logged since mark about a case.
func (e *envoy) transcript(c *diffCase, mark int) string {
	thread, roots := e.roots(c)
	t := newTranscript(roots, c.options.tick)
	t.any = c.options.wasm != ""
	var last string // host call
	for _, l := range e.log()[mark:] {
		event, ok := parseEnvoy(l.text)
		if !ok || l.thread != thread && !t.any {
			continue
		}
		if event.kind == "log" && last != "proxy_log" {
			continue // written to standard error
		}
		if event.kind == "host" {
			last = event.name
		}
		t.add(event)
	}
	return t.out.String()
}

// access is what the access log says since mark.
func (e *envoy) access(c *diffCase, mark int) string {
	var out strings.Builder
	for _, l := range e.log()[mark:] {
		if rest, ok := strings.CutPrefix(l.text, "ACCESS|"+c.name+"|"); ok {
			out.WriteString(rest + "\n")
		}
	}
	return out.String()
}
