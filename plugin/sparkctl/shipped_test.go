package main

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/envoy"
)

// TestStatsTags: Envoy's regular expressions take each label out of a name as
// the filter spells it. The first group is removed, the second is the value.
func TestStatsTags(t *testing.T) {
	tags := regexp.MustCompile(`- tag_name: (\w+)\n\s+regex: '(.*)'`).FindAllStringSubmatch(string(envoy.Bootstrap), -1)
	var got []string
	for _, tag := range tags {
		got = append(got, tag[1])
		m := regexp.MustCompile(tag[2]).FindStringSubmatch("sparkward_x_total_" + tag[1] + "=.=a.b;.;")
		if m == nil || m[1] != "_"+tag[1]+"=.=a.b;.;" || m[2] != "a.b" {
			t.Errorf("%s: %q", tag[1], m)
		}
	}
	if want := metricLabels(); !slices.Equal(got, want) || len(want) < 5 {
		t.Errorf("stats_tags are %v, the metrics have the labels %v", got, want)
	}
}

// unused are imports that the Go runtime links and a filter without files does
// not call. Envoy links a stub for what it does not allow.
var unused = []string{"fd_close", "fd_prestat_dir_name"}

// callbacks are what Envoy calls of a HTTP filter.
var callbacks = []string{
	"proxy_on_memory_allocate", "proxy_on_context_create", "proxy_on_vm_start", "proxy_on_configure", "proxy_on_tick",
	"proxy_on_request_headers", "proxy_on_request_body", "proxy_on_request_trailers",
	"proxy_on_response_headers", "proxy_on_response_body", "proxy_on_response_trailers",
	"proxy_on_log", "proxy_on_delete",
}

// TestCapabilities: what the configuration allows the filter is what the filter
// asks for, no less, or it would fail, and no more.
func TestCapabilities(t *testing.T) {
	wasm := filepath.Join(t.TempDir(), "sparkward.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", wasm, "..")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	want, err := imports(code)
	if err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(append(want, callbacks...), func(name string) bool { return slices.Contains(unused, name) })
	var got []string
	for _, m := range regexp.MustCompile(`\n {22}(\w+): \{\}`).FindAllStringSubmatch(string(envoy.Bootstrap), -1) {
		got = append(got, m[1])
	}
	slices.Sort(got)
	slices.Sort(want)
	want = slices.Compact(want) // some are imported by two packages
	if !slices.Equal(got, want) {
		t.Errorf("allowed_capabilities are\n%s\nthe filter needs\n%s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// imports returns the names of the functions that a wasm module imports.
func imports(code []byte) (names []string, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("not a wasm module")
		}
	}()
	number := func() int {
		n, size := binary.Uvarint(code)
		code = code[size:]
		return int(n)
	}
	text := func() string {
		n := number()
		s := string(code[:n])
		code = code[n:]
		return s
	}
	for code = code[8:]; ; {
		section, size := code[0], 0
		code = code[1:]
		if size = number(); section != 2 {
			code = code[size:]
			continue
		}
		for n := number(); n > 0; n-- {
			text() // the module
			names = append(names, text())
			if code[0] != 0 {
				return nil, errors.New("an import that is no function")
			}
			code = code[1:]
			number() // the type
		}
		return names, nil
	}
}
