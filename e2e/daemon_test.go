//go:build docker || fleet || prometheus

package e2e

import (
	"bytes"
	"math/rand/v2"
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

// freePorts returns different ports on which nobody listened a moment ago, and which
// Linux gives to no connection meanwhile; see firstPort.
func freePorts(t *testing.T, n int) (ports []string) {
	for range 100 {
		port := strconv.Itoa(firstPort + rand.IntN(lastPort-firstPort))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		defer l.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	t.Fatal("no free ports")
	return nil
}
