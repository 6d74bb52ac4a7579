package config

import (
	"net/url"
	stdpath "path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPatternMatch(t *testing.T) {
	for _, c := range []struct {
		pattern Pattern
		path    string
		want    bool
	}{
		{"/v1/models", "/v1/models", true},
		{"/v1/models", "/v1/models/", false},
		{"/v1/models", "/v1/model", false},
		{"/v1/models", "/V1/models", false},
		{"/v1/models", "", false},
		{"/v1/*", "/v1/models", true},
		{"/v1/*", "/v1/a/b/c", true},
		{"/v1/*", "/v1/", false},
		{"/v1/*", "/v1", false},
		{"/v1/*", "/v10/a", false},
		{"/*", "/", false},
		{"/*", "/a", true},
		{"/", "/", true},
		{"/v1/{id}", "/v1/a", true},
		{"/v1/{id}", "/v1/", false},
		{"/v1/{id}", "/v1/a/b", false},
		{"/v1/{id}/x", "/v1/a/x", true},
		{"/v1/{id}/x", "/v1//x", false},
		{"/v1/{id}/x", "/v1/a", false},
		{"/{a}/{b}/*", "/1/2/3/4", true},
		{"/{a}/{b}/*", "/1/2/", false},
		{"/{a}/{b}/*", "/1/2", false},
	} {
		if got := c.pattern.Match(c.path); got != c.want {
			t.Errorf("%q.Match(%q) = %v, want %v", c.pattern, c.path, got, c.want)
		}
	}
}

func TestAuthPathMatch(t *testing.T) {
	all, get := AuthPath{Path: "/a"}, AuthPath{Path: "/a", Methods: []string{"GET", "HEAD"}}
	for _, c := range []struct {
		rule         AuthPath
		method, path string
		want         bool
	}{
		{all, "POST", "/a", true}, {all, "POST", "/b", false},
		{get, "HEAD", "/a", true}, {get, "POST", "/a", false}, {get, "get", "/a", false}, {get, "GET", "/b", false},
	} {
		if got := c.rule.Match(c.method, c.path); got != c.want {
			t.Errorf("%v.Match(%s, %s) = %v", c.rule, c.method, c.path, got)
		}
	}
}

func TestPathOf(t *testing.T) {
	for _, c := range []struct {
		target, path string
		plain        bool
	}{
		{"/v1/models", "/v1/models", true},
		{"/v1/models?a=/../b", "/v1/models", true},
		{"/", "/", true},
		{"/v1/models/", "/v1/models/", true},
		{"/a%20b/caf%C3%A9", "/a%20b/caf%C3%A9", true},
		{"/a.b/..c/...", "/a.b/..c/...", true},
		{"/v1/a:generate", "/v1/a:generate", true},
		{"", "", false},
		{"*", "*", false},
		{"v1", "v1", false},
		{"http://host/v1", "http://host/v1", false},
		{"//", "//", false},
		{"/a//b", "/a//b", false},
		{"/a/.", "/a/.", false},
		{"/a/./b", "/a/./b", false},
		{"/a/../b", "/a/../b", false},
		{"/a/..", "/a/..", false},
		{"/a/..;x/b", "/a/..;x/b", false},
		{"/a/;x/b", "/a/;x/b", true},
		{"/a%2fb", "/a%2fb", false},
		{"/a%5Cb", "/a%5Cb", false},
		{"/%2e%2e/b", "/%2e%2e/b", false},
		{"/%6dodels", "/%6dodels", false},
		{"/a%00", "/a%00", false},
		{"/a%7f", "/a%7f", false},
		{"/a%25", "/a%25", false},
		{"/a%3bb", "/a%3bb", false},
		{"/a%", "/a%", false},
		{"/a%4", "/a%4", false},
		{"/a%zz", "/a%zz", false},
		{`/a\b`, `/a\b`, false},
		{"/a b", "/a b", false},
		{"/a#b", "/a#b", false},
		{"/a\tb", "/a\tb", false},
		{"/café", "/café", false},
	} {
		if path, plain := PathOf(c.target); path != c.path || plain != c.plain {
			t.Errorf("PathOf(%q) = %q, %v, want %q, %v", c.target, path, plain, c.path, c.plain)
		}
	}
}

// FuzzPathOf: a plain path is what every server reads out of the target.
func FuzzPathOf(f *testing.F) {
	for _, s := range []string{"/v1/models?x", "/a/../b", "/%2e./b", "/a;b/..;/c", "/caf%C3%A9", "/a%2Fb", "//host/a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		p, plain := PathOf(target)
		if !plain {
			return
		}
		u, err := url.ParseRequestURI(p)
		if err != nil {
			t.Fatalf("%q is plain but does not parse: %v", p, err)
		}
		if clean := stdpath.Clean(u.Path); clean != strings.TrimSuffix(u.Path, "/") && clean != "/" {
			t.Errorf("%q is plain but cleans to %q", p, clean)
		}
		if strings.Count(u.Path, "/") != strings.Count(p, "/") {
			t.Errorf("%q is plain but hides a slash: %q", p, u.Path)
		}
	})
}

// FuzzPatternMatch compares with the obvious: a regular expression.
func FuzzPatternMatch(f *testing.F) {
	f.Add("/v1/{id}/x/*", "/v1/a/x/y/z")
	f.Add("/*", "/")
	f.Add("/v1/models", "/v1/models")
	braces := regexp.MustCompile(`\\\{[^/]*\\\}`)
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if pathPattern(pattern) != "" || strings.ContainsRune(path, '\n') || !utf8.ValidString(path) {
			return
		}
		obvious := regexp.QuoteMeta(pattern)
		if rest, ok := strings.CutSuffix(obvious, `\*`); ok {
			obvious = rest + ".+"
		}
		obvious = braces.ReplaceAllString(obvious, "[^/]+")
		want := regexp.MustCompile("^" + obvious + "$").MatchString(path)
		if got := Pattern(pattern).Match(path); got != want {
			t.Errorf("%q.Match(%q) = %v, %s says %v", pattern, path, got, obvious, want)
		}
	})
}

func BenchmarkPath(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		path, _ := PathOf("/v1/chat/completions?stream=true")
		Pattern("/v1/{family}/*").Match(path)
	}
}
