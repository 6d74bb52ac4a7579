// Package envoy holds the configurations that users copy. sparkctl edits these
// very files, so what is shipped is what is tested.
package envoy

import _ "embed"

// Bootstrap is envoy.yaml, a whole Envoy configuration with comments.
//
//go:embed envoy.yaml
var Bootstrap []byte

// Istio is istio.yaml, an EnvoyFilter for a policy with header_mode: hold.
//
//go:embed istio.yaml
var Istio []byte

// IstioWasmPlugin is istio-wasmplugin.yaml, for a policy with header_mode: pass.
//
//go:embed istio-wasmplugin.yaml
var IstioWasmPlugin []byte

// Gateway is envoy-gateway.yaml, three resources for Envoy Gateway.
//
//go:embed envoy-gateway.yaml
var Gateway []byte

// Fleet is fleet/parts.yaml, what limits over several Envoys add to Bootstrap.
//
//go:embed fleet/parts.yaml
var Fleet []byte
