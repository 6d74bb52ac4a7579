package metric

// ID names one metric of the table. It is an index, so a lookup on the
// request path costs no map.
type ID uint8

// The metrics of the filter, in the order of the table.
const (
	Requests ID = iota
	Refused
	WouldRefuse
	Undecided
	Findings
	Tokens
	Cache
	CacheStored
	CacheSaved
	Duration
	FirstToken
	OutputToken
	BreakerState
	BreakerChanges
	Panics
	Corrupt
	PolicyLoads
	count
)

// Kind is what Envoy calls the type of a statistic.
type Kind uint8

// The kinds. A Buckets metric is a set of counters, one a bucket: Envoy lets
// a filter record into a histogram but not read it back, and the quantiles of
// the metrics page need to be read.
const (
	Counter Kind = iota
	Gauge
	Buckets
)

// Info describes one metric. Label is the one label it has, or empty; its
// values are a closed set given to New, so that the number of statistics in
// the proxy is bounded: Envoy never frees one.
type Info struct {
	Name  string
	Kind  Kind
	Label string
	Help  string
}

// Table is the one list of every metric the filter exports. Documentation and
// the Prometheus page are made from it.
var Table = [count]Info{
	Requests:       {"sparkward_requests_total", Counter, "decision", "Requests by decision: allowed, refused, cached, own or proxy."},
	Refused:        {"sparkward_refused_total", Counter, "reason", "Requests refused, by reason."},
	WouldRefuse:    {"sparkward_would_refuse_total", Counter, "reason", "Requests that a control in shadow mode would have refused, by reason."},
	Undecided:      {"sparkward_undecided_total", Counter, "cause", "Decisions that could not be made, by cause; on_error gives the answer."},
	Findings:       {"sparkward_findings_total", Counter, "category", "Requests in which the scan found something, by category."},
	Tokens:         {"sparkward_tokens_total", Counter, "direction", "Tokens of model calls, by direction; estimated where the answer did not tell."},
	Cache:          {"sparkward_cache_total", Counter, "result", "Calls that the policy wants cached, by result: hit, miss or bypass."},
	CacheStored:    {"sparkward_cache_store_total", Counter, "result", "Answers offered to the cache: stored, or why not."},
	CacheSaved:     {"sparkward_cache_saved_tokens_total", Counter, "", "Tokens that answers from the cache would have used."},
	Duration:       {"sparkward_request_duration_seconds", Buckets, "", "Time from request headers to the end of the answer, for requests sent upstream."},
	FirstToken:     {"sparkward_time_to_first_token_seconds", Buckets, "", "Time from request headers to the first text of a streamed answer."},
	OutputToken:    {"sparkward_time_per_output_token_seconds", Buckets, "", "Time a token of a streamed answer took after the first text; its inverse is tokens a second."},
	BreakerState:   {"sparkward_breaker_state", Gauge, "cluster", "State of the breaker of a cluster: 0 closed, 1 open, 2 half-open."},
	BreakerChanges: {"sparkward_breaker_changes_total", Counter, "cluster", "Changes of state of the breaker of a cluster."},
	Panics:         {"sparkward_panics_total", Counter, "", "Panics recovered in a callback."},
	Corrupt:        {"sparkward_corrupt_values_total", Counter, "part", "Shared-data values that did not decode and were taken as absent."},
	PolicyLoads:    {"sparkward_policy_loads_total", Counter, "", "Times a worker loaded a policy: starts, changes and reloads after a trap."},
}

// Bounds are the upper ends of the duration buckets, in seconds. They run
// from a cached answer to a long stream, about three a decade: coarse enough
// for 17 counters, fine enough that a quantile is off by less than half.
var Bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
