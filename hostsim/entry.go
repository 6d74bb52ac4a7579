package hostsim

import (
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
)

// Entry is one line of an access log: a request that is over.
type Entry struct {
	Start    time.Time
	Duration time.Duration
	Protocol string // HTTP/1.1 or HTTP/2
	Method   string
	Path     string
	// Code is the status of the answer; 0 if there was none.
	Code int
	// CodeDetails is Envoy's %RESPONSE_CODE_DETAILS%, for example via_upstream; "-" for
	// none. A filter's local reply without details has empty ones.
	CodeDetails string
	// Flags is Envoy's %RESPONSE_FLAGS%, for example UF; "-" for none.
	Flags string
	// Route and Cluster are where the request was sent to; empty if nowhere.
	Route, Cluster string
	// BytesReceived and BytesSent count the bodies.
	BytesReceived, BytesSent uint64
	// FilterState holds what filters set, under the names that Envoy uses: a property
	// set by a filter begins with "wasm.".
	FilterState map[string]string
	// Worker is the index of the worker that served the request.
	Worker int
}

func (s *stream) entry() Entry {
	info := s.info
	e := Entry{Start: info.Start, Duration: info.Elapsed, Protocol: info.Protocol,
		Code: info.ResponseCode, CodeDetails: info.Details, Flags: info.Flags.String(),
		Route: info.RouteName, Cluster: info.ClusterName, BytesReceived: info.RequestBytes,
		BytesSent: info.ResponseBytes, FilterState: stateOf(info), Worker: s.w.index}
	if !info.HasDetails {
		e.CodeDetails = "-"
	}
	if s.request != nil {
		e.Method, e.Path = s.request.Value(":method"), s.request.Value(":path")
	}
	return e
}

func stateOf(info *chain.Info) map[string]string {
	state := make(map[string]string, len(info.State))
	for name, object := range info.State {
		state[name] = string(object.Value)
	}
	return state
}
