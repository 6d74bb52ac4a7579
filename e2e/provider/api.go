package provider

import (
	"encoding/json"
	"net/http"
	"strings"
)

// api tells the two families apart, which differ in headers and error bodies.
type api uint8

const (
	openAI api = iota
	anthropic
)

func apiOf(path string) api {
	if path == "/v1/messages" || strings.HasPrefix(path, "/v1/messages/") {
		return anthropic
	}
	return openAI
}

// requestIDHeader is the response header in which the family's SDK looks for
// the id of the request.
func (a api) requestIDHeader() string {
	if a == anthropic {
		return "request-id"
	}
	return "x-request-id"
}

// fail answers with an error body of the called API.
func (c *call) fail(status int, message string) {
	c.head("application/json")
	c.w.WriteHeader(status)
	var body any
	if c.api == anthropic {
		body = map[string]any{
			"type":       "error",
			"error":      map[string]any{"type": anthropicErrorType(status), "message": message},
			"request_id": c.id("req_"),
		}
	} else {
		body = map[string]any{"error": map[string]any{
			"message": message, "type": openAIErrorType(status), "param": nil, "code": nil,
		}}
	}
	json.NewEncoder(c.w).Encode(body)
}

// openAIErrorType is OpenAI's error type of a status, from its API reference.
func openAIErrorType(status int) string {
	switch {
	case status == http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// anthropicErrorType is Anthropic's error type of a status, from its API
// reference.
func anthropicErrorType(status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 413:
		return "request_too_large"
	case 429:
		return "rate_limit_error"
	case 529:
		return "overloaded_error"
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

// content is a text, or a list of parts of which the texts count; both
// families write it so.
type content string

// UnmarshalJSON accepts a string, null, or a list of parts with a text member.
func (t *content) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = content(s)
		return nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	var all []string
	for _, p := range parts {
		if p.Text != "" {
			all = append(all, p.Text)
		}
	}
	*t = content(strings.Join(all, " "))
	return nil
}

// message is one turn of a chat.
type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// lastUser is the text of the last user turn, or "" without one.
func lastUser(ms []message) string {
	for i := len(ms) - 1; i >= 0; i-- {
		if ms[i].Role == "user" {
			return string(ms[i].Content)
		}
	}
	return ""
}

// tokens counts words, which stands in for tokens and can be checked by eye.
func tokens(s string) int { return len(strings.Fields(s)) }

// tokensOf counts the words of all turns.
func tokensOf(ms []message) int {
	n := 0
	for _, m := range ms {
		n += tokens(string(m.Content))
	}
	return n
}

// reply is the answer to a text.
func (c *call) reply(text string) string {
	return "You said: " + text + strings.Repeat("x", c.sw.pad)
}
