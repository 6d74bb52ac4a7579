package hostsim_test

import (
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
