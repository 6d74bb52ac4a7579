package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// grace is how long a child may take to end after SIGTERM before it is killed.
// Envoy needs about 100 ms without connections.
const grace = 5 * time.Second

// child is one started process.
type child struct {
	name string
	cmd  *exec.Cmd
	log  *tail
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; valid after done
}

// startChild starts a process in a group of its own, so that Ctrl-C in the
// terminal reaches this program alone, which then ends its children in order.
// The child's standard output goes to out; its last lines are kept either way.
func startChild(name string, out io.Writer, path string, args ...string) (*child, error) {
	c := &child{name: name, log: &tail{}, done: make(chan struct{})}
	c.cmd = exec.Command(path, args...)
	c.cmd.Stdout = io.MultiWriter(c.log, out)
	c.cmd.Stderr = c.log
	c.cmd.Env = append(os.Environ(), upstreamKeys...)
	c.cmd.SysProcAttr = ownGroup()
	// A grandchild that holds the output open does not hold up the end.
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s did not start: %w", name, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// stop ends the process: SIGTERM to its group, SIGKILL after the grace.
func (c *child) stop() {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		c.signal(syscall.SIGKILL)
		<-c.done
	}
}

func (c *child) signal(s syscall.Signal) {
	// The group may be gone already: then there is nothing to end.
	_ = syscall.Kill(-c.cmd.Process.Pid, s)
}

// death says how an ended child ended, with the last it said.
func (c *child) death() error {
	how := "ended"
	if c.err != nil {
		how = "ended (" + c.err.Error() + ")"
	}
	return fmt.Errorf("%s %s; its last lines:\n%s", c.name, how, c.log)
}

// tailLines and tailWidth bound what is kept of a child's output.
const (
	tailLines = 20
	tailWidth = 2000
)

// tail is a Writer that keeps the last lines written to it.
type tail struct {
	mu      sync.Mutex
	lines   []string
	partial []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range p {
		if b == '\n' {
			t.push()
		} else if len(t.partial) < tailWidth {
			t.partial = append(t.partial, b)
		}
	}
	return len(p), nil
}

// push ends the line under way.
func (t *tail) push() {
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, string(t.partial))
	t.partial = t.partial[:0]
}

// String returns the lines kept, indented by two spaces.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(lines[:len(lines):len(lines)], string(t.partial))
	}
	if len(lines) == 0 {
		return "  (nothing)"
	}
	return "  " + strings.Join(lines, "\n  ")
}
