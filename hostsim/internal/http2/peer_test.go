package http2

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// patience is how long anything may take before a test has failed.
const patience = 5 * time.Second

// peer is the other side of a Conn, frame by frame.
type peer struct {
	*http2.Framer
	t       *testing.T
	conn    net.Conn
	encoded bytes.Buffer
	encoder *hpack.Encoder
	frames  chan string
}

// newPeer talks to a server that gives its streams to accept. It has read the server's
// settings, and leaves out of what it reads acknowledgements and the connection's window.
func newPeer(t *testing.T, accept func(*Stream)) (*peer, *Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	server := Serve(theirs, theirs, accept)
	done := make(chan struct{})
	go func() { server.Run(); close(done) }()
	p := &peer{t: t, conn: ours, Framer: http2.NewFramer(ours, ours), frames: make(chan string, 100)}
	p.encoder = hpack.NewEncoder(&p.encoded)
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	go p.read()
	t.Cleanup(func() {
		ours.Close()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the server goes on after its connection ended")
		}
	})
	p.want("settings")
	return p, server
}

func (p *peer) read() {
	defer close(p.frames)
	for {
		frame, err := p.ReadFrame()
		if err != nil {
			return
		}
		if text := describe(frame); text != "" {
			p.frames <- text
		}
	}
}

// describe is a frame in words; "" for one that tests do not look at.
func describe(frame http2.Frame) string {
	id := frame.Header().StreamID
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		var names []string
		for _, field := range f.Fields {
			names = append(names, fmt.Sprintf("%s=%.20s", field.Name, field.Value))
		}
		return fmt.Sprintf("%d headers %s%s", id, strings.Join(names, " "), end(f.StreamEnded()))
	case *http2.DataFrame:
		return fmt.Sprintf("%d data %.20s%s", id, f.Data(), end(f.StreamEnded()))
	case *http2.RSTStreamFrame:
		return fmt.Sprintf("%d reset %v", id, f.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Sprintf("goaway %d %v", f.LastStreamID, f.ErrCode)
	case *http2.PingFrame:
		return fmt.Sprintf("ping %s ack=%v", bytes.TrimRight(f.Data[:], "\x00"), f.IsAck())
	case *http2.WindowUpdateFrame:
		if id != 0 {
			return fmt.Sprintf("%d window %d", id, f.Increment)
		}
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return "settings"
		}
	}
	return ""
}

func end(ended bool) string {
	if ended {
		return " end"
	}
	return ""
}

// want reads the next frame.
func (p *peer) want(text string) {
	p.t.Helper()
	select {
	case got, ok := <-p.frames:
		if got != text || !ok {
			p.t.Fatalf("got %q, want %q", got, text)
		}
	case <-time.After(patience):
		p.t.Fatalf("nothing came, want %q", text)
	}
}

// wantEnd waits for the end of the connection.
func (p *peer) wantEnd() {
	p.t.Helper()
	select {
	case got, ok := <-p.frames:
		if ok {
			p.t.Fatalf("got %q, want the end", got)
		}
	case <-time.After(patience):
		p.t.Fatal("the connection stays open")
	}
}

// ask opens a stream with fields "name=value".
func (p *peer) ask(id uint32, end bool, fields ...string) {
	p.t.Helper()
	if err := p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.block(fields), EndHeaders: true,
		EndStream: end}); err != nil {
		p.t.Fatal(err)
	}
}

var plainRequest = []string{":method=GET", ":scheme=http", ":path=/", ":authority=x"}

func (p *peer) block(fields []string) []byte {
	if fields == nil {
		fields = plainRequest
	}
	p.encoded.Reset()
	for _, field := range fields {
		at := strings.Index(field[1:], "=") + 1
		p.encoder.WriteField(hpack.HeaderField{Name: field[:at], Value: field[at+1:]})
	}
	return bytes.Clone(p.encoded.Bytes())
}

// collector keeps what streams of a server got.
type collector struct {
	mu      sync.Mutex
	streams []*Stream
	more    chan struct{}
}

func newCollector() *collector { return &collector{more: make(chan struct{}, 100)} }

func (c *collector) accept(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams = append(c.streams, s)
	c.more <- struct{}{}
}

// next is the next stream that was opened.
func (c *collector) next(t *testing.T) *Stream {
	t.Helper()
	select {
	case <-c.more:
	case <-time.After(patience):
		t.Fatal("no stream was opened")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[0]
	c.streams = c.streams[1:]
	return s
}

// whole reads a stream to its end, or to its error, in words.
func whole(s *Stream) string {
	var out []string
	for {
		parts, err := s.Next()
		if err != nil {
			return strings.Join(append(out, err.Error()), "; ")
		}
		for _, p := range parts {
			switch {
			case p.Headers != nil:
				out = append(out, "headers "+names(p.Headers)+end(p.End))
			case p.Trailers != nil:
				out = append(out, "trailers "+names(p.Trailers)+end(p.End))
			default:
				out = append(out, "data "+string(p.Data)+end(p.End))
			}
			if p.End {
				return strings.Join(out, "; ")
			}
		}
	}
}

func names(m *header.Map) string {
	var out []string
	for _, f := range m.Fields() {
		out = append(out, f.Name+"="+f.Value)
	}
	return strings.Join(out, " ")
}

func response(status string, fields ...string) *header.Map {
	m := header.New(header.Response)
	m.Add(":status", status)
	for i := 0; i < len(fields); i += 2 {
		m.Add(fields[i], fields[i+1])
	}
	return m
}
