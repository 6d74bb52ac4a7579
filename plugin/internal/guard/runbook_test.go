package guard

import (
	"os"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// TestRunbook: whoever is woken by a reason, a cause or a metric finds it there.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile("../../../envoy/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	names := append(Reasons(), causes[:]...)
	for _, m := range metric.Table {
		names = append(names, m.Name)
	}
	for _, name := range names {
		if !strings.Contains(string(text), name) {
			t.Errorf("envoy/RUNBOOK.md does not say what to do about %s", name)
		}
	}
}
