// Package envoy holds the configurations that users copy. sparkctl edits these
// very files, so what is shipped is what is tested.
package envoy

import _ "embed"

// Bootstrap is envoy.yaml, a whole Envoy configuration with comments.
//
//go:embed envoy.yaml
var Bootstrap []byte
