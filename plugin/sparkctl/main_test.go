package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// result is what one run of sparkctl printed and returned.
type result struct {
	out, err string
	status   int
}

func sparkctl(stdin string, args ...string) result {
	var out, err bytes.Buffer
	status := run(args, streams{strings.NewReader(stdin), &out, &err})
	return result{out.String(), err.String(), status}
}

// file writes text to a file of its own and returns the path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsage(t *testing.T) {
	policy := file(t, "p.yaml", "auth: {default: public}\n")
	for _, c := range []struct {
		args   []string
		status int
		err    string // all of it, or its beginning if it ends in "..."
	}{
		{nil, 0, ""},
		{[]string{"help"}, 0, ""},
		{[]string{"lint", "-h"}, 0, ""},
		{[]string{"lnit"}, 2, `sparkctl: no command "lnit": run "sparkctl help" for the list`},
		{[]string{"key"}, 2, `sparkctl: "key" is not complete: use one of key new, key hash, key list`},
		{[]string{"key", "old"}, 2, `sparkctl: "key" is not complete: use one of key new, key hash, key list`},
		{[]string{"lint"}, 2, `sparkctl: lint: got 0 arguments, want: sparkctl lint [-json] policy.yaml`},
		{[]string{"lint", "a", "b"}, 2, `sparkctl: lint: got 2 arguments, want: sparkctl lint [-json] policy.yaml`},
		{[]string{"lint", "-yaml", "a"}, 2, `sparkctl: lint: flag provided but not defined: -yaml`},
		{[]string{"lint", "no/such.yaml"}, 1, `no/such.yaml: no such file: give the path of a policy, or - for standard input`},
		{[]string{"lint", t.TempDir()}, 1, `read ...`},
		{[]string{"render", "envoy"}, 2, `sparkctl: render envoy: -policy is missing: give the policy file`},
		{[]string{"render", "envoy", "-policy", policy, "x"}, 2, `sparkctl: render envoy: got 1 arguments, want: sparkctl render envoy -policy policy.yaml [flags]`},
		{[]string{"render", "envoy", "-policy", policy, "-listen", "10000"}, 2, `sparkctl: render envoy: -listen: got "10000", want an IP address and a port, for example 127.0.0.1:10000`},
		{[]string{"render", "envoy", "-policy", policy, "-admin", "localhost:1"}, 2, `sparkctl: render envoy: -admin: got "localhost:1", want an IP address and a port, for example 127.0.0.1:10000`},
		{[]string{"render", "envoy", "-policy", policy, "-listen", "127.0.0.1:70000"}, 2, `sparkctl: render envoy: -listen: got "127.0.0.1:70000", want...`},
		{[]string{"render", "envoy", "-policy", policy, "-body-limit", "-1"}, 2, `sparkctl: render envoy: -body-limit: got -1, want a number of bytes`},
		{[]string{"render", "envoy", "-policy", policy, "-concurrency", "2"}, 2, `sparkctl: render envoy: invalid value "2" for flag -concurrency: is not part of Envoy's configuration: start Envoy with --concurrency`},
		{[]string{"render", "envoy", "-policy", policy, "-upstream", "openai"}, 2, `sparkctl: render envoy: invalid value "openai" for flag -upstream: want for example openai=127.0.0.1:8080 or openai=https://api.openai.com`},
		{[]string{"render", "envoy", "-policy", policy, "-upstream", "openai=a:1", "-upstream", "openai=b:1"}, 2, `sparkctl: render envoy: invalid value "openai=b:1" for flag -upstream: cluster openai is given twice: remove one of the two`},
		{[]string{"render", "envoy", "-policy", policy, "-upstream", "opnai=a:1"}, 1, `-upstream: got "opnai", want a cluster of the configuration, anthropic, openai, or one that the policy names`},
		{[]string{"render", "envoy", "-policy", policy, "-o", "no/such/dir/x.yaml"}, 1, `cannot write no/such/dir/x.yaml: ...`},
	} {
		got := sparkctl("", c.args...)
		want, begins := strings.CutSuffix(c.err, "...")
		ok := got.err == want+"\n" || want == "" && got.err == "" || begins && strings.HasPrefix(got.err, want)
		if got.status != c.status || !ok {
			t.Errorf("sparkctl %q: status %d, %q, want %d, %q", c.args, got.status, got.err, c.status, c.err)
		}
		if strings.Count(got.err, "\n") > 1 {
			t.Errorf("sparkctl %q: an error of several lines: %q", c.args, got.err)
		}
		if c.status == 0 && !strings.Contains(got.out, "Usage") {
			t.Errorf("sparkctl %q printed %q", c.args, got.out)
		}
	}
}

// TestHelp names every command once, with what it does.
func TestHelp(t *testing.T) {
	help := sparkctl("", "help").out
	for _, c := range commands() {
		if c.args == "" || c.summary == "" || strings.Count(help, "sparkctl "+c.name+" "+c.args) != 1 {
			t.Errorf("the help does not say how to use %q", c.name)
		}
		if got := sparkctl("", append(strings.Fields(c.name), "-h")...); got.status != 0 || !strings.Contains(got.out, c.summary) {
			t.Errorf("sparkctl %s -h: %+v", c.name, got)
		}
	}
}
