package guard

import (
	"strconv"
	"time"

	"github.com/sparkward/sparkward/plugin/internal/llm"
)

// refusal is a request turned away: a reason, a message that says what to
// change, and headers beyond the usual ones.
type refusal struct {
	reason  Reason
	message string
	headers [][2]string
	wait    time.Duration // for CircuitOpen, until the next probe
}

// refuse makes a refusal without extra headers.
//
//go:noinline
func refuse(reason Reason, message string) *refusal {
	return &refusal{reason: reason, message: message}
}

// reply writes the refusal in the shape that the SDK of the called API
// parses. The request id is in the headers and, where the API has room for
// it, in the body, so that a user can quote it.
func (f *refusal) reply(family llm.Family, requestID string) *Reply {
	c := classOf(f.reason)
	headers := [][2]string{
		{"content-type", "application/json"},
		{"cache-control", "no-store"},
	}
	if requestID != "" {
		headers = append(headers, [2]string{"x-request-id", requestID})
		if family == llm.Anthropic {
			headers = append(headers, [2]string{"request-id", requestID})
		}
	}
	headers = append(headers, f.headers...)
	return &Reply{Status: c.status, Headers: headers, Body: f.body(c, family, requestID)}
}

func (f *refusal) body(c class, family llm.Family, requestID string) []byte {
	b := make([]byte, 0, 192+len(f.message))
	switch family {
	case llm.Anthropic:
		b = appendField(b, `{"type":"error","error":{"type":`, c.anthropic)
		b = appendField(b, `,"message":`, f.message)
		b = appendField(b, `,"code":`, string(f.reason))
		b = appendField(b, `},"request_id":`, requestID)
		return append(b, '}')
	case llm.Gemini:
		b = append(b, `{"error":{"code":`...)
		b = strconv.AppendInt(b, int64(c.status), 10)
		b = appendField(b, `,"message":`, f.message)
		b = appendField(b, `,"status":`, c.gemini)
		b = appendField(b, `,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":`, string(f.reason))
		return append(b, `,"domain":"sparkward"}]}}`...)
	case llm.Bedrock:
		b = appendField(b, `{"message":`, f.message)
		b = appendField(b, `,"code":`, string(f.reason))
		return append(b, '}')
	}
	b = appendField(b, `{"error":{"message":`, f.message)
	b = appendField(b, `,"type":`, c.openai)
	b = append(b, `,"param":null`...)
	b = appendField(b, `,"code":`, string(f.reason))
	return append(b, "}}"...)
}

// appendField appends a JSON member whose key and punctuation are given.
//
//go:noinline
func appendField(b []byte, key, value string) []byte {
	return appendString(append(b, key...), value)
}
