package config

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

//go:generate go test -run ^TestGenerated$ . -update

var update = flag.Bool("update", false, "write generated and golden files anew")

// TestGenerated holds the schema and the reference that people read to the table.
func TestGenerated(t *testing.T) {
	for file, want := range map[string][]byte{
		"../../../envoy/policy.schema.json": Schema(),
		"../../../envoy/POLICY.md":          Reference(),
	} {
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the table gives: run go generate ./plugin/internal/config", file)
		}
	}
}
