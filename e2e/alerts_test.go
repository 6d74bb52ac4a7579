package e2e

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

// alertRule is one rule of alerts.yml.
type alertRule struct {
	Alert, Expr string
}

// shippedAlerts reads the alerts that users copy.
func shippedAlerts(t *testing.T) []alertRule {
	t.Helper()
	text, err := os.ReadFile("../envoy/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Groups) != 1 || len(file.Groups[0].Rules) == 0 {
		t.Fatalf("%d groups, want one with rules", len(file.Groups))
	}
	return file.Groups[0].Rules
}

// TestAlertsAreInTheRunbook: who is woken by an alert finds it there.
func TestAlertsAreInTheRunbook(t *testing.T) {
	text, err := os.ReadFile("../envoy/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	var told, have []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(Sparkward[A-Za-z]+)` \\| [^|]+ \\|$").FindAllSubmatch(text, -1) {
		told = append(told, string(row[1]))
	}
	for _, rule := range shippedAlerts(t) {
		have = append(have, rule.Alert)
	}
	if !slices.Equal(told, have) {
		t.Errorf("the runbook tells of %q, alerts.yml has %q", told, have)
	}
}
