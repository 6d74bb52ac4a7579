package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/envoy"
)

const fleetPolicy = "../../envoy/fleet/policy.yaml"

// TestRenderFleet: what -fleet adds is the shipped parts, in their places, with
// the service's address and the policy's on_error.
func TestRenderFleet(t *testing.T) {
	text := render(t, fleetPolicy, "-fleet", "limits.internal:9000")
	tr, err := parseTree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	manager := tr.find("filters", "name", "envoy.filters.network.http_connection_manager").at("typed_config")
	var filters []string
	for _, filter := range manager.list("http_filters") {
		filters = append(filters, filter.at("name").value())
	}
	if want := []string{"sparkward", "envoy.filters.http.header_to_metadata", "envoy.filters.http.ratelimit", "envoy.filters.http.router"}; !slices.Equal(filters, want) {
		t.Errorf("filters %v, want %v", filters, want)
	}
	if !strings.Contains(text, "socket_address: {address: limits.internal, port_value: 9000}") {
		t.Error("the cluster is not at the service's address")
	}
	for _, line := range changed(render(t, fleetPolicy), text) {
		part := strings.TrimPrefix(line[1:], "- ")
		if line[0] == '-' || !strings.Contains(string(envoy.Fleet), part) && !strings.Contains(line, "limits.internal") {
			t.Errorf("%q is not in parts.yaml", line)
		}
	}
	if deny := text[strings.Index(text, "failure_mode_deny"):]; !strings.HasPrefix(deny, "failure_mode_deny: true") {
		t.Error("on_error: refuse does not refuse")
	}
	allow := file(t, "p.yaml", "usage: publish\non_error: allow\n")
	if text := render(t, allow, "-fleet", "127.0.0.1:8081"); !strings.Contains(text, "failure_mode_deny: false") {
		t.Error("on_error: allow refuses")
	}
}

func TestRenderFleetRefuses(t *testing.T) {
	for _, c := range []struct{ policy, service, want string }{
		{"usage: publish\n", "127.0.0.1", `-fleet: got "127.0.0.1"`},
		{"usage: publish\n", "127.0.0.1:0", `-fleet: got "127.0.0.1:0"`},
		{"usage: publish\n", ":8081", `-fleet: got ":8081"`},
		{"usage: publish\n", "http://h:1", `-fleet: got "http://h:1"`},
		{"mode: enforce\n", "h:1", "-fleet needs `usage: publish` in "},
		{"usage: publish\nheader_mode: pass\n", "h:1", "-fleet needs `header_mode: hold` in "},
	} {
		got := sparkctl("", "render", "envoy", "-policy", file(t, "p.yaml", c.policy), "-fleet", c.service)
		if got.status != 2 || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("%q, %s: %+v", c.policy, c.service, got)
		}
	}
}

// TestFleetLimits: each limit that Envoy asks about is one that the service's
// shipped configuration has, and the other way round.
func TestFleetLimits(t *testing.T) {
	names := func(text []byte, form string) (found []string) {
		for _, m := range regexp.MustCompile(form).FindAllSubmatch(text, -1) {
			found = append(found, string(m[1]))
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	asked := names(envoy.Fleet, `descriptor_key: limit, descriptor_value: (\w+)`)
	text, err := readFile("../../envoy/fleet/config/sparkward.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	have := names(text, `- key: limit\n  value: (\w+)`)
	if !slices.Equal(asked, have) || len(asked) != 3 {
		t.Errorf("Envoy asks for %v, the service has %v", asked, have)
	}
}
