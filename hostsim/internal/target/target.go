// Package target brings the paths of requests into one spelling, as Envoy's HTTP
// connection manager does before anything else looks at them.
package target

import "strings"

// Slashes says what becomes of a path with escaped slashes: %2F and %5C.
type Slashes int

// In the order of Envoy's path_with_escaped_slashes_action, whose unset value keeps them.
const (
	Keep     Slashes = iota
	Reject           // the request is refused
	Redirect         // the client is sent to the path without escapes
	Forward          // they are decoded and the request goes on
)

// Rules are the options of the connection manager. The zero Rules change nothing.
type Rules struct {
	Normalize bool // normalize_path
	Merge     bool // merge_slashes
	Slashes   Slashes
}

// Verdict is what becomes of a request after its path was looked at.
type Verdict int

// Accept lets it go on, Refuse answers 400, Elsewhere sends the client to the new path.
const (
	Accept Verdict = iota
	Refuse
	Elsewhere
)

// Apply rewrites a request target: a path with what follows a "?", which stays as it is.
// A fragment is refused whatever the rules. A refused target comes back as far as it was
// rewritten.
func (r Rules) Apply(target string) (string, Verdict) {
	if strings.Contains(target, "#") {
		return target, Refuse
	}
	path, query := target, ""
	if at := strings.IndexByte(target, '?'); at >= 0 {
		path, query = target[:at], target[at:]
	}
	verdict := Accept
	if decoded := unescapeSlashes.Replace(path); r.Slashes != Keep && decoded != path {
		path = decoded
		switch r.Slashes {
		case Reject:
			return path + query, Refuse
		case Redirect:
			verdict = Elsewhere
		}
	}
	if r.Normalize {
		normal, ok := normalize(path)
		if !ok {
			return path + query, Refuse
		}
		path = normal
	}
	if r.Merge {
		path = mergeSlashes(path)
	}
	return path + query, verdict
}

var unescapeSlashes = strings.NewReplacer("%2F", "/", "%2f", "/", "%5C", `\`, "%5c", `\`)

// mergeSlashes leaves one slash where there are several. As in Envoy a path of nothing
// else keeps two.
func mergeSlashes(path string) string {
	if !strings.Contains(path, "//") {
		return path
	}
	words := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	merged := strings.Join(words, "/")
	if strings.HasPrefix(path, "/") {
		merged = "/" + merged
	}
	if strings.HasSuffix(path, "/") {
		merged += "/"
	}
	return merged
}
