//go:build docker || fleet || prometheus

package e2e

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// daemonStart is how long a process may take to listen on a busy machine.
const daemonStart = 3 * time.Minute

// daemon is a process that listens on a port and can be stopped and started.
type daemon struct {
	t    *testing.T
	port string
	env  []string
	args []string
	cmd  *exec.Cmd
	said bytes.Buffer
}

func newDaemon(t *testing.T, port string, env []string, args ...string) *daemon {
	d := &daemon{t: t, port: port, env: env, args: args}
	t.Cleanup(d.stop)
	return d
}

// start starts the process and waits until it listens.
func (d *daemon) start() {
	d.said.Reset()
	d.cmd = exec.Command(d.args[0], d.args[1:]...)
	d.cmd.Env = append(os.Environ(), d.env...)
	d.cmd.Dir = d.t.TempDir()
	d.cmd.Stdout, d.cmd.Stderr = &d.said, &d.said
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	for deadline := time.Now().Add(daemonStart); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+d.port)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			d.stop()
			d.t.Fatalf("%s does not listen on port %s:\n%s", d.args[0], d.port, lastLines(d.said.String()))
		}
	}
}

// stop kills the process, as a crash would; it may have been stopped before.
func (d *daemon) stop() {
	if d.cmd != nil && d.cmd.Process != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
		d.cmd = nil
	}
}

// freePorts returns different ports that were free a moment ago.
func freePorts(t *testing.T, n int) (ports []string) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}
