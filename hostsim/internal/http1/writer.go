package http1

import (
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Framing is how the body of a message that is written is framed.
type Framing struct{ chunked bool }

// AppendRequest appends the head of a request. end says that no body follows.
func AppendRequest(dst []byte, m *header.Map, end bool) ([]byte, Framing) {
	method := m.Value(":method")
	dst = append(append(append(append(dst, method...), ' '), m.Value(":path")...), " HTTP/1.1\r\n"...)
	noBody := method == "GET" || method == "HEAD" || method == "DELETE" || method == "TRACE" || method == "CONNECT"
	return appendFields(dst, m, end, noBody && end, true)
}

// AppendResponse appends the head of a response. head says that it answers a HEAD
// request.
func AppendResponse(dst []byte, m *header.Map, end, head bool) ([]byte, Framing) {
	code := m.Value(":status")
	status, _ := strconv.Atoi(code)
	dst = append(append(append(append(dst, "HTTP/1.1 "...), code...), ' '), Reason(status)...)
	dst = append(dst, "\r\n"...)
	out, framing := appendFields(dst, m, end && !head, status < 200 || status == 204,
		status >= 200 && status != 204 && status != 304)
	if head {
		framing = Framing{} // it names the encoding of a body that does not come
	}
	return out, framing
}

func appendFields(dst []byte, m *header.Map, end, noLength, mayChunk bool) ([]byte, Framing) {
	framed := false
	for _, f := range m.Fields() {
		name := f.Name
		switch {
		case name == ":authority":
			name = "host"
		case name[0] == ':':
			continue
		case name == "content-length":
			framed = true
		}
		dst = append(append(dst, name...), ": "...)
		dst = append(append(dst, f.Value...), "\r\n"...)
	}
	var f Framing
	switch {
	case framed:
	case end && !noLength:
		dst = append(dst, "content-length: 0\r\n"...)
	case !end && mayChunk:
		dst = append(dst, "transfer-encoding: chunked\r\n"...)
		f.chunked = true
	}
	return append(dst, "\r\n"...), f
}

// AppendData appends a piece of a body, and its end if end.
func (f Framing) AppendData(dst, data []byte, end bool) []byte {
	if !f.chunked {
		return append(dst, data...)
	}
	if len(data) > 0 {
		dst = append(strconv.AppendInt(dst, int64(len(data)), 16), "\r\n"...)
		dst = append(append(dst, data...), "\r\n"...)
	}
	if end {
		dst = append(dst, "0\r\n\r\n"...)
	}
	return dst
}

// AppendTrailers ends a body with trailers. Without enable_trailers, which is Envoy's
// default for HTTP/1, they are dropped.
func (f Framing) AppendTrailers(dst []byte, m *header.Map, enabled bool) []byte {
	if !f.chunked {
		return dst
	}
	dst = append(dst, "0\r\n"...)
	if enabled {
		for _, field := range m.Fields() {
			dst = append(append(append(dst, field.Name...), ": "...), field.Value...)
			dst = append(dst, "\r\n"...)
		}
	}
	return append(dst, "\r\n"...)
}

// Reason is the phrase that Envoy puts behind a status.
func Reason(status int) string {
	if phrase, ok := reasons[status]; ok {
		return phrase
	}
	return "Unknown"
}

var reasons = map[int]string{}

func init() {
	for _, entry := range strings.Split(phrases, "\n") {
		code, phrase, _ := strings.Cut(entry, " ")
		status, _ := strconv.Atoi(code)
		reasons[status] = phrase
	}
}

// phrases are those of Envoy's CodeUtility::toString.
const phrases = `100 Continue
101 Switching Protocols
200 OK
201 Created
202 Accepted
203 Non-Authoritative Information
204 No Content
205 Reset Content
206 Partial Content
207 Multi-Status
208 Already Reported
226 IM Used
300 Multiple Choices
301 Moved Permanently
302 Found
303 See Other
304 Not Modified
305 Use Proxy
307 Temporary Redirect
308 Permanent Redirect
400 Bad Request
401 Unauthorized
402 Payment Required
403 Forbidden
404 Not Found
405 Method Not Allowed
406 Not Acceptable
407 Proxy Authentication Required
408 Request Timeout
409 Conflict
410 Gone
411 Length Required
412 Precondition Failed
413 Payload Too Large
414 URI Too Long
415 Unsupported Media Type
416 Range Not Satisfiable
417 Expectation Failed
421 Misdirected Request
422 Unprocessable Entity
423 Locked
424 Failed Dependency
426 Upgrade Required
428 Precondition Required
429 Too Many Requests
431 Request Header Fields Too Large
500 Internal Server Error
501 Not Implemented
502 Bad Gateway
503 Service Unavailable
504 Gateway Timeout
505 HTTP Version Not Supported
506 Variant Also Negotiates
507 Insufficient Storage
508 Loop Detected
510 Not Extended
511 Network Authentication Required`
