package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hidden are response headers of the host's own making, or of the connection;
// they differ between hosts by nature, and no part of the filter makes them.
var hidden = []string{"connection", "content-length", "date", "keep-alive", "server", "trailer",
	"transfer-encoding", "x-envoy-upstream-service-time"}

// securityHeaders are the filter's defaults. Six lines on each answer would
// hide the rest of the transcript, so they are shown as one when all are there.
var securityHeaders = map[string]string{
	"content-security-policy":   "default-src 'none'; frame-ancestors 'none'",
	"permissions-policy":        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()",
	"referrer-policy":           "no-referrer",
	"strict-transport-security": "max-age=31536000; includeSubDomains",
	"x-content-type-options":    "nosniff",
	"x-frame-options":           "DENY",
}

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

var (
	uuidPattern = regexp.MustCompile(uuid)
	timePattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	portPattern = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// show is the transcript of an answer.
func (a answer) show(d delivery) []string {
	if d.brief || a.status == 0 {
		return []string{a.brief()}
	}
	out := []string{strconv.Itoa(a.status)}
	out = append(out, headerLines(a.header)...)
	id := a.header.Get("x-request-id")
	body := a.body
	if uuidPattern.MatchString(id) {
		body = strings.ReplaceAll(body, id, "<id>")
	}
	out = append(out, a.bodyLines(body, d.show)...)
	for _, name := range names(a.trailer) {
		out = append(out, "(trailer) "+name+": "+strings.Join(a.trailer[http.CanonicalHeaderKey(name)], " | "))
	}
	return out
}

func (a answer) bodyLines(body, show string) []string {
	switch {
	case a.cut:
		// how much arrives before a cut is a matter of luck
		return []string{"", "(cut)"}
	case body == "":
		return nil
	case strings.HasPrefix(a.header.Get("content-type"), "text/plain") && a.status >= 400:
		return []string{"", "(the host's own text)"}
	}
	body = volatile.ReplaceAllString(body, `"$1$2":<n>`)
	out := []string{""}
	for _, l := range strings.Split(strings.TrimRight(body, "\n"), "\n") {
		if strings.Contains(l, show) {
			out = append(out, shorten(l))
		}
	}
	return out
}

// headerLines are the headers in order of their names.
func headerLines(h http.Header) []string {
	var out []string
	collapse := len(securityHeaders) > 0
	for name, value := range securityHeaders {
		collapse = collapse && slices.Equal(h.Values(name), []string{value})
	}
	if collapse {
		out = append(out, "(security headers)")
	}
	for _, name := range names(h) {
		if slices.Contains(hidden, name) || collapse && securityHeaders[name] != "" {
			continue
		}
		for _, v := range h[http.CanonicalHeaderKey(name)] {
			switch {
			case name == "x-request-id" || name == "request-id":
				v = uuidPattern.ReplaceAllString(v, "<id>")
			case strings.HasSuffix(name, "-reset"):
				v = timePattern.ReplaceAllString(v, "<time>")
			}
			out = append(out, name+": "+v)
		}
	}
	return out
}

// names are the header names in lower case, sorted.
func names(h http.Header) []string {
	var out []string
	for name := range h {
		out = append(out, strings.ToLower(name))
	}
	slices.Sort(out)
	return out
}

// longest is the longest line shown whole, in bytes.
const longest = 1200

// shorten keeps both ends of a long line and tells its length.
func shorten(line string) string {
	if len(line) <= longest {
		return line
	}
	return fmt.Sprintf("%s … (%d bytes) … %s", strings.ToValidUTF8(line[:120], ""), len(line),
		strings.ToValidUTF8(line[len(line)-80:], ""))
}

// volatile are members of the filter's own pages that differ from run to run.
var volatile = regexp.MustCompile(`"(uptime_seconds|memory_bytes)":\d+|"(version)":"[^"]*"`)

// normalAudit replaces what differs from run to run in an audit line.
func normalAudit(line string) string {
	return portPattern.ReplaceAllString(uuidPattern.ReplaceAllString(line, "<id>"), "127.0.0.1:<port>")
}

// normalLog replaces what differs from run to run in a log line.
func normalLog(line string) string { return normalAudit(line) }
