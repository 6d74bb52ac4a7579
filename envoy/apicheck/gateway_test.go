package apicheck

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gateway "github.com/envoyproxy/gateway/api/v1alpha1"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	wasmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/wasm/v3"
	"sigs.k8s.io/yaml"
)

// TestEnvoyGateway reads the three resources; an unknown field fails.
func TestEnvoyGateway(t *testing.T) {
	docs := documents(t, "envoy-gateway.yaml")
	if len(docs) != 3 {
		t.Fatalf("%d documents, want three", len(docs))
	}
	var extension gateway.EnvoyExtensionPolicy
	var patches gateway.EnvoyPatchPolicy
	var traffic gateway.ClientTrafficPolicy
	for i, into := range []any{&extension, &patches, &traffic} {
		if err := yaml.UnmarshalStrict(docs[i], into); err != nil {
			t.Fatalf("document %d: %v", i+1, err)
		}
	}
	if extension.Kind != gateway.KindEnvoyExtensionPolicy || patches.Kind != gateway.KindEnvoyPatchPolicy || traffic.Kind != gateway.KindClientTrafficPolicy {
		t.Errorf("kinds %s, %s, %s", extension.Kind, patches.Kind, traffic.Kind)
	}
	checkExtension(t, &extension)
	checkPatches(t, &extension, &patches)
	if n := traffic.Spec.Connection.BufferLimit.Value(); n <= 1<<20 {
		t.Errorf("bufferLimit %d is not above the policy's max_body_bytes", n)
	}
	target := string(extension.Spec.TargetRefs[0].Name)
	if string(patches.Spec.TargetRef.Name) != target || string(traffic.Spec.TargetRefs[0].Name) != target {
		t.Error("the three resources are not for one Gateway")
	}
}

func checkExtension(t *testing.T, extension *gateway.EnvoyExtensionPolicy) {
	t.Helper()
	if len(extension.Spec.Wasm) != 1 {
		t.Fatalf("%d wasm extensions", len(extension.Spec.Wasm))
	}
	wasm := extension.Spec.Wasm[0]
	if wasm.Code.Type != gateway.ImageWasmCodeSourceType || wasm.Code.Image == nil || *wasm.FailOpen {
		t.Errorf("%+v", wasm)
	}
	if wasm.Config == nil || !json.Valid(wasm.Config.Raw) || !strings.Contains(string(wasm.Config.Raw), "sha256") {
		t.Error("no policy")
	}
}

// checkHeaders reads the patch of a route configuration, which takes headers off.
func checkHeaders(t *testing.T, p gateway.EnvoyJSONPatchConfig, name string) {
	t.Helper()
	if p.Name != name || p.Operation.Op != "add" || p.Operation.JSONPath != nil || *p.Operation.Path != "/request_headers_to_remove" {
		t.Errorf("%s: %+v", p.Name, p.Operation)
	}
	var routes routev3.RouteConfiguration
	strict(t, []byte(`{"request_headers_to_remove":`+string(p.Operation.Value.Raw)+`}`), &routes)
	if got := routes.RequestHeadersToRemove; !slices.Equal(got, ownHeaders) {
		t.Errorf("removes %q, want %q", got, ownHeaders)
	}
}

// ownHeaders are what the filter tells the rest of the proxy.
var ownHeaders = []string{"x-sparkward-caller", "x-sparkward-cluster"}

// checkPatches looks for the filter under the name that Envoy Gateway gives it,
// "envoy.filters.http.wasm/" and the policy's kind, namespace, name and place,
// and puts what is patched into Envoy's own type.
func checkPatches(t *testing.T, extension *gateway.EnvoyExtensionPolicy, patches *gateway.EnvoyPatchPolicy) {
	t.Helper()
	name := "envoy.filters.http.wasm/" + strings.ToLower(extension.Kind) + "/" + extension.Namespace + "/" + extension.Name + "/wasm/0"
	want := "..http_filters[?(@.name=='" + name + "')].typed_config.config"
	config := map[string]any{}
	for _, p := range patches.Spec.JSONPatches {
		if p.Type == gateway.RouteConfigurationEnvoyResourceType {
			checkHeaders(t, p, extension.Namespace+"/"+string(extension.Spec.TargetRefs[0].Name)+"/http")
			continue
		}
		if p.Type != gateway.ListenerEnvoyResourceType || p.Operation.Op != "add" || *p.Operation.JSONPath != want {
			t.Errorf("%s %s %s, want add at %s", p.Type, p.Operation.Op, *p.Operation.JSONPath, want)
		}
		if p.Name != extension.Namespace+"/"+string(extension.Spec.TargetRefs[0].Name)+"/http" {
			t.Errorf("listener %s", p.Name)
		}
		config[*p.Operation.Path] = json.RawMessage(p.Operation.Value.Raw)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var plugin wasmv3.PluginConfig
	strict(t, text, &plugin)
	if !plugin.GetAllowOnHeadersStopIteration().GetValue() || plugin.FailurePolicy != wasmv3.FailurePolicy_FAIL_RELOAD {
		t.Errorf("the patches make %v", &plugin)
	}
}
