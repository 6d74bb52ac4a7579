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
	method, target, version, err := requestLine(first)
	if err != nil {
		return nil, err
	}
	h := &Head{Headers: header.New(header.Request)}
	if h.Minor, err = minor(version); err != nil {
		return nil, err
	}
	if err := addFields(h.Headers, fields); err != nil {
		return nil, err
	}
	if !validAuthority(h.Headers.Value(":authority")) {
		return nil, malformed("http.invalid_authority")
	}
	if err := setTarget(h.Headers, method, target); err != nil {
		return nil, err
	}
	h.Headers.Set(":method", method)
	return h, h.frameRequest()
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
	case m.Value(":method") == "CONNECT":
		h.Body = Body{kind: untilClose}
	case hasLength:
		return h.countBody(length)
	}
	return nil
}

// countBody takes the value of content-length. Several values are joined by a comma and
// so refused, equal ones too.
func (h *Head) countBody(length string) error {
	n, err := strconv.ParseUint(length, 10, 63)
	if err != nil {
		return malformed("http1.codec_error")
	}
	h.Body = Body{kind: counted, left: int64(n)}
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
	if err != nil || len(code) < 3 || !isDigit(code[0]) { // Envoy takes longer ones
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
	encoding, hasEncoding := m.Get("transfer-encoding")
	switch {
	case hasEncoding && (hasLength || !strings.EqualFold(encoding, "chunked")):
		return malformed("http1.codec_error")
	case method == "HEAD" || status == 204 || status == 304 || status < 200:
	case hasEncoding:
		h.Body = Body{kind: chunked}
	case hasLength:
		return h.countBody(length)
	default:
		h.Body, h.Close = Body{kind: untilClose}, true
	}
	return nil
}
