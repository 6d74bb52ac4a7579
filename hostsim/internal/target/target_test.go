package target

import (
	"strings"
	"testing"
)

// What Envoy 1.40 made of these paths, one rule at a time.
func TestApply(t *testing.T) {
	normalize, merge := Rules{Normalize: true}, Rules{Merge: true}
	for _, c := range []struct {
		rules    Rules
		from, to string
		verdict  Verdict
	}{
		{Rules{}, "/a/../b//c%2fd?x#y", "", Refuse},
		{Rules{}, `/a/../b//c%2f\<`, `/a/../b//c%2f\<`, Accept},

		{normalize, "/", "/", Accept},
		{normalize, "/.", "/", Accept},
		{normalize, "/..", "/", Accept},
		{normalize, "//..", "/", Accept},
		{normalize, "/a/.", "/a/", Accept},
		{normalize, "/a/..", "/", Accept},
		{normalize, "/a/../../b", "/b", Accept},
		{normalize, "/a//../b", "/a/b", Accept},
		{normalize, "/a/b//..", "/a/b/", Accept},
		{normalize, "/a/b/../", "/a/", Accept},
		{normalize, "/a/...", "/a/...", Accept},
		{normalize, "/a/.b/..c", "/a/.b/..c", Accept},
		{normalize, "/a/%2e%2E/b", "/b", Accept},
		{normalize, "/a/%2e./b", "/b", Accept},
		{normalize, "/a/.%2", "/a/.%2", Accept},
		{normalize, `/a\..\b\c`, "/b/c", Accept},
		{normalize, "/a/..%2fb", "/a/..%2fb", Accept},
		{normalize, "//a//b", "//a//b", Accept},
		{normalize, "/a/..?x=/../y", "/?x=/../y", Accept},
		{normalize, "/%41%7e%2D%5f%30", "/A~-_0", Accept},
		{normalize, "/%%41%zz%4", "/%A%zz%4", Accept},
		{normalize, "/%20%2a%3b%7f%80%ff", "/%20%2a%3b%7f%80%ff", Accept},
		{normalize, "/a|b\"c<d>e^f`g{h}i", "/a%7Cb%22c%3Cd%3Ee%5Ef%60g%7Bh%7Di", Accept},
		{normalize, "/a%00b", "", Refuse},
		{normalize, "/a?%00", "/a?%00", Accept},
		{normalize, "/a/.;x/b", "/a/b", Accept},
		{normalize, "/a/b/..;x/..;y/c", "/c", Accept},
		{normalize, `/a/..;x\b`, "/", Accept},
		{normalize, "/a/.;%00/b", "/a/b", Accept},
		{normalize, "/a/b;x/../c", "/a/c", Accept},
		{normalize, "/a/...;x", "/a/...;x", Accept},
		{normalize, "/a/%2e%2e;p/b", "/a/..;p/b", Accept},
		{normalize, "/a/..%3bx", "/a/..%3bx", Accept},

		{merge, "/a/b", "/a/b", Accept},
		{merge, "//", "//", Accept},
		{merge, "///a", "/a", Accept},
		{merge, "/a//b///c//?x//y", "/a/b/c/?x//y", Accept},
		{merge, "/a/%2f/b", "/a/%2f/b", Accept},
		{merge, "/a//../b", "/a/../b", Accept},

		{Rules{Slashes: Reject}, "/a%2Fb", "", Refuse},
		{Rules{Slashes: Reject}, "/a%5cb", "", Refuse},
		{Rules{Slashes: Reject}, "/a%252fb?x=%2f", "/a%252fb?x=%2f", Accept},
		{Rules{Slashes: Redirect}, "/a%2f..%2Fb?q=%2F", "/a/../b?q=%2F", Elsewhere},
		{Rules{Slashes: Redirect}, "/a", "/a", Accept},
		{Rules{Slashes: Forward}, "/a%5Cb%2f%2fc", `/a\b//c`, Accept},

		{Rules{true, true, Redirect}, "/a%2f..%5c%2fb//c", "/b/c", Elsewhere},
		{Rules{true, true, Forward}, "/a//b/../c", "/a/c", Accept},
		{Rules{true, true, Reject}, "/a//b/../c", "/a/c", Accept},
	} {
		got, verdict := c.rules.Apply(c.from)
		if verdict != c.verdict || verdict != Refuse && got != c.to {
			t.Errorf("%+v: %q: got %q and %d, want %q and %d", c.rules, c.from, got, verdict, c.to, c.verdict)
		}
	}
}

// A path that came through all rules begins with a slash and has no dots to follow and no
// slashes side by side; without escapes and parameters it comes through again as it is.
func FuzzApply(f *testing.F) {
	for _, seed := range []string{"/", "/a/../b", "/%2e%2e;x/..;/", `/a\%5c%2f..//?#`, "/%00", "//", "/%25%32%65/"} {
		f.Add(seed)
	}
	all := Rules{true, true, Forward}
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") {
			return
		}
		once, verdict := all.Apply(target)
		if verdict == Refuse {
			return
		}
		path, _, _ := strings.Cut(once, "?")
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "/../") || strings.Contains(path, "/./") {
			t.Errorf("%q became %q", target, once)
		}
		if strings.Contains(path, "//") && path != "//" {
			t.Errorf("%q became %q, with slashes side by side", target, once)
		}
		if strings.ContainsAny(target, "%;") {
			return // these are read once: what an escaped percent sign hides stays hidden
		}
		if twice, _ := all.Apply(once); twice != once {
			t.Errorf("%q became %q and then %q", target, once, twice)
		}
	})
}
