package main

import (
	"net"
	"strconv"

	"github.com/sparkward/sparkward/envoy"
	"github.com/sparkward/sparkward/plugin/internal/config"
)

// setFleet adds to t, if service is not empty, what limits over several Envoys
// need: the parts of the shipped fleet/parts.yaml, with the rate limit service
// at service and the policy's on_error.
func setFleet(t *tree, service string, p *policy) error {
	if service == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(service)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 || !isHost(host) {
		return usagef("render envoy: -fleet: got %q, want the rate limit service's host and port, for example 127.0.0.1:8081", service)
	}
	if err := checkFleet(p); err != nil {
		return err
	}
	parts, err := parseTree(envoy.Fleet)
	if err != nil {
		return err
	}
	manager := t.find("filters", "name", "envoy.filters.network.http_connection_manager").at("typed_config")
	for i, part := range parts.list("http_filters") {
		manager.at("http_filters").insert(1+i, part.clone())
	}
	limiter := manager.find("http_filters", "name", "envoy.filters.http.ratelimit")
	limiter.at("typed_config", "failure_mode_deny").set("!!bool", strconv.FormatBool(p.config.OnError == config.Refuse))
	t.find("virtual_hosts", "name", "llm").add("typed_per_filter_config", parts.at("typed_per_filter_config").clone())
	for i, mapper := range parts.at("local_reply_config").list("mappers") { // the first that fits counts
		manager.at("local_reply_config", "mappers").insert(i, mapper.clone())
	}
	clusters := t.at("static_resources", "clusters")
	cluster := clusters.insert(len(clusters.names()), parts.at("cluster").clone())
	socket := cluster.find("endpoints", "", "").find("lb_endpoints", "", "").at("endpoint", "address", "socket_address")
	socket.at("address").set("!!str", host)
	socket.at("port_value").set("!!int", port)
	return nil
}

// checkFleet refuses a policy under which the rate limit filter would not
// learn what it needs.
func checkFleet(p *policy) error {
	if p.config.Usage != config.PublishUsage {
		return usagef("render envoy: -fleet needs `usage: publish` in %s: the rate limit filter has to learn who calls and what was used", p.file)
	}
	if p.config.HeaderMode != config.Hold {
		return usagef("render envoy: -fleet needs `header_mode: hold` in %s: the rate limit filter asks when the body has been read", p.file)
	}
	return nil
}
