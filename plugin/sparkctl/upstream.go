package main

import (
	"fmt"
	"net"
	"strings"

	"go.yaml.in/yaml/v3"
)

// upstream says where a cluster of the shipped configuration is.
type upstream struct {
	cluster, host, port string
	tls                 bool
}

// parseUpstream reads NAME=HOST:PORT, NAME=http://HOST:PORT or NAME=https://HOST[:PORT].
func parseUpstream(s string) (upstream, error) {
	const want = "want for example openai=127.0.0.1:8080 or openai=https://api.openai.com"
	name, addr, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return upstream{}, fmt.Errorf("%s", want)
	}
	u := upstream{cluster: name}
	if rest, ok := strings.CutPrefix(addr, "https://"); ok {
		u.tls, addr = true, rest
		if _, _, err := net.SplitHostPort(addr); err != nil {
			addr = net.JoinHostPort(strings.Trim(addr, "[]"), "443")
		}
	} else {
		addr = strings.TrimPrefix(addr, "http://")
	}
	var err error
	u.host, u.port, err = net.SplitHostPort(addr)
	if n, perr := net.LookupPort("tcp", u.port); err != nil || perr != nil || n == 0 || !isHost(u.host) {
		return upstream{}, fmt.Errorf("%s", want)
	}
	return u, nil
}

// isHost says whether s can be a host name or an address.
func isHost(s string) bool {
	return s != "" && (net.ParseIP(s) != nil || !strings.ContainsAny(s, "/:@?#[] "))
}

// setUpstream points u's cluster to u's address. What belongs to a provider of
// that name, its host name and its credential, stays only for a TLS upstream.
func setUpstream(t *tree, u upstream) error {
	cluster := t.find("clusters", "name", u.cluster)
	if cluster.node == nil {
		return fmt.Errorf("-upstream: got %q, want a cluster of the configuration: %s",
			u.cluster, list(t.at("static_resources", "clusters").names()))
	}
	socket := cluster.find("endpoints", "", "").find("lb_endpoints", "", "").at("endpoint", "address", "socket_address")
	socket.at("address").set("!!str", u.host)
	socket.at("port_value").set("!!int", u.port)
	if u.tls {
		cluster.at("transport_socket", "typed_config", "sni").set("!!str", u.host)
	} else {
		cluster.remove("transport_socket")
		options := cluster.at("typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
		options.remove("upstream_http_protocol_options")
		options.remove("auto_config")
		options.add("explicit_http_config", plainHTTP())
	}
	for _, route := range t.list("routes") {
		if route.at("route", "cluster").value() != u.cluster {
			continue
		}
		if u.tls {
			route.at("route", "host_rewrite_literal").set("!!str", u.host)
			continue
		}
		route.at("route").remove("host_rewrite_literal")
		route.remove("request_headers_to_remove")
		route.remove("request_headers_to_add")
	}
	return nil
}

// plainHTTP is {http_protocol_options: {}}: HTTP/1.1 without TLS.
func plainHTTP() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "http_protocol_options"}, {Kind: yaml.MappingNode, Style: yaml.FlowStyle},
	}}
}
