package hostsim

import (
	"io"
	"net/http"
	"time"

	"github.com/sparkward/sparkward/hostsim/internal/abi"
	"github.com/sparkward/sparkward/hostsim/internal/target"
)

// Plugin is one filter with its configuration. Plugins with the same code, VMID and
// VMConfiguration share a VM on each worker, as in Envoy; the Env of the first counts.
type Plugin struct {
	Name, RootID string
	// Wasm is the filter's code.
	Wasm []byte
	// Configuration is what the filter reads in proxy_on_configure, VMConfiguration
	// what it reads in proxy_on_vm_start.
	Configuration, VMConfiguration []byte
	// VMID is also the scope of shared data and queues.
	VMID string
	// Env is the environment of the filter. Nothing of this process' own is shown.
	Env map[string]string
	// FailurePolicy says what becomes of requests after the VM failed.
	FailurePolicy FailurePolicy
	// ReloadBackoff is the least time from one start of the VM to the next under
	// FailReload; up to half as much is added at random. 0 means Envoy's 1 s.
	ReloadBackoff time.Duration
	// AllowOnHeadersStopIteration makes a pause on headers hold the headers alone, so
	// that the body callbacks come. Without it everything waits. See Envoy's option of
	// the same name.
	AllowOnHeadersStopIteration bool
	// Capabilities lists the only ABI functions in use, as Envoy's
	// capability_restriction_config does; empty means all.
	Capabilities []string
}

// FailurePolicy says what becomes of requests after the VM failed.
type FailurePolicy int

// FailClosed answers 503 for ever, FailOpen passes requests by the filter, FailReload
// starts a new VM for the next request.
const (
	FailClosed FailurePolicy = iota
	FailOpen
	FailReload
)

// Level is the level of a log line, from LevelTrace to LevelCritical.
type Level = abi.Level

// The levels in which filters log.
const (
	LevelTrace    = abi.Trace
	LevelDebug    = abi.Debug
	LevelInfo     = abi.Info
	LevelWarn     = abi.Warn
	LevelError    = abi.Error
	LevelCritical = abi.Critical
)

// EscapedSlashes says what becomes of a request whose path has an escaped slash or
// backslash: %2F or %5C.
type EscapedSlashes = target.Slashes

// Such a path is kept, refused with 400, answered with 307 and a location without escapes,
// or forwarded without them. gRPC requests are refused instead of redirected.
const (
	KeepEscapedSlashes     = target.Keep
	RejectEscapedSlashes   = target.Reject
	RedirectEscapedSlashes = target.Redirect
	ForwardEscapedSlashes  = target.Forward
)

// Route sends requests whose path begins with Prefix to a cluster. The first that
// fits is taken.
type Route struct {
	Name, Prefix, Cluster string
	// Separated wants the path to end after the prefix, or go on with a slash, as
	// Envoy's path_separated_prefix does.
	Separated bool
	// Header names a request header that must be there for the route to fit; "" for none.
	Header string
	// ClusterHeader names a request header that holds the cluster's name instead.
	ClusterHeader string
	// Timeout is how long the whole answer may take after the whole request was read:
	// 0 means Envoy's 15 s, a negative value no limit.
	Timeout time.Duration
	// RequestBodyLimit replaces that of Options for this route, in bytes; 0 keeps it.
	RequestBodyLimit int
}

// Cluster is where requests can go: the URL of one upstream, for example
// http://127.0.0.1:8080, or a Handler in this process, each Write of which is one piece
// of the body. A cluster with neither has no healthy host. HTTP2 speaks HTTP/2 in clear
// text to the URL.
type Cluster struct {
	Name, URL string
	Handler   http.Handler
	HTTP2     bool
	// ConnectTimeout is how long a connection may take; 0 means Envoy's 5 s.
	ConnectTimeout time.Duration
}

// Options say what to run and around it what world.
type Options struct {
	// These belong to the first filter; see Plugin.
	Wasm                           []byte
	Configuration, VMConfiguration []byte
	VMID, RootID, PluginName       string
	Env                            map[string]string
	FailurePolicy                  FailurePolicy
	ReloadBackoff                  time.Duration
	AllowOnHeadersStopIteration    bool
	Capabilities                   []string
	// Filters are further filters, behind the first in the order of the request.
	Filters []Plugin

	// Workers is how many event loops there are, each with VMs of its own; 0 means 1.
	Workers int
	// PickWorker chooses the worker of a request, from 0 to workers-1. By default all
	// requests of one connection have the same one.
	PickWorker func(r *http.Request, workers int) int

	// Routes say where requests go; none sends all to the first of the clusters.
	Routes   []Route
	Clusters []Cluster
	// UseRemoteAddress takes clients for outsiders, as Envoy's option of that name does:
	// a connection's address is the client's, whatever x-forwarded-for says, and each
	// request gets an id of its own. Without it the last address there is believed.
	UseRemoteAddress bool
	// RequestIDInResponse puts a request's id on its answer: Envoy's
	// always_set_request_id_in_response.
	RequestIDInResponse bool
	// StreamIdleTimeout ends a stream on which nothing moves for as long, as Envoy's
	// stream_idle_timeout does: with 408 or 504, or by cutting the answer. 0 means Envoy's
	// 5 minutes, a negative value no limit.
	StreamIdleTimeout time.Duration
	// NormalizePath, MergeSlashes and EscapedSlashes bring the paths of requests into one
	// spelling before routes and filters see them, as Envoy's options normalize_path,
	// merge_slashes and path_with_escaped_slashes_action do. As there all are off unless
	// set, and a path with a fragment is refused in any case.
	NormalizePath, MergeSlashes bool
	EscapedSlashes              EscapedSlashes
	// VirtualHost is the property xds.virtual_host_name of every route.
	VirtualHost string
	// NodeID and NodeCluster are the properties xds.node.id and xds.node.cluster.
	NodeID, NodeCluster string
	// RequestBodyLimit is how many bytes of a body are held while a filter pauses it,
	// in either direction: beyond it the answer is 413, or 500 for a response. 0 means
	// Envoy's 1 MiB.
	RequestBodyLimit int
	// LocalReplyConfig is Envoy's local_reply_config as JSON: what becomes of answers
	// that the host or a filter makes; nil leaves them as they are. Of CEL it may compare
	// response.code_details and response.code, of the operators use %REQ()%, %RESP()%,
	// %RESPONSE_CODE%, %RESPONSE_CODE_DETAILS%, %RESPONSE_FLAGS%, %PROTOCOL% and
	// %LOCAL_REPLY_BODY%; New refuses the rest.
	LocalReplyConfig []byte
	// RequestHeadersToRemove are taken off when a request leaves the last filter.
	RequestHeadersToRemove []string

	// Clock is the time that filters and timers see; nil is the real one.
	Clock Clock
	// Rand is where randomness comes from; nil is crypto/rand.
	Rand io.Reader

	// Log takes what filters log and what the host says about them; nil drops it.
	Log func(Level, string)
	// LogLevel is what proxy_get_log_level answers.
	LogLevel Level
	// AccessLog takes one entry for each request when it is over; nil drops it.
	AccessLog func(Entry)
	// Trace takes each call between the host and the filters as a line of text.
	Trace io.Writer
	// Yield, if not nil, is called before each call on shared data or queues, by the
	// worker that makes it. A test that holds workers there decides in which order
	// they race.
	Yield func(worker int, call string)

	// Functions are foreign functions that filters can call with
	// proxy_call_foreign_function, by name, beside those of Envoy that the host has: for
	// hosts that have their own, and for those of Envoy's that this one lacks. The
	// arguments are a function's to keep; of an error the filter sees bad_argument. A
	// function runs while its worker is held, so it must not wait for the Host.
	Functions map[string]func(arguments []byte) (result []byte, err error)

	// CallTimeout is how long one call into a filter may take, by the real clock: a filter
	// that loops for ever fails then with a *TrapError. 0 means no limit, as in Envoy,
	// whose worker hangs for good. With a limit filters run slower.
	CallTimeout time.Duration

	// CacheDir is a folder that keeps compiled code for the next process; empty for none.
	// Within a process the same code is compiled once.
	CacheDir string
	// OldPollOneoff answers ENOSYS to WASI's poll_oneoff as Envoy did until April
	// 2026. Go's runtime calls it to wait, for a time.Sleep or under load, and takes
	// the answer for the end of the program.
	OldPollOneoff bool
}

// plugins are all filters in order.
func (o *Options) plugins() []Plugin {
	first := Plugin{Name: o.PluginName, RootID: o.RootID, Wasm: o.Wasm, Configuration: o.Configuration,
		VMConfiguration: o.VMConfiguration, VMID: o.VMID, Env: o.Env, FailurePolicy: o.FailurePolicy,
		ReloadBackoff: o.ReloadBackoff, AllowOnHeadersStopIteration: o.AllowOnHeadersStopIteration,
		Capabilities: o.Capabilities}
	return append([]Plugin{first}, o.Filters...)
}
