package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// changes runs command twice, without and with flags, and returns what differs.
func changes(t *testing.T, command, flags []string) []string {
	t.Helper()
	plain, flagged := sparkctl("", command...), sparkctl("", append(slices.Clone(command), flags...)...)
	if plain.status != 0 || flagged.status != 0 || flagged.err != "" {
		t.Fatalf("%q %q: %+v", command, flags, flagged)
	}
	return changed(plain.out, flagged.out)
}

// TestKubernetesFlags: each flag changes what it says and nothing else.
func TestKubernetesFlags(t *testing.T) {
	filter := []string{"render", "istio", "-policy", shippedPolicy}
	plugin := []string{"render", "istio", "-policy", passPolicy(t)}
	gateway := []string{"render", "envoy-gateway", "-policy", shippedPolicy}
	const jsonPath = "jsonPath: ..http_filters[?(@.name=='envoy.filters.http.wasm/envoyextensionpolicy/NS/sparkward/wasm/0')].typed_config.config"
	inNamespace := func(ns string) string { return strings.Replace(jsonPath, "NS", ns, 1) }
	for _, c := range []struct {
		command, flags, want []string
	}{
		{filter, []string{"-image", "example.com/s@sha256:0"}, []string{
			"-uri: oci://registry.example.com/sparkward:latest", "+uri: oci://example.com/s@sha256:0"}},
		{filter, []string{"-namespace", "edge"}, []string{
			"-namespace: istio-ingress", "-name: istio-ingress.sparkward", "-name: istio-ingress.sparkward",
			"+namespace: edge", "+name: edge.sparkward", "+name: edge.sparkward"}},
		{filter, []string{"-selector", "app=llm"}, []string{"-labels: {istio: ingressgateway}", "+labels: {app: llm}"}},
		{filter, []string{"-context", "sidecar"}, []string{
			"-match: {context: GATEWAY}", "-context: GATEWAY", "-match: {context: GATEWAY}",
			"+match: {context: SIDECAR_INBOUND}", "+context: SIDECAR_INBOUND", "+match: {context: SIDECAR_INBOUND}"}},
		{plugin, []string{"-image", "oci://example.com/s:1"}, []string{
			"-url: oci://registry.example.com/sparkward:latest", "+url: oci://example.com/s:1"}},
		{plugin, []string{"-namespace", "edge"}, []string{"-namespace: istio-ingress", "+namespace: edge"}},
		{plugin, []string{"-selector", "n=1"}, []string{"-matchLabels: {istio: ingressgateway}", `+matchLabels: {n: "1"}`}},
		{gateway, []string{"-image", "oci://example.com/s:1"}, []string{
			"-url: registry.example.com/sparkward:latest", "+url: example.com/s:1"}},
		{gateway, []string{"-namespace", "edge"}, []string{
			"-namespace: default", "-namespace: default", "-name: default/eg/http", "-" + inNamespace("default"),
			"-name: default/eg/http", "-" + inNamespace("default"), "-name: default/eg/http", "-namespace: default",
			"+namespace: edge", "+namespace: edge", "+name: edge/eg/http", "+" + inNamespace("edge"),
			"+name: edge/eg/http", "+" + inNamespace("edge"), "+name: edge/eg/http", "+namespace: edge"}},
		{gateway, []string{"-gateway", "llm", "-listener", "https"}, []string{
			"-name: eg", "-name: eg", "-name: default/eg/http", "-name: default/eg/http", "-name: default/eg/http", "-name: eg",
			"+name: llm", "+name: llm", "+name: default/llm/https", "+name: default/llm/https", "+name: default/llm/https", "+name: llm"}},
	} {
		if got := changes(t, c.command, c.flags); !slices.Equal(got, c.want) {
			t.Errorf("%q %q changed\n%s\nwant\n%s", c.command[:2], c.flags, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestKubernetesPolicy: header mode, body limit and credentials of the policy
// arrive where the host looks for them.
func TestKubernetesPolicy(t *testing.T) {
	hold := "auth: {default: public}\nsize: {max_body_bytes: 4MiB}\nupstreams:\n- {cluster: a, credential: {env: KEY_A}}\n- {cluster: b, credential: {env: KEY_B}}\n"
	pass := hold + "header_mode: pass\n"
	for _, c := range []struct {
		command, policy string
		want            []string
	}{
		{"istio", hold, []string{"kind: EnvoyFilter", "allow_on_headers_stop_iteration: true", "request_body_buffer_limit: 4259840",
			"environment_variables: {host_env_keys: [KEY_A, KEY_B]}"}},
		{"istio", pass, []string{"kind: WasmPlugin", `header_mode: "pass"`,
			"vmConfig: {env: [{name: KEY_A, valueFrom: HOST}, {name: KEY_B, valueFrom: HOST}]}"}},
		{"envoy-gateway", hold, []string{"value: true", "bufferLimit: 4259840", "env: {hostKeys: [KEY_A, KEY_B]}"}},
		{"envoy-gateway", pass, []string{"value: false", `header_mode: "pass"`}},
	} {
		got := sparkctl("", "render", c.command, "-policy", file(t, "p.yaml", c.policy))
		for _, want := range c.want {
			if strings.Count(got.out, want+"\n") != 1 {
				t.Errorf("render %s: %s is there %d times; %s", c.command, want, strings.Count(got.out, want+"\n"), got.err)
			}
		}
	}
}

// TestKubernetesOwnHeaders: what the filter tells the proxy is taken off before
// the provider, also where WasmPlugin cannot.
func TestKubernetesOwnHeaders(t *testing.T) {
	const removed = "request_headers_to_remove: [x-sparkward-caller, x-sparkward-cluster]"
	const patched = "value: [x-sparkward-caller, x-sparkward-cluster]"
	for _, c := range []struct {
		command, policy, want string
		flags                 []string
		documents             int
	}{
		{"istio", "", removed, nil, 1},
		{"istio", "header_mode: pass\n", "kind: WasmPlugin", nil, 1},
		{"istio", "header_mode: pass\nusage: publish\n", removed, []string{"-namespace", "edge", "-selector", "app=llm", "-context", "sidecar"}, 2},
		{"istio", "header_mode: pass\nupstreams: [{cluster: a, paths: [/x]}]\n", removed, nil, 2},
		{"envoy-gateway", "", patched, nil, 3},
	} {
		args := append([]string{"render", c.command, "-policy", file(t, "p.yaml", "auth: {default: public}\n"+c.policy)}, c.flags...)
		got := sparkctl("", args...)
		docs, err := parseTrees([]byte(got.out))
		if err != nil || len(docs) != c.documents || strings.Count(got.out, c.want) != 1 {
			t.Errorf("render %s of %q: %+v, %v", c.command, c.policy, got, err)
			continue
		}
		if last := docs[len(docs)-1]; c.flags != nil && (last.at("kind").value() != "EnvoyFilter" || last.at("metadata", "namespace").value() != "edge" ||
			last.at("spec", "workloadSelector", "labels", "app").value() != "llm" || len(last.list("configPatches")) != 1 ||
			last.find("configPatches", "", "").at("match", "context").value() != "SIDECAR_INBOUND") {
			t.Errorf("%s", got.out)
		}
	}
}

func TestKubernetesUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
		err    string
	}{
		{[]string{"istio"}, 2, "sparkctl: render istio: -policy is missing: give the policy file"},
		{[]string{"envoy-gateway"}, 2, "sparkctl: render envoy-gateway: -policy is missing: give the policy file"},
		{[]string{"istio", "-policy", shippedPolicy, "-namespace", "A b"}, 2, `sparkctl: render istio: -namespace: got "A b", want a Kubernetes name of a-z, 0-9 and -`},
		{[]string{"envoy-gateway", "-policy", shippedPolicy, "-gateway", "a/b"}, 2, `sparkctl: render envoy-gateway: -gateway: got "a/b", want a Kubernetes name of a-z, 0-9 and -`},
		{[]string{"istio", "-policy", shippedPolicy, "-selector", "app"}, 2, `sparkctl: render istio: -selector: got "app", want label=value`},
		{[]string{"istio", "-policy", shippedPolicy, "-context", "outbound"}, 2, `sparkctl: render istio: -context: got "outbound", want gateway or sidecar`},
		{[]string{"istio", "-policy", shippedPolicy, "-image", "a b"}, 2, `sparkctl: render istio: -image: got "a b", want an image such as registry.example.com/sparkward@sha256:...`},
		{[]string{"istio", "-policy", "gone.yaml"}, 1, `gone.yaml: no such file: give the path of a policy, or - for standard input`},
	} {
		got := sparkctl("", append([]string{"render"}, c.args...)...)
		if got.status != c.status || got.err != c.err+"\n" || got.out != "" {
			t.Errorf("render %q: %+v, want %d, %s", c.args, got, c.status, c.err)
		}
	}
}

// TestPlainYAML: a text that looks like something else stays a text.
func TestPlainYAML(t *testing.T) {
	policy := file(t, "p.yaml", "header_mode: pass\nauth: {default: public, keys: [{labels: {\"on\": \"1:30\", \"false\": \"1_0\"}, user: \"007\", sha256: "+strings.Repeat("1", 64)+"}, {user: \"yes\", sha256: "+strings.Repeat("12", 30)+"12e4}]}\n")
	got := sparkctl("", "render", "istio", "-policy", policy)
	if got.status != 1 || !strings.Contains(got.err, "sha256: got no text") {
		t.Errorf("an unquoted hash of digits alone: %+v", got)
	}
	text, _ := os.ReadFile(policy)
	quoted := strings.NewReplacer("sha256: 1", `sha256: "1`, "1}", `1"}`, "e4}", `e4"}`).Replace(string(text))
	got = sparkctl(quoted, "render", "istio", "-policy", "-")
	for _, want := range []string{`user: "007"`, `user: "yes"`, `"on": "1:30"`, `"false": "1_0"`, `sha256: "` + strings.Repeat("1", 64) + `"`, `sha256: "` + strings.Repeat("12", 31) + `e4"`} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %s: %+v", want, got)
		}
	}
}
