package main

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/envoy"
	"go.yaml.in/yaml/v3"
)

const shippedPolicy = "../../envoy/policy.yaml"

// render runs render envoy and returns what it wrote.
func render(t *testing.T, policy string, flags ...string) string {
	t.Helper()
	got := sparkctl("", append([]string{"render", "envoy", "-policy", policy}, flags...)...)
	if got.status != 0 || got.err != "" {
		t.Fatalf("render envoy %q: %+v", flags, got)
	}
	return got.out
}

//go:generate go test -run ^TestRenderShipped$ . -update

var update = flag.Bool("update", false, "write generated files anew")

// TestRenderShipped: each shipped configuration is the one of the shipped
// policy, byte for byte, comments included.
func TestRenderShipped(t *testing.T) {
	for name, command := range map[string][]string{
		"envoy.yaml":            {"render", "envoy", "-policy", shippedPolicy},
		"istio.yaml":            {"render", "istio", "-policy", shippedPolicy},
		"istio-wasmplugin.yaml": {"render", "istio", "-policy", passPolicy(t)},
		"envoy-gateway.yaml":    {"render", "envoy-gateway", "-policy", shippedPolicy},
	} {
		got := sparkctl("", command...)
		if got.status != 0 || got.err != "" {
			t.Fatalf("%s: %+v", name, got)
		}
		path := "../../envoy/" + name
		if *update {
			if err := os.WriteFile(path, []byte(got.out), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != got.out {
			t.Errorf("envoy/%s is not what render makes of it; run go generate ./plugin/sparkctl. Changed lines:\n%s",
				name, strings.Join(changed(string(have), got.out), "\n"))
		}
	}
}

// passPolicy is the shipped policy with header_mode: pass.
func passPolicy(t *testing.T) string {
	text, err := os.ReadFile(shippedPolicy)
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "policy.yaml", string(text)+"\nheader_mode: pass\n")
}

// changed lists the lines of only one of two texts: "-" of the first, "+" of the second.
func changed(a, b string) (lines []string) {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, pair := range []struct {
		sign         string
		these, those []string
	}{{"-", as, bs}, {"+", bs, as}} {
		left := slices.Clone(pair.those)
		for _, line := range pair.these {
			if i := slices.Index(left, line); i >= 0 {
				left = slices.Delete(left, i, i+1)
			} else {
				lines = append(lines, pair.sign+strings.TrimSpace(line))
			}
		}
	}
	return lines
}

// TestRenderFlags: each flag changes what it says and nothing else.
func TestRenderFlags(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  []string
	}{
		{[]string{"-wasm", "/x/y.wasm"}, []string{
			"-local: {filename: build/sparkward.wasm}", "+local: {filename: /x/y.wasm}"}},
		{[]string{"-listen", "0.0.0.0:443"}, []string{
			"-socket_address: {address: 127.0.0.1, port_value: 10000}", "+socket_address: {address: 0.0.0.0, port_value: 443}"}},
		{[]string{"-listen", "[::1]:0"}, []string{
			"-socket_address: {address: 127.0.0.1, port_value: 10000}", "+socket_address: {address: '::1', port_value: 0}"}},
		{[]string{"-admin", "127.0.0.1:0"}, []string{
			"-socket_address: {address: 127.0.0.1, port_value: 9901}", "+socket_address: {address: 127.0.0.1, port_value: 0}"}},
		{[]string{"-body-limit", "65536"}, []string{
			"-request_body_buffer_limit: 1114112", "+request_body_buffer_limit: 65536"}},
		{[]string{"-log-path", "/tmp/a b.log"}, []string{"-path: /dev/stdout", "+path: /tmp/a b.log"}},
		{[]string{"-upstream", "openai=https://llm.example.com"}, []string{
			"-host_rewrite_literal: api.openai.com", "-host_rewrite_literal: api.openai.com", "-socket_address: {address: api.openai.com, port_value: 443}", "-sni: api.openai.com",
			"+host_rewrite_literal: llm.example.com", "+host_rewrite_literal: llm.example.com", "+socket_address: {address: llm.example.com, port_value: 443}", "+sni: llm.example.com"}},
		{[]string{"-upstream", "openai=https://llm.example.com:8443"}, []string{
			"-host_rewrite_literal: api.openai.com", "-host_rewrite_literal: api.openai.com", "-socket_address: {address: api.openai.com, port_value: 443}", "-sni: api.openai.com",
			"+host_rewrite_literal: llm.example.com", "+host_rewrite_literal: llm.example.com", "+socket_address: {address: llm.example.com, port_value: 8443}", "+sni: llm.example.com"}},
	} {
		got := changed(string(envoy.Bootstrap), render(t, shippedPolicy, c.flags...))
		if !slices.Equal(got, c.want) {
			t.Errorf("%q changed\n%s\nwant\n%s", c.flags, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestRenderPolicy: the policy decides on header mode, body limit and, for the
// filter, on everything: it is in there as lint prints it.
func TestRenderPolicy(t *testing.T) {
	policy := file(t, "p.yaml", "header_mode: pass\nsize: {max_body_bytes: 4MiB}\nauth: {default: public}\n")
	text := render(t, policy)
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	tr := &tree{doc.Content[0], &root{}, ""}
	config := tr.find("http_filters", "name", "sparkward").at("typed_config", "config")
	if got, want := config.at("configuration", "value").value(), sparkctl("", "lint", "-json", policy).out; got != want {
		t.Errorf("configuration is %s, want %s", got, want)
	}
	if got := config.at("allow_on_headers_stop_iteration").value(); got != "false" {
		t.Errorf("allow_on_headers_stop_iteration is %s for header_mode: pass", got)
	}
	if got := tr.find("virtual_hosts", "name", "llm").at("request_body_buffer_limit").value(); got != "4259840" {
		t.Errorf("request_body_buffer_limit is %s for 4 MiB", got)
	}
}

// TestRenderOlderEnvoy: before 1.40 the same capabilities stand one level up.
func TestRenderOlderEnvoy(t *testing.T) {
	for version, want := range map[string]bool{"1.36": false, "1.39.2": false, "1.40": true, "1.41.0": true} {
		tr, err := parseTree([]byte(render(t, shippedPolicy, "-envoy", version)))
		if err != nil {
			t.Fatal(err)
		}
		plugin := tr.find("http_filters", "name", "sparkward").at("typed_config", "config")
		inside, beside := plugin.at("vm_config", capabilities, "allowed_capabilities"), plugin.at(capabilities, "allowed_capabilities")
		if got := inside.node != nil; got != want || got == (beside.node != nil) {
			t.Errorf("%s: in vm_config %v, beside it %v", version, got, beside.node != nil)
		}
	}
	for _, version := range []string{"", "1", "1.35", "2.0", "1.x", "v1.40"} {
		if got := sparkctl("", "render", "envoy", "-policy", shippedPolicy, "-envoy", version); got.status != 2 || !strings.HasSuffix(got.err, "want 1.36 or later\n") {
			t.Errorf("%q: %+v", version, got)
		}
	}
}

// TestRenderPlain: a plain upstream has no TLS, no host name and no credential of
// the provider whose name its cluster has. The other cluster keeps its own.
func TestRenderPlain(t *testing.T) {
	text := render(t, shippedPolicy, "-upstream", "openai=127.0.0.1:18080")
	for _, gone := range []string{"%ENVIRONMENT(OPENAI_API_KEY)%", "api.openai.com"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, stays := range []string{"%ENVIRONMENT(ANTHROPIC_API_KEY)%", "host_rewrite_literal: api.anthropic.com", "sni: api.anthropic.com",
		"{address: 127.0.0.1, port_value: 18080}", "explicit_http_config: {http_protocol_options: {}}"} {
		if !strings.Contains(text, stays) {
			t.Errorf("%s is not there", stays)
		}
	}
	if same := render(t, shippedPolicy, "-upstream", "openai=http://127.0.0.1:18080"); same != text {
		t.Error("http:// makes a difference")
	}
}

const failover = `auth: {default: public}
breakers: [{cluster: openai}, {cluster: azure}]
upstreams:
- cluster: openai
  paths: [/v1/chat/completions]
  credential: {env: OPENAI_API_KEY}
  fallbacks: [{cluster: azure}]
- cluster: azure
  credential: {env: AZURE_KEY, header: api-key, scheme: ""}
`

// TestRenderFailover: clusters that only the policy names are added, the filter
// gets its credentials, and a route follows its choice of cluster.
func TestRenderFailover(t *testing.T) {
	policy := file(t, "p.yaml", failover)
	got := sparkctl("", "render", "envoy", "-policy", policy)
	want := policy + `: breakers[1].cluster: got "azure", want the name of a cluster in the configuration: anthropic, openai (or add it with -upstream azure=address)` + "\n"
	if got.status != 1 || got.err != want {
		t.Errorf("without the cluster: %+v, want %s", got, want)
	}
	text := render(t, policy, "-upstream", "openai=127.0.0.1:1", "-upstream", "azure=https://eu.example.com")
	tr, err := parseTree([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	first := tr.list("routes")[0]
	if first.at("route", "cluster_header").value() != "x-sparkward-cluster" || first.at("route", "cluster").node != nil {
		t.Error("the first route does not follow the filter's choice")
	}
	if strings.Contains(text, "%ENVIRONMENT(OPENAI_API_KEY)%") {
		t.Error("Envoy still sets the credential that the filter sets")
	}
	if !strings.Contains(text, "environment_variables: {host_env_keys: [OPENAI_API_KEY, AZURE_KEY]}") {
		t.Error("the filter does not get its environment variables")
	}
	azure := tr.find("clusters", "name", "azure")
	if azure.at("transport_socket", "typed_config", "sni").value() != "eu.example.com" || azure.at("load_assignment", "cluster_name").value() != "azure" {
		t.Error("azure is not a TLS cluster of its own")
	}
}

// TestRenderGETCache: the cache for GET stays where the route behind it adds the
// provider's credential, and where it is asked for; of it nothing is left over.
func TestRenderGETCache(t *testing.T) {
	plain := file(t, "plain.yaml", "auth: {default: public}\n")
	filtered := file(t, "filtered.yaml", "auth: {default: public}\nupstreams: [{cluster: openai, credential: {env: KEY}}]\n")
	chosen := file(t, "chosen.yaml", failover)
	for _, c := range []struct {
		policy string
		flags  []string
		want   string // the providers that it is for
	}{
		{plain, nil, "openai anthropic"},
		{plain, []string{"-get-cache", "on"}, "openai anthropic"},
		{plain, []string{"-get-cache", "off"}, ""},
		{plain, []string{"-upstream", "openai=https://llm.example.com"}, "openai anthropic"},
		{plain, []string{"-upstream", "openai=127.0.0.1:1"}, "anthropic"},
		{plain, []string{"-upstream", "openai=127.0.0.1:1", "-upstream", "anthropic=127.0.0.1:1"}, ""},
		{plain, []string{"-upstream", "openai=127.0.0.1:1", "-get-cache", "on"}, "openai anthropic"},
		{plain, []string{"-upstream", "anthropic=127.0.0.1:1"}, "openai"},
		{plain, []string{"-envoy", "1.39"}, ""},
		{filtered, nil, "anthropic"},
		{chosen, []string{"-upstream", "azure=127.0.0.1:1"}, "anthropic"},
	} {
		text := render(t, c.policy, c.flags...)
		tr, err := parseTree([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		tr.uncomment()
		bare, err := tr.bytes()
		if err != nil {
			t.Fatal(err)
		}
		var ways, hosts []string
		for _, route := range tr.find("virtual_hosts", "name", "llm").list("routes") {
			if route.at("route", "cluster").value() == getCache {
				ways = append(ways, route.at("route", "host_rewrite_literal").value())
			}
		}
		for _, host := range tr.find("listeners", "name", getProvider).list("virtual_hosts") {
			hosts = append(hosts, host.at("name").value())
		}
		count := strings.Count(string(bare), "get-cache") + strings.Count(string(bare), "get-provider") + strings.Count(string(bare), "internal_listener")
		if got := tr.find("http_filters", "name", "envoy.filters.http.cache").node != nil; got != (c.want != "") || (count != 0) != got ||
			strings.Join(ways, " ") != c.want || strings.Join(hosts, " ") != c.want {
			t.Errorf("%q: the cache is there: %v, with %d mentions of it, reached as %q, for %q; want it for %s", c.flags, got, count, ways, hosts, c.want)
		}
	}
	for want, args := range map[string][]string{
		filtered + `: -get-cache on: the filter sets the credential of openai`:                   {"-policy", filtered, "-get-cache", "on"},
		`invalid value "maybe" for flag -get-cache: want on or off`:                              {"-policy", plain, "-get-cache", "maybe"},
		`-upstream: got "get-cache", want a cluster of the configuration, anthropic, openai, or`: {"-policy", plain, "-upstream", "get-cache=h:1"},
	} {
		if got := sparkctl("", append([]string{"render", "envoy"}, args...)...); got.status == 0 || !strings.Contains(got.err, want) {
			t.Errorf("%q: %+v, want %s", args, got, want)
		}
	}
}

func TestRenderRefusesBadPolicy(t *testing.T) {
	policy := file(t, "p.yaml", "limits:\n- {name: a, requests: 0/1m}\n")
	got := sparkctl("", "render", "envoy", "-policy", policy)
	if got.status != 1 || got.out != "" || !strings.HasPrefix(got.err, policy+":2: limits[0].requests: ") {
		t.Errorf("%+v", got)
	}
}

func TestRenderToFile(t *testing.T) {
	out := file(t, "envoy.yaml", "old")
	if got := render(t, shippedPolicy, "-o", out); got != "" {
		t.Errorf("printed %q", got)
	}
	text, err := os.ReadFile(out)
	if err != nil || string(text) != string(envoy.Bootstrap) {
		t.Errorf("%s holds %d bytes, %v", out, len(text), err)
	}
	if info, _ := os.Stat(out); info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestParseUpstream(t *testing.T) {
	for in, want := range map[string]upstream{
		"a=127.0.0.1:80":             {"a", "127.0.0.1", "80", false},
		"a=[::1]:80":                 {"a", "::1", "80", false},
		"a=http://host:8080":         {"a", "host", "8080", false},
		"a=https://host":             {"a", "host", "443", true},
		"a=https://[::1]":            {"a", "::1", "443", true},
		"a=https://api.example:8443": {"a", "api.example", "8443", true},
	} {
		if got, err := parseUpstream(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "a", "=h:1", "a=", "a=h", "a=:80", "a=h:0", "a=h:70000", "a=h:x", "a=https://", "a=https://h/path", "a=http://h", "a=u@h:1", "a=ftp://h:1"} {
		if got, err := parseUpstream(in); err == nil {
			t.Errorf("%q was taken for %+v", in, got)
		}
	}
}

// TestTreeMissing: an edit of what is not there is an error, not a silence.
func TestTreeMissing(t *testing.T) {
	tr, err := parseTree([]byte("a: {b: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	tr.at("a", "b").set("!!int", "2")
	if out, err := tr.bytes(); err != nil || string(out) != "a: {b: 2}\n" {
		t.Errorf("%s, %v", out, err)
	}
	tr.at("a", "c").set("!!int", "2")
	tr.find("list", "name", "x").remove("y")
	if _, err := tr.bytes(); err == nil || err.Error() != "the template has no .a.c, .list[x]" {
		t.Errorf("%v", err)
	}
}
