package e2e

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// validate has the real Envoy check a configuration, in the repository's root,
// and returns whether it accepts it and what it said.
func validate(t *testing.T, file string) (bool, string) {
	t.Helper()
	target, err := newEnvoyTarget()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(target.binary, "--mode", "validate", "-c", file)
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return err == nil, string(out)
}

// sparkctlOutput runs build/sparkctl in the repository's root.
func sparkctlOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	sparkctl, err := artefact("sparkctl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := artefact("sparkward.wasm"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sparkctl, args...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("sparkctl %q: %v", args, err)
	}
	return out
}

// writeTemp writes a configuration to a file of its own.
func writeTemp(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestShippedConfiguration: Envoy and the filter in it accept what people copy,
// what render makes of it for an older Envoy, and the filter of the EnvoyFilter.
func TestShippedConfiguration(t *testing.T) {
	files := map[string]string{
		"shipped": "envoy/envoy.yaml",
		"older":   writeTemp(t, sparkctlOutput(t, "render", "envoy", "-policy", "envoy/policy.yaml", "-envoy", "1.39")),
		"istio":   writeTemp(t, istioFilter(t)),
	}
	for name, file := range files {
		if ok, said := validate(t, file); !ok {
			t.Errorf("%s: Envoy refuses it:\n%s", name, lastLines(said))
		}
	}
}

// istioFilter is the shipped Envoy configuration with the filter of the shipped
// EnvoyFilter in it, and what that merges into virtual hosts, its image replaced by the local file that Istio's agent
// would make of it.
func istioFilter(t *testing.T) []byte {
	t.Helper()
	b, err := parseBootstrap(sparkctlOutput(t, "render", "envoy", "-policy", "envoy/policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var resource tree
	if err := yaml.Unmarshal(sparkctlOutput(t, "render", "istio", "-policy", "envoy/policy.yaml"), &resource); err != nil {
		t.Fatal(err)
	}
	filters := findType(resource, wasmType)
	if len(filters) != 1 {
		t.Fatalf("%d wasm filters in the EnvoyFilter, want one", len(filters))
	}
	local := b.vm()["code"]
	clear(b.plugin)
	for name, value := range filters[0]["config"].(tree) {
		b.plugin[name] = value
	}
	b.vm()["code"] = local
	for _, patch := range resource["spec"].(tree)["configPatches"].([]any) {
		if patch.(tree)["applyTo"] == "VIRTUAL_HOST" {
			maps.Copy(findKey(b.listener, "route_config")["virtual_hosts"].([]any)[0].(tree), findKey(patch, "value"))
		}
	}
	text, err := yaml.Marshal(b.all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestBrokenPolicy: Envoy's own check prints our errors, each with its path.
func TestBrokenPolicy(t *testing.T) {
	b, err := parseBootstrap(sparkctlOutput(t, "render", "envoy", "-policy", "envoy/policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b.configure(`{"limits": [{"name": "a", "requests": "60/1m"}, {"name": "b", "requests": "fast"}], "mod": "off"}`)
	text, err := yaml.Marshal(b.all)
	if err != nil {
		t.Fatal(err)
	}
	ok, said := validate(t, writeTemp(t, text))
	if ok {
		t.Error("Envoy accepts it")
	}
	for _, want := range []string{
		`policy refused: limits[1].requests: got "fast", want "<count>/<period>", for example "60/1m"`,
		`policy refused: mod: unknown field, did you mean "mode"?`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("Envoy does not say %s:\n%s", want, lastLines(said))
		}
	}
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
