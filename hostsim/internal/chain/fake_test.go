package chain

import (
	"fmt"
	"strings"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// fake is a filter that does what a test says in each callback, by its name, and goes on
// in all others. What a callback does may return a status; 0 goes on.
type fake struct {
	name   string
	play   *play
	handle *Handle
	on     map[string]func(f *fake) int
}

func (f *fake) call(callback, what string) int {
	f.play.note(f.name + " " + callback + what)
	if act := f.on[callback]; act != nil {
		return act(f)
	}
	return 0
}

func (f *fake) DecodeHeaders(_ *header.Map, end bool) HeadersStatus {
	return HeadersStatus(f.call("request headers", ending(end)))
}

func (f *fake) DecodeData(b *Buffer, end bool) DataStatus {
	return DataStatus(f.call("request data", " "+string(b.B)+ending(end)))
}

func (f *fake) DecodeTrailers(*header.Map) TrailersStatus {
	return TrailersStatus(f.call("request trailers", ""))
}

func (f *fake) EncodeHeaders(h *header.Map, end bool) HeadersStatus {
	return HeadersStatus(f.call("response headers", " "+h.Value(":status")+ending(end)))
}

func (f *fake) EncodeData(b *Buffer, end bool) DataStatus {
	return DataStatus(f.call("response data", " "+string(b.B)+ending(end)))
}

func (f *fake) EncodeTrailers(*header.Map) TrailersStatus {
	return TrailersStatus(f.call("response trailers", ""))
}

func (f *fake) Log()     { f.call("log", "") }
func (f *fake) Destroy() { f.call("destroy", "") }

func ending(end bool) string {
	if end {
		return " end"
	}
	return ""
}

// play is one stream with everything around it written down.
type play struct {
	*Stream
	filters []*fake
	lines   []string
}

func (p *play) note(line string) { p.lines = append(p.lines, strings.TrimSpace(line)) }

// say notes a step of the test itself.
func (p *play) say(format string, args ...any) { p.note("-- " + fmt.Sprintf(format, args...)) }

func (p *play) text() string { return strings.Join(p.lines, "\n") }

// newPlay makes a stream of filters a, b and so on, with buffer limits of 8 bytes.
func newPlay(filters ...map[string]func(f *fake) int) *play {
	p := &play{}
	var makers []func(*Handle) Filter
	for i, on := range filters {
		makers = append(makers, func(h *Handle) Filter {
			f := &fake{name: string(rune('a' + i)), play: p, handle: h, on: on}
			p.filters = append(p.filters, f)
			return f
		})
	}
	p.Stream = New(Config{Info: &Info{}, Down: down{p}, Terminal: terminal{p}, RequestLimit: 8, ResponseLimit: 8,
		BlockRequest:  func(on bool) { p.note(fmt.Sprint("block request ", on)) },
		BlockResponse: func(on bool) { p.note(fmt.Sprint("block response ", on)) },
		Over:          func() { p.note("over " + p.Info.Details) },
		Logged:        func() {}}, makers)
	return p
}

// down writes down what the client gets.
type down struct{ *play }

func (d down) SendHeaders(h *header.Map, end bool) {
	d.note("client headers " + h.Value(":status") + ending(end))
}
func (d down) SendData(data []byte, end bool) { d.note("client data " + string(data) + ending(end)) }
func (d down) SendTrailers(*header.Map)       { d.note("client trailers") }
func (d down) LocalReply(int)                 {}
func (d down) Reset(answered bool)            { d.note(fmt.Sprint("client reset, answered ", answered)) }

// terminal writes down what the router gets.
type terminal struct{ *play }

func (t terminal) Headers(_ *header.Map, end bool) { t.note("router headers" + ending(end)) }
func (t terminal) Data(data []byte, end bool)      { t.note("router data " + string(data) + ending(end)) }
func (t terminal) Trailers(*header.Map)            { t.note("router trailers") }
func (t terminal) Cancel()                         { t.note("router cancel") }
func (t terminal) Route(*header.Map)               { t.note("route") }
func (t terminal) ClearRoute()                     { t.note("route cleared") }

func requestMap(method string) *header.Map {
	h := header.New(header.Request)
	h.Add(":method", method)
	h.Add(":path", "/")
	return h
}

func responseMap(status string) *header.Map {
	h := header.New(header.Response)
	h.Add(":status", status)
	return h
}

// ask sends a whole request: headers, two pieces of a body, trailers.
func (p *play) ask() {
	p.RequestHeaders(requestMap("POST"), false)
	p.RequestData([]byte("one"), false)
	p.RequestData([]byte("two"), false)
	p.RequestTrailers(header.New(header.Trailer))
}

// answer sends a whole response, likewise.
func (p *play) answer() {
	p.ResponseHeaders(responseMap("200"), false)
	p.ResponseData([]byte("uno"), false)
	p.ResponseData([]byte("due"), false)
	p.ResponseTrailers(header.New(header.Trailer))
}

// acts is short for what a filter does in which callback.
type acts = map[string]func(f *fake) int

func returns(status int) func(*fake) int { return func(*fake) int { return status } }

// replies makes a callback send a local reply and hold, as proxy-wasm filters do.
func replies(status int) func(*fake) int {
	return func(f *fake) int {
		f.handle.SendLocalReply(Reply{Code: 403, Body: "no", GRPCStatus: NoGRPCStatus, Details: "denied"})
		return status
	}
}

// lines of a wanted transcript, without the indentation of the test's source.
func lines(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
