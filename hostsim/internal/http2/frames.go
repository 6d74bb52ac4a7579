package http2

import (
	"golang.org/x/net/http2"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

func (c *Conn) handle(frame http2.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		return c.onHeaders(f)
	case *http2.DataFrame:
		return c.onData(f)
	case *http2.RSTStreamFrame:
		if s := c.streams[f.StreamID]; s != nil {
			s.fail(&ResetError{uint32(f.ErrCode)})
		}
	case *http2.SettingsFrame:
		return c.onSettings(f)
	case *http2.WindowUpdateFrame:
		return c.onWindow(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			c.framer.WritePing(true, f.Data)
			return c.out.Flush()
		}
	case *http2.GoAwayFrame:
		c.drained = true
	}
	return nil
}

func (c *Conn) onSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	f.ForeachSetting(func(s http2.Setting) error {
		switch s.ID {
		case http2.SettingInitialWindowSize:
			for _, stream := range c.streams {
				stream.window += int64(s.Val) - c.initial
			}
			c.initial = int64(s.Val)
		case http2.SettingMaxFrameSize:
			c.frame = int(min(s.Val, 16<<10))
		case http2.SettingHeaderTableSize:
			c.encoder.SetMaxDynamicTableSize(min(s.Val, 4096))
		}
		return nil
	})
	c.framer.WriteSettingsAck()
	c.wake.Broadcast()
	return c.out.Flush()
}

func (c *Conn) onWindow(f *http2.WindowUpdateFrame) error {
	if f.StreamID == 0 {
		c.window += int64(f.Increment)
	} else if s := c.streams[f.StreamID]; s != nil {
		s.window += int64(f.Increment)
	}
	if c.window > 1<<31-1 {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	c.wake.Broadcast()
	return nil
}

func (c *Conn) onData(f *http2.DataFrame) error {
	size := len(f.Data())
	if f.Length > 0 { // the connection's window is never held back
		c.framer.WriteWindowUpdate(0, f.Length)
	}
	s := c.streams[f.StreamID]
	if s == nil {
		return c.out.Flush()
	}
	if padding := int(f.Length) - size; padding > 0 {
		c.framer.WriteWindowUpdate(f.StreamID, uint32(padding))
	}
	s.put(Part{Data: append([]byte(nil), f.Data()...), End: f.StreamEnded()})
	return c.out.Flush()
}

func (c *Conn) onHeaders(f *http2.MetaHeadersFrame) error {
	s := c.streams[f.StreamID]
	if s == nil && c.accept != nil {
		return c.onRequest(f)
	}
	if s == nil {
		return nil
	}
	if c.accept != nil || s.gotHeaders {
		s.put(Part{Trailers: fieldsOf(f, header.Trailer), End: true})
		return nil
	}
	m := fieldsOf(f, header.Response)
	if status := m.Value(":status"); len(status) == 3 && status[0] == '1' {
		return nil // informational
	}
	s.gotHeaders = true
	s.put(Part{Headers: m, End: f.StreamEnded()})
	return nil
}

// onRequest opens the stream of a client.
func (c *Conn) onRequest(f *http2.MetaHeadersFrame) error {
	if f.StreamID%2 == 0 || f.StreamID <= c.lastID {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	c.lastID = f.StreamID
	if c.drained || len(c.streams) >= maxStreams {
		c.framer.WriteRSTStream(f.StreamID, http2.ErrCodeRefusedStream)
		return c.out.Flush()
	}
	if details := tooMuch(f); details != "" {
		c.framer.WriteRSTStream(f.StreamID, http2.ErrCodeInternal)
		c.accept(&Stream{c: c, id: f.StreamID, err: &RefusedError{details}, gone: true})
		return c.out.Flush()
	}
	s := c.newStream(f.StreamID)
	s.put(Part{Headers: fieldsOf(f, header.Request), End: f.StreamEnded()})
	c.accept(s)
	return nil
}

// tooMuch names the bound that headers are beyond, as Envoy's response code details do;
// "" for none.
func tooMuch(f *http2.MetaHeadersFrame) string {
	size := 0
	for _, field := range f.Fields {
		size += len(field.Name) + len(field.Value)
	}
	switch {
	case f.Truncated || size > maxHeaders:
		return "http2.header_list_size_too_large"
	case len(f.Fields) > maxFields:
		return "http2.too_many_headers"
	}
	return ""
}

// fieldsOf makes a header map. A client may send each cookie in a field of its own;
// they are put together where the first one was.
func fieldsOf(f *http2.MetaHeadersFrame, kind header.Kind) *header.Map {
	m := header.New(kind)
	for _, field := range f.Fields {
		if before, ok := m.Get("cookie"); ok && field.Name == "cookie" && kind == header.Request {
			m.Put("cookie", before+"; "+field.Value)
			continue
		}
		m.Add(field.Name, field.Value)
	}
	return m
}
