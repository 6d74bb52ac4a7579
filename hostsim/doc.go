// Package hostsim runs proxy-wasm filters the way Envoy does, inside a Go program:
// to test a filter without a proxy, or to serve HTTP through it.
//
// New loads a filter and starts its virtual machines, one for each worker. The Host
// is an http.Handler: each request runs through the filter to one of the clusters
// and back. Clock, randomness and the choice of the worker can be given, so that a
// test sees the same run each time; Options.Trace takes every call between host and
// filter as text.
package hostsim
