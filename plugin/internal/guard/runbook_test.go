package guard

import (
	"os"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/metric"
)

// TestRunbook: whoever is woken by a reason, a cause, an alert or a metric finds it
// there; a metric by the alert that goes by it.
func TestRunbook(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../../envoy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	text, alerts := read("RUNBOOK.md"), read("prometheus/alerts.yml")
	names := append(Reasons(), causes[:]...)
	for _, m := range metric.Table {
		if !strings.Contains(alerts, m.Name) {
			names = append(names, m.Name)
		}
	}
	for _, alert := range strings.Split(alerts, "- alert: ")[1:] {
		name, _, _ := strings.Cut(alert, "\n")
		names = append(names, name)
	}
	for _, name := range names {
		if !strings.Contains(text, name) {
			t.Errorf("envoy/RUNBOOK.md does not say what to do about %s", name)
		}
	}
}
