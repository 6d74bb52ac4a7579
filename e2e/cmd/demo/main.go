// Command demo runs sparkward on this machine: a demo provider, and in front of
// it Envoy, or hostsim with HOST=sim, with the filter and envoy/policy.yaml.
//
// `make run` builds what it needs and starts it from the top of the tree. The
// environment says where it listens: PORT (10000), ADMIN_PORT (9901) and
// PROVIDER_PORT (18080), all on 127.0.0.1; ENVOY is the Envoy to start. It stays
// in the foreground until it gets SIGINT, SIGTERM or SIGHUP, or a part of it
// ends, and leaves no process behind.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// The parent's death is signalled to a child when the thread that started it
// ends, so everything is started from the main thread, which never does.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	ctx, gone := context.WithCancelCause(ctx)
	if os.Getenv("MAKELEVEL") != "" {
		go watchParent(ctx, lookAtParent, gone)
	}
	settings, err := readSettings(os.Getenv)
	if err == nil {
		err = run(ctx, settings, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

// stopSignals leaves out a hang-up that the caller ignores, as nohup does.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
