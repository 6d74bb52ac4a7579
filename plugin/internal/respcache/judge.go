package respcache

import (
	"bytes"
	"strings"
)

// Response is what came back from the upstream.
type Response struct {
	Status          int
	ContentType     string
	ContentEncoding string
	// ContentLength is what the upstream declared, -1 for nothing.
	ContentLength int64
	// Ended says that the end of the body was seen, with no reset before it.
	Ended bool
	Body  []byte
	// Control is what its Cache-Control headers say.
	Control Directives
	// Used is what the upstream says it took, kept with the answer.
	Used Usage
}

// Usage counts the tokens of an answer.
type Usage struct{ Prompt, Completion int64 }

// Refusal says why a response is not kept; it is the value of a metric's label.
type Refusal string

// Reasons to keep no answer. Kept is none.
const (
	Kept      Refusal = ""
	Status    Refusal = "status"     // another status than 200
	Encoding  Refusal = "encoding"   // compressed
	MediaType Refusal = "media_type" // neither JSON nor an event stream
	Truncated Refusal = "truncated"  // cut off, or not what it declares
	Failed    Refusal = "failed"     // a 200 that reports an error, or work not done
	Directive Refusal = "directive"  // the client or the upstream does not want it
	TooLarge  Refusal = "too_large"  // more than one entry may have
	Purged    Refusal = "purged"     // a purge came after the request
	Contended Refusal = "contended"  // too many lost races
)

// judge says whether r is a complete good answer, and whether it is a stream.
func (r *Response) judge() (stream bool, refusal Refusal) {
	stream, refusal = r.judgeHead()
	switch {
	case refusal != Kept:
		return stream, refusal
	case !r.Ended || r.ContentLength >= 0 && r.ContentLength != int64(len(r.Body)):
		return stream, Truncated
	case stream:
		return stream, judgeStream(r.Body)
	}
	top, err := newReader().read(r.Body)
	switch {
	case err != nil:
		return stream, Truncated
	case top.failed || top.status != "" && top.status != "completed":
		return stream, Failed
	}
	return stream, Kept
}

// judgeHead says what can be said before the body has come.
func (r *Response) judgeHead() (stream bool, refusal Refusal) {
	media, _, _ := strings.Cut(r.ContentType, ";")
	media = strings.Trim(media, " \t")
	stream = strings.EqualFold(media, "text/event-stream")
	switch {
	case r.Status != 200:
		return stream, Status
	case r.ContentEncoding != "" && !strings.EqualFold(r.ContentEncoding, "identity"):
		return stream, Encoding
	case !stream && !isJSON(media):
		return stream, MediaType
	}
	return stream, Kept
}

func isJSON(media string) bool {
	const suffix = "+json"
	return strings.EqualFold(media, "application/json") ||
		len(media) > len(suffix) && strings.EqualFold(media[len(media)-len(suffix):], suffix)
}

// summary is what the top level of an answer or of an event tells.
type summary struct {
	kind     string // of "type"
	status   string // of "status", which OpenAI's Responses API has
	failed   bool   // an "error" that is not null
	finished bool   // "candidates" with a "finishReason", which Gemini ends with
}

// reader reads summaries, reusing its memory.
type reader struct {
	canon canon
	seen  summary
}

func newReader() *reader {
	r := new(reader)
	r.canon.top = r.member
	return r
}

// read returns the summary of a JSON text.
func (r *reader) read(text []byte) (summary, error) {
	r.seen = summary{}
	_, err := r.canon.write(text)
	return r.seen, err
}

func (r *reader) member(name, value []byte) {
	switch string(name) {
	case `"type"`:
		r.seen.kind = strings.Trim(string(value), `"`)
	case `"status"`:
		r.seen.status = strings.Trim(string(value), `"`)
	case `"error"`:
		r.seen.failed = string(value) != "null"
	case `"candidates"`:
		r.seen.finished = bytes.Contains(value, []byte(`"finishReason":"`))
	}
}
