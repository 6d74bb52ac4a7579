package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sparkward/sparkward/plugin/internal/scan"
)

const divider = "\n-- want --\n"

// golden runs each file of a folder: a policy, a divider, and what came of it.
func golden(t *testing.T, folder string, run func(t *testing.T, policy []byte) string) {
	files, err := filepath.Glob("testdata/" + folder + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata/%s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			policy, want, ok := strings.Cut(string(text), divider)
			if !ok {
				t.Fatalf("%s has no divider", file)
			}
			got := run(t, []byte(policy))
			if *update {
				if err := os.WriteFile(file, []byte(policy+divider+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", file, got, want)
			}
		})
	}
}

// TestGood shows what becomes of each policy in full: every default, every
// combined mode.
func TestGood(t *testing.T) {
	golden(t, "good", func(t *testing.T, policy []byte) string {
		c, err := Parse(policy)
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.MarshalIndent(view(c), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return string(out) + "\n"
	})
}

// view is c without what is not config's own to fix.
func view(c *Config) any {
	type inspection struct {
		Mode       Mode
		Scan       scan.Settings
		Roles      map[string]Action
		Exceptions []Exception `json:",omitempty"`
	}
	v := struct {
		*Config
		Inspection inspection
	}{c, inspection{c.Inspection.Mode, c.Inspection.Scan, map[string]Action{}, c.Inspection.Exceptions}}
	for r, a := range c.Inspection.Roles {
		v.Inspection.Roles[scan.Role(r).String()] = a
	}
	return v
}

// TestBad holds every message to the letter.
func TestBad(t *testing.T) {
	golden(t, "bad", func(t *testing.T, policy []byte) string {
		c, err := Parse(policy)
		if err == nil || c != nil {
			t.Fatalf("Parse gave %v, %v", c, err)
		}
		checkErrors(t, err)
		return err.Error() + "\n"
	})
}

// checkErrors holds the form of errors: one *Error each, at most maxErrors, one
// short line each.
func checkErrors(t *testing.T, err error) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error is a %T", err)
	}
	if n := len(joined.Unwrap()); n == 0 || n > maxErrors {
		t.Errorf("%d errors, want 1 to %d", n, maxErrors)
	}
	for _, e := range joined.Unwrap() {
		var bad *Error
		if !errors.As(e, &bad) || bad.Path == "" || bad.Want == "" {
			t.Errorf("%#v is not a complete *Error", e)
		}
		if line := e.Error(); strings.ContainsAny(line, "\n\r") || len(line) > 500 {
			t.Errorf("not one short line: %q", line)
		}
	}
}

// TestNoSecretInErrors puts a key where people put one by mistake.
func TestNoSecretInErrors(t *testing.T) {
	const secret = "sk-live-0123456789abcdef"
	for _, policy := range []string{
		`{"auth": {"keys": [{"user": "a", "sha256": "` + secret + `"}]}}`,
		`{"auth": {"keys": [{"user": "a", "key": "` + secret + `"}]}}`,
		`{"auth": {"keys": ["` + secret + `"]}}`,
		`{"auth": {"keys": "` + secret + `"}}`,
		`{"auth": {"keys": {"` + secret + `": "a"}}}`,
		`{"auth": {"master_keys": [{"name": "a", "sha256": ["` + secret + `"]}]}}`,
		`{"auth": {"keys": [{"user": "a", "sha256": "` + secret,
	} {
		_, err := Parse([]byte(policy))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Parse(%s): %v", policy, err)
		}
	}
}
