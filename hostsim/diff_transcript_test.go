package hostsim_test

import (
	"fmt"
	"strconv"
	"strings"
)

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
