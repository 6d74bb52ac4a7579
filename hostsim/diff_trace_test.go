package hostsim_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A traceEvent is one line of a host's trace in a form that both hosts have.
type traceEvent struct {
	kind   string // call (into the filter), return, host (call), status, log
	name   string
	args   []int64
	text   string // of a log line
	result string
}

var (
	envoyCall   = regexp.MustCompile(`^\[host->vm\] (\w+)\((.*)\)$`)
	envoyReturn = regexp.MustCompile(`^\[host<-vm\] (\w+) return: (\w+)$`)
	envoyHost   = regexp.MustCompile(`^\[vm->host\] (\w+)\.(\w+)\((.*)\)$`)
	envoyStatus = regexp.MustCompile(`^\[vm<-host\] (\w+)\.(\w+) return: (\w+)$`)
	envoyLog    = regexp.MustCompile(`(?s)^wasm log.*?: (.*)$`)
)

// parseEnvoy reads a line of Envoy's log at level trace.
func parseEnvoy(line string) (traceEvent, bool) {
	if m := envoyCall.FindStringSubmatch(line); m != nil {
		return traceEvent{kind: "call", name: m[1], args: numbers(m[2])}, true
	}
	if m := envoyReturn.FindStringSubmatch(line); m != nil {
		return traceEvent{kind: "return", name: m[1], result: m[2]}, true
	}
	if m := envoyHost.FindStringSubmatch(line); m != nil {
		return traceEvent{kind: "host", name: m[2]}, true
	}
	if m := envoyStatus.FindStringSubmatch(line); m != nil && m[1] == "env" {
		return traceEvent{kind: "status", name: m[2], result: m[3]}, true
	}
	if m := envoyLog.FindStringSubmatch(line); m != nil {
		return traceEvent{kind: "log", text: m[1]}, true
	}
	if strings.HasPrefix(line, "Function: ") {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "Function: "), " ")
		return traceEvent{kind: "trap", name: name}, true
	}
	return traceEvent{}, false
}

func numbers(text string) (all []int64) {
	for _, word := range strings.Split(text, ", ") {
		n, _ := strconv.ParseInt(word, 10, 64)
		all = append(all, n)
	}
	return all
}

var (
	simCall   = regexp.MustCompile(`^--> (\w+)\((.*)\)$`)
	simHost   = regexp.MustCompile(`^==> (\w+)\((.*)\)$`)
	simNumber = regexp.MustCompile(`=(\w+)`)
)

// simTrace reads hostsim's trace. It remembers the names of running calls.
type simTrace struct {
	calls, hosts []string
	message      string // of a running proxy_log
}

func (s *simTrace) parse(line string) (traceEvent, bool) {
	line = strings.TrimLeft(line, "\t")
	switch {
	case strings.HasPrefix(line, "--> "):
		m := simCall.FindStringSubmatch(line)
		s.calls = append(s.calls, m[1])
		e := traceEvent{kind: "call", name: m[1]}
		for _, n := range simNumber.FindAllStringSubmatch(m[2], -1) {
			e.args = append(e.args, simValue(n[1]))
		}
		return e, true
	case strings.HasPrefix(line, "<-- "):
		result := strings.TrimPrefix(line, "<-- ")
		e := traceEvent{kind: "return", name: pop(&s.calls), result: simResult(result)}
		if result == "trap" {
			e.kind = "trap"
		}
		return e, true
	case strings.HasPrefix(line, "==> "):
		m := simHost.FindStringSubmatch(line)
		s.hosts = append(s.hosts, m[1])
		if _, message, ok := strings.Cut(m[2], ",message="); ok && m[1] == "proxy_log" {
			s.message, _ = strconv.Unquote(message)
		}
		return traceEvent{kind: "host", name: m[1]}, true
	case strings.HasPrefix(line, "<== "):
		status, _, _ := strings.Cut(strings.TrimPrefix(line, "<== "), " ")
		if s.hosts[len(s.hosts)-1] == "proxy_log" && status == "ok" {
			pop(&s.hosts)
			return traceEvent{kind: "log", text: s.message}, true
		}
		return traceEvent{kind: "status", name: pop(&s.hosts), result: strconv.Itoa(statusNumber(status))}, true
	}
	return traceEvent{}, false
}

func pop(names *[]string) string {
	last := (*names)[len(*names)-1]
	*names = (*names)[:len(*names)-1]
	return last
}

func simValue(text string) int64 {
	switch text {
	case "true":
		return 1
	case "false":
		return 0
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

func simResult(text string) string {
	switch text {
	case "()":
		return "void"
	case "true", "pause":
		return "1"
	case "false", "continue":
		return "0"
	}
	return text
}

func statusNumber(name string) int {
	for n, known := range []string{"ok", "not_found", "bad_argument", "serialization_failure", "parse_failure",
		"bad_expression", "invalid_memory_access", "empty", "cas_mismatch", "result_mismatch",
		"internal_failure", "broken_connection", "unimplemented"} {
		if name == known {
			return n
		}
	}
	return -1
}

// transcript prints events in one form: context ids by what they are, host calls with
// their status, logs as they are. It leaves out memory and, unless asked for, ticks.
type transcript struct {
	out     strings.Builder
	roots   map[int64]bool // the root contexts that belong to the case
	names   map[int64]string
	streams int
	calls   map[int64]int // numbers of calls by their ids
	nested  int           // callbacks running
	skip    int           // depth of a callback that is left out
	ticks   bool          // keep ticks
	any     bool          // all callbacks belong to the case: its filter is not the probe
}

func newTranscript(roots []int64, ticks bool) *transcript {
	t := &transcript{roots: map[int64]bool{}, names: map[int64]string{}, ticks: ticks}
	for i, root := range roots {
		t.roots[root] = true
		t.names[root] = "root"
		if i > 0 {
			t.names[root] = "root" + strconv.Itoa(i+1)
		}
	}
	return t
}

func (t *transcript) add(e traceEvent) {
	if e.name == "proxy_on_memory_allocate" || e.name == "malloc" {
		return
	}
	switch e.kind {
	case "call":
		t.nested++
		if t.skip == 0 && !t.wanted(e) {
			t.skip = t.nested
		}
		if t.skip == 0 {
			t.print("%s(%s)", strings.TrimPrefix(e.name, "proxy_on_"), t.arguments(e))
		}
	case "return", "trap":
		if t.skip == 0 {
			result := e.result
			if e.kind == "trap" {
				result = "trap"
			}
			if result != "void" {
				t.print("= %s", result)
			}
		}
		if t.skip == t.nested {
			t.skip = 0
		}
		t.nested = max(t.nested-1, 0)
	case "status":
		if t.skip == 0 && t.nested > 0 && e.name != "proxy_log" {
			t.print("  %s %s", strings.TrimPrefix(e.name, "proxy_"), e.result)
		}
	case "log":
		if t.skip == 0 && t.nested > 0 {
			t.print("    %s", e.text)
		}
	}
}

// wanted reports whether a callback belongs to the case. The start of a root context does
// not: whether a case needs a new VM is up to the case before it.
func (t *transcript) wanted(e traceEvent) bool {
	switch e.name {
	case "_initialize", "_start", "main":
		clear(t.names)
		clear(t.roots)
		return false
	case "proxy_on_vm_start", "proxy_on_configure":
		return false
	case "proxy_on_context_create":
		if e.args[1] == 0 {
			t.roots[e.args[0]], t.names[e.args[0]] = true, "root"
			return false
		}
	}
	if len(e.args) == 0 {
		return false
	}
	if e.name == "proxy_on_tick" && !t.ticks {
		return false
	}
	if t.any {
		return t.wantedAny(e)
	}
	if e.name == "proxy_on_context_create" && len(e.args) > 1 && t.roots[e.args[1]] {
		t.streams++
		t.names[e.args[0]] = "s" + strconv.Itoa(t.streams)
	}
	return t.names[e.args[0]] != ""
}

// wantedAny names the contexts of a filter that is not the probe as they appear.
func (t *transcript) wantedAny(e traceEvent) bool {
	if e.name == "proxy_on_context_create" {
		t.names[e.args[1]] = "root"
	}
	if e.name == "proxy_on_context_create" || t.names[e.args[0]] == "" {
		t.streams++
		t.names[e.args[0]] = "s" + strconv.Itoa(t.streams)
	}
	return true
}

func (t *transcript) arguments(e traceEvent) string {
	words := make([]string, len(e.args))
	for i, arg := range e.args {
		words[i] = strconv.FormatInt(arg, 10)
		switch {
		case i == 0 || e.name == "proxy_on_context_create":
			words[i] = t.names[arg]
		case i == 1 && (strings.HasPrefix(e.name, "proxy_on_http_call") || strings.HasPrefix(e.name, "proxy_on_grpc")):
			words[i] = t.call(arg)
		}
	}
	return strings.Join(words, ", ")
}

// call names a call by when it was first seen.
func (t *transcript) call(id int64) string {
	if t.calls == nil {
		t.calls = map[int64]int{}
	}
	if t.calls[id] == 0 {
		t.calls[id] = len(t.calls) + 1
	}
	return "call" + strconv.Itoa(t.calls[id])
}

func (t *transcript) print(format string, args ...any) { fmt.Fprintf(&t.out, format+"\n", args...) }
