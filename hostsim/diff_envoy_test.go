package hostsim_test

import (
	"bufio"
	"encoding/json"
	"fmt"
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
		if time.Since(start) > 60*time.Second || e.exited() {
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

func address(hostPort string) object {
	host, port, _ := net.SplitHostPort(hostPort)
	n, _ := strconv.Atoi(port)
	return object{"socket_address": object{"address": host, "port_value": n}}
}

func typed(name string, config object) object {
	config["@type"] = "type.googleapis.com/" + name
	return config
}

// accessFormat is what the access log shows of each request.
const accessFormat = "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %FILTER_STATE(wasm.x:PLAIN)%"

func httpListener(t testing.TB, c *diffCase) object {
	var filters []object
	for _, p := range c.pluginsOf() {
		filters = append(filters, object{"name": "wasm", "typed_config": typed("envoy.extensions.filters.http.wasm.v3.Wasm",
			object{"config": pluginConfig(t, c, p)})})
	}
	filters = append(filters, object{"name": "router", "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", object{})})
	manager := typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", object{
		"stat_prefix": c.name, "http_filters": filters,
		"route_config": object{"virtual_hosts": []object{{"name": "host", "domains": []string{"*"}, "routes": routesOf(c)}}},
		"access_log": []object{{"name": "log", "typed_config": typed("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
			object{"log_format": object{"text_format_source": object{"inline_string": "ACCESS|" + c.name + "|" + accessFormat + "\n"}}})}},
	})
	c.options.paths(manager)
	listener := object{"name": c.name, "address": address("127.0.0.1:0"),
		"filter_chains": []object{{"filters": []object{{"name": "http", "typed_config": manager}}}}}
	if c.options.limit > 0 {
		listener["per_connection_buffer_limit_bytes"] = c.options.limit
	}
	return listener
}

// paths sets what the connection manager does with paths, where a case says so.
func (o *diffOptions) paths(manager object) {
	if o.normalize {
		manager["normalize_path"] = true
	}
	if o.merge {
		manager["merge_slashes"] = true
	}
	if o.slashes != "" {
		manager["path_with_escaped_slashes_action"] = o.slashes
	}
}

func routesOf(c *diffCase) (routes []object) {
	for _, r := range c.routes() {
		action := object{"cluster": r.cluster}
		if r.header != "" {
			action = object{"cluster_header": r.header}
		}
		if c.options.timeout > 0 {
			action["timeout"] = fmt.Sprintf("%gs", c.options.timeout.Seconds())
		}
		routes = append(routes, object{"name": "route" + r.prefix, "match": object{"prefix": r.prefix}, "route": action})
	}
	return routes
}

// routes are the case's routes, or one to the upstream.
func (c *diffCase) routes() []diffRoute {
	switch {
	case c.options.routes != nil:
		return c.options.routes
	case c.options.http2:
		return []diffRoute{{prefix: "/", cluster: "up2"}}
	}
	return []diffRoute{{prefix: "/", cluster: "up"}}
}

// diffPlugin is one plugin of a case.
type diffPlugin struct{ name, root, script string }

// pluginsOf are the case's plugins in the order of the request: the section script,
// then script2 and so on.
func (c *diffCase) pluginsOf() (plugins []diffPlugin) {
	for i := 1; ; i++ {
		section := "script"
		if i > 1 {
			section += strconv.Itoa(i)
		}
		script, ok := c.sections[section]
		if !ok {
			return plugins
		}
		if c.options.wasm == "" {
			script = "name " + c.name + "\n" + script
		} else {
			script = strings.TrimSpace(script)
		}
		p := diffPlugin{name: fmt.Sprintf("plugin%d", i), root: c.options.root, script: script}
		if p.root == "" {
			p.root = p.name + "_root"
		}
		plugins = append(plugins, p)
	}
}

func pluginConfig(t testing.TB, c *diffCase, p diffPlugin) object {
	policies := map[string]string{"": "FAIL_CLOSED", "closed": "FAIL_CLOSED", "open": "FAIL_OPEN", "reload": "FAIL_RELOAD"}
	config := object{"name": p.name, "root_id": p.root, "failure_policy": policies[c.options.policy],
		"configuration":                   typed("google.protobuf.StringValue", object{"value": p.script}),
		"allow_on_headers_stop_iteration": c.options.hold,
		"vm_config": object{"runtime": "envoy.wasm.runtime.v8", "vm_id": c.options.vmID,
			"code": object{"local": object{"filename": c.wasmFile(t)}}},
	}
	if c.options.reloadFor > 0 {
		config["reload_config"] = object{"backoff": object{"base_interval": fmt.Sprintf("%gs", c.options.reloadFor.Seconds())}}
	}
	if len(c.options.capable) > 0 {
		allowed := object{}
		for _, name := range c.options.capable {
			allowed[name] = object{}
		}
		config["capability_restriction_config"] = object{"allowed_capabilities": allowed}
	}
	return config
}

func tcpListener(t testing.TB, c *diffCase) object {
	var filters []object
	for _, p := range c.pluginsOf() {
		filters = append(filters, object{"name": "wasm", "typed_config": typed("envoy.extensions.filters.network.wasm.v3.Wasm",
			object{"config": pluginConfig(t, c, p)})})
	}
	filters = append(filters, object{"name": "tcp", "typed_config": typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
		object{"stat_prefix": c.name, "cluster": c.tcpCluster()})})
	return object{"name": c.name, "address": address("127.0.0.1:0"), "filter_chains": []object{{"filters": filters}}}
}

func (c *diffCase) tcpCluster() string {
	if c.options.routes != nil {
		return c.options.routes[0].cluster
	}
	return "tcp"
}

// wasmFile is the case's filter.
func (c *diffCase) wasmFile(t testing.TB) string {
	name := "../build/probe.wasm"
	switch c.options.wasm {
	case "":
		probe(t)
	case "gosdk":
		name = buildGo(t, "./testdata/foreign/gosdk")
	default:
		name = c.options.wasm
	}
	file, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func staticCluster(name, hostPort string, http2 bool) object {
	c := object{"name": name, "type": "STATIC", "connect_timeout": "1s"}
	if hostPort != "" {
		c["load_assignment"] = object{"cluster_name": name, "endpoints": []object{{"lb_endpoints": []object{
			{"endpoint": object{"address": address(hostPort)}}}}}}
	}
	if http2 {
		c["typed_extension_protocol_options"] = object{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			object{"explicit_http_config": object{"http2_protocol_options": object{}}})}
	}
	return c
}
