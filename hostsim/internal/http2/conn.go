// Package http2 speaks HTTP/2 in clear text, as a server and as a client, and shows
// each frame of a stream as it came: a filter sees where a body was cut and whether
// its last piece ended the stream.
package http2

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Preface is what a client sends first.
const Preface = http2.ClientPreface

// Windows of flow control and bounds, in bytes. Filters cannot see them.
const (
	streamWindow = 1 << 20
	connWindow   = 16 << 20
	firstWindow  = 65535    // before any settings, from RFC 9113
	maxHeaders   = 60 << 10 // Envoy's default max_request_headers_kb
	maxFields    = 100      // Envoy's default max_headers_count
	maxBlock     = 1 << 20  // of headers that are read at all, to be refused
	maxStreams   = 1024     // open at once
)

// ErrClosed is returned for a stream whose connection ended.
var ErrClosed = errors.New("the connection is closed")

// ResetError is returned for a stream that the other side reset.
type ResetError struct{ Code uint32 }

func (e *ResetError) Error() string {
	return "reset by the other side: " + http2.ErrCode(e.Code).String()
}

// RefusedError is returned for a client's stream that was reset because of its headers.
type RefusedError struct {
	Details string // why, as in Envoy's response code details
}

func (e *RefusedError) Error() string { return "refused: " + e.Details }

// Part is a part of a message: headers, data or trailers. End says that it is the last.
type Part struct {
	Headers, Trailers *header.Map
	Data              []byte
	End               bool
}

// Conn is one connection.
type Conn struct {
	conn   net.Conn
	accept func(*Stream) // nil for a client

	mu      sync.Mutex // guards all that follows, and writing
	wake    *sync.Cond // windows and streams changed
	framer  *http2.Framer
	out     *bufio.Writer
	encoder *hpack.Encoder
	encoded bytes.Buffer
	streams map[uint32]*Stream
	nextID  uint32
	lastID  uint32 // the highest that the other side opened
	window  int64  // what may be sent on the whole connection
	initial int64  // what may be sent on a new stream
	frame   int    // the largest frame that may be sent
	closed  bool
	drained bool // no new streams
}

// Serve makes a server of a connection whose preface was read already. Run then gives
// each new stream to accept, which must not block.
func Serve(conn net.Conn, source io.Reader, accept func(*Stream)) *Conn {
	c := newConn(conn, source)
	c.accept = accept
	return c
}

// Run serves until the connection ends. A stream that was refused for its headers is given
// to accept, too: its Next returns a *RefusedError.
func (c *Conn) Run() {
	c.start()
	c.read()
}

// NewClient makes a client of a fresh connection.
func NewClient(conn net.Conn) (*Conn, error) {
	c := newConn(conn, conn)
	c.nextID = 1
	if _, err := io.WriteString(conn, Preface); err != nil {
		return nil, err
	}
	c.start()
	go c.read()
	return c, nil
}

func newConn(conn net.Conn, source io.Reader) *Conn {
	c := &Conn{conn: conn, out: bufio.NewWriterSize(conn, 16<<10), streams: map[uint32]*Stream{},
		window: firstWindow, initial: firstWindow, frame: 16 << 10}
	c.wake = sync.NewCond(&c.mu)
	c.encoder = hpack.NewEncoder(&c.encoded)
	c.framer = http2.NewFramer(c.out, bufio.NewReaderSize(source, 32<<10))
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.framer.MaxHeaderListSize = maxBlock
	c.framer.SetMaxReadFrameSize(1 << 20)
	return c
}

func (c *Conn) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: maxStreams})
	c.framer.WriteWindowUpdate(0, connWindow-firstWindow)
	c.out.Flush()
}

// Usable reports whether new streams can be opened.
func (c *Conn) Usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && !c.drained
}

// Close ends the connection and its streams.
func (c *Conn) Close() { c.conn.Close() }

// Drain tells the other side to open no more streams, and ends the connection when
// none is left.
func (c *Conn) Drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drained = true
	c.framer.WriteGoAway(c.lastID, http2.ErrCodeNo, nil)
	c.out.Flush()
	if len(c.streams) == 0 {
		c.conn.Close()
	}
}

// read handles frames until the connection ends.
func (c *Conn) read() {
	defer c.shut()
	for {
		frame, err := c.framer.ReadFrame()
		var bad http2.StreamError
		if errors.As(err, &bad) {
			c.badStream(bad)
			continue
		}
		if err == nil {
			err = c.handle(frame)
		}
		if err != nil {
			c.goAway(err)
			return
		}
	}
}

func (c *Conn) goAway(err error) {
	var bad http2.ConnectionError
	if errors.As(err, &bad) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.framer.WriteGoAway(c.lastID, http2.ErrCode(bad), nil)
		c.out.Flush()
	}
}

// badStream resets a stream that broke the rules.
func (c *Conn) badStream(bad http2.StreamError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.framer.WriteRSTStream(bad.StreamID, bad.Code)
	c.out.Flush()
	if s := c.streams[bad.StreamID]; s != nil {
		s.fail(&ResetError{uint32(bad.Code)})
	}
}

// shut ends all streams.
func (c *Conn) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, s := range c.streams {
		s.fail(ErrClosed)
	}
	c.conn.Close()
	c.wake.Broadcast()
}
