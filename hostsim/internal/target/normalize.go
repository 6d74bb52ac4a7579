package target

import (
	"slices"
	"strings"
)

// normalize is the canonical form of a path that begins with a slash, as the URL library
// of Chromium and so of Envoy has it. ok is false for a path with an escaped zero byte.
func normalize(path string) (normal string, ok bool) {
	escaped, ok := respell(dropParameters(path))
	if !ok {
		return "", false
	}
	return resolveDots(escaped), true
}

// dropParameters drops what follows a semicolon in the segments "." and ".." of a path.
func dropParameters(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		name, _, found := strings.Cut(segment, ";")
		if found && (name == "." || name == "..") {
			segments[i] = name
		}
	}
	return strings.Join(segments, "/")
}

// respell turns backslashes round, decodes what needs no escape, and escapes what does.
func respell(path string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		decoded, isEscape := unescape(path[i:])
		switch {
		case isEscape && decoded == 0:
			return "", false
		case isEscape && unreserved(decoded):
			out.WriteByte(decoded)
			i += 2
		case c == '\\':
			out.WriteByte('/')
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0:
			const digits = "0123456789ABCDEF"
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), true
}

// unescape reads the escape that text begins with.
func unescape(text string) (c byte, ok bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	high, low := hexDigit(text[1]), hexDigit(text[2])
	return byte(high<<4 | low), high >= 0 && low >= 0
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// unreserved are the characters that RFC 3986 never wants escaped.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// resolveDots takes "." and ".." out of a path. An empty segment counts as one.
func resolveDots(path string) string {
	segments := strings.Split(path, "/")[1:]
	kept := segments[:0]
	for i, segment := range segments {
		if segment != "." && segment != ".." {
			kept = append(kept, segment)
			continue
		}
		if segment == ".." {
			kept = kept[:max(len(kept)-1, 0)]
		}
		if i == len(segments)-1 {
			kept = append(kept, "") // the path ends with a slash
		}
	}
	return "/" + strings.Join(slices.Clip(kept), "/")
}
