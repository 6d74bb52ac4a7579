package config

import "strings"

// Checks of single texts. Each returns what it wants, or "".

// name is a label that is safe in metrics, logs and headers.
func name(s string) string {
	const want = "letters, digits and . _ - @ / only"
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) && strings.IndexByte("._-@/", s[i]) < 0 {
			return want
		}
	}
	if s == "" {
		return "a name of " + want
	}
	return ""
}

func isAlnum(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9'
}

// visible is one line of printable ASCII.
func visible(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return "printable ASCII only"
		}
	}
	if s == "" {
		return "a name"
	}
	return ""
}

// optionalHeader is a header's name or nothing.
func optionalHeader(s string) string {
	if s == "" {
		return ""
	}
	return headerName(s)
}

// headerName is a header name (RFC 9110 token) in lower case, as HTTP/2 has it.
func headerName(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return "lower case: " + quote(strings.ToLower(s))
		}
		if !isAlnum(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return `a header name such as "x-api-key"`
		}
	}
	if s == "" {
		return `a header name such as "x-api-key"`
	}
	return ""
}

// responseHeader is the name of a header that the filter may put on answers.
func responseHeader(s string) string {
	switch s {
	case "connection", "content-encoding", "content-length", "content-type", "date", "keep-alive",
		"proxy-connection", "retry-after", "te", "trailer", "transfer-encoding", "upgrade":
		return "another header, this one belongs to the answer itself"
	}
	return headerName(s)
}

// headerValue is a header value; it may be empty.
func headerValue(s string) string {
	if s == "" {
		return ""
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return "no space at either end"
	}
	if visible(s) != "" {
		return "printable ASCII only, on one line"
	}
	return ""
}

// method is a request method as it stands in a request.
func method(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return `a method in capitals, such as "GET"`
		}
	}
	if s == "" {
		return `a method in capitals, such as "GET"`
	}
	return ""
}

// modelPattern is a model's name; a * may end it.
func modelPattern(s string) string {
	if i := strings.IndexByte(s, '*'); i >= 0 && i < len(s)-1 {
		return "* at the end only"
	}
	if visible(s) != "" {
		return `a model's name such as "gpt-4o*"`
	}
	return ""
}

// labelText is the text of a label: short, printable, fit for a log line.
func labelText(s string) string {
	if s == "" {
		return ""
	}
	return visible(s)
}

// ownPath is the path of a page of the filter's own, or "" for none.
func ownPath(s string) string {
	if s == "" {
		return ""
	}
	if want := pathPattern(s); want != "" {
		return want
	}
	if s == "/" || strings.ContainsAny(s, "*{") || s[len(s)-1] == '/' {
		return `a plain path without a slash at the end, such as "/api/spark"`
	}
	return ""
}
