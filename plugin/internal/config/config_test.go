package config

import (
	"testing"
)

// TestEmptyPolicy says what a stranger gets who writes nothing.
func TestEmptyPolicy(t *testing.T) {
	for _, in := range []string{"", " \n", "{}", `{"auth": null, "limits": []}`} {
		c, err := Parse([]byte(in))
		if err != nil {
			t.Fatalf("Parse(%q): %v", in, err)
		}
		if c.Mode != Enforce || c.HeaderMode != Hold || c.OnError != Refuse || c.Auth.Default != Required {
			t.Errorf("Parse(%q) is not the safe policy: %+v", in, c)
		}
		if c.Auth.Ring.Len() != 0 || len(c.Auth.Locations) != 4 || len(c.Warnings) != 1 {
			t.Errorf("Parse(%q): keys %d, locations %v, warnings %q", in, c.Auth.Ring.Len(), c.Auth.Locations, c.Warnings)
		}
		if c.Size.MaxBodyBytes != 1<<20 || c.Size.MaxTextChars != 10_000 || len(c.ResponseHeaders) != len(defaultHeaders) {
			t.Errorf("Parse(%q): size %+v, headers %q", in, c.Size, c.ResponseHeaders)
		}
	}
}
