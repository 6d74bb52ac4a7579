package http2

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/sparkward/sparkward/hostsim/internal/header"
)

// A stream shows each frame as it came, and cookies as one.
func TestRequest(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	p.ask(1, false, append(plainRequest, "cookie=a=1", "x=y", "cookie=b=2")...)
	p.WriteData(1, false, []byte("one"))
	p.WriteDataPadded(1, false, []byte("two"), make([]byte, 10))
	p.want("1 window 11") // what was padding is taken back at once
	p.ask(1, true, "t=1")
	want := "headers :method=GET :scheme=http :path=/ :authority=x cookie=a=1; b=2 x=y; data one; data two; trailers t=1 end"
	if got := whole(c.next(t)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestResponse(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	p.ask(1, true)
	s := c.next(t)
	long := strings.Repeat("v", 40<<10) // more than a frame: goes on in others
	trailers := header.New(header.Trailer)
	trailers.Add("t", "1")
	go s.Send([]Part{{Headers: response("200", "long", long)}, {Data: []byte("hello")}, {Trailers: trailers, End: true}})
	p.want("1 headers :status=200 long=" + long[:20])
	p.want("1 data hello")
	p.want("1 headers t=1 end")
	if err := s.Send([]Part{{Data: []byte("more")}}); err == nil {
		t.Error("data was sent on a stream that is over")
	}
}

// The sender waits for the windows of the stream and of the connection.
func TestFlowControl(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 3})
	p.ask(1, true)
	s := c.next(t)
	sent := make(chan error, 1)
	go func() {
		sent <- s.Send([]Part{{Headers: response("200")}, {Data: []byte("abcdefgh"), End: true}})
	}()
	p.want("1 headers :status=200")
	p.want("1 data abc")
	p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 5}) // two more for open streams
	p.want("1 data de")
	p.WriteWindowUpdate(1, 100)
	p.want("1 data fgh end")
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// Whoever waits for a window hears of the end.
func TestSenderIsWoken(t *testing.T) {
	for name, finish := range map[string]func(p *peer){
		"reset": func(p *peer) { p.WriteRSTStream(1, http2.ErrCodeCancel) },
		"close": func(p *peer) { p.conn.Close() },
	} {
		c := newCollector()
		p, _ := newPeer(t, c.accept)
		p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		p.ask(1, true)
		s := c.next(t)
		sent := make(chan error, 1)
		go func() { sent <- s.Send([]Part{{Headers: response("200")}, {Data: []byte("a"), End: true}}) }()
		p.want("1 headers :status=200")
		finish(p)
		select {
		case err := <-sent:
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		case <-time.After(patience):
			t.Fatalf("%s: the sender still waits", name)
		}
	}
}

func TestResets(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	p.ask(1, false)
	s := c.next(t)
	failed := make(chan error, 2)
	s.OnFail(func(err error) { failed <- err })
	p.WriteRSTStream(1, http2.ErrCodeCancel)
	var reset *ResetError
	if err := <-failed; !errors.As(err, &reset) || reset.Code != uint32(http2.ErrCodeCancel) {
		t.Errorf("OnFail got %v", err)
	}
	if got := whole(s); !strings.HasSuffix(got, "; reset by the other side: CANCEL") {
		t.Errorf("got %s", got)
	}
	late := make(chan error, 1)
	s.OnFail(func(err error) { late <- err }) // it failed already
	if err := <-late; !errors.As(err, &reset) {
		t.Errorf("OnFail of a failed stream got %v", err)
	}
	s.Reset(2) // says nothing about a stream that is over

	p.ask(3, false)
	c.next(t).Reset(2)
	p.want("3 reset INTERNAL_ERROR")
	p.WriteData(3, false, []byte("late")) // what was on its way
	p.ask(5, true)
	c.next(t).Send([]Part{{Headers: response("204"), End: true}})
	p.want("5 headers :status=204 end")
}

// What breaks the rules of a stream resets it, what breaks those of the connection ends it.
func TestBrokenRules(t *testing.T) {
	t.Run("pseudo header twice", func(t *testing.T) {
		p, _ := newPeer(t, newCollector().accept)
		p.ask(1, true, ":method=GET", ":method=GET")
		p.want("1 reset PROTOCOL_ERROR")
	})
	for name, c := range map[string]struct {
		act  func(p *peer)
		want string
	}{
		"even stream":     {func(p *peer) { p.ask(2, true) }, "goaway 0 PROTOCOL_ERROR"},
		"stream again":    {func(p *peer) { p.ask(5, true); p.ask(3, true) }, "goaway 5 PROTOCOL_ERROR"},
		"data on none":    {func(p *peer) { p.AllowIllegalWrites = true; p.WriteData(0, true, nil) }, "goaway 0 PROTOCOL_ERROR"},
		"window too wide": {func(p *peer) { p.WriteWindowUpdate(0, 1<<31-1) }, "goaway 0 FLOW_CONTROL_ERROR"},
		"headers in the middle of headers": {func(p *peer) {
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.block(nil)})
			p.ask(3, true)
		}, "goaway 0 PROTOCOL_ERROR"},
		"garbage for headers": {func(p *peer) {
			p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff}, EndHeaders: true})
		}, "goaway 0 COMPRESSION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := newPeer(t, newCollector().accept)
			c.act(p)
			p.want(c.want)
			p.wantEnd()
		})
	}
}

// No more headers are taken than Envoy takes.
func TestBounds(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	fields := append([]string(nil), plainRequest...)
	for range maxFields - len(plainRequest) {
		fields = append(fields, "a=1")
	}
	p.ask(1, true, fields...)
	if got := whole(c.next(t)); !strings.HasSuffix(got, "a=1 end") {
		t.Errorf("as many headers as there may be: %s", got)
	}
	p.ask(3, true, append(fields, "a=1")...)
	p.want("3 reset INTERNAL_ERROR")
	if got := whole(c.next(t)); got != "refused: http2.too_many_headers" {
		t.Errorf("one more header: %s", got)
	}
	big := p.block(append(plainRequest, "big="+strings.Repeat("&", maxHeaders)))
	p.WriteHeaders(http2.HeadersFrameParam{StreamID: 5, BlockFragment: big[:16<<10], EndStream: true})
	for big = big[16<<10:]; len(big) > 0; big = big[min(len(big), 16<<10):] {
		p.WriteContinuation(5, len(big) <= 16<<10, big[:min(len(big), 16<<10)])
	}
	p.want("5 reset INTERNAL_ERROR")
	if got := whole(c.next(t)); got != "refused: http2.header_list_size_too_large" {
		t.Errorf("headers that are too large: %s", got)
	}
}

// No more streams are open at once than are allowed.
func TestMaxStreams(t *testing.T) {
	c := newCollector()
	p, _ := newPeer(t, c.accept)
	c.more = make(chan struct{}, 2*maxStreams)
	for i := range uint32(maxStreams) {
		p.ask(3+2*i, true)
	}
	p.ask(3+2*maxStreams, true)
	p.want("2051 reset REFUSED_STREAM")
	c.streams[0].Send([]Part{{Headers: response("204"), End: true}})
	p.want("3 headers :status=204 end")
	p.ask(5+2*maxStreams, true) // there is room again
	p.WritePing(false, [8]byte{'h', 'i'})
	p.want("ping hi ack=true")
}

// A connection that drains finishes what is open and refuses what is new.
func TestDrain(t *testing.T) {
	c := newCollector()
	p, server := newPeer(t, c.accept)
	p.ask(1, true)
	s := c.next(t)
	go server.Drain()
	p.want("goaway 1 NO_ERROR")
	p.ask(3, true)
	p.want("3 reset REFUSED_STREAM")
	go s.Send([]Part{{Headers: response("200"), End: true}})
	p.want("1 headers :status=200 end")
	p.wantEnd()
}

// Two of these connections talk to each other: what is sent is what comes, also more
// than the windows hold.
func TestBothSides(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go serveEcho(l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client, err := NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s, err := client.Open()
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("0123456789abcdef", 256<<10) // 4 MiB
	go s.Send([]Part{{Headers: header.New(header.Request)}, {Data: []byte(body), End: true}})
	got := 0
	for ended := false; !ended; {
		parts, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if string(p.Data) != body[got:got+len(p.Data)] {
				t.Fatalf("other bytes at %d", got)
			}
			got, ended = got+len(p.Data), p.End
			s.Ack(len(p.Data))
		}
	}
	if got != len(body) {
		t.Errorf("%d bytes came back of %d", got, len(body))
	}
	client.Close()
	for start := time.Now(); client.Usable(); time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatal("a closed connection counts as usable")
		}
	}
	if _, err := client.Open(); err != ErrClosed {
		t.Errorf("Open on a closed connection: %v", err)
	}
}

// serveEcho answers one connection's requests with their bodies.
func serveEcho(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	preface := make([]byte, len(Preface))
	conn.Read(preface)
	Serve(conn, conn, func(s *Stream) {
		go func() {
			for {
				parts, err := s.Next()
				if err != nil {
					return
				}
				if parts[0].Headers != nil {
					parts[0].Headers = response("200")
				}
				if s.Send(parts) != nil || parts[len(parts)-1].End {
					return
				}
				for _, p := range parts {
					s.Ack(len(p.Data))
				}
			}
		}()
	}).Run()
}
