package http1

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// methods are those that Envoy takes. It has no M-SEARCH, but its name without the dash.
var methods = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY
		MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT REBIND REPORT SEARCH
		SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`) {
		methods[name] = true
	}
}

// requestLine reads the first line of a request. Words may have several blanks between
// them; a line without a version is HTTP/0.9.
func requestLine(line string) (method, target, version string, err error) {
	words := strings.FieldsFunc(line, isBlank)
	if len(words) == 2 {
		words = append(words, "HTTP/0.9")
	}
	if len(words) != 3 || isBlank(rune(line[0])) || !methods[words[0]] ||
		!validTarget(words[1], words[0] == "CONNECT") {
		return "", "", "", malformed("http1.codec_error")
	}
	return words[0], words[1], words[2], nil
}

func isBlank(c rune) bool { return c == ' ' || c == '\t' }

// minor is 1 for HTTP/1.1, and 0 for any other version, which counts as HTTP/1.0.
func minor(version string) (int, error) {
	digits, ok := strings.CutPrefix(version, "HTTP/")
	if !ok || len(digits) != 3 || !isDigit(digits[0]) || digits[1] != '.' || !isDigit(digits[2]) {
		return 0, malformed("http1.codec_error")
	}
	if version == "HTTP/1.1" {
		return 1, nil
	}
	return 0, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// validTarget is what Envoy's parser wants of a target: a path, or else a host, with a
// scheme in front of it unless the method is CONNECT. Control characters are found later.
func validTarget(target string, connect bool) bool {
	for i := range len(target) {
		if target[i] >= 0x80 {
			return false
		}
	}
	if target[0] == '/' || target[0] == '*' {
		return true
	}
	if !connect {
		scheme, rest, found := strings.Cut(target, "://")
		if !found || !isLetter(target[0]) {
			return false
		}
		for i := range len(scheme) {
			if c := scheme[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("+-.", c) < 0 {
				return false
			}
		}
		target = rest
	}
	host := target
	if end := strings.IndexAny(target, "/?"); end >= 0 {
		host = target[:end]
	}
	for i := range len(host) {
		if c := host[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("!$%&'()*+,-.:;=@[]_~", c) < 0 {
			return false
		}
	}
	return !strings.Contains(host, "@@")
}

// setTarget makes :path, and of a target that names a host :authority and :scheme.
func setTarget(m *header.Map, method, target string) error {
	if strings.IndexFunc(target, func(c rune) bool { return c < ' ' || c == 0x7f }) >= 0 {
		return malformed("http1.invalid_characters")
	}
	switch {
	case method == "CONNECT":
		if _, port, ok := hostPort(target); !ok || port == "" {
			return malformed("http1.invalid_url")
		}
		m.Set(":authority", target)
		return nil
	case target[0] == '/' || method == "OPTIONS" && target == "*":
		m.Set(":path", target)
		return nil
	}
	scheme, rest, _ := strings.Cut(target, "://")
	path := "/"
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		rest, path = rest[:at], rest[at:]
	}
	if user, host, found := strings.Cut(rest, "@"); found && !strings.Contains(user, "@") {
		rest = host
	}
	if _, _, ok := hostPort(rest); !ok {
		return malformed("http1.invalid_url")
	}
	scheme = strings.ToLower(scheme)
	m.Set(":authority", rest)
	m.Set(":scheme", scheme)
	m.Set(":path", path)
	if scheme != "http" && scheme != "https" {
		return malformed("http1.invalid_scheme")
	}
	return nil
}

// hostPort cuts a host and its port, "" for none.
func hostPort(text string) (host, port string, ok bool) {
	host = text
	if at := strings.LastIndexByte(text, ':'); at > strings.LastIndexByte(text, ']') {
		host, port = text[:at], text[at+1:]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", false
		}
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return host, port, err == nil && address.Is6() && strings.HasSuffix(inner, "]")
	}
	for i := range len(host) {
		if c := host[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '.' {
			return "", "", false
		}
	}
	return host, port, host != ""
}
