package provider

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
)

// obj is a JSON object in an answer.
type obj = map[string]any

func (c *call) models() {
	var list []obj
	for _, id := range []string{"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"} {
		list = append(list, obj{"id": id, "object": "model", "created": c.now().Unix(), "owned_by": "demo"})
	}
	c.json(obj{"object": "list", "data": list})
}

// chatRequest is the part of a chat completion request that matters here.
type chatRequest struct {
	Model         string    `json:"model"`
	Messages      []message `json:"messages"`
	Stream        bool      `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

func (c *call) chat() {
	var q chatRequest
	if !c.decode(&q) {
		return
	}
	if len(q.Messages) == 0 {
		c.fail(http.StatusBadRequest, "messages: want at least one")
		return
	}
	text := c.reply(lastUser(q.Messages))
	if q.Stream {
		c.chatStream(q, text)
		return
	}
	c.json(obj{
		"id": c.id("chatcmpl-"), "object": "chat.completion", "created": c.now().Unix(), "model": q.Model,
		"choices": []obj{{
			"index": 0, "finish_reason": "stop", "logprobs": nil,
			"message": obj{"role": "assistant", "content": text, "refusal": nil},
		}},
		"usage": usage(tokensOf(q.Messages), tokens(text)),
	})
}

func (c *call) chatStream(q chatRequest, text string) {
	s := c.stream()
	chunk := func(choices []obj, use any) {
		e := obj{
			"id": c.id("chatcmpl-"), "object": "chat.completion.chunk", "created": c.now().Unix(),
			"model": q.Model, "choices": choices,
		}
		if q.StreamOptions.IncludeUsage {
			e["usage"] = use
		}
		s.event("", e)
	}
	for i, piece := range pieces(text, c.sw.chunks) {
		delta := obj{"content": piece}
		if i == 0 {
			delta["role"] = "assistant"
		}
		chunk([]obj{{"index": 0, "delta": delta, "finish_reason": nil}}, nil)
	}
	chunk([]obj{{"index": 0, "delta": obj{}, "finish_reason": "stop"}}, nil)
	if q.StreamOptions.IncludeUsage {
		chunk([]obj{}, usage(tokensOf(q.Messages), tokens(text)))
	}
	s.event("", "[DONE]")
}

// usage is OpenAI's usage object of the chat and completions endpoints.
func usage(prompt, completion int) obj {
	return obj{"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
}

func (c *call) completions() {
	var q struct {
		Model  string `json:"model"`
		Prompt list   `json:"prompt"`
		Stream bool   `json:"stream"`
	}
	if !c.decode(&q) {
		return
	}
	var choices []obj
	in, out := 0, 0
	for i, p := range q.Prompt {
		text := c.reply(p)
		in, out = in+tokens(p), out+tokens(text)
		choices = append(choices, obj{"index": i, "text": text, "finish_reason": "stop", "logprobs": nil})
	}
	answer := obj{
		"id": c.id("cmpl-"), "object": "text_completion", "created": c.now().Unix(), "model": q.Model,
		"choices": choices, "usage": usage(in, out),
	}
	if !q.Stream {
		c.json(answer)
		return
	}
	s := c.stream()
	s.event("", answer)
	s.event("", "[DONE]")
}

// list is a string or a list of strings.
type list []string

// UnmarshalJSON accepts "a" as well as ["a", "b"].
func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

func (c *call) embeddings() {
	var q struct {
		Model    string `json:"model"`
		Input    list   `json:"input"`
		Encoding string `json:"encoding_format"`
	}
	if !c.decode(&q) {
		return
	}
	var data []obj
	n := 0
	for i, text := range q.Input {
		n += tokens(text)
		var e any = embed(text)
		if q.Encoding == "base64" {
			e = encodeFloats(embed(text))
		}
		data = append(data, obj{"object": "embedding", "index": i, "embedding": e})
	}
	c.json(obj{
		"object": "list", "model": q.Model, "data": data,
		"usage": obj{"prompt_tokens": n, "total_tokens": n},
	})
}

// embed makes four numbers out of a text: shares of its bytes by their two
// lowest bits. Equal texts have equal embeddings.
func embed(text string) []float32 {
	v := make([]float32, 4)
	for i := range len(text) {
		v[text[i]&3] += 1 / float32(len(text))
	}
	return v
}

// encodeFloats is the form of encoding_format base64: little-endian float32.
func encodeFloats(v []float32) string {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}
