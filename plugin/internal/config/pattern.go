package config

import "strings"

// Pattern matches request paths, byte for byte: "/v1/models" itself;
// "/v1/{name}" with any one segment in place of the braces; "/v1/*" everything
// below /v1/. Give Match a path from PathOf.
type Pattern string

// Match reports whether path, without a query, fits.
func (p Pattern) Match(path string) bool {
	rest := string(p)
	for rest != "" {
		switch {
		case rest == "*":
			return path != ""
		case rest[0] == '{':
			n := strings.IndexByte(path+"/", '/')
			if n == 0 {
				return false
			}
			path, rest = path[n:], rest[strings.IndexByte(rest, '}')+1:]
		case path == "" || path[0] != rest[0]:
			return false
		default:
			path, rest = path[1:], rest[1:]
		}
	}
	return path == ""
}

// Match reports whether the rule holds for a request.
func (a *AuthPath) Match(method, path string) bool {
	if len(a.Methods) == 0 {
		return a.Path.Match(path)
	}
	for _, m := range a.Methods {
		if m == method {
			return a.Path.Match(path)
		}
	}
	return false
}

// PathOf returns the path of a request target (the :path header) without its
// query. plain is false if an upstream might read another path out of it: it
// has empty, "." or ".." segments, a backslash, a byte that is not visible ASCII, a
// fragment, or a percent-encoded byte that needs no encoding or hides one of
// those. No pattern can be trusted on such a path.
func PathOf(target string) (path string, plain bool) {
	path = target
	if i := strings.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	if path == "" || path[0] != '/' {
		return path, false
	}
	for i := 0; i < len(path); i++ {
		switch b := path[i]; {
		case b <= ' ' || b >= 0x7f || b == '\\' || b == '#':
			return path, false
		case b == '/' && ambiguousSegment(path[i+1:]):
			return path, false
		case b == '%' && !plainEscape(path[i+1:]):
			return path, false
		}
	}
	return path, true
}

// ambiguousSegment reports whether the segment that rest begins with is ".",
// "..", or empty with more to come. A matrix parameter does not hide it.
func ambiguousSegment(rest string) bool {
	dots := 0
	for dots < len(rest) && dots < 3 && rest[dots] == '.' {
		dots++
	}
	if dots == 3 {
		return false
	}
	ends := dots == len(rest)
	if dots == 0 {
		return !ends && rest[0] == '/'
	}
	return ends || rest[dots] == '/' || rest[dots] == ';'
}

// plainEscape reports whether the two digits after a percent sign encode a
// byte that must be encoded and that no server takes for a separator.
func plainEscape(rest string) bool {
	if len(rest) < 2 {
		return false
	}
	high, low := nibbles[rest[0]], nibbles[rest[1]]
	b := high<<4 | low
	return high|low <= 0xf && b >= ' ' && b != 0x7f && !isAlnum(b) && strings.IndexByte(`-._~/\%;`, b) < 0
}

// pathPattern checks the text of a Pattern.
func pathPattern(s string) string {
	if s == "" || s[0] != '/' {
		return `a path that begins with "/"`
	}
	probe := []byte(s) // wildcards and braces are no part of the path
	for i, b := range probe {
		if b == '*' || b == '{' || b == '}' {
			probe[i] = 'x'
		}
	}
	if path, plain := PathOf(string(probe)); !plain || len(path) != len(s) {
		return "a plain path in ASCII: no query, empty or dot segments, backslashes or needless percent-encoding"
	}
	for i, segment := range strings.Split(s[1:], "/") {
		last := i == strings.Count(s, "/")-1
		switch {
		case segment == "*" && last:
		case strings.ContainsRune(segment, '*'):
			return `"*" as the last segment only, such as "/v1/*"`
		case !strings.ContainsAny(segment, "{}"):
		case len(segment) < 3 || segment[0] != '{' || strings.IndexByte(segment, '}') != len(segment)-1 || strings.Count(segment, "{") != 1:
			return `braces around a whole segment only, such as "/v1/models/{model}"`
		}
	}
	return ""
}
