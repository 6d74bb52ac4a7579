package provider

import (
	"encoding/json"
	"net/http"
	"strings"
)

// stream writes server-sent events one by one, each flushed, obeying the
// switches for delay, gate and reset.
type stream struct {
	c    *call
	rc   *http.ResponseController
	sent int
	cut  int // events after which the connection is cut; 0 = never
}

// stream starts an event stream. With x-demo-reset: stream it is cut after
// two events, so that some of the answer has arrived.
func (c *call) stream() *stream {
	c.head("text/event-stream; charset=utf-8")
	c.w.Header().Set("Cache-Control", "no-cache")
	c.w.WriteHeader(http.StatusOK)
	s := &stream{c: c, rc: http.NewResponseController(c.w)}
	if c.sw.reset == resetStream {
		s.cut = 2
	}
	return s
}

// event sends one event; name "" leaves the event line out, as OpenAI's chat
// streams do. A string is sent as it is, anything else as JSON.
func (s *stream) event(name string, data any) {
	if s.sent > 0 && !s.c.pause() {
		panic(http.ErrAbortHandler)
	}
	if s.cut != 0 && s.sent == s.cut {
		panic(http.ErrAbortHandler)
	}
	s.sent++
	var b strings.Builder
	if name != "" {
		b.WriteString("event: " + name + "\n")
	}
	b.WriteString("data: ")
	if text, ok := data.(string); ok {
		b.WriteString(text)
	} else {
		j, err := json.Marshal(data)
		if err != nil {
			panic(err) // every event is made of encodable types
		}
		b.Write(j)
	}
	b.WriteString("\n\n")
	if _, err := s.c.w.Write([]byte(b.String())); err != nil {
		panic(http.ErrAbortHandler)
	}
	if err := s.rc.Flush(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// pieces splits a text for streaming: at words, or into n parts of about the
// same length. Joined they are the text again. There is always at least one.
func pieces(text string, n int) []string {
	if n == 0 {
		return strings.SplitAfter(text, " ")
	}
	runes := []rune(text)
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, string(runes[i*len(runes)/n:(i+1)*len(runes)/n]))
	}
	return out
}
