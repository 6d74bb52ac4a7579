package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/sparkward/sparkward/envoy"
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

// clusterTemplate is the shipped cluster that new ones are copies of.
const clusterTemplate = "openai"

// setUpstream points u's cluster to u's address. A cluster that is not there
// is made if the policy names it. What belongs to a provider of the cluster's
// name, its host name and its credential, stays only for a TLS upstream.
func setUpstream(t *tree, u upstream, named map[string]string) error {
	clusters := t.at("static_resources", "clusters")
	if there := providers(t); !there[u.cluster] {
		if named[u.cluster] == "" {
			return fmt.Errorf("-upstream: got %q, want a cluster of the configuration, %s, or one that the policy names",
				u.cluster, list(there))
		}
		if err := addCluster(clusters, u.cluster); err != nil {
			return err
		}
	}
	cluster := t.find("clusters", "name", u.cluster)
	socket := cluster.find("endpoints", "", "").find("lb_endpoints", "", "").at("endpoint", "address", "socket_address")
	socket.at("address").set("!!str", u.host)
	socket.at("port_value").set("!!int", u.port)
	if u.tls {
		cluster.at("transport_socket", "typed_config", "sni").set("!!str", u.host)
	} else {
		makePlain(cluster)
	}
	for _, route := range t.list("routes") {
		switch {
		case route.at("route", "cluster").value() != u.cluster:
		case u.tls:
			route.at("route", "host_rewrite_literal").set("!!str", u.host)
		default:
			route.at("route").remove("host_rewrite_literal")
			removeCredential(route)
		}
	}
	return nil
}

// addCluster adds a copy of the cluster clusterTemplate as it was shipped.
func addCluster(clusters *tree, name string) error {
	shipped, err := parseTree(envoy.Bootstrap)
	if err != nil {
		return err
	}
	added := clusters.insert(len(clusters.node.Content), shipped.find("clusters", "name", clusterTemplate).clone())
	added.uncomment()
	added.at("name").set("!!str", name)
	added.at("load_assignment", "cluster_name").set("!!str", name)
	return nil
}

// makePlain has the cluster speak HTTP/1.1 without TLS.
func makePlain(cluster *tree) {
	cluster.remove("transport_socket")
	options := cluster.at("typed_extension_protocol_options", "envoy.extensions.upstreams.http.v3.HttpProtocolOptions")
	options.remove("upstream_http_protocol_options")
	options.remove("auto_config")
	options.remove("explicit_http_config")
	options.put("explicit_http_config", "{http_protocol_options: {}}")
}

// removeCredential takes from a route what puts the provider's credential in
// the place of the caller's.
func removeCredential(route *tree) {
	route.remove("request_headers_to_remove")
	route.remove("request_headers_to_add")
}
