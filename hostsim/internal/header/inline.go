package header

import "strings"

// separator returns what stands between two values of a name that a map can hold only
// once, or "" for a name that may be there several times.
func separator(kind Kind, name string) string {
	if !once[kind][name] {
		return ""
	}
	return ","
}

// once are Envoy's inline headers, as found by sending each of 150 well-known names
// twice through Envoy 1.40 with all its extensions.
var once = [...]map[string]bool{
	Request: names(`:authority :method :path :scheme :protocol accept accept-encoding
		access-control-request-headers access-control-request-method
		access-control-request-private-network authorization cache-control connection
		content-encoding content-length content-type expect grpc-accept-encoding grpc-timeout
		if-match if-modified-since if-none-match if-range if-unmodified-since keep-alive origin pragma
		proxy-connection proxy-status referer te transfer-encoding upgrade user-agent via
		x-client-trace-id x-envoy-attempt-count x-envoy-decorator-operation
		x-envoy-downstream-service-cluster x-envoy-downstream-service-node
		x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-force-trace
		x-envoy-internal x-envoy-is-timeout-retry x-envoy-original-host x-envoy-original-path
		x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port
		x-forwarded-proto x-request-id`),
	Response: names(`:status access-control-allow-credentials access-control-allow-headers
		access-control-allow-methods access-control-allow-origin access-control-expose-headers
		access-control-max-age age cache-control connection content-encoding content-length
		content-type date etag expires grpc-message grpc-status keep-alive last-modified location
		proxy-connection proxy-status server transfer-encoding upgrade vary via
		x-envoy-attempt-count x-envoy-decorator-operation x-envoy-degraded
		x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary
		x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time x-request-id`),
	Trailer: names("grpc-message grpc-status"),
}

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}
