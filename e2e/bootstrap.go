package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// tree is a YAML or JSON object of any shape.
type tree = map[string]any

// bootstrap is an Envoy configuration as sparkctl renders it, taken apart so
// that one Envoy can serve several of them and the simulator reads from it what
// Envoy reads.
type bootstrap struct {
	all      tree
	listener tree // the one listener that clients reach
	plugin   tree // the PluginConfig of the one wasm filter, inside listener
}

// The ends of the type URLs of what is looked for.
const (
	wasmType = "envoy.extensions.filters.http.wasm.v3.Wasm"
	hcmType  = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
	fileType = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
)

func parseBootstrap(text []byte) (*bootstrap, error) {
	b := &bootstrap{}
	if err := yaml.Unmarshal(text, &b.all); err != nil {
		return nil, err
	}
	resources, _ := b.all["static_resources"].(tree)
	listeners, _ := resources["listeners"].([]any)
	for _, l := range listeners {
		if listener, _ := l.(tree); listener["address"] != nil {
			if b.listener != nil {
				return nil, errors.New("two listeners with an address, want one")
			}
			b.listener = listener
		}
	}
	if b.listener == nil {
		return nil, errors.New("no listener with an address, want one")
	}
	filters := findType(b.listener, wasmType)
	if len(filters) != 1 {
		return nil, fmt.Errorf("%d wasm filters, want one", len(filters))
	}
	b.plugin, _ = filters[0]["config"].(tree)
	if b.plugin == nil || b.vm() == nil {
		return nil, errors.New("the wasm filter has no config with a vm_config")
	}
	return b, nil
}

// findType returns all objects in v of the given type, outermost first.
func findType(v any, name string) []tree {
	var found []tree
	switch v := v.(type) {
	case tree:
		if url, _ := v["@type"].(string); strings.HasSuffix(url, "/"+name) {
			found = append(found, v)
		}
		for _, member := range v {
			found = append(found, findType(member, name)...)
		}
	case []any:
		for _, item := range v {
			found = append(found, findType(item, name)...)
		}
	}
	return found
}

func (b *bootstrap) vm() tree {
	vm, _ := b.plugin["vm_config"].(tree)
	return vm
}

// capabilities are the ABI functions that the filter may use; none means all.
func (b *bootstrap) capabilities() tree {
	restriction, _ := b.vm()["capability_restriction_config"].(tree)
	allowed, _ := restriction["allowed_capabilities"].(tree)
	return allowed
}

// name gives listener and VM a name of their own, so that the filter shares
// nothing with the others of the same Envoy.
func (b *bootstrap) name(name string) {
	b.listener["name"] = name
	b.vm()["vm_id"] = name
}

// freePorts lets Envoy choose the ports.
func (b *bootstrap) freePorts() {
	free := func() tree {
		return tree{"socket_address": tree{"address": "127.0.0.1", "port_value": 0}}
	}
	b.listener["address"] = free()
	b.all["admin"] = tree{"address": free()}
}

// clusterView is a cluster with its one endpoint.
type clusterView struct{ name, addr string }

// clusters reads the clusters and where they are.
func (b *bootstrap) clusters() []clusterView {
	resources, _ := b.all["static_resources"].(tree)
	list, _ := resources["clusters"].([]any)
	var out []clusterView
	for _, c := range list {
		item, _ := c.(tree)
		name, _ := item["name"].(string)
		if socket := findKey(item["load_assignment"], "socket_address"); socket != nil {
			out = append(out, clusterView{name, fmt.Sprintf("%v:%v", socket["address"], socket["port_value"])})
		}
	}
	return out
}

// findKey returns the first object under the given key in v, or nil.
func findKey(v any, key string) tree {
	switch v := v.(type) {
	case tree:
		if found, ok := v[key].(tree); ok {
			return found
		}
		for _, member := range v {
			if found := findKey(member, key); found != nil {
				return found
			}
		}
	case []any:
		for _, item := range v {
			if found := findKey(item, key); found != nil {
				return found
			}
		}
	}
	return nil
}

// serve makes the configuration's only listener a static one, and takes
// further ones from the file path, which is replaced by renaming within dir.
func (b *bootstrap) serve(path, dir string) {
	b.all["dynamic_resources"] = tree{"lds_config": tree{
		"path_config_source":   tree{"path": path, "watched_directory": tree{"path": dir}},
		"resource_api_version": "V3",
	}}
	b.all["node"] = tree{"id": "e2e", "cluster": "e2e"}
}

// configure replaces the filter's configuration, whatever its form was.
func (b *bootstrap) configure(json string) {
	b.plugin["configuration"] = tree{
		"@type": "type.googleapis.com/google.protobuf.StringValue", "value": json,
	}
}

// pluginView is the part of the wasm filter's configuration that the simulator
// needs.
type pluginView struct {
	Name          string `json:"name"`
	RootID        string `json:"root_id"`
	StopOnHeaders bool   `json:"allow_on_headers_stop_iteration"`
	FailurePolicy string `json:"failure_policy"`
	Configuration struct{ Value string }
	VM            struct {
		ID  string `json:"vm_id"`
		Env struct {
			HostKeys []string `json:"host_env_keys"`
		} `json:"environment_variables"`
		Code struct {
			Local struct{ Filename string }
		}
	} `json:"vm_config"`
}

// managerView is the part of the connection manager that the simulator needs.
type managerView struct {
	LocalReplies        json.RawMessage `json:"local_reply_config"`
	UseRemoteAddress    bool            `json:"use_remote_address"`
	RequestIDInResponse bool            `json:"always_set_request_id_in_response"`
	StreamIdleTimeout   string          `json:"stream_idle_timeout"`
	NormalizePath       bool            `json:"normalize_path"`
	MergeSlashes        bool            `json:"merge_slashes"`
	EscapedSlashes      string          `json:"path_with_escaped_slashes_action"`
}

// hostView is the part of the connection manager and of its virtual host that the
// simulator needs.
type hostView struct {
	managerView `json:"-"`
	BodyLimit   int      `json:"request_body_buffer_limit"`
	Remove      []string `json:"request_headers_to_remove"`
	Routes      []struct {
		Name  string
		Match struct {
			Prefix        string
			PathSeparated string `json:"path_separated_prefix"`
			Headers       []struct {
				Name    string
				Present bool `json:"present_match"`
			}
		}
		Route struct {
			Cluster       string
			ClusterHeader string `json:"cluster_header"`
			Timeout       string
		}
	}
}

// view reads the bootstrap as the simulator needs it.
func (b *bootstrap) view() (p pluginView, h hostView, err error) {
	if err := convert(b.plugin, &p); err != nil {
		return p, h, err
	}
	managers := findType(b.listener, hcmType)
	if len(managers) != 1 {
		return p, h, fmt.Errorf("%d HTTP connection managers, want one", len(managers))
	}
	var m struct {
		managerView
		Routes struct {
			Hosts []hostView `json:"virtual_hosts"`
		} `json:"route_config"`
	}
	if err := convert(managers[0], &m); err != nil {
		return p, h, err
	}
	if len(m.Routes.Hosts) != 1 || len(m.Routes.Hosts[0].Routes) == 0 {
		return p, h, errors.New("want one virtual host with routes")
	}
	h = m.Routes.Hosts[0]
	h.managerView = m.managerView
	return p, h, nil
}

// convert reads an object into a struct by way of JSON.
func convert(from tree, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}
