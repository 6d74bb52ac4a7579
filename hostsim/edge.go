package hostsim

import (
	"net/netip"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/chain"
	"github.com/sparkward/sparkward/hostsim/internal/header"
	"github.com/sparkward/sparkward/hostsim/internal/target"
)

// hopHeaders are dropped between the two connections.
var hopHeaders = []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}

// internalHeaders are dropped from requests that come from outside, as nobody there may
// steer Envoy with them.
var internalHeaders = []string{"x-envoy-retriable-status-codes", "x-envoy-retriable-header-names", "x-envoy-retry-on",
	"x-envoy-retry-grpc-on", "x-envoy-max-retries", "x-envoy-upstream-alt-stat-name", "x-envoy-upstream-rq-timeout-ms",
	"x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-upstream-rq-timeout-alt-response",
	"x-envoy-expected-rq-timeout-ms", "x-envoy-force-trace", "x-envoy-ip-tags", "x-envoy-original-url",
	"x-envoy-hedge-on-per-try-timeout", "x-envoy-upstream-stream-duration-ms", "x-envoy-internal",
	"x-forwarded-client-cert"}

// httpTime is the form of the date header.
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// completeRequest does to a request what Envoy's connection manager does before the
// filters see it.
func (h *Host) completeRequest(m *header.Map, secure bool) {
	for _, nominated := range strings.Split(m.Value("connection"), ",") {
		if nominated = strings.TrimSpace(nominated); nominated != "" {
			m.Remove(nominated)
		}
	}
	for _, name := range hopHeaders {
		m.Remove(name)
	}
	for _, name := range internalHeaders {
		m.Remove(name)
	}
	m.Remove("expect")
	if te, ok := m.Get("te"); ok && !strings.EqualFold(te, "trailers") {
		m.Remove("te")
	}
	if _, ok := m.Get("x-forwarded-proto"); !ok {
		m.Add("x-forwarded-proto", map[bool]string{false: "http", true: "https"}[secure])
	}
	if _, ok := m.Get(":scheme"); !ok {
		m.Add(":scheme", schemeOf(m.Value("x-forwarded-proto")))
	}
	if _, ok := m.Get("x-request-id"); !ok {
		m.Add("x-request-id", h.uuid())
	}
}

func schemeOf(forwarded string) string {
	if forwarded == "https" {
		return forwarded
	}
	return "http"
}

// refusal is a request that Envoy answers before the filters see it.
type refusal struct {
	chain.Reply
	flag chain.Flags
}

// logged is what the log shows of the request: nothing if its protocol is at fault.
func (r *refusal) logged(m *header.Map) *header.Map {
	if r.flag != 0 {
		return nil
	}
	return m
}

func refuse(code int, body, details string, flag chain.Flags) *refusal {
	return &refusal{chain.Reply{Code: code, Body: body, GRPCStatus: chain.NoGRPCStatus, Details: details}, flag}
}

// vet finds what is wrong with a request, nil for nothing.
func (h *Host) vet(m *header.Map, protocol string) *refusal {
	switch {
	case protocol == protocolHTTP10:
		return refuse(426, "Upgrade Required", "low_version", chain.DownstreamProtocolError)
	case !m.Has(":authority"):
		return refuse(400, "", "missing_host_header", 0)
	case !m.Has(":path"):
		return nil // CONNECT
	case !strings.HasPrefix(m.Value(":path"), "/"):
		return refuse(404, "", "absolute_path_rejected", 0)
	}
	return h.vetPath(m)
}

// vetPath brings a request's path into one spelling, as far as the options say so.
func (h *Host) vetPath(m *header.Map) *refusal {
	rules := target.Rules{Normalize: h.opts.NormalizePath, Merge: h.opts.MergeSlashes, Slashes: h.opts.EscapedSlashes}
	path, verdict := rules.Apply(m.Value(":path"))
	m.Put(":path", path)
	const details = "path_normalization_failed"
	switch {
	case verdict == target.Accept:
		return nil
	case verdict == target.Elsewhere && !chain.IsGRPC(m):
		redirect := refuse(307, "", details, 0)
		redirect.Headers = []header.Field{{Name: "location", Value: path}}
		return redirect
	}
	return refuse(400, "", details, 0)
}

// remote is the address of the client as the last proxy before us names it, else that of
// the connection.
func remote(m *header.Map, connection string) string {
	_, last, _ := cutLast(m.Value("x-forwarded-for"), ",")
	address, err := netip.ParseAddr(strings.TrimSpace(last))
	if err != nil {
		return connection
	}
	return netip.AddrPortFrom(address, 0).String()
}

// fromOutside notes the client's address in a request and takes nothing else from it
// that only a proxy may say.
func (h *Host) fromOutside(m *header.Map, connection string) {
	address, _, _ := cutLast(connection, ":")
	if before := m.Value("x-forwarded-for"); before != "" {
		address = before + "," + address
	}
	m.Put("x-forwarded-for", address)
	m.Put("x-forwarded-proto", "http")
	m.Put("x-request-id", h.uuid())
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// finishHeaders does to a response what Envoy's connection manager does behind the
// filters.
func (s *stream) finishHeaders(h *header.Map) *header.Map {
	for _, name := range hopHeaders {
		h.Remove(name)
	}
	h.Put("date", s.w.host.clock.Now().UTC().Format(httpTime))
	h.Put("server", "envoy")
	if s.w.host.opts.RequestIDInResponse {
		h.Put("x-request-id", s.request.Value("x-request-id"))
	}
	if s.http1 && (s.closing || !s.chain.RequestComplete()) {
		s.closing = true
		h.Put("connection", "close")
	}
	return h
}
