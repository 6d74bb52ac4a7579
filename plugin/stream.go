package main

import (
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/sparkward/sparkward/plugin/internal/guard"
)

// stream is one HTTP request in the host. Each callback reads what the step
// needs, asks the request's story for a verdict and applies it.
type stream struct {
	types.DefaultHttpContext
	id      uint32
	plugin  *plugin
	request guard.Request
	head    memory    // the request's headers: its story refers to them
	at      time.Time // when the host last called: reading the clock is a call
	size    int       // of the request body so far
	replied bool
	over    bool // the story has ended
}

// clock is when the host calls. When an answer of the filter's own has gone out,
// nothing depends on the time any more.
func (s *stream) clock() time.Time {
	if !s.replied {
		s.at = now()
	}
	return s.at
}

// OnHttpRequestHeaders begins the story.
func (s *stream) OnHttpRequestHeaders(_ int, end bool) (action types.Action) {
	defer s.recovered("request headers", &action)
	headers, ok := headerMap(requestHeaderMap, &s.head, s.plugin.headers)
	if !ok {
		return s.apply(s.request.Unreadable(), requestHeaders)
	}
	s.plugin.headers = headers
	testHook(headers)
	verdict := s.request.Begin(headers, end, s.clock())
	if s.request.Holding() && !s.plugin.holdProven {
		s.plugin.holding[s.id] = s
	}
	return s.apply(verdict, requestHeaders)
}

// OnHttpRequestBody gets each piece of the body; size is all that the host
// has buffered.
func (s *stream) OnHttpRequestBody(size int, end bool) (action types.Action) {
	defer s.recovered("request body", &action)
	s.bodySeen()
	s.size = size
	return s.body(end)
}

// OnHttpRequestTrailers ends the body: with trailers the host never says so in
// a body callback.
func (s *stream) OnHttpRequestTrailers(int) (action types.Action) {
	defer s.recovered("request trailers", &action)
	s.bodySeen()
	return s.body(true)
}

func (s *stream) body(end bool) types.Action {
	action := s.apply(s.request.RequestBody(s.size, s.readBody, end, s.clock()), requestBody)
	if s.request.Parked() {
		s.plugin.parked[s.id] = s
	}
	return action
}

// resume asks again for a parked request. The host does not wait for an answer
// here, so it has to be told to go on.
func (s *stream) resume(now time.Time) {
	if !setContext(s.id) {
		return // its end is on the way
	}
	s.at = now
	action := s.askAgain()
	if s.request.Parked() {
		return
	}
	delete(s.plugin.parked, s.id)
	if action == types.ActionContinue {
		check(resumeRequest())
	}
}

func (s *stream) askAgain() (action types.Action) {
	defer s.recovered("tick", &action)
	return s.apply(s.request.Resume(s.size, s.readBody, s.at), requestBody)
}

func (s *stream) readBody() ([]byte, error) {
	body := bodyBytes(requestBodyBuffer, s.size)
	if body == nil {
		return nil, errRefused
	}
	return body, nil
}

// bodySeen notes that this host delivers bodies while headers are held.
func (s *stream) bodySeen() {
	if s.request.Holding() && !s.plugin.holdProven {
		s.plugin.holdProven = true
		clear(s.plugin.holding)
	}
}

// answerHead holds the last answer's headers, for as long as its callback.
var answerHead memory

// OnHttpResponseHeaders judges the answer and sets the headers that every
// answer gets.
func (s *stream) OnHttpResponseHeaders(_ int, end bool) (action types.Action) {
	defer s.recovered("response headers", &action)
	if s.replied { // our own answer has them
		return types.ActionContinue
	}
	headers, ok := headerMap(responseHeaderMap, &answerHead, s.plugin.answerHeaders)
	if !ok {
		return types.ActionContinue
	}
	s.plugin.answerHeaders = headers
	for _, e := range s.request.ResponseHeaders(headers, end, s.clock()) {
		if has(headers, e.Name) {
			check(removeHeader(responseHeaderMap, e.Name))
		}
		if !e.Remove {
			check(addHeader(responseHeaderMap, e.Name, e.Value))
		}
	}
	return types.ActionContinue
}

// has says whether a header is there.
func has(headers [][2]string, name string) bool {
	for i := range headers {
		if headers[i][0] == name {
			return true
		}
	}
	return false
}

// OnHttpResponseBody sees the answer go by; a stream is never held back.
func (s *stream) OnHttpResponseBody(size int, end bool) (action types.Action) {
	defer s.recovered("response body", &action)
	var piece []byte
	if size > 0 && s.request.Watching() {
		if piece = bodyBytes(responseBodyBuffer, size); piece == nil {
			check(false)
		}
	}
	if piece != nil || end {
		s.request.ResponseBody(piece, end, s.clock())
	}
	return types.ActionContinue
}

// OnHttpResponseTrailers ends the answer.
func (s *stream) OnHttpResponseTrailers(int) (action types.Action) {
	defer s.recovered("response trailers", &action)
	s.request.ResponseBody(nil, true, s.clock())
	return types.ActionContinue
}

// OnHttpStreamDone ends the story.
func (s *stream) OnHttpStreamDone() {
	defer s.recovered("stream done", nil)
	delete(s.plugin.holding, s.id)
	delete(s.plugin.parked, s.id)
	s.request.Done(s.clock())
	s.over = true
}

// Property returns a property of this stream, or "".
func (s *stream) Property(path ...string) string {
	return property(path)
}

// Publish sets the filter state wasm.sparkward.<name>.
func (s *stream) Publish(name string, value []byte) {
	if len(value) > 0 {
		check(setProperty("sparkward."+name, value))
	}
}
