package apicheck

import (
	"bytes"
	"os"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"sigs.k8s.io/yaml"
)

// documents returns the documents of a shipped file as JSON.
func documents(t *testing.T, file string) (docs [][]byte) {
	t.Helper()
	text, err := os.ReadFile("../" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range bytes.Split(text, []byte("\n---\n")) {
		json, err := yaml.YAMLToJSONStrict(part)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		docs = append(docs, json)
	}
	return docs
}

// strict reads JSON into a protobuf message; an unknown field fails the test.
func strict(t *testing.T, json []byte, into proto.Message) {
	t.Helper()
	if err := protojson.Unmarshal(json, into); err != nil {
		t.Fatalf("%v\n%s", err, json)
	}
}

// object is one Kubernetes resource, its spec not looked into.
type object struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       any            `json:"spec"`
}
