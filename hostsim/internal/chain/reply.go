package chain

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// NoGRPCStatus is a reply's GRPCStatus when there is none.
const NoGRPCStatus = -1

// Reply is an answer made by the proxy instead of an upstream.
type Reply struct {
	Code       int
	Body       string
	Headers    []header.Field // added to the answer
	Type       string         // content type of the body, if no header says it; "" is text/plain
	GRPCStatus int            // NoGRPCStatus for none
	Details    string         // response code details
}

// encode makes the headers and the body of the answer, as Envoy's
// Http::Utility::prepareLocalReply does.
func (r Reply) encode(isGRPC, isHead bool) (*header.Map, string) {
	h := header.New(header.Response)
	h.Add(":status", strconv.Itoa(r.Code))
	for _, f := range r.Headers {
		h.Add(f.Name, f.Value)
	}
	if isGRPC {
		r.encodeGRPC(h, isHead)
		return h, ""
	}
	if r.Body == "" {
		h.Remove("content-length")
		h.Remove("content-type")
		return h, ""
	}
	h.Set("content-length", strconv.Itoa(len(r.Body)))
	if _, ok := h.Get("content-type"); !ok {
		h.Set("content-type", cmp.Or(r.Type, "text/plain"))
	}
	return h, r.Body
}

func (r Reply) encodeGRPC(h *header.Map, isHead bool) {
	h.Set(":status", "200")
	h.Set("content-type", "application/grpc")
	if h.Value("grpc-status") == "" {
		status := r.GRPCStatus
		if status == NoGRPCStatus {
			status = GRPCStatus(r.Code)
		}
		h.Set("grpc-status", strconv.Itoa(status))
	}
	message := r.Body
	if r.Type == "application/json" {
		message = strings.TrimSuffix(message, "\n") // as in Envoy, whose JSON ends with one
	}
	if message != "" && !isHead {
		h.Set("grpc-message", percentEncode(message))
	}
	h.Remove("content-length")
}

// GRPCStatus is the gRPC status of an HTTP status, from the gRPC specification.
func GRPCStatus(code int) int {
	switch code {
	case 400:
		return 13
	case 401:
		return 16
	case 403:
		return 7
	case 404:
		return 12
	case 429, 502, 503, 504:
		return 14
	}
	return 2
}

// percentEncode encodes a message for the grpc-message header: everything outside
// space to ~, and the percent sign itself.
func percentEncode(s string) string {
	const digits = "0123456789ABCDEF"
	var out []byte
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= '~' || c == '%' {
			out = append(out, '%', digits[c>>4], digits[c&15])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}
