package apikey

import (
	"path"
	"strings"
	"testing"
)

func TestAllowsModel(t *testing.T) {
	cases := []struct {
		models []string
		model  string
		want   bool
	}{
		{nil, "gpt-4o", true},
		{nil, "", true},
		{[]string{"gpt-4o"}, "gpt-4o", true},
		{[]string{"gpt-4o"}, "gpt-4o-mini", false},
		{[]string{"gpt-4o*"}, "gpt-4o-mini", true},
		{[]string{"gpt-4o*"}, "", false},
		{[]string{"a", "*-mini"}, "gpt-4o-mini", true},
		{[]string{"gpt-*-mini"}, "gpt-mini", false},
		{[]string{"*"}, "", true},
	}
	for _, c := range cases {
		k := Key{Models: c.models}
		if got := k.AllowsModel(c.model); got != c.want {
			t.Errorf("%v allows %q: %v, want %v", c.models, c.model, got, c.want)
		}
	}
}

// FuzzMatches compares with the standard library's globs where both mean the
// same: without its other special characters and without slashes.
func FuzzMatches(f *testing.F) {
	f.Add("gpt-*-mini", "gpt-4o-mini")
	f.Add("**a*", "aba")
	f.Fuzz(func(t *testing.T, glob, s string) {
		if strings.ContainsAny(glob+s, `/?[]\`) {
			return
		}
		want, err := path.Match(glob, s)
		if err != nil {
			return
		}
		if got := MatchModel(glob, s); got != want {
			t.Errorf("MatchModel(%q, %q) = %v, want %v", glob, s, got, want)
		}
	})
}
