package provider

import "net/http"

// messagesRequest is the part of an Anthropic messages request that matters
// here.
type messagesRequest struct {
	Model     string    `json:"model"`
	MaxTokens int       `json:"max_tokens"`
	System    content   `json:"system"`
	Messages  []message `json:"messages"`
	Stream    bool      `json:"stream"`
}

func (q *messagesRequest) tokens() int { return tokens(string(q.System)) + tokensOf(q.Messages) }

func (c *call) messages() {
	var q messagesRequest
	if !c.decode(&q) {
		return
	}
	if q.MaxTokens < 1 || len(q.Messages) == 0 {
		c.fail(http.StatusBadRequest, "messages, max_tokens: want at least one message and one token")
		return
	}
	text := c.reply(lastUser(q.Messages))
	if q.Stream {
		c.messagesStream(q, text)
		return
	}
	m := c.message(q, tokens(text))
	m["content"] = []obj{{"type": "text", "text": text}}
	m["stop_reason"] = "end_turn"
	c.json(m)
}

// message is the message object without its text.
func (c *call) message(q messagesRequest, out int) obj {
	return obj{
		"id": c.id("msg_"), "type": "message", "role": "assistant", "model": q.Model,
		"content": []obj{}, "stop_reason": nil, "stop_sequence": nil,
		"usage": obj{"input_tokens": q.tokens(), "output_tokens": out},
	}
}

func (c *call) messagesStream(q messagesRequest, text string) {
	s := c.stream()
	event := func(name string, e obj) {
		e["type"] = name
		s.event(name, e)
	}
	event("message_start", obj{"message": c.message(q, 1)})
	event("content_block_start", obj{"index": 0, "content_block": obj{"type": "text", "text": ""}})
	event("ping", obj{})
	for _, piece := range pieces(text, c.sw.chunks) {
		event("content_block_delta", obj{"index": 0, "delta": obj{"type": "text_delta", "text": piece}})
	}
	event("content_block_stop", obj{"index": 0})
	event("message_delta", obj{
		"delta": obj{"stop_reason": "end_turn", "stop_sequence": nil},
		"usage": obj{"output_tokens": tokens(text)},
	})
	event("message_stop", obj{})
}

func (c *call) countTokens() {
	var q messagesRequest
	if c.decode(&q) {
		c.json(obj{"input_tokens": q.tokens()})
	}
}
