package respcache

import (
	"strings"
	"testing"
)

// Answers as the providers end them.
var goodAnswers = map[string]Response{
	"OpenAI chat":       {ContentType: "application/json", Body: []byte(`{"id":"c","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"total_tokens":3}}`)},
	"OpenAI responses":  {ContentType: "application/json; charset=utf-8", Body: []byte(`{"status":"completed","error":null,"output":[]}`)},
	"Anthropic":         {ContentType: "application/json", Body: []byte(`{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}`)},
	"problem JSON type": {ContentType: "application/x.y+json", Body: []byte(`[{"candidates":[]}]`)},
	"OpenAI chat stream": {ContentType: "text/event-stream", Body: []byte("data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n" +
		": keep-alive\n\ndata: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n")},
	"OpenAI chat stream with CRLF": {ContentType: "Text/Event-Stream;charset=utf-8", Body: []byte("data:{\"choices\":[]}\r\n\r\ndata:[DONE]\r\n\r\n")},
	"OpenAI responses stream": {ContentType: "text/event-stream", Body: []byte("event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"error\":null}}\n\n" +
		"event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n")},
	"Anthropic stream": {ContentType: "text/event-stream", Body: []byte("event: message_start\ndata: {\"type\":\"message_start\"}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n" +
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")},
	"Gemini stream": {ContentType: "text/event-stream", Body: []byte("data: {\"candidates\":[{\"content\":{}}]}\r\n\r\n" +
		"data: {\"candidates\":[{\"content\":{},\"finishReason\":\"STOP\"}],\"usageMetadata\":{}}\r\n\r\n")},
}

func good(r Response) *Response {
	r.Status, r.ContentLength, r.Ended = 200, -1, true
	r.Control = Parse()
	return &r
}

func TestGoodAnswers(t *testing.T) {
	for name, r := range goodAnswers {
		stream, refusal := good(r).judge()
		if refusal != Kept || stream != strings.Contains(name, "stream") {
			t.Errorf("%s: stream %v, refused: %q", name, stream, refusal)
		}
	}
}

// TestEveryCutIsSeen: no beginning of a good answer is a good answer, even when
// the upstream ended it in good order.
func TestEveryCutIsSeen(t *testing.T) {
	for name, answer := range goodAnswers {
		for n := range answer.Body {
			r := good(answer)
			r.Body = answer.Body[:n]
			if _, refusal := r.judge(); refusal == Kept {
				t.Errorf("%s: the first %d bytes of %d were kept: %q", name, n, len(answer.Body), r.Body)
			}
		}
	}
}

func TestRefusedAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     string
		change func(*Response)
		want   Refusal
	}{
		{"201", "OpenAI chat", func(r *Response) { r.Status = 201 }, Status},
		{"304", "OpenAI chat", func(r *Response) { r.Status = 304 }, Status},
		{"500", "OpenAI chat", func(r *Response) { r.Status = 500 }, Status},
		{"gzip", "OpenAI chat", func(r *Response) { r.ContentEncoding = "gzip" }, Encoding},
		{"brotli", "Anthropic stream", func(r *Response) { r.ContentEncoding = "br" }, Encoding},
		{"identity", "OpenAI chat", func(r *Response) { r.ContentEncoding = "Identity" }, Kept},
		{"reset", "OpenAI chat", func(r *Response) { r.Ended = false }, Truncated},
		{"reset after the last event", "OpenAI chat stream", func(r *Response) { r.Ended = false }, Truncated},
		{"shorter than declared", "OpenAI chat", func(r *Response) { r.ContentLength = int64(len(r.Body)) + 1 }, Truncated},
		{"longer than declared", "OpenAI chat", func(r *Response) { r.ContentLength = 1 }, Truncated},
		{"as declared", "OpenAI chat", func(r *Response) { r.ContentLength = int64(len(r.Body)) }, Kept},
		{"no type", "OpenAI chat", func(r *Response) { r.ContentType = "" }, MediaType},
		{"HTML", "OpenAI chat", func(r *Response) { r.ContentType = "text/html" }, MediaType},
		{"Bedrock's binary stream", "OpenAI chat", func(r *Response) { r.ContentType = "application/vnd.amazon.eventstream" }, MediaType},
		{"an empty body", "OpenAI chat", func(r *Response) { r.Body = nil }, Truncated},
		{"an empty stream", "OpenAI chat stream", func(r *Response) { r.Body = nil }, Truncated},
		{"an error as 200", "OpenAI chat", func(r *Response) { r.Body = []byte(`{"error":{"message":"overloaded"}}`) }, Failed},
		{"work not done", "OpenAI responses", func(r *Response) { r.Body = []byte(`{"status":"in_progress"}`) }, Failed},
		{"an error in a stream", "OpenAI chat stream", func(r *Response) {
			r.Body = append([]byte("data: {\"error\":{\"message\":\"x\"}}\n\n"), r.Body...)
		}, Failed},
		{"Anthropic's error event", "Anthropic stream", func(r *Response) {
			r.Body = append([]byte("event: error\ndata: {\"type\":\"error\"}\n\n"), r.Body...)
		}, Failed},
		{"an error event without data", "Anthropic stream", func(r *Response) { r.Body = append([]byte("event: error\n\n"), r.Body...) }, Failed},
		{"a failed response", "OpenAI responses stream", func(r *Response) {
			r.Body = []byte("event: response.failed\ndata: {\"type\":\"response.failed\"}\n\n")
		}, Failed},
		{"an event that is no JSON", "OpenAI chat stream", func(r *Response) { r.Body = append([]byte("data: {\n\n"), r.Body...) }, Failed},
		{"more after the end", "Anthropic stream", func(r *Response) { r.Body = append(r.Body, "event: ping\ndata: {}\n\n"...) }, Truncated},
		{"two answers", "OpenAI chat", func(r *Response) { r.Body = append(r.Body, r.Body...) }, Truncated},
	} {
		r := good(goodAnswers[c.of])
		r.Body = append([]byte(nil), r.Body...)
		c.change(r)
		if _, got := r.judge(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzJudge: any body is judged; a stream is cut into events without loss or
// delay, and cutting its last byte off never makes a good one.
func FuzzJudge(f *testing.F) {
	for _, r := range goodAnswers {
		f.Add(r.Body)
	}
	f.Add([]byte("event\n\ndata\n\n\r\r\n\n:"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, media := range []string{"application/json", "text/event-stream"} {
			r := good(Response{ContentType: media, Body: body})
			if _, refusal := r.judge(); refusal == Kept && media == "text/event-stream" {
				r.Body = body[:len(body)-1]
				if last := body[len(body)-1]; last != '\n' && last != '\r' {
					t.Fatalf("%q is kept though its last event is not ended", body)
				}
			}
		}
		events := 0
		for rest := body; len(rest) > 0; events++ {
			before := len(rest)
			if _, rest = nextEvent(rest); len(rest) >= before {
				t.Fatalf("%q: stuck at %q", body, rest)
			}
		}
	})
}

// TestForesee: what is foreseen from the headers is what Put says in the end, or
// nothing; and nothing good is given up.
func TestForesee(t *testing.T) {
	c, _ := newCache(t, settings())
	for name, r := range goodAnswers {
		if got := c.Foresee(Parse(), good(r)); got != Kept {
			t.Errorf("%s: %q", name, got)
		}
	}
	chat := goodAnswers["OpenAI chat"]
	for _, step := range []struct {
		request string
		change  func(*Response)
		want    Refusal
	}{
		{"", func(r *Response) { r.Status = 429 }, Status},
		{"", func(r *Response) { r.ContentEncoding = "gzip" }, Encoding},
		{"", func(r *Response) { r.ContentType = "text/html" }, MediaType},
		{"", func(r *Response) { r.Control = Parse("no-store") }, Directive},
		{"no-store", func(*Response) {}, Directive},
		{"", func(r *Response) { r.ContentLength = 1 << 20; r.Body = make([]byte, 1<<20) }, TooLarge},
	} {
		r := good(chat)
		step.change(r)
		if got := c.Foresee(Parse(step.request), r); got != step.want {
			t.Errorf("foreseen %q, want %q", got, step.want)
		}
		if c.Put(question(t, 1), "alice", Parse(step.request), r, start, start) == Kept {
			t.Errorf("%q, and kept in the end", step.want)
		}
	}
}
