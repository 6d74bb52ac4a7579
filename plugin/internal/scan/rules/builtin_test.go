package rules_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan/fold"
	"github.com/sparkward/sparkward/plugin/internal/scan/rulefile"
	"github.com/sparkward/sparkward/plugin/internal/scan/rules"
)

func load(t testing.TB) *rulefile.Set {
	t.Helper()
	set, err := rulefile.Load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestBuiltinIsFresh holds builtin.go to the rule files.
func TestBuiltinIsFresh(t *testing.T) {
	table, err := load(t).Table()
	if err != nil {
		t.Fatal(err)
	}
	want, err := rulefile.Emit(table)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("builtin.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("builtin.go is stale: run go generate ./plugin/internal/scan/rules")
	}
}

// found returns the ids of the built-in rules found in text.
func found(text string) map[string]bool {
	m := rules.NewMatcher(&rules.Builtin, nil)
	var signs fold.Signs
	var tr rules.Traits
	m.Run(fold.Append(nil, []byte(text), &signs), &tr)
	ids := map[string]bool{}
	m.Each(func(i int, r rules.Result) { ids[rules.Builtin.Rules[i].ID] = r > rules.Excused })
	return ids
}

// TestExamples runs every example of the rule files. Each rule has some that
// it must match.
func TestExamples(t *testing.T) {
	set := load(t)
	matched := map[string]bool{}
	for _, e := range set.Examples {
		got := found(e.Text)[e.Rule]
		if got == e.No {
			t.Errorf("%s (%s): %q: found %v", e.Rule, e.Language, e.Text, got)
		}
		matched[e.Rule] = matched[e.Rule] || !e.No
	}
	for _, r := range set.Source.Rules {
		if !matched[r.ID] {
			t.Errorf("%s has no example that it must match", r.ID)
		}
	}
}
