package scan

import (
	"os"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan/rulefile"
)

// TestHonestExamplesPass scans what some rule must not match: no other rule, nor
// the model, may have it refused.
func TestHonestExamplesPass(t *testing.T) {
	set, err := rulefile.Load(os.DirFS("rules"))
	if err != nil {
		t.Fatal(err)
	}
	s, n := mustNew(t, Settings{}), 0
	for _, e := range set.Examples {
		if !e.No {
			continue
		}
		n++
		if rules, hit := ids(t, s, User, e.Text); hit {
			t.Errorf("%s (%s): %q: hit by %v", e.Rule, e.Language, e.Text, rules)
		}
	}
	if n == 0 {
		t.Error("the rule files have no such example")
	}
}
