package http2

import (
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// Stream is one request and its answer. The connection's lock guards it.
type Stream struct {
	c  *Conn
	id uint32

	received   []Part
	err        error // no more parts come after received
	onFail     func(error)
	gotHeaders bool
	gotEnd     bool
	window     int64 // what may be sent
	sentEnd    bool
	gone       bool // the connection forgot it
}

func (c *Conn) newStream(id uint32) *Stream {
	s := &Stream{c: c, id: id, window: c.initial}
	c.streams[id] = s
	return s
}

// Open begins a request on a client's connection.
func (c *Conn) Open() (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.drained {
		return nil, ErrClosed
	}
	s := c.newStream(c.nextID)
	c.nextID += 2
	return s, nil
}

// put takes a part that was received.
func (s *Stream) put(p Part) {
	s.received = append(s.received, p)
	s.gotEnd = s.gotEnd || p.End
	s.forget()
	s.c.wake.Broadcast()
}

// fail ends the stream.
func (s *Stream) fail(err error) {
	if s.err == nil {
		s.err = err
		if s.onFail != nil && !s.gone {
			go s.onFail(err)
		}
	}
	s.gotEnd, s.sentEnd = true, true
	s.forget()
	s.c.wake.Broadcast()
}

// forget drops a stream that both sides have ended.
func (s *Stream) forget() {
	if s.gotEnd && s.sentEnd && !s.gone {
		s.gone = true
		delete(s.c.streams, s.id)
		if s.c.drained && len(s.c.streams) == 0 {
			s.c.conn.Close()
		}
	}
}

// Next waits for what comes next. After an error nothing does.
func (s *Stream) Next() ([]Part, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	for len(s.received) == 0 && s.err == nil {
		s.c.wake.Wait()
	}
	parts := s.received
	s.received = nil
	if len(parts) > 0 {
		return parts, nil
	}
	return nil, s.err
}

// OnFail has f called, once, if the stream fails before both sides ended it.
func (s *Stream) OnFail(f func(error)) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.err != nil {
		go f(s.err)
		return
	}
	s.onFail = f
}

// Ack lets the other side send n more bytes.
func (s *Stream) Ack(n int) {
	if n == 0 {
		return
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if !s.gotEnd {
		s.c.framer.WriteWindowUpdate(s.id, uint32(n))
		s.c.out.Flush()
	}
}

// Reset breaks the stream off. It does nothing to one that is over.
func (s *Stream) Reset(code uint32) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.gone {
		return
	}
	s.c.framer.WriteRSTStream(s.id, http2.ErrCode(code))
	s.c.out.Flush()
	s.fail(ErrClosed)
}

// Send writes parts. It waits for the other side's window.
func (s *Stream) Send(parts []Part) error {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range parts {
		err := ErrClosed
		switch {
		case s.sentEnd:
		case p.Headers != nil:
			err = s.sendFields(p.Headers, p.End)
		case p.Trailers != nil:
			err = s.sendFields(p.Trailers, true)
		default:
			err = s.sendData(p.Data, p.End)
		}
		if err != nil {
			return err
		}
		if p.End {
			s.sentEnd = true
		}
	}
	err := c.out.Flush()
	s.forget()
	return err
}

func (s *Stream) sendFields(m *header.Map, end bool) error {
	c := s.c
	if s.err != nil || c.closed {
		return ErrClosed
	}
	c.encoded.Reset()
	for _, f := range m.Fields() {
		c.encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value})
	}
	block := c.encoded.Bytes()
	for first := true; first || len(block) > 0; first = false {
		n := min(len(block), c.frame)
		var err error
		if first {
			err = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block[:n],
				EndStream: end, EndHeaders: n == len(block)})
		} else {
			err = c.framer.WriteContinuation(s.id, n == len(block), block[:n])
		}
		if err != nil {
			return err
		}
		block = block[n:]
	}
	return nil
}

func (s *Stream) sendData(data []byte, end bool) error {
	c := s.c
	for {
		if s.err != nil || c.closed {
			return ErrClosed
		}
		n := int(min(int64(len(data)), s.window, c.window, int64(c.frame)))
		if n <= 0 && len(data) > 0 {
			c.out.Flush()
			c.wake.Wait()
			continue
		}
		last := n == len(data)
		if err := c.framer.WriteData(s.id, end && last, data[:n]); err != nil {
			return err
		}
		s.window -= int64(n)
		c.window -= int64(n)
		if data = data[n:]; last {
			return nil
		}
	}
}
