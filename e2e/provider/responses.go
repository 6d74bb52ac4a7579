package provider

import "encoding/json"

// input is the input of the responses API: a string, or a list of items.
type input []message

// UnmarshalJSON accepts a string as one user message.
func (in *input) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*in = input{{Role: "user", Content: content(s)}}
		return nil
	}
	return json.Unmarshal(b, (*[]message)(in))
}

func (c *call) responses() {
	var q struct {
		Model  string `json:"model"`
		Input  input  `json:"input"`
		Stream bool   `json:"stream"`
	}
	if !c.decode(&q) {
		return
	}
	text := c.reply(lastUser(q.Input))
	in, out := tokensOf(q.Input), tokens(text)
	answer := func(status string, output []obj, usage any) obj {
		return obj{
			"id": c.id("resp_"), "object": "response", "created_at": c.now().Unix(), "status": status,
			"model": q.Model, "output": output, "usage": usage, "error": nil, "metadata": obj{},
			"parallel_tool_calls": true, "tool_choice": "auto", "tools": []obj{},
		}
	}
	item := func(status string, content []obj) obj {
		return obj{"type": "message", "id": c.id("msg_"), "status": status, "role": "assistant", "content": content}
	}
	part := obj{"type": "output_text", "text": text, "annotations": []obj{}}
	final := answer("completed", []obj{item("completed", []obj{part})}, obj{
		"input_tokens": in, "output_tokens": out, "total_tokens": in + out,
		"input_tokens_details":  obj{"cached_tokens": 0},
		"output_tokens_details": obj{"reasoning_tokens": 0},
	})
	if !q.Stream {
		c.json(final)
		return
	}
	r := responseStream{s: c.stream(), item: c.id("msg_")}
	r.event("response.created", obj{"response": answer("in_progress", []obj{}, nil)})
	r.event("response.output_item.added", obj{"output_index": 0, "item": item("in_progress", []obj{})})
	for _, piece := range pieces(text, c.sw.chunks) {
		r.part("response.output_text.delta", "delta", piece)
	}
	r.part("response.output_text.done", "text", text)
	r.event("response.output_item.done", obj{"output_index": 0, "item": item("completed", []obj{part})})
	r.event("response.completed", obj{"response": final})
}

// responseStream numbers the events of a streamed response.
type responseStream struct {
	s    *stream
	item string
	n    int
}

func (r *responseStream) event(name string, e obj) {
	e["type"], e["sequence_number"] = name, r.n
	r.n++
	r.s.event(name, e)
}

// part sends an event about the one text of the one item.
func (r *responseStream) part(name, key, text string) {
	r.event(name, obj{"item_id": r.item, "output_index": 0, "content_index": 0, key: text})
}
