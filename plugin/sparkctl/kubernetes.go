package main

import (
	"flag"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/envoy"
	"github.com/sparkward/sparkward/plugin/internal/config"
	"go.yaml.in/yaml/v3"
)

var renderIstioCommand = command{
	name:    "render istio",
	args:    "-policy policy.yaml [flags]",
	summary: "write an EnvoyFilter (header_mode: hold) or a WasmPlugin (pass)",
	run:     renderIstio,
}

var renderGatewayCommand = command{
	name:    "render envoy-gateway",
	args:    "-policy policy.yaml [flags]",
	summary: "write the resources for Envoy Gateway",
	run:     renderGateway,
}

// kubeFlags are what the two commands may change in the shipped files. Empty
// values leave them as they are.
type kubeFlags struct {
	policy, image, namespace, out string
	selector                      string // Istio: label=value of the workloads
	context                       string // Istio: gateway or sidecar
	gateway, listener             string // Envoy Gateway
}

func (f *kubeFlags) define(set *flag.FlagSet) {
	set.StringVar(&f.policy, "policy", "", "the policy `file`; - is standard input")
	set.StringVar(&f.image, "image", "", "OCI `image` of the filter, best with its @sha256 digest")
	set.StringVar(&f.namespace, "namespace", "", "`namespace` of the resources")
	set.StringVar(&f.out, "o", "", "`file` to write; standard output if not given")
}

// kubeName is what Kubernetes takes for the name of a namespace or a resource.
var kubeName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// check refuses flags that would give resources that Kubernetes refuses.
func (f *kubeFlags) check(c command) error {
	if f.policy == "" {
		return usagef("%s: -policy is missing: give the policy file", c.name)
	}
	for name, value := range map[string]string{"-namespace": f.namespace, "-gateway": f.gateway, "-listener": f.listener} {
		if value != "" && !kubeName.MatchString(value) {
			return usagef("%s: %s: got %q, want a Kubernetes name of a-z, 0-9 and -", c.name, name, value)
		}
	}
	if strings.ContainsAny(f.image, " \t\n") {
		return usagef("%s: -image: got %q, want an image such as registry.example.com/sparkward@sha256:...", c.name, f.image)
	}
	return nil
}

func renderIstio(c command, args []string, std streams) error {
	var f kubeFlags
	_, err := parseFlags(c, args, std, 0, 0, func(set *flag.FlagSet) {
		f.define(set)
		set.StringVar(&f.selector, "selector", "", "`label=value` of the workloads that get the filter")
		set.StringVar(&f.context, "context", "gateway", "`gateway`, or sidecar for the inbound side of workloads")
	})
	if err == nil {
		err = f.check(c)
	}
	if err != nil {
		return err
	}
	label, value, ok := strings.Cut(f.selector, "=")
	if f.selector != "" && (!ok || label == "" || value == "") {
		return usagef("%s: -selector: got %q, want label=value", c.name, f.selector)
	}
	if f.context != "gateway" && f.context != "sidecar" {
		return usagef("%s: -context: got %q, want gateway or sidecar", c.name, f.context)
	}
	p, err := readPolicy(f.policy, std.in)
	if err != nil {
		return err
	}
	write := envoyFilter
	if p.config.HeaderMode == config.Pass {
		write = wasmPlugin
	}
	text, err := write(p, &f)
	if err != nil {
		return err
	}
	return writeOut(f.out, text, std)
}

// envoyFilter edits istio.yaml.
func envoyFilter(p *policy, f *kubeFlags) ([]byte, error) {
	t, err := parseTree(envoy.Istio)
	if err != nil {
		return nil, err
	}
	extension := t.find("configPatches", "applyTo", "EXTENSION_CONFIG").at("patch", "value")
	filter := t.find("configPatches", "applyTo", "HTTP_FILTER").at("patch", "value")
	plugin := extension.at("typed_config", "config")
	plugin.at("configuration", "value").setBlock(string(p.json))
	t.find("configPatches", "applyTo", "VIRTUAL_HOST").at("patch", "value", "request_body_buffer_limit").
		set("!!int", strconv.Itoa(p.config.Size.MaxBodyBytes+bodySlack))
	if keys := p.environment(); keys != "" {
		plugin.at("vm_config").put("environment_variables", "{host_env_keys: ["+keys+"]}")
	}
	if f.image != "" {
		plugin.at("vm_config", "code", "remote", "http_uri", "uri").set("!!str", "oci://"+strings.TrimPrefix(f.image, "oci://"))
	}
	if f.namespace != "" {
		t.at("metadata", "namespace").set("!!str", f.namespace)
		for _, named := range []*tree{extension, filter} {
			named.at("name").set("!!str", f.namespace+".sparkward")
		}
	}
	setContext(t, f.context)
	setSelector(t.at("spec", "workloadSelector", "labels"), f.selector)
	return t.bytes()
}

// wasmPlugin edits istio-wasmplugin.yaml.
func wasmPlugin(p *policy, f *kubeFlags) ([]byte, error) {
	t, err := parseTree(envoy.IstioWasmPlugin)
	if err != nil {
		return nil, err
	}
	spec := t.at("spec")
	if err := spec.at("pluginConfig").setJSON(p.json); err != nil {
		return nil, err
	}
	if keys := p.environment(); keys != "" {
		env := ""
		for _, key := range strings.Split(keys, ", ") {
			env += "{name: " + key + ", valueFrom: HOST}, "
		}
		spec.put("vmConfig", "{env: ["+strings.TrimSuffix(env, ", ")+"]}")
	}
	if f.image != "" {
		spec.at("url").set("!!str", "oci://"+strings.TrimPrefix(f.image, "oci://"))
	}
	if f.namespace != "" {
		t.at("metadata", "namespace").set("!!str", f.namespace)
	}
	setSelector(spec.at("selector", "matchLabels"), f.selector)
	text, err := t.bytes()
	if err != nil || !p.tellsProxy() {
		return text, err
	}
	more, err := headerFilter(f)
	return slices.Concat(text, []byte("---\n"), more), err
}

// tellsProxy says whether the policy has the filter set headers that are for the
// proxy alone.
func (p *policy) tellsProxy() bool {
	return p.config.Usage == config.PublishUsage || p.choosesCluster()
}

// headerFilter is what WasmPlugin cannot do: an EnvoyFilter that takes off the
// headers that are for the proxy alone. It is a part of istio.yaml.
func headerFilter(f *kubeFlags) ([]byte, error) {
	t, err := parseTree(envoy.Istio)
	if err != nil {
		return nil, err
	}
	t.uncomment()
	t.node.HeadComment = "# What the filter tells later filters and routes is not for the provider."
	t.at("metadata", "name").set("!!str", "sparkward-headers")
	if f.namespace != "" {
		t.at("metadata", "namespace").set("!!str", f.namespace)
	}
	t.at("spec", "configPatches").drop(func(patch *tree) bool { return patch.at("applyTo").value() != "VIRTUAL_HOST" })
	patch := t.find("configPatches", "applyTo", "VIRTUAL_HOST")
	patch.at("patch", "value").remove("request_body_buffer_limit")
	setContext(t, f.context)
	setSelector(t.at("spec", "workloadSelector", "labels"), f.selector)
	return t.bytes()
}

// setContext has the patches of t apply to gateways or to sidecars.
func setContext(t *tree, context string) {
	if context == "sidecar" {
		for _, patch := range t.list("configPatches") {
			patch.at("match", "context").set("!!str", "SIDECAR_INBOUND")
		}
	}
}

// setSelector replaces the labels at t by selector, label=value, if not empty.
func setSelector(t *tree, selector string) {
	if label, value, ok := strings.Cut(selector, "="); ok {
		t.clear()
		t.add(label, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value})
	}
}

func renderGateway(c command, args []string, std streams) error {
	var f kubeFlags
	_, err := parseFlags(c, args, std, 0, 0, func(set *flag.FlagSet) {
		f.define(set)
		set.StringVar(&f.gateway, "gateway", "", "`name` of the Gateway")
		set.StringVar(&f.listener, "listener", "", "`name` of its listener")
	})
	if err == nil {
		err = f.check(c)
	}
	if err != nil {
		return err
	}
	p, err := readPolicy(f.policy, std.in)
	if err != nil {
		return err
	}
	text, err := gatewayResources(p, &f)
	if err != nil {
		return err
	}
	return writeOut(f.out, text, std)
}

// gatewayResources edits envoy-gateway.yaml.
func gatewayResources(p *policy, f *kubeFlags) ([]byte, error) {
	docs, err := parseTrees(envoy.Gateway)
	if err != nil {
		return nil, err
	}
	extension, patches, traffic := docs[0], docs[1], docs[2]
	wasm := extension.find("wasm", "name", "sparkward")
	if err := wasm.at("config").setJSON(p.json); err != nil {
		return nil, err
	}
	if keys := p.environment(); keys != "" {
		wasm.put("env", "{hostKeys: ["+keys+"]}")
	}
	if f.image != "" {
		wasm.at("code", "image", "url").set("!!str", strings.TrimPrefix(f.image, "oci://"))
	}
	traffic.at("spec", "connection", "bufferLimit").set("!!int", strconv.Itoa(p.config.Size.MaxBodyBytes+bodySlack))
	hold := patches.find("jsonPatches", "", "").at("operation", "value")
	hold.set("!!bool", strconv.FormatBool(p.config.HeaderMode == config.Hold))
	namespace, gateway, listener := or(f.namespace, "default"), or(f.gateway, "eg"), or(f.listener, "http")
	for _, doc := range docs {
		doc.at("metadata", "namespace").set("!!str", namespace)
		for _, ref := range append(doc.list("targetRefs"), doc.at("spec", "targetRef")) {
			if ref.node != nil {
				ref.at("name").set("!!str", gateway)
			}
		}
	}
	for _, patch := range patches.list("jsonPatches") {
		patch.at("name").set("!!str", namespace+"/"+gateway+"/"+listener)
		if path := patch.at("operation", "jsonPath"); path.node != nil {
			path.set("!!str", strings.Replace(path.value(), "/default/", "/"+namespace+"/", 1))
		}
	}
	return docs[0].bytes()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
