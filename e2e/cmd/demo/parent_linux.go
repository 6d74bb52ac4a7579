package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// endSignals are SIGHUP, SIGINT and SIGTERM in a signal mask of /proc.
const endSignals = 1<<0 | 1<<1 | 1<<14

// lookAtParent reads the parent's signal mask too: GNU make stops catching the
// signal that ends it, and then waits for its children.
func lookAtParent() parent {
	p := parent{pid: os.Getppid()}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return p
	}
	for line := range strings.Lines(string(status)) {
		if mask, ok := strings.CutPrefix(line, "SigCgt:"); ok {
			caught, _ := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
			p.caught = caught & endSignals
		}
	}
	return p
}
