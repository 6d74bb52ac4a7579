package hostsim_test

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func address(hostPort string) object {
	host, port, _ := net.SplitHostPort(hostPort)
	n, _ := strconv.Atoi(port)
	return object{"socket_address": object{"address": host, "port_value": n}}
}

func typed(name string, config object) object {
	config["@type"] = "type.googleapis.com/" + name
	return config
}

// accessFormat is what the access log shows of each request.
const accessFormat = "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %FILTER_STATE(wasm.x:PLAIN)%"

func httpListener(t testing.TB, c *diffCase) object {
	var filters []object
	for _, p := range c.pluginsOf() {
		filters = append(filters, object{"name": "wasm", "typed_config": typed("envoy.extensions.filters.http.wasm.v3.Wasm",
			object{"config": pluginConfig(t, c, p)})})
	}
	filters = append(filters, object{"name": "router", "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", object{})})
	manager := typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", object{
		"stat_prefix": c.name, "http_filters": filters,
		"route_config": object{"virtual_hosts": []object{{"name": "host", "domains": []string{"*"}, "routes": routesOf(c)}}},
		"access_log": []object{{"name": "log", "typed_config": typed("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
			object{"log_format": object{"text_format_source": object{"inline_string": "ACCESS|" + c.name + "|" + accessFormat + "\n"}}})}},
	})
	c.options.manage(manager)
	if config := c.sections["local_reply"]; config != "" {
		manager["local_reply_config"] = json.RawMessage(config)
	}
	listener := object{"name": c.name, "address": address("127.0.0.1:0"),
		"filter_chains": []object{{"filters": []object{{"name": "http", "typed_config": manager}}}}}
	if c.options.limit > 0 {
		listener["per_connection_buffer_limit_bytes"] = c.options.limit
	}
	return listener
}

// manage sets what the connection manager does with paths and idle streams, where a
// case says so.
func (o *diffOptions) manage(manager object) {
	if o.idle > 0 {
		manager["stream_idle_timeout"] = fmt.Sprintf("%gs", o.idle.Seconds())
	}
	if o.normalize {
		manager["normalize_path"] = true
	}
	if o.merge {
		manager["merge_slashes"] = true
	}
	if o.slashes != "" {
		manager["path_with_escaped_slashes_action"] = o.slashes
	}
}

func routesOf(c *diffCase) (routes []object) {
	for _, r := range c.routes() {
		action := object{"cluster": r.cluster}
		if r.header != "" {
			action = object{"cluster_header": r.header}
		}
		if c.options.timeout > 0 {
			action["timeout"] = fmt.Sprintf("%gs", c.options.timeout.Seconds())
		}
		routes = append(routes, object{"name": "route" + r.prefix, "match": object{"prefix": r.prefix}, "route": action})
	}
	return routes
}

// routes are the case's routes, or one to the upstream.
func (c *diffCase) routes() []diffRoute {
	switch {
	case c.options.routes != nil:
		return c.options.routes
	case c.options.http2:
		return []diffRoute{{prefix: "/", cluster: "up2"}}
	}
	return []diffRoute{{prefix: "/", cluster: "up"}}
}

// diffPlugin is one plugin of a case.
type diffPlugin struct{ name, root, script string }

// pluginsOf are the case's plugins in the order of the request: the section script,
// then script2 and so on.
func (c *diffCase) pluginsOf() (plugins []diffPlugin) {
	for i := 1; ; i++ {
		section := "script"
		if i > 1 {
			section += strconv.Itoa(i)
		}
		script, ok := c.sections[section]
		if !ok {
			return plugins
		}
		if c.options.wasm == "" {
			script = "name " + c.name + "\n" + script
		} else {
			script = strings.TrimSpace(script)
		}
		p := diffPlugin{name: fmt.Sprintf("plugin%d", i), root: c.options.root, script: script}
		if p.root == "" {
			p.root = p.name + "_root"
		}
		plugins = append(plugins, p)
	}
}

func pluginConfig(t testing.TB, c *diffCase, p diffPlugin) object {
	policies := map[string]string{"": "FAIL_CLOSED", "closed": "FAIL_CLOSED", "open": "FAIL_OPEN", "reload": "FAIL_RELOAD"}
	config := object{"name": p.name, "root_id": p.root, "failure_policy": policies[c.options.policy],
		"configuration":                   typed("google.protobuf.StringValue", object{"value": p.script}),
		"allow_on_headers_stop_iteration": c.options.hold,
		"vm_config": object{"runtime": "envoy.wasm.runtime.v8", "vm_id": c.options.vmID,
			"code": object{"local": object{"filename": c.wasmFile(t)}}},
	}
	if c.options.reloadFor > 0 {
		config["reload_config"] = object{"backoff": object{"base_interval": fmt.Sprintf("%gs", c.options.reloadFor.Seconds())}}
	}
	if len(c.options.capable) > 0 {
		allowed := object{}
		for _, name := range c.options.capable {
			allowed[name] = object{}
		}
		config["capability_restriction_config"] = object{"allowed_capabilities": allowed}
	}
	return config
}

func tcpListener(t testing.TB, c *diffCase) object {
	var filters []object
	for _, p := range c.pluginsOf() {
		filters = append(filters, object{"name": "wasm", "typed_config": typed("envoy.extensions.filters.network.wasm.v3.Wasm",
			object{"config": pluginConfig(t, c, p)})})
	}
	filters = append(filters, object{"name": "tcp", "typed_config": typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
		object{"stat_prefix": c.name, "cluster": c.tcpCluster()})})
	return object{"name": c.name, "address": address("127.0.0.1:0"), "filter_chains": []object{{"filters": filters}}}
}

func (c *diffCase) tcpCluster() string {
	if c.options.routes != nil {
		return c.options.routes[0].cluster
	}
	return "tcp"
}

// wasmFile is the case's filter.
func (c *diffCase) wasmFile(t testing.TB) string {
	name := "../build/probe.wasm"
	switch c.options.wasm {
	case "":
		probe(t)
	case "gosdk":
		name = buildGo(t, "./testdata/foreign/gosdk")
	default:
		name = c.options.wasm
	}
	file, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func staticCluster(name, hostPort string, http2 bool) object {
	c := object{"name": name, "type": "STATIC", "connect_timeout": "1s"}
	if hostPort != "" {
		c["load_assignment"] = object{"cluster_name": name, "endpoints": []object{{"lb_endpoints": []object{
			{"endpoint": object{"address": address(hostPort)}}}}}}
	}
	if http2 {
		c["typed_extension_protocol_options"] = object{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			object{"explicit_http_config": object{"http2_protocol_options": object{}}})}
	}
	return c
}
