package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sh starts a shell script as a child that is stopped when the test ends.
func sh(t *testing.T, out io.Writer, script string) *child {
	t.Helper()
	c, err := startChild("script", out, "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

// eventually waits for a condition that another process brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for range 1000 {
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("did not happen in 10 s: %s", what)
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestDeathShowsHowAndTheLastLines(t *testing.T) {
	var out bytes.Buffer
	c := sh(t, &out, "echo to-out; echo to-err >&2; exit 3")
	<-c.done
	got := c.death().Error()
	for _, want := range []string{"script ended (exit status 3); its last lines:\n", "  to-out", "  to-err"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if out.String() != "to-out\n" {
		t.Errorf("passed on %q, want the standard output alone", out.String())
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	c := sh(t, io.Discard, "sleep 1000 & echo $!; wait")
	var grandchild int
	eventually(t, "the script starts its own child", func() bool {
		n, err := strconv.Atoi(strings.TrimSpace(c.log.String()))
		grandchild = n
		return err == nil
	})
	c.stop()
	eventually(t, "the grandchild ends", func() bool { return !alive(grandchild) })
	if alive(c.cmd.Process.Pid) {
		t.Error("the child is alive after stop")
	}
	c.stop() // a second stop is harmless
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	c := sh(t, io.Discard, "trap '' TERM; echo up; while :; do sleep 0.1; done")
	eventually(t, "the script is up", func() bool { return strings.Contains(c.log.String(), "up") })
	start := time.Now()
	c.stop()
	if took := time.Since(start); took < grace {
		t.Errorf("killed after %s, before the grace of %s", took, grace)
	}
	if alive(c.cmd.Process.Pid) {
		t.Error("the child is alive after stop")
	}
}

func TestStartChildSaysWhatIsMissing(t *testing.T) {
	_, err := startChild("envoy", io.Discard, "/no/such/envoy")
	if err == nil || !strings.Contains(err.Error(), "envoy did not start") || !strings.Contains(err.Error(), "/no/such/envoy") {
		t.Errorf("got %v", err)
	}
}

func TestTailKeepsTheLastLines(t *testing.T) {
	for _, c := range []struct {
		name   string
		writes []string
		want   string
	}{
		{"nothing", nil, "  (nothing)"},
		{"one line", []string{"a\n"}, "  a"},
		{"in pieces", []string{"a", "b\nc", "d\n"}, "  ab\n  cd"},
		{"unfinished", []string{"a\nb"}, "  a\n  b"},
	} {
		var log tail
		for _, w := range c.writes {
			io.WriteString(&log, w)
		}
		if got := log.String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTailIsBounded(t *testing.T) {
	var log tail
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 500 {
				fmt.Fprintf(&log, "%d %d %s\n", w, i, strings.Repeat("x", 3*tailWidth))
			}
		})
	}
	writers.Wait()
	lines := strings.Split(log.String(), "\n")
	if len(lines) != tailLines {
		t.Errorf("kept %d lines, want %d", len(lines), tailLines)
	}
	for _, line := range lines {
		if len(line) > tailWidth+2 {
			t.Errorf("kept a line of %d bytes, want at most %d", len(line), tailWidth)
		}
	}
}
