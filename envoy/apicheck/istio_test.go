package apicheck

import (
	"encoding/json"
	"slices"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	wasmfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/wasm/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	wasmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/wasm/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
	extensions "istio.io/api/extensions/v1alpha1"
	networking "istio.io/api/networking/v1alpha3"
)

// spec reads one resource of kind from a shipped file into a message.
func spec(t *testing.T, file, kind string, into proto.Message) object {
	t.Helper()
	docs := documents(t, file)
	if len(docs) != 1 {
		t.Fatalf("%s has %d documents, want one", file, len(docs))
	}
	var o object
	if err := json.Unmarshal(docs[0], &o); err != nil {
		t.Fatal(err)
	}
	if o.Kind != kind {
		t.Fatalf("%s is a %s, want a %s", file, o.Kind, kind)
	}
	text, err := json.Marshal(o.Spec)
	if err != nil {
		t.Fatal(err)
	}
	strict(t, text, into)
	return o
}

func TestWasmPlugin(t *testing.T) {
	var plugin extensions.WasmPlugin
	o := spec(t, "istio-wasmplugin.yaml", "WasmPlugin", &plugin)
	if o.APIVersion != "extensions.istio.io/v1alpha1" {
		t.Errorf("apiVersion %s", o.APIVersion)
	}
	if plugin.Phase != extensions.PluginPhase_AUTHZ || plugin.FailStrategy != extensions.FailStrategy_FAIL_RELOAD {
		t.Errorf("phase %v, failStrategy %v", plugin.Phase, plugin.FailStrategy)
	}
	if mode := plugin.PluginConfig.GetFields()["header_mode"].GetStringValue(); mode != "pass" {
		t.Errorf("header_mode is %q, which WasmPlugin cannot do", mode)
	}
	if len(plugin.Selector.GetMatchLabels()) == 0 {
		t.Error("no selector: it would run in every workload of the namespace")
	}
}

// TestEnvoyFilter reads every patch with the type of what it is merged into.
func TestEnvoyFilter(t *testing.T) {
	var filter networking.EnvoyFilter
	o := spec(t, "istio.yaml", "EnvoyFilter", &filter)
	if o.APIVersion != "networking.istio.io/v1alpha3" || len(filter.ConfigPatches) != 3 {
		t.Fatalf("apiVersion %s, %d patches", o.APIVersion, len(filter.ConfigPatches))
	}
	var extension corev3.TypedExtensionConfig
	var place hcmv3.HttpFilter
	var host routev3.VirtualHost
	for i, want := range []struct {
		to  networking.EnvoyFilter_ApplyTo
		msg proto.Message
	}{
		{networking.EnvoyFilter_EXTENSION_CONFIG, &extension},
		{networking.EnvoyFilter_HTTP_FILTER, &place},
		{networking.EnvoyFilter_VIRTUAL_HOST, &host},
	} {
		patch := filter.ConfigPatches[i]
		if patch.ApplyTo != want.to {
			t.Fatalf("patch %d applies to %v, want %v", i, patch.ApplyTo, want.to)
		}
		strict(t, structJSON(t, patch.Patch.Value), want.msg)
	}
	if extension.Name != place.Name {
		t.Errorf("the extension is called %s and the filter %s: they would not find each other", extension.Name, place.Name)
	}
	if types := place.GetConfigDiscovery().GetTypeUrls(); len(types) != 1 || types[0] != extension.TypedConfig.TypeUrl {
		t.Errorf("the filter takes %v, the extension is %s", types, extension.TypedConfig.TypeUrl)
	}
	if host.GetRequestBodyBufferLimit().GetValue() == 0 {
		t.Error("no request_body_buffer_limit")
	}
	if got := host.RequestHeadersToRemove; !slices.Equal(got, ownHeaders) {
		t.Errorf("removes %q, want %q", got, ownHeaders)
	}
	checkWasm(t, &extension)
}

func checkWasm(t *testing.T, extension *corev3.TypedExtensionConfig) {
	t.Helper()
	var wasm wasmfilterv3.Wasm
	if err := extension.TypedConfig.UnmarshalTo(&wasm); err != nil {
		t.Fatal(err)
	}
	if err := wasm.ValidateAll(); err != nil {
		t.Error(err)
	}
	if !wasm.Config.GetAllowOnHeadersStopIteration().GetValue() || wasm.Config.FailurePolicy != wasmv3.FailurePolicy_FAIL_RELOAD {
		t.Errorf("allow_on_headers_stop_iteration %v, failure_policy %v", wasm.Config.GetAllowOnHeadersStopIteration(), wasm.Config.FailurePolicy)
	}
	var policy wrapperspb.StringValue
	if err := wasm.Config.Configuration.UnmarshalTo(&policy); err != nil || !json.Valid([]byte(policy.Value)) {
		t.Errorf("the configuration is no JSON text: %v", err)
	}
}

func structJSON(t *testing.T, s *structpb.Struct) []byte {
	t.Helper()
	text, err := protojson.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
