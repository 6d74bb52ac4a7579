// Package hostsim runs proxy-wasm filters the way Envoy does, inside a Go program: to
// test a filter without a proxy, or to serve HTTP through it.
//
// [New] loads a filter and starts its virtual machines, one for each worker. The [Host] is
// an http.Handler, and [Host.Serve] is a server of its own for HTTP/1.1 and HTTP/2 in
// clear text: each request runs through the filter to one of the clusters and back.
// [Host.ServeTCP] does the same with plain connections. A test of a filter needs nothing
// else; see the example.
//
// # The same run each time
//
// Options.Clock and Options.Rand are the time and the randomness that filters see, a
// [ManualClock] moves only when told to. Options.PickWorker chooses the worker of a
// request. A Cluster with a Handler is an upstream in this process, each Write of which
// is one body callback; each Read of a request's body is one too. [Host.Race] plays
// requests against each other on several workers in an order that a seed decides.
// Options.Trace takes every call between host and filter as text.
//
// # Trace
//
// Each line begins with the worker's index, or main for the main thread. "-->" and "<--"
// are calls into the filter, "==>" and "<==" calls of the filter to the host:
//
//	0	--> proxy_on_request_headers(context_id=2,num_headers=6,end_of_stream=true)
//	0		==> proxy_get_header_map_value(map=request_headers,key=":path")
//	0		<== ok value="/"
//	0	<-- continue
//
// # Differences from Envoy
//
// The oracle is Envoy 1.40. More than 170 cases in testdata/diff run on both, and compare
// the filter's calls, the client's and the upstream's view and the access log. Known
// differences are these.
//
//	what                          Envoy                        hostsim, and why
//	an import that no host has    the module does not load     it loads, a call of it traps: more filters can be tried
//	a filter of ABI 0.1.0         runs                         is refused: the SDKs of today make 0.2
//	WebAssembly proposals         what V8 has                  what wazero has: no GC types
//	order of headers, ServeHTTP   as sent                      by name: net/http keeps no order; Serve keeps it
//	property request.headers or   pairs in the order of a      pairs in the order of the headers
//	response.headers as a whole   hash table
//	property xds.node             all of the node              id and cluster: the rest is Envoy's build
//	foreign functions expr_*,     there                        not_found: they would need a CEL compiler and
//	sign, verify_signature                                     BoringSSL's key formats; Options.Functions can add them
//	foreign function compress     zlib's bytes                 other bytes that inflate to the same
//	envoy_resolve_dns, and        there                        an import that no host has, a callback that
//	envoy_on_stats_update                                      is not called: not part of proxy-wasm
//	a body larger than one read   cut where the socket was     cut at 32 KiB or where the socket was empty
//	                              empty
//	TCP data and its end at once  one callback                 two: Go reads the end by itself
//	a filter or an operator of    played                       the ones that Options.LocalReplyConfig names;
//	local_reply_config                                         New refuses others: they would need CEL and
//	                                                           all that an access log knows
//	retries, circuit breakers,    there                        none: they belong to clusters, not to filters
//	outlier detection, TLS
//	a local reply in proxy_on_log ends the process             is ignored: a simulator that crashes teaches little
//	a gRPC call to a cluster      ends the process             internal_failure, for the same reason
//	without a host
package hostsim
