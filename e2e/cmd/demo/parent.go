package main

import (
	"context"
	"errors"
	"time"
)

// parent is what can be seen of the make that started the demo.
type parent struct {
	pid int
	// caught holds which of the signals that end make it still catches.
	caught uint64
}

var errParentEnds = errors.New("make ends")

// watchParent ends the demo when the make that started it is gone or ends. It
// need not have passed a signal on: killed, it cannot, and of SIGINT and SIGHUP
// it thinks that the terminal sends them to everyone.
func watchParent(ctx context.Context, look func() parent, gone context.CancelCauseFunc) {
	first := look()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
		if look() != first {
			gone(errParentEnds)
			return
		}
	}
}
