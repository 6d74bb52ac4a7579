package wasm

import (
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/shared"
)

// Services are what all VMs of a host share.
type Services struct {
	Data    *shared.Data
	Queues  *shared.Queues
	Metrics *shared.Metrics

	Now      func() time.Time
	Monotone func() time.Duration
	Random   func(p []byte)
	LogLevel abi.Level
	// Log takes what a filter logs, and what the host has to say about it.
	Log func(worker int, level abi.Level, message string)
	// Trace takes one line of a trace; nil for no trace.
	Trace func(worker int, line string)
	// Failed is told when a VM cannot be used any more.
	Failed func(worker int, err error)
	// Yield is called before each call on shared data or queues.
	Yield func(worker int, call string)
	// HasCluster reports whether calls can be made to a cluster.
	HasCluster func(name string) bool
	// OldPoll answers ENOSYS to poll_oneoff, as Envoy did before April 2026.
	OldPoll bool
	// CallTimeout is how long one call into a filter may take; 0 for no limit.
	CallTimeout time.Duration
	// Functions are foreign functions beside Envoy's own.
	Functions map[string]func(arguments []byte) ([]byte, error)
	// Node is what the properties node and xds.node show: id and cluster.
	NodeID, NodeCluster string
}

// Worker is one event loop: whoever holds it calls into its VMs.
type Worker interface {
	// Index is 0 to n-1, or -1 for the main thread.
	Index() int
	// Post runs f with the worker held, soon and in order.
	Post(f func())
	// AfterFunc runs f with the worker held, after d.
	AfterFunc(d time.Duration, f func()) (stop func())
	// HTTPCall sends a request to a cluster. done is called once with the worker held,
	// unless cancel was called before; a nil response is a failure.
	HTTPCall(call Call, done func(*CallResponse)) (cancel func(), ok bool)
	// StreamCall begins a request whose body is sent piece by piece. take is called with
	// the worker held for each part of the answer, until its end or a failure.
	StreamCall(call Call, take func(StreamEvent)) (send func(data []byte, end bool), cancel func(), ok bool)
}

// Call is a request that a filter makes by itself.
type Call struct {
	Cluster  string
	Headers  *header.Map
	Body     []byte
	Trailers *header.Map
	Timeout  time.Duration // 0 for none
}

// CallResponse is the whole answer to a Call.
type CallResponse struct {
	Headers  *header.Map
	Body     []byte
	Trailers *header.Map // nil for none
}
