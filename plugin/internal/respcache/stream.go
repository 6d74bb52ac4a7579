package respcache

import "bytes"

// judgeStream wants the event that each provider ends a good stream with at the
// end, and none that reports an error.
func judgeStream(body []byte) Refusal {
	verdict, reader := Truncated, newReader()
	if bytes.HasSuffix(body, []byte("\r")) {
		return Truncated // half of a line's end, as all providers write it
	}
	for rest := body; len(rest) > 0; {
		var e event
		if e, rest = nextEvent(rest); !e.whole {
			return Truncated
		}
		if len(e.data) == 0 && len(e.name) == 0 {
			continue // a comment that keeps the connection open
		}
		if verdict = e.judge(reader); verdict == Failed {
			return Failed
		}
	}
	return verdict
}

// event is one event of a stream. data is its first data line: the providers
// never use more.
type event struct {
	name, data []byte
	whole      bool // ended by an empty line
}

// nextEvent cuts one event off a stream (WHATWG HTML, section 9.2.6).
func nextEvent(stream []byte) (e event, rest []byte) {
	for len(stream) > 0 {
		i := 0
		for i < len(stream) && stream[i] != '\r' && stream[i] != '\n' {
			i++
		}
		if i == len(stream) {
			return e, nil
		}
		line, after := stream[:i], stream[i+1:]
		if stream[i] == '\r' && len(after) > 0 && after[0] == '\n' {
			after = after[1:]
		}
		stream = after
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(line) == 0:
			e.whole = true
			return e, stream
		case string(field) == "event":
			e.name = value
		case string(field) == "data" && len(e.data) == 0:
			e.data = value
		}
	}
	return e, nil
}

// judge returns Kept for an event that ends a good stream, Failed for one that
// reports an error, and Truncated for one that more must follow.
func (e *event) judge(r *reader) Refusal {
	if string(e.data) == "[DONE]" { // OpenAI's chat and completions
		return Kept
	}
	top, err := r.read(e.data)
	if err != nil && len(e.data) > 0 {
		return Failed
	}
	if top.kind == "" {
		top.kind = string(e.name)
	}
	switch top.kind {
	case "message_stop", "response.completed": // Anthropic, OpenAI's Responses API
		return Kept
	case "error", "response.failed", "response.incomplete":
		return Failed
	}
	switch {
	case top.failed:
		return Failed
	case top.finished:
		return Kept
	}
	return Truncated
}
