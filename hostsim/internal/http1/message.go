package http1

import (
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Head is the head of a message.
type Head struct {
	Headers *header.Map
	// Minor is the 0 of HTTP/1.0 or the 1 of HTTP/1.1.
	Minor int
	// Close says that the connection ends after this message.
	Close bool
	// Body is how the body is framed.
	Body Body
	// Expect says that the client waits for a 100 response.
	Expect bool
}

// Request reads the head of a request. The error is io.EOF if the connection ended
// before one.
func (r *Reader) Request() (*Head, error) {
	raw, err := r.head()
	if err != nil {
		return nil, err
	}
	first, fields := lines(raw)
	method, rest, ok1 := strings.Cut(first, " ")
	target, version, ok2 := cutLast(rest, " ")
	if !ok1 || !ok2 || target == "" || !validName(method) || method == "" {
		return nil, malformed("http1.codec_error")
	}
	h := &Head{Headers: header.New(header.Request)}
	if h.Minor, err = minor(version); err != nil {
		return nil, err
	}
	if err := addFields(h.Headers, fields); err != nil {
		return nil, err
	}
	setTarget(h.Headers, target)
	h.Headers.Set(":method", method)
	return h, h.frameRequest()
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func minor(version string) (int, error) {
	switch version {
	case "HTTP/1.1":
		return 1, nil
	case "HTTP/1.0":
		return 0, nil
	}
	return 0, malformed("http1.codec_error")
}

// setTarget makes :path, and :authority of a target that names a host.
func setTarget(m *header.Map, target string) {
	if rest, ok := strings.CutPrefix(target, "http://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		m.Set(":authority", host)
		m.Set(":scheme", "http")
		target = "/" + path
	}
	m.Set(":path", target)
}

// frameRequest finds how the body is framed.
func (h *Head) frameRequest() error {
	m := h.Headers
	h.Close = wantsClose(m, h.Minor)
	h.Expect = strings.EqualFold(m.Value("expect"), "100-continue")
	length, hasLength := m.Get("content-length")
	encoding, hasEncoding := m.Get("transfer-encoding")
	switch {
	case hasEncoding && hasLength:
		return malformed("http1.content_length_and_chunked_not_allowed")
	case hasEncoding && !strings.EqualFold(encoding, "chunked"):
		return &ParseError{501, "http1.invalid_transfer_encoding"}
	case hasEncoding:
		h.Body = Body{kind: chunked}
	case hasLength:
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 || length[0] == '+' {
			return malformed("http1.codec_error")
		}
		h.Body = Body{kind: counted, left: n}
	}
	return nil
}

func wantsClose(m *header.Map, minor int) bool {
	keep := minor == 1
	for _, part := range strings.Split(m.Value("connection"), ",") {
		switch strings.ToLower(strings.TrimSpace(part)) {
		case "close":
			return true
		case "keep-alive":
			keep = true
		}
	}
	return !keep
}

// Response reads the head of a response to a request of the given method. Informational
// ones are returned like others.
func (r *Reader) Response(method string) (*Head, error) {
	raw, err := r.head()
	if err != nil {
		return nil, err
	}
	first, fields := lines(raw)
	version, rest, _ := strings.Cut(first, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 {
		return nil, malformed("http1.codec_error")
	}
	h := &Head{Headers: header.New(header.Response)}
	if h.Minor, err = minor(version); err != nil {
		return nil, err
	}
	h.Headers.Add(":status", code)
	if err := addFields(h.Headers, fields); err != nil {
		return nil, err
	}
	return h, h.frameResponse(status, method)
}

func (h *Head) frameResponse(status int, method string) error {
	m := h.Headers
	h.Close = wantsClose(m, h.Minor)
	length, hasLength := m.Get("content-length")
	_, hasEncoding := m.Get("transfer-encoding")
	switch {
	case method == "HEAD" || status == 204 || status == 304 || status < 200:
	case hasEncoding:
		h.Body = Body{kind: chunked}
	case hasLength:
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 {
			return malformed("http1.codec_error")
		}
		h.Body = Body{kind: counted, left: n}
	default:
		h.Body, h.Close = Body{kind: untilClose}, true
	}
	return nil
}
