package hostsim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A diffCase is a file in testdata/diff: a script for the probe filter, what a client
// sends, what the upstream answers, and the transcript that both hosts must give.
//
//	# what this is about
//	hold                       options, one a line: see readOptions
//	-- script --               of the probe; see internal/probe
//	-- local_reply --          local_reply_config as JSON; left out for none
//	-- client --               see clientSteps
//	-- upstream --             see upstreamSteps; left out for a plain answer
//	-- want --                 written by go test -update, from Envoy
type diffCase struct {
	name, file string
	comment    string
	sections   map[string]string
	options    diffOptions
}

type diffOptions struct {
	hold      bool
	policy    string // open, closed, reload
	limit     int
	routes    []diffRoute
	vmID      string
	wasm      string // another filter than the probe
	http2     bool   // to the upstream
	client2   bool   // the client speaks HTTP/2
	blind     bool   // the upstream's view is left out: its order varies
	timeout   time.Duration
	idle      time.Duration // stream_idle_timeout
	tcp       bool
	tick      bool // keep the tick callbacks in the transcript
	startup   bool // the transcript is that of the start
	plugins   []string
	capable   []string
	root      string // the root id
	reloadFor time.Duration
	normalize bool
	merge     bool
	slashes   string // path_with_escaped_slashes_action
}

type diffRoute struct{ prefix, cluster, header string }

// parseSections cuts a file into its header and named sections.
func parseSections(text string) (top string, sections map[string]string) {
	sections = map[string]string{}
	name := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(trimmed, "-- "); ok && strings.HasSuffix(rest, " --") {
			name = strings.TrimSuffix(rest, " --")
			sections[name] = ""
		} else if name == "" {
			top += line
		} else {
			sections[name] += line
		}
	}
	return top, sections
}

func readCase(file string) (*diffCase, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &diffCase{name: strings.TrimSuffix(filepath.Base(file), ".txt"), file: file}
	top, sections := parseSections(string(data))
	c.sections = sections
	for line := range strings.Lines(top) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "#"); ok {
			c.comment += strings.TrimSpace(rest) + " "
		} else if line != "" {
			if err := c.options.read(strings.Fields(line)); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if c.comment == "" || sections["client"] == "" && !c.options.startup {
		return nil, fmt.Errorf("%s: a case needs a comment and a client section", file)
	}
	return c, nil
}

func (o *diffOptions) read(words []string) (err error) {
	value := strings.Join(words[1:], " ")
	switch words[0] {
	case "hold":
		o.hold = true
	case "policy":
		o.policy = value
	case "limit":
		o.limit, err = strconv.Atoi(value)
	case "vm":
		o.vmID = value
	case "wasm":
		o.wasm = value
	case "blind":
		o.blind = true
	case "http2":
		o.client2 = true
	case "upstream-http2":
		o.http2 = true
	case "timeout":
		o.timeout, err = time.ParseDuration(value)
	case "idle":
		o.idle, err = time.ParseDuration(value)
	case "route": // route PREFIX CLUSTER, or route PREFIX :HEADER
		r := diffRoute{prefix: words[1], cluster: words[2]}
		if name, ok := strings.CutPrefix(words[2], ":"); ok {
			r.cluster, r.header = "", name
		}
		o.routes = append(o.routes, r)
	case "tcp":
		o.tcp = true
	case "tick":
		o.tick = true
	case "startup":
		o.startup = true
	case "behind":
		o.plugins = append(o.plugins, value)
	case "root":
		o.root = value
	case "capable":
		o.capable = words[1:]
	case "normalize":
		o.normalize = true
	case "merge":
		o.merge = true
	case "slashes": // KEEP_UNCHANGED, REJECT_REQUEST, UNESCAPE_AND_REDIRECT, UNESCAPE_AND_FORWARD
		o.slashes = value
	case "backoff":
		o.reloadFor, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("no such option: %q", words[0])
	}
	return err
}

// readCases reads all cases. None at all is a failure.
func readCases(t testing.TB) []*diffCase {
	files, err := filepath.Glob("testdata/diff/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/diff: %v", err)
	}
	var cases []*diffCase
	for _, file := range files {
		c, err := readCase(file)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// update writes the wanted transcript into the case's file.
func (c *diffCase) update(want string) error {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return err
	}
	text, _, _ := strings.Cut(string(data), "-- want --\n")
	return os.WriteFile(c.file, []byte(strings.TrimRight(text, "\n")+"\n-- want --\n"+want), 0o644)
}
